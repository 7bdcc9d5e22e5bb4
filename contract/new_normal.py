"""That a person says a monitor's windows from some moment on are what is normal: it learns from those, and forgets the
ones before. One object each time it is said, beside the records of the schedule's windows; the latest counts.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from contract.json_fields import texts_of

NEW_NORMAL: Final = "normal-"
"""What the names of these objects begin with."""


@dataclass(frozen=True, kw_only=True)
class NewNormal:
    """`since`: the first window that is normal; `at`: when it was said, by whom. Both moments are ISO 8601 with a time
    zone.
    """

    since: str
    by: str
    at: str
    note: str = ""

    def __post_init__(self) -> None:
        if any(datetime.fromisoformat(moment).tzinfo is None for moment in (self.since, self.at)):
            raise ValueError(f"{self.since} or {self.at} has no time zone: add Z for UTC")

    @property
    def since_seconds(self) -> int:
        """Since 1970."""
        return int(datetime.fromisoformat(self.since).timestamp())

    @property
    def at_seconds(self) -> int:
        """Since 1970."""
        return int(datetime.fromisoformat(self.at).timestamp())

    @property
    def name(self) -> str:
        """The object's: the later it was said, the later in order."""
        return f"{NEW_NORMAL}{datetime.fromtimestamp(self.at_seconds, UTC):%Y%m%dT%H%M%SZ}.json"

    def to_json(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of(cls, document: Any) -> "NewNormal":
        """Out of a parsed object; ValueError if it is none."""
        return cls(**texts_of(document, ("since", "by", "at"), ("note",)))
