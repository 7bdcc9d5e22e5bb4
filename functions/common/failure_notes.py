"""Keeping why a schedule's run failed."""

from typing import Any

from contract.failure_note import Failure
from functions.common.json_logging import attempt


def note_failure(s3: Any, bucket: str, prefix: str, failure: Failure) -> None:
    """Keep it, in place of one of the same run."""
    s3.put_object(
        Bucket=bucket,
        Key=failure.key(prefix),
        Body=failure.to_json(),
        ContentType="application/json",
    )


def try_to_note_failure(s3: Any, bucket: str, prefix: str, failure: Failure) -> None:
    """Keep it if that can be done, else log the reason: the metric comes in either case."""
    attempt(
        "the reason could not be kept",
        lambda: note_failure(s3, bucket, prefix, failure),
        job=failure.job,
        reason=failure.reason,
    )
