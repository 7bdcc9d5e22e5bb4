"""Arguments of the whole stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi

from components.args.alerting import AlertingArgs, AlertingSettings
from components.args.baseline import (
    AnyBaseline,
    BaselineArgs,
    BaselineJobSettings,
    BaselineSettings,
    ExistingBaseline,
    baseline_settings,
    file_for_quality_thresholds,
    files_for_thresholds,
)
from components.args.bounds import check_data_quality_definition
from components.args.common import CommonSettings, check_component_name, common_settings
from components.args.endpoint import EndpointArgs, EndpointSettings, ExistingEndpointSettings, endpoint_settings
from components.args.monitors import (
    DataQualityArgs,
    DataQualitySettings,
    ModelQualityArgs,
    ModelQualitySettings,
    MonitorSettings,
)
from components.args.network import NetworkArgs, NetworkSettings
from components.args.open_engine import OpenEngineArgs, OpenEngineSettings
from components.args.reader import ArgumentError, Reader, argument_names
from components.args.storage import StorageArgs, StorageSettings
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY

MODEL_MONITOR: Final = "model-monitor"
OPEN: Final = "open"
BOTH: Final = "both"
ENGINES: Final = (MODEL_MONITOR, OPEN, BOTH)


class ModelMonitoringStackArgs(TypedDict):
    """A monitored endpoint: everything from its bucket to its dashboard."""

    baseline: NotRequired[BaselineArgs]
    """What the data-quality monitor compares with. Needed unless that monitor is off."""
    endpoint: NotRequired[EndpointArgs]
    """The endpoint: created with its model, or existing. Default the sample model of this project, to try a stack."""
    engine: NotRequired[str]
    """Who runs the monitoring jobs: `open` (every account), `model-monitor` (accounts that had it before it was closed
    to new customers), or `both`. Default `open`."""
    open_engine: NotRequired[OpenEngineArgs]
    """How the open engine runs, with `open` and `both`."""
    data_quality: NotRequired[DataQualityArgs]
    """The hourly data-quality monitor."""
    model_quality: NotRequired[ModelQualityArgs]
    """The daily model-quality monitor. Without it there is none."""
    alerting: NotRequired[AlertingArgs]
    """Alarms and notifications."""
    storage: NotRequired[StorageArgs]
    """The bucket."""
    network: NotRequired[NetworkArgs]
    """The network of the model's container and of the jobs. Default AWS's own."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for all that can take one. Its policy must admit CloudWatch Logs and alarms. Default AWS's own keys."""
    retain_data: NotRequired[bool]
    """A destroy keeps the bucket with its data. Default true."""
    protect: NotRequired[bool]
    """Pulumi refuses to delete bucket and endpoint, and with them the stack, until this is off again. Default false."""
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
    open_engine: OpenEngineSettings | None
    """None with the engine `model-monitor`."""
    endpoint: EndpointSettings | ExistingEndpointSettings | None
    """None: the sample model."""
    baseline: AnyBaseline | None
    data_quality: DataQualitySettings | None
    """None where it is off; so with model_quality."""
    model_quality: ModelQualitySettings | None
    alerting: AlertingSettings
    storage: StorageSettings
    network: NetworkSettings
    retain_data: bool
    protect: bool
    common: CommonSettings

    @classmethod
    def from_args(cls, name: str, args: ModelMonitoringStackArgs) -> Self:
        """Check everything that a user wrote, the component's name included.

        Raises
        ------
        ArgumentError
            In one line: the argument, its value and the fix.
        """
        check_component_name(name)
        read = Reader("", args, argument_names(ModelMonitoringStackArgs))
        engine = read.choice("engine", OPEN, ENGINES)
        data_quality, model_quality = _monitors(read, engine)
        found = cls(
            engine=engine,
            open_engine=_open_engine(read, engine),
            endpoint=endpoint_settings(read.raw("endpoint")) if read.has("endpoint") else None,
            baseline=_baseline(read, data_quality),
            data_quality=data_quality,
            model_quality=model_quality,
            alerting=AlertingSettings.from_args(read.group("alerting")),
            storage=StorageSettings.from_args(read.group("storage")),
            network=NetworkSettings.from_args(read.group("network")),
            retain_data=read.flag("retain_data", True),
            protect=read.flag("protect", False),
            common=common_settings(
                tags=read.raw("tags"),
                permissions_boundary_arn=read.raw("permissions_boundary_arn"),
                log_retention_in_days=read.raw("log_retention_in_days"),
                kms_key_arn=read.raw("kms_key_arn"),
            ),
        )
        found.alerting.check_runs(found.hours_between_runs)
        if found.open_engine:
            _check_for_open_engine(found)
        if engine != OPEN and data_quality is not None:
            check_data_quality_definition(data_quality)
        return found

    @property
    def baseline_job(self) -> BaselineJobSettings:
        """What baseline jobs run on, of whatever kind of monitor."""
        return self.baseline.job if isinstance(self.baseline, BaselineSettings) else BaselineJobSettings()

    @property
    def monitors(self) -> dict[str, MonitorSettings]:
        """Those that are on, by kind."""
        found: dict[str, MonitorSettings | None] = {DATA_QUALITY: self.data_quality, MODEL_QUALITY: self.model_quality}
        return {kind: settings for kind, settings in found.items() if settings is not None}

    @property
    def hours_between_runs(self) -> dict[str, int]:
        """Of each monitor that is on, by its kind."""
        return {kind: settings.schedule.period_hours for kind, settings in self.monitors.items()}

    @property
    def hours_behind(self) -> dict[str, int]:
        """How far the windows of a monitor end before its runs, by kind."""
        return {kind: settings.hours_behind for kind, settings in self.monitors.items()}

    @property
    def files_outside(self) -> list[pulumi.Input[str]]:
        """Baseline files that exist already, in whatever bucket: the jobs must be allowed to read them."""
        sources: list[Any] = [self.baseline, self.model_quality.baseline if self.model_quality else None]
        return [
            uri
            for source in sources
            if isinstance(source, ExistingBaseline)
            for uri in (source.statistics_uri, source.constraints_uri)
            if uri is not None
        ]

    @property
    def has_scripts(self) -> bool:
        """Whether a monitor runs a script of the user's."""
        return any(settings.record_preprocessor for settings in self.monitors.values())


def _open_engine(read: Reader, engine: str) -> OpenEngineSettings | None:
    if engine != MODEL_MONITOR:
        given = read.group("open_engine")
        settings = OpenEngineSettings.from_args(given)
        for key in ("least_agreement", "disagreeing_runs"):
            if engine != BOTH and given.get(key) is not None:
                raise ArgumentError(
                    f"open_engine.{key} is given and engine is {engine}: no engines are compared; set engine to both, "
                    "or remove it"
                )
        return settings
    if read.has("open_engine"):
        raise ArgumentError(f"open_engine is given and engine is {engine}: set engine to open or both, or remove it")
    return None


def _check_for_open_engine(found: "StackSettings") -> None:
    """What Model Monitor could do and the open engine cannot."""
    if found.network.isolation:
        raise ArgumentError(
            "network.isolation is True: the open engine's jobs publish their metrics themselves and need a way to "
            "CloudWatch; remove it, or give subnets of a VPC without a way out and with an endpoint for CloudWatch"
        )
    for kind, monitor in found.monitors.items():
        monitor.schedule.check_windows_join(f"{kind.replace('-', '_')}.schedule_expression")


def _monitors(read: Reader, engine: str) -> tuple[DataQualitySettings | None, ModelQualitySettings | None]:
    """The monitors that are on, and one at least."""
    data_quality = DataQualitySettings.from_args(read.group("data_quality"))
    model_quality = None
    if read.has("model_quality"):
        model_quality = ModelQualitySettings.from_args(read.raw("model_quality"))
        if model_quality.thresholds:
            file_for_quality_thresholds(model_quality.baseline, "model_quality.thresholds")
        if model_quality.positive_label is not None and engine == MODEL_MONITOR:
            raise ArgumentError(
                f"model_quality.positive_label is given and engine is {engine}: Model Monitor has no such setting; set "
                "engine to open, or remove it"
            )
    if not data_quality.enabled and not (model_quality and model_quality.enabled):
        raise ArgumentError("data_quality.enabled is False and there is no model_quality: one monitor must be on")
    return (
        data_quality if data_quality.enabled else None,
        model_quality if model_quality and model_quality.enabled else None,
    )


def _baseline(read: Reader, data_quality: DataQualitySettings | None) -> AnyBaseline | None:
    if data_quality is None:
        if read.has("baseline"):
            raise ArgumentError("baseline is given and data_quality.enabled is False: remove one of the two")
        return None
    if not read.has("baseline"):
        raise ArgumentError(
            "baseline is missing: give data, or existing with both URIs, or statistics and constraints; "
            "or switch the monitor off with data_quality.enabled false"
        )
    baseline = baseline_settings(read.raw("baseline"))
    if data_quality.thresholds:
        files_for_thresholds(baseline, "data_quality.thresholds")
    return baseline
