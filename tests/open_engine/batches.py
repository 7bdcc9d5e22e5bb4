"""What a team has that scores batches beside a stack: a bucket, a model under a role of its own, transform jobs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drift_tools.endpoint import Request
from examples.demo.waiting import wait_until
from tests.open_engine.watched import Watched

BUCKET = "the-teams-scores"
# Of a batch.
ROWS = 300
SCORING = "scoring"
"""The model, and its role."""


@contextmanager
def team_bucket(stack: Watched, name: str, *, sends_events: bool = False) -> Iterator[None]:
    """A bucket that is not the stack's, for a while."""
    s3 = stack.cloud.client("s3")
    s3.create_bucket(Bucket=name)
    if sends_events:
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
    yield
    for item in s3.list_objects_v2(Bucket=name)["Contents"]:
        s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


@contextmanager
def scoring_model(stack: Watched) -> Iterator[None]:
    """The stack's model once more, under a role of the team that scores with it, for a while."""
    iam, sagemaker = stack.cloud.client("iam"), stack.cloud.client("sagemaker")
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=SCORING, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    rights = {"Effect": "Allow", "Action": ["s3:*", "ecr:*", "logs:*"], "Resource": "*"}
    iam.put_role_policy(
        RoleName=SCORING,
        PolicyName=SCORING,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [rights]}),
    )
    [own] = sagemaker.list_models()["Models"]
    container = sagemaker.describe_model(ModelName=own["ModelName"])["PrimaryContainer"]
    sagemaker.create_model(ModelName=SCORING, PrimaryContainer=container, ExecutionRoleArn=role)
    yield
    sagemaker.delete_model(ModelName=SCORING)
    iam.delete_role_policy(RoleName=SCORING, PolicyName=SCORING)
    iam.delete_role(RoleName=SCORING)


def transform(stack: Watched, bucket: str, name: str, requests: Iterator[Request], **more: Any) -> dict[str, Any]:
    """Lay a batch down in the team's bucket and run its transform job to its end; the job, as it is described then."""
    s3, sagemaker = stack.cloud.client("s3"), stack.cloud.client("sagemaker")
    body = "\n".join(request.payload for request in requests) + "\n"
    s3.put_object(Bucket=bucket, Key=f"in/{name}/rows.csv", Body=body.encode())
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=SCORING,
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/{name}"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"s3://{bucket}/out/{name}", "AssembleWith": "Line", "Accept": "text/csv"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    )

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_transform_job(TransformJobName=name)
        return None if found["TransformJobStatus"] == "InProgress" else found

    return wait_until(f"the transform job {name}", ended, seconds=60)
