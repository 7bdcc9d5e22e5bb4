"""A baseline in each of its ways, thresholds in it, and a stack of nothing but a baseline."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import ModelMonitoringStack
from components.args import DataQualityThresholds
from components.baselines.thresholds import quality_constraints, with_thresholds
from contract.quality_metrics import CONSTRAINED
from drift_tools.monitors.data_quality import Constraints
from drift_tools.monitors.model_quality import ModelQuality, QualityConstraints, suggest
from tests.components.conftest import CONSTRAINTS, STATISTICS
from tests.components.mocked_runtime import Run, run_program
from tests.components.resource_types import DATA_QUALITY, MODEL_QUALITY, OBJECT


@pytest.fixture(scope="module")
def files(run_variant: Callable[..., Run]) -> Run:
    return run_variant("files")


def test_files_are_uploaded_and_no_job_runs(files: Run) -> None:
    asked = [item.name for item in files.of_type("aws:lambda/invocation:Invocation")]
    assert asked == ["churn-endpoint-checked"]
    assert not any("start-baseline" in item.name for item in files.resources)
    bucket = files.one("aws:s3/bucket:Bucket").outputs["bucket"]
    baseline = files.one(DATA_QUALITY).inputs["dataQualityBaselineConfig"]
    for what, key in (("statistics", "statisticsResource"), ("constraints", "constraintsResource")):
        stored = files.one(OBJECT, f"churn-data-quality-{what}")
        assert baseline[key]["s3Uri"] == f"s3://{bucket}/{stored.inputs['key']}"
        assert stored.inputs["key"].startswith("baseline-data/results/"), "where the roles may read"
        assert stored.inputs["contentType"] == "application/json"
        # A definition whose baseline is not there yet would fail its first run.
        assert f"churn-data-quality-{what}" in files.one(DATA_QUALITY).depends_on
    assert json.loads(files.one(OBJECT, "churn-data-quality-statistics").inputs["content"]) == STATISTICS


def test_thresholds_are_written_into_the_constraints(files: Run) -> None:
    content = json.loads(files.one(OBJECT, "churn-data-quality-constraints").inputs["content"])
    found = content["monitoring_config"]["distribution_constraints"]
    assert found == {"comparison_threshold": 0.25, "comparison_method": "Robust"}
    assert content["features"] == CONSTRAINTS["features"]
    quality = json.loads(files.one(OBJECT, "churn-model-quality-constraints").inputs["content"])
    assert quality == {
        "version": 0.0,
        "regression_constraints": {"rmse": {"threshold": 3.5, "comparison_operator": "GreaterThanThreshold"}},
    }
    bucket = files.one("aws:s3/bucket:Bucket").outputs["bucket"]
    key = files.one(OBJECT, "churn-model-quality-constraints").inputs["key"]
    assert files.one(MODEL_QUALITY).inputs["modelQualityBaselineConfig"] == {
        "constraintsResource": {"s3Uri": f"s3://{bucket}/{key}"}
    }


def test_the_monitor_of_this_project_reads_every_threshold() -> None:
    wanted = DataQualityThresholds(
        comparison_threshold=0.3,
        comparison_method="Simple",
        datatype_check_threshold=0.9,
        domain_content_threshold=0.8,
        ignored_features=("age",),
    )
    before = json.dumps(CONSTRAINTS)
    found = Constraints.from_dict(with_thresholds(CONSTRAINTS, wanted))
    assert json.dumps(CONSTRAINTS) == before, "the user's document stays as it was"
    assert found.config.comparison_threshold == found.config.categorical_comparison_threshold == 0.3
    assert found.config.comparison_method == "Simple"
    assert found.config.datatype_check_threshold == 0.9
    assert found.config.domain_content_threshold == 0.8
    assert not found.evaluates("age")


def test_categories_told_apart_by_a_baseline_follow_too() -> None:
    told_apart: Any = {
        "features": [],
        "monitoring_config": {"distribution_constraints": {"categorical_comparison_threshold": 0.05}},
    }
    found = Constraints.from_dict(with_thresholds(told_apart, DataQualityThresholds(comparison_threshold=0.3)))
    assert found.config.categorical_comparison_threshold == 0.3


@pytest.mark.parametrize("problem_type", sorted(CONSTRAINED))
def test_thresholds_of_model_quality_have_the_monitors_own_direction(problem_type: str) -> None:
    metrics = dict.fromkeys(CONSTRAINED[problem_type], 0.5)
    found = QualityConstraints.from_dict(quality_constraints(problem_type, metrics))
    suggested = suggest(ModelQuality(problem_type, 1, metrics, {}, {}))
    # How many rows they come from nobody knows of thresholds that people demand.
    assert found == dataclasses.replace(suggested, rows=None), (
        "every metric that the monitor constrains, and in its direction"
    )


def test_thresholds_are_added_to_a_file() -> None:
    block: dict[str, Any] = {"mae": {"threshold": 1, "comparison_operator": "GreaterThanThreshold"}}
    found = quality_constraints("Regression", {"rmse": 2.0}, {"version": 0.0, "regression_constraints": block})
    assert set(found["regression_constraints"]) == {"mae", "rmse"}
    assert set(block) == {"mae"}, "the user's document stays as it was"


def test_a_stack_of_nothing_but_a_baseline(baseline_csv: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, **_: warnings.append(message))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    run = run_program(
        lambda: ModelMonitoringStack("churn", {"baseline": {"data": pulumi.FileAsset(str(baseline_csv))}}),
        stack="test",
    )
    archive = run.one(OBJECT, "-archive").inputs["source"].path
    assert Path(archive).is_relative_to(tmp_path)
    assert len(run.of_type("aws:sagemaker/endpoint:Endpoint")) == 1
    [warning] = warnings
    assert warning.startswith("endpoint is not given: churn serves the project's sample model")
    assert "endpoint.existing" in warning


def test_without_data_quality_there_is_no_baseline(run_variant: Callable[..., Run]) -> None:
    run = run_variant("model quality only")
    assert run.of_type(DATA_QUALITY) == []
    names = [item.name for item in run.of_type("aws:sagemaker/monitoringSchedule:MonitoringSchedule")]
    assert names == ["churn-model-quality-schedule"]
    outputs = next(found for urn, found in run.component_outputs.items() if "ModelMonitoringStack::churn" in urn)
    assert not {"data_quality_schedule_name", "statistics_uri", "constraints_uri"} & set(outputs)
    assert "-model-quality-" in outputs["constraint_violations_alarm_name"]
