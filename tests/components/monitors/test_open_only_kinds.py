"""Stacks with what the open engine alone has: estimated quality, batches, custom monitors; on the mocked runtime."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.args import ArgumentError, StackSettings
from tests.components.conftest import MakeArgs
from tests.components.mocked_runtime import Run
from tests.components.open_stack.open_parts import plan
from tests.components.registered import statements
from tests.components.resource_types import OBJECT

SCRIPT = "def measure(table):\n    return {'minors': float((table['AGE'] < 18).mean())}\n"
BATCH = {"output_uri": "s3://scores/out/", "input_uri": "s3://scores/in", "output_columns": 2}
CUSTOM = {"monitors": {"people": {"script": pulumi.StringAsset(SCRIPT), "above": {"minors": 0.1}}}}


@pytest.fixture(scope="module")
def opened(run_stack: Callable[..., Run], labelled_csv: Path) -> Run:
    quality = {
        "problem_type": "BinaryClassification",
        "baseline": {"data": pulumi.FileAsset(str(labelled_csv))},
        "estimate": True,
    }
    return run_stack(engine="open", batch=BATCH, custom=CUSTOM, model_quality=quality)


def of_role(run: Run, role: str) -> dict[str, dict[str, Any]]:
    return {item["Sid"]: item for name, item in statements(run) if name == f"churn-{role}-role-policy"}


def test_data_quality_estimates_from_the_labelled_data(opened: Run) -> None:
    request = plan(opened, "data-quality")["request"]
    inputs = {item["InputName"]: item["S3Input"]["S3Uri"] for item in request["ProcessingInputs"]}
    stored = opened.one(OBJECT, "churn-model-quality-baseline-data").inputs["key"]
    assert inputs["labelled_data"].endswith(f"/{stored}")
    expected = {
        "estimate_baseline": "/opt/ml/processing/input/labelled_data/baseline.csv",
        "estimate_inference_attribute": "prediction",
        "estimate_probability_attribute": "probability",
        "ground_truth_attribute": "label",
        "inference_attribute": "0",
        "probability_attribute": "1",
        "problem_type": "BinaryClassification",
    }
    assert {name: request["Environment"][name] for name in expected} == expected
    body = opened.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    assert "Model quality before labels" in body


def test_a_batch_is_started_by_its_end_and_the_clock_is_the_net_below(opened: Run) -> None:
    [sweep] = [item for item in opened.of_type("aws:scheduler/schedule:Schedule") if "batch" in item.name]
    assert sweep.inputs["scheduleExpression"] == "cron(35 * ? * * *)"
    assert json.loads(sweep.inputs["target"]["input"]) == {
        "batch": {"sweep": True, "at": "<aws.scheduler.scheduled-time>"}
    }
    rule = opened.one("aws:cloudwatch/eventRule:EventRule", "churn-batch-ended")
    assert json.loads(rule.inputs["eventPattern"])["detail"] == {
        "TransformJobStatus": ["Completed"],
        "TransformOutput": {"S3OutputPath": [{"prefix": "s3://scores/out"}]},
    }
    stored = opened.one(OBJECT, "churn-batch-plan").inputs
    assert stored["key"].startswith("monitoring-scripts/batch/")
    found = json.loads(stored["content"])
    assert (found["output_uri"], found["output_columns"]) == ("s3://scores/out", 2)
    assert found["request"]["Environment"]["analysis_type"] == "BATCH"
    names = {item["InputName"] for item in found["request"]["ProcessingInputs"]}
    assert names == {"code", "baseline_constraints", "baseline_statistics", "baseline_data"}
    function = opened.one("aws:lambda/function:Function", "churn-start-monitor").inputs
    assert function["environment"]["variables"]["BATCH_PLAN"].endswith(f"/{stored['key']}")


def test_batches_may_be_read_and_nothing_beside_them(opened: Run) -> None:
    starts, runs = of_role(opened, "start-monitor"), of_role(opened, "open-monitor")
    assert runs["ReadBatches"]["Resource"] == ["arn:aws:s3:::scores/out/*", "arn:aws:s3:::scores/in/*"]
    assert starts["ListBatches"]["Condition"] == {"StringLike": {"s3:prefix": ["out", "out/*", "in", "in/*"]}}
    assert "ReadBatches" not in starts
    assert starts["ReadBatchPlan"]["Action"] == ["s3:GetObject"]
    assert starts["ListBatchesThatEnded"]["Action"] == ["sagemaker:ListTransformJobs"]
    assert "PlanLooks" not in starts


@pytest.mark.parametrize(
    ("more", "pattern"),
    [
        ({}, {"prefix": "day/dt="}),
        ({"marker": "_SUCCESS"}, {"wildcard": "day/*_SUCCESS"}),
    ],
)
def test_a_plain_prefix_is_started_by_what_is_written_to_it(
    run_stack: Callable[..., Run], more: dict[str, str], pattern: dict[str, str]
) -> None:
    batch = {"output_uri": "s3://scores/day/", "partitions": {"keys": ["dt", "hour"], **more}}
    run = run_stack(engine="open", batch={**batch, "exclude_features": ["id"]})
    rule = run.one("aws:cloudwatch/eventRule:EventRule", "churn-batch-written")
    assert json.loads(rule.inputs["eventPattern"]) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["scores"]}, "object": {"key": [pattern]}},
    }
    found = json.loads(run.one(OBJECT, "churn-batch-plan").inputs["content"])
    assert found["partitions"] == {
        "keys": ["dt", "hour"],
        "format": "parquet",
        "marker": more.get("marker"),
        "quiet_seconds": 600,
        "newest": 48,
    }
    assert found["request"]["Environment"]["exclude_features_attribute"] == "id"
    rights = of_role(run, "start-monitor")
    assert "DescribeBatches" not in rights
    assert "ListBatchesThatEnded" not in rights
    assert ("looks" in found, "PlanLooks" in rights, "PassScheduleRole" in rights) == ((not more,) * 3)
    if not more:
        assert rights["PassScheduleRole"]["Condition"] == {
            "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}
        }
        [looks] = rights["PlanLooks"]["Resource"]
        assert looks.endswith("/churn-*")


def test_silence_of_batches_is_no_news_unless_one_is_due(opened: Run, run_stack: Callable[..., Run]) -> None:
    alarms = {item.name for item in opened.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert {"churn-batch-violations", "churn-batch-job-failures"} <= alarms
    assert "churn-batch-silent" not in alarms
    due = run_stack(engine="open", batch={**BATCH, "schedule_expression": "cron(0 6 ? * * *)"})
    alarms = {item.name for item in due.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert "churn-batch-silent" in alarms


def test_custom_scripts_lie_where_no_role_of_the_stack_writes(opened: Run) -> None:
    stored = opened.one(OBJECT, "churn-custom-analysis-config").inputs
    assert stored["key"].startswith("monitoring-scripts/churn-custom/")
    config = json.loads(stored["content"])
    assert config["monitors"] == {"people": {"script": SCRIPT, "thresholds": {"minors": {"above": 0.1}}}}
    written = [
        resource
        for _, item in statements(opened)
        if any(action.startswith("s3:Put") or action == "s3:*" for action in item["Action"])
        for resource in ([item["Resource"]] if isinstance(item["Resource"], str) else item["Resource"])
    ]
    assert written
    assert not [resource for resource in written if "monitoring-scripts" in resource]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch": BATCH, "engine": "model-monitor"}, "batch.captured_uri is missing"),
        ({"batch": {"output_columns": 2}}, "batch.output_uri is missing"),
        (
            {"batch": {**BATCH, "partitions": {"keys": ["dt"]}}},
            "batch.input_uri is given with batch.partitions",
        ),
        (
            {"batch": {"output_uri": "s3://scores/out", "partitions": {"keys": []}}},
            "batch.partitions.keys is []: must be a list of 1 to 4 names",
        ),
        (
            {"batch": {"output_uri": "s3://scores/out", "partitions": {"keys": ["dt"], "format": "orc"}}},
            "batch.partitions.format is 'orc': must be one of parquet, csv",
        ),
        (
            {"batch": {"output_uri": "s3://scores/out", "partitions": {"keys": ["dt"], "marker": "done"}}},
            "batch.partitions.marker is 'done': must be a file's name such as _SUCCESS, with _ or . in front",
        ),
        (
            {
                "batch": {
                    "output_uri": "s3://scores/out",
                    "partitions": {"keys": ["dt"], "marker": "_SUCCESS", "quiet_minutes": 5},
                }
            },
            "batch.partitions.quiet_minutes is given with batch.partitions.marker",
        ),
        ({"custom": CUSTOM, "engine": "both"}, "custom is given and engine is both"),
        ({"custom": {"monitors": {}}}, "custom.monitors is {}"),
        (
            {"custom": {"monitors": {"a b": {"script": pulumi.StringAsset(SCRIPT)}}}},
            "'a b' is no name: use letters, digits and _",
        ),
        (
            {"custom": {"monitors": {"mine": {"script": pulumi.StringAsset("x = 1")}}}},
            "custom.monitors.mine.script has no measure",
        ),
        (
            {"model_quality": {"problem_type": "BinaryClassification", "thresholds": {"auc": 0.8}, "estimate": True}},
            "model_quality.estimate is True without model_quality.baseline.data",
        ),
    ],
)
def test_refusals(make_args: MakeArgs, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        StackSettings.from_args("churn", make_args(**{"engine": "open", **changes}))
    assert words in str(refused.value)


@pytest.mark.limit("a custom monitor")
@pytest.mark.parametrize(
    ("scripts", "words"),
    [
        ({f"m{number}": SCRIPT for number in range(11)}, "must name 1 to 10 monitors"),
        ({"mine": SCRIPT + "#" * 64 * 1024}, "custom.monitors.mine.script has more than 64 KiB"),
    ],
)
def test_too_many_or_too_long_scripts_are_refused(make_args: MakeArgs, scripts: dict[str, str], words: str) -> None:
    monitors = {name: {"script": pulumi.StringAsset(text)} for name, text in scripts.items()}
    with pytest.raises(ArgumentError) as refused:
        StackSettings.from_args("churn", make_args(engine="open", custom={"monitors": monitors}))
    assert words in str(refused.value)
