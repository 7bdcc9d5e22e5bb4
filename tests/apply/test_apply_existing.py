"""A stack for an endpoint that somebody else made: it is watched, and never touched."""

import io
import json
import tarfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
import pytest

import local_aws
from components import ModelMonitoringStack
from drift_tools.endpoint import baseline_requests, send
from examples.demo.waiting import wait_until
from local_aws.apply import Settings, deploy, inventory

PROJECT = Path(__file__).resolve().parents[2]
NAME, VARIANT, BUCKET = "their-endpoint", "AllTraffic", "their-captures"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
ROWS = 50
START = datetime.fromisoformat("2026-01-05T08:10:00+00:00")
# What the project itself says on a resource that it does not own is only that it looks at it.
OWN = ("EndpointName", "EndpointConfigName", "ModelName", "ResourceArn", "ResourceId")


@pytest.fixture(scope="module")
def cloud() -> Iterator[local_aws.LocalAws]:
    """An embedded AWS with an endpoint in it that a script of somebody's made."""
    with local_aws.start(enforce_iam=True, at=START) as running:
        make_their_endpoint(running)
        yield running
        assert running.failures() == []


def make_their_endpoint(cloud: local_aws.LocalAws) -> None:
    """The sample model behind an endpoint with data capture, in plain boto3."""
    s3, iam, sagemaker = cloud.client("s3"), cloud.client("iam"), cloud.client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        tar.add(PROJECT / "model" / "artifact", arcname=".")
    s3.put_object(Bucket=BUCKET, Key="models/model.tar.gz", Body=stream.getvalue())
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    role = iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["s3:*", "ecr:*", "logs:*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="theirs", PolicyName="p", PolicyDocument=policy)
    environment = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/models/model.tar.gz", "Environment": environment}
    sagemaker.create_model(ModelName="theirs", ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {"VariantName": VARIANT, "ModelName": "theirs", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="theirs",
        ProductionVariants=[variant],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{BUCKET}/endpoints",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
        },
    )
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName="theirs")
    wait_until("their endpoint", lambda: endpoint(cloud)["EndpointStatus"] == "InService" or None)


def endpoint(cloud: local_aws.LocalAws) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("sagemaker").describe_endpoint(EndpointName=NAME)
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


def program() -> None:
    """The component with an endpoint that exists."""
    stack = ModelMonitoringStack(
        "adopted",
        {
            "engine": "model-monitor",
            "endpoint": {
                "existing": {"name": NAME, "capture_uri": f"s3://{BUCKET}/endpoints", "variant_name": VARIANT}
            },
            "baseline": {"data": pulumi.FileAsset(str(PROJECT / "model" / "baseline.csv"))},
            "retain_data": False,
        },
    )
    for name, value in stack.outputs().items():
        pulumi.export(name, value)


def test_it_is_watched_for_an_hour_and_never_touched(cloud: local_aws.LocalAws, tmp_path: Path) -> None:
    before, there, changes = endpoint(cloud), inventory(cloud), len(cloud.changes())
    deployment = deploy(program, Settings("tests", "dev", directory=tmp_path), cloud)
    s3, sagemaker = cloud.client("s3"), cloud.client("sagemaker")
    bucket, _, key = deployment.outputs["constraints_uri"].removeprefix("s3://").partition("/")
    wait_until("the baseline", lambda: s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents"), seconds=60)
    hour = START.replace(minute=0) + timedelta(hours=1)
    cloud.clock.advance_to(hour + timedelta(minutes=5))
    sent = send(
        baseline_requests(ROWS, seed=3), endpoint=NAME, client=cloud.client("sagemaker-runtime"), on_progress=None
    )
    assert (sent.sent, sent.failed) == (ROWS, 0)
    cloud.clock.advance_to(hour + timedelta(hours=1, minutes=5))
    (execution,) = sagemaker.list_monitoring_executions(
        MonitoringScheduleName=deployment.outputs["data_quality_schedule_name"],
        ScheduledTimeAfter=hour + timedelta(minutes=30),
    )["MonitoringExecutionSummaries"]
    assert execution["MonitoringExecutionStatus"].startswith("Completed"), execution
    deployment.destroy()
    assert endpoint(cloud) == before
    assert sagemaker.list_tags(ResourceArn=before["EndpointArn"])["Tags"] == []
    assert inventory(cloud) == there
    made = cloud.changes()[changes:]
    assert len(made) > 50
    touching = [
        change for change in made if {NAME, before["EndpointArn"]} & {change["parameters"].get(name) for name in OWN}
    ]
    assert touching == []
    assert cloud.denied_calls() == []
    assert cloud.invalid_requests() == []
