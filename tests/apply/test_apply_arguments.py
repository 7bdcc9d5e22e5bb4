"""The component with everything that its arguments can ask for: each setting arrives at AWS, and all of it goes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components import ModelMonitoringStack
from components.archives import write_model_archive
from drift_tools.endpoint import baseline_requests, send
from examples.demo.waiting import wait_until
from local_aws import LocalAws
from local_aws.apply import DeployError, Deployment, Settings, deploy
from local_aws.apply.inventory import inventory
from tests.apply import programs

MODEL = Path(__file__).resolve().parents[2] / "model"
ACCOUNT = "123456789012"
SUBNETS, GROUPS = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], ["sg-0a1b2c3d"]
SCRIPT = "def preprocess_handler(record):\n    return {}\n"


def key_policy() -> str:
    """A key that its account may use by IAM, and the services that the component's documentation names."""
    services = ["logs.us-east-1.amazonaws.com", "cloudwatch.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"]
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": services},
            "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"],
            "Resource": "*",
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def everything_asked(directory: Path) -> None:
    """A stack with every group of arguments."""
    key = aws.kms.Key("key", policy=key_policy())
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    bound = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    boundary = aws.iam.Policy("boundary", policy=bound)
    queue = aws.sqs.Queue("team")
    thresholds: Any = {"warning": {"threshold": 1}, "critical": {"threshold": 3, "evaluation_periods": 3}}
    stack = ModelMonitoringStack(
        "all",
        {
            "engine": "model-monitor",
            "endpoint": {
                "model": pulumi.FileAsset(str(write_model_archive(MODEL / "artifact", directory))),
                "volume_size_in_gb": 30,
                "instance_type": "ml.m5.large",
                "autoscaling": {"max_capacity": 4, "min_capacity": 1, "invocations_per_instance": 500},
            },
            "baseline": {
                "statistics": pulumi.FileAsset(str(directory / "statistics.json")),
                "constraints": pulumi.FileAsset(str(directory / "constraints.json")),
            },
            "data_quality": {
                "record_preprocessor": pulumi.StringAsset(SCRIPT),
                "thresholds": {"comparison_threshold": 0.2},
                "schedule_expression": "cron(0 0/2 ? * * *)",
            },
            "alerting": {
                "emails": ["team@example.com"],
                "subscriptions": [
                    {"protocol": "https", "endpoint": pulumi.Output.secret("https://hooks.example.com/s3cret")},
                    {"protocol": "sqs", "endpoint": queue.arn, "name": "queue"},
                ],
                "violations": thresholds,
                "quiet_hours": [{"schedule_expression": "cron(0 22 * * *)", "duration": "PT9H"}],
            },
            "network": {
                "subnet_ids": SUBNETS,
                "security_group_ids": GROUPS,
                "encrypt_inter_container_traffic": True,
                "isolation": True,
            },
            "kms_key_arn": key.arn,
            "permissions_boundary_arn": boundary.arn,
            "log_retention_in_days": 90,
            "retain_data": False,
            "tags": {"team": "ml"},
        },
    )
    pulumi.export("key", key.arn)
    pulumi.export("boundary", boundary.arn)
    for name, value in stack.outputs().items():
        pulumi.export(name, value)


@pytest.fixture
def deployed(cloud: LocalAws, settings: Settings, tmp_path: Path) -> Iterator[Deployment]:
    before = len(cloud.denied_calls()), len(cloud.invalid_requests())
    describe = [sys.executable, "-m", "drift_tools", "baseline", str(MODEL / "baseline.csv"), "--output", str(tmp_path)]
    subprocess.run(describe, check=True, cwd=MODEL.parent, capture_output=True)
    deployment = deploy(partial(everything_asked, tmp_path), settings, cloud)
    yield deployment
    deployment.destroy()
    assert (len(cloud.denied_calls()), len(cloud.invalid_requests())) == before


def names(deployment: Deployment, kind: str) -> list[str]:
    return [str(item.id) for item in deployment.resources if item.type.endswith(f":{kind}")]


def test_every_setting_arrives(cloud: LocalAws, deployed: Deployment) -> None:
    outputs = deployed.outputs
    sagemaker, key = cloud.client("sagemaker"), outputs["key"]
    vpc = {"Subnets": SUBNETS, "SecurityGroupIds": GROUPS}

    (model,) = names(deployed, "Model")
    assert sagemaker.describe_model(ModelName=model)["VpcConfig"] == vpc
    (config,) = names(deployed, "EndpointConfiguration")
    described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    assert (described["KmsKeyId"], described["DataCaptureConfig"]["KmsKeyId"]) == (key, key)
    assert described["ProductionVariants"][0]["VolumeSizeInGB"] == 30
    (definition,) = names(deployed, "DataQualityJobDefinition")
    job = sagemaker.describe_data_quality_job_definition(JobDefinitionName=definition)
    assert job["NetworkConfig"] == {
        "EnableInterContainerTrafficEncryption": True,
        "EnableNetworkIsolation": True,
        "VpcConfig": vpc,
    }
    assert job["JobResources"]["ClusterConfig"]["VolumeKmsKeyId"] == key
    assert job["DataQualityJobOutputConfig"]["KmsKeyId"] == key
    assert job["DataQualityAppSpecification"]["RecordPreprocessorSourceUri"].endswith(".py")

    scaling = cloud.client("application-autoscaling")
    resource = f"endpoint/{outputs['endpoint_name']}/variant/Primary"
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == (resource, 1, 4)
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 500.0

    s3, bucket = cloud.client("s3"), outputs["bucket_name"]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    written = outputs["constraints_uri"].removeprefix(f"s3://{bucket}/")
    constraints = json.loads(s3.get_object(Bucket=bucket, Key=written)["Body"].read())
    comparison = constraints["monitoring_config"]["distribution_constraints"]
    assert comparison["comparison_threshold"] == 0.2

    for topic in (outputs["alarm_topic_arn"], outputs["notification_topic_arn"]):
        assert cloud.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"] == key
    subscribed = cloud.client("sns").list_subscriptions_by_topic(TopicArn=outputs["notification_topic_arn"])
    assert {item["Protocol"] for item in subscribed["Subscriptions"]} == {"email", "https", "sqs"}
    for role in names(deployed, "Role"):
        found = cloud.client("iam").get_role(RoleName=role)["Role"]
        assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == outputs["boundary"]
    for group in cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/all-")["logGroups"]:
        assert (group["kmsKeyId"], group["retentionInDays"]) == (key, 90)
    assert len(inventory(cloud)["alarm mute rule"]) == 1
    assert "s3cret" not in str(deployed.outputs)


def test_an_hour_with_keys_and_without_a_network(cloud: LocalAws, deployed: Deployment) -> None:
    """Model, monitor and functions find their way through encryption, isolation and boundary."""
    outputs = deployed.outputs
    # The schedule runs every second hour: to the beginning of the hour before one.
    now = cloud.clock.now().replace(minute=0, second=0, microsecond=0)
    hour = now + timedelta(hours=1 if now.hour % 2 == 0 else 2)
    cloud.clock.advance_to(hour + timedelta(minutes=5))
    result = send(
        baseline_requests(20, seed=3),
        endpoint=outputs["endpoint_name"],
        client=cloud.client("sagemaker-runtime"),
        on_progress=None,
    )
    assert (result.sent, result.failed) == (20, 0)
    cloud.clock.advance_to(hour + timedelta(hours=1, minutes=5))
    (execution,) = cloud.client("sagemaker").list_monitoring_executions(
        MonitoringScheduleName=outputs["data_quality_schedule_name"], ScheduledTimeAfter=hour
    )["MonitoringExecutionSummaries"]
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution.get(
        "FailureReason", execution
    )
    s3, prefix = cloud.client("s3"), f"captured-data/{outputs['endpoint_name']}/"
    captured = s3.list_objects_v2(Bucket=outputs["bucket_name"], Prefix=prefix)["Contents"]
    head = s3.head_object(Bucket=outputs["bucket_name"], Key=captured[0]["Key"])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", outputs["key"])

    def notified() -> bool | None:
        found = s3.list_objects_v2(Bucket=outputs["bucket_name"], Prefix="responder-state/alarms/")
        return bool(found.get("Contents")) or None

    wait_until("the responder's memory of what it told", notified)
    used = {use["role"] for use in cloud.used_actions() if use["resource"] == outputs["key"]}
    parts = {role.removeprefix("all-").rpartition("-")[0] for role in used}
    assert {"model-role", "monitor-role", "alarm-responder-role"} <= parts


def refused(program: Any, cloud: LocalAws, settings: Settings, message: str) -> None:
    with pytest.raises(DeployError, match=message) as raised:
        deploy(program, settings, cloud)
    raised.value.partial.destroy()


def test_scaling_of_an_endpoint_that_is_not_there_is_refused(cloud: LocalAws, settings: Settings) -> None:
    def program() -> None:
        aws.appautoscaling.Target(
            "target",
            service_namespace="sagemaker",
            resource_id="endpoint/nowhere/variant/Primary",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            min_capacity=1,
            max_capacity=2,
        )

    refused(program, cloud, settings, "No sagemaker resource 'endpoint/nowhere/variant/Primary'")


def test_a_schedule_with_its_group_its_function_and_a_layer(cloud: LocalAws, settings: Settings) -> None:
    def program() -> None:
        layer = aws.lambda_.LayerVersion(
            "shared",
            layer_name="shared",
            code=pulumi.AssetArchive({"python/shared_things.py": pulumi.StringAsset("ANSWER = 42\n")}),
            compatible_runtimes=["python3.13"],
            compatible_architectures=["arm64"],
        )
        role = aws.iam.Role("worker", assume_role_policy=programs.trust("lambda"))
        dead = aws.sqs.Queue("dead")
        function = aws.lambda_.Function(
            "worker",
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler="handler.handler",
            layers=[layer.arn],
            ephemeral_storage={"size": 1024},
            reserved_concurrent_executions=2,
            code=pulumi.AssetArchive(
                {
                    "handler.py": pulumi.StringAsset(
                        "import shared_things\ndef handler(event, context):\n    return shared_things.ANSWER\n"
                    )
                }
            ),
        )
        caller = aws.iam.Role("caller", assume_role_policy=programs.trust("scheduler"))
        group = aws.scheduler.ScheduleGroup("hourly", tags={"team": "ml"})
        target: Any = {
            "arn": function.arn,
            "role_arn": caller.arn,
            "input": json.dumps({"at": "<aws.scheduler.scheduled-time>"}),
            "retry_policy": {"maximum_retry_attempts": 2, "maximum_event_age_in_seconds": 3600},
            "dead_letter_config": {"arn": dead.arn},
        }
        aws.scheduler.Schedule(
            "hourly",
            group_name=group.name,
            schedule_expression="cron(7 * * * ? *)",
            flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": 5},
            target=target,
        )
        call = aws.lambda_.Invocation("once", function_name=function.name, input="{}")
        pulumi.export("answer", call.result.apply(json.loads))
        pulumi.export("group", group.name)

    deployment = deploy(program, settings, cloud)
    assert deployment.outputs["answer"] == 42
    there = inventory(cloud)
    assert {kind: len(there[kind]) for kind in ("scheduler schedule", "scheduler group", "lambda layer")} == {
        "scheduler schedule": 1,
        "scheduler group": 1,
        "lambda layer": 1,
    }
    (schedule,) = (item for item in deployment.resources if item.type.endswith(":Schedule"))
    found = cloud.client("scheduler").get_schedule(GroupName=deployment.outputs["group"], Name=schedule.outputs["name"])
    assert found["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 2}
    assert found["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
    worker = next(str(item.id) for item in deployment.resources if item.type.endswith(":Function"))
    functions = cloud.client("lambda")
    assert functions.get_function_concurrency(FunctionName=worker)["ReservedConcurrentExecutions"] == 2
    assert functions.get_function_configuration(FunctionName=worker)["EphemeralStorage"] == {"Size": 1024}
    deployment.destroy()
