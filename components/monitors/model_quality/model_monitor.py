"""The model-quality monitor as Model Monitor runs it: a job definition, and its schedule."""

from collections.abc import Mapping
from typing import Any, NotRequired, Self, TypedDict

import pulumi

from components.args import (
    BatchSettings,
    CommonSettings,
    ModelQualityArgs,
    ModelQualitySettings,
    NetworkArgs,
    NetworkSettings,
    check_component_name,
    common_settings,
)
from components.monitors.definition import (
    batch_transform_input,
    endpoint_input,
    ground_truth_input,
    monitoring_schedule,
    native_definition,
    results_uri,
)
from components.storage import upload_script
from contract.monitor_kinds import KINDS, MODEL_QUALITY


class ModelQualityMonitorArgs(TypedDict):
    """A model-quality monitor of an endpoint that captures its traffic."""

    monitor: ModelQualityArgs
    """What it measures, when it runs and on what."""
    endpoint_name: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    """Labels are read from `ground-truth/yyyy/mm/dd/hh` in it, results written to `monitoring-results/…`."""
    analyzer_image_uri: pulumi.Input[str]
    """AWS's analyzer."""
    role_arn: pulumi.Input[str]
    """The role that the jobs run under."""
    constraints_uri: NotRequired[pulumi.Input[str]]
    """The baseline's `constraints.json`. Without it figures are published and nothing is compared."""
    name_stem: NotRequired[pulumi.Input[str]]
    """What the schedule is named after. Default the endpoint's name."""
    network: NotRequired[NetworkArgs]
    """The network of the jobs."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for the jobs' volumes and results."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class ModelQualityMonitor(pulumi.ComponentResource):
    """Compares a day's captured answers with the labels that arrived for them."""

    schedule_name: pulumi.Output[str]
    job_definition_name: pulumi.Output[str]

    def __init__(self, name: str, args: ModelQualityMonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        self._build(
            name,
            args,
            settings=ModelQualitySettings.from_args(args["monitor"], "monitor"),
            network=NetworkSettings.from_args(args.get("network") or {}),
            common=common_settings(args),
            opts=opts,
        )

    @classmethod
    def from_settings(
        cls,
        name: str,
        args: ModelQualityMonitorArgs,
        opts: pulumi.ResourceOptions,
        *,
        monitor: ModelQualitySettings,
        network: NetworkSettings,
        common: CommonSettings,
        batch: BatchSettings | None = None,
    ) -> Self:
        """Make it from settings that are checked already; of `args` only what is no setting is read. `batch`: where it
        looks at transform jobs, and not at the endpoint.
        """
        made = cls.__new__(cls)
        made._build(name, args, settings=monitor, network=network, common=common, opts=opts, batch=batch)
        return made

    def _build(
        self,
        name: str,
        args: ModelQualityMonitorArgs,
        *,
        settings: ModelQualitySettings,
        network: NetworkSettings,
        common: CommonSettings,
        opts: pulumi.ResourceOptions | None,
        batch: BatchSettings | None = None,
    ) -> None:
        super().__init__("model-monitoring:index:ModelQualityMonitor", name, {}, opts)
        preprocessor_uri = upload_script(
            settings.record_preprocessor,
            f"{name}-{MODEL_QUALITY}",
            bucket_name=args["bucket_name"],
            common=common,
            parent=self,
        )
        constraints_uri = args.get("constraints_uri")
        application = {
            "image_uri": args["analyzer_image_uri"],
            "problem_type": settings.problem_type,
            **({} if preprocessor_uri is None else {"record_preprocessor_source_uri": preprocessor_uri}),
        }
        definition = native_definition(
            f"{name}-{MODEL_QUALITY}",
            KINDS[MODEL_QUALITY],
            application=application,
            baseline=None if constraints_uri is None else {"constraints_resource": {"s3_uri": constraints_uri}},
            source=_source(settings, args, batch),
            results=results_uri(args["bucket_name"], of_batches=args["endpoint_name"] if batch is not None else None),
            settings=settings,
            network=network,
            common=common,
            role_arn=args["role_arn"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.job_definition_name = definition.job_definition_name.apply(str)
        schedule = monitoring_schedule(
            name,
            KINDS[MODEL_QUALITY],
            name_stem=args.get("name_stem") or args["endpoint_name"],
            job_definition_name=self.job_definition_name,
            schedule_expression=settings.schedule.text,
            tags=common.tags,
            options=pulumi.ResourceOptions(parent=self, depends_on=[definition]),
        )
        self.schedule_name = schedule.name
        self.register_outputs({"schedule_name": self.schedule_name, "job_definition_name": self.job_definition_name})


def _source(
    settings: ModelQualitySettings, args: ModelQualityMonitorArgs, batch: BatchSettings | None
) -> dict[str, Any]:
    """What it looks at: the endpoint's captures, or transform jobs; and the labels."""
    attributes: dict[str, Any] = {
        "inference_attribute": settings.inference_attribute,
        "probability_attribute": settings.probability_attribute,
        "probability_threshold_attribute": settings.probability_threshold,
        "start_time_offset": settings.start_time_offset,
        "end_time_offset": settings.end_time_offset,
    }
    return {
        **(
            {"batch_transform_input": batch_transform_input(batch, attributes)}
            if batch is not None
            else {"endpoint_input": endpoint_input(args["endpoint_name"], attributes)}
        ),
        "ground_truth_s3_input": ground_truth_input(args["bucket_name"]),
    }
