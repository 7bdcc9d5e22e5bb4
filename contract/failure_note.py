"""Why a schedule's run failed, kept for the responder. It is written before the metric, to be there when the alarm is.

functions/README.md says what each name of a note means.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

SECOND_TRY: Final = "-r"
"""What the name of a run's second job ends with; a first one ends with a hash of hexadecimal digits."""
NOT_STARTED: Final = "NotStarted"
"""The status of a job that SageMaker or Lambda would not take; those of others are SageMaker's."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The failure of a processing job, or without an `arn` of the function that did its work or should have started it.

    `run`: when its window ends, ISO 8601; None of a job that has none. `ended`: as the service said it; None of what a
    function notes of itself, which S3 dates by one clock for all. `log_group` is where that function's words are.
    """

    endpoint: str
    schedule: str
    job: str
    arn: str | None = None
    log_group: str | None = None
    kind: str = "monitoring"
    status: str = "Failed"
    reason: str
    exit_message: str | None
    ended: str | None
    run: str | None = None

    def to_json(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self)).encode()

    def key(self, prefix: str) -> str:
        """The key under which it is kept below the `prefix` of all notes: in the order of runs, in whatever order they
        fail.
        """
        return f"{notes_of(prefix, self.endpoint, self.schedule)}{_stamp(self.run) or _stamp(self.ended) or '0'}.json"


def notes_of(prefix: str, endpoint: str, schedule: str) -> str:
    """What the keys of a schedule's notes begin with."""
    return f"{prefix}/{endpoint}/{schedule}/"


def _stamp(moment: str | None) -> str | None:
    try:
        return None if moment is None else f"{datetime.fromisoformat(moment).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    except ValueError:
        return None
