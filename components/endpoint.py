"""The endpoint that is monitored: archive, model, configuration with data capture, endpoint."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import CommonSettings, EndpointArgs, EndpointSettings, check_component_name, common_settings
from components.identity import look_up_place, model_policy, sagemaker_trust, service_role
from components.storage import object_tags


class MonitoredEndpointArgs(TypedDict):
    """An endpoint that captures its traffic into a bucket."""

    endpoint: EndpointArgs
    """The model and how it is served."""
    bucket_name: pulumi.Input[str]
    """Where the model's archive is put and the captures are written."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the model's role."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class MonitoredEndpoint(pulumi.ComponentResource):
    """A SageMaker endpoint in AWS's scikit-learn container whose requests and answers are captured."""

    endpoint_name: pulumi.Output[str]
    model_role_arn: pulumi.Output[str]
    capture_uri: pulumi.Output[str]
    """Where captures begin: `s3://bucket/captured-data`; below it endpoint, variant and hour."""

    def __init__(self, name: str, args: MonitoredEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = EndpointSettings.from_args(args["endpoint"])
        common = common_settings(tags=args.get("tags"), permissions_boundary_arn=args.get("permissions_boundary_arn"))
        super().__init__("model-monitoring:index:MonitoredEndpoint", name, {}, opts)
        bucket_name = pulumi.Output.from_input(args["bucket_name"])
        self.capture_uri = bucket_name.apply(lambda bucket: naming.s3_uri(bucket, naming.CAPTURED_DATA))

        model = self._model(name, settings, bucket_name, common)
        configuration = aws.sagemaker.EndpointConfiguration(
            f"{name}-config",
            production_variants=[
                aws.sagemaker.EndpointConfigurationProductionVariantArgs(
                    variant_name=settings.variant_name,
                    model_name=model.name,
                    initial_instance_count=settings.instance_count,
                    instance_type=settings.instance_type,
                    initial_variant_weight=1.0,
                )
            ],
            data_capture_config=data_capture(settings, self.capture_uri),
            tags=common.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.endpoint = aws.sagemaker.Endpoint(
            f"{name}-endpoint",
            endpoint_config_name=configuration.name,
            tags=common.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.endpoint_name = self.endpoint.name
        self.register_outputs(
            {
                "endpoint_name": self.endpoint_name,
                "model_role_arn": self.model_role_arn,
                "capture_uri": self.capture_uri,
            }
        )

    def _model(
        self, name: str, settings: EndpointSettings, bucket_name: pulumi.Output[str], common: CommonSettings
    ) -> aws.sagemaker.Model:
        options = pulumi.ResourceOptions(parent=self)
        archive = aws.s3.BucketObjectv2(
            f"{name}-archive",
            bucket=bucket_name,
            # The content in the key: a new model gets a new URL, and a running instance never finds another one's file.
            key=f"{naming.MODEL_ARTIFACTS}/{naming.content_hash(settings.model_data)}/model.tar.gz",
            source=settings.model,
            tags=object_tags(common.tags),
            opts=options,
        )
        place = look_up_place(self)
        image = aws.sagemaker.get_prebuilt_ecr_image_output(
            repository_name="sagemaker-scikit-learn",
            image_tag=settings.image_tag,
            opts=pulumi.InvokeOptions(parent=self),
        ).registry_path
        role = service_role(
            f"{name}-model-role",
            parent=self,
            description=f"The model behind the endpoint of {name}",
            trust=sagemaker_trust,
            policy=pulumi.Output.all(place, bucket_name, image).apply(
                lambda found: model_policy(
                    found[0], bucket=found[1], endpoint_stem=f"{name}-endpoint", image_uri=found[2]
                )
            ),
            common=common,
        )
        self.model_role_arn = role.role.arn
        return aws.sagemaker.Model(
            f"{name}-model",
            execution_role_arn=role.arn,
            enable_network_isolation=settings.network_isolation,
            primary_container=aws.sagemaker.ModelPrimaryContainerArgs(
                image=image,
                model_data_url=pulumi.Output.all(archive.bucket, archive.key).apply(
                    lambda found: naming.s3_uri(found[0], found[1])
                ),
                environment=serving_environment(),
            ),
            tags=common.tags,
            opts=options,
        )


def serving_environment() -> dict[str, str]:
    """What the scikit-learn container reads.

    It answers JSON unless told otherwise. The monitors need question and answer in one encoding, and requests come as
    CSV, so CSV is what a request without an Accept header is answered in.
    """
    return {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
    }


def data_capture(
    settings: EndpointSettings, capture_uri: pulumi.Input[str]
) -> aws.sagemaker.EndpointConfigurationDataCaptureConfigArgs:
    """Questions and answers, with the content types that keep CSV and JSON from being captured as BASE64.

    No KMS key is given: an empty one, as older recipes have it, is not a key. The bucket encrypts what it is given.
    """
    return aws.sagemaker.EndpointConfigurationDataCaptureConfigArgs(
        enable_capture=True,
        initial_sampling_percentage=settings.sampling_percentage,
        destination_s3_uri=capture_uri,
        capture_options=[
            aws.sagemaker.EndpointConfigurationDataCaptureConfigCaptureOptionArgs(capture_mode=mode)
            for mode in ("Input", "Output")
        ],
        capture_content_type_header=aws.sagemaker.EndpointConfigurationDataCaptureConfigCaptureContentTypeHeaderArgs(
            csv_content_types=list(settings.csv_content_types),
            json_content_types=list(settings.json_content_types),
        ),
    )
