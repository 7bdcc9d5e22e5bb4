"""Batches with Model Monitor: definitions of transform jobs, of all four kinds, as CloudFormation and the API say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from components.args import ArgumentError, StackSettings
from tests.components.cloudformation import cloud_control, errors
from tests.components.conftest import MakeArgs
from tests.components.mocked_runtime import Run
from tests.components.registered import statements

BATCH = {
    "output_uri": "s3://scores/out",
    "input_uri": "s3://scores/in",
    "captured_uri": "s3://scores/capture/",
    "baseline": {"statistics_uri": "s3://old/statistics.json", "constraints_uri": "s3://old/constraints.json"},
    "exclude_features": ["id", "time"],
}
KINDS = ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")


@pytest.fixture(scope="module")
def batches(run_stack: Callable[..., Run], labelled_csv: Path) -> Run:
    """Every kind looks at batches, and nothing at the endpoint."""
    constraints = {"existing": {"constraints_uri": "s3://old/analysis.json"}}
    return run_stack(
        engine="model-monitor",
        endpoint={"existing": {"name": "churn-batches", "capture_uri": "s3://scores/none"}},
        baseline=None,
        data_quality={"enabled": False},
        batch={**BATCH, "monitors": ["model_quality", "bias", "attribution"]},
        model_quality={"problem_type": "BinaryClassification", "inference_attribute": "3"},
        bias={
            "facets": [{"name": "age", "values": ["40"]}],
            "features": ["age", "place", "amount"],
            "positive_labels": ["1"],
            "label": "label",
            "inference_attribute": "3",
            "baseline": constraints,
        },
        attribution={"features": ["age", "place", "amount"], "baseline": constraints, "model_name": "scoring"},
    )


def definition(run: Run, kind: str) -> dict[str, Any]:
    [found] = run.of_type(f"aws-native:sagemaker:{kind}JobDefinition")
    return dict(found.inputs)


def source(run: Run, kind: str) -> dict[str, Any]:
    first = kind[0].lower() + kind[1:]
    found: dict[str, Any] = definition(run, kind)[f"{first}JobInput"]
    assert "endpointInput" not in found
    return dict(found["batchTransformInput"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_s_definition_is_valid(batches: Run, kind: str) -> None:
    properties = cloud_control(definition(batches, kind))
    assert errors(properties, f"AWS::SageMaker::{kind}JobDefinition") == []
    # And by the API, which Cloud Control calls: but for Parquet, of which CloudFormation makes a truth value.
    model = botocore.session.get_session().get_service_model("sagemaker").operation_model(f"Create{kind}JobDefinition")
    members = {name: value for name, value in properties.items() if name in model.input_shape.members}
    report = ParamValidator().validate({"JobDefinitionName": "batch", **members}, model.input_shape)
    assert not report.has_errors(), report.generate_report()


def test_what_each_looks_at(batches: Run) -> None:
    common = {
        "dataCapturedDestinationS3Uri": "s3://scores/capture",
        "datasetFormat": {"csv": {"header": False}},
        "localPath": "/opt/ml/processing/input/endpoint",
        "s3InputMode": "File",
        "s3DataDistributionType": "FullyReplicated",
    }
    assert source(batches, "DataQuality") == common | {"excludeFeaturesAttribute": "id,time"}
    window = {"startTimeOffset": "-P1D", "endTimeOffset": "-PT0H"}
    assert source(batches, "ModelQuality") == common | window | {"inferenceAttribute": "3"}
    assert source(batches, "ModelBias") == common | window | {"inferenceAttribute": "3"}
    # The score is the first column behind the three inputs.
    assert source(batches, "ModelExplainability") == common | {"inferenceAttribute": "3"}


def test_results_are_filed_as_an_endpoint_s_are(batches: Run) -> None:
    for kind in KINDS:
        first = kind[0].lower() + kind[1:]
        output = definition(batches, kind)[f"{first}JobOutputConfig"]["monitoringOutputs"][0]["s3Output"]["s3Uri"]
        assert output.endswith("/monitoring-results/churn-batches")


def test_schedules_and_alarms(batches: Run) -> None:
    schedules = batches.of_type("aws:sagemaker/monitoringSchedule:MonitoringSchedule")
    types = {item.name: item.inputs["monitoringScheduleConfig"]["monitoringType"] for item in schedules}
    assert types == {
        "churn-batch-schedule": "DataQuality",
        "churn-model-quality-schedule": "ModelQuality",
        "churn-bias-schedule": "ModelBias",
        "churn-attribution-schedule": "ModelExplainability",
    }
    alarms = {item.name for item in batches.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert {"churn-batch-violations", "churn-batch-job-failures"} <= alarms


def test_the_jobs_may_read_the_batches_and_publish_where_batches_are(batches: Run) -> None:
    found = {item["Sid"]: item for name, item in statements(batches) if name == "churn-monitor-role-policy"}
    assert found["ReadBatches"]["Resource"] == [f"arn:aws:s3:::scores/{place}/*" for place in ("out", "in", "capture")]
    namespaces = found["PublishMetrics"]["Condition"]["StringEquals"]["cloudwatch:namespace"]
    for kind in ("data", "model", "bias", "explainability"):
        assert f"aws/sagemaker/ModelMonitoring/{kind}-metrics" in namespaces


def test_the_dashboard_shows_metrics_that_have_no_endpoint(batches: Run) -> None:
    shown = batches.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"].replace("\\", "")
    assert '{"aws/sagemaker/ModelMonitoring/data-metrics",MonitoringSchedule}' in shown
    assert '{"aws/sagemaker/ModelMonitoring/bias-metrics",MonitoringSchedule,BiasStage' in shown
    assert "aws/sagemaker/Endpoints" not in shown


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"dataset_format": "json"}, {"json": {"line": True}}),
        ({"dataset_format": "parquet"}, {"parquet": True}),
        ({"has_header": True}, {"csv": {"header": True}}),
    ],
)
def test_formats(run_stack: Callable[..., Run], given: dict[str, Any], expected: dict[str, Any]) -> None:
    run = run_stack(engine="model-monitor", batch={**BATCH, **given})
    assert source(run, "DataQuality")["datasetFormat"] == expected
    # The endpoint's own monitor is still there, by the classic provider.
    assert len(run.of_type("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition")) == 1
    properties = cloud_control(definition(run, "DataQuality"))
    assert errors(properties, "AWS::SageMaker::DataQualityJobDefinition") == []


def test_without_a_baseline_of_its_own_it_is_held_against_data_quality_s(run_stack: Callable[..., Run]) -> None:
    run = run_stack(engine="model-monitor", batch={name: BATCH[name] for name in ("output_uri", "captured_uri")})
    own = definition(run, "DataQuality")["dataQualityBaselineConfig"]["constraintsResource"]["s3Uri"]
    [endpoint] = run.of_type("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition")
    assert own == endpoint.inputs["dataQualityBaselineConfig"]["constraintsResource"]["s3Uri"]


def test_the_open_engine_takes_a_baseline_of_batches_alone(run_stack: Callable[..., Run]) -> None:
    run = run_stack(
        engine="open",
        baseline=None,
        data_quality={"enabled": False},
        batch={name: BATCH[name] for name in ("output_uri", "baseline")},
    )
    plan = json.loads(run.one("aws:s3/bucketObjectv2:BucketObjectv2", "churn-batch-plan").inputs["content"])
    inputs = {item["InputName"]: item["S3Input"]["S3Uri"] for item in plan["request"]["ProcessingInputs"]}
    assert inputs["baseline_constraints"] == "s3://old/constraints.json"
    found = {item["Sid"]: item for name, item in statements(run) if name == "churn-open-monitor-role-policy"}
    assert any("arn:aws:s3:::old/constraints.json" in item["Resource"] for item in found.values())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch": {"output_uri": "s3://scores/out"}}, "batch.captured_uri is missing: Model Monitor finds batches by"),
        ({"batch": {**BATCH, "monitors": ["bias"]}}, "batch.monitors has bias, and there is no bias"),
        ({"batch": {**BATCH, "monitors": ["custom"]}}, "must be a list of some of model_quality, bias, attribution"),
        (
            {
                "batch": {
                    "output_uri": "s3://scores/out",
                    "captured_uri": "s3://scores/capture",
                    "partitions": {"keys": ["dt"]},
                }
            },
            "batch.partitions is given and engine is model-monitor",
        ),
        (
            {"batch": {**BATCH, "exclude_features": ["x" * 101]}},
            "batch.exclude_features has more than 100 characters",
        ),
        ({"engine": "both", "batch": BATCH}, "batch is given and engine is both"),
        ({"engine": "open", "batch": BATCH}, "batch.captured_uri is given and engine is open"),
        (
            {"engine": "open", "batch": {"output_uri": "s3://scores/out", "dataset_format": "json"}},
            "batch.dataset_format is given and engine is open",
        ),
        (
            {
                "data_quality": {"enabled": False},
                "baseline": None,
                "batch": {"output_uri": "s3://scores/out", "captured_uri": "s3://scores/capture"},
            },
            "batch is given without batch.baseline, and data_quality.enabled is False",
        ),
    ],
)
def test_refusals(make_args: MakeArgs, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        StackSettings.from_args("churn", make_args(**{"engine": "model-monitor", **changes}))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
