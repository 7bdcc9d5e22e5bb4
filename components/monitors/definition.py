"""What the job definitions of every kind of monitor have in common, and the schedule that runs one.

Definitions cannot be changed: any change replaces one. Their names are Pulumi's own, new each time; one by content
would be taken by the definition that a failed deployment left for deletion, when that deployment is reverted.
"""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import CommonSettings
from components.jobs import has_local_storage
from contract import bucket_layout
from contract.monitor_kinds import MonitorKind

# Without it a run leaves files and no metrics.
ENVIRONMENT: Final[Mapping[str, str]] = {"publish_cloudwatch_metrics": "Enabled"}


def volume_key(instance_type: str, common: CommonSettings) -> pulumi.Input[str] | None:
    """The key of an instance's volume; None where the instance encrypts its disks itself."""
    return None if has_local_storage(instance_type) else common.kms_key_arn


def results_uri(bucket_name: pulumi.Input[str]) -> pulumi.Output[str]:
    """Where a monitor writes; the platform adds endpoint, schedule and hour."""
    return pulumi.Output.from_input(bucket_name).apply(
        lambda bucket: naming.s3_uri(bucket, bucket_layout.MONITORING_RESULTS)
    )


def monitoring_schedule(
    name: str,
    kind: MonitorKind,
    *,
    name_stem: pulumi.Input[str],
    job_definition_name: pulumi.Input[str],
    schedule_expression: str,
    tags: Mapping[str, pulumi.Input[str]],
    options: pulumi.ResourceOptions,
) -> aws.sagemaker.MonitoringSchedule:
    """Make the schedule that runs a job definition."""
    return aws.sagemaker.MonitoringSchedule(
        f"{name}-{kind.name}-schedule",
        name=pulumi.Output.from_input(name_stem).apply(lambda stem: naming.schedule_name(stem, kind.name)),
        monitoring_schedule_config=aws.sagemaker.MonitoringScheduleMonitoringScheduleConfigArgs(
            monitoring_type=kind.monitoring_type,
            monitoring_job_definition_name=job_definition_name,
            schedule_config=aws.sagemaker.MonitoringScheduleMonitoringScheduleConfigScheduleConfigArgs(
                schedule_expression=schedule_expression
            ),
        ),
        tags=tags,
        # Its name may come again, when a deployment that failed is reverted: nothing of that name may be left.
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(delete_before_replace=True)),
    )
