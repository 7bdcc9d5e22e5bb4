"""CloudWatch: metric alarms, alarm mute rules and dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_aws.apply.errors import ApplyError
from local_aws.apply.reading import answer_or_none, differences, same_text
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    by_arn,
    keys,
    put_again,
    tagger,
    with_tags,
)
from local_aws.apply.shapes import to_api

ALARM_INPUTS = (
    "actionsEnabled alarmActions alarmDescription comparisonOperator datapointsToAlarm dimensions"
    " evaluateLowSampleCountPercentiles evaluationPeriods extendedStatistic insufficientDataActions metricName"
    " metricQueries"
    " namespace okActions period statistic threshold thresholdMetricId treatMissingData unit"
)
RENAMES = {"name": "AlarmName", "metricQueries": "Metrics"}


def _metric_query(query: dict[str, Any]) -> dict[str, Any]:
    """A metric query as CloudWatch has it: pulumi-aws flattens the metric into its statistic."""
    query = {"returnData": False, **query}  # the provider's default, where AWS's is true
    metric = query.get("metric")
    if not metric:
        return query
    named = {name: metric[name] for name in ("namespace", "metricName", "dimensions") if name in metric}
    measured = {name: metric[name] for name in ("period", "stat", "unit") if name in metric}
    rest = {name: value for name, value in query.items() if name != "metric"}
    return {**rest, "metricStat": {"metric": named, **measured}}


def _alarm_settings(inputs: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: inputs[name] for name in ALARM_INPUTS.split() if inputs.get(name) is not None}
    if "metricQueries" in settings:
        settings["metricQueries"] = [_metric_query(query) for query in settings["metricQueries"]]
    return settings


def _put_alarm(request: Request, tags: dict[str, str] | None) -> None:
    alarm = {"name": request.inputs["name"], **_alarm_settings(request.inputs), "tags": tags}
    request.api("cloudwatch", "PutMetricAlarm", **to_api("cloudwatch", "PutMetricAlarm", alarm, renames=RENAMES))


def _create_alarm(request: Request) -> Created:
    inputs, name = request.inputs, request.inputs["name"]
    _put_alarm(request, request.tags or None)
    arn = f"arn:aws:cloudwatch:{request.api.region}:{request.account_id}:alarm:{name}"
    return Created(
        name,
        {
            "name": name,
            "arn": arn,
            "actionsEnabled": inputs.get("actionsEnabled", True),
            "treatMissingData": inputs.get("treatMissingData") or "missing",
            "tagsAll": request.tags,
        },
    )


def _read_alarm(existing: Existing) -> Found | None:
    alarms = existing.api("cloudwatch", "DescribeAlarms", AlarmNames=[existing.id])["MetricAlarms"]
    if not alarms:
        return None
    changed = differences(
        alarms[0],
        existing,
        ALARM_INPUTS,
        service="cloudwatch",
        operation="PutMetricAlarm",
        renames=RENAMES,
        given=_alarm_settings(existing.inputs),
    )
    return Found(changed)


def _update_alarm(_existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    _put_alarm(request, None)  # tags of an alarm that exists go by an operation of their own
    return {}


def _delete_alarm(existing: Existing) -> None:
    existing.api("cloudwatch", "DeleteAlarms", AlarmNames=[existing.id])


def _put_mute_rule(request: Request) -> Created:
    name = request.inputs["name"]
    settings: dict[str, Any] = request.pick("name", "description", "rule", "muteTargets", "startDate", "expireDate")
    for date in ("startDate", "expireDate"):
        if date in settings:
            settings[date] = datetime.fromisoformat(settings[date])
    body = to_api("cloudwatch", "PutAlarmMuteRule", {**settings, "tags": request.tags or None})
    request.api("cloudwatch", "PutAlarmMuteRule", **body)
    request.keep(name)
    found = request.api("cloudwatch", "GetAlarmMuteRule", AlarmMuteRuleName=name)
    return Created(
        name,
        {
            "name": name,
            "arn": found["AlarmMuteRuleArn"],
            "status": found["Status"],
            "lastUpdatedTimestamp": found["LastUpdatedTimestamp"].isoformat(),
            "tagsAll": request.tags,
        },
    )


def _read_mute_rule(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "cloudwatch", "GetAlarmMuteRule", AlarmMuteRuleName=existing.id)
    if answer is None:
        return None
    names = "description rule muteTargets"
    return Found(differences(answer, existing, names, service="cloudwatch", operation="PutAlarmMuteRule"))


def _delete_mute_rule(existing: Existing) -> None:
    existing.api("cloudwatch", "DeleteAlarmMuteRule", AlarmMuteRuleName=existing.id)


def _put_dashboard(request: Request) -> Created:
    name = request.inputs["dashboardName"]
    answer = request.api(
        "cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=request.inputs["dashboardBody"]
    )
    request.keep(name)
    for problem in answer.get("DashboardValidationMessages", []):
        raise ApplyError(f"CloudWatch objects to the dashboard at {problem.get('DataPath')}: {problem.get('Message')}")
    return Created(name, {"dashboardArn": f"arn:aws:cloudwatch::{request.account_id}:dashboard/{name}"})


def _read_dashboard(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "cloudwatch", "GetDashboard", DashboardName=existing.id)
    if answer is None:
        return None
    body = answer["DashboardBody"]
    return Found({} if same_text(body, existing.inputs["dashboardBody"]) else {"dashboardBody": body})


def _delete_dashboard(existing: Existing) -> None:
    existing.api("cloudwatch", "DeleteDashboards", DashboardNames=[existing.id])


COMPOSITE_INPUTS = (
    "alarmName alarmRule alarmDescription actionsEnabled alarmActions okActions"
    " insufficientDataActions actionsSuppressor"
)


def _put_composite(request: Request) -> Created:
    name = request.inputs["alarmName"]
    settings = request.pick(*(key for key in COMPOSITE_INPUTS.split() if key != "actionsSuppressor"))
    suppressor = request.inputs.get("actionsSuppressor") or {}
    settings |= {
        "actionsSuppressor": suppressor.get("alarm"),
        "actionsSuppressorWaitPeriod": suppressor.get("waitPeriod"),
        "actionsSuppressorExtensionPeriod": suppressor.get("extensionPeriod"),
    }
    body = to_api("cloudwatch", "PutCompositeAlarm", settings, renames=RENAMES)
    request.api("cloudwatch", "PutCompositeAlarm", **body, Tags=request.tag_list())
    arn = f"arn:aws:cloudwatch:{request.api.region}:{request.account_id}:alarm:{name}"
    return Created(name, {"arn": arn, "alarmName": name, "tagsAll": request.tags})


def _read_composite(existing: Existing) -> Found | None:
    answer = existing.api(
        "cloudwatch", "DescribeAlarms", AlarmNames=[existing.id], AlarmTypes=["CompositeAlarm"]
    )["CompositeAlarms"]  # fmt: skip
    if not answer:
        return None
    names = "alarmRule alarmDescription alarmActions okActions"
    return Found(differences(answer[0], existing, names, service="cloudwatch", operation="PutCompositeAlarm"))


TYPES = (
    ResourceType(
        kind="aws:cloudwatch/compositeAlarm:CompositeAlarm",
        inputs=keys(f"{COMPOSITE_INPUTS} tags"),
        create=_put_composite,
        delete=_delete_alarm,
        read=_read_composite,
        update=put_again(_put_composite),
    ),
    ResourceType(
        kind="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=keys(f"name tags {ALARM_INPUTS}"),
        create=_create_alarm,
        delete=_delete_alarm,
        read=_read_alarm,
        update=with_tags(
            tagger("cloudwatch", "TagResource", "UntagResource", by_arn("ResourceARN")), rest=_update_alarm
        ),
        auto_name=AutoName(255),
    ),
    ResourceType(
        kind="aws:cloudwatch/alarmMuteRule:AlarmMuteRule",
        inputs=keys("name description rule muteTargets startDate expireDate tags"),
        create=_put_mute_rule,
        delete=_delete_mute_rule,
        read=_read_mute_rule,
        update=put_again(_put_mute_rule),
        auto_name=AutoName(255),
    ),
    ResourceType(
        kind="aws:cloudwatch/dashboard:Dashboard",
        inputs=keys("dashboardName dashboardBody"),
        create=_put_dashboard,
        delete=_delete_dashboard,
        read=_read_dashboard,
        update=put_again(_put_dashboard),
        auto_name=AutoName(255, property="dashboardName"),
    ),
)
