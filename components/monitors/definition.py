"""What the job definitions of every kind of monitor have in common, and the schedule that runs one.

Definitions cannot be changed: any change replaces one. Their names are Pulumi's own, new each time; one by content
would be taken by the definition that a failed deployment left for deletion, when that deployment is reverted.
"""

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as aws_native

from components import naming
from components.args import BatchSettings, CommonSettings, MonitorSettings, NetworkSettings
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


def native_definition(
    name: str,
    kind: MonitorKind,
    *,
    application: Mapping[str, Any],
    baseline: Mapping[str, Any] | None,
    source: Mapping[str, Any],
    results: pulumi.Input[str],
    settings: MonitorSettings,
    network: NetworkSettings,
    common: CommonSettings,
    role_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> Any:
    """Make a job definition by Cloud Control. All kinds' have one shape, the kind in the names of its parts.

    `kind` says of which type it is; `application`, `baseline` and `source` are what is different.
    """
    part = {
        "DataQuality": "data_quality",
        "ModelQuality": "model_quality",
        "ModelBias": "model_bias",
        "ModelExplainability": "model_explainability",
    }[kind.monitoring_type]
    output = {"s3_uri": results, "local_path": processing_job.OUTPUT_PATH, "s3_upload_mode": processing_job.UPLOAD_MODE}
    make: Any = getattr(aws_native.sagemaker, f"{kind.monitoring_type}JobDefinition")
    return make(
        name,
        **{
            f"{part}_app_specification": {**application, "environment": dict(ENVIRONMENT)},
            f"{part}_baseline_config": baseline,
            f"{part}_job_input": source,
            f"{part}_job_output_config": {
                "monitoring_outputs": [{"s3_output": output}],
                "kms_key_id": common.kms_key_arn,
            },
        },
        job_resources={
            "cluster_config": {
                "instance_count": 1,
                "instance_type": settings.instance_type,
                "volume_size_in_gb": settings.volume_size_in_gb,
                "volume_kms_key_id": volume_key(settings.instance_type, common),
            }
        },
        network_config=_native_network(network),
        stopping_condition={"max_runtime_in_seconds": settings.max_runtime_in_seconds},
        role_arn=role_arn,
        tags=[{"key": key, "value": value} for key, value in sorted(common.tags.items())],
        opts=opts,
    )


def endpoint_input(endpoint_name: pulumi.Input[str], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What a definition looks at of an endpoint; `attributes`: where a record has what, and the window."""
    return {
        "endpoint_name": endpoint_name,
        "local_path": processing_job.CAPTURED_PATH,
        "s3_input_mode": "File",
        "s3_data_distribution_type": "FullyReplicated",
        **{key: value for key, value in attributes.items() if value is not None},
    }


def ground_truth_input(bucket_name: pulumi.Input[str]) -> dict[str, Any]:
    """The input that says where a definition finds the labels."""
    return {
        "s3_uri": pulumi.Output.from_input(bucket_name).apply(
            lambda bucket: naming.s3_uri(bucket, bucket_layout.GROUND_TRUTH)
        )
    }


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


def _native_network(network: NetworkSettings) -> dict[str, Any] | None:
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
