"""The dashboards of a fleet: which models drift, are silent, fail; found by search, the worst first.

Nothing is listed: CloudWatch searches the project's metrics each time that somebody looks, in this account and in those
linked to it. What one dashboard and one search can hold is limited, and the widgets are spread over as many dashboards
as that takes. Pure functions.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from components.args import ArgumentError
from components.dashboard import GRID_WIDTH, Widget, alarm_states, graph, log_table
from contract import metrics
from contract.monitor_kinds import BIAS, DATA_QUALITY, KINDS, MODEL_QUALITY

# CloudWatch's limits as this project takes them: a search gives 100 metrics, a dashboard shows 500, a body has 1 MB.
METRICS_A_SEARCH: Final = 100
METRICS_A_DASHBOARD: Final = 500
BODY_BYTES: Final = 1_000_000
DAY: Final = 86_400
HOUR: Final = 3600
# What stands for the chosen model in the second kind of dashboard, until somebody chooses one.
CHOSEN: Final = "model-of-the-fleet"
# A word that the namespaces of all stacks have, and that a search finds in them.
_WORD: Final = metrics.STACK_NAMESPACES.rstrip("/")
# Those that are the better the higher they are; a search takes them by their exact names.
_QUALITY: Final = f"MetricName=({' OR '.join(chr(34) + name + chr(34) for name in metrics.VERSION_QUALITY)})"
_GREEN: Final = "#2ca02c"
_ORANGE: Final = "#ff7f0e"
_RED: Final = "#d62728"


@dataclass(frozen=True, slots=True)
class Group:
    """Models that are shown together. `term` is added to searches: a word of their endpoints' names, or an account."""

    title: str
    term: str = ""


@dataclass(frozen=True, kw_only=True)
class FleetSubject:
    """What the dashboards show; plain values."""

    name: str
    region: str
    groups: Sequence[Group] = (Group("All models"),)
    alarm_arns: Sequence[str] = ()
    usd_a_run: float = 0.0
    silent_hours: float = 26.0
    findings_log_group: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    """Links for people, by what they lead to."""


@dataclass(frozen=True, slots=True)
class Part:
    """A widget, how wide and high it is, and how many metrics it may show."""

    widget: Widget
    metrics: int
    width: int = GRID_WIDTH
    height: int = 8


def search(name: str, statistic: str, period: int, term: str = "") -> str:
    """A search for a metric of all stacks by its name; CloudWatch has no search for the beginning of a namespace."""
    words = " ".join(part for part in (_WORD, f'MetricName="{name}"', term) if part)
    return f"SEARCH('{words}', '{statistic}', {period})"


def worst_first(expression: str, function: str = "MAX", order: str = "DESC") -> str:
    """The search's metrics, sorted, as many as a search gives."""
    return f"SORT({expression}, {function}, {order}, {METRICS_A_SEARCH})"


def bodies(subject: FleetSubject) -> dict[str, dict[str, Any]]:
    """The dashboards' bodies by their names: the overview first, as many as the limits ask for, and one for a model.

    Raises
    ------
    ArgumentError
        If one is larger than CloudWatch takes.
    """
    packed = _packed(_overview(subject))
    names = [f"{subject.name}-fleet" + (f"-{number}" if number > 1 else "") for number in range(1, len(packed) + 1)]
    model = f"{subject.name}-fleet-model"
    found = {}
    for name, parts in zip(names, packed, strict=True):
        heading = _heading(subject, [other for other in (*names, model) if other != name])
        found[name] = {"start": "-P7D", "periodOverride": "inherit", "widgets": _laid_out([heading, *parts])}
    found[model] = _model_body(subject, names)
    for name, body in found.items():
        size = len(json.dumps(body).encode())
        if size > BODY_BYTES:
            raise ArgumentError(
                f"the dashboard {name} has {size:,} bytes; CloudWatch takes {BODY_BYTES:,}: give fewer groups"
            )
    return found


def _packed(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts in their order, on as few dashboards as the number of metrics allows."""
    dashboards: list[list[Part]] = [[]]
    for part in parts:
        if sum(item.metrics for item in dashboards[-1]) + part.metrics > METRICS_A_DASHBOARD:
            dashboards.append([])
        dashboards[-1].append(part)
    return dashboards


def _overview(subject: FleetSubject) -> list[Part]:
    parts = [_alarms(subject), _numbers(subject)]
    for group in subject.groups:
        parts += [_findings(subject, group), _silence(subject, group), _failures(subject, group)]
    for group in subject.groups:
        parts += [_quality(subject, group), _cost(subject, group), *_versions(subject, group)]
    if subject.findings_log_group:
        parts.append(_states(subject, subject.findings_log_group))
    return parts


def _heading(subject: FleetSubject, others: Sequence[str]) -> Part:
    links = {other: f"#dashboards/dashboard/{other}" for other in others} | dict(subject.notes)
    written = " | ".join(f"[{title}]({link})" for title, link in links.items())
    says = "The worst first; a model appears when its monitor has run."
    text = f"# {subject.name}: all monitored models\n{says}\n\n{written}"
    return Part({"type": "text", "properties": {"markdown": text}}, 0, height=3)


def _alarms(subject: FleetSubject) -> Part:
    return Part(alarm_states("The fleet's alarms", subject.alarm_arns), 0, width=12, height=5)


def _numbers(subject: FleetSubject) -> Part:
    names = {
        metrics.MODELS: "models",
        metrics.DRIFTING_MODELS: "drifting",
        metrics.SILENT_MODELS: "silent",
        metrics.FAILING_MODELS: "failing",
    }
    rows = [
        [metrics.FLEET_NAMESPACE, name, metrics.FLEET, subject.name, {"label": label, "stat": "Maximum"}]
        for name, label in names.items()
    ]
    widget = graph(subject.region, "Now", rows, period=HOUR, view="singleValue", sparkline=True)
    return Part(widget, len(rows), width=12, height=5)


def _table(subject: FleetSubject, title: str, expression: str, *, period: int, levels: Mapping[float, str]) -> Widget:
    """One line a metric, one column a period: cells take the colours of the levels that they reach."""
    return graph(
        subject.region,
        title,
        [[{"expression": expression, "id": "found", "label": ""}]],
        period=period,
        view="table",
        table={"layout": "horizontal", "showTimeSeriesData": True, "stickySummary": True, "summaryColumns": ["MAX"]},
        annotations={
            "horizontal": [{"value": value, "color": colour, "fill": "above"} for value, colour in levels.items()]
        },
    )


def _findings(subject: FleetSubject, group: Group) -> Part:
    expression = worst_first(search(metrics.CONSTRAINT_VIOLATIONS, "Maximum", DAY, group.term))
    title = f"{group.title}: findings by day"
    widget = _table(subject, title, expression, period=DAY, levels={0.5: _ORANGE, 5: _RED})
    return Part(widget, METRICS_A_SEARCH, height=10)


def _silence(subject: FleetSubject, group: Group) -> Part:
    expression = worst_first(search(metrics.HOURS_SILENT, "Maximum", HOUR, group.term))
    title = f"{group.title}: hours of silence"
    line = {"label": "silent", "value": subject.silent_hours, "color": _RED}
    rows = [[{"expression": expression, "id": "found"}]]
    widget = graph(subject.region, title, rows, period=HOUR, annotations={"horizontal": [line]})
    return Part(widget, METRICS_A_SEARCH, width=12)


def _failures(subject: FleetSubject, group: Group) -> Part:
    expression = worst_first(search(metrics.JOB_FAILURES, "Sum", DAY, group.term), "SUM")
    title = f"{group.title}: failed runs by day"
    widget = _table(subject, title, expression, period=DAY, levels={0.5: _RED})
    return Part(widget, METRICS_A_SEARCH, width=12)


def _quality(subject: FleetSubject, group: Group) -> Part:
    """The metrics that are better the higher they are, the lowest first."""
    schema = f'{{"{metrics.OPEN_MODEL_METRICS}",{metrics.ENDPOINT},{metrics.MONITORING_SCHEDULE}}}'
    expression = worst_first(
        f"SEARCH('{' '.join(part for part in (schema, _QUALITY, group.term) if part)}', 'Average', {DAY})", "AVG", "ASC"
    )
    widget = _table(subject, f"{group.title}: quality by day", expression, period=DAY, levels={0.8: _GREEN})
    return Part(widget, METRICS_A_SEARCH, width=12)


def _versions(subject: FleetSubject, group: Group) -> list[Part]:
    """Variants and versions side by side, a line each: drift, quality, bias. A new version is a new line by itself."""
    dimensions = f"{metrics.ENDPOINT},{metrics.VARIANT},{metrics.VERSION}"

    def of(kind: str, wanted: str, statistic: str) -> str:
        schema = f'{{"{KINDS[kind].metric_namespace}",{dimensions}}}'
        query = " ".join(word for word in (schema, wanted, group.term) if word)
        return f"SEARCH('{query}', '{statistic}', {DAY})"

    drift = of(DATA_QUALITY, f'MetricName="{metrics.VERSION_DRIFTED_SHARE}"', "Maximum")
    bias = of(BIAS, f'MetricName="{metrics.VERSION_FINDINGS}"', "Maximum")
    quality = worst_first(of(MODEL_QUALITY, _QUALITY, "Average"), "AVG", "ASC")
    rows = (
        ("share of features that drift", worst_first(drift), {0.001: _ORANGE, 0.25: _RED}),
        ("quality", quality, {0.8: _GREEN}),
        ("bias findings", worst_first(bias), {0.5: _RED}),
    )
    return [
        Part(
            _table(subject, f"{group.title}: {what} by version and day", expression, period=DAY, levels=levels),
            METRICS_A_SEARCH,
            width=12,
        )
        for what, expression, levels in rows
    ]


def _cost(subject: FleetSubject, group: Group) -> Part:
    """Runs a day, at what one costs: an estimate, since an event may come twice; the bill has the rest."""
    runs = f"SUM({search(metrics.JOB_FAILURES, 'SampleCount', DAY, group.term)})"
    rows = [
        [{"expression": runs, "id": "runs", "label": "runs a day"}],
        [{"expression": f"{subject.usd_a_run:g}*runs", "id": "usd", "label": "USD a day, estimated", "yAxis": "right"}],
    ]
    title = f"{group.title}: cost of the monitors' runs"
    return Part(graph(subject.region, title, rows, period=DAY), METRICS_A_SEARCH, width=12)


def _states(subject: FleetSubject, log_group: str) -> Part:
    """The last state of every alarm of every stack that was told to the fleet's event bus, the ringing ones first."""
    widget = log_table(
        subject.region,
        "Alarms of all stacks, the ringing ones first",
        log_group,
        "fields @timestamp, account, region, detail.alarmName, detail.state.value",
        "stats latest(detail.state.value) as state, latest(@timestamp) as since by account, region, detail.alarmName",
        "sort state asc, since desc",
        "limit 100",
    )
    return Part(widget, 0)


def _model_body(subject: FleetSubject, overviews: Sequence[str]) -> dict[str, Any]:
    """One model, chosen from those that there are: its features and its quality, when somebody asks."""
    dimensions = f"{metrics.ENDPOINT},{metrics.MONITORING_SCHEDULE}"
    chosen = f'{metrics.ENDPOINT}="{CHOSEN}"'

    def found(namespace: str, term: str, statistic: str) -> str:
        return worst_first(f"SEARCH('{{\"{namespace}\",{dimensions}}} {chosen} {term}', '{statistic}', {HOUR})")

    parts = [
        _heading(subject, overviews),
        _series(subject, "PSI by feature", found(metrics.OPEN_DATA_METRICS, "feature_psi", "Maximum")),
        _series(subject, "Distance by feature", found(metrics.OPEN_DATA_METRICS, "feature_baseline_drift", "Maximum")),
        _series(subject, "Quality", found(metrics.OPEN_MODEL_METRICS, _QUALITY, "Average")),
        _series(subject, "Findings", worst_first(search(metrics.CONSTRAINT_VIOLATIONS, "Maximum", HOUR, chosen))),
    ]
    variable = {
        "type": "pattern",
        "pattern": CHOSEN,
        "inputType": "select",
        "id": "model",
        "label": "Model",
        "defaultValue": "__FIRST",
        "visible": True,
        "search": f'{_WORD} MetricName="{metrics.HOURS_SILENT}"',
        "populateFrom": metrics.ENDPOINT,
    }
    return {"start": "-P7D", "periodOverride": "inherit", "variables": [variable], "widgets": _laid_out(parts)}


def _series(subject: FleetSubject, title: str, expression: str) -> Part:
    widget = graph(subject.region, title, [[{"expression": expression, "id": "found"}]], period=HOUR)
    return Part(widget, METRICS_A_SEARCH, width=12)


def _laid_out(parts: Sequence[Part]) -> list[Widget]:
    """Lay widgets out from left to right, in rows of 24 columns."""
    widgets, x, y, row = [], 0, 0, 0
    for part in parts:
        if x + part.width > GRID_WIDTH:
            x, y, row = 0, y + row, 0
        widgets.append({"x": x, "y": y, "width": part.width, "height": part.height, **part.widget})
        x, row = x + part.width, max(row, part.height)
    return widgets
