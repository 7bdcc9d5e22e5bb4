"""The project's own program, unchanged, with the dev stack's settings and IAM enforced."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from local_aws import LocalAws
from local_aws.apply import Deployment, deploy, inventory, load_settings
from tests.stack_outputs import OUTPUTS

PROJECT = Path(__file__).resolve().parents[2]
LIMIT = 60.0
EVENTS = 2  # the embedded AWS sends each of SageMaker's events twice, as AWS may


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"{what} took longer than {LIMIT:.0f} s"
        time.sleep(0.05)


def completed(sagemaker: Any, job: str) -> bool:
    return bool(sagemaker.describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] == "Completed")


def wait_for_baselines(cloud: LocalAws, deployment: Deployment) -> None:
    """Until the baseline jobs have ended well and the functions that hear of it have done so for every event.

    A function that still runs while its stack goes would be refused what it may do, and log into a group that is gone.
    """
    jobs = [resource.outputs["result"] for resource in deployment.resources if "result" in resource.outputs]
    answers = [json.loads(result) for result in jobs]
    names = [answer["ProcessingJobName"] for answer in answers if "ProcessingJobName" in answer]
    sagemaker = cloud.client("sagemaker")
    for name in names:
        wait_for(partial(completed, sagemaker, name), f"job {name}")
    wait_for(partial(reported, cloud, deployment, "processing-metrics", EVENTS * len(names)), "the jobs' events")
    # The first metric of a job that did not fail ends "insufficient data": the alarm tells the responder that it is OK.
    wait_for(partial(reported, cloud, deployment, "alarm-responder", len(names)), "the alarms' first state")


def reported(cloud: LocalAws, deployment: Deployment, function: str, calls: int) -> bool:
    """Whether a function has ended so many calls."""
    (group,) = (item.id for item in deployment.resources if item.name.endswith(f"-{function}-logs"))
    events = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
    ended = [event for event in events if str(event["message"]).startswith("REPORT ")]
    return len(ended) == calls


def test_the_dev_stack_comes_and_goes(cloud: LocalAws) -> None:
    denied = cloud.denied_calls()
    deployment = deploy(PROJECT / "__main__.py", load_settings(PROJECT, "dev", {"engine": "model-monitor"}), cloud)
    assert set(deployment.outputs) == OUTPUTS
    assert all(deployment.outputs.values())
    there = inventory(cloud)
    assert deployment.outputs["bucket_name"] in there["s3 bucket"]
    assert deployment.outputs["endpoint_name"] in there["sagemaker endpoint"]
    assert there["sagemaker monitoring schedule"] == {
        deployment.outputs["data_quality_schedule_name"],
        deployment.outputs["model_quality_schedule_name"],
    }
    assert deployment.outputs["constraint_violations_alarm_name"] in there["cloudwatch alarm"]
    wait_for_baselines(cloud, deployment)
    created = deployment.created
    result = deployment.destroy()
    assert len(result.deleted) + len(result.retained) == created >= 50
    # The files that the program put into the bucket went with it.
    assert {resource.type for resource in result.retained} == {"aws:s3/bucketObjectv2:BucketObjectv2"}
    assert deployment.outputs["bucket_name"] not in inventory(cloud).get("s3 bucket", set())
    assert result.protected == ()
    assert cloud.denied_calls() == denied
    assert cloud.invalid_requests() == []
