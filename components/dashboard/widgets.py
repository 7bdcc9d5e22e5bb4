"""Widgets of CloudWatch dashboards, and how they are laid out: plain values in, plain values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.alerting import PERIOD_SECONDS, AlarmRule
from components.args import CRITICAL, WARNING

GRID_WIDTH: Final = 24
# CloudWatch's own orange and red.
COLOURS: Final[Mapping[str, str]] = {WARNING: "#ff7f0e", CRITICAL: "#d62728"}

Widget = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """Widgets side by side; they share the width."""

    height: int
    widgets: Sequence[Widget]


def laid_out(rows: Sequence[Row]) -> list[Widget]:
    """Rows below each other, on the grid of 24 columns."""
    widgets, y = [], 0
    for row in rows:
        width = GRID_WIDTH // len(row.widgets)
        widgets += [
            {"x": i * width, "y": y, "width": width, "height": row.height, **widget}
            for i, widget in enumerate(row.widgets)
        ]
        y += row.height
    return widgets


def graph(region: str, title: str, metrics: Sequence[Any], *, period: int, **properties: Any) -> Widget:
    """Lines over time; `period` in seconds."""
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": region,
            "view": "timeSeries",
            "stacked": False,
            "period": period,
            "metrics": list(metrics),
            **properties,
        },
    }


def alarm_states(title: str, arns: Sequence[str]) -> Widget:
    return {"type": "alarm", "properties": {"title": title, "alarms": list(arns)}}


def threshold_lines(rules: Sequence[AlarmRule]) -> dict[str, Any]:
    """From when on alarms ring, drawn from the very rules that make them."""
    return {
        "horizontal": [
            {
                "label": f"{rule.severity}: {rule.condition}",
                "value": rule.threshold,
                "color": COLOURS[rule.severity],
                "fill": "above",
            }
            for rule in rules
        ]
    }


def log_table(region: str, title: str, log_group: str, *commands: str) -> Widget:
    """The answer to a query of CloudWatch Logs Insights."""
    query = " | ".join((f"SOURCE '{log_group}'", *commands))
    return {"type": "log", "properties": {"title": title, "region": region, "view": "table", "query": query}}


def search(namespace: str, dimensions: Mapping[str, str], statistic: str, *terms: str, more: Sequence[str] = ()) -> str:
    """A CloudWatch search: metrics with exactly these dimensions and those of `more`, whatever their values, and with
    every word of `terms` in their names.
    """
    schema = ",".join((f'"{namespace}"', *dimensions, *more))
    words = " ".join((*(f'{name}="{value}"' for name, value in dimensions.items()), *terms))
    return f"SEARCH('{{{schema}}} {words}', '{statistic}', {PERIOD_SECONDS})"
