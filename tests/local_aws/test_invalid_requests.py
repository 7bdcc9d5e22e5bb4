"""Requests that AWS's models refuse: SageMaker's are refused here too, and every service's are written down."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.bench import SKLEARN, Bench


def newly_invalid(bench: Bench, call: Any) -> list[str]:
    before = len(bench.cloud.invalid_requests())
    with contextlib.suppress(ClientError):
        call()
    return bench.cloud.invalid_requests()[before:]


def test_sagemaker_refuses_in_aws_s_words(bench: Bench) -> None:
    with pytest.raises(ClientError) as raised:
        bench.sagemaker.create_model(ModelName="no_underscores", ExecutionRoleArn=bench.model_role())
    error = raised.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith(
        "1 validation error detected: Value 'no_underscores' at 'modelName' failed to satisfy"
    )


CALLS = [
    (
        "lambda",
        lambda c: c.get_function(FunctionName="no such name!"),
        "lambda.GetFunction: Value 'no such name!' at 'functionName'",
    ),
    ("iam", lambda c: c.get_role(RoleName="no spaces"), "iam.GetRole: Value 'no spaces' at 'roleName'"),
    (
        "logs",
        lambda c: c.create_log_group(logGroupName="what?"),
        "logs.CreateLogGroup: Value 'what?' at 'logGroupName'",
    ),
    ("events", lambda c: c.put_rule(Name="what?"), "events.PutRule: Value 'what?' at 'name'"),
    ("scheduler", lambda c: c.get_schedule(Name="what?"), "scheduler.GetSchedule: Value 'what?' at 'name'"),
    (
        "cloudwatch",
        lambda c: c.put_metric_data(Namespace=":x", MetricData=[]),
        "cloudwatch.PutMetricData: Value ':x' at 'namespace'",
    ),
    (
        "sts",
        lambda c: c.assume_role(RoleArn="x" * 20, RoleSessionName="??"),
        "sts.AssumeRole: Value '??' at 'roleSessionName'",
    ),
    (
        "s3",
        lambda c: c.put_bucket_versioning(Bucket="some-bucket", VersioningConfiguration={"Status": "Perhaps"}),
        "s3.PutBucketVersioning: Value 'Perhaps' at 'versioningConfiguration.status'",
    ),
    (
        "sns",
        lambda c: c.create_topic(Name="n", Tags=[{"Key": "k" * 129, "Value": "v"}]),
        "sns.CreateTopic: Value '" + "k" * 129 + "' at 'tags.1.member.key'",
    ),
    ("sagemaker", lambda c: c.delete_model(ModelName="_"), "sagemaker.DeleteModel: Value '_' at 'modelName'"),
]


@pytest.mark.parametrize(("service", "call", "line"), CALLS, ids=[call[0] for call in CALLS])
def test_every_service_s_invalid_requests_are_written_down(bench: Bench, service: str, call: Any, line: str) -> None:
    found = newly_invalid(bench, lambda: call(bench.cloud.client(service)))
    assert len(found) == 1, found
    assert found[0].startswith(line)


def test_ordinary_requests_of_many_services_are_valid(bench: Bench) -> None:
    client = bench.cloud.client

    def work() -> None:
        bench.put("folder/a key with spaces+and/more", b"x" * 100)
        bench.get("folder/a key with spaces+and/more")
        bench.keys("folder/")
        bench.s3.put_bucket_versioning(Bucket=bench.bucket, VersioningConfiguration={"Status": "Enabled"})
        rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "p/"}, "Expiration": {"Days": 30}}
        bench.s3.put_bucket_lifecycle_configuration(Bucket=bench.bucket, LifecycleConfiguration={"Rules": [rule]})
        bench.s3.put_public_access_block(
            Bucket=bench.bucket,
            PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": True},
        )
        bench.s3.delete_objects(Bucket=bench.bucket, Delete={"Objects": [{"Key": "folder/x"}]})
        bench.model_role()
        topic = client("sns").create_topic(Name=bench.name, Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
        client("sns").publish(
            TopicArn=topic, Message="m", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}}
        )
        queue = client("sqs").create_queue(QueueName=bench.name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
        client("sqs").send_message(QueueUrl=queue, MessageBody="m")
        client("logs").create_log_group(logGroupName=f"/aws/{bench.name}", tags={"a": "b"})
        client("logs").put_retention_policy(logGroupName=f"/aws/{bench.name}", retentionInDays=30)
        client("cloudwatch").put_metric_data(
            Namespace="N",
            MetricData=[
                {
                    "MetricName": f"long-metric-name-{i}",
                    "Timestamp": bench.cloud.clock.now(),
                    "StatisticValues": {"SampleCount": 1.0, "Sum": 2.0, "Minimum": 2.0, "Maximum": 2.0},
                }
                for i in range(300)
            ],
        )
        client("cloudwatch").put_dashboard(DashboardName=bench.name, DashboardBody='{"widgets": []}')
        client("events").put_rule(Name=bench.name, EventPattern='{"source": ["x"]}')
        client("sts").get_caller_identity()
        bench.sagemaker.list_models()

    assert newly_invalid(bench, work) == []


def test_an_unknown_operation_is_said_to_be_unknown(bench: Bench) -> None:
    with pytest.raises(ClientError, match=r"UnknownOperationException.*moto has no SageMaker ListHubs"):
        bench.sagemaker.list_hubs()


def test_duplicates_and_missing_things(bench: Bench) -> None:
    model = bench.model()
    config = bench.config(model)
    endpoint = bench.endpoint(config)
    sagemaker = bench.sagemaker
    duplicates: list[Callable[[], Any]] = [
        lambda: sagemaker.create_model(
            ModelName=model, ExecutionRoleArn=bench.model_role(), PrimaryContainer={"Image": SKLEARN}
        ),
        lambda: sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config),
        lambda: sagemaker.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[
                {"VariantName": "v", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            ],
        ),
    ]
    for call in duplicates:
        with pytest.raises(ClientError, match="Cannot create already existing"):
            call()
    missing: list[tuple[str, dict[str, str]]] = [
        ("describe_model", {"ModelName": "missing"}),
        ("delete_endpoint_config", {"EndpointConfigName": "missing"}),
        ("create_endpoint", {"EndpointName": "new", "EndpointConfigName": "missing"}),
        ("update_endpoint", {"EndpointName": endpoint, "EndpointConfigName": "missing"}),
    ]
    for operation, request in missing:
        with pytest.raises(ClientError, match="Could not find"):
            getattr(sagemaker, operation)(**request)


def test_what_was_asked_for_is_described_whole(bench: Bench) -> None:
    model = f"{bench.name}-whole"
    container = {"Image": SKLEARN, "Environment": {"a": "b"}}
    tags = [{"Key": "team", "Value": "ml"}]
    created = bench.sagemaker.create_model(
        ModelName=model,
        ExecutionRoleArn=bench.model_role(),
        PrimaryContainer=container,
        EnableNetworkIsolation=True,
        Tags=tags,
    )
    described = bench.sagemaker.describe_model(ModelName=model)
    assert described["PrimaryContainer"] == container
    assert described["EnableNetworkIsolation"] is True
    assert described["ModelArn"] == created["ModelArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:model/{model}"
    assert described["CreationTime"].year == bench.cloud.clock.now().year
    assert bench.sagemaker.list_tags(ResourceArn=created["ModelArn"])["Tags"] == tags
    summary = [m for m in bench.sagemaker.list_models(MaxResults=100)["Models"] if m["ModelName"] == model]
    assert [m["CreationTime"] for m in summary] == [described["CreationTime"]]
