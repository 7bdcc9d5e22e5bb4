"""That a person has seen what a schedule's alarm says; one a schedule, the latest. The responder's messages show it for
as long as the same episode goes on.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from contract.json_fields import texts_of

FOLDER: Final = "acknowledged"
"""Below the responder's state."""
MAX_NOTE: Final = 500


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """`by` is who it was, `at` when, in ISO 8601 with a time zone, and `note` what they say of it."""

    by: str
    at: str
    note: str = ""

    def __post_init__(self) -> None:
        if datetime.fromisoformat(self.at).tzinfo is None:
            raise ValueError(f"{self.at} has no time zone: add Z for UTC")

    def to_json(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of(cls, document: Any) -> "Acknowledgement":
        """Out of a parsed object; ValueError if it is none."""
        return cls(**texts_of(document, ("by", "at"), ("note",)))


def acknowledgement_key(prefix: str, endpoint: str, schedule: str) -> str:
    """The key of a schedule's acknowledgement; `prefix` is the responder's state."""
    return f"{prefix}/{FOLDER}/{endpoint}/{schedule}.json"
