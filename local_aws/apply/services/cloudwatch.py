"""CloudWatch: metric alarms, alarm mute rules and dashboards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local_aws.apply.errors import ApplyError
from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys
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


def _create_alarm(request: Request) -> Created:
    inputs, name = request.inputs, request.inputs["name"]
    alarm = {"name": name, **request.pick(*ALARM_INPUTS.split()), "tags": request.tags or None}
    if "metricQueries" in alarm:
        alarm["metricQueries"] = [_metric_query(query) for query in alarm["metricQueries"]]
    request.api("cloudwatch", "PutMetricAlarm", **to_api("cloudwatch", "PutMetricAlarm", alarm, renames=RENAMES))
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


def _delete_alarm(existing: Existing) -> None:
    existing.api("cloudwatch", "DeleteAlarms", AlarmNames=[existing.id])


def _create_mute_rule(request: Request) -> Created:
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


def _delete_mute_rule(existing: Existing) -> None:
    existing.api("cloudwatch", "DeleteAlarmMuteRule", AlarmMuteRuleName=existing.id)


def _create_dashboard(request: Request) -> Created:
    name = request.inputs["dashboardName"]
    answer = request.api(
        "cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=request.inputs["dashboardBody"]
    )
    request.keep(name)
    for problem in answer.get("DashboardValidationMessages", []):
        raise ApplyError(f"CloudWatch objects to the dashboard at {problem.get('DataPath')}: {problem.get('Message')}")
    return Created(name, {"dashboardArn": f"arn:aws:cloudwatch::{request.account_id}:dashboard/{name}"})


def _delete_dashboard(existing: Existing) -> None:
    existing.api("cloudwatch", "DeleteDashboards", DashboardNames=[existing.id])


TYPES = (
    ResourceType(
        kind="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=keys(f"name tags {ALARM_INPUTS}"),
        create=_create_alarm,
        delete=_delete_alarm,
        auto_name=AutoName(255),
    ),
    ResourceType(
        kind="aws:cloudwatch/alarmMuteRule:AlarmMuteRule",
        inputs=keys("name description rule muteTargets startDate expireDate tags"),
        create=_create_mute_rule,
        delete=_delete_mute_rule,
        auto_name=AutoName(255),
    ),
    ResourceType(
        kind="aws:cloudwatch/dashboard:Dashboard",
        inputs=keys("dashboardName dashboardBody"),
        create=_create_dashboard,
        delete=_delete_dashboard,
        auto_name=AutoName(255, property="dashboardName"),
    ),
)
