"""Tags: whose it is, and which environment it belongs to."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .rule import Level, Properties, Rule, Severity, groups

REQUIRED: Final = ("environment", "project")
# What has tags at AWS, of the services that monitoring takes. S3 objects are left out: they are content, take ten tags
# at most, and are billed with their bucket.
TAGGABLE: Final = frozenset(
    {
        "aws:cloudwatch/alarmMuteRule:AlarmMuteRule",
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        "aws:cloudwatch/eventBus:EventBus",
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:ecr/repository:Repository",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:kinesis/stream:Stream",
        "aws:kms/key:Key",
        "aws:lambda/function:Function",
        "aws:s3/bucket:Bucket",
        "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
        "aws:sagemaker/endpoint:Endpoint",
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        "aws:sagemaker/model:Model",
        "aws:sagemaker/monitoringSchedule:MonitoringSchedule",
        "aws:sagemaker/pipeline:Pipeline",
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        "aws:secretsmanager/secret:Secret",
        "aws:sfn/stateMachine:StateMachine",
        "aws:sns/topic:Topic",
        "aws:sqs/queue:Queue",
        "aws-native:sagemaker:DataQualityJobDefinition",
        "aws-native:sagemaker:ModelBiasJobDefinition",
        "aws-native:sagemaker:ModelExplainabilityJobDefinition",
        "aws-native:sagemaker:ModelQualityJobDefinition",
        "aws-native:sagemaker:MonitoringSchedule",
    }
)


def required_tags(resource_type: str, properties: Properties, names: Sequence[str] = REQUIRED) -> list[str]:
    """The tags that everything must have which can have tags; by the time of the check a provider's own are added."""
    if resource_type not in TAGGABLE:
        return []
    tags: Any = properties.get("tags")
    there = set(tags) if isinstance(tags, Mapping) else {str(tag.get("key")) for tag in groups(properties, "tags")}
    missing = [name for name in names if name not in there]
    return [f"tag {name} is missing: add it to tags, or to the provider's default_tags" for name in missing]


RULES: Final = (
    Rule(
        name="required-tags",
        title="Required tags",
        description="Everything that can have tags says which project and environment it belongs to.",
        fix="Add the tags to the stack's tags, or to the provider's default_tags.",
        level=Level.MANDATORY,
        severity=Severity.LOW,
        check=required_tags,
        settings={
            "names": {
                "type": "array",
                "items": {"type": "string"},
                "default": list(REQUIRED),
                "description": "Names of the tags.",
            }
        },
    ),
)
