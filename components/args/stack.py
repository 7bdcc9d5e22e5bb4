"""Arguments of the whole stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NotRequired, Self, TypedDict, TypeVar

import pulumi

from components.args.alerting import AlertingArgs, AlertingSettings
from components.args.baseline import (
    AnyBaseline,
    BaselineArgs,
    BaselineJobSettings,
    BaselineSettings,
    CapturesSettings,
    baseline_settings,
    existing_files,
    files_for_thresholds,
)
from components.args.common import COMMON_ARGUMENTS, CommonSettings, check_component_name, common_settings
from components.args.endpoint import EndpointArgs, EndpointSettings, ExistingEndpointSettings, endpoint_settings
from components.args.engines import BOTH, ENGINES, MODEL_MONITOR, OPEN
from components.args.kinds import monitor_settings
from components.args.kinds.attribution import AttributionArgs
from components.args.kinds.batch import BatchArgs, BatchSettings
from components.args.kinds.bias import BiasArgs
from components.args.kinds.custom import CustomArgs, CustomSettings
from components.args.kinds.model_quality import ModelQualityArgs, ModelQualitySettings
from components.args.monitors import (
    DataQualityArgs,
    DataQualitySettings,
    MonitorSettings,
)
from components.args.network import NetworkArgs, NetworkSettings
from components.args.open_engine import OpenEngineArgs, OpenEngineSettings
from components.args.reader import ArgumentError, Reader, argument_names
from components.args.real_time import RealTimeArgs, RealTimeSettings
from components.args.retraining import RetrainingArgs, RetrainingSettings
from components.args.storage import StorageArgs, StorageSettings
from contract.monitor_kinds import ATTRIBUTION, KINDS, MODEL_QUALITY
from contract.notification_kinds import DISAGREEMENT, RETRAINING, STREAM
from contract.segment_origins import VARIANT

_Settings = TypeVar("_Settings", bound=MonitorSettings)


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
    real_time: NotRequired[RealTimeArgs]
    """A stream of the endpoint's requests, watched within seconds, beside the monitors. Without it there is none."""
    bias: NotRequired[BiasArgs]
    """The daily monitor of bias. Without it there is none."""
    attribution: NotRequired[AttributionArgs]
    """The daily monitor of what the model's scores come from. Without it there is none."""
    batch: NotRequired[BatchArgs]
    """The monitor of what transform jobs write. Without it there is none."""
    custom: NotRequired[CustomArgs]
    """Monitors of one's own. Without it there are none."""
    alerting: NotRequired[AlertingArgs]
    """Alarms and notifications."""
    retraining: NotRequired[RetrainingArgs]
    """Retraining with an approval gate. Default none."""
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
    monitors: Mapping[str, MonitorSettings]
    """Those that are on, by kind."""
    real_time: RealTimeSettings | None
    """None where it is off."""
    alerting: AlertingSettings
    retraining: RetrainingSettings | None
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
        monitors = monitor_settings(read, engine)
        found = cls(
            engine=engine,
            open_engine=_open_engine(read, engine),
            endpoint=endpoint_settings(read.raw("endpoint")) if read.has("endpoint") else None,
            baseline=_baseline(read, monitors, engine),
            monitors=monitors,
            real_time=_real_time(read, monitors),
            alerting=AlertingSettings.from_args(read.group("alerting")),
            retraining=_retraining(read),
            storage=StorageSettings.from_args(read.group("storage")),
            network=NetworkSettings.from_args(read.group("network")),
            retain_data=read.flag("retain_data", True),
            protect=read.flag("protect", False),
            common=common_settings({name: read.raw(name) for name in COMMON_ARGUMENTS}),
        )
        found.alerting.check_runs(found.hours_between_runs)
        _check_for_use(found)
        _check_batches(found)
        _check_variants(found)
        if found.open_engine:
            _check_for_open_engine(found)
        if found.retraining:
            _check_for_retraining(found, found.retraining)
        return found

    def of(self, kind: type[_Settings]) -> _Settings | None:
        """The settings of one kind, by their class; None where it is off."""
        return next((found for found in self.monitors.values() if isinstance(found, kind)), None)

    @property
    def stream_false_alarms_per_year(self) -> float:
        """What the stream may spend: its own number, or the share of one monitor more in the stack's budget."""
        if self.real_time and self.real_time.false_alarms_per_year is not None:
            return self.real_time.false_alarms_per_year
        if self.open_engine is None:
            return 1.0
        return self.open_engine.false_alarms_per_year / (len(self.monitors) + 1)

    @property
    def stream_shares_budget(self) -> bool:
        """Whether the stream takes its part out of the budget that the monitors share."""
        return self.real_time is not None and self.real_time.false_alarms_per_year is None

    @property
    def baseline_job(self) -> BaselineJobSettings:
        """What baseline jobs run on, of whatever kind of monitor."""
        if isinstance(self.baseline, BaselineSettings | CapturesSettings):
            return self.baseline.job
        return BaselineJobSettings()

    @property
    def hours_between_runs(self) -> dict[str, int]:
        """How many hours there are between the runs of each monitor that is on, by its kind."""
        return {kind: settings.schedule.period_hours for kind, settings in self.monitors.items()}

    @property
    def hours_behind(self) -> dict[str, int]:
        """How far the windows of a monitor end before its runs, by kind."""
        return {kind: settings.hours_behind for kind, settings in self.monitors.items()}

    @property
    def window_hours(self) -> dict[str, int]:
        """How long the windows of a monitor are, by kind."""
        return {kind: settings.window_hours for kind, settings in self.monitors.items()}

    @property
    def files_outside(self) -> list[pulumi.Input[str]]:
        """Files that exist already, in whatever bucket, of baselines or of a model that is asked: the jobs must be
        allowed to read them.
        """
        own = [uri for settings in self.monitors.values() for uri in settings.files_outside]
        model = self.endpoint.model_uri if isinstance(self.endpoint, EndpointSettings) else None
        asked = [model] if model is not None and any(found.ASKS_MODEL for found in self.monitors.values()) else []
        return [*existing_files(self.baseline), *own, *asked]

    @property
    def batch_uris(self) -> list[pulumi.Input[str]]:
        """Where batches and their inputs lie: the runs must be allowed to read them."""
        batch = self.of(BatchSettings)
        return batch.places if batch else []

    @property
    def has_scripts(self) -> bool:
        """Whether a monitor runs a script of the user's."""
        own = any(settings.record_preprocessor for settings in self.monitors.values())
        return own or self.of(CustomSettings) is not None


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


def _retraining(read: Reader) -> RetrainingSettings | None:
    if not read.has("retraining"):
        return None
    return RetrainingSettings.from_args(read.raw("retraining"), protect=read.flag("protect", False))


def _check_for_retraining(found: "StackSettings", retraining: RetrainingSettings) -> None:
    """What a retraining stands on: the open engine, an endpoint of the stack's own, labels, a baseline from data."""
    if found.engine != OPEN:
        raise ArgumentError(
            f"retraining is given and engine is {found.engine}: Model Monitor's job definitions cannot follow a new "
            "model without a deployment; set engine to open, or remove it"
        )
    if not isinstance(found.endpoint, EndpointSettings) or found.endpoint.image_uri is not None:
        raise ArgumentError(
            "retraining is given, and the endpoint is not one with a model of yours in AWS's scikit-learn image: give "
            "endpoint.model, or remove it"
        )
    if MODEL_QUALITY not in found.monitors or not isinstance(found.baseline, BaselineSettings):
        raise ArgumentError(
            "retraining is given without model_quality, or without baseline.data: it needs labels, and the columns' "
            "names and ranges; give both, or remove it"
        )
    quality = found.of(ModelQualitySettings)
    severities = [item.severity for item in found.alerting.violations]
    if quality is not None:
        retraining.check(severities, quality.problem_type, found.baseline.columns, "retraining")
    if ATTRIBUTION in found.monitors:
        raise ArgumentError(
            "retraining and attribution are both given: that monitor's baseline is of one model's scores, and would "
            "not follow another; remove one of the two"
        )
    for number, rule in enumerate(retraining.alarms):
        if rule.kind not in found.monitors:
            raise ArgumentError(
                f"retraining.triggers.alarms[{number}].kind is {rule.kind!r}: that monitor is off; there are "
                f"{', '.join(found.monitors)}"
            )


def _check_for_use(found: "StackSettings") -> None:
    """What is asked for is there: kinds of messages, captures of a window, the baseline's columns."""
    absent = {
        DISAGREEMENT: "" if found.engine == BOTH else f"engine is {found.engine}, and no engines are compared",
        STREAM: "" if found.real_time else "there is no real_time",
        RETRAINING: "" if found.retraining else "there is no retraining",
    }
    watched = found.endpoint.name if isinstance(found.endpoint, ExistingEndpointSettings) else None
    found.alerting.check_filters(absent, watched, "alerting")
    if isinstance(found.endpoint, EndpointSettings):
        monitors = found.monitors.items()
        found.storage.check_windows({KINDS[kind].argument: it.hours_behind + it.window_hours for kind, it in monitors})
    quality = found.of(DataQualitySettings)
    if quality is not None and isinstance(found.baseline, BaselineSettings):
        quality.check_columns(found.baseline.columns)


def _check_variants(found: "StackSettings") -> None:
    """Variants that are looked at beside the first, and what tells them apart."""
    endpoint, quality = found.endpoint, found.of(DataQualitySettings)
    others = endpoint.other_variants if isinstance(endpoint, ExistingEndpointSettings) else ()
    if others and found.engine != OPEN:
        raise ArgumentError(
            f"endpoint.existing.other_variants is given and engine is {found.engine}: Model Monitor looks at all "
            "variants together and tells none apart; set engine to open, or remove it"
        )
    if quality is not None and VARIANT in quality.origins and not others:
        raise ArgumentError(
            "data_quality.segments names variant, and one variant is watched: name the others in "
            "endpoint.existing.other_variants, or remove it"
        )


def _check_batches(found: "StackSettings") -> None:
    """Batches have a baseline, and the monitors that are to look at them are on."""
    batch = found.of(BatchSettings)
    if batch is None:
        return
    if batch.baseline is None and found.of(DataQualitySettings) is None and not batch.monitors:
        raise ArgumentError(
            "batch is given without batch.baseline, and data_quality.enabled is False: batches are held against its "
            "baseline; give batch.baseline, or remove one"
        )
    for kind in batch.monitors:
        if kind not in found.monitors:
            argument = KINDS[kind].argument
            raise ArgumentError(f"batch.monitors has {argument}, and there is no {argument}: give it, or leave it out")


def _check_for_open_engine(found: "StackSettings") -> None:
    """What Model Monitor could do and the open engine cannot."""
    if found.network.isolation:
        raise ArgumentError(
            "network.isolation is True: the open engine's jobs publish their metrics themselves and need a way to "
            "CloudWatch; remove it, or give subnets of a VPC without a way out and with an endpoint for CloudWatch"
        )
    _check_estimate(found)
    for kind, monitor in found.monitors.items():
        monitor.schedule.check_windows_join(f"{KINDS[kind].argument}.schedule_expression")


def _real_time(read: Reader, monitors: Mapping[str, MonitorSettings]) -> RealTimeSettings | None:
    if not read.has("real_time"):
        return None
    if not any(isinstance(found, DataQualitySettings) for found in monitors.values()):
        raise ArgumentError(
            "real_time is given and data_quality.enabled is False: the stream is held against that monitor's baseline; "
            "remove one of the two"
        )
    return RealTimeSettings.from_args(read.raw("real_time"))


def _check_estimate(found: "StackSettings") -> None:
    """The data-quality runs estimate: they see each answer first."""
    quality = found.of(ModelQualitySettings)
    if quality is None or not quality.estimate:
        return
    if found.of(DataQualitySettings) is None:
        raise ArgumentError(
            "model_quality.estimate is True and data_quality.enabled False: the data-quality runs estimate; remove one"
        )


def _baseline(read: Reader, monitors: Mapping[str, MonitorSettings], engine: str) -> AnyBaseline | None:
    """What the data-quality monitor compares with: an argument of the stack, from when there was no other monitor."""
    data_quality = next((found for found in monitors.values() if isinstance(found, DataQualitySettings)), None)
    if data_quality is None:
        if read.has("baseline"):
            raise ArgumentError("baseline is given and data_quality.enabled is False: remove one of the two")
        return None
    if not read.has("baseline"):
        raise ArgumentError(
            "baseline is missing: give data, or captures, or existing with both URIs, or statistics and constraints; "
            "or switch the monitor off with data_quality.enabled false"
        )
    baseline = baseline_settings(read.raw("baseline"))
    if isinstance(baseline, CapturesSettings):
        if engine != OPEN:
            raise ArgumentError(
                f"baseline.captures is given and engine is {engine}: AWS's analyzer makes no baseline of captures; set "
                "engine to open, or give baseline.data"
            )
        if data_quality.segments or data_quality.origins:
            raise ArgumentError(
                "data_quality.segments is given with baseline.captures: segments are compared by the baseline's rows, "
                "which are not kept of captures; give baseline.data, or remove it"
            )
        baseline.check_windows(data_quality.window_hours)
    if data_quality.thresholds:
        files_for_thresholds(baseline, "data_quality.thresholds")
    return baseline
