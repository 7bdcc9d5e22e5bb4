"""The bias monitor as a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import pulumi

from components import naming
from components.args import ArgumentError, BiasData, BiasSettings, OpenEngineSettings, StackSettings
from components.baselines import CSV_WITH_HEADER, BaselineAddresses, BaselineJob, BaselineSource, segment_variable
from components.monitors.clarify import clarify_schedule
from components.monitors.images import CLARIFY
from components.monitors.kind import MetricGraph, MonitorDefaults, Site
from contract.monitor_kinds import BIAS, KINDS, MonitorKind

_DIMENSIONS: Final = ("BiasStage", "Label", "LabelValue", "Facet", "FacetValue")


@dataclass(frozen=True, kw_only=True)
class Bias(MonitorDefaults):
    """A bias monitor that is on."""

    kind: ClassVar[MonitorKind] = KINDS[BIAS]
    repository: ClassVar[str] = CLARIFY
    graphs: ClassVar[Sequence[MetricGraph]] = (
        MetricGraph(
            title="Bias in labels: difference in positive shares",
            statistic="Average",
            term="bias_metric_DPL",
            dimensions=_DIMENSIONS,
        ),
        MetricGraph(
            title="Bias in predictions: difference in positive shares",
            statistic="Average",
            term="bias_metric_DPPL",
            dimensions=_DIMENSIONS,
        ),
    )
    settings: BiasSettings

    @classmethod
    def of(cls, settings: StackSettings) -> Self | None:
        """The monitor as a stack's arguments have it; None where it is off."""
        found = settings.of(BiasSettings)
        return cls(settings=found) if found else None

    @property
    def window(self) -> tuple[str, str]:
        """As chosen: labels come late."""
        return self.settings.start_time_offset, self.settings.end_time_offset

    def baseline(self) -> BaselineSource:
        """The bias of the user's data, measured by a job, or a file."""
        given = self.settings.baseline
        if not isinstance(given, BiasData):
            return given
        known = {
            "inference_attribute": given.inference_attribute,
            # Where a prediction is there, that is what is measured.
            "probability_attribute": None if given.inference_attribute else given.probability_attribute,
            "probability_threshold_attribute": None if given.inference_attribute else self._threshold,
        }
        analysis = {
            "dataset_format": CSV_WITH_HEADER,
            "publish_cloudwatch_metrics": "Disabled",
            "analysis_type": self.kind.analysis_type,
            **{name: value for name, value in known.items() if value is not None},
            **segment_variable(self.settings.segments),
        }
        config = naming.canonical_json(self.analysis_config())
        return BaselineJob(kind=BIAS, data=given.data, content=given.content, analysis=analysis, config=config)

    @property
    def _threshold(self) -> str | None:
        threshold = self.settings.probability_threshold
        return None if threshold is None else f"{threshold:g}"

    def analysis_config(self, model_name: pulumi.Input[str] | None = None) -> Mapping[str, Any]:
        """The label, what of it is favourable, and the facets."""
        del model_name  # nobody is asked
        found = self.settings
        facets = [
            {"name_or_index": name, **({"value_or_threshold": list(values)} if values else {})}
            for name, values in found.facets.items()
        ]
        return {
            "headers": [*found.features, found.label],
            "label": found.label,
            "label_values_or_threshold": list(found.positive_labels),
            "facet": facets,
            **({"group_variable": found.group_variable} if found.group_variable else {}),
        }

    def with_model_monitor(
        self, site: Site, baseline: BaselineAddresses | None, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Make SageMaker Clarify's job definition and schedule; the schedule's name."""
        if baseline is None:
            raise ArgumentError("bias.baseline is missing: Model Monitor's bias monitor needs what it compares with")
        found = self.settings
        attributes = {
            "inference_attribute": found.inference_attribute,
            "probability_attribute": found.probability_attribute,
            "probability_threshold_attribute": found.probability_threshold,
            "start_time_offset": found.start_time_offset,
            "end_time_offset": found.end_time_offset,
        }
        return clarify_schedule(self.kind, found, site, baseline, attributes=attributes, opts=opts)

    def open_environment(self, engine: OpenEngineSettings) -> Mapping[str, str]:
        """The variables that say where a record has its prediction, and which metrics are published."""
        found = self.settings
        known = {
            "inference_attribute": found.inference_attribute,
            "probability_attribute": found.probability_attribute,
            "probability_threshold_attribute": self._threshold,
            "feature_metrics": engine.feature_metrics,
        }
        given = {name: value for name, value in known.items() if value is not None}
        return given | segment_variable(found.segments)
