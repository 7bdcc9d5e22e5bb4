"""The dashboard: what was found, feature by feature; whether the monitors ran; how the endpoint does."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.alerting import CONSTRAINT_VIOLATIONS, JOB_FAILURES, PERIOD_SECONDS, AlarmRule, alarm_rules
from components.args import AlertingArgs, AlertingSettings, check_component_name
from components.identity import look_up_place

DATA_METRICS: Final = "aws/sagemaker/Endpoints/data-metrics"
MODEL_METRICS: Final = "aws/sagemaker/Endpoints/model-metrics"
# A graph of hundreds of features shows nothing; of the ones that drift most, everything.
FEATURES_SHOWN: Final = 20
GRID_WIDTH: Final = 24

Widget = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DashboardSubject:
    """What a dashboard shows; plain values, so that the body can be made and tested without Pulumi."""

    region: str
    endpoint_name: str
    variant_name: str
    metric_namespace: str
    schedules: Mapping[str, str]
    rules: Sequence[AlarmRule]
    alarm_arns: Sequence[str]
    dead_letter_queue_names: Sequence[str]


def dashboard_body(subject: DashboardSubject) -> dict[str, Any]:
    """The body that CloudWatch takes: widgets in rows on a grid of 24 columns."""
    rows: list[tuple[int, list[Widget]]] = [
        (4, [_alarm_states(subject)]),
        (6, [_own_metric(subject, rule) for rule in subject.rules]),
        (
            6,
            [
                _by_feature(subject, "feature_baseline_drift", "Drift per feature (distance)", "Average"),
                _by_feature(subject, "feature_non_null", "Values present per feature", "Sum"),
            ],
        ),
        (6, [_invocations(subject), _errors(subject), _latency(subject)]),
        (6, [_log_query(subject)]),
    ]
    if subject.dead_letter_queue_names:
        rows.append((6, [_dead_letters(subject)]))
    if naming.MODEL_QUALITY in subject.schedules:
        rows.insert(3, (6, [_model_quality(subject)]))
    return {"widgets": _laid_out(rows)}


def _laid_out(rows: Sequence[tuple[int, list[Widget]]]) -> list[Widget]:
    widgets, y = [], 0
    for height, row in rows:
        width = GRID_WIDTH // len(row)
        widgets += [
            {"x": i * width, "y": y, "width": width, "height": height, **widget} for i, widget in enumerate(row)
        ]
        y += height
    return widgets


def _graph(subject: DashboardSubject, title: str, metrics: list[Any], *, period: int, **properties: Any) -> Widget:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": subject.region,
            "view": "timeSeries",
            "stacked": False,
            "period": period,
            "metrics": metrics,
            **properties,
        },
    }


def _alarm_states(subject: DashboardSubject) -> Widget:
    return {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(subject.alarm_arns)}}


def _own_metric(subject: DashboardSubject, rule: AlarmRule) -> Widget:
    """Violations or failed jobs of every schedule, with the line from which on an alarm is raised."""
    title = {CONSTRAINT_VIOLATIONS: "Constraint violations", JOB_FAILURES: "Failed jobs"}[rule.metric_name]
    metrics = [
        [
            *(subject.metric_namespace, rule.metric_name),
            *("Endpoint", subject.endpoint_name, "MonitoringSchedule", schedule),
            {"stat": "Maximum", "label": kind},
        ]
        for kind, schedule in subject.schedules.items()
    ]
    line = {"label": f"alarm: {rule.title} >= {rule.threshold}", "value": rule.threshold, "fill": "above"}
    return _graph(
        subject,
        title,
        metrics,
        period=PERIOD_SECONDS,
        yAxis={"left": {"min": 0}},
        annotations={"horizontal": [line]},
    )


def search(namespace: str, dimensions: Mapping[str, str], statistic: str, *terms: str) -> str:
    """A CloudWatch search: metrics with exactly these dimensions, and with every word of `terms` in their names."""
    schema = ",".join((f'"{namespace}"', *dimensions))
    words = " ".join((*(f'{name}="{value}"' for name, value in dimensions.items()), *terms))
    return f"SEARCH('{{{schema}}} {words}', '{statistic}', {PERIOD_SECONDS})"


def _by_feature(subject: DashboardSubject, term: str, title: str, statistic: str) -> Widget:
    dimensions = {
        "Endpoint": subject.endpoint_name,
        "MonitoringSchedule": subject.schedules.get(naming.DATA_QUALITY, ""),
    }
    found = search(DATA_METRICS, dimensions, statistic, term)
    expression = f"SORT({found}, MAX, DESC, {FEATURES_SHOWN})"
    return _graph(subject, title, [[{"expression": expression, "id": "features"}]], period=PERIOD_SECONDS)


def _model_quality(subject: DashboardSubject) -> Widget:
    dimensions = {"Endpoint": subject.endpoint_name, "MonitoringSchedule": subject.schedules[naming.MODEL_QUALITY]}
    expression = search(MODEL_METRICS, dimensions, "Average")
    return _graph(subject, "Model quality", [[{"expression": expression, "id": "quality"}]], period=PERIOD_SECONDS)


def _endpoint_metric(subject: DashboardSubject, metric: str, **rendering: Any) -> list[Any]:
    dimensions = ("EndpointName", subject.endpoint_name, "VariantName", subject.variant_name)
    return ["AWS/SageMaker", metric, *dimensions, rendering]


def _invocations(subject: DashboardSubject) -> Widget:
    return _graph(subject, "Invocations", [_endpoint_metric(subject, "Invocations", stat="Sum")], period=300)


def _errors(subject: DashboardSubject) -> Widget:
    metrics = [_endpoint_metric(subject, name, stat="Sum") for name in ("Invocation4XXErrors", "Invocation5XXErrors")]
    return _graph(subject, "Errors of the endpoint", metrics, period=300)


def _latency(subject: DashboardSubject) -> Widget:
    metrics = [_endpoint_metric(subject, "ModelLatency", stat=stat, label=stat) for stat in ("p50", "p99")]
    return _graph(subject, "Latency of the model (microseconds)", metrics, period=300)


def _dead_letters(subject: DashboardSubject) -> Widget:
    """More than none: a function could not do its work, and somebody was not told."""
    metrics = [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name, {"stat": "Maximum"}]
        for name in subject.dead_letter_queue_names
    ]
    return _graph(subject, "Events that a function could not handle", metrics, period=300)


def _log_query(subject: DashboardSubject) -> Widget:
    """All jobs of the account write to one group; jobs of Model Monitor have "monitoring" in their streams' names."""
    query = " | ".join(
        (
            f"SOURCE '{naming.PROCESSING_LOG_GROUP}'",
            "fields @timestamp, @logStream, @message",
            "filter @logStream like /monitoring|baseline/",
            "filter @message like /(?i)error|exception|violation/",
            "sort @timestamp desc",
            "limit 50",
        )
    )
    return {
        "type": "log",
        "properties": {"title": "Logs of the monitor", "region": subject.region, "view": "table", "query": query},
    }


class MonitoringDashboardArgs(TypedDict):
    """A dashboard of one monitored endpoint."""

    endpoint_name: pulumi.Input[str]
    variant_name: str
    """The production variant whose invocations are shown."""
    metric_namespace: str
    """Where `ConstraintViolations` and `JobFailures` are published."""
    schedules: Mapping[str, pulumi.Input[str]]
    """Names of the schedules, by kind: `data-quality`, `model-quality`."""
    alerting: NotRequired[AlertingArgs]
    """As given to the alarms: the same thresholds are drawn as lines."""
    alarm_arns: Sequence[pulumi.Input[str]]
    """Alarms whose state is shown."""
    dead_letter_queue_names: NotRequired[Sequence[pulumi.Input[str]]]
    """Queues of events that a function could not handle. Default none."""


class MonitoringDashboard(pulumi.ComponentResource):
    """A CloudWatch dashboard; its name follows the endpoint's."""

    dashboard_name: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]

    def __init__(self, name: str, args: MonitoringDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        rules = alarm_rules(AlertingSettings.from_args(args.get("alerting") or {}))
        super().__init__("model-monitoring:index:MonitoringDashboard", name, {}, opts)
        region = look_up_place(self).apply(lambda place: place.region)

        def body(found: list[Any]) -> str:
            region, endpoint_name, schedules, alarm_arns, queue_names = found
            subject = DashboardSubject(
                region=region,
                endpoint_name=endpoint_name,
                variant_name=args["variant_name"],
                metric_namespace=args["metric_namespace"],
                schedules=schedules,
                rules=rules,
                alarm_arns=alarm_arns,
                dead_letter_queue_names=queue_names,
            )
            return json.dumps(dashboard_body(subject))

        dashboard = aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=pulumi.Output.from_input(args["endpoint_name"]).apply(naming.dashboard_name),
            dashboard_body=pulumi.Output.all(
                region,
                args["endpoint_name"],
                dict(args["schedules"]),
                list(args["alarm_arns"]),
                list(args.get("dead_letter_queue_names") or []),
            ).apply(body),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dashboard_name = dashboard.dashboard_name
        self.dashboard_url = pulumi.Output.all(region, self.dashboard_name).apply(
            lambda found: naming.dashboard_url(found[0], found[1])
        )
        self.register_outputs({"dashboard_name": self.dashboard_name, "dashboard_url": self.dashboard_url})
