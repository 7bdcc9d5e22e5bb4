"""The monitor of batches as Model Monitor runs it: a data-quality definition of transform jobs, and its schedule."""

from typing import Any

import pulumi

from components.args import BatchSettings
from components.baselines import BaselineAddresses
from components.monitors.definition import (
    batch_transform_input,
    monitoring_schedule,
    native_definition,
    results_uri,
)
from components.monitors.kind import Site
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
    definition = native_definition(
        f"{site.name}-{BATCH}",
        KINDS[DATA_QUALITY],
        application={"image_uri": image_uri},
        baseline=resources or None,
        source={"batch_transform_input": batch_transform_input(settings, attributes)},
        results=results_uri(site.bucket_name, of_batches=site.endpoint_name),
        settings=settings,
        network=site.network,
        common=common,
        role_arn=site.role_arn,
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
