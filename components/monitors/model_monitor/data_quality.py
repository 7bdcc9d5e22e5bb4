"""The two monitors: a job definition each, and the schedule that runs it.

Definitions cannot be changed: any change replaces one. Their names are Pulumi's own, new each time; one by content
would be taken by the definition that a failed deployment left for deletion, when that deployment is reverted.
"""

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as aws_native

from components import naming
from components.args import (
    CommonSettings,
    DataQualityArgs,
    DataQualitySettings,
    ModelQualityArgs,
    ModelQualitySettings,
    NetworkArgs,
    NetworkSettings,
    Script,
    check_component_name,
    common_settings,
)
from components.args.bounds import check_data_quality_definition
from components.jobs import has_local_storage
from components.storage import content_object
from contract import bucket_layout, processing_job
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY

# Without it a run leaves files and no metrics.
ENVIRONMENT: Final[Mapping[str, str]] = {"publish_cloudwatch_metrics": "Enabled"}
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


class DataQualityMonitor(pulumi.ComponentResource):
    """Compares each hour's captured requests and answers with the baseline."""

    schedule_name: pulumi.Output[str]
    job_definition_name: pulumi.Output[str]

    def __init__(self, name: str, args: DataQualityMonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = DataQualitySettings.from_args(args.get("monitor") or {}, "monitor")
        check_data_quality_definition(settings, "monitor")
        network = NetworkSettings.from_args(args.get("network") or {})
        common = common_settings(tags=args.get("tags"), kms_key_arn=args.get("kms_key_arn"))
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
                                s3_uri=_results_uri(args["bucket_name"]),
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
                    volume_kms_key_id=_volume_key(settings.instance_type, common),
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
        schedule = _schedule(
            name,
            DATA_QUALITY,
            monitoring_type="DataQuality",
            name_stem=args.get("name_stem") or args["endpoint_name"],
            job_definition_name=definition.name,
            schedule_expression=settings.schedule.text,
            tags=common.tags,
            options=pulumi.ResourceOptions(parent=self, depends_on=[definition]),
        )
        self.schedule_name = schedule.name
        self.register_outputs({"schedule_name": self.schedule_name, "job_definition_name": self.job_definition_name})


class ModelQualityMonitor(pulumi.ComponentResource):
    """Compares a day's captured answers with the labels that arrived for them."""

    schedule_name: pulumi.Output[str]
    job_definition_name: pulumi.Output[str]

    def __init__(self, name: str, args: ModelQualityMonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = ModelQualitySettings.from_args(args["monitor"], "monitor")
        network = NetworkSettings.from_args(args.get("network") or {})
        common = common_settings(tags=args.get("tags"), kms_key_arn=args.get("kms_key_arn"))
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
                endpoint_input=aws_native.sagemaker.ModelQualityJobDefinitionEndpointInputArgs(
                    endpoint_name=args["endpoint_name"],
                    local_path=processing_job.CAPTURED_PATH,
                    s3_input_mode=aws_native.sagemaker.ModelQualityJobDefinitionEndpointInputS3InputMode.FILE,
                    s3_data_distribution_type=(
                        aws_native.sagemaker.ModelQualityJobDefinitionEndpointInputS3DataDistributionType.FULLY_REPLICATED
                    ),
                    inference_attribute=settings.inference_attribute,
                    probability_attribute=settings.probability_attribute,
                    probability_threshold_attribute=settings.probability_threshold,
                    start_time_offset=settings.start_time_offset,
                    end_time_offset=settings.end_time_offset,
                ),
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
                            s3_uri=_results_uri(args["bucket_name"]),
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
                    volume_kms_key_id=_volume_key(settings.instance_type, common),
                )
            ),
            network_config=_native_network(network),
            stopping_condition=aws_native.sagemaker.ModelQualityJobDefinitionStoppingConditionArgs(
                max_runtime_in_seconds=settings.max_runtime_in_seconds
            ),
            role_arn=args["role_arn"],
            tags=[aws_native.CreateOnlyTagArgs(key=key, value=value) for key, value in sorted(common.tags.items())],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.job_definition_name = definition.job_definition_name.apply(str)
        schedule = _schedule(
            name,
            MODEL_QUALITY,
            monitoring_type="ModelQuality",
            name_stem=args.get("name_stem") or args["endpoint_name"],
            job_definition_name=self.job_definition_name,
            schedule_expression=settings.schedule.text,
            tags=common.tags,
            options=pulumi.ResourceOptions(parent=self, depends_on=[definition]),
        )
        self.schedule_name = schedule.name
        self.register_outputs({"schedule_name": self.schedule_name, "job_definition_name": self.job_definition_name})


def upload_script(
    script: Script | None,
    name: str,
    *,
    bucket_name: pulumi.Input[str],
    common: CommonSettings,
    parent: pulumi.Resource,
) -> pulumi.Output[str] | None:
    """Put a script into the bucket under its owner's name and its content, and return where it is.

    Two monitors with the same script have an object each: removing one monitor must not take the other's script away.
    """
    if script is None:
        return None
    return content_object(
        f"{name}-preprocessor",
        bucket=bucket_name,
        key=f"{bucket_layout.MONITORING_SCRIPTS}/{name}/{naming.content_hash(script.content)}/record_preprocessor.py",
        source=script.asset,
        tags=common.tags,
        parent=parent,
    )


def _volume_key(instance_type: str, common: CommonSettings) -> pulumi.Input[str] | None:
    return None if has_local_storage(instance_type) else common.kms_key_arn


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


def _native_network(
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


def _results_uri(bucket_name: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(bucket_name).apply(
        lambda bucket: naming.s3_uri(bucket, bucket_layout.MONITORING_RESULTS)
    )


def _schedule(
    name: str,
    kind: str,
    *,
    monitoring_type: str,
    name_stem: pulumi.Input[str],
    job_definition_name: pulumi.Input[str],
    schedule_expression: str,
    tags: Mapping[str, pulumi.Input[str]],
    options: pulumi.ResourceOptions,
) -> aws.sagemaker.MonitoringSchedule:
    return aws.sagemaker.MonitoringSchedule(
        f"{name}-{kind}-schedule",
        name=pulumi.Output.from_input(name_stem).apply(lambda stem: naming.schedule_name(stem, kind)),
        monitoring_schedule_config=aws.sagemaker.MonitoringScheduleMonitoringScheduleConfigArgs(
            monitoring_type=monitoring_type,
            monitoring_job_definition_name=job_definition_name,
            schedule_config=aws.sagemaker.MonitoringScheduleMonitoringScheduleConfigScheduleConfigArgs(
                schedule_expression=schedule_expression
            ),
        ),
        tags=tags,
        # Its name may come again, when a deployment that failed is reverted: nothing of that name may be left.
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(delete_before_replace=True)),
    )
