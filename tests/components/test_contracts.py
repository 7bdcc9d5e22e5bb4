"""What holds for every resource that a stack registers, whatever it is."""

import json
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as aws_native
import pytest

from components import ModelMonitoringStack
from components.iam.statements import ANY_RESOURCE
from components.naming import MAX_COMPONENT_NAME
from tests.components.conftest import KEY, VARIANTS, MakeArgs
from tests.components.mocked_runtime import Registration, Run, run_program
from tests.components.registered import statements
from tests.stack_outputs import OUTPUTS

STACK = "model-monitoring:index:ModelMonitoringStack"
PARTS = {
    f"model-monitoring:index:{name}"
    for name in (
        "MonitoringStorage",
        "MonitoredEndpoint",
        "Baseline",
        "DataQualityMonitor",
        "ModelQualityMonitor",
        "ProcessingMetrics",
        "DriftAlerting",
        "MonitoringDashboard",
        "MonitorHealth",
        "MonitorWatch",
        "DeadLetterAlarms",
    )
}
# Parts that only other variants have.
OTHER_PARTS = {f"model-monitoring:index:{name}" for name in ("OpenMonitors", "EngineComparison", "Retraining")}
# These have no tags at AWS: they are settings of a resource that has.
UNTAGGED = {
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:appautoscaling/policy:Policy",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:lambda/invocation:Invocation",
    "aws:lambda/layerVersion:LayerVersion",
    "aws:lambda/permission:Permission",
    "aws:scheduler/schedule:Schedule",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/dashboard:Dashboard",
}
# AWS's limits on the names of what this project makes; Pulumi adds eight characters where it chooses the name.
LIMITS = {
    "aws:s3/bucket:Bucket": 63,
    "aws:iam/role:Role": 64,
    "aws:iam/rolePolicy:RolePolicy": 128,
    "aws:sagemaker/model:Model": 63,
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": 63,
    "aws:sagemaker/endpoint:Endpoint": 63,
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": 63,
    "aws-native:sagemaker:ModelQualityJobDefinition": 63,
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule": 63,
    "aws:lambda/function:Function": 64,
    "aws:lambda/layerVersion:LayerVersion": 64,
    "aws:scheduler/schedule:Schedule": 64,
    "aws:scheduler/scheduleGroup:ScheduleGroup": 64,
    "aws:sqs/queue:Queue": 80,
    "aws:sns/topic:Topic": 256,
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 255,
    "aws:cloudwatch/dashboard:Dashboard": 255,
    "aws:cloudwatch/logGroup:LogGroup": 512,
}
IMAGE = "210987654321.dkr.ecr.us-east-1.amazonaws.com/churn:7"
_NAMES = ("name", "bucket", "jobDefinitionName", "dashboardName")


def custom(run: Run) -> list[Registration]:
    return [item for item in run.resources if item.request.custom]


def test_the_parts(full: Run) -> None:
    parts = {item.type for item in full.resources if not item.request.custom}
    assert parts == {STACK, *PARTS}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("preview", [False, True])
def test_every_child_has_a_parent_in_the_stack(run_variant: Callable[..., Run], variant: str, preview: bool) -> None:
    for item in run_variant(variant, preview).resources:
        if item.type == STACK:
            assert item.parent.endswith("::pulumi:pulumi:Stack::model-monitoring-test")
        elif item.type in PARTS | OTHER_PARTS:
            assert item.parent.endswith(f"{STACK}::churn")
        else:
            assert item.parent.split("::")[-2].split("$")[-1] in {STACK, *PARTS, *OTHER_PARTS}, item.name


def test_every_child_is_named_after_the_component(any_stack: Run) -> None:
    assert [item.name for item in custom(any_stack) if not item.name.startswith("churn-")] == []


@pytest.mark.parametrize("preview", [False, True])
def test_outputs_are_registered_once_by_every_component(run_variant: Callable[..., Run], preview: bool) -> None:
    run = run_variant("full", preview)
    registered = [urn.split("::")[-2].split("$")[-1] for urn in run.component_outputs]
    assert sorted(registered) == sorted({"pulumi:pulumi:Stack", STACK, *PARTS})


def test_outputs_of_the_stack(full: Run) -> None:
    [outputs] = [found for urn, found in full.component_outputs.items() if urn.endswith(f"{STACK}::churn")]
    assert set(outputs) == OUTPUTS
    assert all(outputs.values())


@pytest.mark.parametrize("variant", VARIANTS)
def test_preview_and_update_register_the_same(run_variant: Callable[..., Run], variant: str) -> None:
    preview, update = run_variant(variant, True), run_variant(variant)
    assert {item.key for item in preview.resources} == {item.key for item in update.resources}


def test_everything_that_can_have_tags_has_them(any_stack: Run) -> None:
    for item in custom(any_stack):
        if item.type in UNTAGGED:
            assert "tags" not in item.inputs, f"{item.type} has tags after all: take it off the list"
        elif item.type.startswith("aws-native:"):
            assert {tag["key"]: tag["value"] for tag in item.inputs["tags"]} == {"team": "risk", "environment": "test"}
        else:
            assert item.inputs["tags"] == {"team": "risk", "environment": "test"}, item.name


def test_objects_have_no_more_tags_than_s3_takes(run_stack: Callable[..., Run]) -> None:
    run = run_stack(tags={f"key-{number}": "x" for number in range(11)})
    objects = run.of_type("aws:s3/bucketObjectv2:BucketObjectv2")
    assert len(objects) == 3
    assert not any("tags" in item.inputs for item in objects)
    assert len(run.one("aws:s3/bucket:Bucket").inputs["tags"]) == 11


def test_names_fit_for_the_longest_component_name(make_args: MakeArgs) -> None:
    longest = "c" * MAX_COMPONENT_NAME
    run = run_program(lambda: ModelMonitoringStack(longest, make_args()), stack="test")
    for item in custom(run):
        limit = LIMITS.get(item.type)
        if limit is not None:
            name = next((item.outputs[key] for key in _NAMES if key in item.outputs), f"{item.name}-1234567")
            assert len(name) <= limit, f"{item.type} {name} has {len(name)} characters, AWS takes {limit}"
    events = [json.loads(item.inputs["input"]) for item in run.of_type("aws:lambda/invocation:Invocation")]
    names = [event["request"]["ProcessingJobName"] for event in events if "request" in event]
    assert len(names) == 2
    for name in names:
        assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)


def test_every_resource_type_with_a_name_is_in_the_list_of_limits(full: Run) -> None:
    named = {item.type for item in custom(full) if "arn" in item.outputs.keys() - item.inputs.keys()}
    assert len(named) == 12
    assert named <= set(LIMITS)


def test_no_wildcard_action(any_stack: Run) -> None:
    for name, statement in statements(any_stack):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if statement["Effect"] == "Allow":
            assert not [action for action in actions if "*" in action], name


def test_any_resource_only_with_a_reason(any_stack: Run) -> None:
    for name, statement in statements(any_stack):
        if statement["Effect"] == "Allow" and "*" in statement.get("Resource", []):
            assert statement["Resource"] == ["*"], name
            assert set(statement["Action"]) <= set(ANY_RESOURCE), name
            if "cloudwatch:PutMetricData" in statement["Action"]:
                assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"]


def test_every_reason_is_of_use(full: Run, run_variant: Callable[..., Run]) -> None:
    allowed = {
        variant: {
            action
            for _, statement in statements(run)
            if statement["Effect"] == "Allow" and statement.get("Resource") == ["*"]
            for action in statement["Action"]
        }
        for variant, run in (
            ("full", full),
            ("everything", run_variant("everything")),
            ("retraining", run_variant("retraining")),
        )
    }
    of_retraining = allowed["retraining"] - allowed["everything"]
    assert of_retraining
    what_retraining_reads = ("sagemaker:", "cloudwatch:GetMetricStatistics")
    assert all(action.startswith(("logs:", "xray:", *what_retraining_reads)) for action in of_retraining)
    # Of the watch over a fleet, which no stack has: tests/fleet/test_components.py.
    of_a_fleet = {"cloudwatch:ListMetrics"}
    assert allowed["everything"] | of_retraining | of_a_fleet == set(ANY_RESOURCE)
    without = {action for action in ANY_RESOURCE if not action.startswith("ec2:")} - of_retraining - of_a_fleet
    assert allowed["full"] == without, "it has no VPC"
    assert all(len(reason) > 20 for reason in ANY_RESOURCE.values())


def test_resources_are_this_stacks(full: Run) -> None:
    """Every ARN that is allowed names this bucket, this stack's own resources, or AWS's images; the rest is listed."""
    bucket = f"arn:aws:s3:::{full.one('aws:s3/bucket:Bucket').outputs['bucket']}"
    own = {str(item.outputs["arn"]) for item in full.resources if "arn" in item.outputs}
    shared = {
        # SageMaker writes the logs of all jobs of an account to one group.
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/ProcessingJobs",
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/ProcessingJobs:*",
        # The endpoint has no name yet when its role is made.
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/churn-endpoint-*",
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/churn-endpoint-*:*",
        # Baseline jobs are named after their content.
        "arn:aws:sagemaker:us-east-1:123456789012:processing-job/churn-baseline-*",
        # Model Monitor names its own jobs.
        "arn:aws:sagemaker:us-east-1:123456789012:processing-job/*",
        # AWS's images, in AWS's accounts.
        "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-scikit-learn",
        "arn:aws:ecr:us-east-1:156813124566:repository/sagemaker-model-monitor-analyzer",
        "arn:aws:ecr:us-east-1:156813124566:repository/sagemaker-model-monitor-groundtruth-merger",
    }
    for name, statement in statements(full):
        if statement["Effect"] != "Allow":
            continue
        for arn in statement.get("Resource", []):
            known = arn == "*" or arn in own | shared or arn.startswith(bucket) or arn.removesuffix(":*") in own
            assert known, f"{name} allows {arn}"
            assert arn != f"{bucket}/*", f"{name} allows all of the bucket"


def test_an_open_principal_only_to_deny(any_stack: Run) -> None:
    for name, statement in statements(any_stack):
        if statement.get("Principal") in ("*", {"AWS": "*"}):
            assert statement["Effect"] == "Deny", name


# Pulumi's wire format marks a secret with this key.
SECRET = "4dabf18193072939515e22adb298388d"


def is_secret(item: Registration, key: str) -> bool:
    """Whether the engine is told that this input is, or has in it, a secret."""
    return SECRET in str(dict(item.request.object.fields)[key])


def test_secrets_stay_secret(make_args: MakeArgs) -> None:
    secret = pulumi.Output.secret

    def program() -> None:
        endpoint = {"image_uri": IMAGE, "environment": {"TOKEN": secret("t0ken")}}
        alerting = {"emails": [secret("risk@example.com")]}
        tags = {"owner": secret("somebody")}
        ModelMonitoringStack(
            "churn", make_args(endpoint=endpoint, alerting=alerting, tags=tags, kms_key_arn=secret(KEY))
        )

    for preview in (False, True):
        run = run_program(program, stack="test", preview=preview)
        kind = "aws:sns/topicSubscription:TopicSubscription"
        [subscription] = [item for item in run.of_type(kind) if item.inputs["protocol"] == "email"]
        assert is_secret(subscription, "endpoint")
        assert is_secret(run.one("aws:sagemaker/model:Model"), "primaryContainer")
        assert is_secret(run.one("aws:s3/bucket:Bucket"), "tags")
        assert is_secret(run.one("aws:sagemaker/endpointConfiguration:EndpointConfiguration"), "kmsKeyArn")
        if not preview:  # a policy that is not known yet has no mark yet
            assert is_secret(run.one("aws:iam/rolePolicy:RolePolicy", "churn-monitor-role-policy"), "policy")
        assert not is_secret(run.one("aws:s3/bucket:Bucket"), "forceDestroy"), "or this test would hold of anything"


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("preview", [False, True])
def test_a_provider_of_another_region_reaches_every_child_and_every_lookup(
    make_args: MakeArgs, variants: dict[str, dict[str, Any]], variant: str, preview: bool
) -> None:
    def program() -> None:
        role = aws.ProviderAssumeRoleArgs(role_arn="arn:aws:iam::210987654321:role/deploy")
        providers = [
            aws.Provider("aws-eu", region="eu-west-1", assume_roles=[role]),
            aws_native.Provider("native-eu", region="eu-west-1"),
        ]
        ModelMonitoringStack("churn", make_args(**variants[variant]), pulumi.ResourceOptions(providers=providers))

    run = run_program(program, stack="test", preview=preview)
    for item in custom(run):
        if not item.type.startswith("pulumi:providers:"):
            expected = "native-eu" if item.type.startswith("aws-native:") else "aws-eu"
            assert f"::{expected}::" in item.request.provider, item.name
    assert run.calls
    assert all("::aws-eu::" in call.provider for call in run.calls)


def test_options_of_the_stack_reach_it(run_stack: Callable[..., Run]) -> None:
    run = run_stack(opts=pulumi.ResourceOptions(protect=True))
    assert all(item.request.protect for item in run.resources)
