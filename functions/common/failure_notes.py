"""Keeping why a schedule's run failed."""

from typing import Any

from contract.failure_note import Failure, note_key


def note_failure(s3: Any, bucket: str, prefix: str, failure: Failure) -> None:
    """Keep it in place of the schedule's last one."""
    s3.put_object(
        Bucket=bucket,
        Key=note_key(prefix, failure.endpoint, failure.schedule),
        Body=failure.to_json(),
        ContentType="application/json",
    )
