"""The model-quality monitor as Model Monitor runs it: a job definition, and its schedule."""

from collections.abc import Mapping
from typing import Any, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws_native as aws_native

from components import naming
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
    ENVIRONMENT,
    batch_transform_input,
    monitoring_schedule,
    results_uri,
    volume_key,
)
from components.storage import upload_script
from contract import bucket_layout, processing_job
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
        definition = aws_native.sagemaker.ModelQualityJobDefinition(
            f"{name}-{MODEL_QUALITY}",
            model_quality_app_specification=(
                aws_native.sagemaker.ModelQualityJobDefinitionModelQualityAppSpecificationArgs(
                    image_uri=args["analyzer_image_uri"],
                    problem_type=aws_native.sagemaker.ModelQualityJobDefinitionProblemType(settings.problem_type),
                    record_preprocessor_source_uri=preprocessor_uri,
                    environment=dict(ENVIRONMENT),
                )
            ),
            model_quality_baseline_config=(
                aws_native.sagemaker.ModelQualityJobDefinitionModelQualityBaselineConfigArgs(
                    constraints_resource=aws_native.sagemaker.ModelQualityJobDefinitionConstraintsResourceArgs(
                        s3_uri=constraints_uri
                    )
                )
                if constraints_uri is not None
                else None
            ),
            model_quality_job_input=aws_native.sagemaker.ModelQualityJobDefinitionModelQualityJobInputArgs(
                **_source(settings, args, batch),
                ground_truth_s3_input=aws_native.sagemaker.ModelQualityJobDefinitionMonitoringGroundTruthS3InputArgs(
                    s3_uri=pulumi.Output.from_input(args["bucket_name"]).apply(
                        lambda bucket: naming.s3_uri(bucket, bucket_layout.GROUND_TRUTH)
                    )
                ),
            ),
            model_quality_job_output_config=aws_native.sagemaker.ModelQualityJobDefinitionMonitoringOutputConfigArgs(
                monitoring_outputs=[
                    aws_native.sagemaker.ModelQualityJobDefinitionMonitoringOutputArgs(
                        s3_output=aws_native.sagemaker.ModelQualityJobDefinitionS3OutputArgs(
                            s3_uri=results_uri(
                                args["bucket_name"], of_batches=args["endpoint_name"] if batch is not None else None
                            ),
                            local_path=processing_job.OUTPUT_PATH,
                            s3_upload_mode=aws_native.sagemaker.ModelQualityJobDefinitionS3OutputS3UploadMode(
                                processing_job.UPLOAD_MODE
                            ),
                        )
                    )
                ],
                kms_key_id=common.kms_key_arn,
            ),
            job_resources=aws_native.sagemaker.ModelQualityJobDefinitionMonitoringResourcesArgs(
                cluster_config=aws_native.sagemaker.ModelQualityJobDefinitionClusterConfigArgs(
                    instance_count=1,
                    instance_type=settings.instance_type,
                    volume_size_in_gb=settings.volume_size_in_gb,
                    volume_kms_key_id=volume_key(settings.instance_type, common),
                )
            ),
            network_config=_network(network),
            stopping_condition=aws_native.sagemaker.ModelQualityJobDefinitionStoppingConditionArgs(
                max_runtime_in_seconds=settings.max_runtime_in_seconds
            ),
            role_arn=args["role_arn"],
            tags=[aws_native.CreateOnlyTagArgs(key=key, value=value) for key, value in sorted(common.tags.items())],
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


def _source(settings: ModelQualitySettings, args: ModelQualityMonitorArgs, batch: BatchSettings | None) -> Any:
    """What it looks at: the endpoint's captures, or transform jobs."""
    attributes: dict[str, Any] = {
        "inference_attribute": settings.inference_attribute,
        "probability_attribute": settings.probability_attribute,
        "probability_threshold_attribute": settings.probability_threshold,
        "start_time_offset": settings.start_time_offset,
        "end_time_offset": settings.end_time_offset,
    }
    if batch is not None:
        return {"batch_transform_input": batch_transform_input(batch, attributes)}
    return {
        "endpoint_input": aws_native.sagemaker.ModelQualityJobDefinitionEndpointInputArgs(
            endpoint_name=args["endpoint_name"],
            local_path=processing_job.CAPTURED_PATH,
            s3_input_mode=aws_native.sagemaker.ModelQualityJobDefinitionEndpointInputS3InputMode.FILE,
            s3_data_distribution_type=(
                aws_native.sagemaker.ModelQualityJobDefinitionEndpointInputS3DataDistributionType.FULLY_REPLICATED
            ),
            **attributes,
        )
    }


def _network(
    network: NetworkSettings,
) -> "aws_native.sagemaker.ModelQualityJobDefinitionNetworkConfigArgs | None":  # as text: it loads in half a second
    if not network.has_settings:
        return None
    return aws_native.sagemaker.ModelQualityJobDefinitionNetworkConfigArgs(
        enable_inter_container_traffic_encryption=network.encrypt_inter_container_traffic,
        enable_network_isolation=network.isolation,
        vpc_config=(
            aws_native.sagemaker.ModelQualityJobDefinitionVpcConfigArgs(
                subnets=list(network.subnet_ids), security_group_ids=list(network.security_group_ids)
            )
            if network.in_vpc
            else None
        ),
    )
