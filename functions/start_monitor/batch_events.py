"""What the function that starts runs is told of batches: a transform job's end, an object that was created, a partition
that is to be looked at, and the hour, in which whatever no event told of is found.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.common.event_fields import BadEventError, mapping
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


def process(event: Any, plan: BatchPlan, plan_uri: str, context: Context) -> dict[str, Any]:
    """Do what the event asks for; what was done comes back."""
    kind = event.get("detail-type")
    if kind == batch.DETAIL_TYPE:
        return batch.start(event, plan, s3=context.s3, sagemaker=context.sagemaker)
    if kind == partitions.DETAIL_TYPE:
        return partitions.heard(event, plan, context, lambda: _since(plan, plan_uri, context))
    wanted = mapping(event.get("batch"), "the event's batch")
    if "look" in wanted:
        partition = partitions.partition_of(str(wanted["look"]), partitions.layout_of(plan).keys)
        if partition is None:
            raise BadEventError(f"the event's batch.look is {wanted['look']!r}: it is no partition of this monitor's")
        return partitions.look(plan, partition, context)
    return _sweep(plan, plan_uri, context)


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
