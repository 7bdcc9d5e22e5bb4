"""The component that the plugin builds is the component that a Python program builds."""

import json
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest

from components import ModelMonitoringStack
from components.archives.model import write_model_archive
from tests.components.mocked_runtime import Registration, Run, comparable, run_program
from tests.plugin.plugin_process import Built, Plugin

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "baseline.csv").write_text("prediction,probability,age\n1,0.9,41\n0,0.2,23\n", encoding="utf-8")
    (folder / "labelled.csv").write_text("prediction,probability,label\n1,0.9,1\n0,0.2,1\n", encoding="utf-8")
    model = write_model_archive(PROJECT / "model" / "artifact", folder)
    return {
        "model": str(model),
        "baseline": str(folder / "baseline.csv"),
        "labelled": str(folder / "labelled.csv"),
    }


@pytest.fixture(scope="module")
def built(plugin: Plugin, files: dict[str, str]) -> Built:
    """Inputs as a TypeScript program has them: names in camelCase, every number a double."""
    return plugin.construct(
        "ModelMonitoringStack",
        "churn",
        {
            "endpoint": {"model": pulumi.FileAsset(files["model"]), "instanceCount": 2, "samplingPercentage": 50},
            "baseline": {"data": pulumi.FileAsset(files["baseline"]), "volumeSizeInGb": 30},
            "modelQuality": {
                "problemType": "BinaryClassification",
                "probabilityThreshold": 0.7,
                "baseline": {"data": pulumi.FileAsset(files["labelled"])},
            },
            "alerting": {"emails": ["risk@example.com"]},
            "logRetentionInDays": 7,
            "retainData": False,
            "tags": {"team": "risk"},
        },
    )


@pytest.fixture(scope="module")
def program(files: dict[str, str]) -> Run:
    """The same in Python."""
    return run_program(
        lambda: ModelMonitoringStack(
            "churn",
            {
                "endpoint": {
                    "model": pulumi.FileAsset(files["model"]),
                    "instance_count": 2,
                    "sampling_percentage": 50,
                },
                "baseline": {"data": pulumi.FileAsset(files["baseline"]), "volume_size_in_gb": 30},
                "model_quality": {
                    "problem_type": "BinaryClassification",
                    "probability_threshold": 0.7,
                    "baseline": {"data": pulumi.FileAsset(files["labelled"])},
                },
                "alerting": {"emails": ["risk@example.com"]},
                "log_retention_in_days": 7,
                "retain_data": False,
                "tags": {"team": "risk"},
            },
        ),
        stack="test",
        project="elsewhere",
    )


def by_key(resources: list[Registration]) -> dict[tuple[str, str], Registration]:
    found = {item.key: item for item in resources}
    assert len(found) == len(resources)
    return found


def test_the_same_resources(built: Built, program: Run) -> None:
    assert sorted(by_key(built.resources)) == sorted(by_key(program.resources))
    assert len(built.resources) > 50


def test_with_the_same_inputs(built: Built, program: Run) -> None:
    mine, others = by_key(built.resources), by_key(program.resources)
    for key, item in mine.items():
        assert comparable(item.inputs) == comparable(others[key].inputs), key


def test_with_the_same_parents_and_protection(built: Built, program: Run) -> None:
    def options(item: Registration) -> tuple[Any, ...]:
        request = item.request
        parent = item.parent.rsplit("::", 1)[-1]
        # A component of a program is a child of its stack; the monitor of this test has none.
        top = item.type.endswith(":ModelMonitoringStack")
        return ("" if top else parent, request.protect, request.retainOnDelete, sorted(item.depends_on))

    mine, others = by_key(built.resources), by_key(program.resources)
    assert {key: options(item) for key, item in mine.items()} == {key: options(item) for key, item in others.items()}


def test_outputs_arrive_under_the_names_of_the_schema(built: Built, program: Run) -> None:
    [urn] = [urn for urn in program.component_outputs if urn.endswith("ModelMonitoringStack::churn")]
    expected = {_camel(key): value for key, value in program.component_outputs[urn].items() if value is not None}
    assert built.state == expected
    assert built.state["endpointName"].startswith("churn-endpoint-")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def test_a_part_alone(plugin: Plugin) -> None:
    built = plugin.construct("MonitoringStorage", "lake", {"retainData": True, "retention": {"capturedDataDays": 5}})
    [bucket] = [item for item in built.resources if item.type == "aws:s3/bucket:Bucket"]
    assert bucket.name == "lake-data"
    assert bucket.parent.endswith("model-monitoring:index:MonitoringStorage::lake")
    assert built.state["bucketName"] == bucket.outputs["bucket"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logRetentionInDays": 8}, "log_retention_in_days is 8"),
        ({"engine": "opne"}, "engine is 'opne'"),
        ({"endpoint": {"model": pulumi.FileAsset("no.tar.gz")}}, "no.tar.gz"),
    ],
)
def test_a_refusal_says_which_argument(
    plugin: Plugin, files: dict[str, str], change: dict[str, Any], message: str
) -> None:
    inputs = {
        "endpoint": {"model": pulumi.FileAsset(files["model"])},
        "baseline": {"data": pulumi.FileAsset(files["baseline"])},
    }
    with pytest.raises(grpc.RpcError) as caught:
        plugin.construct("ModelMonitoringStack", "churn", {**inputs, **change})
    assert message in str(caught.value)


def test_a_member_that_is_no_name_in_python_arrives(plugin: Plugin) -> None:
    """`from` of `baseline.captures`: what the job reads is the span that was given."""
    baseline = {"captures": {"from": "2026-11-01", "to": "2026-11-29", "columns": ["prediction", "age"]}}
    built = plugin.construct("ModelMonitoringStack", "captures", {"engine": "open", "baseline": baseline})
    [stored] = [item for item in built.resources if item.name.endswith("data-quality-baseline-data")]
    text = stored.inputs["source"].text
    assert json.loads(text)["from"] == "2026-11-01T00:00:00Z"
    assert json.loads(text)["columns"] == ["prediction", "age"]
