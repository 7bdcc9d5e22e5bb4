"""The CreateProcessingJob request, checked by AWS's own model of it."""

from typing import Any

import botocore.session
import pulumi
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from components.args import BaselineJobSettings, BaselineSettings, ModelQualityBaselineSettings, NetworkSettings
from components.baselines import data_quality_baseline, model_quality_baseline
from components.baselines.job import JobEnvironment, baseline_job_request
from components.jobs import network_config
from components.naming import MAX_COMPONENT_NAME
from tests.components.aws_models import violations_of_patterns

DATA = "prediction,probability,age\n1,0.9,41\n"
LABELLED = "prediction,probability,label\n1,0.9,1\n"
SETTINGS = BaselineSettings.from_args({"data": pulumi.StringAsset(DATA)})
LABELLED_SETTINGS = ModelQualityBaselineSettings.from_args(
    {"data": pulumi.StringAsset(LABELLED)}, "BinaryClassification"
)
OPERATION = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateProcessingJob")


def request(
    job: Any = None, settings: BaselineJobSettings = SETTINGS.job, *, job_stem: str = "churn-baseline", **changes: Any
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "bucket": "churn-data-1a2b3c4",
        "endpoint_name": "churn-endpoint-1a2b3c4",
        "name_stem": "churn-endpoint-1a2b3c4",
        "image_uri": "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        "role_arn": "arn:aws:iam::123456789012:role/monitor",
        "tags": {"team": "risk"},
    }
    place = JobEnvironment(**facts | changes)
    return baseline_job_request(job or data_quality_baseline(SETTINGS), settings, place, job_stem=job_stem)


@pytest.mark.parametrize(
    "job",
    [data_quality_baseline(SETTINGS), model_quality_baseline(LABELLED_SETTINGS, "BinaryClassification")],
    ids=["data-quality", "model-quality"],
)
def test_valid_by_botocore(job: Any) -> None:
    found = request(job)
    report = ParamValidator().validate(found, OPERATION.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert violations_of_patterns(found, OPERATION.input_shape) == []


KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_key_and_network_valid_by_botocore() -> None:
    network = network_config(
        NetworkSettings(subnet_ids=("subnet-0a",), security_group_ids=("sg-0b",), encrypt_inter_container_traffic=True)
    )
    found = request(kms_key_arn=KEY, network_config=network)
    report = ParamValidator().validate(found, OPERATION.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert violations_of_patterns(found, OPERATION.input_shape) == []
    assert found["NetworkConfig"] == {
        "EnableInterContainerTrafficEncryption": True,
        "EnableNetworkIsolation": False,
        "VpcConfig": {"Subnets": ["subnet-0a"], "SecurityGroupIds": ["sg-0b"]},
    }
    assert found["ProcessingOutputConfig"]["KmsKeyId"] == KEY
    assert found["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY
    assert found["ProcessingJobName"] == request()["ProcessingJobName"], "they change how it runs, not what it computes"


def test_no_key_for_disks_that_encrypt_themselves() -> None:
    found = request(settings=BaselineJobSettings(instance_type="ml.m5d.xlarge"), kms_key_arn=KEY)
    assert "VolumeKmsKeyId" not in found["ProcessingResources"]["ClusterConfig"]
    assert found["ProcessingOutputConfig"]["KmsKeyId"] == KEY


def test_the_checker_of_patterns_finds_what_is_wrong() -> None:
    wrong = request(job_stem="churn_baseline") | {"RoleArn": "monitor"}
    assert len(violations_of_patterns(wrong, OPERATION.input_shape)) == 2


def test_longest_name_and_environment_fit() -> None:
    stem = f"{'c' * MAX_COMPONENT_NAME}-baseline"
    found = request(job_stem=stem, name_stem="e" * 49)
    assert len(found["ProcessingJobName"]) <= 63
    # The API takes 100 entries of 256 characters.
    assert all(len(value) <= 256 for value in found["Environment"].values())


def test_name_follows_data_place_image_and_attempt() -> None:
    again = BaselineSettings.from_args({"data": pulumi.StringAsset(DATA), "attempt": 2})
    other = BaselineSettings.from_args({"data": pulumi.StringAsset(DATA + "0,0.1,23\n")})
    names = {
        request()["ProcessingJobName"],
        request(data_quality_baseline(other), other.job)["ProcessingJobName"],
        request(bucket="churn-data-7654321")["ProcessingJobName"],
        request(image_uri="1.dkr.ecr.us-east-1.amazonaws.com/x")["ProcessingJobName"],
        request(settings=again.job)["ProcessingJobName"],
    }
    assert len(names) == 5


def test_name_does_not_follow_the_rest() -> None:
    bigger = BaselineSettings.from_args(
        {"data": pulumi.StringAsset(DATA), "instance_type": "ml.m5.4xlarge", "max_runtime_in_seconds": 60}
    )
    found = request(settings=bigger.job, tags={"team": "other"}, role_arn="arn:aws:iam::123456789012:role/other")
    assert found["ProcessingJobName"] == request()["ProcessingJobName"]


def test_what_is_computed_is_in_the_results_address() -> None:
    regression = model_quality_baseline(LABELLED_SETTINGS, "Regression")
    binary = model_quality_baseline(LABELLED_SETTINGS, "BinaryClassification")
    assert regression.data_key == binary.data_key
    assert regression.results_prefix != binary.results_prefix
    assert binary.results_prefix.startswith("baseline-data/results/model-quality-")


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.text("xyz", max_size=3)))
def test_tags_are_sorted(tags: dict[str, str]) -> None:
    found = request(tags=tags).get("Tags", [])
    assert [item["Key"] for item in found] == sorted(tags)
    assert {item["Key"]: item["Value"] for item in found} == tags
