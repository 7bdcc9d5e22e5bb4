"""Arguments of the endpoint: one that is created, or one that exists already."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi

from components.args.bounds import NUMBERS, check_length, number, optional_number
from components.args.reader import S3_FILE, S3_FOLDER, ArgumentError, Reader, argument_names, as_text

_SAGEMAKER_NAME: Final = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
# A run tells ten segments of one sort.
_MOST_OTHERS: Final = 9
# SageMaker's pattern for CsvContentTypes and JsonContentTypes; it has no room for "; charset=utf-8".
_CONTENT_TYPE: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*/[a-zA-Z0-9](-*[a-zA-Z0-9.])*")
# In ECR: its repository stands in the policy of the model's role.
_IMAGE_URI: Final = (
    r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+(:[\w.-]{1,128})?(@sha256:[0-9a-f]{64})?"
)


class AutoscalingArgs(TypedDict):
    """More instances under load, fewer without."""

    max_capacity: int
    """The most instances."""
    min_capacity: NotRequired[int]
    """The fewest instances. Default `instance_count` of the endpoint."""
    invocations_per_instance: NotRequired[int]
    """Requests a minute that one instance should have. Default 1000; measure yours."""
    scale_in_cooldown_in_seconds: NotRequired[int]
    """How long to wait before instances are taken away again. Default 300."""
    scale_out_cooldown_in_seconds: NotRequired[int]
    """How long to wait before more instances are added. Default 60."""


class ExistingEndpointArgs(TypedDict):
    """An endpoint that exists already and captures its traffic; nothing of it is made, changed or deleted."""

    name: pulumi.Input[str]
    """The endpoint's name."""
    capture_uri: pulumi.Input[str]
    """`DestinationS3Uri` of its data capture, in any bucket; below it endpoint, variant and hour."""
    variant_name: NotRequired[str]
    """Its production variant, for the dashboard. Default `AllTraffic`, as SageMaker's own SDK calls it."""
    other_variants: NotRequired[Sequence[str]]
    """Further variants, shadow ones too, whose captures are looked at with those of `variant_name`, all together;
    `data_quality.segments: [variant]` tells them apart. At most 9. Open engine. Default none."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that its captures are encrypted with. Default none; then also none is asked for."""


class EndpointArgs(TypedDict):
    """The endpoint: created with the model behind it, or `existing` and nothing else."""

    existing: NotRequired[ExistingEndpointArgs]
    """An endpoint that exists already. It goes with no other argument of the endpoint."""
    model: NotRequired[pulumi.Asset]
    """`model.tar.gz` with the model's files and `code/inference.py`. Needed unless it lies in S3 already (`model_uri`)
    or `image_uri` has the model in it."""
    model_uri: NotRequired[pulumi.Input[str]]
    """A `model.tar.gz` that lies in S3, such as `s3://models/churn/model.tar.gz`, in place of `model`. The model's role
    may read this one file."""
    model_version: NotRequired[pulumi.Input[str]]
    """What is another when another file lies at `model_uri`: its hash, its version. Default its ETag, looked up in
    every deployment. A new one is a new model, and an update of the endpoint."""
    image_tag: NotRequired[str]
    """Tag of AWS's scikit-learn image. Default `1.9-0-cpu-py3`."""
    image_uri: NotRequired[pulumi.Input[str]]
    """An image of your own in ECR, in place of AWS's scikit-learn image."""
    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Environment of the container, in addition to what the scikit-learn image needs. Default none."""
    instance_type: NotRequired[str]
    """Default `ml.t2.medium`."""
    instance_count: NotRequired[int]
    """Default 1."""
    volume_size_in_gb: NotRequired[int]
    """Storage of each instance. Default SageMaker's."""
    model_data_download_timeout_in_seconds: NotRequired[int]
    """For large models. Default SageMaker's."""
    container_startup_health_check_timeout_in_seconds: NotRequired[int]
    """For containers that start slowly. Default SageMaker's."""
    autoscaling: NotRequired[AutoscalingArgs]
    """Default none: `instance_count` instances, always."""
    variant_name: NotRequired[str]
    """Name of the production variant. Default `Primary`."""
    sampling_percentage: NotRequired[int]
    """Share of requests that is captured, in percent. Default 100."""
    csv_content_types: NotRequired[Sequence[str]]
    """Captured as CSV. Default `["text/csv"]`. A type in neither list is captured as BASE64, which no monitor reads."""
    json_content_types: NotRequired[Sequence[str]]
    """Captured as JSON. Default `["application/json", "application/jsonlines"]`."""
    network_isolation: NotRequired[bool]
    """The model's container has no network. Default true; a `code/requirements.txt` needs false."""


@dataclass(frozen=True, kw_only=True)
class AutoscalingSettings:
    """`AutoscalingArgs`, checked and complete."""

    min_capacity: int
    max_capacity: int
    invocations_per_instance: int
    scale_in_cooldown_in_seconds: int
    scale_out_cooldown_in_seconds: int

    @classmethod
    def from_args(cls, args: AutoscalingArgs, path: str, *, instance_count: int, instance_type: str) -> Self:
        read = Reader(path, args, argument_names(AutoscalingArgs))
        if re.match(r"ml\.t\d", instance_type):  # t2, t3; not trn1
            raise ArgumentError(f"{path} is given for {instance_type}: SageMaker does not scale burstable instances")
        fewest = number(read, "min_capacity", instance_count, "endpoint.autoscaling.min_capacity")
        if not read.has("max_capacity"):
            raise ArgumentError(f"{read.name('max_capacity')} is missing: give the most instances")
        most = read.whole("max_capacity", fewest, fewest, NUMBERS["endpoint.autoscaling.max_capacity"].most)
        if not fewest <= instance_count <= most:
            raise ArgumentError(
                f"{path} goes from {fewest} to {most} and instance_count is {instance_count}: it must lie between them"
            )
        return cls(
            min_capacity=fewest,
            max_capacity=most,
            invocations_per_instance=number(
                read, "invocations_per_instance", 1000, "endpoint.autoscaling.invocations_per_instance"
            ),
            scale_in_cooldown_in_seconds=number(
                read, "scale_in_cooldown_in_seconds", 300, "endpoint.autoscaling.cooldown_in_seconds"
            ),
            scale_out_cooldown_in_seconds=number(
                read, "scale_out_cooldown_in_seconds", 60, "endpoint.autoscaling.cooldown_in_seconds"
            ),
        )


@dataclass(frozen=True, kw_only=True)
class ExistingEndpointSettings:
    """`ExistingEndpointArgs`, checked and complete."""

    name: pulumi.Input[str]
    capture_uri: pulumi.Input[str]
    variant_name: str
    other_variants: tuple[str, ...]
    kms_key_arn: pulumi.Input[str] | None

    @classmethod
    def from_args(cls, args: ExistingEndpointArgs, path: str = "endpoint.existing") -> Self:
        read = Reader(path, args, argument_names(ExistingEndpointArgs))
        check_length(read.name("capture_uri"), read.raw("capture_uri"), "endpoint.existing.capture_uri")
        return cls(
            name=read.late_text("name", _SAGEMAKER_NAME, "the name of an endpoint: letters, digits, single hyphens"),
            capture_uri=read.late_text(
                "capture_uri",
                S3_FOLDER,
                "DestinationS3Uri of the endpoint's data capture, such as s3://bucket/captures",
            ),
            variant_name=_variant_name(read, "AllTraffic"),
            other_variants=_other_variants(read),
            kms_key_arn=read.key_arn(),
        )


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """`EndpointArgs` of an endpoint that is created, checked and complete. `model_data` are the tarball's bytes."""

    model: pulumi.Asset | None
    model_data: bytes
    model_uri: pulumi.Input[str] | None
    model_version: pulumi.Input[str] | None
    image_tag: str
    image_uri: pulumi.Input[str] | None
    environment: Mapping[str, pulumi.Input[str]]
    instance_type: str
    instance_count: int
    volume_size_in_gb: int | None
    model_data_download_timeout_in_seconds: int | None
    container_startup_health_check_timeout_in_seconds: int | None
    autoscaling: AutoscalingSettings | None
    variant_name: str
    sampling_percentage: int
    csv_content_types: tuple[str, ...]
    json_content_types: tuple[str, ...]
    network_isolation: bool

    @classmethod
    def from_args(cls, args: EndpointArgs, path: str = "endpoint") -> Self:
        read = Reader(path, args, argument_names(EndpointArgs))
        model, data = _model(read)
        if read.has("image_uri") and read.has("image_tag"):
            raise ArgumentError(
                f"{read.name('image_tag')} is given with {read.name('image_uri')}: remove one of the two"
            )
        if read.has("image_uri"):
            check_length(read.name("image_uri"), read.raw("image_uri"), "endpoint.image_uri")
        instance_type = read.instance_type("ml.t2.medium")
        instance_count = number(read, "instance_count", 1, "endpoint.instance_count")
        autoscaling = None
        if read.has("autoscaling"):
            autoscaling = AutoscalingSettings.from_args(
                read.raw("autoscaling"),
                read.name("autoscaling"),
                instance_count=instance_count,
                instance_type=instance_type,
            )
        csv_types = _content_types(read, "csv_content_types", ("text/csv",))
        json_types = _content_types(read, "json_content_types", ("application/json", "application/jsonlines"))
        if both := [item for item in csv_types if item in json_types]:
            raise ArgumentError(
                f"{read.name('csv_content_types')} has {both[0]!r}, and {read.name('json_content_types')} too: a "
                "payload is captured as one of the two; name it in one"
            )
        return cls(
            model=model,
            model_data=data,
            model_uri=read.optional_late_text("model_uri", S3_FILE, "a model.tar.gz in S3, s3://bucket/model.tar.gz"),
            model_version=read.optional_late_text("model_version", r".{1,1024}", "a hash or a version"),
            image_tag=read.text(
                "image_tag", "1.9-0-cpu-py3", r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", "a tag of an image"
            ),
            image_uri=read.optional_late_text(
                "image_uri", _IMAGE_URI, "an image in ECR, 123456789012.dkr.ecr.us-east-1.amazonaws.com/name:tag"
            ),
            environment=_environment(read),
            instance_type=instance_type,
            instance_count=instance_count,
            volume_size_in_gb=optional_number(read, "volume_size_in_gb", "endpoint.volume_size_in_gb"),
            model_data_download_timeout_in_seconds=optional_number(
                read, "model_data_download_timeout_in_seconds", "endpoint.model_data_download_timeout_in_seconds"
            ),
            container_startup_health_check_timeout_in_seconds=optional_number(
                read,
                "container_startup_health_check_timeout_in_seconds",
                "endpoint.container_startup_health_check_timeout_in_seconds",
            ),
            autoscaling=autoscaling,
            variant_name=_variant_name(read, "Primary"),
            sampling_percentage=number(read, "sampling_percentage", 100, "endpoint.sampling_percentage"),
            csv_content_types=csv_types,
            json_content_types=json_types,
            network_isolation=read.flag("network_isolation", True),
        )


def endpoint_settings(args: Any, path: str = "endpoint") -> EndpointSettings | ExistingEndpointSettings:
    """What is to be created, or what is there; arguments for both are refused."""
    read = Reader(path, args, argument_names(EndpointArgs))
    if not read.has("existing"):
        return EndpointSettings.from_args(args, path)
    for key in args:
        if key != "existing" and read.has(key):
            raise ArgumentError(
                f"{read.name(key)} is given with {read.name('existing')}: an endpoint that exists is taken as it is; "
                "remove one of the two"
            )
    return ExistingEndpointSettings.from_args(read.raw("existing"), read.name("existing"))


def _model(read: Reader) -> tuple[pulumi.Asset | None, bytes]:
    read.only_with("model_uri", ["model_version"])
    if read.has("model") and read.has("model_uri"):
        raise ArgumentError(f"{read.name('model')} is given with {read.name('model_uri')}: remove one of the two")
    if not read.has("model") and (read.has("image_uri") or read.has("model_uri")):
        return None, b""
    model, data = read.asset("model", "name the model.tar.gz")
    if not data.startswith(b"\x1f\x8b"):
        raise ArgumentError(f"{read.name('model')} is not gzip: SageMaker needs a model.tar.gz")
    return model, data


def _variant_name(read: Reader, default: str) -> str:
    return read.text("variant_name", default, _SAGEMAKER_NAME, "letters, digits and single hyphens")


def _other_variants(read: Reader) -> tuple[str, ...]:
    first = _variant_name(read, "AllTraffic")
    form = f"a list of at most {_MOST_OTHERS} names of variants, none twice and none {first}"
    given = read.names("other_variants", form)
    if len(given) > _MOST_OTHERS or first in given or not all(re.fullmatch(_SAGEMAKER_NAME, name) for name in given):
        raise read.refuse("other_variants", f"must be {form}")
    return given


def _environment(read: Reader) -> Mapping[str, pulumi.Input[str]]:
    value = read.raw("environment") if read.has("environment") else {}
    if not isinstance(value, Mapping):
        raise read.refuse("environment", "must be a dictionary of names and values")
    found = {key: as_text(item) for key, item in value.items()}
    check_length(read.name("environment"), found, "endpoint.environment")
    for key, item in found.items():
        if not isinstance(key, str) or not re.fullmatch(r"[a-zA-Z_]\w*", key):
            raise ArgumentError(f"{read.name('environment')} has the name {key!r}: letters, digits and underscores")
        if not isinstance(item, str | pulumi.Output):
            raise ArgumentError(f"{read.name('environment')}.{key} is {item!r}: must be text")
        check_length(f"{read.name('environment')} has a name that", key, "endpoint.environment.name")
        check_length(f"{read.name('environment')}.{key}", item, "endpoint.environment.value")
    return found


def _content_types(read: Reader, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if not read.has(key):
        return default
    value = read.listed(key, "a list of content types")
    check_length(read.name(key), value, "endpoint.content_types")
    for item in value:
        if not isinstance(item, str) or not _CONTENT_TYPE.fullmatch(item):
            raise ArgumentError(f"{read.name(key)} has {item!r}: write a type such as text/csv, without parameters")
        check_length(f"{read.name(key)} has a type that", item, "endpoint.content_type")
    if len(set(value)) < len(value):
        raise read.refuse(key, "names one of them twice; name each once")
    return value
