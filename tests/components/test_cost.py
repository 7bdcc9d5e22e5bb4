"""What a month of hourly monitoring costs beside the endpoint, from the resources that the program makes.

docs/cost.md has the prices and the same arithmetic in words; this holds the two together.
"""

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
# what is out of order: `NoData`, `LostWindows`, metrics of features.
STEADY: Final = (metrics.CONSTRAINT_VIOLATIONS, metrics.JOB_FAILURES, metrics.HOURS_SILENT)
# What the watch over the monitors asks CloudWatch in every hour: one question a metric that a run leaves.
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
