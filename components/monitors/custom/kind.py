"""The custom monitors as a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import pulumi

from components.args import ArgumentError, CustomSettings, OpenEngineSettings, StackSettings
from components.baselines import BaselineAddresses, BaselineSource, segment_variable
from components.monitors.answers import named_columns
from components.monitors.images import ANALYZER
from components.monitors.kind import MetricGraph, Site
from contract.monitor_kinds import CUSTOM, KINDS, MonitorKind


@dataclass(frozen=True, kw_only=True)
class Custom:
    """Custom monitors that are on. `columns`: of the data-quality baseline, whose inputs name a record's columns."""

    kind: ClassVar[MonitorKind] = KINDS[CUSTOM]
    repository: ClassVar[str] = ANALYZER
    asks_model: ClassVar[bool] = False
    borrows: ClassVar[Mapping[str, str]] = {}
    learns_windows: ClassVar[bool] = False
    graphs: ClassVar[Sequence[MetricGraph]] = (MetricGraph(title="Custom monitors", statistic="Average"),)
    settings: CustomSettings
    columns: Sequence[str] = ()

    @classmethod
    def of(cls, settings: StackSettings) -> Self | None:
        """The monitors as a stack's arguments have them; None where they are off."""
        found, baseline = settings.of(CustomSettings), settings.baseline
        columns = named_columns(baseline)
        return cls(settings=found, columns=columns) if found else None

    @property
    def window(self) -> tuple[str, str]:
        """The hours since the run before."""
        return f"-PT{self.settings.schedule.period_hours}H", "-PT0H"

    def baseline(self) -> BaselineSource | None:
        """None: thresholds are the user's own."""
        return None

    def analysis_config(self, model_name: pulumi.Input[str] | None = None) -> Mapping[str, Any]:
        """The scripts with their thresholds, and what the columns of a record are called."""
        del model_name
        return {
            "columns": list(self.columns),
            "monitors": {
                name: {
                    "script": one.content.decode(),
                    "thresholds": {
                        number: {
                            word: limits[number]
                            for word, limits in (("above", one.above), ("below", one.below))
                            if number in limits
                        }
                        for number in sorted({*one.above, *one.below})
                    },
                }
                for name, one in self.settings.monitors.items()
            },
        }

    def model_uri(self, own: pulumi.Output[str] | None) -> pulumi.Input[str] | None:
        """None: it looks at answers that were given."""
        del own
        return None

    def quoted_statistics(self, baseline: BaselineAddresses) -> pulumi.Input[str] | None:
        """None: there is no baseline."""
        del baseline
        return None

    def with_model_monitor(
        self, site: Site, baseline: BaselineAddresses | None, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Never asked for: the arguments refuse that engine."""
        del site, baseline, opts
        raise ArgumentError("custom is given with Model Monitor: set engine to open")

    def open_environment(self, engine: OpenEngineSettings) -> Mapping[str, str]:
        """By which columns it measures once more; what else it looks at is in its file."""
        del engine
        return segment_variable(self.settings.segments)

    def open_files(self, baseline: BaselineAddresses | None) -> Mapping[str, pulumi.Input[str] | None]:
        """Nothing of a baseline."""
        del baseline
        return {}
