"""Which inputs replace a resource when they change, from the generated table beside this module."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from local_aws.apply.errors import UnsupportedError

TABLE = Path(__file__).with_name("replacements.json")
ALL = "*"


@functools.cache
def _table() -> dict[str, list[str]]:
    table: dict[str, list[str]] = json.loads(TABLE.read_text())
    return table


def replaces(token: str, changed: set[str]) -> set[str]:
    """Pick the changed inputs that replace a resource of this type.

    Raises UnsupportedError for a type that is not in the table.
    """
    if token not in _table():
        raise UnsupportedError(
            f"nothing is known of what replaces {token}: add it to local_aws/provider/replacements_sources.py and run"
            " python -m local_aws.provider.replacements_sources"
        )
    fixed = _table()[token]
    return set(changed) if ALL in fixed else changed & set(fixed)
