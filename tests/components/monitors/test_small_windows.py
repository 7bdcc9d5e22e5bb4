"""Which monitors may hand their windows to the function: it must hold their baseline, too."""

import json
from typing import Any

import pulumi
import pytest

from components import OpenMonitors
from tests.components.mocked_runtime import Run, run_program

MEBIBYTE = 1024 * 1024


def monitors(**changes: Any) -> Run:
    args: Any = {
        "engine": {"small_windows": {"layer": pulumi.AssetArchive({"python/numpy.py": pulumi.StringAsset("")})}},
        "data_quality": {},
        "model_quality": {"problem_type": "Regression"},
        "endpoint_name": "churn-endpoint",
        "bucket_name": "churn-data",
        "capture_uri": "s3://churn-data/captured-data",
        "code_uri": "s3://churn-data/job-code/abc/drift_tools.zip",
        "image_uri": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3",
        "job_role_arn": "arn:aws:iam::123456789012:role/churn-monitor",
        "metric_namespace": "ModelMonitoring/churn",
        "constraints_uri": "s3://churn-data/baseline-data/results/abc/constraints.json",
        **changes,
    }
    return run_program(lambda: OpenMonitors("churn", args), stack="test")


def small_window(run: Run, kind: str) -> Any:
    schedule = run.one("aws:scheduler/schedule:Schedule", f"-open-{kind}")
    return json.loads(schedule.inputs["target"]["input"])["plan"]["small_window"]


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, *_: said.append(message))
    return said


@pytest.mark.parametrize(
    "baseline",
    [
        {},
        {"baseline_data_uri": "s3://churn-data/baseline-data/data-quality/abc/baseline.csv"},
        {
            "baseline_data_uri": "s3://churn-data/baseline-data/data-quality/abc/baseline.csv",
            "baseline_data_bytes": 20 * MEBIBYTE,
        },
    ],
)
def test_a_baseline_that_fits_beside_the_window(baseline: dict[str, Any], warnings: list[str]) -> None:
    run = monitors(**baseline)
    assert small_window(run, "data-quality")["max_bytes"] == 50 * MEBIBYTE
    assert warnings == []


def test_a_baseline_that_does_not(warnings: list[str]) -> None:
    run = monitors(
        baseline_data_uri="s3://churn-data/baseline-data/data-quality/abc/baseline.csv",
        baseline_data_bytes=80 * MEBIBYTE,
    )
    assert small_window(run, "data-quality") is None
    assert small_window(run, "model-quality")["max_bytes"] == 50 * MEBIBYTE  # which reads no rows of a baseline
    assert warnings == [
        "every run of the data-quality monitor of churn is a processing job: its baseline's data have 80 MiB, and the "
        "function for small windows can hold 20"
    ]
