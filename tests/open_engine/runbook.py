"""What people do to a stack by hand: as the runbook says, or without having thought of it."""

import os
from unittest.mock import patch

from drift_tools.__main__ import main
from tests.open_engine.watched import Watched


def redrive(stack: Watched, queue_name: str, function: str) -> list[str]:
    """The runbook's step, as a person does it: `drift-tools redrive`. The letters that were there."""
    queue = stack.made("aws:sqs/queue:Queue", queue_name)
    sqs = stack.cloud.client("sqs")
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)["Messages"]
    # boto3 keeps the session of whichever embedded AWS was there first.
    with patch.dict(os.environ, stack.cloud.environment()), patch("boto3.DEFAULT_SESSION", None):
        assert main(["redrive", "--queue", queue, "--function", function]) == 0
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    return [letter["Body"] for letter in found]


def switch_off(stack: Watched) -> None:
    """Disable the schedule, as somebody might in the console and forget about."""
    scheduler = stack.cloud.client("scheduler")
    name, group = (
        stack.outputs["data_quality_schedule_name"],
        stack.made("aws:scheduler/scheduleGroup:ScheduleGroup", ""),
    )
    found = scheduler.get_schedule(Name=name, GroupName=group)
    kept = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    scheduler.update_schedule(**{key: found[key] for key in kept}, State="DISABLED")
