"""State machine and pipeline as data, held against schemas that nobody here wrote: cfn-lint's and botocore's."""

import json
from pathlib import Path
from typing import Any

import botocore.session
import cfnlint
import pytest
from botocore.validate import ParamValidator
from cfnlint.jsonschema import StandardValidator

from components.args import ArgumentError
from components.args.retraining import RetrainingSettings
from components.jobs import Machine
from components.retraining import (
    MachineSettings,
    Places,
    Training,
    pipeline_definition,
    state_machine_definition,
)
from local_aws.states import error_name
from tests.components.aws_models import violations_of_patterns
from tests.components.retraining.training_source import training_source

STATES_SCHEMA = Path(cfnlint.__file__).parent / "data/schemas/other/step_functions/statemachine.json"
SAGEMAKER = botocore.session.Session().get_service_model("sagemaker")
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/jobs"


def machine(*, auto_approve: bool = False) -> dict[str, Any]:
    return state_machine_definition(
        MachineSettings(
            pipeline_name="stack-retraining",
            endpoint_name="stack-endpoint-1a2b3c4",
            step_function_name="stack-retraining-step-1a2b3c4",
            poll_seconds=30,
            approval_seconds=259_200,
            auto_approve=auto_approve,
            timeout_seconds=604_800,
        )
    )


def pipeline() -> dict[str, Any]:
    return pipeline_definition(
        Machine(
            image_uri=IMAGE,
            instance_type="ml.m5.large",
            volume_size_in_gb=20,
            max_runtime_in_seconds=3600,
            role_arn=ROLE,
            tags={"team": "risk"},
        ),
        Places(
            code="s3://bucket/job-code/1/drift_tools.zip",
            settings="s3://bucket/retraining/code/1/settings.json",
            captured="s3://bucket/captured-data/endpoint/Primary",
            ground_truth="s3://bucket/ground-truth",
            results="s3://bucket/monitoring-results/endpoint",
            statistics="s3://bucket/baseline-data/results/1/statistics.json",
        ),
        Training(
            source_uri="s3://bucket/retraining/code/2/source.tar.gz",
            program="train.py",
            instance_type="ml.m5.large",
            volume_size_in_gb=20,
            max_runtime_in_seconds=3600,
            output_uri="s3://bucket/retrained-models",
            image_uri=IMAGE,
            role_arn=ROLE,
            hyperparameters={"max_depth": "3"},
            tags={"team": "risk"},
        ),
        group_name="stack-models",
    )


@pytest.mark.parametrize("auto_approve", [False, True])
def test_the_state_machine_is_valid_by_cfn_lints_schema_of_the_states_language(auto_approve: bool) -> None:
    schema = json.loads(STATES_SCHEMA.read_text())
    problems = [
        f"{list(error.path)}: {error.message}"
        for error in StandardValidator(schema).iter_errors(machine(auto_approve=auto_approve))
    ]
    assert problems == []


@pytest.mark.parametrize("auto_approve", [False, True])
def test_every_state_is_reached_and_every_transition_has_a_target(auto_approve: bool) -> None:
    definition = machine(auto_approve=auto_approve)
    states, reached, waiting = definition["States"], set(), [definition["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        state = states[name]
        waiting += [state[key] for key in ("Next", "Default") if key in state]
        waiting += [rule["Next"] for rule in (*state.get("Choices", []), *state.get("Catch", []))]
    assert reached == set(states)
    ends = {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")}
    assert ends == {"Done", "Failure", "RollbackFailure"}


def test_every_task_that_can_fail_ends_in_the_cleaning_up() -> None:
    states = machine()["States"]
    endings = {"Deployed", "Refused", "Rejected", "Expired", "RolledBack", "Failed"}
    for name, state in states.items():
        if state["Type"] in ("Task", "Map") and name not in endings:
            assert state["Catch"][-1] == {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}, (
                name
            )


def test_every_call_of_sagemaker_is_tried_again_where_sagemaker_throttles() -> None:
    """By the names that Step Functions has for it: describing is done every half minute, for days."""
    states = machine()["States"]
    tasks = [state for state in (*states.values(), baseline_state()) if ":sagemaker:" in state.get("Resource", "")]
    assert len(tasks) == 5
    for task in tasks:
        retried = [name for retrier in task["Retry"] for name in retrier["ErrorEquals"]]
        assert error_name(task["Resource"], "ThrottlingException") in retried, task["Resource"]
        assert error_name(task["Resource"], "InternalFailure") in retried, task["Resource"]


def baseline_state() -> dict[str, Any]:
    """The state that makes a monitor's baseline, within the map over all of them."""
    made: dict[str, Any] = machine()["States"]["MakeBaselines"]["ItemProcessor"]["States"]["MakeBaseline"]
    return made


def test_nothing_is_deployed_without_an_answer() -> None:
    """The only way to the endpoint's update leads through the approval, and the only way through it through a yes."""
    states = machine()["States"]
    into = {
        name: [
            each
            for each, state in states.items()
            if name in json.dumps(state.get("Choices", [])) or state.get("Next") == name
        ]
        for name in ("Prepare", "UpdateEndpoint", "IsApproved")
    }
    assert into == {"Prepare": ["IsApproved"], "UpdateEndpoint": ["Prepare"], "IsApproved": ["Approval"]}
    assert states["IsApproved"]["Choices"] == [
        {"Variable": "$.approval.status", "StringEquals": "Approved", "Next": "Prepare"}
    ]
    assert states["Approval"]["Resource"].endswith("waitForTaskToken")
    assert states["Approval"]["TimeoutSeconds"] == 259_200


def resolved(value: Any) -> Any:
    """A value with a text in the place of what is only known in a run."""
    if isinstance(value, list):
        return [resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) in ({"Get"}, {"Std:Join"}):
        return "s3://bucket/of-a-run/" + ("x" if "Get" in value else "y")
    return {key: resolved(each) for key, each in value.items()}


def steps_of(definition: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for step in definition["Steps"]:
        found[step["Name"]] = step
        if step["Type"] == "Condition":
            found |= {each["Name"]: each for each in step["Arguments"]["IfSteps"]}
    return found


@pytest.mark.parametrize(
    ("step", "operation", "name"),
    [
        ("Prepare", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("Compare", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("Train", "CreateTrainingJob", {"TrainingJobName": "job"}),
        ("Register", "CreateModelPackage", {}),
    ],
)
def test_every_steps_arguments_are_a_request_by_botocores_model(
    step: str, operation: str, name: dict[str, str]
) -> None:
    request = {**resolved(steps_of(pipeline())[step]["Arguments"]), **name}
    shape = SAGEMAKER.operation_model(operation).input_shape
    assert not ParamValidator().validate(request, shape).has_errors(), (
        ParamValidator().validate(request, shape).generate_report()
    )
    assert violations_of_patterns(request, shape) == []


def test_the_pipeline_runs_in_its_order_and_registers_what_waits_for_approval() -> None:
    definition = pipeline()
    assert [(step["Name"], step["Type"]) for step in definition["Steps"]] == [
        ("Prepare", "Processing"),
        ("Train", "Training"),
        ("Compare", "Processing"),
        ("IsBetter", "Condition"),
    ]
    register = steps_of(definition)["Register"]["Arguments"]
    assert register["ModelApprovalStatus"] == "PendingManualApproval"
    assert register["ModelPackageGroupName"] == "stack-models"
    assert {each["Name"] for each in definition["Parameters"]} == {
        "RunUri", "ChampionModelUri", "StatisticsUri", "Reason", "HyperparameterMaxDepth",
    }  # fmt: skip


def settings(**more: Any) -> RetrainingSettings:

    protect = more.pop("protect", False)
    args: Any = {"training": {"source": training_source()}, **more}
    return RetrainingSettings.from_args(args, protect=protect)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"approval": {"auto_approve": True}, "protect": True}, "they get no model without a person's yes"),
        ({"approval": {"hours": 200}, "timeout_in_hours": 100}, "a run must live longer than it waits"),
        ({"deployment": {"strategy": "all-at-once", "percent": 10}}, "means nothing with strategy all-at-once"),
        ({"deployment": {"percent": 60}}, "must be from 1 to 50"),
        ({"triggers": {"alarms": [{"kind": "data-qualty"}]}}, "must be one of"),
        ({"triggers": {"quality_floor": {"metric": "auc"}}}, "must be a number from 0 to 1"),
        ({"data": {"holdout_share": 0.1, "holdout_hours": 3}}, "remove one"),
        ({"coolDown": 3}, "is not an argument"),
    ],
)
def test_arguments_are_refused_in_one_line(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said) as raised:
        settings(**more)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("strategy", ["canary", "linear", "all-at-once"])
def test_the_deployment_is_one_by_botocores_model(strategy: str) -> None:
    found = settings(deployment={"strategy": strategy}).deployment_config
    request = {"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": found}
    shape = SAGEMAKER.operation_model("UpdateEndpoint").input_shape
    assert not ParamValidator().validate(request, shape).has_errors()
    assert violations_of_patterns(request, shape) == []
