"""Batches with Model Monitor on the embedded AWS: transform jobs capture what they read and write, an hourly schedule
of theirs looks at it, and a shifted batch is told of as an endpoint's drift is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drift_tools.endpoint import anomalous_requests, baseline_requests
from drift_tools.job import suggest_baseline
from drift_tools.tables import read_table
from examples.demo.waiting import wait_until
from tests.open_engine.batches import BUCKET, ROWS, scoring_model, team_bucket, transform
from tests.open_engine.conftest import Books, lived
from tests.open_engine.watched import Told, Watched, at

pytestmark = pytest.mark.matrix

NAMES = ["feature_1", "feature_2", "feature_3", "prediction", "probability"]


@dataclass
class Seen:
    """What was seen, by batch."""

    executions: list[dict[str, Any]] = field(default_factory=list)
    violations: dict[str, float | None] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: list[set[str]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    books: list[Books] = field(default_factory=list)


def score(stack: Watched, name: str, requests: Iterator[Any], **more: Any) -> None:
    """A transform job that joins its input, to its end."""
    job = transform(stack, BUCKET, name, requests, DataProcessing={"JoinSource": "Input"}, **more)
    assert job["TransformJobStatus"] == "Completed"


def make_baseline(stack: Watched, folder: Path) -> None:
    """As a team does: score the rows that the model was made from, and describe what the job wrote."""
    score(stack, "reference", baseline_requests(2000, seed=1))
    s3 = stack.cloud.client("s3")
    rows = folder / "rows.csv"
    rows.write_bytes(s3.get_object(Bucket=BUCKET, Key="out/reference/rows.csv.out")["Body"].read())
    suggest_baseline(read_table(rows, header=False).renamed(NAMES), folder)
    for name in ("statistics.json", "constraints.json"):
        s3.put_object(Bucket=BUCKET, Key=f"baseline/{name}", Body=(folder / name).read_bytes())


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    overrides = {
        "engine": "model-monitor",
        "monitoring": {
            "batch": {
                "output_uri": f"s3://{BUCKET}/out",
                "input_uri": f"s3://{BUCKET}/in",
                "captured_uri": f"s3://{BUCKET}/capture",
                "baseline": {
                    name: f"s3://{BUCKET}/baseline/{name.removesuffix('_uri')}.json"
                    for name in ("statistics_uri", "constraints_uri")
                },
                "schedule_expression": "cron(0 * ? * * *)",
            },
        },
    }
    found = Seen()
    capture = {"DataCaptureConfig": {"DestinationS3Uri": f"s3://{BUCKET}/capture"}}
    with (
        lived(overrides, start=at(4), grace=timedelta(0)) as (stack, books),
        team_bucket(stack, BUCKET),
        scoring_model(stack),
    ):
        sagemaker = stack.cloud.client("sagemaker")
        make_baseline(stack, tmp_path_factory.mktemp("baseline"))
        names: Any = stack.outputs["schedule_names"]
        schedule = names["batch"]
        batches = {
            "like-the-baseline": baseline_requests(ROWS, seed=7),
            "shifted": anomalous_requests(ROWS, seed=8),
        }
        for hour, (name, requests) in enumerate(batches.items(), start=4):
            stack.go_to(at(hour, 10))
            score(stack, name, requests, **capture)
            stack.go_to(at(hour + 1, 2))
            end = at(hour + 1)

            def published(moment: datetime = end) -> float | None:
                return stack.metric("ConstraintViolations", schedule, moment)

            found.violations[name] = wait_until(f"what the run over {name} found", published, seconds=60)
            found.documents[name] = stack.results(schedule, end)
        found.executions = sagemaker.list_monitoring_executions(MonitoringScheduleName=schedule, SortOrder="Ascending")[
            "MonitoringExecutionSummaries"
        ]
        stack.go_to(at(6, 30))
        wait_until("the message", lambda: stack.told_of("violations") or None, seconds=60)
        found.told = stack.told_of("violations")
        metrics = stack.cloud.client("cloudwatch").list_metrics(Namespace="aws/sagemaker/ModelMonitoring/data-metrics")
        found.published = [{item["Name"] for item in metric["Dimensions"]} for metric in metrics["Metrics"]]
    found.books = books
    return found


def test_each_hour_s_batch_was_looked_at(seen: Seen) -> None:
    statuses = [item["MonitoringExecutionStatus"] for item in seen.executions]
    assert statuses == ["Completed", "CompletedWithViolations"], json.dumps(seen.executions, default=str)


def test_a_batch_like_the_baseline_violates_nothing(seen: Seen) -> None:
    assert seen.violations["like-the-baseline"] == 0.0
    assert "constraint_violations.json" not in seen.documents["like-the-baseline"]


def test_a_shifted_batch_is_found_and_told(seen: Seen) -> None:
    violations = seen.documents["shifted"]["constraint_violations.json"]["violations"]
    drifted = {item["feature_name"] for item in violations if item["constraint_check_type"] == "baseline_drift_check"}
    assert {"feature_1", "feature_2", "feature_3"} <= drifted
    assert seen.violations["shifted"] == len(violations)
    assert [told for told in seen.told if "batch" in told.body]


def test_metrics_are_where_model_monitor_has_those_of_batches(seen: Seen) -> None:
    assert seen.published
    assert all(names == {"MonitoringSchedule"} for names in seen.published)


def test_nothing_was_refused_and_nothing_is_left(seen: Seen) -> None:
    [books] = seen.books
    assert books.denied == []
    assert books.invalid == []
    assert books.left == {}
