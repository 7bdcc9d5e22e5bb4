"""Keys of KMS: whoever writes, reads or sends what is encrypted needs the key, by role and by the key policy."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.bench import Bench, processing_output, pull, statement, wait_until
from tests.local_aws.cloudwatch.alarm_bench import ALARM

PROJECT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}


def key(bench: Bench, *statements: dict[str, Any]) -> str:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [ROOT, *statements]})
    arn: str = bench.cloud.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    return arn


def service(name: str) -> dict[str, Any]:
    actions = ["kms:GenerateDataKey*", "kms:Decrypt"]
    return {"Effect": "Allow", "Principal": {"Service": name}, "Action": actions, "Resource": "*"}


def encrypt_bucket(bench: Bench, arn: str) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
    bench.s3.put_bucket_encryption(Bucket=bench.bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def role(bench: Bench, label: str, *statements: dict[str, Any]) -> str:
    return bench.role(label, statement(["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "*"), *pull(), *statements)


@pytest.mark.parametrize(
    ("actions", "reason"),
    [
        (["kms:Decrypt", "kms:GenerateDataKey"], ""),
        (["kms:GenerateDataKey"], "not authorized to perform: kms:Decrypt"),
        (["kms:Decrypt"], "not authorized to perform: kms:GenerateDataKey"),
    ],
)
def test_a_job_needs_the_key_of_its_bucket(guarded_bench: Bench, actions: list[str], reason: str) -> None:
    bench = guarded_bench
    arn = key(bench)
    encrypt_bucket(bench, arn)
    script = "open('ml/processing/output/made', 'w').write('x')"
    output = processing_output(f"s3://{bench.bucket}/monitoring-results")
    job = bench.job(script, role(bench, "job", statement(actions, arn)), ProcessingOutputConfig=output)
    description = bench.finished(job)
    assert description["ProcessingJobStatus"] == ("Failed" if reason else "Completed"), description
    assert reason in description.get("FailureReason", "")
    if not reason:
        uses = {use["action"] for use in bench.cloud.used_actions() if use["resource"] == arn}
        assert uses == {"kms:Decrypt", "kms:GenerateDataKey"}


@pytest.mark.parametrize("lends", [True, False])
def test_the_key_of_a_volume_is_lent_by_the_role(guarded_bench: Bench, lends: bool) -> None:
    bench = guarded_bench
    arn = key(bench)
    condition = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    granted = [statement("kms:CreateGrant", arn, condition)] if lends else []
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20, "VolumeKmsKeyId": arn}
    job = bench.job("", role(bench, "job", *granted), ProcessingResources={"ClusterConfig": cluster})
    description = bench.finished(job)
    assert description["ProcessingJobStatus"] == ("Completed" if lends else "Failed"), description
    assert ("kms:CreateGrant" in description.get("FailureReason", "")) is not lends


def test_a_key_that_its_account_may_not_use_by_iam_is_refused(guarded_bench: Bench) -> None:
    bench = guarded_bench
    kms = bench.cloud.client("kms")
    arn = key(bench)
    encrypt_bucket(bench, arn)
    closed = {"Version": "2012-10-17", "Statement": [service("logs.us-east-1.amazonaws.com")]}
    kms.put_key_policy(KeyId=arn, PolicyName="default", Policy=json.dumps(closed))
    description = bench.finished(bench.job("", role(bench, "job", statement("kms:*", arn))))
    assert "not authorized to perform: kms:Decrypt" in description["FailureReason"]


@pytest.mark.parametrize("allowed", [True, False])
def test_an_alarm_needs_a_key_that_admits_cloudwatch(guarded_bench: Bench, allowed: bool) -> None:
    bench = guarded_bench
    sns, sqs = bench.cloud.client("sns"), bench.cloud.client("sqs")
    arn = key(bench, *([service("cloudwatch.amazonaws.com")] if allowed else []))
    topic = sns.create_topic(Name=bench.name, Attributes={"KmsMasterKeyId": arn})["TopicArn"]
    queue = sqs.create_queue(QueueName=bench.name)["QueueUrl"]
    target = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    takes = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [takes | {"Resource": target}]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=target)
    settings = ALARM | {"TreatMissingData": "breaching", "MetricName": bench.name, "AlarmActions": [topic]}
    bench.cloud.client("cloudwatch").put_metric_alarm(AlarmName=bench.name, **settings)
    if allowed:
        wait_until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    denied = [call for call in bench.cloud.denied_calls() if call["resource"] == arn]
    assert [call["principal"] for call in denied] == ([] if allowed else ["cloudwatch.amazonaws.com"])


def documented(account: str) -> dict[str, Any]:
    """The statement that docs/component.md asks for, by its own words."""
    text = (PROJECT / "docs" / "component.md").read_text()
    statements = json.loads(text[text.index("```json\n[") + len("```json\n") :].split("```")[0])
    found = next(item for item in statements if item["Sid"] == "Logs")
    filled: dict[str, Any] = json.loads(json.dumps(found).replace("REGION", "us-east-1").replace("ACCOUNT", account))
    return filled


@pytest.mark.parametrize("operation", ["create_log_group", "associate_kms_key"])
def test_a_log_group_takes_a_key_with_the_documented_policy_and_gives_it_back(
    guarded_bench: Bench, operation: str
) -> None:
    bench = guarded_bench
    logs = bench.cloud.client("logs")
    if operation == "associate_kms_key":
        logs.create_log_group(logGroupName=bench.name)
    arn = key(bench, documented(bench.cloud.account_id))
    getattr(logs, operation)(logGroupName=bench.name, kmsKeyId=arn)
    assert logs.describe_log_groups(logGroupNamePrefix=bench.name)["logGroups"][0]["kmsKeyId"] == arn
    logs.disassociate_kms_key(logGroupName=bench.name)
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix=bench.name)["logGroups"][0]


@pytest.mark.parametrize("context", [None, "another group's"])
def test_a_log_group_needs_a_key_that_admits_it(guarded_bench: Bench, context: str | None) -> None:
    bench = guarded_bench
    statements = []
    if context:
        admitted = documented(bench.cloud.account_id)
        admitted["Condition"]["ArnLike"] = {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:*:*:log-group:other"}
        statements.append(admitted)
    arn = key(bench, *statements)
    with pytest.raises(ClientError, match="not allowed to be used by CloudWatch Logs"):
        bench.cloud.client("logs").create_log_group(logGroupName=bench.name, kmsKeyId=arn)


def test_a_group_that_is_not_there_takes_no_key(guarded_bench: Bench) -> None:
    bench = guarded_bench
    arn = key(bench, documented(bench.cloud.account_id))
    with pytest.raises(ClientError, match="does not exist"):
        bench.cloud.client("logs").associate_kms_key(logGroupName="nobody-made-this", kmsKeyId=arn)


@pytest.mark.parametrize("kind", ["sqs", "sns"])
def test_sending_needs_the_key_of_queue_or_topic(guarded_bench: Bench, kind: str) -> None:
    bench = guarded_bench
    arn = key(bench)
    if kind == "sqs":
        sqs = bench.cloud.client("sqs")
        place = sqs.create_queue(QueueName=bench.name, Attributes={"KmsMasterKeyId": arn})["QueueUrl"]
        call = f"boto3.client('sqs', os.environ['AWS_REGION']).send_message(QueueUrl={place!r}, MessageBody='x')"
    else:
        place = bench.cloud.client("sns").create_topic(Name=bench.name, Attributes={"KmsMasterKeyId": arn})["TopicArn"]
        call = f"boto3.client('sns', os.environ['AWS_REGION']).publish(TopicArn={place!r}, Message='x')"
    allowed = statement(["sqs:SendMessage", "sns:Publish"], "*")
    script = f"import boto3, os\n{call}\n"
    without = bench.finished(bench.job(script, role(bench, "without", allowed)))
    assert without["ProcessingJobStatus"] == "Failed"
    right = statement(["kms:GenerateDataKey", "kms:Decrypt"], arn)
    assert bench.finished(bench.job(script, role(bench, "with", allowed, right)))["ProcessingJobStatus"] == "Completed"
    denied = [call["action"] for call in bench.cloud.denied_calls() if call["resource"] == arn]
    assert denied == ["kms:GenerateDataKey"]
