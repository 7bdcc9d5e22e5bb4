"""Tumbling windows of one shard: which records belong together, and the state that goes from call to call."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

MOST_STATE_BYTES: Final = 1 << 20


@dataclass(slots=True)
class Window:
    """An open window; `start` and `end` in seconds since 1970, by the records' arrival."""

    start: float
    end: float
    state: dict[str, Any] = field(default_factory=dict)
    ended_early: bool = False

    @classmethod
    def around(cls, arrived: float, seconds: int) -> "Window":
        """The window that a record belongs to: windows follow each other without gap from 1970 on."""
        start = arrived - arrived % seconds
        return cls(start, start + seconds)

    def members(self, *, final: bool) -> dict[str, Any]:
        """What an event says of the window."""
        return {
            "window": {"start": iso(self.start), "end": iso(self.end)},
            "state": self.state,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": self.ended_early,
        }

    def take(self, answer: Any) -> str:
        """Keep the state that a function returned; how that failed, "" if it did not.

        A state of more than 1 MB ends the window early, with the state before it.
        """
        if not isinstance(answer, dict) or not isinstance(answer.get("state"), dict):
            return "the function returned no state"
        if len(json.dumps(answer["state"]).encode()) > MOST_STATE_BYTES:
            self.ended_early = True
        else:
            self.state = answer["state"]
        return ""


def iso(moment: float) -> str:
    """`2026-01-31T10:00:00Z`, with milliseconds where there are any."""
    told = datetime.fromtimestamp(moment, UTC)
    return told.strftime("%Y-%m-%dT%H:%M:%SZ") if not told.microsecond else f"{told:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
