"""The run of a partition: the files of one folder of a plain prefix, `dt=2026-01-31/hour=04/`, looked at together once
they are all there.

They are when the marker (`_SUCCESS`) is younger than each of them, or, without one, when nothing was written for some
minutes. Each object that is created is an event: many for one partition, some twice, late, or never, in any order.
None starts a run itself. With a marker its own event has the partition looked at; without, an event plans a look for
when the partition will have been quiet, one a minute however many events there are, and the last one finds it quiet.
The clock, every hour, looks at the newest partitions: what no event told of is found then.

What is looked at has a name: a hash of its files with their times. The same files are looked at once; files that came
late, or that were written anew, make another one, and the whole partition is looked at again.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from contract.processing_job import CAPTURED_PATH
from functions.common.aws_clients import error_code
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.iam_patience import patiently
from functions.common.s3_objects import ListedObject, list_folders, list_keys, list_objects, split_location
from functions.start_monitor.batch_plan import (
    Batch,
    BatchPlan,
    Partitions,
    batch_request,
    dataset_format,
    write_json,
    write_manifest,
)
from functions.start_monitor.job_request import create_job

DETAIL_TYPE: Final = "Object Created"
_STARTED: Final = ".started"
_MINUTE: Final = timedelta(minutes=1)
_LOOK_ATTEMPTS: Final = 10
_LOOK_SECONDS: Final = 6 * 3600
_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """What lies in a partition. `files`: its data; `written`: when the last of them was; `marked`: when the marker was,
    None without one.
    """

    files: tuple[ListedObject, ...]
    written: datetime
    marked: datetime | None

    @property
    def fingerprint(self) -> str:
        """The same for the same files, and no others."""
        lines = sorted(f"{item.key}\n{item.etag}\n{item.size}\n{item.modified}" for item in self.files)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]

    def why_not(self, layout: Partitions, now: datetime) -> str | None:
        """Why its files may not all be there yet; None if they are."""
        if not self.files:
            return "it has no files"
        if layout.marker is not None:
            if self.marked is None:
                return f"there is no {layout.marker} yet"
            return None if self.marked >= self.written else f"it was written on after its {layout.marker}"
        quiet = now - self.written >= timedelta(seconds=layout.quiet_seconds)
        return None if quiet else "it is written still"


def layout_of(plan: BatchPlan) -> Partitions:
    """How the prefix is laid out; BadEventError if the plan is one of transform jobs."""
    if plan.partitions is None:
        raise BadEventError("a partition's event was delivered, and the plan is one of transform jobs")
    return plan.partitions


def heard(
    event: Mapping[str, Any], plan: BatchPlan, context: "Context", since: Callable[[], datetime]
) -> dict[str, Any]:
    """What an object's creation means: a look now or later, or nothing; what was done comes back. `since`: see
    `look_at_newest`; asked where a marker is of several partitions.
    """
    layout = layout_of(plan)
    detail = mapping(event.get("detail"), "the event's detail")
    bucket = text(mapping(detail.get("bucket"), "the event's bucket"), "name", "the event's bucket")
    key = text(mapping(detail.get("object"), "the event's object"), "key", "the event's object")
    answer: dict[str, Any] = {"schedule": plan.schedule, "key": key}
    home, root = split_location(plan.output_uri)
    base = f"{root}/" if root else ""
    if bucket != home or not key.startswith(base):
        return answer | {"started": None, "why": "not below this monitor's place"}
    folder, _, name = key.removeprefix(base).rpartition("/")
    partition = partition_of(folder, layout.keys)
    if layout.marker is not None and name != layout.marker:
        return answer | {"started": None, "why": "no marker"}
    if layout.marker is not None:
        return answer | _at_marker(plan, layout, folder, context, since)
    if partition is None or not is_data(name):
        return answer | {"started": None, "why": "no file of a partition"}
    return answer | _look_later(plan, layout, partition, context)


def _at_marker(
    plan: BatchPlan, layout: Partitions, folder: str, context: "Context", since: Callable[[], datetime]
) -> dict[str, Any]:
    """Look at the partition of a marker, or at the newest of those below it."""
    partition = partition_of(folder, layout.keys)
    if partition is not None:
        return look(plan, partition, context)
    if not is_above(folder, layout.keys):
        return {"started": None, "why": "no marker of a partition"}
    return {"looks": look_at_newest(plan, context, below=folder, since=since())}


def _look_later(plan: BatchPlan, layout: Partitions, partition: str, context: "Context") -> dict[str, Any]:
    """Have the partition looked at when it will have been quiet; at once where that is over."""
    due = plan_look(plan, layout, partition, context)
    if due is None:
        return look(plan, partition, replace(context, now=_look_time(layout, context.now)))
    return {"started": None, "partition": partition, "planned": due}


@dataclass(frozen=True)
class Context:
    """What a delivery works with; `now`: the moment of what it tells of, `function_arn`: this function's own."""

    s3: Any
    sagemaker: Any
    scheduler: Any
    now: datetime
    function_arn: str = ""


def partition_of(folder: str, keys: tuple[str, ...]) -> str | None:
    """The partition that a folder below the prefix is, or lies in: `dt=a/hour=b`; None if it is in none."""
    parts = folder.split("/")[: len(keys)]
    is_one = len(parts) == len(keys) and all(part.startswith(f"{key}=") for part, key in zip(parts, keys, strict=True))
    return "/".join(parts) if is_one else None


def is_above(folder: str, keys: tuple[str, ...]) -> bool:
    """Whether partitions lie below a folder: the prefix itself, or `dt=a` above `dt=a/hour=b`."""
    if not folder:
        return True
    depth = len(folder.split("/"))
    return depth < len(keys) and partition_of(folder, keys[:depth]) is not None


def is_data(name: str) -> bool:
    """Whether a file is data: names with a dot or an underscore in front are markers, which Spark does not read."""
    return bool(name) and not name.startswith((".", "_"))


def _look_time(layout: Partitions, written: datetime) -> datetime:
    """The first whole minute at which a file that was written then has been alone for the quiet time."""
    due = written.astimezone(UTC) + timedelta(seconds=layout.quiet_seconds)
    return due.replace(second=0, microsecond=0) + _MINUTE


def plan_look(plan: BatchPlan, layout: Partitions, partition: str, context: Context) -> str | None:
    """Plan a look for when the partition will have been quiet, unless there is one for that minute; when. None where
    the event comes so late that this is over: EventBridge Scheduler refuses such a time.
    """
    looks = plan.looks
    if looks is None:
        raise BadEventError("the plan of batches has no looks: without a marker they are planned")
    due = _look_time(layout, context.now)
    digest = hashlib.sha256(f"{plan.results_uri}\n{partition}".encode()).hexdigest()[:10]
    request = {
        "Name": f"{plan.job_stem[:40]}-{digest}-{due:%m%d%H%M}",
        "GroupName": looks.group,
        "ScheduleExpression": f"at({due:%Y-%m-%dT%H:%M:%S})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": context.function_arn,
            "RoleArn": looks.role_arn,
            "Input": json.dumps({"batch": {"look": partition, "at": "<aws.scheduler.scheduled-time>"}}),
            "RetryPolicy": {"MaximumRetryAttempts": _LOOK_ATTEMPTS, "MaximumEventAgeInSeconds": _LOOK_SECONDS},
            "DeadLetterConfig": {"Arn": looks.dead_letter_arn},
        },
    }
    try:
        patiently(lambda: context.scheduler.create_schedule(**request))
    except ClientError as error:
        if error_code(error) == "ValidationException" and "past" in str(error):
            return None
        if error_code(error) != "ConflictException":  # another file of this minute has planned it
            raise
    return due.strftime("%Y-%m-%dT%H:%M:%SZ")


def look(plan: BatchPlan, partition: str, context: Context, *, since: datetime = _BEFORE_ALL) -> dict[str, Any]:
    """Start the run over a partition's files if they are all there, were not looked at, and were not all there before
    `since`; what was done comes back.
    """
    layout = layout_of(plan)
    found = _found(plan, layout, partition, context.s3)
    answer: dict[str, Any] = {"schedule": plan.schedule, "partition": partition, "files": len(found.files)}
    why = found.why_not(layout, context.now) or ("it is older than this monitor" if found.written < since else None)
    if why is not None:
        return answer | {"started": None, "why": why}
    bucket, state = plan.state
    folder = f"{state}/partitions/{partition}/"
    before = [key for key in list_keys(context.s3, bucket, folder) if key.endswith(_STARTED)]
    if f"{folder}{found.fingerprint}{_STARTED}" in before:
        return answer | {"started": None, "why": "its files were looked at"}
    home, root = split_location(plan.output_uri)
    base = f"{root}/" if root else ""
    manifest = write_manifest(
        context.s3,
        bucket,
        f"{folder}{found.fingerprint}.json",
        f"s3://{home}/{base}",
        [item.key.removeprefix(base) for item in found.files],
    )
    request = batch_request(plan, _batch(plan, layout, partition, found, manifest))
    created = create_job(context.sagemaker, request)
    facts = {"job": request["ProcessingJobName"], "files": len(found.files), "version": len(before) + 1}
    write_json(context.s3, bucket, f"{folder}{found.fingerprint}{_STARTED}", facts)
    return answer | {"started": request["ProcessingJobName"], "created": created, "version": len(before) + 1}


def _batch(plan: BatchPlan, layout: Partitions, partition: str, found: Found, manifest: str) -> Batch:
    return Batch(
        # Of one folder's name, and another one for each time that it was written.
        name=f"{partition.replace('/', ',')}-{found.fingerprint[:6]}",
        identity=f"{partition}\n{found.fingerprint}",
        started=min(map(_moment, found.files)),
        ended=found.written,
        inputs=[("captured", manifest, CAPTURED_PATH)],
        environment={
            "dataset_format": dataset_format(plan, layout.format),
            "dataset_source": CAPTURED_PATH,
            "batch_columns": json.dumps({"partitioned": True}, separators=(",", ":")),
        },
    )


def look_at_newest(plan: BatchPlan, context: Context, *, since: datetime, below: str = "") -> list[dict[str, Any]]:
    """Look at the newest partitions (below a folder of the prefix), but not at those that nobody has written to since
    `since`; what was started comes back.
    """
    partitions = newest(context.s3, plan.output_uri, layout_of(plan), below=below)
    answers = [look(plan, partition, context, since=since) for partition in partitions]
    return [answer for answer in answers if answer["started"]]


def newest(s3: Any, output_uri: str, layout: Partitions, *, below: str = "") -> list[str]:
    """The partitions that are last by their names, numbers in them by their size; `layout.newest` at most."""
    bucket, root = split_location(output_uri)
    base = f"{root}/" if root else ""
    depth = len(below.split("/")) if below else 0

    def walk(folder: str, level: int) -> Iterator[str]:
        if level == len(layout.keys):
            yield folder
            return
        prefix = f"{base}{folder}/" if folder else base
        names = [name for name in list_folders(s3, bucket, prefix) if name.startswith(f"{layout.keys[level]}=")]
        for name in sorted(names, key=_by_number, reverse=True):
            yield from walk(f"{folder}/{name}" if folder else name, level + 1)

    found = walk(below, depth)
    return [partition for partition, _ in zip(found, range(layout.newest), strict=False)]


def _by_number(name: str) -> list[tuple[int, str]]:
    """What sorts `hour=9` in front of `hour=10`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _found(plan: BatchPlan, layout: Partitions, partition: str, s3: Any) -> Found:
    bucket, root = split_location(plan.output_uri)
    base = f"{root}/" if root else ""
    files, marked = [], _BEFORE_ALL
    for item in list_objects(s3, bucket, f"{base}{partition}/"):
        name = item.key.rpartition("/")[2]
        if name == layout.marker and item.key == f"{base}{partition}/{name}":
            marked = max(marked, _moment(item))
        elif item.size and all(map(is_data, item.key.removeprefix(f"{base}{partition}/").split("/"))):
            files.append(item)
    if layout.marker is not None:
        marked = max([marked, *_markers_above(s3, bucket, base, partition, layout.marker)])
    written = max(map(_moment, files), default=_BEFORE_ALL)
    return Found(tuple(files), written, None if marked == _BEFORE_ALL else marked)


def _markers_above(s3: Any, bucket: str, base: str, partition: str, marker: str) -> Iterator[datetime]:
    """Spark writes its marker where the job wrote, which may be above the partitions."""
    parts = partition.split("/")
    for depth in range(len(parts)):
        key = base + "".join(f"{part}/" for part in parts[:depth]) + marker
        for item in list_objects(s3, bucket, key):
            if item.key == key:
                yield _moment(item)


def _moment(item: ListedObject) -> datetime:
    """When it was written."""
    return datetime.fromtimestamp(item.modified, UTC)
