"""What a month of hourly monitoring costs beside the endpoint, from the resources that the program makes.

docs/cost.md has the prices and the same arithmetic in words; this holds the two together.
"""

import math
from pathlib import Path
from typing import Any, Final

import pulumi
import pytest

from components import ModelMonitoringStack
from contract import metrics
from tests.components.mocked_runtime import Run, run_program

COST_PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "cost.md"
HOURS: Final = 730
FEATURES: Final = 20
# us-east-1's list prices in USD, without the free tier.
GB_SECOND, REQUEST, METRIC, ALARM, DASHBOARD = 0.0000133334, 0.005 / 1000, 0.30, 0.10, 3.00
# Measured and rounded up (docs/cost.md): a window in the function for small windows, and the start of a run.
WINDOW_SECONDS, START_SECONDS, REQUESTS_A_RUN = 10, 1, 20
# What is published in every hour. CloudWatch bills a metric by the hours that have it, and the others are published of
# what is out of order: `NoData`, `LostWindows`, `LeftOutFiles`, metrics of features.
STEADY: Final = (metrics.CONSTRAINT_VIOLATIONS, metrics.JOB_FAILURES, metrics.HOURS_SILENT)
# What the watch over the monitors asks CloudWatch in every hour: billed by the metrics that are read, and a run leaves
# three.
WATCH_QUESTIONS, QUESTION = 3, 0.01 / 1000


@pytest.fixture(scope="module")
def hourly() -> Run:
    """The cheapest monitoring of 20 features every hour, with everything that comes with it."""
    header = ",".join(f"feature_{number}" for number in range(FEATURES))
    row = ",".join("1" for _ in range(FEATURES))
    args: Any = {
        "baseline": {"data": pulumi.StringAsset(f"{header}\n{row}\n")},
        "open_engine": {
            "small_windows": {"layer": pulumi.AssetArchive({"python/numpy/__init__.py": pulumi.StringAsset("")})}
        },
        "alerting": {"emails": ["team@example.com"]},
    }
    return run_program(lambda: ModelMonitoringStack("churn", args), stack="test")


def gigabytes(run: Run, function: str) -> float:
    return float(run.one("aws:lambda/function:Function", function).inputs["memorySize"]) / 1024


def test_a_month_of_hourly_monitoring_costs_five_dollars_at_most(hourly: Run) -> None:
    alarms = len(hourly.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"))
    [watch, _] = sorted(item.name for item in hourly.of_type("aws:scheduler/schedule:Schedule"))
    assert watch == "churn-hourly-monitor-watch"  # the other one is the monitor's
    functions = (
        HOURS
        * GB_SECOND
        * (
            WINDOW_SECONDS * gigabytes(hourly, "churn-monitor-window")
            + START_SECONDS * gigabytes(hourly, "churn-start-monitor")
            + START_SECONDS * gigabytes(hourly, "churn-monitor-watch")
        )
    )
    costs = {
        "the functions": functions,
        "requests to S3": HOURS * REQUESTS_A_RUN * REQUEST,
        "questions to CloudWatch": HOURS * WATCH_QUESTIONS * QUESTION,
        "metrics": len(STEADY) * METRIC,
        "alarms": alarms * ALARM,
        "dashboard": len(hourly.of_type("aws:cloudwatch/dashboard:Dashboard")) * DASHBOARD,
    }
    total = sum(costs.values())
    assert total <= 5
    page = COST_PAGE.read_text(encoding="utf-8")
    for name, cost in costs.items():
        # The first table: what is off by default has one of its own.
        row = next(line for line in page.splitlines() if line.startswith(f"| {name}"))
        assert row.endswith(f"| {cost:.2f} |"), (name, cost)
    assert f"**{total:.2f}**" in page


def test_every_feature_in_every_hour_would_cost_seven_times_as_much(hourly: Run) -> None:
    """The figure that docs/cost.md warns of, with `feature_metrics: all`."""
    a_feature = 6
    assert FEATURES * a_feature * METRIC == pytest.approx(36.0)
    assert "120 × 0.30 = 36.00" in COST_PAGE.read_text(encoding="utf-8")


def test_nothing_of_it_is_billed_by_the_hour(hourly: Run) -> None:
    """No instance, no gateway, no key: what is there costs nothing while nothing happens."""
    billed = ("aws:ec2/", "aws:kms/", "aws:rds/", "aws:elasticache/", "aws:apigateway/")
    assert not [item.type for item in hourly.resources if item.type.startswith(billed)]


# A stream beside it: the same arithmetic as the table on the page.
SECONDS: Final = 3600 * HOURS
STREAM_HOUR, GIGABYTE_IN, GIGABYTE_OUT, GET = 0.04, 0.08, 0.04, 0.0004 / 1000
CALL, PUT_METRICS, FAST_ALARM, WINDOW = 0.20 / 1e6, 0.01 / 1000, 0.30, 5
# Assumed (docs/cost.md): a batch and the end of a window in the function.
BATCH_SECONDS, RECORD_SECONDS, END_SECONDS = 0.02, 12e-6, 0.2


def stream_month(rate: float, shards: int, memory: float) -> dict[str, float]:
    """USD a month of a stream at so many requests a second of 1 KB, in windows of five seconds."""
    of_shard = rate / shards
    # A batch waits a second for others; a shard without a record in a window has no end of it.
    batches = SECONDS * shards * of_shard / (1 + of_shard)
    ends = SECONDS / WINDOW * shards * (1 - math.exp(-of_shard * WINDOW))
    busy = batches * BATCH_SECONDS + SECONDS * rate * RECORD_SECONDS
    tries = 2 if shards >= 16 else 1  # that many meet at one object
    return {
        "stream": HOURS * STREAM_HOUR,
        "data in and out": rate * SECONDS / 1024**2 * (GIGABYTE_IN + GIGABYTE_OUT),
        "function, batches": busy * memory * GB_SECOND + batches * CALL,
        "function, ends of windows": ends * (END_SECONDS * memory * GB_SECOND + CALL),
        "stream, requests to S3": ends * tries * (REQUEST + GET),
        "stream, CloudWatch": SECONDS / WINDOW * PUT_METRICS + 3 * METRIC + 3 * ALARM + FAST_ALARM,
    }


def test_a_month_of_a_stream_is_what_the_page_says() -> None:
    args: Any = {
        "baseline": {"data": pulumi.StringAsset("a,b\n1,2\n")},
        "real_time": {"layer": pulumi.AssetArchive({"python/numpy/__init__.py": pulumi.StringAsset("")})},
    }
    run = run_program(lambda: ModelMonitoringStack("churn", args), stack="test")
    names = ("churn-stream-drift", "churn-stream-behind", "churn-stream-silent", "churn-stream-drift-dead-letters")
    alarms = {item.name: item.inputs["period"] for item in run.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert [alarms[name] for name in names] == [10, 60, 300, 300]
    mapping = run.one("aws:lambda/eventSourceMapping:EventSourceMapping", "churn-stream-drift-reads").inputs
    assert mapping["tumblingWindowInSeconds"] == WINDOW
    memory = gigabytes(run, "churn-stream-drift")
    months = [stream_month(rate, shards, memory) for rate, shards in ((1, 4), (100, 4), (10_000, 16))]
    lines = COST_PAGE.read_text(encoding="utf-8").splitlines()
    for name in [*months[0], "stream, together"]:
        found = [sum(month.values()) if name == "stream, together" else month[name] for month in months]
        shown = " | ".join(f"{value:,.2f}" for value in found)
        assert any(line.startswith(f"| {name} | {shown} |") for line in lines), f"| {name} | {shown} |"
