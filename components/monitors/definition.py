"""What the job definitions of every kind of monitor have in common, and the schedule that runs one.

Definitions cannot be changed: any change replaces one. Their names are Pulumi's own, new each time; one by content
would be taken by the definition that a failed deployment left for deletion, when that deployment is reverted.
"""

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import BatchSettings, CommonSettings, NetworkSettings
from components.jobs import has_local_storage
from contract import bucket_layout, processing_job
from contract.monitor_kinds import MonitorKind

# Without it a run leaves files and no metrics.
ENVIRONMENT: Final[Mapping[str, str]] = {"publish_cloudwatch_metrics": "Enabled"}


def volume_key(instance_type: str, common: CommonSettings) -> pulumi.Input[str] | None:
    """The key of an instance's volume; None where the instance encrypts its disks itself."""
    return None if has_local_storage(instance_type) else common.kms_key_arn


def results_uri(bucket_name: pulumi.Input[str], *, of_batches: pulumi.Input[str] | None = None) -> pulumi.Output[str]:
    """Where a monitor writes; the platform adds endpoint, schedule and hour. Of transform jobs it knows no endpoint:
    `of_batches` is the one under which their results are filed with the others.
    """
    return pulumi.Output.all(bucket_name, of_batches).apply(
        lambda found: naming.s3_uri(found[0], *filter(None, (bucket_layout.MONITORING_RESULTS, found[1])))
    )


def batch_transform_input(batch: BatchSettings, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What of transform jobs a definition looks at; `attributes`: where a row has what, and the window, which are the
    endpoint input's too.
    """
    formats: Mapping[str, dict[str, Any]] = {
        "csv": {"csv": {"header": batch.has_header}},
        "json": {"json": {"line": True}},
        "parquet": {"parquet": True},
    }
    return {
        "data_captured_destination_s3_uri": pulumi.Output.from_input(batch.captured_uri or "").apply(
            lambda uri: uri.rstrip("/")
        ),
        "dataset_format": formats[batch.dataset_format],
        "local_path": processing_job.CAPTURED_PATH,
        "s3_input_mode": "File",
        "s3_data_distribution_type": "FullyReplicated",
        **{key: value for key, value in attributes.items() if value is not None},
    }


def monitoring_schedule(
    name: str,
    kind: MonitorKind,
    *,
    name_stem: pulumi.Input[str],
    job_definition_name: pulumi.Input[str],
    schedule_expression: str,
    tags: Mapping[str, pulumi.Input[str]],
    options: pulumi.ResourceOptions,
    monitoring_type: str | None = None,
) -> aws.sagemaker.MonitoringSchedule:
    """Make the schedule that runs a job definition; `monitoring_type`: if it is another kind's."""
    return aws.sagemaker.MonitoringSchedule(
        f"{name}-{kind.name}-schedule",
        name=pulumi.Output.from_input(name_stem).apply(lambda stem: naming.schedule_name(stem, kind.name)),
        monitoring_schedule_config=aws.sagemaker.MonitoringScheduleMonitoringScheduleConfigArgs(
            monitoring_type=monitoring_type or kind.monitoring_type,
            monitoring_job_definition_name=job_definition_name,
            schedule_config=aws.sagemaker.MonitoringScheduleMonitoringScheduleConfigScheduleConfigArgs(
                schedule_expression=schedule_expression
            ),
        ),
        tags=tags,
        # Its name may come again, when a deployment that failed is reverted: nothing of that name may be left.
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(delete_before_replace=True)),
    )


def native_network(network: NetworkSettings) -> dict[str, Any] | None:
    """The network of a definition as Cloud Control has it; None where it is AWS's own."""
    if not network.has_settings:
        return None
    found: dict[str, Any] = {
        "enable_inter_container_traffic_encryption": network.encrypt_inter_container_traffic,
        "enable_network_isolation": network.isolation,
    }
    if network.in_vpc:
        found["vpc_config"] = {
            "subnets": list(network.subnet_ids),
            "security_group_ids": list(network.security_group_ids),
        }
    return found
