"""What AWS and its providers take of a number or a text: one table, checked before the first resource is made.

Who refuses a value otherwise does so minutes into a deployment, and in words of its own. Each line names AWS's own
model of the value, against which `tests/components/args/test_bounds.py` holds it; a line that is narrower says why.
The provider's own bounds are from the schemas of hashicorp/terraform-provider-aws, on which pulumi-aws rests.
"""

from collections.abc import Mapping, Sized
from typing import Final, NamedTuple, Protocol

from components.args.reader import ArgumentError, Reader


class Bound(NamedTuple):
    """The least and the most of a number, or of a text's characters or a list's entries."""

    least: int
    most: int
    shapes: tuple[str, ...] = ()
    """Of botocore's models, as `service.Shape` or `service.Shape.member`."""
    why: str = ""
    """Where AWS's models take more, or say nothing."""


_MINUTE: Final = "no job ends within a minute"

NUMBERS: Final[Mapping[str, Bound]] = {
    "endpoint.instance_count": Bound(1, 100, ("sagemaker.InitialTaskCount",), "more is a typing error"),
    "endpoint.volume_size_in_gb": Bound(1, 512, ("sagemaker.ProductionVariantVolumeSizeInGB",)),
    "endpoint.model_data_download_timeout_in_seconds": Bound(
        60, 3600, ("sagemaker.ProductionVariantModelDataDownloadTimeoutInSeconds",)
    ),
    "endpoint.container_startup_health_check_timeout_in_seconds": Bound(
        60, 3600, ("sagemaker.ProductionVariantContainerStartupHealthCheckTimeoutInSeconds",)
    ),
    "endpoint.sampling_percentage": Bound(1, 100, ("sagemaker.SamplingPercentage",), "of nothing no monitor reads"),
    "endpoint.autoscaling.min_capacity": Bound(
        1, 100, ("application-autoscaling.ResourceCapacity",), "SageMaker scales to no less; more is a typing error"
    ),
    "endpoint.autoscaling.max_capacity": Bound(
        1, 1000, ("application-autoscaling.ResourceCapacity",), "more is a typing error"
    ),
    "endpoint.autoscaling.invocations_per_instance": Bound(
        1, 1_000_000, ("application-autoscaling.MetricScale",), "more is a typing error"
    ),
    "endpoint.autoscaling.cooldown_in_seconds": Bound(
        0, 3600, ("application-autoscaling.Cooldown",), "who waits for longer does not scale"
    ),
    "baseline.volume_size_in_gb": Bound(1, 16384, ("sagemaker.ProcessingVolumeSizeInGB",)),
    "baseline.max_runtime_in_seconds": Bound(60, 86400, ("sagemaker.ProcessingMaxRuntimeInSeconds",), _MINUTE),
    "baseline.attempt": Bound(1, 999, (), "part of a name"),
    "monitor.volume_size_in_gb": Bound(1, 16384, ("sagemaker.ProcessingVolumeSizeInGB",)),
    "monitor.max_runtime_in_seconds": Bound(60, 86400, ("sagemaker.MonitoringMaxRuntimeInSeconds",), _MINUTE),
    "retraining.training.volume_size_in_gb": Bound(1, 1024, ("sagemaker.VolumeSizeInGB",), "more is a typing error"),
    "retraining.training.max_runtime_in_seconds": Bound(
        60, 432_000, ("sagemaker.MaxRuntimeInSeconds",), f"{_MINUTE}; five days are a new account's quota"
    ),
    "open_engine.instance_count": Bound(1, 100, ("sagemaker.ProcessingInstanceCount",)),
    "alerting.threshold": Bound(1, 1_000_000, ("cloudwatch.Threshold",), "there are no half violations"),
    "alerting.evaluation_periods": Bound(
        1, 168, ("cloudwatch.EvaluationPeriods",), "PutMetricAlarm: periods of an hour may be seven days together"
    ),
    "storage.days": Bound(1, 36500, ("s3.Days",), "a hundred years; the provider takes no less than 1"),
    "log_retention_in_days": Bound(1, 3653, ("logs.Days",), "PutRetentionPolicy: one of a list, LOG_RETENTION_DAYS"),
}

LENGTHS: Final[Mapping[str, Bound]] = {
    "endpoint.image_uri": Bound(0, 255, ("sagemaker.ContainerImage",)),
    "endpoint.environment": Bound(0, 100, ("sagemaker.EnvironmentMap",)),
    "endpoint.environment.name": Bound(0, 1024, ("sagemaker.EnvironmentKey",)),
    "endpoint.environment.value": Bound(0, 1024, ("sagemaker.EnvironmentValue",)),
    "endpoint.content_types": Bound(1, 10, ("sagemaker.CsvContentTypes", "sagemaker.JsonContentTypes")),
    "endpoint.content_type": Bound(1, 256, ("sagemaker.CsvContentType", "sagemaker.JsonContentType")),
    "endpoint.existing.capture_uri": Bound(0, 512, ("sagemaker.DestinationS3Uri",)),
    "network.subnet_ids": Bound(1, 16, ("sagemaker.Subnets",)),
    "network.security_group_ids": Bound(1, 5, ("sagemaker.VpcSecurityGroupIds",)),
    "network.subnet_id": Bound(0, 32, ("sagemaker.SubnetId",)),
    "network.security_group_id": Bound(0, 32, ("sagemaker.SecurityGroupId",)),
    # It travels in a job's environment.
    "model_quality.attribute": Bound(1, 256, ("sagemaker.ProcessingEnvironmentValue",), "an empty one names nothing"),
    "tags": Bound(0, 50, ("sagemaker.TagList",)),
    "tag.name": Bound(1, 128, ("sagemaker.TagKey", "iam.tagKeyType")),
    "tag.value": Bound(0, 256, ("sagemaker.TagValue", "iam.tagValueType")),
}


def number(read: Reader, key: str, default: int, name: str) -> int:
    """The whole number under `key`, within the bounds of `name`."""
    bound = NUMBERS[name]
    return read.whole(key, default, bound.least, bound.most)


def optional_number(read: Reader, key: str, name: str) -> int | None:
    """The same of one that may be left out."""
    return number(read, key, NUMBERS[name].least, name) if read.has(key) else None


def check_length(path: str, value: object, name: str) -> None:
    """Refuse a text that is too long, or a list or dictionary with too many entries; what is not known yet passes.

    Raises
    ------
    ArgumentError
        In one line, which does not repeat the value: it may be long, and a secret.
    """
    bound = LENGTHS[name]
    if isinstance(value, Sized) and not bound.least <= len(value) <= bound.most:
        unit = "characters" if isinstance(value, str) else "entries"
        fewest = f"{bound.least} to " if bound.least else "at most "
        raise ArgumentError(f"{path} has {len(value)} {unit}: AWS takes {fewest}{bound.most}")


# internal/service/sagemaker/data_quality_job_definition.go: stopping_condition and job_resources.cluster_config.
DATA_QUALITY_DEFINITION: Final[Mapping[str, tuple[int, int]]] = {
    "max_runtime_in_seconds": (1, 3600),
    "volume_size_in_gb": (1, 512),
}


class _Machine(Protocol):
    @property
    def max_runtime_in_seconds(self) -> int: ...
    @property
    def volume_size_in_gb(self) -> int: ...


def check_data_quality_definition(settings: _Machine, path: str = "data_quality") -> None:
    """Refuse what the provider would not put into Model Monitor's data-quality definition.

    Raises
    ------
    ArgumentError
        With the bounds; the open engine's jobs have no such ones.
    """
    for key, (least, most) in DATA_QUALITY_DEFINITION.items():
        value = getattr(settings, key)
        if not least <= value <= most:
            raise ArgumentError(
                f"{path}.{key} is {value}: with Model Monitor pulumi-aws takes {least} to {most}; lower it, or set "
                "engine to open"
            )
