"""The environment of a job becomes settings, once, or an error that names the variable."""

import ast
import json
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.job_environment import JobEnvironment
from drift_tools.errors import InputError
from drift_tools.job import Job
from drift_tools.job.settings import MonitorSettings, TimeWindow

ROOT = Path("/somewhere")
LEAST = {
    "dataset_format": '{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput"]}}',
    "dataset_source": "/opt/ml/processing/input",
    "output_path": "/opt/ml/processing/output",
}


def settings(**more: str) -> MonitorSettings:
    return MonitorSettings.of(Job(ROOT, LEAST | more))


def test_the_least_that_a_job_says() -> None:
    found = settings()
    assert (found.kind, found.output) == ("data-quality", ROOT / "processing" / "output")
    assert found.dataset.options == {"captureindexnames": ["endpointInput"]}
    assert found.dataset.is_captured
    assert not found.dataset.has_labels
    assert found.dataset.window == TimeWindow()
    assert (found.dataset.max_unreadable_share, found.alpha) == (0.1, 0.05)
    assert found.metrics.is_enabled
    assert not found.is_open
    assert found.shards is None
    with pytest.raises(FrozenInstanceError):
        found.kind = "model-quality"  # type: ignore[misc] # that it is refused is what is tested


def test_everything_that_a_job_can_say() -> None:
    found = settings(
        analysis_type="MODEL_QUALITY",
        start_time="2026-01-31T12:00:00Z",
        baseline_constraints="/opt/ml/processing/baseline/constraints.json",
        baseline_dataset="rows.csv",
        exclude_features_attribute="a, b,,c ",
        excluded_variants="y,x",
        ground_truth_source="/opt/ml/processing/truth",
        probability_threshold_attribute="0.7",
        publish_cloudwatch_metrics="disabled",
        runs_per_year="365",
        shards_uri="s3://bucket/a/b/",
        sagemaker_monitoring_schedule_name="s",
    )
    assert found.kind == "model-quality"
    assert found.dataset.window.start == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert found.baseline.constraints == ROOT / "processing" / "baseline" / "constraints.json"
    assert found.baseline.rows == Path("rows.csv")
    assert found.excluded == ("a", "b", "c")
    assert found.excluded_variants == ("y", "x")
    assert found.dataset.has_labels
    assert found.quality.probability_threshold == 0.7
    assert not found.metrics.is_enabled
    assert found.metrics.time == "2026-01-31T12:00:00Z"
    assert found.alpha == pytest.approx(1 / 365)
    assert found.shards == ("bucket", "a/b")
    assert found.is_open


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("dataset_format", "", "the environment variable dataset_format is not set"),
        ("dataset_source", "", "the environment variable dataset_source is not set"),
        ("output_path", "", "the environment variable output_path is not set"),
        ("dataset_format", "csv", "dataset_format is 'csv': give JSON with one key"),
        ("dataset_format", '{"xml": {}}', "dataset_format is 'xml': give one of csv, json, parquet"),
        ("analysis_type", "MODEL_QUALTY", "analysis_type is 'MODEL_QUALTY': give one of DATA_QUALITY, MODEL_QUALITY"),
        ("end_time", "soon", "end_time is 'soon': give an ISO 8601 time"),
        ("max_unreadable_share", "few", "max_unreadable_share is 'few': give a share between 0 and 1"),
        ("probability_threshold_attribute", "half", "probability_threshold_attribute is 'half': give a number between"),
        ("publish_cloudwatch_metrics", "Enable", "publish_cloudwatch_metrics is 'Enable': give Enabled or Disabled"),
        ("feature_metrics", "some", "feature_metrics is 'some': give one of all, findings, none"),
        ("runs_per_year", "x", "runs_per_year is 'x': give a number"),
        ("shards_uri", "b/p", "shards_uri is 'b/p': give a place such as s3://bucket/prefix"),
    ],
)
def test_what_cannot_be_used_is_named(variable: str, value: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        settings(**{variable: value})
    assert str(error.value).startswith(said)


def test_merged_records_have_their_labels() -> None:
    found = settings(dataset_format='{"SagemakerMergeJson": {}}', ground_truth_source="/opt/ml/processing/truth")
    assert found.dataset.has_labels
    assert found.dataset.ground_truth is None, "there is nothing left to join"


@pytest.mark.parametrize(
    ("uri", "hosts", "is_sharded"), [("s3://b/p", 2, True), ("s3://b/p", 1, False), ("", 2, False)]
)
def test_captures_are_shared_between_several_instances(tmp_path: Path, uri: str, hosts: int, is_sharded: bool) -> None:
    path = tmp_path / "config" / "resourceconfig.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"current_host": "algo-1", "hosts": [f"algo-{number + 1}" for number in range(hosts)]}))
    job = Job(tmp_path, LEAST | {"shards_uri": uri})
    assert MonitorSettings.of(job).is_sharded(job) is is_sharded


@given(
    st.dictionaries(st.sampled_from([field.name for field in fields(JobEnvironment)]), st.text(min_size=1), max_size=12)
)
def test_an_environment_survives_the_way(variables: dict[str, str]) -> None:
    assert JobEnvironment.from_environment(variables | {"PATH": "/bin"}).to_environment() == variables


def test_nothing_else_in_the_job_looks_into_its_environment() -> None:
    """`variables` is what the container gave: only the settings (and the region, which is the platform's) read it."""
    readers = {
        path.name
        for path in (Path(__file__).parents[3] / "drift_tools" / "job").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "variables"
    }
    assert readers == {"container.py", "merge.py", "settings.py"}
