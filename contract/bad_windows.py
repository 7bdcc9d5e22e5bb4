"""That a person says a span of a monitor's windows was bad: nothing is learnt from it, and no baseline is made of it.

One object a mark, beside the records of the schedule's windows. What the monitor itself called bad stands in those.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from contract.json_fields import texts_of

BAD_WINDOWS: Final = "bad-"
"""What the names of marks begin with."""


@dataclass(frozen=True, kw_only=True)
class BadWindows:
    """Windows that start from `start` on and before `end`, both ISO 8601 with a time zone. `by` is who said so, `at`
    when.
    """

    start: str
    end: str
    by: str
    at: str
    note: str = ""

    def __post_init__(self) -> None:
        if not self._moment(self.start) < self._moment(self.end):
            raise ValueError(f"the span begins at {self.start} and ends at {self.end}: give one that ends later")

    @staticmethod
    def _moment(text: str) -> float:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(f"{text} has no time zone: add Z for UTC")
        return moment.timestamp()

    def holds(self, start: float) -> bool:
        """Whether a window that starts then (seconds since 1970) is one of them."""
        return self._moment(self.start) <= start < self._moment(self.end)

    def touches(self, start: float, seconds: float) -> bool:
        """Whether a window that starts then and is so long has any of that span in it."""
        return self._moment(self.start) < start + seconds and start < self._moment(self.end)

    @property
    def name(self) -> str:
        """The object's, which is the same however often the same span is marked."""
        ends = (datetime.fromtimestamp(self._moment(text), UTC) for text in (self.start, self.end))
        return BAD_WINDOWS + "-".join(f"{end:%Y%m%dT%H%M%SZ}" for end in ends) + ".json"

    def to_json(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of(cls, document: Any) -> "BadWindows":
        """Out of a parsed object; ValueError if it is none."""
        return cls(**texts_of(document, ("start", "end", "by", "at"), ("note",)))
