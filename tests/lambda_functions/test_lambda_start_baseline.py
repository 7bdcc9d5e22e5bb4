"""start_baseline: once, whatever is delivered twice, and never the wrong job."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tests.lambda_functions.conftest import ManualClock
from tests.lambda_functions.fakes import FakeSageMaker
from tests.lambda_functions.functions import common, enter, event, load

functions = load("start_baseline").handler
ARN = "arn:aws:sagemaker:eu-central-1:111122223333:processing-job/churn-baseline-3f2a9c0d"


def start(sagemaker: Any, document: Any) -> Any:
    return functions.start(sagemaker, functions.parse(document))


def test_starts_the_job_with_the_request_as_given(sagemaker: FakeSageMaker) -> None:
    document = event("start_baseline")
    assert start(sagemaker, document) == {
        "ProcessingJobArn": ARN,
        "ProcessingJobName": "churn-baseline-3f2a9c0d",
        "ProcessingJobStatus": "InProgress",
        "Created": True,
    }
    assert sagemaker.requests("CreateProcessingJob") == [document["request"]]


def test_the_request_is_valid_by_awss_model() -> None:
    client = boto3.client("sagemaker", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    document = event("start_baseline")
    with Stubber(client) as stubber:
        stubber.add_response("create_processing_job", {"ProcessingJobArn": ARN}, document["request"])
        assert start(client, document)["Created"] is True


def test_the_same_event_again_finds_the_job(sagemaker: FakeSageMaker) -> None:
    start(sagemaker, event("start_baseline"))
    sagemaker.jobs["churn-baseline-3f2a9c0d"]["ProcessingJobStatus"] = "Completed"
    again = start(sagemaker, event("start_baseline"))
    assert again == {
        "ProcessingJobArn": ARN,
        "ProcessingJobName": "churn-baseline-3f2a9c0d",
        "ProcessingJobStatus": "Completed",
        "Created": False,
    }


def test_a_name_taken_by_another_job_is_an_error(sagemaker: FakeSageMaker) -> None:
    start(sagemaker, event("start_baseline"))
    other = event("start_baseline")
    other["request"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = "s3://new-bucket/results"
    with pytest.raises(functions.BaselineConflictError, match=r"exists already with other outputs .*another name"):
        start(sagemaker, other)


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Stopping"])
def test_a_job_that_failed_before_is_an_error_with_its_reason(sagemaker: FakeSageMaker, status: str) -> None:
    start(sagemaker, event("start_baseline"))
    sagemaker.jobs["churn-baseline-3f2a9c0d"].update(ProcessingJobStatus=status, FailureReason="no such file")
    with pytest.raises(functions.BaselineConflictError, match=rf"is {status} \(no such file\)"):
        start(sagemaker, event("start_baseline"))


def test_awss_refusal_is_passed_on(sagemaker: FakeSageMaker) -> None:
    sagemaker.fail("CreateProcessingJob", "ResourceLimitExceeded")
    with pytest.raises(ClientError, match="ResourceLimitExceeded"):
        start(sagemaker, event("start_baseline"))
    assert sagemaker.requests("DescribeProcessingJob") == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "AccessDenied"])
def test_a_role_that_is_seconds_old_is_waited_for(
    sagemaker: FakeSageMaker, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(common("iam_patience").time, "sleep", clock.sleep)
    sagemaker.fail("CreateProcessingJob", code, code)
    assert start(sagemaker, event("start_baseline"))["Created"] is True
    assert clock.sleeps == 2


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (None, "the event must be an object, not NoneType"),
        ({}, "the event's request must be an object"),
        ({"request": {}, "source_hash": "x"}, "the event's request has no ProcessingJobName"),
        ({"request": {"ProcessingJobName": 7}, "source_hash": "x"}, "ProcessingJobName must be a non-empty string"),
        ({"request": {"ProcessingJobName": "x"}}, "the event has no source_hash"),
    ],
)
def test_bad_events(document: Any, complaint: str) -> None:
    with pytest.raises(common("event_fields").BadEventError, match=complaint):
        functions.parse(document)


def test_the_handler_itself_ends_well(sagemaker: FakeSageMaker) -> None:
    answer, log = enter("start_baseline", event("start_baseline"), {"sagemaker": sagemaker}, {})
    assert answer["Created"] is True
    assert (log[-1]["message"], log[-1]["source_hash"]) == ("baseline job", "3f2a9c0d1e4b5a6978877665")
