"""Counts, once an hour, how many models of a fleet drift, fail or are silent.

It finds them by convention: whatever publishes the project's metrics, in this account and in those linked to it. A
model that is deployed tomorrow is counted tomorrow. CloudWatch's alarms take no search; they listen to these counts.
Permissions and environment variables: functions/README.md.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from contract import metrics
from contract.metrics import CONSTRAINT_VIOLATIONS, ENDPOINT, HOURS_SILENT, JOB_FAILURES, MONITORING_SCHEDULE
from functions.common.aws_clients import client
from functions.common.environment import required
from functions.common.json_logging import log

NAMES = (CONSTRAINT_VIOLATIONS, JOB_FAILURES, HOURS_SILENT)
# A daily monitor's last run is in sight, and a second chance of it.
SIGHT = timedelta(hours=50)
# The watch of a stack publishes its hours of silence every hour; where three are missing, nobody watches.
_UNWATCHED = timedelta(hours=3)
_QUERIES_AT_ONCE = 500
_DIMENSIONS = {ENDPOINT, MONITORING_SCHEDULE}
# CloudWatch has no more models for one page; what is beyond is logged, and not counted in silence.
MOST_METRICS = 30_000

Model: TypeAlias = tuple[str, str]
"""Account and endpoint."""


@dataclass(frozen=True)
class Series:
    """A metric of a schedule."""

    account: str
    namespace: str
    name: str
    endpoint: str
    schedule: str

    def query(self, identifier: str) -> dict[str, Any]:
        """As GetMetricData takes it."""
        dimensions = [
            {"Name": ENDPOINT, "Value": self.endpoint},
            {"Name": MONITORING_SCHEDULE, "Value": self.schedule},
        ]
        metric = {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}
        query = {"Id": identifier, "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Maximum"}}
        return query | ({"AccountId": self.account} if self.account else {})


@dataclass
class Counts:
    """Models by what is wrong with them."""

    models: set[Model] = field(default_factory=set)
    drifting: set[Model] = field(default_factory=set)
    silent: set[Model] = field(default_factory=set)
    failing: set[Model] = field(default_factory=set)

    def metrics(self) -> dict[str, float]:
        """As they are published."""
        return {
            metrics.MODELS: float(len(self.models)),
            metrics.DRIFTING_MODELS: float(len(self.drifting)),
            metrics.DRIFTING_SHARE: len(self.drifting) / len(self.models) if self.models else 0.0,
            metrics.SILENT_MODELS: float(len(self.silent)),
            metrics.FAILING_MODELS: float(len(self.failing)),
        }


def series(cloudwatch: Any, *, linked: bool) -> Iterator[Series]:
    """All metrics of schedules, of whatever stack: those in a namespace of the project, of an endpoint's schedule."""
    for name in NAMES:
        request: dict[str, Any] = {"MetricName": name}
        if linked:
            request["IncludeLinkedAccounts"] = True
        for page in cloudwatch.get_paginator("list_metrics").paginate(**request):
            owners = page.get("OwningAccounts") or [""] * len(page["Metrics"])
            for metric, owner in zip(page["Metrics"], owners, strict=True):
                named = {item["Name"]: item["Value"] for item in metric["Dimensions"]}
                if metric["Namespace"].startswith(metrics.STACK_NAMESPACES) and named.keys() == _DIMENSIONS:
                    yield Series(owner, metric["Namespace"], name, named[ENDPOINT], named[MONITORING_SCHEDULE])


def latest(cloudwatch: Any, found: Sequence[Series], now: datetime) -> Iterator[tuple[Series, float, datetime]]:
    """The last value of each series that has one in sight, and when it was."""
    for first in range(0, len(found), _QUERIES_AT_ONCE):
        batch = found[first : first + _QUERIES_AT_ONCE]
        by_id = {f"m{number}": item for number, item in enumerate(batch)}
        request = {
            "MetricDataQueries": [item.query(identifier) for identifier, item in by_id.items()],
            "StartTime": now - SIGHT,
            "EndTime": now + timedelta(minutes=1),
        }
        last: dict[str, tuple[datetime, float]] = {}
        for page in cloudwatch.get_paginator("get_metric_data").paginate(**request):
            for result in page["MetricDataResults"]:
                points = list(zip(result["Timestamps"], result["Values"], strict=True))
                known = [last[result["Id"]]] if result["Id"] in last else []
                if points or known:
                    last[result["Id"]] = max([*known, *points])
        for identifier, (at, value) in last.items():
            yield by_id[identifier], value, at.astimezone(UTC)


def count(cloudwatch: Any, now: datetime, *, linked: bool, silent_hours: float) -> Counts:
    """Look at all models as they are at `now`."""
    found = list(series(cloudwatch, linked=linked))
    if len(found) > MOST_METRICS:
        log("ERROR", "more metrics than are looked at: the rest is not counted", metrics=len(found), most=MOST_METRICS)
        found = found[:MOST_METRICS]
    counts = Counts(models={(item.account, item.endpoint) for item in found})
    watched: set[tuple[str, str, str]] = set()
    for item, value, at in latest(cloudwatch, found, now):
        model = item.account, item.endpoint
        if item.name == HOURS_SILENT:
            if at >= now - _UNWATCHED:
                watched.add((item.account, item.namespace, item.schedule))
            if value >= silent_hours:
                counts.silent.add(model)
        elif value > 0:
            (counts.drifting if item.name == CONSTRAINT_VIOLATIONS else counts.failing).add(model)
    for item in found:
        if item.name == HOURS_SILENT and (item.account, item.namespace, item.schedule) not in watched:
            counts.silent.add((item.account, item.endpoint))
    return counts


def settings(environ: Mapping[str, str]) -> tuple[str, bool, float]:
    """The fleet's name, whether accounts are linked, and from how many hours on a monitor is silent."""
    linked = required(environ, "LINKED_ACCOUNTS")
    return required(environ, "FLEET_NAME"), linked == "true", float(required(environ, "SILENT_HOURS"))


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    """Lambda's entry; the event is `{"scheduled_time": ISO}`."""
    name, linked, silent_hours = settings(os.environ)
    now = datetime.fromisoformat(event["scheduled_time"]).astimezone(UTC)
    cloudwatch = client("cloudwatch")
    counts = count(cloudwatch, now, linked=linked, silent_hours=silent_hours)
    published = counts.metrics()
    dimensions = [{"Name": metrics.FLEET, "Value": name}]
    cloudwatch.put_metric_data(
        Namespace=metrics.FLEET_NAMESPACE,
        MetricData=[
            {"MetricName": metric, "Dimensions": dimensions, "Value": value, "Unit": "None"}
            for metric, value in published.items()
        ],
    )
    told = {
        name: sorted("/".join(part for part in model if part) for model in getattr(counts, name))[:100]
        for name in ("drifting", "silent", "failing")
    }
    log("INFO", "counted", **published, **told)
    return published | told
