"""The model-quality monitor as a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import pulumi

from components.args import ModelQualitySettings, OpenEngineSettings, StackSettings
from components.baselines import BaselineAddresses, BaselineSource, model_quality_source, segment_variable
from components.monitors.answers import answer_environment, named_columns
from components.monitors.images import ANALYZER
from components.monitors.kind import MetricGraph, MonitorDefaults, Site
from components.monitors.model_quality.model_monitor import ModelQualityMonitor, ModelQualityMonitorArgs
from contract.monitor_kinds import KINDS, MODEL_QUALITY, MonitorKind


@dataclass(frozen=True, kw_only=True)
class ModelQuality(MonitorDefaults):
    """A model-quality monitor that is on. `columns`: of the data-quality baseline, which name those of a record."""

    kind: ClassVar[MonitorKind] = KINDS[MODEL_QUALITY]
    repository: ClassVar[str] = ANALYZER
    learns_windows: ClassVar[bool] = True
    graphs: ClassVar[Sequence[MetricGraph]] = (MetricGraph(title="Model quality", statistic="Average"),)
    settings: ModelQualitySettings
    columns: Sequence[str] = ()

    @classmethod
    def of(cls, settings: StackSettings) -> Self | None:
        """The monitor as a stack's arguments have it; None where it is off."""
        found = settings.of(ModelQualitySettings)
        return cls(settings=found, columns=named_columns(settings.baseline)) if found else None

    @property
    def window(self) -> tuple[str, str]:
        """As chosen: labels come late."""
        return self.settings.start_time_offset, self.settings.end_time_offset

    def baseline(self) -> BaselineSource | None:
        """What is demanded of the model: measured from the user's data, given as a file, or as thresholds."""
        found = self.settings
        return model_quality_source(
            found.baseline, found.thresholds, found.problem_type, found.positive_label, segments=found.segments
        )

    def analysis_config(self, model_name: pulumi.Input[str] | None = None) -> Mapping[str, Any] | None:
        """None: Clarify has no such kind; with segments the names of a record's columns, for the open engine's job."""
        del model_name
        return {"headers": list(self.columns)} if self.settings.segments and self.columns else None

    def with_model_monitor(
        self, site: Site, baseline: BaselineAddresses | None, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Make Model Monitor's job definition and schedule; the schedule's name."""
        args = ModelQualityMonitorArgs(
            monitor={"problem_type": self.settings.problem_type},
            endpoint_name=site.endpoint_name,
            name_stem=site.name_stem,
            bucket_name=site.bucket_name,
            analyzer_image_uri=site.images[self.repository],
            role_arn=site.role_arn,
        )
        if baseline is not None:
            args["constraints_uri"] = baseline.constraints_uri
        made = ModelQualityMonitor.from_settings(
            site.name,
            args,
            opts,
            monitor=self.settings,
            network=site.network,
            common=site.common,
            batch=site.batches_of(self.kind),
        )
        return made.schedule_name

    def open_environment(self, engine: OpenEngineSettings) -> Mapping[str, str]:
        """What it measures, and where a record has it."""
        del engine  # nothing of it concerns this kind
        return {**answer_environment(self.settings), **segment_variable(self.settings.segments)}
