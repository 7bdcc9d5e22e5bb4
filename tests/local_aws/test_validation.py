import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.loaders import Loader
from moto import mock_aws

import local_aws
from local_aws.validation import message, models, problems, service_model

PROJECT = Path(__file__).resolve().parents[2]

SCHEDULE: dict[str, Any] = {
    "MonitoringScheduleName": "hourly",
    "MonitoringScheduleConfig": {
        "MonitoringJobDefinitionName": "definition",
        "MonitoringType": "DataQuality",
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
    },
}


def found(operation: str, request: Any, service: str = "sagemaker") -> list[str]:
    return problems(service_model(service).operation_model(operation).input_shape, request)


def test_a_valid_request_has_no_problems() -> None:
    assert found("CreateMonitoringSchedule", SCHEDULE) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"MonitoringScheduleName": None},
            "Value null at 'monitoringScheduleName' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"MonitoringScheduleName": "no spaces"},
            "Value 'no spaces' at 'monitoringScheduleName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            {"MonitoringScheduleConfig": {"MonitoringType": "Everything"}},
            "Value 'Everything' at 'monitoringScheduleConfig.monitoringType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [DataQuality, ModelQuality, ModelBias, ModelExplainability]",
        ),
        (
            {"Tags": [{"Key": "k"}]},
            "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"Colour": "red"},
            "Unknown member 'Colour'; the model has MonitoringScheduleConfig, MonitoringScheduleName, Tags",
        ),
        ({"Tags": "k=v"}, "Value of type str at 'tags' is not of the modelled type list"),
    ],
)
def test_what_the_model_refuses(change: dict[str, Any], sentence: str) -> None:
    assert found("CreateMonitoringSchedule", SCHEDULE | change) == [sentence]


def test_ranges_and_lengths() -> None:
    assert found("ListMonitoringExecutions", {"MaxResults": 101}) == [
        "Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"
    ]
    assert found("ListModels", {"NextToken": "x" * 8193})[0].endswith(
        "Member must have length less than or equal to 8192"
    )
    assert found("PutMetricData", {"Namespace": "", "MetricData": []}, "cloudwatch") == [
        "Value '' at 'namespace' failed to satisfy constraint: Member must have length greater than or equal to 1",
        "Value '' at 'namespace' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:].*",
    ]


def test_a_boolean_is_not_a_number() -> None:
    assert found("ListModels", {"MaxResults": True}) == [
        "Value of type bool at 'maxResults' is not of the modelled type integer"
    ]


def test_the_message_counts_as_aws_does() -> None:
    assert message(["a"]) == "1 validation error detected: a"
    assert message(["a", "b"]) == "2 validation errors detected: a; b"


def test_clients_are_made_from_the_models_that_requests_are_held_against(cloud: local_aws.LocalAws) -> None:
    read = models().get_component("data_loader").load_service_model("budgets", "service-2")
    for client in (cloud.client("budgets"), cloud.account("222222222222").client("budgets")):
        assert client.meta.service_model._service_description is read


def test_the_sdk_s_files_are_read_once_by_all_loaders() -> None:
    program = """
from botocore.loaders import Loader
from local_aws.sdk_files import read_files_once
read_files_once()
one, other = (Loader().load_service_model("sqs", "service-2") for _ in range(2))
print(one["shapes"] is other["shapes"], one["metadata"]["serviceId"])
"""
    ran = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stdout == "True SQS\n"


def test_what_a_client_changes_of_them_is_its_own() -> None:
    """Read once in the tests' own process (tests/conftest.py)."""
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="a-bucket")
    assert Loader().load_service_model("s3", "service-2")["operations"]["CreateBucket"]["http"] == {
        "method": "PUT",
        "requestUri": "/{Bucket}",
    }
