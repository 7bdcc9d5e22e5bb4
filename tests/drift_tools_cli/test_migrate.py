"""Reading Model Monitor schedules and writing the open engine's configuration; AWS's answers are AWS's shapes."""

import copy
from datetime import UTC, datetime
from typing import Any, cast

import botocore.session
import pulumi
import pytest
import yaml
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from components.args import (
    BatchSettings,
    BiasSettings,
    DataQualitySettings,
    ExistingBaseline,
    ExistingEndpointSettings,
    ModelQualitySettings,
    StackSettings,
)
from drift_tools.endpoint import migrate
from drift_tools.endpoint.migration import Migration
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


@pytest.fixture
def account() -> Account:
    return Account()


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


def test_both_schedules_of_an_endpoint(account: Account) -> None:
    assert monitoring(account, "churn-dq", "churn-mq") == {
        "endpoint": {
            "existing": {"name": "churn", "capture_uri": "s3://old/captures", "variant_name": "AllTraffic"},
        },
        "data_quality": {
            "schedule_expression": "cron(0 * ? * * *)",
            "instance_type": "ml.m5.2xlarge",
            "volume_size_in_gb": 50,
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
        "open_engine": {"instance_count": 2},
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
    settings_of(migration)
    said = "\n".join(migration.differences)
    for words in (
        "aws s3 cp s3://old/scripts/clean.py preprocessors/clean.py",
        "s3://old/scripts/after.py that ran after each analysis has no counterpart",
        "MY_SETTING",
        "isolated from every network",
        "AllTraffic and Canary, shadow are looked at together, as Model Monitor did; data_quality.segments: [variant]",
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
        (["churn-latency"], "is a Latency schedule"),
        (["churn-dq", "churn-dq"], "a stack has one of a kind"),
    ],
)
def test_what_cannot_be_migrated(names: list[str], said: str, account: Account) -> None:
    with pytest.raises(InputError, match=said):
        migrate(names, account)


def test_a_bias_schedule(account: Account) -> None:
    found = migrate(["churn-bias"], account, CONFIGURATIONS.__getitem__)
    bias = settings_of(found).of(BiasSettings)
    assert bias is not None
    assert dict(bias.facets) == {"feature_1": (1,), "feature_2": ()}
    assert (bias.positive_labels, bias.label, bias.group_variable) == ((1,), "target", "feature_3")
    assert bias.features == ("feature_0", "feature_1", "feature_2", "feature_3")
    assert (bias.inference_attribute, bias.probability_attribute, bias.probability_threshold) == (None, "0", 0.8)
    assert isinstance(bias.baseline, ExistingBaseline)
    assert bias.baseline.constraints_uri == "s3://old/bias/analysis.json"
    assert found.configuration["config"]["model-monitoring:monitoring"]["data_quality"] == {"enabled": False}
    assert any("Labels were read from s3://old/labels" in said for said in found.differences)


def test_an_attribution_schedule_lacks_the_models_archive(account: Account) -> None:
    """Clarify asks a shadow endpoint; where the model's archive is, its definition does not say."""
    found = migrate(["churn-shap"], account, CONFIGURATIONS.__getitem__)
    arguments = found.configuration["config"]["model-monitoring:monitoring"]["attribution"]
    assert arguments["features"] == ["feature_1", "feature_2", "feature_3"]
    assert (arguments["aggregation"], arguments["score"]) == ("mean_sq", 1)
    assert any("give attribution.model_uri" in said for said in found.differences)
    assert any("what shap-baseline has made" in said for said in found.differences)


def test_an_endpoint_that_captures_nothing(account: Account) -> None:
    del account.endpoint["DataCaptureConfig"]
    with pytest.raises(InputError, match="its endpoint churn captures nothing"):
        migrate(["churn-dq"], account)


BATCH_INPUT: dict[str, Any] = {
    "DataCapturedDestinationS3Uri": "s3://old/batch/",
    "DatasetFormat": {"Csv": {"Header": True}},
    "LocalPath": "/opt/ml/processing/input",
}


def transform(name: str, captures_to: str = "s3://old/batch", **more: Any) -> dict[str, Any]:
    return {
        "TransformJobName": name,
        "TransformJobArn": f"{ARN}:transform-job/{name}",
        "TransformJobStatus": "Completed",
        "ModelName": "churn-model",
        "CreationTime": MOMENT,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://old/to-score/{name}"}},
            "ContentType": "text/csv",
        },
        "TransformOutput": {"S3OutputPath": f"s3://old/scores/daily/{name}"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataCaptureConfig": {"DestinationS3Uri": captures_to, "GenerateInferenceId": True},
        **more,
    }


def of_batches(account: Account, *kinds: str) -> list[str]:
    """Have these definitions look at transform jobs; the names of their schedules."""
    account.transforms = {
        name: transform(name, place)
        for name, place in (("b-1", "s3://old/batch/"), ("b-2", "s3://old/batch"), ("c", "s3://x"))
    }
    definitions = {"dq": account.data_quality, "mq": account.model_quality, "bias": account.bias, "shap": account.shap}
    for name in kinds:
        [member] = [key for key in definitions[name] if key.endswith("JobInput")]
        given = definitions[name][member].pop("EndpointInput")
        attributes = {key: value for key, value in given.items() if key not in SOURCE}
        definitions[name][member]["BatchTransformInput"] = BATCH_INPUT | attributes
    return [f"churn-{name}" for name in kinds]


def test_a_schedule_of_batch_transform(account: Account) -> None:
    found = migrate(of_batches(account, "dq"), account)
    settings = settings_of(found)
    batch = settings.of(BatchSettings)
    assert batch is not None
    assert (batch.output_uri, batch.input_uri) == ("s3://old/scores/daily", "s3://old/to-score")
    assert batch.has_header
    assert batch.baseline == ExistingBaseline(
        statistics_uri="s3://old/baseline/statistics.json", constraints_uri="s3://old/baseline/constraints.json"
    )
    assert isinstance(settings.endpoint, ExistingEndpointSettings)
    assert settings.endpoint.name == "churn-model"
    assert list(settings.monitors) == ["batch"]
    assert batch.instance_type == "ml.m5.2xlarge"
    said = " ".join(found.differences)
    assert "There is no endpoint: endpoint.existing.name is only what results and metrics are filed under." in said
    assert "A batch is looked at when its transform job has ended" in said


def test_a_batch_schedule_of_jobs_that_join_their_input_and_leave_columns_out(account: Account) -> None:
    names = of_batches(account, "dq")
    account.transforms = {
        "b": transform("b", DataProcessing={"JoinSource": "Input"}),
        "other": transform("other", DataProcessing={"JoinSource": "Input"}, ModelName="another"),
    }
    account.data_quality["DataQualityJobInput"]["BatchTransformInput"] |= {
        "ExcludeFeaturesAttribute": "5, 6",
        "DatasetFormat": {"Json": {"Line": True}},
    }
    batch = settings_of(migrate(names, account)).of(BatchSettings)
    assert batch is not None
    assert (batch.input_uri, batch.exclude_features, batch.has_header) == (None, ("5", "6"), False)


def test_a_batch_schedule_without_any_job_says_what_is_to_be_given(account: Account) -> None:
    names = of_batches(account, "dq")
    account.transforms = {}
    found = migrate(names, account)
    batch = settings_of(found).of(BatchSettings)
    assert batch is not None
    assert batch.output_uri == "s3://old"
    assert "No transform job that captures to s3://old/batch was found: set batch.output_uri" in " ".join(
        found.differences
    )


def test_beside_an_endpoint_s_schedule(account: Account) -> None:
    """Both in one stack: model quality of the endpoint, and the batches."""
    settings = settings_of(migrate([*of_batches(account, "dq"), "churn-mq"], account))
    assert list(settings.monitors) == ["model-quality", "batch"]
    assert isinstance(settings.endpoint, ExistingEndpointSettings)
    assert settings.endpoint.name == "churn"


def test_all_four_kinds_of_batches_keep_model_monitor(account: Account) -> None:
    account.shap["ModelExplainabilityBaselineConfig"] = {
        "ConstraintsResource": {"S3Uri": "s3://old/shap/analysis.json"}
    }
    configs = copy.deepcopy(CONFIGURATIONS)
    # The SDK's fixture has a name that SageMaker would not take.
    configs["s3://old/shap/analysis_config.json"]["predictor"]["model_name"] = "my-model"
    found = migrate(of_batches(account, "dq", "mq", "bias", "shap"), account, configs.__getitem__)
    settings = settings_of(found, "model-monitor")
    batch = settings.of(BatchSettings)
    assert batch is not None
    assert batch.captured_uri == "s3://old/batch"
    assert batch.monitors == ("model-quality", "bias", "attribution")
    assert list(settings.monitors) == ["model-quality", "bias", "attribution", "batch"]
    quality = settings.of(ModelQualitySettings)
    assert quality is not None
    assert (quality.probability_attribute, quality.start_time_offset) == ("0", "-P2D")
    assert "The open engine measures no model_quality, bias, attribution of batches" in " ".join(found.differences)


def test_quality_of_batches_alone_has_them_described(account: Account) -> None:
    batch = settings_of(migrate(of_batches(account, "mq"), account), "model-monitor").of(BatchSettings)
    assert batch is not None
    assert (batch.monitors, batch.baseline) == (("model-quality",), None)


def test_batches_of_two_places_are_two_stacks(account: Account) -> None:
    names = of_batches(account, "dq", "mq")
    member = account.model_quality["ModelQualityJobInput"]
    member["BatchTransformInput"] = {**member["BatchTransformInput"], "DataCapturedDestinationS3Uri": "s3://else"}
    with pytest.raises(InputError, match="churn-mq: watches s3://else, and churn-dq watches s3://old/batch"):
        migrate(names, account)


def test_a_binary_model_of_probabilities_alone_has_no_prediction(account: Account) -> None:
    quality = settings_of(migrate(["churn-mq"], account)).of(ModelQualitySettings)
    assert quality is not None
    assert (quality.inference_attribute, quality.probability_attribute, quality.probability_threshold) == (
        None, "0", 0.7)  # fmt: skip


def test_a_binary_model_of_labels_alone_has_no_probability(account: Account) -> None:
    source = account.model_quality["ModelQualityJobInput"]["EndpointInput"]
    del source["ProbabilityAttribute"], source["ProbabilityThresholdAttribute"]
    source["InferenceAttribute"] = "prediction"
    quality = settings_of(migrate(["churn-mq"], account)).of(ModelQualitySettings)
    assert quality is not None
    assert (quality.inference_attribute, quality.probability_attribute, quality.probability_threshold) == (
        "prediction", None, None)  # fmt: skip


KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (KEY, KEY),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", KEY),
        ("alias/mine", None),
        ("arn:aws:kms:eu-west-1:123456789012:alias/mine", None),
    ],
)
def test_keys_in_every_form(account: Account, given: str, expected: str | None) -> None:
    account.endpoint["DataCaptureConfig"]["KmsKeyId"] = given
    account.data_quality["JobResources"] = {"ClusterConfig": {**CLUSTER, "VolumeKmsKeyId": given}}
    found = migrate(["churn-dq"], account)
    settings = settings_of(found)
    assert isinstance(settings.endpoint, ExistingEndpointSettings)
    assert settings.endpoint.kms_key_arn == settings.common.kms_key_arn == expected
    said = [text for text in found.differences if "describe-key" in text]
    assert len(said) == (0 if expected else 2)
    assert all(f"The KMS key {given} is named by an alias" in text for text in said)


@pytest.mark.parametrize(
    ("expression", "hours", "is_said"),
    [
        ("cron(0 * ? * * *)", 1, False),
        ("cron(0 14 ? * * *)", 24, False),
        ("cron(0 17/12 ? * * *)", 12, False),
        ("cron(0 0/5 ? * * *)", 1, True),
        ("cron(0 3/24 ? * * *)", 24, False),
        ("NOW", 1, True),
        (None, 1, True),
    ],
)
def test_schedules_in_every_form(account: Account, expression: str | None, hours: int, is_said: bool) -> None:
    config = account.schedules["churn-dq"]["MonitoringScheduleConfig"]
    if expression is None:
        del config["ScheduleConfig"]
    else:
        config["ScheduleConfig"] = {"ScheduleExpression": expression}
    found = migrate(["churn-dq"], account)
    quality = settings_of(found).of(DataQualitySettings)
    assert quality is not None
    assert quality.schedule.period_hours == hours
    assert is_said == any("churn-dq" in text and "the default is taken" in text for text in found.differences)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("-P8D", "-P1D", ("-P8D", "-P1D")),
        ("-PT26H", "-PT2H30M", ("-PT26H", "-PT2H30M")),
        ("-P2W", "-P1W", ("-P14D", "-P7D")),
        ("-P1M", "-P1D", None),
        ("P8D", "-P1D", None),
        ("-P1Y", None, None),
        ("-P1D", "-P3D", None),
        ("-P1D", "-P1D", None),
    ],
)
def test_windows_in_every_form(account: Account, start: str, end: str | None, expected: tuple[str, str] | None) -> None:
    source = account.model_quality["ModelQualityJobInput"]["EndpointInput"]
    source["StartTimeOffset"] = start
    del source["EndTimeOffset"]
    if end is not None:
        source["EndTimeOffset"] = end
    found = migrate(["churn-mq"], account)
    quality = settings_of(found).of(ModelQualitySettings)
    assert quality is not None
    assert (quality.start_time_offset, quality.end_time_offset) == (expected or ("-P1D", "-PT0H"))
    said = [text for text in found.differences if "which the stack does not take" in text]
    assert len(said) == (0 if expected else 1)
    assert all(start in text for text in said)


@pytest.mark.parametrize("excluded", ["amount,code", "0,3"])
def test_columns_that_were_left_out_are_said(account: Account, excluded: str) -> None:
    account.data_quality["DataQualityJobInput"]["EndpointInput"]["ExcludeFeaturesAttribute"] = excluded
    found = migrate(["churn-dq"], account)
    settings_of(found)
    (said,) = (text for text in found.differences if "left the columns" in text)
    assert f"churn-dq left the columns {excluded} out of the run" in said
    assert '"monitoring_config_overrides": {"evaluate_constraints": "Disabled"}' in said


def test_an_image_of_ones_own_and_a_stopped_schedule_are_said(account: Account) -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"
    account.data_quality["DataQualityAppSpecification"]["ImageUri"] = image
    account.schedules["churn-dq"]["MonitoringScheduleStatus"] = "Stopped"
    found = migrate(["churn-dq", "churn-mq"], account)
    settings_of(found)
    said = "\n".join(found.differences)
    assert f"churn-dq runs an image of its own, {image}; what that checks" in said
    assert "churn-dq is stopped; the stack's monitor runs as soon as it is deployed: set data_quality.enabled" in said
    assert "churn-mq runs an image" not in said
    assert "churn-mq is stopped" not in said
    assert "The schedules had different numbers of instances; all jobs get 2." in said


@pytest.mark.parametrize("problem_type", ["Regression", "MulticlassClassification", "BinaryClassification"])
@pytest.mark.parametrize("baseline", [True, False])
def test_every_problem_is_taken_by_the_stack(account: Account, problem_type: str, baseline: bool) -> None:
    account.model_quality["ModelQualityAppSpecification"]["ProblemType"] = problem_type
    source = account.model_quality["ModelQualityJobInput"]["EndpointInput"]
    source |= {"InferenceAttribute": "predictions[0].label"}
    source.pop("ProbabilityAttribute")
    source.pop("ProbabilityThresholdAttribute")
    if not baseline:
        account.model_quality["ModelQualityBaselineConfig"] = {"BaseliningJobName": "b"}
    quality = settings_of(migrate(["churn-mq"], account)).of(ModelQualitySettings)
    assert quality is not None
    assert (quality.problem_type, quality.inference_attribute) == (problem_type, "predictions[0].label")
    assert (quality.baseline is not None) == baseline
