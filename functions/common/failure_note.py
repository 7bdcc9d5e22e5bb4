"""Why a schedule's run failed, kept for the responder. It is written before the metric, to be there when the alarm is.

functions/README.md says what each name of a note means.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

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


def note_failure(s3: Any, bucket: str, prefix: str, failure: Failure) -> None:
    """Keep it in place of the schedule's last one."""
    s3.put_object(
        Bucket=bucket,
        Key=f"{prefix}/{failure.endpoint}/{failure.schedule}.json",
        Body=json.dumps(asdict(failure)).encode(),
        ContentType="application/json",
    )
