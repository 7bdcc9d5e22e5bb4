"""Schedules of batch transform: what is read from the jobs, and what is to be given."""

import copy
from typing import Any

import pytest

from components.args import BatchSettings, ExistingBaseline, ExistingEndpointSettings, ModelQualitySettings
from drift_tools.endpoint import migrate
from drift_tools.errors import InputError
from tests.drift_tools_cli.migrate.account import ARN, CONFIGURATIONS, MOMENT, SOURCE, Account, settings_of

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
