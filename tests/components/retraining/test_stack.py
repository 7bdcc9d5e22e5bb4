"""What retraining adds to a stack, on the mocked runtime."""

import json
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

import pytest

from components.args import ArgumentError
from contract.retraining import MODELS_FOLDER
from tests.components.mocked_runtime import Run
from tests.components.registered import statements
from tests.components.resource_types import SCHEDULE
from tests.components.retraining.training_source import training_source

MACHINE = "aws:sfn/stateMachine:StateMachine"
PIPELINE = "aws:sagemaker/pipeline:Pipeline"
SOURCE = {"training": {"source": training_source()}}


@pytest.fixture(scope="module")
def run(run_variant: Callable[..., Run]) -> Run:
    return run_variant("retraining")


@pytest.fixture(scope="module")
def without(run_variant: Callable[..., Run]) -> Run:
    return run_variant("open")


def ignored(run: Run, kind: str) -> set[str]:
    return set(run.one(kind).request.ignoreChanges)


def test_without_it_nothing_of_it_is_there(without: Run) -> None:
    assert without.of_type(MACHINE) == without.of_type(PIPELINE) == []
    assert ignored(without, "aws:sagemaker/endpoint:Endpoint") == set()


def test_what_serves_belongs_to_the_machine_and_not_to_the_next_deployment(run: Run) -> None:
    assert ignored(run, "aws:sagemaker/endpoint:Endpoint") == {"endpointConfigName"}
    assert ignored(run, "aws:sagemaker/endpointConfiguration:EndpointConfiguration") == {
        "productionVariants", "dataCaptureConfig", "kmsKeyArn",
    }  # fmt: skip
    assert "primaryContainer" in ignored(run, "aws:sagemaker/model:Model")


def test_a_deployment_asks_whether_the_endpoint_is_declared_as_before(
    run: Run, run_variant: Callable[..., Run], without: Run
) -> None:
    def asked(of: Run) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            of.one("aws:lambda/invocation:Invocation", "endpoint-declared").inputs["input"]
        )
        return found

    assert asked(run)["step"] == "declared"
    assert set(asked(run)["declared"]) == {
        "model", "image", "environment", "instances", "data capture", "network", "kms_key_arn",
    }  # fmt: skip
    assert not [item for item in without.of_type("aws:lambda/invocation:Invocation") if "declared" in item.name]


def test_the_machine_logs_traces_and_is_standard(run: Run) -> None:
    inputs = run.one(MACHINE).inputs
    assert inputs["type"] == "STANDARD"
    assert inputs["loggingConfiguration"]["level"] == "ERROR"
    assert inputs["tracingConfiguration"] == {"enabled": True}
    definition = json.loads(inputs["definition"])
    assert definition["States"]["Train"]["Parameters"]["PipelineName"] == "churn-retraining"


def test_the_pipeline_reads_what_the_endpoint_captured(run: Run) -> None:
    definition = json.loads(run.one(PIPELINE).inputs["pipelineDefinition"])
    endpoint = run.one("aws:sagemaker/endpoint:Endpoint").outputs["name"]
    inputs = {
        each["InputName"]: each["S3Input"]["S3Uri"] for each in definition["Steps"][0]["Arguments"]["ProcessingInputs"]
    }
    assert inputs["captured"].endswith(f"/captured-data/{endpoint}/Primary")
    assert inputs["results"].endswith(f"/monitoring-results/{endpoint}")
    assert definition["Steps"][1]["Arguments"]["VpcConfig"] == {"Subnets": ["subnet-0a"], "SecurityGroupIds": ["sg-0c"]}


def function_settings(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        run.one("aws:s3/bucketObjectv2:BucketObjectv2", "retraining-functions").inputs["content"]
    )
    return found


def test_the_functions_know_which_alarms_ask_and_what_a_baseline_job_is(run: Run) -> None:
    found = function_settings(run)
    keys = ("kind", "runs", "threshold", "hours_between_runs")
    assert [tuple(rule[key] for key in keys) for rule in found["rules"]] == [
        ("data-quality", 3, 1, 1), ("model-quality", 1, 1, 24),
    ]  # fmt: skip
    assert found["quality_floor"]["namespace"] == "ModelMonitoring/Endpoints/model-metrics"
    assert set(found["baselines"]) == {"data-quality", "model-quality"}
    template = found["baselines"]["model-quality"]
    assert template["ProcessingInputs"][0]["S3Input"]["S3Uri"] == "{data}"
    assert template["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] == "{results}"
    assert "ProcessingJobName" not in template
    (alarm,) = found["deployment_config"]["AutoRollbackConfiguration"]["Alarms"]
    assert "endpoint-errors" in alarm["AlarmName"]


def test_who_deploys_and_who_serves_may_see_the_alarm_that_takes_a_model_back(run: Run, without: Run) -> None:
    """SageMaker guide, "Auto-Rollback Configuration and Monitoring"; only what updates by itself has such an alarm."""
    (alarm,) = function_settings(run)["deployment_config"]["AutoRollbackConfiguration"]["Alarms"]
    found = {name: one for name, one in statements(run) if "cloudwatch:DescribeAlarms" in one["Action"]}
    assert set(found) == {"churn-machine-role-policy", "churn-model-role-policy"}
    for statement in found.values():
        (pattern,) = statement["Resource"]
        assert fnmatch(f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{alarm['AlarmName']}", pattern)
    assert not [name for name, one in statements(without) if "cloudwatch:DescribeAlarms" in one["Action"]]


def test_what_an_alarm_told_once_is_asked_again_every_hour(run: Run, without: Run) -> None:
    (check,) = [item.inputs for item in run.of_type(SCHEDULE) if item.name.endswith("-retraining-check")]
    assert check["scheduleExpression"] == "rate(1 hour)"
    assert json.loads(check["target"]["input"])["by"] == "check"
    assert not [item for item in without.of_type(SCHEDULE) if "retraining" in item.name]


def test_runs_follow_the_pointer_only_with_retraining(run: Run, without: Run) -> None:
    for each, expected in ((run, True), (without, False)):
        plans = [json.loads(item.inputs["target"]["input"]) for item in each.of_type(SCHEDULE) if "-open-" in item.name]
        assert len(plans) == 2
        assert all(("current_baseline_uri" in plan["plan"]) is expected for plan in plans)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"engine": "both"}, "cannot follow a new model without a deployment"),
        ({"model_quality": None}, "it needs labels"),
        ({"retraining": {**SOURCE, "approval": {"auto_approve": True}}, "protect": True}, "a person's yes"),
        (
            {"data_quality": {"enabled": False}, "baseline": None},
            "retraining is given without model_quality, or without baseline.data",
        ),
    ],
)
def test_what_cannot_work_is_refused(run_stack: Callable[..., Run], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        run_stack(**{"engine": "open", "retraining": SOURCE, **changes})


def test_a_retrained_model_lies_where_only_training_writes_and_the_endpoint_reads(run: Run, without: Run) -> None:
    definition = json.loads(run.one(PIPELINE).inputs["pipelineDefinition"])
    training = next(step["Arguments"] for step in definition["Steps"] if step["Name"] == "Train")
    assert training["OutputDataConfig"]["S3OutputPath"].endswith(f"/{MODELS_FOLDER}")

    def holders(of: Run, action: str) -> set[str]:
        return {
            role
            for role, item in statements(of)
            if action in item["Action"] and any(arn.endswith(f"/{MODELS_FOLDER}/*") for arn in item["Resource"])
        }

    assert holders(run, "s3:PutObject") == {"churn-retraining-role-policy"}
    assert holders(run, "s3:GetObject") == {"churn-retraining-role-policy", "churn-model-role-policy"}
    assert holders(without, "s3:GetObject") == set()
