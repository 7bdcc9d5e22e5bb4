"""The endpoint that is monitored: made here with its model, or one that exists already and is left alone.

Longer than 400 lines by a little: one component, whose model, configuration and endpoint are replaced together.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import (
    AutoscalingSettings,
    CommonSettings,
    EndpointArgs,
    EndpointSettings,
    ExistingEndpointSettings,
    NetworkArgs,
    NetworkSettings,
    check_component_name,
    common_settings,
    endpoint_settings,
)
from components.endpoint.policies import check_policy, model_policy
from components.functions import monitoring_function
from components.iam import PolicyDocument, Vpc, look_up_context, sagemaker_trust, service_role
from components.jobs import has_local_storage
from components.storage import content_object
from contract import bucket_layout

# Of the function that waits for an endpoint to settle.
# In the container of a model that lies in S3: what is another when another file lies there.
MODEL_VERSION: Final = "MODEL_DATA_VERSION"
CHECK_SECONDS: Final = 300


class MonitoredEndpointArgs(TypedDict):
    """An endpoint that captures its traffic into a bucket."""

    endpoint: EndpointArgs
    """The model and how it is served, or the endpoint that exists already."""
    bucket_name: pulumi.Input[str]
    """Where the model's archive is put and the captures are written; not used for an endpoint that exists already."""
    network: NotRequired[NetworkArgs]
    """The network of the model's container."""
    protect: NotRequired[bool]
    """Pulumi refuses to delete the endpoint until this is off again. Default false."""
    retrained: NotRequired[bool]
    """Which model is served is decided by retraining: what serves is left as it is. Default false."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for captures and for the instances' volumes."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the roles of the model and of the function that checks the endpoint."""
    log_retention_in_days: NotRequired[int]
    """Of that function's log group. Default 30."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class MonitoredEndpoint(pulumi.ComponentResource):
    """A SageMaker endpoint whose requests and answers are captured; an endpoint that exists already has no children."""

    endpoint_name: pulumi.Output[str]
    model_role_arn: pulumi.Output[str] | None
    """None for an endpoint that exists already."""
    configuration_name: pulumi.Output[str] | None
    """What the endpoint is to run; None for an endpoint that exists already."""
    capture_uri: pulumi.Output[str]
    """Where captures begin: `s3://bucket/captured-data`; below it endpoint, variant and hour."""
    name_stem: pulumi.Output[str]
    """What schedules and dashboard are named after: the endpoint, or for one that is not ours a name of our own."""

    def __init__(self, name: str, args: MonitoredEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        self._build(
            name,
            args,
            settings=endpoint_settings(args["endpoint"]),
            network=NetworkSettings.from_args(args.get("network") or {}),
            common=common_settings(args),
            opts=opts,
        )

    @classmethod
    def from_settings(
        cls,
        name: str,
        args: MonitoredEndpointArgs,
        opts: pulumi.ResourceOptions,
        *,
        settings: EndpointSettings | ExistingEndpointSettings,
        network: NetworkSettings,
        common: CommonSettings,
    ) -> Self:
        """Make it from settings that are checked already; of `args` only what is no setting is read."""
        made = cls.__new__(cls)
        made._build(name, args, settings=settings, network=network, common=common, opts=opts)
        return made

    def _build(
        self,
        name: str,
        args: MonitoredEndpointArgs,
        *,
        settings: EndpointSettings | ExistingEndpointSettings,
        network: NetworkSettings,
        common: CommonSettings,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__("model-monitoring:index:MonitoredEndpoint", name, {}, opts)
        self.variant_name = settings.variant_name
        # No annotations of the class: they are for the stack, not for the schema.
        self.model_uri: pulumi.Output[str] | None = None
        self.model_name: pulumi.Output[str] | None = None
        if isinstance(settings, ExistingEndpointSettings):
            self.endpoint_name = pulumi.Output.from_input(settings.name)
            self.capture_uri = pulumi.Output.from_input(settings.capture_uri).apply(lambda uri: uri.rstrip("/"))
            self.name_stem = self.endpoint_name.apply(lambda endpoint: naming.adopted_stem(name, endpoint))
            self.model_role_arn = self.configuration_name = None
            variants = ", ".join([settings.variant_name, *settings.other_variants])
            pulumi.log.info(
                f"{name} watches the captures of {variants} of an endpoint that exists already, and no other's; "
                "captures do not tell models behind one variant apart (targets of a multi-model endpoint, inference "
                "components) unless callers name them in InferenceId, and asynchronous and serverless endpoints are "
                "not watched: docs/captures.md",
                self,
            )
        else:
            self._create(name, settings, network, common, args)
            self.name_stem = self.endpoint_name
        self.register_outputs(
            {
                "endpoint_name": self.endpoint_name,
                "model_role_arn": self.model_role_arn,
                "capture_uri": self.capture_uri,
                "name_stem": self.name_stem,
            }
        )

    def _create(
        self,
        name: str,
        settings: EndpointSettings,
        network: NetworkSettings,
        common: CommonSettings,
        args: MonitoredEndpointArgs,
    ) -> None:
        bucket_name = pulumi.Output.from_input(args["bucket_name"])
        self.capture_uri = bucket_name.apply(lambda bucket: naming.s3_uri(bucket, bucket_layout.CAPTURED_DATA))
        self._retrained = args.get("retrained", False)
        self.model_uri = self._archive(name, settings, bucket_name, common)
        model = self._model(name, settings, network, bucket_name, common)
        self.model_name = model.name
        configuration = aws.sagemaker.EndpointConfiguration(
            f"{name}-config",
            production_variants=[_production_variant(settings, model.name)],
            data_capture_config=data_capture(settings, self.capture_uri, common.kms_key_arn),
            kms_key_arn=None if has_local_storage(settings.instance_type) else common.kms_key_arn,
            tags=common.tags,
            opts=self._left_alone("productionVariants", "dataCaptureConfig", "kmsKeyArn"),
        )
        self.endpoint = aws.sagemaker.Endpoint(
            f"{name}-endpoint",
            endpoint_config_name=configuration.name,
            tags=common.tags,
            # The endpoint alone: model and configuration are replaced by updates, which protection would forbid.
            opts=pulumi.ResourceOptions.merge(
                self._left_alone("endpointConfigName"),
                pulumi.ResourceOptions(protect=True if args.get("protect") else None),
            ),
        )
        self.endpoint_name = self.endpoint.name
        self.configuration_name = configuration.name
        self._check(name, configuration, common)
        if settings.autoscaling is not None:
            self._autoscaling(name, settings.autoscaling, settings.variant_name, common)

    def _left_alone(self, *properties: str) -> pulumi.ResourceOptions:
        """Once made, these properties belong to retraining, where there is one: a deployment takes no model back.

        Model and configuration too: a new one would not reach the endpoint, and deleting the old might end what serves.
        """
        return pulumi.ResourceOptions(parent=self, ignore_changes=list(properties) if self._retrained else None)

    def _check(self, name: str, configuration: aws.sagemaker.EndpointConfiguration, common: CommonSettings) -> None:
        """Fail the deployment if SageMaker took the update back, so that nothing that still serves is deleted.

        The provider calls an endpoint updated that is in service again with its old configuration
        (hashicorp/terraform-provider-aws, issues 46663 and 48997).
        """

        def policy(context: Any, log_group_arn: Any, _: Any) -> pulumi.Output[PolicyDocument]:
            return pulumi.Output.all(context, log_group_arn, self.endpoint.name).apply(
                lambda found: check_policy(found[0], log_group_arn=found[1], endpoint_name=found[2])
            )

        checker = monitoring_function(
            f"{name}-check-endpoint",
            parent=self,
            folder="check_endpoint",
            description=f"Checks that the endpoint of {name} runs what was deployed",
            timeout=CHECK_SECONDS,
            memory_size=128,
            environment={},
            policy=policy,
            common=common,
            asynchronous=False,
        )
        aws.lambda_.Invocation(
            f"{name}-endpoint-checked",
            function_name=checker.function.name,
            # Another configuration is another input, for which the function is asked again.
            input=pulumi.Output.all(self.endpoint.name, configuration.name).apply(
                lambda found: json.dumps({"endpoint": found[0], "configuration": found[1]}, sort_keys=True)
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.endpoint]),
        )

    def _autoscaling(self, name: str, settings: AutoscalingSettings, variant_name: str, common: CommonSettings) -> None:
        options = pulumi.ResourceOptions(parent=self)
        target = aws.appautoscaling.Target(
            f"{name}-scaling-target",
            service_namespace="sagemaker",
            resource_id=self.endpoint_name.apply(lambda endpoint: f"endpoint/{endpoint}/variant/{variant_name}"),
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            min_capacity=settings.min_capacity,
            max_capacity=settings.max_capacity,
            tags=common.tags,
            # A variant's name may come again, when a deployment that failed is reverted: the engine would register it
            # again, and then take away what it has just registered.
            opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(delete_before_replace=True)),
        )
        aws.appautoscaling.Policy(
            f"{name}-scaling-policy",
            service_namespace=target.service_namespace,
            resource_id=target.resource_id,
            scalable_dimension=target.scalable_dimension,
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration=(
                aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                    predefined_metric_specification=(
                        aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                            predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                        )
                    ),
                    target_value=settings.invocations_per_instance,
                    scale_in_cooldown=settings.scale_in_cooldown_in_seconds,
                    scale_out_cooldown=settings.scale_out_cooldown_in_seconds,
                )
            ),
            opts=options,
        )

    def _model(
        self,
        name: str,
        settings: EndpointSettings,
        network: NetworkSettings,
        bucket_name: pulumi.Output[str],
        common: CommonSettings,
    ) -> aws.sagemaker.Model:
        image = self._image(settings)
        role = service_role(
            f"{name}-model-role",
            parent=self,
            description=f"The model behind the endpoint of {name}",
            trust=sagemaker_trust,
            policy=self._policy(name, image, bucket_name, network, common, model_uri=settings.model_uri),
            common=common,
        )
        self.model_role_arn = role.role.arn
        return aws.sagemaker.Model(
            f"{name}-model",
            execution_role_arn=role.arn,
            enable_network_isolation=settings.network_isolation,
            primary_container=aws.sagemaker.ModelPrimaryContainerArgs(
                image=image,
                model_data_url=self.model_uri,
                environment={
                    **({} if settings.image_uri is not None else serving_environment()),
                    **self._model_version(settings),
                    **settings.environment,
                },
            ),
            vpc_config=(
                aws.sagemaker.ModelVpcConfigArgs(
                    subnets=list(network.subnet_ids), security_group_ids=list(network.security_group_ids)
                )
                if network.in_vpc
                else None
            ),
            tags=common.tags,
            opts=self._left_alone("primaryContainer", "vpcConfig", "enableNetworkIsolation", "executionRoleArn"),
        )

    def _archive(
        self, name: str, settings: EndpointSettings, bucket_name: pulumi.Output[str], common: CommonSettings
    ) -> pulumi.Output[str] | None:
        """Upload the model and return its address; it may lie in S3 already, or in an image of one's own."""
        if settings.model is None:
            return None if settings.model_uri is None else pulumi.Output.from_input(settings.model_uri)
        return content_object(
            f"{name}-archive",
            bucket=bucket_name,
            # The content in the key: a new model gets a new URL, and a running instance never finds another one's file.
            key=f"{bucket_layout.MODEL_ARTIFACTS}/{naming.content_hash(settings.model_data)}/model.tar.gz",
            source=settings.model,
            tags=common.tags,
            parent=self,
        )

    def _model_version(self, settings: EndpointSettings) -> dict[str, pulumi.Input[str]]:
        """What makes a new model of another file at the same address: SageMaker reads it once, at the start."""
        if settings.model_uri is None:
            return {}
        if settings.model_version is not None:
            return {MODEL_VERSION: settings.model_version}
        place = pulumi.Output.from_input(settings.model_uri).apply(naming.s3_parts)
        found = aws.s3.get_object_output(
            bucket=place.apply(lambda parts: parts[0]),
            key=place.apply(lambda parts: parts[1]),
            opts=pulumi.InvokeOptions(parent=self),
        )
        return {MODEL_VERSION: found.etag}

    def _image(self, settings: EndpointSettings) -> pulumi.Output[str]:
        if settings.image_uri is not None:
            return pulumi.Output.from_input(settings.image_uri)
        return aws.sagemaker.get_prebuilt_ecr_image_output(
            repository_name="sagemaker-scikit-learn",
            image_tag=settings.image_tag,
            opts=pulumi.InvokeOptions(parent=self),
        ).registry_path

    def _policy(
        self,
        name: str,
        image: pulumi.Output[str],
        bucket_name: pulumi.Output[str],
        network: NetworkSettings,
        common: CommonSettings,
        *,
        model_uri: pulumi.Input[str] | None,
    ) -> pulumi.Output[dict[str, Any]]:
        def document(found: dict[str, Any]) -> dict[str, Any]:
            return model_policy(
                found["context"],
                bucket=found["bucket"],
                endpoint_stem=f"{name}-endpoint",
                image_uri=found["image"],
                model_uri=found["model"],
                retrained=self._retrained,
                vpc=Vpc(subnet_ids=found["subnets"], security_group_ids=found["groups"]),
                kms_key_arn=found["key"],
            )

        return pulumi.Output.all(
            context=look_up_context(self),
            bucket=bucket_name,
            image=image,
            model=model_uri,
            subnets=list(network.subnet_ids),
            groups=list(network.security_group_ids),
            key=common.kms_key_arn,
        ).apply(document)


def _production_variant(
    settings: EndpointSettings, model_name: pulumi.Output[str]
) -> aws.sagemaker.EndpointConfigurationProductionVariantArgs:
    return aws.sagemaker.EndpointConfigurationProductionVariantArgs(
        variant_name=settings.variant_name,
        model_name=model_name,
        initial_instance_count=settings.instance_count,
        instance_type=settings.instance_type,
        initial_variant_weight=1.0,
        volume_size_in_gb=settings.volume_size_in_gb,
        model_data_download_timeout_in_seconds=settings.model_data_download_timeout_in_seconds,
        container_startup_health_check_timeout_in_seconds=settings.container_startup_health_check_timeout_in_seconds,
    )


def serving_environment() -> dict[str, str]:
    """What the scikit-learn container reads.

    It answers JSON unless told otherwise. The monitors need question and answer in one encoding, and requests come as
    CSV, so CSV is what a request without an Accept header is answered in.

    It installs the script with pip each time it starts. A pip that builds in isolation downloads the build's tools
    first, which a container without a network cannot. The image has all that the build needs; and of this one variable
    pip takes 0 for "no isolation", and 1 for the opposite (pypa/pip, issue 5735).
    """
    return {
        "PIP_NO_BUILD_ISOLATION": "0",
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
    }


def data_capture(
    settings: EndpointSettings, capture_uri: pulumi.Input[str], kms_key_arn: pulumi.Input[str] | None
) -> aws.sagemaker.EndpointConfigurationDataCaptureConfigArgs:
    """Questions and answers, with the content types that keep CSV and JSON from being captured as BASE64.

    Without a key none is named: an empty one, as older recipes have it, is no key. The bucket encrypts what it gets.
    """
    return aws.sagemaker.EndpointConfigurationDataCaptureConfigArgs(
        enable_capture=True,
        initial_sampling_percentage=settings.sampling_percentage,
        destination_s3_uri=capture_uri,
        kms_key_id=kms_key_arn,
        capture_options=[
            aws.sagemaker.EndpointConfigurationDataCaptureConfigCaptureOptionArgs(capture_mode=mode)
            for mode in ("Input", "Output")
        ],
        capture_content_type_header=aws.sagemaker.EndpointConfigurationDataCaptureConfigCaptureContentTypeHeaderArgs(
            csv_content_types=list(settings.csv_content_types),
            json_content_types=list(settings.json_content_types),
        ),
    )
