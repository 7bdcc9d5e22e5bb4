"""A batch beside the endpoint: the team scores a file with a transform job, and its end starts the run over it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from examples.demo.loop import Loop
from examples.demo.monitored import HOUR
from examples.demo.waiting import DemoError, wait_until
from examples.employment.feed import Row

BUCKET: Final = "employment-scores"
NAME: Final = "employment-scoring"
ROWS: Final = 400
_TRUST: Final = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}


def arguments() -> dict[str, Any]:
    """The monitor's arguments in the stack's configuration; an answer is a label and its probability."""
    return {"batch": {"output_uri": f"s3://{BUCKET}/out", "input_uri": f"s3://{BUCKET}/in", "output_columns": 2}}


def score(loop: Loop, rows: Sequence[Row]) -> dict[str, Any]:
    """Score rows with a transform job that joins its input, and read what the run over them found. One step."""
    with loop.steps.step(f"a batch of {len(rows):,} rows: a transform job, and the run that its end starts") as step:
        schedule = loop.stack.schedule("batch")
        if schedule is None:
            step.result = "no batch monitor"
            return {}
        started = loop.stack.cloud.clock.now()
        _transform(loop.stack.cloud, rows)
        results = _results(loop, schedule)
        wait_until("what the batch's run published", lambda: _counted(loop, schedule, started))
        loop.settle()
        found = {"rows": results["current_rows"], "violations": results["violations"]}
        loop.note(f"a batch of {found['rows']} rows was looked at: {found['violations']} violations")
        step.result = f"{found['rows']} rows, {found['violations']} violations"
    return found


@contextmanager
def team(cloud: Any) -> Iterator[None]:
    """What the team that scores has: a bucket, and the endpoint's model under a role of its own.

    The bucket stays for as long as it is watched: every hour the clock looks for batches that no event told of.
    """
    s3, iam, sagemaker = (cloud.client(service) for service in ("s3", "iam", "sagemaker"))
    s3.create_bucket(Bucket=BUCKET)
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=_policy(_TRUST))["Role"]["Arn"]
    rights = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "ecr:*"], "Resource": "*"}
    iam.put_role_policy(RoleName=NAME, PolicyName=NAME, PolicyDocument=_policy(rights))
    [own] = sagemaker.list_models()["Models"]
    container = sagemaker.describe_model(ModelName=own["ModelName"])["PrimaryContainer"]
    sagemaker.create_model(ModelName=NAME, PrimaryContainer=container, ExecutionRoleArn=role)
    try:
        yield
    finally:
        sagemaker.delete_model(ModelName=NAME)
        iam.delete_role_policy(RoleName=NAME, PolicyName=NAME)
        iam.delete_role(RoleName=NAME)
        for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            s3.delete_object(Bucket=BUCKET, Key=item["Key"])
        s3.delete_bucket(Bucket=BUCKET)


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _transform(cloud: Any, rows: Sequence[Row]) -> None:
    body = "\n".join(row.payload for row in rows) + "\n"
    cloud.client("s3").put_object(Bucket=BUCKET, Key="in/people.csv", Body=body.encode())
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_transform_job(
        TransformJobName=NAME,
        ModelName=NAME,
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/in"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        DataProcessing={"JoinSource": "Input"},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/out", "AssembleWith": "Line", "Accept": "text/csv"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    def ended() -> Mapping[str, Any] | None:
        found: Mapping[str, Any] = sagemaker.describe_transform_job(TransformJobName=NAME)
        return None if found["TransformJobStatus"] == "InProgress" else found

    job = wait_until("the transform job", ended)
    if job["TransformJobStatus"] != "Completed":
        raise DemoError(f"the transform job {NAME} failed: {job.get('FailureReason')}")


def _results(loop: Loop, schedule: str) -> dict[str, Any]:
    """What the run left, once its job has ended."""
    sagemaker, s3 = loop.stack.cloud.client("sagemaker"), loop.stack.cloud.client("s3")

    def ended() -> Mapping[str, Any] | None:
        for job in sagemaker.list_processing_jobs(NameContains="-bt-")["ProcessingJobSummaries"]:
            if job["ProcessingJobStatus"] != "InProgress":
                found: Mapping[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=job["ProcessingJobName"])
                return found
        return None

    job = wait_until(f"the run of {schedule}", ended)
    if job["ProcessingJobStatus"] != "Completed":
        raise DemoError(f"the run of {schedule} failed: {job.get('ExitMessage') or job.get('FailureReason')}")
    uri = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    found = {item["Key"].rpartition("/")[2]: item["Key"] for item in _listed(s3, bucket, prefix)}
    drift = json.loads(s3.get_object(Bucket=bucket, Key=found["drift.json"])["Body"].read())
    violations = []
    if key := found.get("constraint_violations.json"):
        violations = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["violations"]
    return {"current_rows": drift["current_rows"], "violations": len(violations)}


def _listed(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("Contents", [])
    return found


def _counted(loop: Loop, schedule: str, started: Any) -> bool | None:
    """Whether both deliveries of the job's end have published what it found."""
    alarm = loop.stack.alarm(loop.stack.outputs["constraint_violations_alarm_name"])
    points = loop.stack.cloud.client("cloudwatch").get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=[
            {"Name": "Endpoint", "Value": loop.stack.outputs["endpoint_name"]},
            {"Name": "MonitoringSchedule", "Value": schedule},
        ],
        StartTime=started - HOUR,
        EndTime=started + HOUR,
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return True if points else None
