"""The custom monitors as a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import pulumi

from components.args import CustomSettings, OpenEngineSettings, StackSettings
from components.baselines import segment_variable
from components.monitors.answers import named_columns
from components.monitors.images import ANALYZER
from components.monitors.kind import MetricGraph, MonitorDefaults
from contract.monitor_kinds import CUSTOM, KINDS, MonitorKind


@dataclass(frozen=True, kw_only=True)
class Custom(MonitorDefaults):
    """Custom monitors that are on. `columns`: of the data-quality baseline, whose inputs name a record's columns."""

    kind: ClassVar[MonitorKind] = KINDS[CUSTOM]
    repository: ClassVar[str] = ANALYZER
    graphs: ClassVar[Sequence[MetricGraph]] = (MetricGraph(title="Custom monitors", statistic="Average"),)
    settings: CustomSettings
    columns: Sequence[str] = ()

    @classmethod
    def of(cls, settings: StackSettings) -> Self | None:
        """The monitors as a stack's arguments have them; None where they are off."""
        found, baseline = settings.of(CustomSettings), settings.baseline
        columns = named_columns(baseline)
        return cls(settings=found, columns=columns) if found else None

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

    def open_environment(self, engine: OpenEngineSettings) -> Mapping[str, str]:
        """The variable that says by which columns it measures once more; what else it looks at is in its file."""
        del engine
        return segment_variable(self.settings.segments)
