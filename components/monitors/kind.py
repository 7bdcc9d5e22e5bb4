"""What every kind of monitor is to a stack: one object that knows all about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import pulumi

from components.args import (
    ArgumentError,
    BatchSettings,
    CommonSettings,
    MonitorSettings,
    NetworkSettings,
    OpenEngineSettings,
    StackSettings,
)
from components.baselines import BaselineAddresses, BaselineSource
from components.jobs import KindFiles
from contract.monitor_kinds import MonitorKind


@dataclass(frozen=True, kw_only=True)
class MetricGraph:
    """A graph of what a kind measures, in the dashboard: all metrics of its schedule with `term` in their names.

    Of many the `most` with the largest values are shown; None: all. `dimensions` are those that its metrics have beside
    the endpoint's and the schedule's.
    """

    title: str
    statistic: str
    term: str = ""
    most: int | None = None
    dimensions: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the monitors of a stack have in common: whose they are, what they watch, and what they run in."""

    name: str
    endpoint_name: pulumi.Input[str]
    name_stem: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    images: Mapping[str, pulumi.Input[str]]
    """By repository: those of the kinds that are on."""
    role_arn: pulumi.Input[str]
    files: Mapping[str, KindFiles]
    """By kind."""
    model_name: pulumi.Input[str] | None
    """The model behind the endpoint; None for an endpoint that is not the stack's."""
    network: NetworkSettings
    common: CommonSettings
    batch: BatchSettings | None = None
    """The batches that Model Monitor looks at."""

    def batches_of(self, kind: MonitorKind) -> BatchSettings | None:
        """The batches, where this kind looks at them and not at the endpoint."""
        return self.batch if self.batch is not None and kind.name in self.batch.monitors else None


class Monitor(Protocol):
    """A monitor that is on. Each kind is a class; `components.monitors.kinds` has the list of them."""

    kind: ClassVar[MonitorKind]
    graphs: ClassVar[Sequence[MetricGraph]]
    """Its section of the dashboard."""
    repository: ClassVar[str]
    """AWS's image that Model Monitor runs it in: one of `components.monitors.images`."""
    asks_model: ClassVar[bool]
    """Whether its jobs ask the deployed model, and read its archive for that."""
    learns_windows: ClassVar[bool]
    """Whether the open engine learns from earlier windows how much they differ when nothing is wrong."""

    @property
    def borrows(self) -> Mapping[str, str]:
        """Rows of another kind's baseline that its jobs read: that kind, by the field of `jobs.Files`."""

    @property
    def settings(self) -> MonitorSettings:
        """When it runs and on what."""

    @property
    def window(self) -> tuple[str, str]:
        """Start and end of what a run looks at, seen from its scheduled hour, as Model Monitor writes them."""

    @classmethod
    def of(cls, settings: StackSettings) -> Self | None:
        """The monitor as a stack's arguments have it; None where it is off."""

    def baseline(self) -> BaselineSource | None:
        """What it compares with; None if there is nothing."""

    def analysis_config(self, model_name: pulumi.Input[str] | None = None) -> Mapping[str, Any] | None:
        """What SageMaker Clarify's container, and the open engine's job in its place, are to look at, in the format of
        `analysis_config.json`; None for kinds that Clarify does not have. `model_name`: the model behind the endpoint,
        where Model Monitor runs it.
        """

    def model_uri(self, own: pulumi.Output[str] | None) -> pulumi.Input[str] | None:
        """The archive of the model that its jobs ask: `own`, the stack's, or another; None for one that asks none."""

    def quoted_statistics(self, baseline: BaselineAddresses) -> pulumi.Input[str] | None:
        """The `statistics.json` whose values messages show beside those of a run; None for none."""

    def with_model_monitor(
        self, site: Site, baseline: BaselineAddresses | None, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Make Model Monitor's job definition and schedule; the schedule's name."""

    def open_environment(self, engine: OpenEngineSettings) -> Mapping[str, str]:
        """What it alone tells the open engine's job."""

    def open_files(self, baseline: BaselineAddresses | None) -> Mapping[str, pulumi.Input[str] | None]:
        """What of the baseline the open engine's job reads, by the fields of `jobs.Files`."""


class MonitorDefaults:
    """What most kinds answer: they look at the answers of the hours since the run before, and Clarify has none of them.

    A kind derives from this and says what is different with it.
    """

    kind: ClassVar[MonitorKind]
    asks_model: ClassVar[bool] = False
    learns_windows: ClassVar[bool] = False
    settings: MonitorSettings

    @property
    def borrows(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    @property
    def window(self) -> tuple[str, str]:
        """The hours since the run before."""
        return f"-PT{self.settings.schedule.period_hours}H", "-PT0H"

    def baseline(self) -> BaselineSource | None:
        """None of its own."""
        return None

    def analysis_config(self, model_name: pulumi.Input[str] | None = None) -> Mapping[str, Any] | None:
        """None: Clarify has no such kind."""
        del model_name
        return None

    def model_uri(self, own: pulumi.Output[str] | None) -> pulumi.Input[str] | None:
        """None: it looks at answers that were given."""
        del own
        return None

    def quoted_statistics(self, baseline: BaselineAddresses) -> pulumi.Input[str] | None:
        """None: its messages say all in words."""
        del baseline
        return None

    def with_model_monitor(
        self, site: Site, baseline: BaselineAddresses | None, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Never asked for: the arguments refuse that engine."""
        del site, baseline, opts
        raise ArgumentError(f"{self.kind.name} is given with Model Monitor: set engine to open")

    def open_environment(self, engine: OpenEngineSettings) -> Mapping[str, str]:
        """Nothing: what it looks at is in its file."""
        del engine
        return {}

    def open_files(self, baseline: BaselineAddresses | None) -> Mapping[str, pulumi.Input[str] | None]:
        """Its baseline's constraints, or analysis.json."""
        return {"constraints": baseline.constraints_uri} if baseline is not None else {}
