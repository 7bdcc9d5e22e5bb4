"""The monitor of batches as a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

import pulumi

from components.args import ArgumentError, BatchSettings, DataQualitySettings, OpenEngineSettings, StackSettings
from components.baselines import BaselineAddresses
from components.monitors.data_quality.files import data_quality_files
from components.monitors.images import ANALYZER
from components.monitors.kind import MetricGraph, MonitorDefaults
from contract.monitor_kinds import BATCH, KINDS, MonitorKind

_FEATURES_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class Batch(MonitorDefaults):
    """A monitor of batches that is on."""

    kind: ClassVar[MonitorKind] = KINDS[BATCH]
    repository: ClassVar[str] = ANALYZER
    graphs: ClassVar[Sequence[MetricGraph]] = (
        MetricGraph(title="Drift per feature of batches (PSI)", statistic="Average", term="psi", most=_FEATURES_SHOWN),
    )
    settings: BatchSettings

    @classmethod
    def of(cls, settings: StackSettings) -> Self | None:
        """The monitor as a stack's arguments have it; None where it is off.

        Raises
        ------
        ArgumentError
            If there is no data-quality monitor, whose baseline batches are held against.
        """
        found = settings.of(BatchSettings)
        if found is not None and settings.of(DataQualitySettings) is None:
            raise ArgumentError(
                "batch is given and data_quality.enabled is False: batches are held against its baseline; remove one"
            )
        return cls(settings=found) if found else None

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
