"""The dashboard: what was found, feature by feature; whether the monitors ran; how the endpoint does."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.alerting import (
    PERIOD_SECONDS,
    AlarmRule,
    Metric,
    alarm_rules,
    schedule_metric,
)
from components.args import AlertingArgs, AlertingSettings, check_component_name
from components.dashboard.widgets import Row, Widget, alarm_states, graph, laid_out, log_table, search, threshold_lines
from components.iam import look_up_context
from components.monitors import MONITOR_KINDS, MetricGraph
from contract import metrics
from contract.monitor_kinds import DATA_QUALITY, KINDS, MODEL_QUALITY, MonitorKind

ENDPOINT_PERIOD_SECONDS: Final = 300
STREAM_PERIOD_SECONDS: Final = 60


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
    critical_alarm_arns: Sequence[str]
    dead_letter_queue_names: Sequence[str]
    namespaces: Mapping[str, str] = field(default_factory=dict)
    """Where what a kind of monitor measures is published, by kind; where it is not named, Model Monitor's."""
    open_schedules: Mapping[str, str] = field(default_factory=dict)
    """Of the open engine, by kind; their health is shown."""
    of_batches: Sequence[str] = ()
    """Kinds that Model Monitor has look at transform jobs: their metrics have no endpoint."""
    compares_engines: bool = False
    estimates_quality: bool = False
    stream_monitor: str | None = None
    """As what a stream is named in metrics; its function is `stream_function`."""
    stream_function: str | None = None


def dashboard_body(subject: DashboardSubject) -> dict[str, Any]:
    """The body that CloudWatch takes: widgets in rows on a grid of 24 columns."""
    rows = [
        Row(height=4, widgets=_alarms(subject)),
        Row(
            height=6,
            widgets=[
                _own_metric(subject, metrics.CONSTRAINT_VIOLATIONS, "Constraint violations"),
                *_largest_effect(subject),
                _own_metric(subject, metrics.JOB_FAILURES, "Failed jobs"),
            ],
        ),
    ]
    rows += [
        Row(height=6, widgets=[_measured(subject, kind.kind, shown) for shown in kind.graphs])
        for kind in MONITOR_KINDS
        if kind.kind.name in subject.schedules
    ]
    if subject.estimates_quality:
        rows.append(Row(height=6, widgets=[_estimated(subject)]))
    if subject.open_schedules:
        rows.append(Row(height=6, widgets=_open_engine(subject)))
    if subject.stream_monitor:
        rows.append(Row(height=6, widgets=_stream(subject, subject.stream_monitor)))
    rows += [
        Row(height=6, widgets=[_invocations(subject), _errors(subject), _latency(subject)]),
        Row(height=6, widgets=[_logs(subject)]),
    ]
    if subject.dead_letter_queue_names:
        rows.append(Row(height=6, widgets=[_dead_letters(subject)]))
    return {"widgets": laid_out(rows)}


def _alarms(subject: DashboardSubject) -> list[Widget]:
    if not subject.critical_alarm_arns:
        return [alarm_states("Alarms", subject.alarm_arns)]
    critical = alarm_states("Critical alarms", subject.critical_alarm_arns)
    return [critical, alarm_states("Warnings", subject.alarm_arns)] if subject.alarm_arns else [critical]


def _largest_effect(subject: DashboardSubject) -> list[Widget]:
    """Graph the largest effect of all findings, where an alarm listens to it."""
    if not any(rule.metric_name == metrics.LARGEST_EFFECT for rule in subject.rules):
        return []
    return [_own_metric(subject, metrics.LARGEST_EFFECT, "Largest effect (1: just material)")]


def _own_metric(subject: DashboardSubject, name: str, title: str) -> Widget:
    """Violations or failed jobs of every schedule, with the lines from which on alarms are raised."""
    return graph(
        subject.region,
        title,
        [
            schedule_metric(subject.metric_namespace, name, subject.endpoint_name, schedule).row(label=kind)
            for kind, schedule in subject.schedules.items()
        ],
        period=PERIOD_SECONDS,
        yAxis={"left": {"min": 0}},
        annotations=threshold_lines([rule for rule in subject.rules if rule.metric_name == name]),
    )


def _open_engine(subject: DashboardSubject) -> list[Widget]:
    """Whether its monitors ran, whether they found data, and with two engines whether these agree."""
    # Every run that ended has left a 0 or a 1 there.
    shown = [
        (metrics.JOB_FAILURES, "Runs that ended", "SampleCount"),
        (metrics.NO_DATA, "Windows without data", "Maximum"),
    ]
    if subject.compares_engines:
        shown.append((metrics.AGREEMENT, "Agreement of the engines (share of features)", "Minimum"))
    health = [
        graph(
            subject.region,
            title,
            [
                schedule_metric(subject.metric_namespace, name, subject.endpoint_name, schedule).row(
                    label=kind, stat=statistic
                )
                for kind, schedule in subject.open_schedules.items()
            ],
            period=PERIOD_SECONDS,
            yAxis={"left": {"min": 0}},
        )
        for name, title, statistic in shown
    ]
    return [*health, *_not_rung(subject)]


def _not_rung(subject: DashboardSubject) -> list[Widget]:
    """What is known to move and rings nobody yet, and what a monitor has still to learn."""
    kinds = [kind for kind in (DATA_QUALITY, MODEL_QUALITY) if kind in subject.open_schedules]
    shown = (
        (metrics.GROWING_FEATURES, "Growing, not yet material (features, metrics)"),
        (metrics.WINDOWS_TO_LEARN, "Learning: windows still to be seen"),
    )
    return [
        graph(
            subject.region,
            title,
            [
                schedule_metric(
                    KINDS[kind].metric_namespace, name, subject.endpoint_name, subject.open_schedules[kind]
                ).row(label=kind, stat="Maximum")
                for kind in kinds
            ],
            period=PERIOD_SECONDS,
            yAxis={"left": {"min": 0}},
        )
        for name, title in shown
        if kinds
    ]


def _stream(subject: DashboardSubject, monitor: str) -> list[Widget]:
    """What has changed within seconds, whether anything comes, and how late it is read."""

    def of_stream(name: str, statistic: str) -> Any:
        metric = schedule_metric(subject.metric_namespace, name, subject.endpoint_name, monitor)
        return metric.row(label=name, stat=statistic)

    age = Metric(
        namespace="AWS/Lambda",
        name="IteratorAge",
        dimensions={"FunctionName": subject.stream_function or ""},
        statistic="Maximum",
    )
    shown = [
        ("Stream: features that have changed", [of_stream(metrics.DRIFTING_FEATURES, "Maximum")]),
        (
            "Stream: records, and those that cannot be read",
            [of_stream(metrics.STREAM_RECORDS, "Sum"), of_stream(metrics.UNREADABLE_RECORDS, "Sum")],
        ),
        ("Stream: how late it is read (milliseconds)", [age.row()]),
    ]
    return [
        graph(subject.region, title, rows, period=STREAM_PERIOD_SECONDS, yAxis={"left": {"min": 0}})
        for title, rows in shown
    ]


def _measured(subject: DashboardSubject, kind: MonitorKind, shown: MetricGraph) -> Widget:
    """A graph of what a kind of monitor measures."""
    dimensions = metrics.of_schedule(subject.endpoint_name, subject.schedules[kind.name])
    namespace = subject.namespaces.get(kind.name, kind.model_monitor_namespace)
    if kind.name in subject.of_batches:  # Model Monitor knows no endpoint of theirs
        dimensions = {name: value for name, value in dimensions.items() if value != subject.endpoint_name}
        namespace = kind.batch_namespace
    terms = [shown.term] if shown.term else []
    expression = search(namespace, dimensions, shown.statistic, *terms, more=shown.dimensions)
    if shown.most is not None:
        expression = f"SORT({expression}, MAX, DESC, {shown.most})"
    return graph(subject.region, shown.title, [[{"expression": expression, "id": "measured"}]], period=PERIOD_SECONDS)


def _estimated(subject: DashboardSubject) -> Widget:
    """Model quality before its labels come; the open engine's data-quality runs estimate it."""
    kind = KINDS[DATA_QUALITY]
    schedule = subject.open_schedules.get(kind.name, subject.schedules[kind.name])
    dimensions = metrics.of_schedule(subject.endpoint_name, schedule)
    expression = search(kind.metric_namespace, dimensions, "Average", "estimated_")
    title = "Model quality before labels (an estimate, with its interval)"
    return graph(subject.region, title, [[{"expression": expression, "id": "estimated"}]], period=PERIOD_SECONDS)


def _endpoint_metric(subject: DashboardSubject, name: str, statistic: str) -> Metric:
    dimensions = {"EndpointName": subject.endpoint_name, "VariantName": subject.variant_name}
    return Metric(namespace="AWS/SageMaker", name=name, dimensions=dimensions, statistic=statistic)


def _invocations(subject: DashboardSubject) -> Widget:
    shown = [_endpoint_metric(subject, "Invocations", "Sum").row()]
    return graph(subject.region, "Invocations", shown, period=ENDPOINT_PERIOD_SECONDS)


def _errors(subject: DashboardSubject) -> Widget:
    names = ("Invocation4XXErrors", "Invocation5XXErrors")
    shown = [_endpoint_metric(subject, name, "Sum").row() for name in names]
    return graph(subject.region, "Errors of the endpoint", shown, period=ENDPOINT_PERIOD_SECONDS)


def _latency(subject: DashboardSubject) -> Widget:
    shown = [_endpoint_metric(subject, "ModelLatency", stat).row(label=stat) for stat in ("p50", "p99")]
    return graph(subject.region, "Latency of the model (microseconds)", shown, period=ENDPOINT_PERIOD_SECONDS)


def _dead_letters(subject: DashboardSubject) -> Widget:
    """More than none: a function could not do its work, and somebody was not told."""
    shown = [
        Metric(namespace="AWS/SQS", name="ApproximateNumberOfMessagesVisible", dimensions={"QueueName": name}).row()
        for name in subject.dead_letter_queue_names
    ]
    title = "Events that a function could not handle"
    return graph(subject.region, title, shown, period=ENDPOINT_PERIOD_SECONDS)


def _logs(subject: DashboardSubject) -> Widget:
    """All jobs of the account write to one group; jobs of Model Monitor have "monitoring" in their streams' names.

    Those of the open engine are called by monitor and window, `churn-dq-202601311200-1a2b3c`.
    """
    kinds = "|".join(KINDS[kind].short for kind in subject.open_schedules)
    streams = "monitoring|baseline" + (rf"|-({kinds})-\d{{12}}-" if kinds else "")
    return log_table(
        subject.region,
        "Logs of the monitor",
        naming.PROCESSING_LOG_GROUP,
        "fields @timestamp, @logStream, @message",
        f"filter @logStream like /{streams}/",
        "filter @message like /(?i)error|exception|violation/",
        "sort @timestamp desc",
        "limit 50",
    )


class MonitoringDashboardArgs(TypedDict):
    """A dashboard of one monitored endpoint."""

    endpoint_name: pulumi.Input[str]
    name_stem: NotRequired[pulumi.Input[str]]
    """What the dashboard is named after. Default the endpoint's name."""
    variant_name: str
    """The production variant whose invocations are shown."""
    metric_namespace: str
    """Where `ConstraintViolations` and `JobFailures` are published."""
    schedules: Mapping[str, pulumi.Input[str]]
    """Names of the schedules, by kind: `data-quality`, `model-quality`."""
    alerting: NotRequired[AlertingArgs]
    """As given to the alarms: the same thresholds are drawn as lines."""
    alarm_arns: Sequence[pulumi.Input[str]]
    """Alarms whose state is shown; without `critical_alarm_arns` all of them, otherwise the warnings."""
    critical_alarm_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Alarms whose state is shown first, in a widget of its own. Default none."""
    dead_letter_queue_names: NotRequired[Sequence[pulumi.Input[str]]]
    """Queues of events that a function could not handle. Default none."""
    measured_namespaces: NotRequired[Mapping[str, str]]
    """Namespaces of what the monitors measure, by kind. Default Model Monitor's."""
    open_schedules: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Names of the open engine's schedules, by kind; their health is shown. Default none."""
    estimates_quality: NotRequired[bool]
    """Model quality is estimated before labels come, and shown. Default false."""
    compares_engines: NotRequired[bool]
    """Two engines are held against each other, and their agreement is shown. Default false."""
    stream_monitor: NotRequired[pulumi.Input[str]]
    """What a watched stream is called in metrics, in place of a schedule. Default none: there is no stream."""
    stream_function: NotRequired[pulumi.Input[str]]
    """The function that reads it."""


class MonitoringDashboard(pulumi.ComponentResource):
    """A CloudWatch dashboard; its name follows the endpoint's."""

    dashboard_name: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]

    def __init__(self, name: str, args: MonitoringDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        self._build(
            name,
            args,
            alerting=AlertingSettings.from_args(args.get("alerting") or {}),
            namespaces=args.get("measured_namespaces") or {},
            opts=opts,
        )

    @classmethod
    def from_settings(
        cls,
        name: str,
        args: MonitoringDashboardArgs,
        opts: pulumi.ResourceOptions,
        *,
        alerting: AlertingSettings,
        namespaces: Mapping[str, str],
        of_batches: Sequence[str] = (),
    ) -> Self:
        """Make it from settings that are checked already; of `args` only what is no setting is read. `of_batches`:
        kinds that Model Monitor has look at transform jobs.
        """
        made = cls.__new__(cls)
        made._build(name, args, alerting=alerting, namespaces=namespaces, opts=opts, of_batches=of_batches)
        return made

    def _build(
        self,
        name: str,
        args: MonitoringDashboardArgs,
        *,
        alerting: AlertingSettings,
        namespaces: Mapping[str, str],
        opts: pulumi.ResourceOptions | None,
        of_batches: Sequence[str] = (),
    ) -> None:
        rules = alarm_rules(alerting)
        super().__init__("model-monitoring:index:MonitoringDashboard", name, {}, opts)
        region = look_up_context(self).apply(lambda place: place.region)

        def body(found: dict[str, Any]) -> str:
            subject = DashboardSubject(
                variant_name=args["variant_name"],
                metric_namespace=args["metric_namespace"],
                rules=rules,
                namespaces=namespaces,
                of_batches=tuple(of_batches),
                compares_engines=args.get("compares_engines", False),
                estimates_quality=args.get("estimates_quality", False),
                **found,
            )
            return json.dumps(dashboard_body(subject))

        dashboard = aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=pulumi.Output.all(args.get("name_stem") or args["endpoint_name"], region).apply(
                lambda found: naming.dashboard_name(found[0], found[1])
            ),
            dashboard_body=pulumi.Output.all(
                region=region,
                endpoint_name=args["endpoint_name"],
                schedules=dict(args["schedules"]),
                alarm_arns=list(args["alarm_arns"]),
                critical_alarm_arns=list(args.get("critical_alarm_arns") or []),
                dead_letter_queue_names=list(args.get("dead_letter_queue_names") or []),
                open_schedules=dict(args.get("open_schedules") or {}),
                stream_monitor=args.get("stream_monitor"),
                stream_function=args.get("stream_function"),
            ).apply(body),
            # Its name may come again, when a deployment that failed is reverted: the engine would write it again, and
            # then delete what it has just written.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.dashboard_name = dashboard.dashboard_name
        self.dashboard_url = pulumi.Output.all(region, self.dashboard_name).apply(
            lambda found: naming.dashboard_url(found[0], found[1])
        )
        self.register_outputs({"dashboard_name": self.dashboard_name, "dashboard_url": self.dashboard_url})
