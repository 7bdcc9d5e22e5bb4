"""A Lambda function as every function of this project is made: own log group, own role, current runtime, arm64."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.archives import function_archive, function_handler, with_job_sources
from components.args import CommonSettings
from components.iam import AwsContext, PolicyDocument, lambda_trust, look_up_context, service_role, with_key

RUNTIME: Final = "python3.13"
ARCHITECTURE: Final = "arm64"
DEAD_LETTER_SECONDS: Final = 14 * 24 * 3600  # the longest that SQS keeps a message
EVENT_AGE_SECONDS: Final = 3600
RETRIES: Final = 2


@dataclass(frozen=True, kw_only=True)
class MonitoringFunction:
    """A function with what it cannot do without."""

    function: aws.lambda_.Function
    role_arn: pulumi.Output[str]
    dead_letters: aws.sqs.Queue | None

    @property
    def dead_letter_queue_name(self) -> pulumi.Output[str]:
        """Name of the queue; a function that is waited for has none."""
        if self.dead_letters is None:
            raise LookupError("this function is invoked and waited for; it has no dead-letter queue")
        return self.dead_letters.name


def dead_letter_queue(
    name: str, parent: pulumi.Resource, common: CommonSettings, *, before: str | None = None
) -> aws.sqs.Queue:
    """Make the queue where an event ends that a function could not handle; encrypted, kept for fourteen days.

    `before` is what the queue was called in an earlier version.
    """
    return aws.sqs.Queue(
        f"{name}-dead-letters",
        # By SQS's own key, unless there is one for everything.
        sqs_managed_sse_enabled=True if common.kms_key_arn is None else None,
        kms_master_key_id=common.kms_key_arn,
        message_retention_seconds=DEAD_LETTER_SECONDS,
        tags=common.tags,
        opts=pulumi.ResourceOptions(
            parent=parent, aliases=[pulumi.Alias(name=f"{before}-dead-letters")] if before else None
        ),
    )


def monitoring_function(
    name: str,
    *,
    parent: pulumi.Resource,
    folder: str,
    description: str,
    timeout: int,
    memory_size: int,
    environment: Mapping[str, pulumi.Input[str]],
    policy: Callable[
        [pulumi.Output[AwsContext], pulumi.Output[str], pulumi.Output[str]], pulumi.Output[PolicyDocument]
    ],
    common: CommonSettings,
    asynchronous: bool,
    with_monitor: bool = False,
    layers: Sequence[pulumi.Input[str]] = (),
    dead_letters: aws.sqs.Queue | None = None,
) -> MonitoringFunction:
    """Make the function whose code is in `functions/{folder}`, as children of `parent`.

    `policy` gets the context, the log group's ARN and the dead-letter queue's ARN (empty without one). An asynchronous
    function is retried twice within an hour; an event that it could not handle is kept in its dead-letter queue, which
    is `dead_letters` where several functions share one: each queue has an alarm, and each alarm its price.
    `with_monitor` puts the monitor's own code into its archive; `layers` are ARNs.
    """
    options = pulumi.ResourceOptions(parent=parent)
    # Made before the function, or Lambda makes one itself, without an end to its retention and beyond Pulumi's reach.
    logs = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        retention_in_days=common.log_retention_in_days,
        kms_key_id=common.kms_key_arn,
        tags=common.tags,
        opts=options,
    )
    queue = (dead_letters or dead_letter_queue(name, parent, common)) if asynchronous else None
    role = service_role(
        f"{name}-role",
        parent=parent,
        description=description,
        trust=lambda_trust,
        policy=with_key(
            policy(look_up_context(parent), logs.arn, queue.arn if queue else pulumi.Output.from_input("")), common
        ),
        common=common,
    )
    function = aws.lambda_.Function(
        name,
        description=description,
        code=with_job_sources(function_archive(folder)) if with_monitor else function_archive(folder),
        layers=list(layers) or None,
        handler=function_handler(folder),
        runtime=RUNTIME,
        architectures=[ARCHITECTURE],
        timeout=timeout,
        memory_size=memory_size,
        role=role.arn,
        environment=aws.lambda_.FunctionEnvironmentArgs(variables=environment) if environment else None,
        kms_key_arn=common.kms_key_arn,
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=logs.name),
        dead_letter_config=aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=queue.arn) if queue else None,
        tags=common.tags,
        opts=options,
    )
    if asynchronous:
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-retries",
            function_name=function.name,
            maximum_retry_attempts=RETRIES,
            maximum_event_age_in_seconds=EVENT_AGE_SECONDS,
            opts=options,
        )
    return MonitoringFunction(function=function, role_arn=role.arn, dead_letters=queue)
