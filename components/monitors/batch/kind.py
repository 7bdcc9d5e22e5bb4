"""The monitor of batches as a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

import pulumi

from components.args import BatchSettings, OpenEngineSettings, StackSettings
from components.baselines import BaselineAddresses, BaselineSource
from components.monitors.batch.model_monitor import batch_schedule
from components.monitors.data_quality.files import data_quality_files
from components.monitors.images import ANALYZER
from components.monitors.kind import MetricGraph, MonitorDefaults, Site
from contract.monitor_kinds import BATCH, KINDS, MonitorKind

_FEATURES_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class Batch(MonitorDefaults):
    """A monitor of batches that is on."""

    kind: ClassVar[MonitorKind] = KINDS[BATCH]
    repository: ClassVar[str] = ANALYZER
    graphs: ClassVar[Sequence[MetricGraph]] = (
        MetricGraph(title="Drift per feature of batches (PSI)", statistic="Average", term="psi", most=_FEATURES_SHOWN),
        MetricGraph(
            title="Drift per feature of batches (distance)",
            statistic="Average",
            term="feature_baseline_drift",
            most=_FEATURES_SHOWN,
        ),
    )
    settings: BatchSettings

    @classmethod
    def of(cls, settings: StackSettings) -> Self | None:
        """The monitor as a stack's arguments have it; None where it is off."""
        found = settings.of(BatchSettings)
        return cls(settings=found) if found else None

    def baseline(self) -> BaselineSource | None:
        """Files of its own; without any it is held against data quality's."""
        return self.settings.baseline

    def with_model_monitor(
        self, site: Site, baseline: BaselineAddresses | None, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Make Model Monitor's job definition and schedule; the schedule's name."""
        return batch_schedule(self.settings, site, site.images[self.repository], baseline, opts)

    def quoted_statistics(self, baseline: BaselineAddresses) -> pulumi.Input[str] | None:
        """The baseline's, feature by feature."""
        return baseline.statistics_uri

    def open_environment(self, engine: OpenEngineSettings) -> Mapping[str, str]:
        """Which features have metrics, and which columns are left out."""
        excluded = self.settings.exclude_features
        return {
            "feature_metrics": engine.feature_metrics,
            **({"exclude_features_attribute": ",".join(excluded)} if excluded else {}),
        }

    def open_files(self, baseline: BaselineAddresses | None) -> Mapping[str, pulumi.Input[str] | None]:
        """All that there is of data quality's baseline."""
        return data_quality_files(baseline)
