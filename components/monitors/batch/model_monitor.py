"""The monitor of batches as Model Monitor runs it: a data-quality definition of transform jobs, and its schedule."""

from typing import Any

import pulumi
import pulumi_aws_native as aws_native

from components.args import BatchSettings
from components.baselines import BaselineAddresses
from components.monitors.definition import (
    ENVIRONMENT,
    batch_transform_input,
    monitoring_schedule,
    native_network,
    results_uri,
    volume_key,
)
from components.monitors.kind import Site
from contract import processing_job
from contract.monitor_kinds import BATCH, DATA_QUALITY, KINDS


def batch_schedule(
    settings: BatchSettings,
    site: Site,
    image_uri: pulumi.Input[str],
    baseline: BaselineAddresses | None,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Make the definition and the schedule that runs it; the schedule's name. Without a baseline batches are described.

    By Cloud Control: the classic provider knows neither Parquet nor features that are left out.
    """
    common, excluded = site.common, settings.exclude_features
    attributes = {"exclude_features_attribute": ",".join(excluded) if excluded else None}
    resources: dict[str, Any] = {}
    if baseline is not None:
        resources["constraints_resource"] = {"s3_uri": baseline.constraints_uri}
    if baseline is not None and baseline.statistics_uri is not None:
        resources["statistics_resource"] = {"s3_uri": baseline.statistics_uri}
    make: Any = aws_native.sagemaker.DataQualityJobDefinition
    definition = make(
        f"{site.name}-{BATCH}",
        data_quality_app_specification={"image_uri": image_uri, "environment": dict(ENVIRONMENT)},
        data_quality_baseline_config=resources or None,
        data_quality_job_input={"batch_transform_input": batch_transform_input(settings, attributes)},
        data_quality_job_output_config={
            "monitoring_outputs": [
                {
                    "s3_output": {
                        "s3_uri": results_uri(site.bucket_name, of_batches=site.endpoint_name),
                        "local_path": processing_job.OUTPUT_PATH,
                        "s3_upload_mode": processing_job.UPLOAD_MODE,
                    }
                }
            ],
            "kms_key_id": common.kms_key_arn,
        },
        job_resources={
            "cluster_config": {
                "instance_count": 1,
                "instance_type": settings.instance_type,
                "volume_size_in_gb": settings.volume_size_in_gb,
                "volume_kms_key_id": volume_key(settings.instance_type, common),
            }
        },
        network_config=native_network(site.network),
        stopping_condition={"max_runtime_in_seconds": settings.max_runtime_in_seconds},
        role_arn=site.role_arn,
        tags=[{"key": key, "value": value} for key, value in sorted(common.tags.items())],
        opts=opts,
    )
    return monitoring_schedule(
        site.name,
        KINDS[BATCH],
        name_stem=site.name_stem,
        job_definition_name=definition.job_definition_name.apply(str),
        schedule_expression=settings.schedule.text,
        tags=common.tags,
        options=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[definition])),
        monitoring_type=KINDS[DATA_QUALITY].monitoring_type,
    ).name
