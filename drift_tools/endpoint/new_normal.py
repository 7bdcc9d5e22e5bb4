"""Says what a monitor is to take for normal from now on, and which of its windows were bad: recorded in the stack's
bucket, beside the monitor's windows, and read by its next run.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from contract.bad_windows import BadWindows
from contract.bucket_layout import MONITOR_WINDOWS
from contract.new_normal import NewNormal
from drift_tools.aws import aws_client, one_line
from drift_tools.errors import InputError

_MAX_NOTE = 500
_LOOKED_BACK = 672


def rebaseline(
    bucket: str, schedule: str, *, by: str, since: datetime | None = None, note: str = ""
) -> tuple[str, str]:
    """Record that a schedule's windows from `since` on are the new normal; return where, and since when.

    Without `since` it is the first window of the present episode: of the windows in a row that the monitor called, the
    last one among them; the present moment where the last one was calm.

    Raises `InputError` for names that are no names, a moment in the future, and what S3 refuses.
    """
    _check(bucket, schedule, by, note)
    now = datetime.now(UTC)
    if since is not None and since > now:
        raise InputError(f"--since {since.isoformat()}: is in the future: name a window that was seen")
    with _Windows(bucket, schedule) as windows:
        first = since or windows.episode() or now
        record = NewNormal(since=_text(first), by=by, at=_text(now), note=note)
        return windows.put(record.name, record.to_json()), record.since


def mark_bad(bucket: str, schedule: str, span: tuple[datetime, datetime], *, by: str, note: str = "") -> str:
    """Record that the windows of a span were bad: nothing is learnt from them, and no baseline is made of them.

    Returns where it is recorded. Raises `InputError` as `rebaseline` does, and for a span that does not end after it
    began.
    """
    _check(bucket, schedule, by, note)
    start, end = span
    try:
        mark = BadWindows(start=_text(start), end=_text(end), by=by, at=_text(datetime.now(UTC)), note=note)
    except ValueError as error:
        raise InputError(f"--bad-from, --bad-to: {error}") from error
    with _Windows(bucket, schedule) as windows:
        return windows.put(mark.name, mark.to_json())


def _check(bucket: str, schedule: str, by: str, note: str) -> None:
    for option, name in (("--bucket", bucket), ("--schedule", schedule), ("--by", by)):
        if not name.strip() or (option != "--by" and "/" in name):
            raise InputError(f"{option} {name!r}: is no name: give one without slashes")
    if len(note) > _MAX_NOTE:
        raise InputError(f"--note: has {len(note)} characters: give at most {_MAX_NOTE}")


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class _Windows:
    """The records of a schedule's windows in S3, and AWS's errors in one line."""

    def __init__(self, bucket: str, schedule: str) -> None:
        self._bucket, self._prefix = bucket, f"{MONITOR_WINDOWS}/{schedule}/"
        self._s3: Any = aws_client("s3")

    def __enter__(self) -> "_Windows":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 is optional

        if isinstance(error, (BotoCoreError, ClientError)):
            raise InputError(f"s3://{self._bucket}/{self._prefix}: {one_line(error)}") from error

    def put(self, name: str, content: bytes) -> str:
        """Write an object; its URI."""
        key = self._prefix + name
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType="application/json")
        return f"s3://{self._bucket}/{key}"

    def episode(self) -> datetime | None:
        """The start of the first of the last windows in a row that were called; None if the last one was not."""
        first = None
        for record in self._newest_first():
            if not record.get("called"):
                break
            first = record
        return None if first is None else datetime.fromtimestamp(int(first["start"]), UTC)

    def _newest_first(self) -> Iterator[dict[str, Any]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        windows = sorted(key for key in keys if key.removeprefix(self._prefix)[:1].isdecimal())
        for key in reversed(windows[-_LOOKED_BACK:]):
            record = json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
            if not isinstance(record, dict) or "start" not in record:
                raise InputError(f"s3://{self._bucket}/{key}: is no record of a window: delete it")
            yield record
