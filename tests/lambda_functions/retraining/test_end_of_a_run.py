"""An end that leaves nothing half done, wherever a run is killed."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract import retraining as names
from functions.start_monitor.current_baseline import followed
from functions.start_monitor.plan import Plan
from tests.lambda_functions.retraining.services import CHAMPION, EXECUTION, NOW, PACKAGE, World, ask

POINT = {"step": "point", "execution": EXECUTION, "package": PACKAGE, "config": "churn-endpoint-retrained-7"}


# ---------------------------------------------------------------------------------------------- the end


def prepared(world: World, execution: str = "RUNNING") -> dict[str, Any]:
    world.candidate("Approved")
    world.states.executions[EXECUTION] = execution
    for file in ("baseline.csv", "baseline_quality.csv"):
        world.s3.put(f"retraining/runs/run-1/evaluation/{file}", b"a\n1\n")
    event = {"step": "prepare", "package": PACKAGE, "champion": CHAMPION, "execution": EXECUTION}
    return world.step({**event, "run_uri": "s3://churn-data/retraining/runs/run-1"})


def test_the_new_configuration_is_the_running_one_with_another_model(world: World) -> None:
    found = prepared(world)
    assert found["config"] == "churn-endpoint-retrained-7"
    (config,) = world.sagemaker.requests("CreateEndpointConfig")
    assert config["ProductionVariants"][0]["ModelName"] == "churn-endpoint-retrained-7"
    assert config["ProductionVariants"][0]["InstanceType"] == "ml.m5.large"
    (job,) = found["baselines"]
    assert job["ProcessingInputs"] == "s3://churn-data/baseline-data/data-quality/retrained-7/baseline.csv"
    assert job["ProcessingOutputConfig"] == "s3://churn-data/baseline-data/results/retrained-7"


@pytest.mark.parametrize(("status", "error"), [("ABORTED", RuntimeError), ("RUNNING", ClientError)])
def test_a_step_that_fails_half_way_leaves_nothing_of_a_run_that_was_stopped(
    world: World, status: str, error: type[Exception]
) -> None:
    """Cleaning up came before the model was made, or took it away before its configuration; a run goes on with it."""
    world.sagemaker.fail("CreateEndpointConfig", "ValidationException")
    with pytest.raises(error, match="was stopped" if status == "ABORTED" else "ValidationException"):
        prepared(world, status)
    made = {"churn-endpoint-retrained-7"} if status == "RUNNING" else set()
    assert world.sagemaker.models == {"churn-model-1"} | made
    assert set(world.sagemaker.configs) == {"churn-config-1"}


def killed(status: str = "ABORTED") -> dict[str, Any]:
    given = {"trigger": "alarm x", "run_uri": "s3://churn-data/retraining/runs/run-1", "champion": CHAMPION}
    detail = {"executionArn": EXECUTION, "status": status, "input": json.dumps(given)}
    return {"detail-type": "Step Functions Execution Status Change", "detail": detail}


def at_state(world: World, state: str) -> None:
    """How far a run has come when it is killed in a state."""
    world.lock()
    if state == "Train":
        return
    if state == "WaitForPipeline":
        world.sagemaker.pipelines["run-1"] = "Executing"
        return
    world.candidate()
    if state == "Approval":
        ask(world)
        world.sns.published.clear()
        return
    prepared(world)
    if state in ("UpdateEndpoint", "WaitForEndpoint", "MakeBaselines", "PointMonitors"):
        world.sagemaker.serving = "churn-endpoint-retrained-7"
    if state == "WaitForEndpoint":
        world.sagemaker.status = "Updating"


@pytest.mark.parametrize(
    "state",
    [
        "Train",
        "WaitForPipeline",
        "Outcome",
        "Approval",
        "Prepare",
        "UpdateEndpoint",
        "WaitForEndpoint",
        "MakeBaselines",
        "PointMonitors",
    ],
)
def test_a_run_that_is_killed_leaves_the_old_model_serving_and_the_next_may_start(world: World, state: str) -> None:
    at_state(world, state)
    for _ in range(2):  # EventBridge may say it twice
        world.step(killed())
    assert world.sagemaker.serving == "churn-config-1"
    assert set(world.sagemaker.configs) == {"churn-config-1"}
    assert world.sagemaker.models == {"churn-model-1"}
    assert len(world.sns.published) == 1
    assert world.sagemaker.pipelines["run-1"] in ("Succeeded", "Stopped")
    assert world.sagemaker.pipelines["run-0"] == "Executing"  # another's
    assert world.s3.keys(f"{names.WAITING}/") == []
    assert world.s3.json("retraining/decisions/run-1.json")["reason"] == "ABORTED: the execution was stopped"
    assert world.start({"by": "hand"})["started"]


def test_a_run_that_is_killed_when_the_monitors_follow_already_is_deployed(world: World) -> None:
    at_state(world, "PointMonitors")
    world.step(POINT)
    who = {"IamIdentity": {"Arn": "arn:aws:iam::111122223333:user/ada"}}
    world.sagemaker.packages[PACKAGE].update(LastModifiedBy=who)
    world.step(killed())
    assert world.sagemaker.serving == "churn-endpoint-retrained-7"
    assert "churn-endpoint-retrained-7" in world.sagemaker.configs
    record = world.s3.json("retraining/decisions/run-1.json")
    assert (record["outcome"], record["package"]) == ("deployed", PACKAGE)
    assert record["approval"]["by"] == "arn:aws:iam::111122223333:user/ada"
    (message,) = world.sns.published
    assert message["Subject"] == "churn-endpoint-1a2b3c4: the new model serves"
    assert "old model" not in message["Message"]


def test_a_step_that_outlives_its_run_undoes_what_it_made(world: World) -> None:
    with pytest.raises(RuntimeError, match="churn-endpoint-retrained-7 is removed again"):
        prepared(world, "ABORTED")
    assert set(world.sagemaker.configs) == {"churn-config-1"}
    assert world.sagemaker.models == {"churn-model-1"}
    with pytest.raises(RuntimeError, match="the monitors are left alone"):
        world.step(POINT)
    assert names.POINTER not in world.s3.objects


def test_the_end_of_a_run_that_cleaned_up_does_not_touch_the_next_ones_candidate(world: World) -> None:
    world.lock()
    endpoint = {"EndpointStatus": "InService", "EndpointConfigName": "churn-config-1"}
    world.step(ending("rolled back", package=PACKAGE, endpoint={**endpoint, "FailureReason": "an alarm rang"}))
    assert world.s3.json("retraining/decisions/run-1.json")["reason"] == "an alarm rang"
    world.candidate()
    assert world.step(killed("FAILED")) == {"ignored": "it has cleaned up after itself"}
    assert world.sagemaker.packages[PACKAGE]["ModelApprovalStatus"] == "PendingManualApproval"


def ending(outcome: str, **more: Any) -> dict[str, Any]:
    event = {"step": "finish", "outcome": outcome, "execution": EXECUTION, "trigger": "alarm x", "champion": CHAMPION}
    return {**event, "started": NOW.isoformat(), "run_uri": "s3://churn-data/retraining/runs/run-1", **more}


def test_a_deployed_model_is_told_of_once_with_who_approved(world: World) -> None:
    at_state(world, "MakeBaselines")
    approval = {"status": "Approved", "by": "arn:aws:iam::111122223333:user/ada", "note": "reviewed"}
    event = ending("deployed", package=PACKAGE, approval=approval, config="churn-endpoint-retrained-7")
    for _ in range(2):
        world.step(event)
    (message,) = world.sns.published
    assert message["Subject"] == "churn-endpoint-1a2b3c4: the new model serves"
    assert "Approved by: arn:aws:iam::111122223333:user/ada (reviewed)" in message["Message"]
    assert world.s3.json("retraining/decisions/run-1.json")["approval"] == approval
    assert world.s3.json(names.LAST)["labels_until"] == NOW.isoformat()
    assert names.LOCK not in world.s3.objects


def test_a_message_that_cannot_be_sent_is_sent_when_the_step_is_repeated(world: World) -> None:
    world.lock()
    world.sns.fail("Publish", "InternalError")
    with pytest.raises(ClientError):
        world.step(ending("refused", reason="no better"))
    assert names.LOCK in world.s3.objects
    world.step(ending("refused", reason="no better"))
    assert len(world.sns.published) == 1


def test_with_the_stack_goes_what_pulumi_does_not_know(world: World) -> None:
    prepared(world)
    assert world.step({"tf": {"action": "create"}, "group": "churn-models"}) == {"destroy": "later"}
    world.step({"tf": {"action": "delete"}, "group": "churn-models"})
    assert world.sagemaker.packages == {}
    assert "Executing" not in world.sagemaker.pipelines.values()
    assert set(world.sagemaker.configs) == {"churn-config-1"}


def test_a_deployment_that_would_not_reach_the_endpoint_fails(world: World) -> None:
    event = {"step": "declared", "declared": {"model": "a", "instances": "b"}}
    assert [world.step(event)["declared"] for _ in range(2)] == ["noted", "as before"]
    with pytest.raises(RuntimeError, match=r"^endpoint: model changed, and would not reach churn-endpoint-1a2b3c4"):
        world.step({**event, "declared": {"model": "c", "instances": "b"}})
    assert world.step(event)["declared"] == "as before"
    world.step({"tf": {"action": "delete"}, "group": "churn-models"})
    assert world.step({**event, "declared": {"model": "c"}})["declared"] == "noted"


# ---------------------------------------------------------------------------------------------- the monitors follow


@pytest.fixture
def plan() -> Plan:
    request = {
        "ProcessingInputs": [
            {"InputName": "code", "S3Input": {"S3Uri": "s3://churn-data/code"}},
            {"InputName": "baseline_constraints", "S3Input": {"S3Uri": "s3://churn-data/old/constraints.json"}},
        ],
        "Environment": {"windows_uri": "s3://churn-data/monitor-state/windows/s", "rules": "calibrated"},
    }
    empty: Any = None
    return Plan(
        "data-quality", "e", "s", ("Primary",), empty, NOW, 6, "s3://b/c", None, "s3://b/r", "s3://b/s", "churn", None,
        request, f"s3://churn-data/{names.POINTER}",
    )  # fmt: skip


def test_a_run_compares_with_the_baseline_of_the_model_that_serves(world: World, plan: Any) -> None:
    assert followed(plan, world.s3) is plan
    prepared(world)
    world.step(POINT)
    found = followed(plan, world.s3).request
    uris = {item["InputName"]: item["S3Input"]["S3Uri"] for item in found["ProcessingInputs"]}
    assert uris == {
        "code": "s3://churn-data/code",
        "baseline_constraints": "s3://churn-data/baseline-data/results/retrained-7/constraints.json",
    }
    assert found["Environment"]["windows_uri"] == "s3://churn-data/monitor-state/windows/s-retrained-7"
    # The tables of results say by themselves which package was served, of every kind of monitor.
    bias = followed(replace(plan, kind="bias"), world.s3).request
    assert found["Environment"]["model_version"] == bias["Environment"]["model_version"] == "churn-models/7"
    assert bias["ProcessingInputs"] == plan.request["ProcessingInputs"]
