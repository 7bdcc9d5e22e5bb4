"""SageMaker Clarify's two kinds as Model Monitor runs them: a job definition, and its schedule."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.args import MonitorSettings
from components.baselines import BaselineAddresses
from components.monitors.definition import (
    batch_transform_input,
    endpoint_input,
    ground_truth_input,
    monitoring_schedule,
    native_definition,
    results_uri,
)
from components.monitors.images import CLARIFY
from components.monitors.kind import Site
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
    files = site.files[kind.name]
    batch = site.batches_of(kind)
    source: dict[str, Any] = (
        {"batch_transform_input": batch_transform_input(batch, attributes)}
        if batch is not None
        else {"endpoint_input": endpoint_input(site.endpoint_name, attributes)}
    )
    if kind.needs_labels:
        source["ground_truth_s3_input"] = ground_truth_input(site.bucket_name)
    definition = native_definition(
        f"{site.name}-{kind.name}",
        kind,
        application={"image_uri": site.images[CLARIFY], "config_uri": files.analysis_config},
        baseline={"constraints_resource": {"s3_uri": baseline.constraints_uri}},
        source=source,
        results=results_uri(site.bucket_name, of_batches=site.endpoint_name if batch is not None else None),
        settings=settings,
        network=site.network,
        common=site.common,
        role_arn=site.role_arn,
        opts=opts,
    )
    return monitoring_schedule(
        site.name,
        kind,
        name_stem=site.name_stem,
        job_definition_name=definition.job_definition_name.apply(str),
        schedule_expression=settings.schedule.text,
        tags=site.common.tags,
        options=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[definition])),
    ).name
