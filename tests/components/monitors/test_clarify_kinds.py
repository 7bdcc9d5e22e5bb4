"""Stacks with bias and attribution, on the mocked runtime: what each engine gets, and what neither takes."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.args import ArgumentError, StackSettings
from components.monitors import MONITOR_KINDS, monitors_of
from contract.monitor_kinds import KINDS
from tests.components.cloudformation import cloud_control, errors
from tests.components.conftest import KEY, MakeArgs
from tests.components.mocked_runtime import Run
from tests.components.open_stack.open_parts import plan
from tests.components.registered import statements
from tests.components.resource_types import ALARM, INVOCATION, MODEL_MONITORS, OBJECT

SAMPLES = Path(__file__).parents[3] / "local_aws/apply/prebuilt_images.json"
FACETS = [{"name": "SEX", "values": ["2"]}, {"name": "AGE", "values": ["40.5"]}]
ANALYSIS = {
    "version": "1.0",
    "pre_training_bias_metrics": {"label": "label", "facets": {"SEX": []}, "label_value_or_threshold": "1"},
}
BIAS = {
    "facets": FACETS,
    "positive_labels": ["1"],
    "features": ["AGE", "SEX"],
    "baseline": {"existing": {"constraints_uri": "s3://old/bias/analysis.json"}},
    "start_time_offset": "-P2D",
    "end_time_offset": "-P1D",
}
ATTRIBUTION = {
    "features": ["AGE", "SEX"],
    "score": 1,
    "baseline": {"existing": {"constraints_uri": "s3://old/shap/analysis.json"}},
}
DEFINITIONS = {
    "bias": ("aws-native:sagemaker:ModelBiasJobDefinition", "AWS::SageMaker::ModelBiasJobDefinition"),
    "attribution": (
        "aws-native:sagemaker:ModelExplainabilityJobDefinition",
        "AWS::SageMaker::ModelExplainabilityJobDefinition",
    ),
}


@pytest.fixture(scope="module")
def labelled_inputs(tmp_path_factory: pytest.TempPathFactory) -> pulumi.FileAsset:
    path = tmp_path_factory.mktemp("labelled-inputs") / "baseline_bias.csv"
    path.write_text("prediction,AGE,SEX,label\n1,41,2,1\n0,23,1,1\n", encoding="utf-8")
    return pulumi.FileAsset(str(path))


@pytest.fixture(scope="module")
def opened(run_stack: Callable[..., Run], labelled_inputs: pulumi.FileAsset) -> Run:
    """Both kinds with the open engine, their baselines from data."""
    baseline = {"data": labelled_inputs}
    bias = {key: value for key, value in BIAS.items() if key != "features"}
    return run_stack(
        engine="open", bias={**bias, "baseline": baseline}, attribution={**ATTRIBUTION, "baseline": baseline}
    )


@pytest.fixture(scope="module")
def monitored(run_stack: Callable[..., Run]) -> Run:
    """Both kinds with Model Monitor, in a VPC and under a key."""
    network = {"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0c"]}
    return run_stack(bias=BIAS, attribution=ATTRIBUTION, network=network, kms_key_arn=KEY)


def config(run: Run, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.one(OBJECT, f"churn-{kind}-analysis-config").inputs["content"])
    return found


def of_role(run: Run, role: str) -> dict[str, dict[str, Any]]:
    return {item["Sid"]: item for name, item in statements(run) if name == f"churn-{role}-role-policy"}


def test_every_kind_of_the_contract_is_a_monitor() -> None:
    assert [kind.kind.name for kind in MONITOR_KINDS] == list(KINDS)


def test_neither_is_there_without_its_arguments(full: Run) -> None:
    assert not [item.name for item in full.resources if "bias" in item.name or "attribution" in item.name]


@pytest.mark.parametrize(("kind", "types"), DEFINITIONS.items())
def test_definitions_are_what_cloudformation_takes(monitored: Run, kind: str, types: tuple[str, str]) -> None:
    token, schema = types
    definition = monitored.one(token)
    assert errors(cloud_control(definition.inputs), schema) == []
    schedule = monitored.one(MODEL_MONITORS, f"-{kind}-schedule").inputs["monitoringScheduleConfig"]
    assert schedule["monitoringType"] == KINDS[kind].monitoring_type
    assert schedule["monitoringJobDefinitionName"] == definition.outputs["jobDefinitionName"]


def test_the_bias_definition(monitored: Run) -> None:
    inputs = monitored.one(DEFINITIONS["bias"][0]).inputs
    bucket = monitored.one("aws:s3/bucket:Bucket").outputs["bucket"]
    source = inputs["modelBiasJobInput"]
    assert source["groundTruthS3Input"] == {"s3Uri": f"s3://{bucket}/ground-truth"}
    endpoint = source["endpointInput"]
    assert (endpoint["inferenceAttribute"], endpoint["startTimeOffset"], endpoint["endTimeOffset"]) == (
        "0", "-P2D", "-P1D")  # fmt: skip
    assert "probabilityAttribute" not in endpoint
    assert inputs["modelBiasBaselineConfig"] == {"constraintsResource": {"s3Uri": "s3://old/bias/analysis.json"}}
    stored = monitored.one(OBJECT, "churn-bias-analysis-config").inputs["key"]
    specification = inputs["modelBiasAppSpecification"]
    accounts = json.loads(SAMPLES.read_text())["repositories"]["sagemaker-clarify-processing"]
    assert specification == {
        "imageUri": f"{accounts['us-east-1']}.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0",
        "configUri": f"s3://{bucket}/{stored}",
        "environment": {"publish_cloudwatch_metrics": "Enabled"},
    }
    assert inputs["networkConfig"]["vpcConfig"] == {"subnets": ["subnet-0a"], "securityGroupIds": ["sg-0c"]}


def test_what_clarify_is_to_look_at(monitored: Run) -> None:
    assert config(monitored, "bias") == {
        "headers": ["AGE", "SEX", "label"],
        "label": "label",
        "label_values_or_threshold": [1],
        "facet": [
            {"name_or_index": "SEX", "value_or_threshold": [2]},
            {"name_or_index": "AGE", "value_or_threshold": [40.5]},
        ],
    }
    attribution = config(monitored, "attribution")
    assert attribution["methods"] == {"shap": {"agg_method": "mean_abs"}}
    assert attribution["predictor"]["model_name"] == monitored.one("aws:sagemaker/model:Model").outputs["name"]


def test_clarifys_jobs_may_do_what_they_must(monitored: Run) -> None:
    found = of_role(monitored, "monitor")
    images = [arn.rpartition("/")[2] for arn in found["PullImages"]["Resource"]]
    assert images == [
        "sagemaker-model-monitor-analyzer",
        "sagemaker-clarify-processing",
        "sagemaker-model-monitor-groundtruth-merger",
    ]
    namespaces = found["PublishMetrics"]["Condition"]["StringEquals"]["cloudwatch:namespace"]
    assert {"aws/sagemaker/Endpoints/bias-metrics", "aws/sagemaker/Endpoints/explainability-metrics"} <= set(namespaces)
    assert found["AskModel"]["Resource"] == [
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/clarify-shadow*",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/clarify-shadow*",
    ]


def test_the_open_engines_bias_job(opened: Run) -> None:
    found = plan(opened, "bias")
    assert (found["start_offset"], found["end_offset"]) == ("-P2D", "-P1D")
    assert found["ground_truth_uri"].endswith("/ground-truth")
    environment = found["request"]["Environment"]
    expected = {
        "analysis_type": "BIAS",
        "analysis_config": "/opt/ml/processing/input/config/analysis_config.json",
        "baseline_constraints": "/opt/ml/processing/baseline/constraints/analysis.json",
        "inference_attribute": "0",
        "metric_namespace": "ModelMonitoring/Endpoints/bias-metrics",
        "monitors_in_budget": "4",
        "runs_per_year": "365",
    }
    assert {name: environment[name] for name in expected} == expected
    assert "model_archive" not in environment


def test_the_open_engines_attribution_job_reads_the_model_and_no_labels(opened: Run) -> None:
    found = plan(opened, "attribution")
    assert found["ground_truth_uri"] is None
    inputs = {item["InputName"]: item["S3Input"] for item in found["request"]["ProcessingInputs"]}
    archive = opened.one("aws:sagemaker/model:Model").inputs["primaryContainer"]["modelDataUrl"]
    assert inputs["model"]["S3Uri"] == archive
    environment = found["request"]["Environment"]
    assert environment["model_archive"] == "/opt/ml/processing/input/model/model.tar.gz"
    assert (environment["analysis_type"], environment["inference_attribute"]) == ("ATTRIBUTION", "1")
    assert "predictor" not in config(opened, "attribution")
    read = of_role(opened, "open-monitor")["ReadObjects"]["Resource"]
    assert any(arn.endswith("/model-artifacts/*") for arn in read)
    assert found["small_window"] is None


def test_their_baselines_are_jobs_over_the_same_configuration(opened: Run) -> None:
    for kind in ("bias", "attribution"):
        request = json.loads(opened.one(INVOCATION, f"-{kind}-baseline").inputs["input"])["request"]
        names = {item["InputName"] for item in request["ProcessingInputs"]}
        assert {"baseline_dataset_input", "analysis_config", "code"} <= names
        assert ("model" in names) == (kind == "attribution")
        assert request["Environment"]["analysis_type"] == KINDS[kind].analysis_type
        [output] = request["ProcessingOutputConfig"]["Outputs"]
        constraints = {
            item["InputName"]: item["S3Input"]["S3Uri"] for item in plan(opened, kind)["request"]["ProcessingInputs"]
        }["baseline_constraints"]
        assert constraints == f"{output['S3Output']['S3Uri']}/analysis.json"


def test_they_have_alarms_a_place_in_the_dashboard_and_an_output(opened: Run) -> None:
    alarms = {item.name for item in opened.of_type(ALARM)}
    for kind in ("bias", "attribution"):
        assert {f"churn-{kind}-{end}" for end in ("violations", "job-failures", "silent", "no-data")} <= alarms
    body = opened.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    assert "ModelMonitoring/Endpoints/bias-metrics" in body
    assert "ExplainabilityMethod,Label,ValueType" in body
    assert "-(dq|mq|bi|at)-" in body
    [outputs] = [
        found for urn, found in opened.component_outputs.items() if urn.endswith("ModelMonitoringStack::churn")
    ]
    assert set(outputs["schedule_names"]) == {"data-quality", "model-quality", "bias", "attribution"}


def test_another_model_asks_for_another_baseline_of_attribution(
    make_args: MakeArgs, tmp_path: Path, model_archive: Path
) -> None:
    def prefix(attribution: dict[str, Any], model: Path = model_archive) -> str:
        endpoint = {"model": pulumi.FileAsset(str(model))}
        args = make_args(engine="open", attribution=attribution, endpoint=endpoint)
        source = monitors_of(StackSettings.from_args("churn", args))["attribution"].baseline()
        return str(getattr(source, "results_prefix", ""))

    other = tmp_path / "model.tar.gz"
    other.write_bytes(gzip.compress(b"another model"))
    data = {**ATTRIBUTION, "baseline": {"data": pulumi.StringAsset("AGE,SEX\n1,2\n")}}
    assert prefix(data).startswith("baseline-data/results/attribution-")
    assert prefix(data) == prefix(data)
    assert prefix(data) != prefix({**data, "aggregation": "median"})
    assert prefix(data) != prefix(data, other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bias": {**BIAS, "facets": [{"name": "RACE"}]}}, "bias.facets[0].name is 'RACE': is none of"),
        ({"bias": {**BIAS, "facets": []}}, "bias.facets is []: must be a list such as"),
        ({"bias": {**BIAS, "facets": [{"name": "SEX"}, {"name": "SEX"}]}}, "bias.facets[1].name is 'SEX': is there"),
        ({"bias": {**BIAS, "facets": [{"name": "SEX", "value": ["2"]}]}}, "bias.facets[0].value is not an argument"),
        ({"bias": {**BIAS, "positive_labels": []}}, "bias.positive_labels is []: must be a list of 1 to 100 values"),
        ({"bias": {key: value for key, value in BIAS.items() if key != "baseline"}}, "bias.baseline is missing"),
        ({"bias": {key: value for key, value in BIAS.items() if key != "features"}}, "bias.features is missing"),
        ({"bias": {**BIAS, "baseline": {"constraints": pulumi.StringAsset("{}")}}}, "bias.baseline.constraints has no"),
        ({"bias": {**BIAS, "end_time_offset": "-P3D"}}, "bias.start_time_offset is -P2D and bias.end_time_offset -P3D"),
        ({"bias": {**BIAS, "baseline": {"data": pulumi.StringAsset("prediction,AGE,SEX,label\n1,2,3,1\n")}}},
         "bias.baseline.data is given and engine is model-monitor: give bias.baseline.constraints"),
        ({"attribution": {**ATTRIBUTION, "features": []}}, "attribution.features is []: must be a list"),
        ({"attribution": {**ATTRIBUTION, "aggregation": "max"}}, "attribution.aggregation is 'max': must be one of"),
        ({"attribution": {**ATTRIBUTION, "baseline": {"data": pulumi.StringAsset("AGE\n1\n")}}},
         "attribution.baseline.data has no column 'SEX'"),
        ({"bias": {**BIAS, "segments": ["AGE"]}}, "bias.segments needs bias.baseline.data: a segment is held against"),
        ({"bias": {**BIAS, "segments": ["RACE"]}}, "bias.segments names 'RACE': bias.features has AGE, SEX; name one"),
        ({"bias": {**BIAS, "segments": "AGE"}}, "bias.segments is 'AGE': must be a list of at most 3 columns"),
        ({"attribution": {**ATTRIBUTION, "segments": ["RACE"]}}, "attribution.segments names 'RACE': attribution.feat"),
        ({"attribution": {**ATTRIBUTION, "baseline": {"data": pulumi.StringAsset("AGE,SEX\n1,2\n")},
                          "segments": ["SEX"]}}, "attribution.segments is given and engine is model-monitor: Model"),
    ],
)  # fmt: skip
def test_what_is_refused_at_the_door(make_args: MakeArgs, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        StackSettings.from_args("churn", make_args(**changes))
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_an_endpoint_that_exists_needs_the_address_of_its_model(make_args: MakeArgs) -> None:
    existing = {"existing": {"name": "fraud", "capture_uri": "s3://captures/endpoints"}}
    with pytest.raises(ArgumentError, match=r"attribution\.model_uri is missing"):
        monitors_of(
            StackSettings.from_args("churn", make_args(engine="open", endpoint=existing, attribution=ATTRIBUTION))
        )
    given = {**ATTRIBUTION, "model_uri": "s3://models/fraud/model.tar.gz"}
    settings = StackSettings.from_args("churn", make_args(engine="open", endpoint=existing, attribution=given))
    assert "s3://models/fraud/model.tar.gz" in settings.files_outside
    assert monitors_of(settings)["attribution"].model_uri(None) == "s3://models/fraud/model.tar.gz"


def test_clarify_s_shadow_endpoint_runs_the_model_of_an_endpoint_that_exists(make_args: MakeArgs) -> None:
    existing = {"existing": {"name": "fraud", "capture_uri": "s3://captures/endpoints"}}
    of_clarify = {"engine": "model-monitor", "endpoint": existing}
    with pytest.raises(ArgumentError, match=r"attribution\.model_name is missing"):
        monitors_of(StackSettings.from_args("churn", make_args(**of_clarify, attribution=ATTRIBUTION)))
    given = {**ATTRIBUTION, "model_name": "fraud-model"}
    monitor = monitors_of(StackSettings.from_args("churn", make_args(**of_clarify, attribution=given)))["attribution"]
    config = monitor.analysis_config(None)
    assert config is not None
    assert config["predictor"]["model_name"] == "fraud-model"
