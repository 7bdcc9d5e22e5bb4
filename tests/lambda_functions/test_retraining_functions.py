"""Retraining's functions: the guard, the gate, and an end that leaves nothing half done, wherever a run is killed."""

import io
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract import retraining as names
from functions.retraining_step import handler as steps
from functions.retraining_step.services import Services as StepServices
from functions.start_monitor.current_baseline import followed
from functions.start_monitor.plan import Plan
from functions.start_retraining import handler as start
from functions.start_retraining.triggers import read_trigger, violated_runs
from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker, FakeSns, client_error

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MACHINE = "arn:aws:states:eu-central-1:111122223333:stateMachine:churn-retraining"
EXECUTION = f"{MACHINE.replace(':stateMachine:', ':execution:')}:run-1"
PACKAGE = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/churn-models/7"
POINT = {"step": "point", "execution": EXECUTION, "package": PACKAGE, "config": "churn-endpoint-retrained-7"}
SETTINGS: dict[str, Any] = {
    "bucket": "churn-data",
    "endpoint_name": "churn-endpoint-1a2b3c4",
    "name_stem": "churn-endpoint",
    "job_stem": "churn",
    "group_name": "churn-models",
    "pipeline_name": "churn-retraining",
    "state_machine_arn": MACHINE,
    "notification_topic_arn": "arn:aws:sns:eu-central-1:111122223333:churn-notifications",
    "ground_truth_prefix": "ground-truth",
    "metric_namespace": "ModelMonitoring/churn",
    "cool_down_hours": 24,
    "least_new_labels": 3,
    "approval_hours": 72,
    "deployment_config": {},
    "rules": [
        {
            "alarm": "churn-violations",
            "kind": "data-quality",
            "schedule": "s",
            "runs": 2,
            "threshold": 2,
            "hours_between_runs": 1,
        }
    ],
    "quality_floor": None,
    "baselines": {"data-quality": {"ProcessingInputs": "{data}", "ProcessingOutputConfig": "{results}"}},
    "tags": {},
}
CHAMPION = {
    "endpoint": "churn-endpoint-1a2b3c4",
    "config": "churn-config-1",
    "model": "churn-model-1",
    "model_data": "s3://b/m",
}


class S3(FakeS3):
    def delete_object(self, **request: Any) -> dict[str, Any]:
        with self.lock:
            self._check("DeleteObject", request, request["Key"])
            self.objects.pop(request["Key"], None)
            return {}

    def copy_object(self, **request: Any) -> dict[str, Any]:
        self.objects[request["Key"]] = self.objects[request["CopySource"]["Key"]]
        return {}

    def get_object(self, **request: Any) -> dict[str, Any]:
        answer = super().get_object(**request)
        body = answer["Body"].read()
        lines = SimpleNamespace(read=io.BytesIO(body).read, iter_lines=lambda: iter(body.splitlines()))
        return {**answer, "Body": lines, "LastModified": NOW - timedelta(hours=1)}


class SageMaker(FakeSageMaker):
    """An endpoint, its configurations and models, and a registry."""

    def __init__(self) -> None:
        super().__init__()
        self.serving, self.status = "churn-config-1", "InService"
        self.configs = {"churn-config-1": "churn-model-1"}
        self.models = {"churn-model-1"}
        self.packages: dict[str, dict[str, Any]] = {}
        self.pipelines = {"run-0": "Executing", "run-1": "Succeeded"}
        """One that is stopped registers what it was about to."""

    def list_pipeline_executions(self, **request: Any) -> dict[str, Any]:
        self._enter("ListPipelineExecutions", request)
        for name, status in self.pipelines.items():
            if status == "Stopping":
                self.pipelines[name], self.packages[PACKAGE] = (
                    "Stopped",
                    {"ModelApprovalStatus": "PendingManualApproval"},
                )
        return {
            "PipelineExecutionSummaries": [
                {"PipelineExecutionArn": name, "PipelineExecutionDisplayName": name, "PipelineExecutionStatus": status}
                for name, status in self.pipelines.items()
            ]
        }

    def stop_pipeline_execution(self, **request: Any) -> dict[str, Any]:
        self._enter("StopPipelineExecution", request)
        self.pipelines[request["PipelineExecutionArn"]] = "Stopping"
        return {}

    def describe_endpoint(self, **request: Any) -> dict[str, Any]:
        self._enter("DescribeEndpoint", request)
        status, self.status = self.status, "InService"  # an update ends while it is waited for
        return {"EndpointStatus": status, "EndpointConfigName": self.serving}

    def update_endpoint(self, **request: Any) -> dict[str, Any]:
        self._enter("UpdateEndpoint", request)
        self.serving = request["EndpointConfigName"]
        return {}

    def describe_endpoint_config(self, **request: Any) -> dict[str, Any]:
        self._enter("DescribeEndpointConfig", request)
        variant = {"VariantName": "Primary", "ModelName": self.configs[request["EndpointConfigName"]]}
        return {"ProductionVariants": [{**variant, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}]}

    def describe_model(self, **request: Any) -> dict[str, Any]:
        self._enter("DescribeModel", request)
        role = "arn:aws:iam::111122223333:role/model"
        return {"PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://b/m"}, "ExecutionRoleArn": role}

    def create_model(self, **request: Any) -> dict[str, Any]:
        self._enter("CreateModel", request)
        if request["ModelName"] in self.models:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "already exists"}}, "CreateModel")
        self.models.add(request["ModelName"])
        return {}

    def create_endpoint_config(self, **request: Any) -> dict[str, Any]:
        self._enter("CreateEndpointConfig", request)
        self.configs[request["EndpointConfigName"]] = request["ProductionVariants"][0]["ModelName"]
        return {}

    def delete_endpoint_config(self, **request: Any) -> dict[str, Any]:
        self._enter("DeleteEndpointConfig", request)
        self._gone(self.configs.pop(request["EndpointConfigName"], None))
        return {}

    def delete_model(self, **request: Any) -> dict[str, Any]:
        self._enter("DeleteModel", request)
        self._gone(request["ModelName"] in self.models or None)
        self.models.discard(request["ModelName"])
        return {}

    @staticmethod
    def _gone(found: Any) -> None:
        if found is None:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "Could not find it"}}, "Delete")

    def list_model_packages(self, **request: Any) -> dict[str, Any]:
        self._enter("ListModelPackages", request)
        wanted = request.get("ModelApprovalStatus")
        found = [arn for arn, each in self.packages.items() if wanted in (None, each["ModelApprovalStatus"])]
        return {"ModelPackageSummaryList": [{"ModelPackageArn": arn} for arn in found]}

    def describe_model_package(self, **request: Any) -> dict[str, Any]:
        self._enter("DescribeModelPackage", request)
        containers = {"InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://b/new"}]}}
        return {**containers, **self.packages[request["ModelPackageName"]]}

    def update_model_package(self, **request: Any) -> dict[str, Any]:
        self._enter("UpdateModelPackage", request)
        self.packages[request["ModelPackageArn"]].update(request)
        return {}

    def delete_model_package(self, **request: Any) -> dict[str, Any]:
        self._enter("DeleteModelPackage", request)
        del self.packages[request["ModelPackageName"]]
        return {}


class States:
    """Step Functions: executions by status, and the answers to tokens."""

    def __init__(self) -> None:
        self.executions: dict[str, str] = {}
        self.started: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []

    def start_execution(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        self.executions[MACHINE.replace(":stateMachine:", ":execution:") + f":{request['name']}"] = "RUNNING"
        return {}

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        if request["executionArn"] not in self.executions:
            raise client_error("ExecutionDoesNotExist", "DescribeExecution")
        return {"status": self.executions[request["executionArn"]]}

    def send_task_success(self, **request: Any) -> dict[str, Any]:
        self.answers.append(request)
        return {}


class CloudWatch(FakeCloudWatch):
    """`points`: the violations of the last runs, the latest first, an hour apart."""

    def __init__(self, *points: float) -> None:
        super().__init__()
        self.points = points

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        self._enter("GetMetricStatistics", request)
        points = [(NOW - timedelta(hours=number), value) for number, value in enumerate(self.points)]
        return {
            "Datapoints": [
                {"Timestamp": when, "Maximum": value}
                for when, value in points
                if request["StartTime"] <= when < request["EndTime"]
            ]
        }

    def counted(self) -> list[tuple[str, str]]:
        data = [request["MetricData"][0] for request in self.requests("PutMetricData")]
        return [(each["MetricName"], each["Dimensions"][1]["Value"]) for each in data]


class World:
    def __init__(self) -> None:
        self.s3, self.sagemaker, self.states, self.sns = S3(), SageMaker(), States(), FakeSns()
        self.cloudwatch = CloudWatch(4.0, 2.0)
        self.now = NOW
        self.s3.put("ground-truth/2026/11/23/11/a.jsonl", b"1\n2\n3\n")

    def start(self, event: Any) -> dict[str, Any]:
        services = start.Services(self.s3, self.sagemaker, self.states, self.cloudwatch, lambda: self.now)
        return start.process(event, SETTINGS, services)

    def step(self, event: Any) -> dict[str, Any]:
        services = StepServices(self.s3, self.sagemaker, self.states, self.sns, lambda: self.now, lambda _: None)
        return steps.process(event, SETTINGS, services)

    def candidate(self, status: str = "PendingManualApproval") -> None:
        self.sagemaker.packages[PACKAGE] = {"ModelApprovalStatus": status}

    def lock(self) -> None:
        self.s3.put(names.LOCK, {"execution": EXECUTION, "at": NOW.isoformat(), "trigger": "by hand"})


@pytest.fixture
def world() -> World:
    return World()


def alarm(name: str = "churn-violations", state: str = "ALARM") -> dict[str, Any]:
    when = NOW.strftime("%Y-%m-%dT%H:%M:%S.000+0000")  # as CloudWatch writes it
    message = json.dumps({"AlarmName": name, "NewStateValue": state, "StateChangeTime": when})
    return {"Records": [{"Sns": {"Message": message}}]}


# ---------------------------------------------------------------------------------------------- the guard


def test_an_alarm_that_lasts_starts_the_machine_with_what_it_needs(world: World) -> None:
    answer = world.start(alarm())
    (request,) = world.states.started
    given = json.loads(request["input"])
    assert answer["started"].endswith(request["name"])
    assert given["champion"] == {**CHAMPION}
    assert {each["Name"]: each["Value"] for each in given["parameters"]} == {
        "RunUri": given["run_uri"], "ChampionModelUri": "s3://b/m", "Reason": "alarm churn-violations",
    }  # fmt: skip
    assert len(given["token"]) >= 32
    assert world.s3.json(names.LOCK)["execution"] == answer["started"]
    assert world.cloudwatch.counted() == [("RetrainingStarted", "alarm")]


def test_two_alarms_at_once_start_one_run(world: World) -> None:
    """Both look before either has the lock: the conditional write lets one through."""
    both = threading.Barrier(2)
    original = world.sagemaker.describe_model

    def describe(**request: Any) -> dict[str, Any]:
        both.wait(5)
        return original(**request)

    world.sagemaker.describe_model = describe  # type: ignore[method-assign]
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(world.start(alarm()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(world.states.started) == 1
    (refused,) = [answer["reason"] for answer in answers if answer["started"] is None]
    assert refused == "one is running: another request was faster"


@pytest.mark.parametrize(
    ("prepare", "event", "reason"),
    [
        (lambda w: w.states.executions.update({EXECUTION: "RUNNING"}) or w.lock(), alarm(), names.RUNNING),
        (lambda w: w.candidate(), alarm(), names.WAITS),
        (
            lambda w: w.s3.put(names.LAST, {"ended": (NOW - timedelta(hours=23)).isoformat()}),
            alarm(),
            names.COOL_DOWN,
        ),
        (lambda w: w.s3.put("ground-truth/2026/11/23/11/a.jsonl", b"1\n2\n"), alarm(), names.TOO_FEW_LABELS),
        (
            lambda w: w.s3.put(
                names.LAST,
                {"ended": "2026-11-01T00:00:00+00:00", "labels_until": (NOW - timedelta(minutes=5)).isoformat()},
            ),
            alarm(),
            names.TOO_FEW_LABELS,
        ),
        (lambda w: setattr(w.cloudwatch, "points", (4.0, 0.0, 4.0)), alarm(), names.NOT_LASTING),
        (lambda _: None, alarm("churn-silent"), names.NOT_A_TRIGGER),
        (lambda w: w.candidate(), {"by": "check"}, names.WAITS),
    ],
)
def test_each_no_is_counted_with_its_reason(world: World, prepare: Any, event: Any, reason: str) -> None:
    prepare(world)
    answer = world.start(event)
    assert answer["started"] is None
    assert answer["reason"].startswith(reason)
    assert world.states.started == []
    assert world.cloudwatch.counted() == [("RetrainingNotStarted", reason)]


def test_what_has_lasted_is_counted_from_when_the_alarm_rang(world: World) -> None:
    world.now = NOW + timedelta(hours=5)  # the message was delivered late
    assert world.start(alarm())["started"]
    (request,) = world.cloudwatch.requests("GetMetricStatistics")
    assert request["EndTime"] == NOW + timedelta(hours=1)


def test_the_lock_of_an_execution_that_is_over_is_replaced(world: World) -> None:
    world.lock()
    world.states.executions[EXECUTION] = "ABORTED"
    assert world.start(alarm())["started"] != EXECUTION
    world.lock()
    del world.states.executions[EXECUTION]
    world.now = NOW + timedelta(minutes=2)
    assert world.start(alarm())["reason"].startswith(names.RUNNING)
    world.now = NOW + timedelta(minutes=10)
    assert world.start(alarm())["started"]


def test_a_machine_that_cannot_be_started_leaves_no_lock(world: World) -> None:
    def fails(**_: Any) -> dict[str, Any]:
        raise client_error("AccessDeniedException", "StartExecution")

    world.states.start_execution = fails  # type: ignore[method-assign]
    with pytest.raises(ClientError):
        world.start(alarm())
    assert names.LOCK not in world.s3.objects


def test_by_hand_a_person_has_decided_and_may_give_parameters(world: World) -> None:
    world.s3.put(names.LAST, {"ended": NOW.isoformat()})
    answer = world.start({"by": "hand", "reason": "new tariff", "parameters": {"HyperparameterMaxDepth": "4"}})
    assert answer["trigger"] == "by hand: new tariff"
    parameters = json.loads(world.states.started[0]["input"])["parameters"]
    assert {"Name": "HyperparameterMaxDepth", "Value": "4"} in parameters


def test_the_end_of_an_alarm_is_no_trigger(world: World) -> None:
    assert read_trigger(alarm(state="OK")) is None
    assert world.start(alarm(state="OK"))["started"] is None
    rule = SETTINGS["rules"][0]
    assert violated_runs(rule, SETTINGS, CloudWatch(2.0, 2.0, 1.0), NOW) == 2


def test_what_had_not_lasted_when_the_alarm_rang_is_asked_again_every_hour(world: World) -> None:
    """The alarm goes on and makes one transition."""
    world.cloudwatch.points = (4.0,)
    assert world.start(alarm())["reason"].startswith(names.NOT_LASTING)
    nothing = world.start({"by": "check", "at": NOW.isoformat()})
    assert nothing == {"started": None, "reason": "1 of the 2 last runs of data-quality had violations"}
    assert world.cloudwatch.counted() == [("RetrainingNotStarted", names.NOT_LASTING)]  # nobody asked: no refusal
    world.cloudwatch.points = (2.0, 4.0)
    assert world.start({"by": "check", "at": NOW.isoformat()})["started"]
    (request,) = world.states.started
    assert json.loads(request["input"])["trigger"] == "alarm churn-violations: 2 runs in a row"
    assert world.cloudwatch.counted()[1:] == [("RetrainingStarted", "alarm")]


def test_violations_from_before_the_last_retraining_ended_ask_for_no_other(world: World) -> None:
    world.s3.put(names.LAST, {"ended": (NOW - timedelta(minutes=30)).isoformat()})
    assert world.start({"by": "check"})["reason"] == "1 of the 2 last runs of data-quality had violations"
    world.s3.put(names.LAST, {"ended": (NOW - timedelta(hours=30)).isoformat()})
    assert world.start({"by": "check"})["started"]


# ---------------------------------------------------------------------------------------------- the gate


def ask(world: World) -> dict[str, Any]:
    event = {"step": "ask", "token": "t", "execution": EXECUTION, "package": PACKAGE, "trigger": "alarm x"}
    return world.step({**event, "run_uri": "s3://churn-data/retraining/runs/run-1"})


def changed(status: str) -> dict[str, Any]:
    detail = {"ModelPackageArn": PACKAGE, "ModelApprovalStatus": status}
    return {"detail-type": "SageMaker Model Package State Change", "detail": detail}


def test_people_are_asked_and_the_answer_says_who_gave_it(world: World) -> None:
    world.candidate()
    ask(world)
    (message,) = world.sns.published
    assert f"python -m drift_tools approve {PACKAGE}" in message["Message"]
    chat = message["MessageAttributes"]["chat"]["StringValue"]
    assert chat.split("\n")[0] == message["Subject"]
    assert chat.endswith("\nRunbook: docs/operations.md, Retraining")
    assert len(chat) <= 400
    who = {"IamIdentity": {"Arn": "arn:aws:iam::111122223333:user/ada"}}
    world.sagemaker.packages[PACKAGE].update(
        ModelApprovalStatus="Approved", ApprovalDescription="reviewed", LastModifiedBy=who
    )
    assert world.step(changed("PendingManualApproval")) == {"ignored": "PendingManualApproval"}
    world.step(changed("Approved"))
    (answer,) = world.states.answers
    assert answer["taskToken"] == "t"
    assert json.loads(answer["output"]) == {
        "status": "Approved", "by": "arn:aws:iam::111122223333:user/ada", "note": "reviewed",
    }  # fmt: skip
    assert world.step(changed("Approved")) == {"ignored": "nothing waits for it"}


def test_an_answer_that_came_before_the_question_is_heard(world: World) -> None:
    world.candidate("Rejected")
    ask(world)
    assert json.loads(world.states.answers[0]["output"])["status"] == "Rejected"
    assert world.sns.published == []


def test_without_an_answer_the_candidate_is_rejected(world: World) -> None:
    world.candidate()
    ask(world)
    assert world.step({"step": "expire", "package": PACKAGE})["status"] == "Expired"
    assert world.sagemaker.packages[PACKAGE]["ModelApprovalStatus"] == "Rejected"
    assert world.step(changed("Rejected")) == {"ignored": "nothing waits for it"}


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
