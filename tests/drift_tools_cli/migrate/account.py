"""An account of AWS with Model Monitor's schedules, whose answers are AWS's shapes, and what migration makes of it."""

import copy
from datetime import UTC, datetime
from typing import Any, cast

import botocore.session
import pulumi
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from components.args import StackSettings
from drift_tools.endpoint import migrate
from drift_tools.endpoint.migration import Migration

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
CLARIFY = "131013547314.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-clarify-processing:1.0"
MODEL_BIAS: dict[str, Any] = {
    "JobDefinitionArn": f"{ARN}:model-bias-job-definition/bias",
    "JobDefinitionName": "bias",
    "CreationTime": MOMENT,
    "ModelBiasBaselineConfig": {"ConstraintsResource": {"S3Uri": "s3://old/bias/analysis.json"}},
    "ModelBiasAppSpecification": {"ImageUri": CLARIFY, "ConfigUri": "s3://old/bias/analysis_config.json"},
    "ModelBiasJobInput": {
        "EndpointInput": {**SOURCE, "ProbabilityAttribute": "0", "ProbabilityThresholdAttribute": 0.8},
        "GroundTruthS3Input": {"S3Uri": "s3://old/labels"},
    },
    "ModelBiasJobOutputConfig": OUTPUT,
    "JobResources": {"ClusterConfig": {**CLUSTER, "InstanceCount": 1}},
    "RoleArn": ROLE,
}
MODEL_EXPLAINABILITY: dict[str, Any] = {
    "JobDefinitionArn": f"{ARN}:model-explainability-job-definition/shap",
    "JobDefinitionName": "shap",
    "CreationTime": MOMENT,
    "ModelExplainabilityBaselineConfig": {"BaseliningJobName": "shap-baseline"},
    "ModelExplainabilityAppSpecification": {"ImageUri": CLARIFY, "ConfigUri": "s3://old/shap/analysis_config.json"},
    "ModelExplainabilityJobInput": {"EndpointInput": {**SOURCE, "InferenceAttribute": "1"}},
    "ModelExplainabilityJobOutputConfig": OUTPUT,
    "JobResources": {"ClusterConfig": {**CLUSTER, "InstanceCount": 1}},
    "RoleArn": ROLE,
}
# As AWS's SDK writes them (sagemaker 2.257.7, `tests/unit/sagemaker/monitor/test_clarify_model_monitor.py`).
CONFIGURATIONS: dict[str, Any] = {
    "s3://old/bias/analysis_config.json": {
        "headers": ["feature_0", "feature_1", "feature_2", "feature_3", "target"],
        "label": "target",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "feature_1", "value_or_threshold": [1]}, {"name_or_index": 2}],
        "group_variable": "feature_3",
    },
    "s3://old/shap/analysis_config.json": {
        "headers": ["feature_1", "feature_2", "feature_3"],
        "methods": {"shap": {"baseline": [[0.44, 0.52, 0.21]], "num_samples": 100, "agg_method": "mean_sq"}},
        "predictor": {"model_name": "my_model", "instance_type": "ml.m5.xlarge", "initial_instance_count": 1},
    },
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
            "churn-latency": schedule("churn-latency", "Latency", MonitoringJobDefinitionName="latency"),
            "churn-bias": schedule("churn-bias", "ModelBias", MonitoringJobDefinitionName="bias"),
            "churn-shap": schedule("churn-shap", "ModelExplainability", MonitoringJobDefinitionName="shap"),
        }
        self.data_quality, self.model_quality = copy.deepcopy(DATA_QUALITY), copy.deepcopy(MODEL_QUALITY)
        self.bias, self.shap = copy.deepcopy(MODEL_BIAS), copy.deepcopy(MODEL_EXPLAINABILITY)
        self.transforms: dict[str, dict[str, Any]] = {}
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

    def describe_model_bias_job_definition(self, **_: str) -> Any:
        return self._answer("DescribeModelBiasJobDefinition", self.bias)

    def describe_model_explainability_job_definition(self, **_: str) -> Any:
        return self._answer("DescribeModelExplainabilityJobDefinition", self.shap)

    def describe_endpoint(self, **_: str) -> Any:
        return self._answer("DescribeEndpoint", self.endpoint)

    def list_transform_jobs(self, *, NextToken: str = "0", **_: Any) -> Any:  # noqa: N803 -- boto3's name
        """A page a job."""
        names, first = list(self.transforms), int(NextToken)
        kept = ("TransformJobName", "TransformJobArn", "TransformJobStatus", "CreationTime")
        rows = [{key: self.transforms[name][key] for key in kept} for name in names[first : first + 1]]
        token = {"NextToken": str(first + 1)} if first + 1 < len(names) else {}
        return self._answer("ListTransformJobs", {"TransformJobSummaries": rows, **token})

    def describe_transform_job(self, *, TransformJobName: str) -> Any:  # noqa: N803 -- boto3's name
        return self._answer("DescribeTransformJob", self.transforms[TransformJobName])

    def list_tags(self, **_: str) -> Any:
        return self._answer("ListTags", {"Tags": self.tags})


def monitoring(account: Account, *names: str) -> Any:
    found = migrate(names, account)
    settings_of(found)
    return found.configuration["config"]["model-monitoring:monitoring"]


def settings_of(found: Migration, engine: str = "open") -> StackSettings:
    """What the stack makes of the configuration; it raises what it does not take."""
    config = copy.deepcopy(dict(found.configuration["config"]))
    args = {"engine": config["model-monitoring:engine"], **config["model-monitoring:monitoring"]}
    assert args["engine"] == engine
    for kind in ("data_quality", "model_quality"):
        if "record_preprocessor" in args.get(kind, {}):  # a path, of which the program makes an asset
            args[kind]["record_preprocessor"] = pulumi.StringAsset("def preprocess_handler(record): return {}")
    if args.get("baseline", {}).get("existing") == {}:
        args["baseline"] = {"data": pulumi.StringAsset("a,b\n1,2\n")}  # as the difference says
    return StackSettings.from_args("churn", cast(Any, args))


KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
