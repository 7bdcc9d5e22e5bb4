"""Why a schedule's run failed, kept for the responder. It is written before the metric, to be there when the alarm is.

functions/README.md says what each name of a note means.
"""

import json
from dataclasses import asdict, dataclass
from typing import Final

SECOND_TRY: Final = "-r"
"""What the name of a run's second job ends with; a first one ends with a hash of hexadecimal digits."""
NOT_STARTED: Final = "NotStarted"
"""The status of a job that SageMaker or Lambda would not take; those of others are SageMaker's."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The failure of a processing job, or without an `arn` of the function that did its work or should have started it.

    `log_group` is where that function's words are.
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

    def to_json(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self)).encode()


def note_key(prefix: str, endpoint: str, schedule: str) -> str:
    """Where the note of a schedule's latest failure lies; `prefix` is that of all notes."""
    return f"{prefix}/{endpoint}/{schedule}.json"
