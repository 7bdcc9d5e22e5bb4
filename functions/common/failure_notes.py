"""Keeping why a schedule's run failed."""

from typing import Any

from contract.failure_note import Failure


def note_failure(s3: Any, bucket: str, prefix: str, failure: Failure) -> None:
    """Keep it, in place of one of the same run."""
    s3.put_object(
        Bucket=bucket,
        Key=failure.key(prefix),
        Body=failure.to_json(),
        ContentType="application/json",
    )
