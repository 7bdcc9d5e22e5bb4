"""EventBridge Scheduler: schedule groups and schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys
from local_aws.apply.shapes import to_api

DEFAULT_GROUP = "default"
SCHEDULE_INPUTS = (
    "actionAfterCompletion description endDate flexibleTimeWindow groupName kmsKeyArn scheduleExpression"
    " scheduleExpressionTimezone startDate state target"
)
# Terraform's provider flattens AWS's list of tags and calls some parameters of a target by their prefix.
RENAMES = {
    "Target.eventbridgeParameters": "EventBridgeParameters",
    "Target.sagemakerPipelineParameters": "SageMakerPipelineParameters",
}


def _create_group(request: Request) -> Created:
    name = request.inputs["name"]
    arn = request.api("scheduler", "CreateScheduleGroup", Name=name, Tags=request.tag_list())["ScheduleGroupArn"]
    request.keep(name)
    state = request.api("scheduler", "GetScheduleGroup", Name=name)["State"]
    return Created(name, {"name": name, "arn": arn, "state": state, "tagsAll": request.tags})


def _delete_group(existing: Existing) -> None:
    existing.api("scheduler", "DeleteScheduleGroup", Name=existing.id)


def _create_schedule(request: Request) -> Created:
    inputs, name = request.inputs, request.inputs["name"]
    settings: dict[str, Any] = {"name": name, **request.pick(*SCHEDULE_INPUTS.split())}
    for date in ("startDate", "endDate"):
        if date in settings:
            settings[date] = datetime.fromisoformat(settings[date])
    body = to_api("scheduler", "CreateSchedule", settings, renames=RENAMES)
    arn = request.api("scheduler", "CreateSchedule", **body)["ScheduleArn"]
    group = inputs.get("groupName") or DEFAULT_GROUP
    return Created(
        f"{group}/{name}",
        {
            "name": name,
            "arn": arn,
            "groupName": group,
            "state": inputs.get("state") or "ENABLED",
            "scheduleExpressionTimezone": inputs.get("scheduleExpressionTimezone") or "UTC",
        },
    )


def _delete_schedule(existing: Existing) -> None:
    group, name = existing.id.split("/", 1)
    existing.api("scheduler", "DeleteSchedule", GroupName=group, Name=name)


TYPES = (
    ResourceType(
        kind="aws:scheduler/scheduleGroup:ScheduleGroup",
        inputs=keys("name tags"),
        create=_create_group,
        delete=_delete_group,
        auto_name=AutoName(64),
    ),
    ResourceType(
        kind="aws:scheduler/schedule:Schedule",
        inputs=keys(f"name {SCHEDULE_INPUTS}"),
        create=_create_schedule,
        delete=_delete_schedule,
        auto_name=AutoName(64),
    ),
)
