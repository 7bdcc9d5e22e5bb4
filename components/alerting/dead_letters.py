"""An alarm for every queue of dead letters, and a function of its own that tells people past the responder."""

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.alerting.alarm_rules import AlarmFactory, Metric
from components.args import CRITICAL, check_component_name, common_settings
from components.functions import monitoring_function
from components.iam import AwsContext, PolicyDocument, allow, function_basics, policy_document
from contract.metrics import DEAD_LETTERS

# functions/dead_letter_notice takes the name before it for that of the function.
_SUFFIX: Final = "-dead-letters"
_PERIOD_SECONDS: Final = 300


class DeadLetterAlarmsArgs(TypedDict):
    """The queues of dead letters of a stack, and who is told."""

    queues: Mapping[str, pulumi.Input[str]]
    """Names of the queues, by whose letters they hold."""
    alarm_topic_arn: pulumi.Input[str]
    """Told of every alarm's beginning and end."""
    notification_topic_arn: pulumi.Input[str]
    """Where people are told."""
    log_retention_in_days: NotRequired[int]
    """Of the function's log group. Default 30."""
    runbook_url: NotRequired[pulumi.Input[str] | None]
    """Where docs/operations.md is to be read: each message links to its section on dead letters."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the function's role."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key of queue, logs and environment."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class DeadLetterAlarms(pulumi.ComponentResource):
    """Tells people of events that a function could not handle, the responder's own among them."""

    alarm_arns: list[pulumi.Output[str]]
    role_arn: pulumi.Output[str]
    """Of the function that tells: the notification topic lets it in."""

    def __init__(self, name: str, args: DeadLetterAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        common = common_settings(args)
        super().__init__("model-monitoring:index:DeadLetterAlarms", name, {}, opts)
        options = pulumi.ResourceOptions(parent=self)
        topic_arn = pulumi.Output.from_input(args["notification_topic_arn"])
        runbook = args.get("runbook_url")

        def policy(
            _place: pulumi.Output[AwsContext], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
        ) -> pulumi.Output[PolicyDocument]:
            return pulumi.Output.all(log_group_arn, dead_letter_arn, topic_arn).apply(
                lambda found: policy_document(
                    *function_basics(found[0], found[1]), allow("PublishNotifications", ["sns:Publish"], [found[2]])
                )
            )

        made = monitoring_function(
            f"{name}-dead-letter-notice",
            parent=self,
            folder="dead_letter_notice",
            description=f"Tells people of events that a function of {name} could not handle",
            timeout=30,
            memory_size=128,
            environment={"NOTIFICATION_TOPIC_ARN": topic_arn, **({"RUNBOOK_URL": runbook} if runbook else {})},
            policy=policy,
            common=common,
            asynchronous=True,
        )
        permission = aws.lambda_.Permission(
            f"{name}-dead-letter-notice-invoke",
            action="lambda:InvokeFunction",
            function=made.function.name,
            principal="sns.amazonaws.com",
            source_arn=args["alarm_topic_arn"],
            opts=options,
        )
        subscription = aws.sns.TopicSubscription(
            f"{name}-alarms-dead-letter-notice",
            topic=args["alarm_topic_arn"],
            protocol="lambda",
            endpoint=made.function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        factory = AlarmFactory(
            topic_arn=args["alarm_topic_arn"],
            tags=args.get("tags") or {},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[subscription]),
        )
        alarms = [
            factory.make(
                f"{name}-{whose}{_SUFFIX}",
                Metric(namespace="AWS/SQS", name=DEAD_LETTERS, dimensions={"QueueName": queue}),
                description=pulumi.Output.concat(f"Events that {whose} could not handle lie in the queue ", queue),
                severity=CRITICAL,
                threshold=1,
                period_seconds=_PERIOD_SECONDS,
                # SQS says nothing of a queue that is left alone for six hours; what lies in it still lies there.
                missing_data="ignore",
            )
            for whose, queue in args["queues"].items()
        ]
        self.alarm_arns = [alarm.arn for alarm in alarms]
        self.role_arn = made.role_arn
        self.register_outputs({"alarm_arns": self.alarm_arns, "role_arn": self.role_arn})
