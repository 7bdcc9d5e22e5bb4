"""Where the table of what replaces a resource comes from; ``python -m`` with this module writes it.

Whether a changed property replaces its resource is not ours to say:
- of native resources it is ``createOnlyProperties`` of CloudFormation's schema;
- of classic ones it is the same list of CloudFormation's schema for the same thing at AWS, except for tags, which the
  classic provider changes by an API of their own; where CloudFormation has no such resource, the provider's source is
  quoted.
The schemas (cfn-lint's) take seconds to load, hence a table; a test holds it against them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local_aws.apply.native import NativeType
from local_aws.provider.replacements import ALL, TABLE

# The native types in the table.
NATIVE: Final = tuple(
    f"aws-native:sagemaker:{kind}JobDefinition" for kind in ("ModelBias", "ModelExplainability", "ModelQuality")
)
# Classic type -> the same at CloudFormation.
CLOUDFORMATION: Final[Mapping[str, str]] = {
    "aws:appautoscaling/policy:Policy": "AWS::ApplicationAutoScaling::ScalingPolicy",
    "aws:appautoscaling/target:Target": "AWS::ApplicationAutoScaling::ScalableTarget",
    "aws:athena/namedQuery:NamedQuery": "AWS::Athena::NamedQuery",
    "aws:athena/workgroup:Workgroup": "AWS::Athena::WorkGroup",
    "aws:cloudwatch/dashboard:Dashboard": "AWS::CloudWatch::Dashboard",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "AWS::CloudWatch::CompositeAlarm",
    "aws:cloudwatch/eventBus:EventBus": "AWS::Events::EventBus",
    "aws:cloudwatch/eventRule:EventRule": "AWS::Events::Rule",
    "aws:cloudwatch/logGroup:LogGroup": "AWS::Logs::LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "AWS::CloudWatch::Alarm",
    "aws:iam/role:Role": "AWS::IAM::Role",
    "aws:iam/rolePolicy:RolePolicy": "AWS::IAM::RolePolicy",
    "aws:kinesis/stream:Stream": "AWS::Kinesis::Stream",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "AWS::Lambda::EventSourceMapping",
    "aws:lambda/function:Function": "AWS::Lambda::Function",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "AWS::Lambda::EventInvokeConfig",
    "aws:lambda/permission:Permission": "AWS::Lambda::Permission",
    "aws:oam/link:Link": "AWS::Oam::Link",
    "aws:oam/sink:Sink": "AWS::Oam::Sink",
    "aws:s3/bucket:Bucket": "AWS::S3::Bucket",
    "aws:s3/bucketPolicy:BucketPolicy": "AWS::S3::BucketPolicy",
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": "AWS::SageMaker::DataQualityJobDefinition",
    "aws:sagemaker/endpoint:Endpoint": "AWS::SageMaker::Endpoint",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "AWS::SageMaker::EndpointConfig",
    "aws:sagemaker/model:Model": "AWS::SageMaker::Model",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "AWS::SageMaker::ModelPackageGroup",
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule": "AWS::SageMaker::MonitoringSchedule",
    "aws:sagemaker/pipeline:Pipeline": "AWS::SageMaker::Pipeline",
    "aws:scheduler/schedule:Schedule": "AWS::Scheduler::Schedule",
    "aws:sfn/stateMachine:StateMachine": "AWS::StepFunctions::StateMachine",
    "aws:sns/topic:Topic": "AWS::SNS::Topic",
    "aws:sns/topicSubscription:TopicSubscription": "AWS::SNS::Subscription",
    "aws:sqs/queue:Queue": "AWS::SQS::Queue",
}
# Types that are no resources of CloudFormation's: what their schemas in hashicorp/terraform-provider-aws, on which the
# classic provider rests, mark as ForceNew.
FORCE_NEW: Final[Mapping[str, frozenset[str]]] = {
    # Types that the stack has with some arguments only, or not at all; internal/service/…
    # …/cloudwatch/alarm_mute_rule.go, …/scheduler/schedule_group.go, …/kms/alias.go, …/kms/key.go
    "aws:cloudwatch/alarmMuteRule:AlarmMuteRule": frozenset({"name"}),
    "aws:scheduler/scheduleGroup:ScheduleGroup": frozenset({"name"}),
    "aws:kms/alias:Alias": frozenset({"name"}),
    "aws:kms/key:Key": frozenset({"keyUsage", "customerMasterKeySpec", "multiRegion"}),
    # …/lambda/layer_version.go, …/iam/role_policy_attachment.go: nothing of them can be changed
    "aws:lambda/layerVersion:LayerVersion": frozenset({ALL}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": frozenset({ALL}),
    # …/glue/catalog_database.go, …/glue/catalog_table.go
    "aws:glue/catalogDatabase:CatalogDatabase": frozenset({"name", "catalogId"}),
    "aws:glue/catalogTable:CatalogTable": frozenset({"name", "databaseName", "catalogId"}),
    # …/events/bus_policy.go, …/oam/sink_policy.go, …/logs/resource_policy.go, …/kms/grant.go
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": frozenset({"eventBusName"}),
    "aws:oam/sinkPolicy:SinkPolicy": frozenset({"sinkIdentifier"}),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": frozenset({"policyName"}),
    "aws:kms/grant:Grant": frozenset({ALL}),
    # …/iam/policy.go, …/sqs/queue_policy.go
    "aws:iam/policy:Policy": frozenset({"name", "path", "description"}),
    "aws:sqs/queuePolicy:QueuePolicy": frozenset({"queueUrl"}),
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
    ("AWS::Athena::NamedQuery", "QueryString"): "query",
    ("AWS::Athena::NamedQuery", "WorkGroup"): "workgroup",
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
    ("AWS::StepFunctions::StateMachine", "StateMachineName"): "name",
    ("AWS::StepFunctions::StateMachine", "StateMachineType"): "type",
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


def create_only(kind: str) -> dict[str, str]:
    """CloudFormation's create-only properties of a type, and the classic provider's names for them."""
    found = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    properties = {path.rsplit("/", 1)[1] for path in found.get("createOnlyProperties", [])} - {"Tags"}
    return {
        name: SPELT.get((kind, name), name[0].lower() + name[1:]) for name in properties if (kind, name) not in ABSENT
    }


def table() -> dict[str, list[str]]:
    """What replaces a resource, by its type."""
    found = {token: set(create_only(kind).values()) for token, kind in CLOUDFORMATION.items()}
    found |= {token: set(names) for token, names in FORCE_NEW.items()}
    for token in NATIVE:
        native = NativeType(token)
        fixed = {path.split("/")[2] for path in native.schema.get("createOnlyProperties", [])}
        found[token] = {key for key, name in native.inputs.items() if name in fixed}
    return {token: sorted(names) for token, names in sorted(found.items())}


def text() -> str:
    """The table as it is kept."""
    return json.dumps(table(), indent=1) + "\n"


if __name__ == "__main__":
    TABLE.write_text(text())
