"""The services that retraining's functions talk to, in memory: an endpoint, its registry, executions and alarms."""

import io
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from contract import retraining as names
from functions.retraining_step import handler as steps
from functions.retraining_step.services import Services as StepServices
from functions.start_retraining import handler as start
from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker, FakeSns, client_error

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MACHINE = "arn:aws:states:eu-central-1:111122223333:stateMachine:churn-retraining"
EXECUTION = f"{MACHINE.replace(':stateMachine:', ':execution:')}:run-1"
PACKAGE = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/churn-models/7"
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


def alarm(name: str = "churn-violations", state: str = "ALARM") -> dict[str, Any]:
    when = NOW.strftime("%Y-%m-%dT%H:%M:%S.000+0000")  # as CloudWatch writes it
    message = json.dumps({"AlarmName": name, "NewStateValue": state, "StateChangeTime": when})
    return {"Records": [{"Sns": {"Message": message}}]}


def ask(world: World) -> dict[str, Any]:
    event = {"step": "ask", "token": "t", "execution": EXECUTION, "package": PACKAGE, "trigger": "alarm x"}
    return world.step({**event, "run_uri": "s3://churn-data/retraining/runs/run-1"})
