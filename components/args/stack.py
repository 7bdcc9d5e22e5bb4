"""Arguments of the whole stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NotRequired, Self, TypedDict

import pulumi

from components.args.alerting import AlertingArgs, AlertingSettings
from components.args.baseline import BaselineArgs, BaselineSettings
from components.args.common import CommonSettings, check_component_name, common_settings
from components.args.endpoint import EndpointArgs, EndpointSettings
from components.args.monitors import DataQualityArgs, DataQualitySettings, ModelQualityArgs, ModelQualitySettings
from components.args.reader import ArgumentError, Reader, argument_names
from components.args.storage import StorageArgs, StorageSettings

ENGINES: Final = ("model-monitor", "open", "both")


class ModelMonitoringStackArgs(TypedDict):
    """A monitored endpoint: everything from its bucket to its dashboard."""

    endpoint: EndpointArgs
    """The endpoint and its model."""
    baseline: BaselineArgs
    """What the data-quality monitor compares with."""
    engine: NotRequired[str]
    """Who runs the monitoring jobs. Default and so far only `model-monitor`."""
    data_quality: NotRequired[DataQualityArgs]
    """The hourly data-quality monitor."""
    model_quality: NotRequired[ModelQualityArgs]
    """The daily model-quality monitor. Without it there is none."""
    alerting: NotRequired[AlertingArgs]
    """Alarms and notifications."""
    storage: NotRequired[StorageArgs]
    """The bucket."""
    retain_data: NotRequired[bool]
    """A destroy keeps the bucket with its data. Default true."""
    log_retention_in_days: NotRequired[int]
    """Of the functions' log groups. Default 30."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds every role. Default none."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags. Default none."""


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """`ModelMonitoringStackArgs`, checked and complete."""

    engine: str
    endpoint: EndpointSettings
    baseline: BaselineSettings
    data_quality: DataQualitySettings
    model_quality: ModelQualitySettings | None
    alerting: AlertingSettings
    storage: StorageSettings
    retain_data: bool
    common: CommonSettings

    @classmethod
    def from_args(cls, name: str, args: ModelMonitoringStackArgs) -> Self:
        """Check everything that a user wrote, the component's name included.

        Raises
        ------
        ArgumentError
            In one line: the argument, its value and the mend.
        """
        check_component_name(name)
        read = Reader("", args, argument_names(ModelMonitoringStackArgs))
        engine = read.choice("engine", "model-monitor", ENGINES)
        if engine != "model-monitor":
            raise read.refuse("engine", "this engine is not there yet; use model-monitor")
        for key in ("endpoint", "baseline"):
            if not read.has(key):
                raise ArgumentError(f"{key} is missing: a stack needs endpoint (with model) and baseline (with data)")
        return cls(
            engine=engine,
            endpoint=EndpointSettings.from_args(read.raw("endpoint")),
            baseline=BaselineSettings.from_args(read.raw("baseline")),
            data_quality=DataQualitySettings.from_args(read.group("data_quality")),
            model_quality=(
                ModelQualitySettings.from_args(read.raw("model_quality")) if read.has("model_quality") else None
            ),
            alerting=AlertingSettings.from_args(read.group("alerting")),
            storage=StorageSettings.from_args(read.group("storage")),
            retain_data=read.flag("retain_data", True),
            common=common_settings(
                tags=read.raw("tags"),
                permissions_boundary_arn=read.raw("permissions_boundary_arn"),
                log_retention_in_days=read.raw("log_retention_in_days"),
            ),
        )
