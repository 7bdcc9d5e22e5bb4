"""EventBridge Scheduler: schedule groups and schedules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_aws.apply.reading import answer_or_none, differences, exists
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    by_arn,
    by_id,
    keys,
    tagger,
    with_tags,
)
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


def _settings(inputs: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: inputs[name] for name in SCHEDULE_INPUTS.split() if inputs.get(name) is not None}
    dates = {name: datetime.fromisoformat(settings[name]) for name in ("startDate", "endDate") if name in settings}
    return settings | dates


def _put_schedule(request: Request, operation: str) -> str:
    settings = {"name": request.inputs["name"], **_settings(request.inputs)}
    body = to_api("scheduler", operation, settings, renames=RENAMES)
    arn: str = request.api("scheduler", operation, **body)["ScheduleArn"]
    return arn


def _update_schedule(_existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    _put_schedule(request, "UpdateSchedule")
    return {
        "state": request.inputs.get("state") or "ENABLED",
        "scheduleExpressionTimezone": request.inputs.get("scheduleExpressionTimezone") or "UTC",
    }


def _read_schedule(existing: Existing) -> Found | None:
    group, name = existing.id.split("/", 1)
    answer = answer_or_none(existing.api, "scheduler", "GetSchedule", GroupName=group, Name=name)
    if answer is None:
        return None
    changed = differences(
        answer,
        existing,
        SCHEDULE_INPUTS,
        service="scheduler",
        operation="CreateSchedule",
        renames=RENAMES,
        given=_settings(existing.inputs),
    )
    return Found(changed)


def _create_schedule(request: Request) -> Created:
    inputs, name = request.inputs, request.inputs["name"]
    arn = _put_schedule(request, "CreateSchedule")
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
        read=exists("scheduler", "GetScheduleGroup", by_id("Name")),
        update=with_tags(tagger("scheduler", "TagResource", "UntagResource", by_arn("ResourceArn"))),
        auto_name=AutoName(64),
    ),
    ResourceType(
        kind="aws:scheduler/schedule:Schedule",
        inputs=keys(f"name {SCHEDULE_INPUTS}"),
        create=_create_schedule,
        delete=_delete_schedule,
        read=_read_schedule,
        update=_update_schedule,
        auto_name=AutoName(64),
    ),
)
