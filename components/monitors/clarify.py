"""SageMaker Clarify's two kinds as Model Monitor runs them: a job definition, and its schedule."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws_native as aws_native

from components import naming
from components.args import MonitorSettings
from components.baselines import BaselineAddresses
from components.monitors.definition import (
    ENVIRONMENT,
    batch_transform_input,
    monitoring_schedule,
    native_network,
    results_uri,
    volume_key,
)
from components.monitors.images import CLARIFY
from components.monitors.kind import Site
from contract import bucket_layout, processing_job
from contract.monitor_kinds import MonitorKind

# What a shadow endpoint that Clarify makes for a run is called; the jobs' role is let near no other.
SHADOW_ENDPOINT_PREFIX = "clarify-shadow"


def clarify_schedule(
    kind: MonitorKind,
    settings: MonitorSettings,
    site: Site,
    baseline: BaselineAddresses,
    *,
    attributes: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Make the definition and the schedule that runs it; the schedule's name.

    The definitions of all kinds have one shape, and the kind in the names of its parts. `attributes`: where a record
    has what, and the window, as the endpoint input has them.
    """
    common, files = site.common, site.files[kind.name]
    part = {"ModelBias": "model_bias", "ModelExplainability": "model_explainability"}[kind.monitoring_type]
    batch = site.batches_of(kind)
    source: dict[str, Any] = (
        {"batch_transform_input": batch_transform_input(batch, attributes)}
        if batch is not None
        else {
            "endpoint_input": {
                "endpoint_name": site.endpoint_name,
                "local_path": processing_job.CAPTURED_PATH,
                "s3_input_mode": "File",
                "s3_data_distribution_type": "FullyReplicated",
                **{key: value for key, value in attributes.items() if value is not None},
            }
        }
    )
    if kind.needs_labels:
        labels = pulumi.Output.from_input(site.bucket_name).apply(
            lambda bucket: naming.s3_uri(bucket, bucket_layout.GROUND_TRUTH)
        )
        source["ground_truth_s3_input"] = {"s3_uri": labels}
    output = {
        "s3_uri": results_uri(site.bucket_name, of_batches=site.endpoint_name if batch is not None else None),
        "local_path": processing_job.OUTPUT_PATH,
        "s3_upload_mode": processing_job.UPLOAD_MODE,
    }
    cluster = {
        "instance_count": 1,
        "instance_type": settings.instance_type,
        "volume_size_in_gb": settings.volume_size_in_gb,
        "volume_kms_key_id": volume_key(settings.instance_type, common),
    }
    make: Any = getattr(aws_native.sagemaker, f"{kind.monitoring_type}JobDefinition")
    definition = make(
        f"{site.name}-{kind.name}",
        **{
            f"{part}_app_specification": {
                "image_uri": site.images[CLARIFY],
                "config_uri": files.analysis_config,
                "environment": dict(ENVIRONMENT),
            },
            f"{part}_baseline_config": {"constraints_resource": {"s3_uri": baseline.constraints_uri}},
            f"{part}_job_input": source,
            f"{part}_job_output_config": {
                "monitoring_outputs": [{"s3_output": output}],
                "kms_key_id": common.kms_key_arn,
            },
        },
        job_resources={"cluster_config": cluster},
        network_config=native_network(site.network),
        stopping_condition={"max_runtime_in_seconds": settings.max_runtime_in_seconds},
        role_arn=site.role_arn,
        tags=[{"key": key, "value": value} for key, value in sorted(common.tags.items())],
        opts=opts,
    )
    return monitoring_schedule(
        site.name,
        kind,
        name_stem=site.name_stem,
        job_definition_name=definition.job_definition_name.apply(str),
        schedule_expression=settings.schedule.text,
        tags=common.tags,
        options=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[definition])),
    ).name
