"""What pulumi-aws takes of a value where SageMaker's own API takes more.

The provider checks these itself, in its own words; here they are refused before the first resource is made.
From the schemas of hashicorp/terraform-provider-aws, on which the provider rests; what the definitions of
pulumi-aws-native take are SageMaker's own limits, which the arguments have anyway.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from components.args.reader import ArgumentError

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
