"""The data-quality monitor as a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

import pulumi

from components.args import (
    AnyBaseline,
    ArgumentError,
    BaselineSettings,
    CapturesSettings,
    DataQualitySettings,
    ModelQualitySettings,
    OpenEngineSettings,
    StackSettings,
)
from components.baselines import BaselineAddresses, BaselineSource, data_quality_source, segment_variable
from components.monitors.answers import estimate_environment
from components.monitors.data_quality.files import data_quality_files
from components.monitors.data_quality.model_monitor import DataQualityMonitor, DataQualityMonitorArgs
from components.monitors.images import ANALYZER
from components.monitors.kind import MetricGraph, MonitorDefaults, Site
from contract.monitor_kinds import DATA_QUALITY, KINDS, MODEL_QUALITY, MonitorKind

# A graph of hundreds of features shows nothing; of the ones that drift most, everything.
_FEATURES_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class DataQuality(MonitorDefaults):
    """A data-quality monitor that is on; `source` is its baseline as given."""

    kind: ClassVar[MonitorKind] = KINDS[DATA_QUALITY]
    repository: ClassVar[str] = ANALYZER
    learns_windows: ClassVar[bool] = True
    graphs: ClassVar[Sequence[MetricGraph]] = (
        MetricGraph(
            title="Drift per feature (distance)",
            statistic="Average",
            term="feature_baseline_drift",
            most=_FEATURES_SHOWN,
        ),
        MetricGraph(title="Values present per feature", statistic="Sum", term="feature_non_null", most=_FEATURES_SHOWN),
    )
    settings: DataQualitySettings
    source: AnyBaseline | None = None
    estimated: ModelQualitySettings | None = None
    """The model quality that its runs estimate before labels come; None if nobody asked for that."""

    @classmethod
    def of(cls, settings: StackSettings) -> Self | None:
        """The monitor as a stack's arguments have it; None where it is off."""
        found = settings.of(DataQualitySettings)
        quality = settings.of(ModelQualitySettings)
        estimated = quality if quality is not None and quality.estimate else None
        return cls(settings=found, source=settings.baseline, estimated=estimated) if found else None

    @property
    def borrows(self) -> Mapping[str, str]:
        """What it borrows to estimate quality: the predictions with labels that model quality starts from."""
        return {"labelled_data": MODEL_QUALITY} if self.estimated else {}

    def baseline(self) -> BaselineSource | None:
        """The columns of the user's data, described by a job or given as files."""
        hours = self.settings.schedule.period_hours
        found = self.settings
        return data_quality_source(
            self.source,
            found.thresholds,
            window_hours=hours,
            segments=found.segments,
            preprocessor=found.record_preprocessor,
        )

    def quoted_statistics(self, baseline: BaselineAddresses) -> pulumi.Input[str] | None:
        """The baseline's, feature by feature."""
        return baseline.statistics_uri

    def with_model_monitor(
        self, site: Site, baseline: BaselineAddresses | None, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Make Model Monitor's job definition and schedule; the schedule's name."""
        if baseline is None or baseline.statistics_uri is None:
            raise ArgumentError("baseline is missing: a data-quality monitor needs its statistics and constraints")
        made = DataQualityMonitor.from_settings(
            site.name,
            DataQualityMonitorArgs(
                endpoint_name=site.endpoint_name,
                name_stem=site.name_stem,
                bucket_name=site.bucket_name,
                analyzer_image_uri=site.images[self.repository],
                role_arn=site.role_arn,
                statistics_uri=baseline.statistics_uri,
                constraints_uri=baseline.constraints_uri,
            ),
            opts,
            monitor=self.settings,
            network=site.network,
            common=site.common,
        )
        return made.schedule_name

    def open_environment(self, engine: OpenEngineSettings) -> Mapping[str, str]:
        """Which features have metrics, which are left out, and with what windows repeat where it learns from them."""
        given, excluded = self.source, self.settings.exclude_features
        season = engine.season
        if isinstance(given, CapturesSettings) or (isinstance(given, BaselineSettings) and given.time_column):
            season = given.season
        return {
            "feature_metrics": engine.feature_metrics,
            **({"exclude_features_attribute": ",".join(excluded)} if excluded else {}),
            **({"season": season} if engine.learn_windows else {}),
            **(estimate_environment(self.estimated) if self.estimated else {}),
            **segment_variable(self.settings.segments),
            **({"segment_origins": ",".join(self.settings.origins)} if self.settings.origins else {}),
        }

    def open_files(self, baseline: BaselineAddresses | None) -> Mapping[str, pulumi.Input[str] | None]:
        """All that there is."""
        return data_quality_files(baseline)
