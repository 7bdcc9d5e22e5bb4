"""What can be configured: files, models, layers and baselines, and what is refused."""

import json
import runpy
import zipfile
from pathlib import Path
from typing import Any

import pytest

from components import ArgumentError
from components.archives import numpy_layer
from drift_tools.__main__ import main as command_line
from tests.components.mocked_runtime import run_program
from tests.program.running import PREFIX, PROJECT, baseline_jobs, on_the_wire, run_main, stack_config

ADOPTED = {"name": "fraud", "capture_uri": "s3://fraud-captures/x"}
URIS = {
    "statistics_uri": "s3://fraud-baseline/x/statistics.json",
    "constraints_uri": "s3://fraud-baseline/x/constraints.json",
}


def test_an_endpoint_and_a_baseline_that_exist_need_none_of_the_projects_files() -> None:
    run = run_main(
        "dev",
        monitoring={
            "endpoint": {"existing": ADOPTED},
            "baseline": {"existing": URIS},
            "model_quality": {"problem_type": "Regression", "thresholds": {"rmse": 2}},
        },
    )
    assert run.of_type("aws:sagemaker/model:Model") == []
    assert run.of_type("aws:lambda/invocation:Invocation") == []
    assert run.exports["endpoint_name"] == "fraud"
    assert run.exports["statistics_uri"] == URIS["statistics_uri"]


def test_without_data_quality_the_projects_baseline_is_not_needed() -> None:
    run = run_main(
        "dev",
        monitoring={"data_quality": {"enabled": False}, "model_quality": {"problem_type": "BinaryClassification"}},
    )
    assert baseline_jobs(run) == ["model-monitoring-dev-model-quality-baseline"]
    assert run.exports["data_quality_schedule_name"] is None
    assert run.exports["statistics_uri"] is None


def test_files_in_the_object_are_paths(tmp_path: Path) -> None:
    script = tmp_path / "preprocessor.py"
    script.write_text("def preprocess_handler(inference_record):\n    return {}\n", encoding="utf-8")
    statistics, constraints = tmp_path / "statistics.json", tmp_path / "constraints.json"
    for path in (statistics, constraints):
        path.write_text('{"features": [{"name": "age", "inferred_type": "Integral"}]}', encoding="utf-8")
    run = run_main(
        "dev",
        monitoring={
            "baseline": {"statistics": str(statistics), "constraints": str(constraints)},
            "data_quality": {"record_preprocessor": str(script), "thresholds": {"comparison_threshold": 0.3}},
        },
    )
    kind = "aws:s3/bucketObjectv2:BucketObjectv2"
    assert run.one(kind, "-preprocessor").inputs["source"].path == str(script)
    assert '"comparison_threshold": 0.3' in run.one(kind, "-data-quality-constraints").inputs["content"]


def test_without_a_layer_the_deployment_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pulumi config set --path monitoring.open_engine.small_windows.max_megabytes 50` is all that is to be done."""
    asked: list[Path] = []

    def download(requirements: Path, folder: Path) -> list[Path]:
        asked.append(requirements)
        wheel = folder / "numpy-2.0-cp313-cp313-manylinux_2_28_aarch64.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("numpy/__init__.py", "")
        return [wheel]

    monkeypatch.setattr(numpy_layer, "download", download)
    monkeypatch.setattr(numpy_layer.built, "__defaults__", (tmp_path, numpy_layer.REQUIREMENTS))
    small = {"open_engine": {"small_windows": {"max_megabytes": 50}}}
    for _ in range(2):
        run = run_main("dev", engine="open", monitoring=small)
    [layer] = run.of_type("aws:lambda/layerVersion:LayerVersion")
    assert Path(layer.inputs["code"].path).parent == tmp_path
    assert asked == [numpy_layer.REQUIREMENTS], "made once, and found the second time"


def test_a_layer_that_cannot_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: Path) -> list[Path]:
        raise numpy_layer.LayerError("no index")

    monkeypatch.setattr(numpy_layer, "download", download)
    monkeypatch.setattr(numpy_layer.built, "__defaults__", (tmp_path, numpy_layer.REQUIREMENTS))
    with pytest.raises(ArgumentError, match=r"none could be made \(no index\): make one where"):
        run_main("dev", engine="open", monitoring={"open_engine": {"small_windows": {}}})


def test_a_model_that_lies_in_s3_is_not_uploaded() -> None:
    uri = "s3://models/churn/model.tar.gz"
    monitoring = stack_config("dev")[f"{PREFIX}monitoring"]
    endpoint = {**monitoring["endpoint"], "model": uri}
    for run in (
        run_main("dev", model_artifact=uri),
        run_main("dev", monitoring={**monitoring, "endpoint": endpoint}),
    ):
        container = run.one("aws:sagemaker/model:Model").inputs["primaryContainer"]
        assert container["modelDataUrl"] == uri
        assert container["environment"]["MODEL_DATA_VERSION"]


def test_small_windows_can_be_switched_off() -> None:
    run = run_main("dev", engine="open", monitoring={"open_engine": {"small_windows": {"max_megabytes": 0}}})
    assert not run.of_type("aws:lambda/layerVersion:LayerVersion")
    assert run_main("dev", engine="open").of_type("aws:lambda/layerVersion:LayerVersion")


def test_the_layer_is_a_path_to_an_archive(tmp_path: Path) -> None:
    layer = tmp_path / "layer.zip"
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("python/numpy/__init__.py", "")
    run = run_main("dev", engine="open", monitoring={"open_engine": {"small_windows": {"layer": str(layer)}}})
    assert run.one("aws:lambda/layerVersion:LayerVersion").inputs["code"].path == str(layer)
    missing = tmp_path / "missing.zip"
    with pytest.raises(ArgumentError) as caught:
        run_main("dev", engine="open", monitoring={"open_engine": {"small_windows": {"layer": str(missing)}}})
    assert str(caught.value) == (
        f"open_engine.small_windows.layer is {missing}: there is no such file; `make layer` builds it"
    )


def test_baselines_computed_here_are_those_of_the_command_line(tmp_path: Path) -> None:
    run = run_main("dev", compute_baselines_here=True)
    assert baseline_jobs(run) == []
    kind = "aws:s3/bucketObjectv2:BucketObjectv2"
    command_line(["baseline", str(PROJECT / "model" / "baseline.csv"), "--output", str(tmp_path)])
    for what in ("statistics", "constraints"):
        stored = json.loads(run.one(kind, f"-data-quality-{what}").inputs["content"])
        assert stored == json.loads((tmp_path / f"{what}.json").read_text(encoding="utf-8"))
    quality = json.loads(run.one(kind, "-model-quality-constraints").inputs["content"])
    assert "f1" in quality["binary_classification_constraints"]
    assert "positive_label" not in quality


def test_a_baseline_computed_here_measures_the_class_that_is_named() -> None:
    named = {"problem_type": "BinaryClassification", "positive_label": "0"}
    run = run_main("dev", compute_baselines_here=True, engine="open", monitoring={"model_quality": named})
    stored = run.one("aws:s3/bucketObjectv2:BucketObjectv2", "-model-quality-constraints").inputs["content"]
    assert json.loads(stored)["positive_label"] == "0"


def test_a_baseline_that_cannot_be_computed_here(tmp_path: Path) -> None:
    data = tmp_path / "ragged.csv"
    data.write_text("a,b\n1,2\n1,2,3\n", encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"no baseline can be computed from .*ragged\.csv: ") as caught:
        run_main("dev", compute_baselines_here=True, baseline_data=str(data))
    assert "\n" not in str(caught.value)


def test_paths_are_relative_to_the_project_or_absolute(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("prediction,probability,age\n1,0.9,41\n", encoding="utf-8")
    run = run_main("dev", baseline_data=str(other))
    stored = run.one("aws:s3/bucketObjectv2:BucketObjectv2", "-data-quality-baseline-data")
    assert stored.inputs["source"].path == str(other)


def test_a_tarball_is_taken_as_it_is(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(b"\x1f\x8bx")
    run = run_main("dev", model_artifact=str(archive))
    assert run.one("aws:s3/bucketObjectv2:BucketObjectv2", "-archive").inputs["source"].path == str(archive)


def test_without_labelled_data_there_is_no_second_baseline() -> None:
    run = run_main("dev", baseline_quality_data="")
    assert baseline_jobs(run) == ["model-monitoring-dev-data-quality-baseline"]
    assert len(run.of_type("aws-native:sagemaker:ModelQualityJobDefinition")) == 1


def test_defaults_without_a_stack_file() -> None:
    run = run_main("dev", monitoring=None, retain_data=None, log_retention_in_days=None)
    assert run.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is False
    assert {item.inputs["retentionInDays"] for item in run.of_type("aws:cloudwatch/logGroup:LogGroup")} == {30}
    assert run.of_type("aws-native:sagemaker:ModelQualityJobDefinition") == []
    assert run.exports["model_quality_schedule_name"] is None


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"engine": "clarify"}, "engine is 'clarify': must be one of model-monitor, open, both"),
        ({"monitoring": {"storge": {}}}, "storge is not an argument: did you mean 'storage'?"),
        ({"monitoring": []}, "monitoring is []: give an object with arguments of ModelMonitoringStack"),
        ({"monitoring": {"endpoint": 1}}, "endpoint is 1: give an object"),
        ({"monitoring": {"endpoint": {"model": "x"}}}, "x: there is no such file or directory"),
        ({"monitoring": {"engine": "open"}}, "monitoring.engine is set twice: remove it from the monitoring object"),
        ({"baseline_data": "no.csv"}, "no.csv: No such file or directory; name a CSV file with a header"),
        ({"model_artifact": "model"}, "model_artifact: "),
        ({"model_artifact": "no/model"}, "no/model: there is no such file or directory"),
        ({"log_retention_in_days": 8}, "log_retention_in_days is 8: CloudWatch takes"),
        (
            {"alert_emials": ["a@example.com"]},
            "model-monitoring:alert_emials is not a key of this program's configuration: did you mean 'alert_emails'?",
        ),
        ({"retain": True}, "model-monitoring:retain is not a key of this program's configuration"),
        ({"zzz": 1}, "model-monitoring:zzz is not a key of this program's configuration: there are engine, "),
        (
            {"model_artifact": "model/other", "monitoring": {"endpoint": {"existing": ADOPTED}}},
            "model/other: there is no such file or directory",
        ),
        (
            {"model_artifact": "./model/artifact", "monitoring": {"endpoint": {"existing": ADOPTED}}},
            "endpoint.model is given with endpoint.existing",
        ),
        (
            {"baseline_data": "model/baseline_quality.csv", "monitoring": {"baseline": {"existing": URIS}}},
            "baseline.data is given with baseline.existing: remove one of the two",
        ),
    ],
)
def test_wrong_configuration(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        run_main("dev", **overrides)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_projects_keys_are_not_the_programs_business() -> None:
    config = on_the_wire({**stack_config("dev"), "aws:defaultTags": {"tags": {}}, "other:alert_emials": ["x"]})
    run = run_program(
        lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__"), config=config, stack="dev"
    )
    assert run.exports["bucket_name"]
