"""What the function that starts runs is told of batches: a transform job's end, an object that was created, a partition
that is to be looked at, and the hour, in which whatever no event told of is found.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.common.event_fields import BadEventError, mapping, text
from functions.common.json_logging import log
from functions.common.s3_objects import exists, read_json, split_uri
from functions.start_monitor import batch, partitions
from functions.start_monitor.batch_plan import BatchPlan, write_json
from functions.start_monitor.partitions import Context
from functions.start_monitor.time_window import iso, parse_time

_BEGAN = "began.json"
_REMEMBERED = timedelta(days=14)  # half of what the stack's bucket keeps of it


def is_batch(event: Any) -> bool:
    """Whether an event is of batches."""
    return isinstance(event, Mapping) and (
        event.get("detail-type") in (batch.DETAIL_TYPE, partitions.DETAIL_TYPE) or "batch" in event
    )


def process(
    event: Any, plan: BatchPlan, plan_uri: str, *, s3: Any, sagemaker: Any, scheduler: Any, function_arn: str
) -> dict[str, Any]:
    """Do what the event asks for; what was done comes back."""
    if event.get("detail-type") == batch.DETAIL_TYPE:
        return batch.start(event, plan, s3=s3, sagemaker=sagemaker)
    context = Context(s3, sagemaker, scheduler, _moment_of(event), function_arn)
    if event.get("detail-type") == partitions.DETAIL_TYPE:
        return partitions.heard(event, plan, context, lambda: _since(plan, plan_uri, context))
    wanted = mapping(event["batch"], "the event's batch")
    if "look" not in wanted:
        return _sweep(plan, plan_uri, context)
    partition = partitions.partition_of(str(wanted["look"]), partitions.layout_of(plan).keys)
    if partition is None:
        raise BadEventError(f"the event's batch.look is {wanted['look']!r}: it is no partition of this monitor's")
    return partitions.look(plan, partition, context)


def told_at(event: Mapping[str, Any]) -> str | None:
    """The moment that an event names, as it is written there: the same in each of its deliveries."""
    found = event["batch"].get("at") if isinstance(event.get("batch"), Mapping) else event.get("time")
    return str(found) if found is not None else None


def _moment_of(event: Mapping[str, Any]) -> datetime:
    """When what it tells of was, or was due: a delivery may come later."""
    if "batch" in event:
        given = text(mapping(event["batch"], "the event's batch"), "at", "the event's batch")
    else:
        given = text(event, "time", "the event")
    try:
        return parse_time(given)
    except ValueError as error:
        raise BadEventError(f"the event's time is {given!r}: {error}") from error


def _sweep(plan: BatchPlan, plan_uri: str, context: Context) -> dict[str, Any]:
    """Start what no event has started."""
    since = _since(plan, plan_uri, context)
    if plan.partitions is not None:
        found = partitions.look_at_newest(plan, context, since=since)
    else:
        since = max(since, context.now - timedelta(hours=plan.sweep_hours))
        found = batch.sweep(plan, since=since, s3=context.s3, sagemaker=context.sagemaker)
    if found:
        log("WARNING", "batches that no event told of", schedule=plan.schedule, count=len(found))
    return {"schedule": plan.schedule, "since": iso(since), "looks": found}


def _since(plan: BatchPlan, plan_uri: str, context: Context) -> datetime:
    """Since when there is this monitor: what was written before is no batch that was missed. No further back than what
    is remembered of runs, which expires.
    """
    bucket, state = plan.state
    key = f"{state}/{_BEGAN}"
    if exists(context.s3, bucket, key):
        began = parse_time(str(read_json(context.s3, bucket, key)["began"]))
    else:
        home, name = split_uri(plan_uri)
        began = context.s3.get_object(Bucket=home, Key=name)["LastModified"]
        write_json(context.s3, bucket, key, {"began": iso(began)})
    return max(began, context.now - _REMEMBERED)
