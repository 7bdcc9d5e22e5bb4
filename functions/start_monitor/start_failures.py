"""What a start that fails leaves: the reason, for the message of the alarm, and how often it was tried."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from contract.failure_note import NOT_STARTED, Failure
from functions.common.aws_clients import error_code
from functions.common.deliveries import count_delivery, delivery_of
from functions.common.failure_notes import try_to_note_failure
from functions.start_monitor.batch_plan import BatchPlan


@dataclass(frozen=True)
class FailureNotes:
    """Keeps why nothing was started. `log_group`: this function's own, as Lambda says; `run`: the moment of the run."""

    s3: Any
    bucket: str
    prefix: str
    log_group: str | None
    endpoint: str
    schedule: str
    job: str
    run: str

    def not_started(self, error: Exception) -> None:
        """Keep why."""
        reason = f"the job could not be started: {error_code(error)}: {_message(error)}"
        self._keep(replace(self._failure(reason), status=NOT_STARTED))

    def lost(self, reason: str) -> None:
        """Keep what is lost."""
        self._keep(self._failure(reason))

    def _keep(self, failure: Failure) -> None:
        try_to_note_failure(self.s3, self.bucket, self.prefix, failure)

    def _failure(self, reason: str) -> Failure:
        return Failure(
            endpoint=self.endpoint,
            schedule=self.schedule,
            job=self.job,
            log_group=self.log_group,
            reason=reason,
            exit_message=None,
            ended=None,
            run=self.run,
        )


def delivery_of_batches(s3: Any, plan: BatchPlan, event: Any) -> int | None:
    """Which delivery of this event of batches this one is; counted beside what is remembered of batches."""
    bucket, state = plan.state
    key = f"{state}/tries/{hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()[:32]}.json"
    return delivery_of(lambda: count_delivery(s3, bucket, key), plan.schedule)


def _message(error: Exception) -> str:
    """AWS's own words, without those of botocore around them."""
    response = getattr(error, "response", None)
    said = response.get("Error", {}).get("Message") if isinstance(response, dict) else None
    return str(said or error)
