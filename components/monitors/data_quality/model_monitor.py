"""The data-quality monitor as Model Monitor runs it: a job definition, and its schedule."""

from collections.abc import Mapping
from typing import Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components.args import (
    CommonSettings,
    DataQualityArgs,
    DataQualitySettings,
    NetworkArgs,
    NetworkSettings,
    check_component_name,
    check_data_quality_definition,
    common_settings,
)
from components.monitors.definition import ENVIRONMENT, monitoring_schedule, results_uri, volume_key
from components.storage import upload_script
from contract import processing_job
from contract.monitor_kinds import DATA_QUALITY, KINDS

# A definition cannot be changed, but for its tags. The classic provider does not replace it for all of these: of a new
# role it would only take note.
_IMMUTABLE: Final = (
    "dataQualityAppSpecification",
    "dataQualityBaselineConfig",
    "dataQualityJobInput",
    "dataQualityJobOutputConfig",
    "jobResources",
    "networkConfig",
    "roleArn",
    "stoppingCondition",
)


class DataQualityMonitorArgs(TypedDict):
    """A data-quality monitor of an endpoint that captures its traffic."""

    monitor: NotRequired[DataQualityArgs]
    """When it runs and on what."""
    endpoint_name: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    """Results are written to `monitoring-results/{endpoint}/{schedule}/yyyy/mm/dd/hh` in it."""
    analyzer_image_uri: pulumi.Input[str]
    """AWS's analyzer."""
    role_arn: pulumi.Input[str]
    """The role that the jobs run under."""
    statistics_uri: pulumi.Input[str]
    """The baseline's `statistics.json`."""
    constraints_uri: pulumi.Input[str]
    """The baseline's `constraints.json`."""
    name_stem: NotRequired[pulumi.Input[str]]
    """What the schedule is named after. Default the endpoint's name."""
    network: NotRequired[NetworkArgs]
    """The network of the jobs."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for the jobs' volumes and results."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class DataQualityMonitor(pulumi.ComponentResource):
    """Compares each hour's captured requests and answers with the baseline."""

    schedule_name: pulumi.Output[str]
    job_definition_name: pulumi.Output[str]

    def __init__(self, name: str, args: DataQualityMonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = DataQualitySettings.from_args(args.get("monitor") or {}, "monitor")
        check_data_quality_definition(settings, "monitor")
        self._build(
            name,
            args,
            settings=settings,
            network=NetworkSettings.from_args(args.get("network") or {}),
            common=common_settings(args),
            opts=opts,
        )

    @classmethod
    def from_settings(
        cls,
        name: str,
        args: DataQualityMonitorArgs,
        opts: pulumi.ResourceOptions,
        *,
        monitor: DataQualitySettings,
        network: NetworkSettings,
        common: CommonSettings,
    ) -> Self:
        """Make it from settings that are checked already; of `args` only what is no setting is read."""
        made = cls.__new__(cls)
        made._build(name, args, settings=monitor, network=network, common=common, opts=opts)
        return made

    def _build(
        self,
        name: str,
        args: DataQualityMonitorArgs,
        *,
        settings: DataQualitySettings,
        network: NetworkSettings,
        common: CommonSettings,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__("model-monitoring:index:DataQualityMonitor", name, {}, opts)
        preprocessor_uri = upload_script(
            settings.record_preprocessor,
            f"{name}-{DATA_QUALITY}",
            bucket_name=args["bucket_name"],
            common=common,
            parent=self,
        )
        definition = aws.sagemaker.DataQualityJobDefinition(
            f"{name}-{DATA_QUALITY}",
            data_quality_app_specification=aws.sagemaker.DataQualityJobDefinitionDataQualityAppSpecificationArgs(
                image_uri=args["analyzer_image_uri"],
                record_preprocessor_source_uri=preprocessor_uri,
                environment=dict(ENVIRONMENT),
            ),
            data_quality_baseline_config=aws.sagemaker.DataQualityJobDefinitionDataQualityBaselineConfigArgs(
                statistics_resource=(
                    aws.sagemaker.DataQualityJobDefinitionDataQualityBaselineConfigStatisticsResourceArgs(
                        s3_uri=args["statistics_uri"]
                    )
                ),
                constraints_resource=(
                    aws.sagemaker.DataQualityJobDefinitionDataQualityBaselineConfigConstraintsResourceArgs(
                        s3_uri=args["constraints_uri"]
                    )
                ),
            ),
            data_quality_job_input=aws.sagemaker.DataQualityJobDefinitionDataQualityJobInputArgs(
                endpoint_input=aws.sagemaker.DataQualityJobDefinitionDataQualityJobInputEndpointInputArgs(
                    endpoint_name=args["endpoint_name"],
                    local_path=processing_job.CAPTURED_PATH,
                    s3_input_mode="File",
                    s3_data_distribution_type="FullyReplicated",
                )
            ),
            data_quality_job_output_config=aws.sagemaker.DataQualityJobDefinitionDataQualityJobOutputConfigArgs(
                monitoring_outputs=(
                    aws.sagemaker.DataQualityJobDefinitionDataQualityJobOutputConfigMonitoringOutputsArgs(
                        s3_output=(
                            aws.sagemaker.DataQualityJobDefinitionDataQualityJobOutputConfigMonitoringOutputsS3OutputArgs(
                                s3_uri=results_uri(args["bucket_name"]),
                                local_path=processing_job.OUTPUT_PATH,
                                s3_upload_mode=processing_job.UPLOAD_MODE,
                            )
                        )
                    )
                ),
                kms_key_id=common.kms_key_arn,
            ),
            job_resources=aws.sagemaker.DataQualityJobDefinitionJobResourcesArgs(
                cluster_config=aws.sagemaker.DataQualityJobDefinitionJobResourcesClusterConfigArgs(
                    instance_count=1,
                    instance_type=settings.instance_type,
                    volume_size_in_gb=settings.volume_size_in_gb,
                    volume_kms_key_id=volume_key(settings.instance_type, common),
                )
            ),
            network_config=_network(network),
            stopping_condition=aws.sagemaker.DataQualityJobDefinitionStoppingConditionArgs(
                max_runtime_in_seconds=settings.max_runtime_in_seconds
            ),
            role_arn=args["role_arn"],
            tags=common.tags,
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=list(_IMMUTABLE)),
        )
        self.job_definition_name = definition.name
        schedule = monitoring_schedule(
            name,
            KINDS[DATA_QUALITY],
            name_stem=args.get("name_stem") or args["endpoint_name"],
            job_definition_name=definition.name,
            schedule_expression=settings.schedule.text,
            tags=common.tags,
            options=pulumi.ResourceOptions(parent=self, depends_on=[definition]),
        )
        self.schedule_name = schedule.name
        self.register_outputs({"schedule_name": self.schedule_name, "job_definition_name": self.job_definition_name})


def _network(network: NetworkSettings) -> aws.sagemaker.DataQualityJobDefinitionNetworkConfigArgs | None:
    if not network.has_settings:
        return None
    return aws.sagemaker.DataQualityJobDefinitionNetworkConfigArgs(
        enable_inter_container_traffic_encryption=network.encrypt_inter_container_traffic,
        enable_network_isolation=network.isolation,
        vpc_config=(
            aws.sagemaker.DataQualityJobDefinitionNetworkConfigVpcConfigArgs(
                subnets=list(network.subnet_ids), security_group_ids=list(network.security_group_ids)
            )
            if network.in_vpc
            else None
        ),
    )
