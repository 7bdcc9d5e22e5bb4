"""What SageMaker tells EventBridge about processing jobs.

The detail mirrors DescribeProcessingJob with times in milliseconds. AWS says that it "may send multiple events for each
state change"; this AWS does so unless told otherwise. That ExitMessage is in the detail is confirmed nowhere, so it is
left out: a rule's target that needs it must describe the job.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_aws import seams

_NOT_IN_EVENTS = ("ExitMessage",)


def processing_job_changed(description: Mapping[str, Any], *, twice: bool) -> None:
    """Send "SageMaker Processing Job State Change" for a job in the current account and region."""
    detail = {name: _plain(value) for name, value in description.items() if name not in _NOT_IN_EVENTS}
    entry = {
        "Source": "aws.sagemaker",
        "DetailType": "SageMaker Processing Job State Change",
        "Detail": json.dumps(detail),
        "Resources": [description["ProcessingJobArn"]],
    }
    for _ in range(2 if twice else 1):
        seams.send_aws_event(entry)


def transform_job_changed(description: Mapping[str, Any], *, twice: bool) -> None:
    """Send "SageMaker Transform Job State Change" for a job in the current account and region. What it captures and
    joins is not in the documented detail: whoever needs that must describe the job.
    """
    left_out = ("DataCaptureConfig", "DataProcessing")
    entry = {
        "Source": "aws.sagemaker",
        "DetailType": "SageMaker Transform Job State Change",
        "Detail": json.dumps({name: _plain(value) for name, value in description.items() if name not in left_out}),
        "Resources": [description["TransformJobArn"]],
    }
    for _ in range(2 if twice else 1):
        seams.send_aws_event(entry)


def training_job_changed(description: Mapping[str, Any], *, twice: bool) -> None:
    """Send "SageMaker Training Job State Change"; times are in milliseconds."""
    entry = {
        "Source": "aws.sagemaker",
        "DetailType": "SageMaker Training Job State Change",
        "Detail": json.dumps({name: _plain(value) for name, value in description.items()}),
        "Resources": [description["TrainingJobArn"]],
    }
    for _ in range(2 if twice else 1):
        seams.send_aws_event(entry)


def _plain(value: Any) -> Any:
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value
