"""Reading Model Monitor schedules and writing the open engine's configuration; AWS's answers are AWS's shapes."""

import copy
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from drift_tools.endpoint import migrate
from drift_tools.errors import InputError

MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/monitor"
CLUSTER = {"InstanceCount": 2, "InstanceType": "ml.m5.2xlarge", "VolumeSizeInGB": 50}
OUTPUT = {
    "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://old/reports", "LocalPath": "/opt/ml/processing/output"}}],
}
SOURCE = {"EndpointName": "churn", "LocalPath": "/opt/ml/processing/input"}

DATA_QUALITY: dict[str, Any] = {
    "JobDefinitionArn": f"{ARN}:data-quality-job-definition/dq",
    "JobDefinitionName": "dq",
    "CreationTime": MOMENT,
    "DataQualityBaselineConfig": {
        "ConstraintsResource": {"S3Uri": "s3://old/baseline/constraints.json"},
        "StatisticsResource": {"S3Uri": "s3://old/baseline/statistics.json"},
    },
    "DataQualityAppSpecification": {
        "ImageUri": "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        "Environment": {"publish_cloudwatch_metrics": "Enabled"},
    },
    "DataQualityJobInput": {"EndpointInput": SOURCE},
    "DataQualityJobOutputConfig": OUTPUT,
    "JobResources": {"ClusterConfig": CLUSTER},
    "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
    "RoleArn": ROLE,
}
MODEL_QUALITY: dict[str, Any] = {
    "JobDefinitionArn": f"{ARN}:model-quality-job-definition/mq",
    "JobDefinitionName": "mq",
    "CreationTime": MOMENT,
    "ModelQualityBaselineConfig": {"ConstraintsResource": {"S3Uri": "s3://old/quality/constraints.json"}},
    "ModelQualityAppSpecification": {
        "ImageUri": "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        "ProblemType": "BinaryClassification",
    },
    "ModelQualityJobInput": {
        "EndpointInput": {
            **SOURCE,
            "StartTimeOffset": "-P2D",
            "EndTimeOffset": "-P1D",
            "ProbabilityAttribute": "0",
            "ProbabilityThresholdAttribute": 0.7,
        },
        "GroundTruthS3Input": {"S3Uri": "s3://old/labels"},
    },
    "ModelQualityJobOutputConfig": OUTPUT,
    "JobResources": {"ClusterConfig": {**CLUSTER, "InstanceCount": 1}},
    "RoleArn": ROLE,
}
ENDPOINT: dict[str, Any] = {
    "EndpointName": "churn",
    "EndpointArn": f"{ARN}:endpoint/churn",
    "EndpointStatus": "InService",
    "CreationTime": MOMENT,
    "LastModifiedTime": MOMENT,
    "ProductionVariants": [{"VariantName": "AllTraffic"}],
    "DataCaptureConfig": {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 20,
        "DestinationS3Uri": "s3://old/captures/",
        "KmsKeyId": "",
    },
}


def schedule(name: str, kind: str, **config: Any) -> dict[str, Any]:
    return {
        "MonitoringScheduleArn": f"{ARN}:monitoring-schedule/{name}",
        "MonitoringScheduleName": name,
        "MonitoringScheduleStatus": "Scheduled",
        "MonitoringType": kind,
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        "MonitoringScheduleConfig": {
            "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
            "MonitoringType": kind,
            **config,
        },
    }


class Account:
    """SageMaker's answers, each held against botocore's shape of it."""

    def __init__(self) -> None:
        self.schedules = {
            "churn-dq": schedule("churn-dq", "DataQuality", MonitoringJobDefinitionName="dq"),
            "churn-mq": schedule("churn-mq", "ModelQuality", MonitoringJobDefinitionName="mq"),
            "churn-bias": schedule("churn-bias", "ModelBias", MonitoringJobDefinitionName="bias"),
        }
        self.data_quality, self.model_quality = copy.deepcopy(DATA_QUALITY), copy.deepcopy(MODEL_QUALITY)
        self.endpoint = copy.deepcopy(ENDPOINT)
        self.tags = [{"Key": "team", "Value": "risk"}, {"Key": "aws:cloudformation:stack-name", "Value": "x"}]
        self._model = botocore.session.get_session().get_service_model("sagemaker")

    def _answer(self, operation: str, answer: Any) -> Any:
        report = ParamValidator().validate(answer, self._model.operation_model(operation).output_shape)
        assert not report.has_errors(), report.generate_report()
        return answer

    def describe_monitoring_schedule(self, *, MonitoringScheduleName: str) -> Any:  # noqa: N803 -- boto3's name
        if MonitoringScheduleName not in self.schedules:
            error = {"Code": "ResourceNotFound", "Message": "Monitoring schedule not found"}
            raise ClientError({"Error": error}, "DescribeMonitoringSchedule")
        return self._answer("DescribeMonitoringSchedule", self.schedules[MonitoringScheduleName])

    def describe_data_quality_job_definition(self, **_: str) -> Any:
        return self._answer("DescribeDataQualityJobDefinition", self.data_quality)

    def describe_model_quality_job_definition(self, **_: str) -> Any:
        return self._answer("DescribeModelQualityJobDefinition", self.model_quality)

    def describe_endpoint(self, **_: str) -> Any:
        return self._answer("DescribeEndpoint", self.endpoint)

    def list_tags(self, **_: str) -> Any:
        return self._answer("ListTags", {"Tags": self.tags})


@pytest.fixture
def account() -> Account:
    return Account()


def monitoring(account: Account, *names: str) -> Any:
    config = migrate(names, account).configuration["config"]
    assert config["model-monitoring:engine"] == "open"
    return config["model-monitoring:monitoring"]


def test_both_schedules_of_an_endpoint(account: Account) -> None:
    assert monitoring(account, "churn-dq", "churn-mq") == {
        "endpoint": {
            "existing": {"name": "churn", "capture_uri": "s3://old/captures", "variant_name": "AllTraffic"},
        },
        "data_quality": {
            "schedule_expression": "cron(0 * ? * * *)",
            "instance_type": "ml.m5.2xlarge",
            "volume_size_in_gb": 50,
            "instance_count": 2,
            "max_runtime_in_seconds": 1800,
        },
        "baseline": {
            "existing": {
                "statistics_uri": "s3://old/baseline/statistics.json",
                "constraints_uri": "s3://old/baseline/constraints.json",
            }
        },
        "model_quality": {
            "problem_type": "BinaryClassification",
            "baseline": {"existing": {"constraints_uri": "s3://old/quality/constraints.json"}},
            "schedule_expression": "cron(0 * ? * * *)",
            "probability_attribute": "0",
            "probability_threshold": 0.7,
            "start_time_offset": "-P2D",
            "end_time_offset": "-P1D",
            "instance_type": "ml.m5.2xlarge",
            "volume_size_in_gb": 50,
        },
        "tags": {"team": "risk"},
    }


def test_a_definition_inside_the_schedule_gives_the_same(account: Account) -> None:
    apart = monitoring(account, "churn-dq")
    inline = {
        "BaselineConfig": DATA_QUALITY["DataQualityBaselineConfig"],
        "MonitoringInputs": [DATA_QUALITY["DataQualityJobInput"]],
        "MonitoringOutputConfig": OUTPUT,
        "MonitoringResources": {"ClusterConfig": CLUSTER},
        "MonitoringAppSpecification": {"ImageUri": DATA_QUALITY["DataQualityAppSpecification"]["ImageUri"]},
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        "Environment": {"publish_cloudwatch_metrics": "Enabled"},
        "RoleArn": ROLE,
    }
    account.schedules["churn-dq"] = schedule("churn-dq", "DataQuality", MonitoringJobDefinition=inline)
    assert monitoring(account, "churn-dq") == apart


def test_only_model_quality_turns_data_quality_off(account: Account) -> None:
    found = monitoring(account, "churn-mq")
    assert found["data_quality"] == {"enabled": False}
    assert "baseline" not in found


def test_what_differs_is_said(account: Account) -> None:
    specification = account.data_quality["DataQualityAppSpecification"]
    specification["RecordPreprocessorSourceUri"] = "s3://old/scripts/clean.py"
    specification["PostAnalyticsProcessorSourceUri"] = "s3://old/scripts/after.py"
    specification["Environment"]["MY_SETTING"] = "1"
    account.data_quality["NetworkConfig"] = {
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
    }
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    account.data_quality["JobResources"] = {"ClusterConfig": {**CLUSTER, "VolumeKmsKeyId": key}}
    account.data_quality["DataQualityBaselineConfig"] = {"BaseliningJobName": "baseline-1"}
    account.endpoint["ProductionVariants"].append({"VariantName": "Canary"})
    account.endpoint["ShadowProductionVariants"] = [{"VariantName": "shadow"}]
    account.endpoint["DataCaptureConfig"]["KmsKeyId"] = key
    migration = migrate(["churn-dq"], account)
    said = "\n".join(migration.differences)
    for words in (
        "aws s3 cp s3://old/scripts/clean.py preprocessors/clean.py",
        "s3://old/scripts/after.py that ran after each analysis has no counterpart",
        "MY_SETTING",
        "isolated from every network",
        "now at AllTraffic alone, without Canary, shadow",
        "names no statistics.json and constraints.json",
        "(baseline-1 has made one)",
        "change their namespaces",
    ):
        assert words in said
    found = migration.configuration["config"]["model-monitoring:monitoring"]
    assert found["network"] == {
        "subnet_ids": ["subnet-1"],
        "security_group_ids": ["sg-1"],
        "encrypt_inter_container_traffic": True,
    }
    assert found["kms_key_arn"] == found["endpoint"]["existing"]["kms_key_arn"] == key
    assert found["data_quality"]["record_preprocessor"] == "preprocessors/clean.py"


def test_the_yaml_is_the_configuration_with_the_differences_as_comments(account: Account) -> None:
    migration = migrate(["churn-dq"], account)
    text = migration.to_yaml()
    assert yaml.safe_load(text) == migration.configuration
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert len(comments) > len(migration.differences)
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["missing"], "missing: cannot be read"),
        (["churn-bias"], "is a ModelBias schedule"),
        (["churn-dq", "churn-dq"], "a stack has one of a kind"),
    ],
)
def test_what_cannot_be_migrated(names: list[str], said: str, account: Account) -> None:
    with pytest.raises(InputError, match=said):
        migrate(names, account)


def test_an_endpoint_that_captures_nothing(account: Account) -> None:
    del account.endpoint["DataCaptureConfig"]
    with pytest.raises(InputError, match="its endpoint churn captures nothing"):
        migrate(["churn-dq"], account)


def test_a_schedule_of_batch_transform(account: Account) -> None:
    account.data_quality["DataQualityJobInput"] = {
        "BatchTransformInput": {
            "DataCapturedDestinationS3Uri": "s3://old/batch",
            "DatasetFormat": {"Csv": {"Header": True}},
            "LocalPath": "/opt/ml/processing/input",
        }
    }
    with pytest.raises(InputError, match="watches batch transform jobs"):
        migrate(["churn-dq"], account)
