"""The plan of an update, as far as it can be known without an engine.

Two runs on the mocked runtime are compared, resource by resource. Whether a changed property replaces its resource is
not ours to say:
- of native resources the provider tells the engine (`replaceOnChanges` of the registration itself);
- of classic ones it is `createOnlyProperties` of CloudFormation's schema for the same thing at AWS, except for tags,
  which the classic provider changes by an API of their own; where CloudFormation has no such resource, the provider's
  source is quoted.
A replaced resource has another name, so that what refers to it changes too; this is followed to its end.

What is not shown: that AWS accepts the plan, and what the classic provider replaces beyond what AWS cannot change.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

import pulumi_aws as aws
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.components.mocked_runtime import Registration, Run, comparable

Plan = dict[str, str]

# Classic type -> the same at CloudFormation.
CLOUDFORMATION: Final[Mapping[str, str]] = {
    "aws:appautoscaling/policy:Policy": "AWS::ApplicationAutoScaling::ScalingPolicy",
    "aws:appautoscaling/target:Target": "AWS::ApplicationAutoScaling::ScalableTarget",
    "aws:cloudwatch/dashboard:Dashboard": "AWS::CloudWatch::Dashboard",
    "aws:cloudwatch/eventRule:EventRule": "AWS::Events::Rule",
    "aws:cloudwatch/logGroup:LogGroup": "AWS::Logs::LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "AWS::CloudWatch::Alarm",
    "aws:iam/role:Role": "AWS::IAM::Role",
    "aws:iam/rolePolicy:RolePolicy": "AWS::IAM::RolePolicy",
    "aws:lambda/function:Function": "AWS::Lambda::Function",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "AWS::Lambda::EventInvokeConfig",
    "aws:lambda/permission:Permission": "AWS::Lambda::Permission",
    "aws:s3/bucket:Bucket": "AWS::S3::Bucket",
    "aws:s3/bucketPolicy:BucketPolicy": "AWS::S3::BucketPolicy",
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": "AWS::SageMaker::DataQualityJobDefinition",
    "aws:sagemaker/endpoint:Endpoint": "AWS::SageMaker::Endpoint",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "AWS::SageMaker::EndpointConfig",
    "aws:sagemaker/model:Model": "AWS::SageMaker::Model",
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule": "AWS::SageMaker::MonitoringSchedule",
    "aws:scheduler/schedule:Schedule": "AWS::Scheduler::Schedule",
    "aws:sns/topic:Topic": "AWS::SNS::Topic",
    "aws:sns/topicSubscription:TopicSubscription": "AWS::SNS::Subscription",
    "aws:sqs/queue:Queue": "AWS::SQS::Queue",
}
# Types that are no resources of CloudFormation's: what their schemas in hashicorp/terraform-provider-aws, on which the
# classic provider rests, mark as ForceNew.
FORCE_NEW: Final[Mapping[str, frozenset[str]]] = {
    # internal/service/s3/object.go
    "aws:s3/bucketObjectv2:BucketObjectv2": frozenset({"bucket", "key"}),
    # internal/service/lambda/invocation.go; `input` by customizeDiffInputChangeWithCreateOnlyScope
    "aws:lambda/invocation:Invocation": frozenset({"functionName", "input", "qualifier", "triggers"}),
    # internal/service/events/target.go
    "aws:cloudwatch/eventTarget:EventTarget": frozenset({"eventBusName", "rule", "targetId"}),
    # internal/service/sns/topic_policy.go
    "aws:sns/topicPolicy:TopicPolicy": frozenset({"arn"}),
    # internal/service/s3/bucket_*.go
    **{
        f"aws:s3/{name[0].lower()}{name[1:]}:{name}": frozenset({"bucket"})
        for name in (
            "BucketLifecycleConfiguration",
            "BucketOwnershipControls",
            "BucketPublicAccessBlock",
            "BucketServerSideEncryptionConfiguration",
            "BucketVersioning",
        )
    },
}
# CloudFormation's name of a property -> the classic provider's, where they differ by more than a capital.
SPELT: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "PolicyName"): "name",
    ("AWS::CloudWatch::Alarm", "AlarmName"): "name",
    ("AWS::IAM::Role", "RoleName"): "name",
    ("AWS::IAM::RolePolicy", "PolicyName"): "name",
    ("AWS::IAM::RolePolicy", "RoleName"): "role",
    ("AWS::Lambda::Function", "FunctionName"): "name",
    ("AWS::Lambda::Permission", "FunctionName"): "function",
    ("AWS::Lambda::Permission", "PrincipalOrgID"): "principalOrgId",
    ("AWS::Logs::LogGroup", "LogGroupName"): "name",
    ("AWS::S3::Bucket", "BucketName"): "bucket",
    ("AWS::S3::Bucket", "BucketNamePrefix"): "bucketPrefix",
    ("AWS::SageMaker::DataQualityJobDefinition", "JobDefinitionName"): "name",
    ("AWS::SageMaker::Endpoint", "EndpointName"): "name",
    ("AWS::SageMaker::EndpointConfig", "EndpointConfigName"): "name",
    ("AWS::SageMaker::EndpointConfig", "KmsKeyId"): "kmsKeyArn",
    ("AWS::SageMaker::Model", "ModelName"): "name",
    ("AWS::SageMaker::MonitoringSchedule", "MonitoringScheduleName"): "name",
    ("AWS::SNS::Subscription", "TopicArn"): "topic",
    ("AWS::SNS::Topic", "TopicName"): "name",
    ("AWS::SQS::Queue", "QueueName"): "name",
}
# Create-only at CloudFormation, and not a property of the classic resource.
ABSENT: Final = frozenset(
    {
        ("AWS::ApplicationAutoScaling::ScalingPolicy", "ScalingTargetId"),
        ("AWS::Lambda::Permission", "InvokedViaFunctionUrl"),
        ("AWS::SageMaker::DataQualityJobDefinition", "EndpointName"),
        ("AWS::SageMaker::EndpointConfig", "EnableNetworkIsolation"),
        ("AWS::SageMaker::EndpointConfig", "ExplainerConfig"),
        ("AWS::SageMaker::EndpointConfig", "MetricsConfig"),
        ("AWS::SageMaker::EndpointConfig", "VpcConfig"),
    }
)
# What AWS knows a resource by, where the program may choose it: two of the same cannot be there at once.
PHYSICAL_NAMES: Final = ("name", "bucket", "jobDefinitionName", "dashboardName")


def create_only(kind: str) -> dict[str, str]:
    """CloudFormation's create-only properties of a type, and the classic provider's names for them."""
    found = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    properties = {path.rsplit("/", 1)[1] for path in found.get("createOnlyProperties", [])} - {"Tags"}
    return {
        name: SPELT.get((kind, name), name[0].lower() + name[1:]) for name in properties if (kind, name) not in ABSENT
    }


def properties_of(token: str) -> set[str]:
    """The inputs of a classic resource, as the wire has them."""
    module, _, name = token.removeprefix("aws:").partition("/")
    services: dict[str, Any] = {"lambda": aws.lambda_}
    resource = getattr(services.get(module) or getattr(aws, module), name.split(":")[1])
    names = inspect.signature(resource._internal_init).parameters
    return {"".join(part if not n else part.title() for n, part in enumerate(item.split("_"))) for item in names}


def replacing(item: Registration) -> set[str]:
    """The properties whose change replaces a resource."""
    if item.type.startswith("aws-native:"):
        return {name.split("[")[0] for name in item.request.replaceOnChanges}
    if item.type in FORCE_NEW:
        return set(FORCE_NEW[item.type])
    return set(create_only(CLOUDFORMATION[item.type]).values())


def plan(before: Run, after: Callable[..., Run]) -> tuple[Plan, Run]:
    """What happens to each resource that does not stay as it is, by name; and the last run after the change.

    `after(replaced=…)` runs the changed program, in which replaced resources have other names.
    """
    replaced: set[tuple[str, str]] = set()
    while True:
        run = after(replaced=frozenset(replaced))
        found = _compare(before, run)
        more = {key for key, action in found.items() if action == "replace"} - replaced
        if not more:
            return {name: action for (_, name), action in found.items()}, run
        replaced |= more


def _compare(before: Run, after: Run) -> dict[tuple[str, str], str]:
    old, new = ({item.key: item for item in run.resources if item.request.custom} for run in (before, after))
    found = dict.fromkeys(old.keys() - new.keys(), "delete") | dict.fromkeys(new.keys() - old.keys(), "create")
    for key in old.keys() & new.keys():
        inputs = comparable(old[key].inputs), comparable(new[key].inputs)
        changed = {name for name in inputs[0].keys() | inputs[1].keys() if inputs[0].get(name) != inputs[1].get(name)}
        if changed:
            found[key] = "replace" if changed & replacing(new[key]) else "update"
    return found


def clashes(before: Run, after: Run, planned: Plan) -> set[str]:
    """Replaced resources whose successor has the same name as they still have: AWS would refuse it.

    Pulumi makes the new one first. Names that it chooses itself never clash.
    """
    old, new = ({item.name: item for item in run.resources} for run in (before, after))
    return {
        name
        for name, action in planned.items()
        if action == "replace" and not new[name].request.deleteBeforeReplace
        for key in PHYSICAL_NAMES
        # An object's `bucket` is where it lies, not what it is called.
        if key in new[name].inputs and not new[name].type.endswith(":BucketObjectv2")
        if new[name].inputs[key] == old[name].inputs.get(key)
    }
