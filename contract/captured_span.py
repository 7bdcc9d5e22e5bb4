"""Which of production's own captures a baseline is made of: a small file that its job reads in place of data.

Processing jobs take at most 256 characters a variable: the columns' names would not fit.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from contract.json_fields import only_known

CAPTURES: Final = "captures.json"
"""The file's name."""


@dataclass(frozen=True, kw_only=True)
class CapturedSpan:
    """Records captured from `start` on and before `end`, both with a time zone. `columns`: names of the columns of
    payloads that name none (CSV), in the order of captured records; empty for `_c0`, `_c1` and so on.
    """

    start: datetime
    end: datetime
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"it begins at {self.start} and ends at {self.end}: give a span that ends later")

    def to_json(self) -> str:
        """As it is kept: the same text for the same span."""
        span = {"from": _text(self.start), "to": _text(self.end), "columns": list(self.columns)}
        return json.dumps(span, sort_keys=True)

    @classmethod
    def of(cls, document: Any) -> "CapturedSpan":
        """Out of a parsed file; ValueError if it is none."""
        if not isinstance(document, dict) or not isinstance(document.get("columns", []), list):
            raise ValueError("no JSON object with from, to and a list of columns")
        only_known(document, ("from", "to", "columns"), "it")
        columns: Sequence[Any] = document.get("columns", [])
        if not all(isinstance(name, str) for name in columns):
            raise ValueError("columns must be texts")
        start, end = (moment_of(document.get(name)) for name in ("from", "to"))
        return cls(start=start, end=end, columns=tuple(columns))


def moment_of(text: Any) -> datetime:
    """A day, which begins at midnight in UTC, or a moment with a time zone, in ISO 8601; ValueError of anything else.

    >>> moment_of("2026-11-01").isoformat()
    '2026-11-01T00:00:00+00:00'
    >>> moment_of("2026-11-01T09:00:00+01:00").isoformat()
    '2026-11-01T08:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ValueError("give a day such as 2026-11-01, or a moment such as 2026-11-01T08:00Z") from error
    if moment.tzinfo is None:
        if len(text.strip()) > len("2026-11-01"):
            raise ValueError("it has no time zone: add Z for UTC")
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
