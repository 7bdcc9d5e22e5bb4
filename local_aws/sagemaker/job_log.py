"""What jobs said, in CloudWatch Logs."""

import contextlib
import logging
from collections.abc import Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

log = logging.getLogger("local_aws.sagemaker")

_BATCH: Final = 500


def store_log(logs: Any, group: str, stream: str, said: str, now: int) -> None:
    """Write lines under a job's role, to whom the client belongs; a job without the right still runs."""
    lines = [{"timestamp": now, "message": line} for line in said.splitlines() if line.strip()]
    try:
        _write(logs, {"logGroupName": group, "logStreamName": stream}, lines)
    except ClientError as error:
        log.warning("the log %s of %s could not be stored: %s", stream, group, error)


def _write(logs: Any, stream: dict[str, str], lines: Sequence[dict[str, Any]]) -> None:
    try:
        logs.create_log_stream(**stream)
    except logs.exceptions.ResourceNotFoundException:
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):  # another job ended just now
            logs.create_log_group(logGroupName=stream["logGroupName"])
        logs.create_log_stream(**stream)
    for start in range(0, len(lines), _BATCH):
        logs.put_log_events(**stream, logEvents=lines[start : start + _BATCH])
