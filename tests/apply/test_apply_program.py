"""The project's own program, unchanged, with the dev stack's settings and IAM enforced."""

import time
from pathlib import Path

import pytest

from local_aws import LocalAws
from local_aws.apply import deploy, inventory, load_settings

PROJECT = Path(__file__).resolve().parents[2]
OUTPUTS = {
    "bucket_name",
    "endpoint_name",
    "data_quality_schedule_name",
    "model_quality_schedule_name",
    "alarm_topic_arn",
    "notification_topic_arn",
    "responder_function_name",
    "constraint_violations_alarm_name",
    "job_failures_alarm_name",
    "dashboard_name",
    "dashboard_url",
    "statistics_uri",
    "constraints_uri",
}
JOB_LIMIT = 60.0


def wait_for_jobs(cloud: LocalAws) -> set[str]:
    """Wait until no processing job runs; returns how they ended."""
    deadline = time.monotonic() + JOB_LIMIT
    while True:
        jobs = cloud.client("sagemaker").list_processing_jobs()["ProcessingJobSummaries"]
        states = {job["ProcessingJobStatus"] for job in jobs}
        if "InProgress" not in states:
            return states
        if time.monotonic() > deadline:
            pytest.fail(f"jobs still run after {JOB_LIMIT:.0f} s: {jobs}")
        time.sleep(0.05)


def test_the_dev_stack_comes_and_goes(cloud: LocalAws) -> None:
    denied = cloud.denied_calls()
    deployment = deploy(PROJECT / "__main__.py", load_settings(PROJECT, "dev"), cloud)
    assert set(deployment.outputs) == OUTPUTS
    assert all(isinstance(value, str) and value for value in deployment.outputs.values())
    there = inventory(cloud)
    assert deployment.outputs["bucket_name"] in there["s3 bucket"]
    assert deployment.outputs["endpoint_name"] in there["sagemaker endpoint"]
    assert there["sagemaker monitoring schedule"] == {
        deployment.outputs["data_quality_schedule_name"],
        deployment.outputs["model_quality_schedule_name"],
    }
    assert deployment.outputs["constraint_violations_alarm_name"] in there["cloudwatch alarm"]
    assert wait_for_jobs(cloud) == {"Completed"}
    created = deployment.created
    result = deployment.destroy()
    assert len(result.deleted) == created >= 50
    assert (result.retained, result.protected) == ((), ())
    assert cloud.denied_calls() == denied
    assert cloud.invalid_requests() == []
