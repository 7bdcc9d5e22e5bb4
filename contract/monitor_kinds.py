"""The kinds of monitors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contract import bucket_layout, metrics

DATA_QUALITY: Final = "data-quality"
MODEL_QUALITY: Final = "model-quality"
BIAS: Final = "bias"
ATTRIBUTION: Final = "attribution"
BATCH: Final = "batch"
CUSTOM: Final = "custom"


@dataclass(frozen=True, kw_only=True)
class MonitorKind:
    """One kind of monitor."""

    name: str
    """As it stands in names of schedules, in prefixes and in keys."""
    short: str
    """As it stands in names of jobs, which are short."""
    analysis_type: str
    """As its jobs' environment has it."""
    monitoring_type: str
    """As SageMaker has it; empty of a kind that it has not, or only as another one's."""
    needs_labels: bool
    """Its windows wait for the labels of what was captured."""
    metric_namespace: str
    """Where the open engine publishes what it measures."""
    model_monitor_namespace: str
    """Where Model Monitor does."""
    constraints_file: str = bucket_layout.CONSTRAINTS
    """What of its baseline a run is held against."""
    holds_code: bool = False
    """Its jobs' configuration holds scripts: it lies where no role of the stack's may write."""
    on_event: bool = False
    """Its runs are started by what happens, and by no clock."""
    baseline_of: str | None = None
    """The kind whose baseline it is held against, where it has none of its own."""

    @property
    def batch_namespace(self) -> str:
        """Where Model Monitor publishes what it measures of transform jobs."""
        return self.model_monitor_namespace.replace("/Endpoints/", "/ModelMonitoring/")

    @property
    def argument(self) -> str:
        """As it stands among the arguments of a stack, and in names of its outputs."""
        return self.name.replace("-", "_")


KINDS: Final[Mapping[str, MonitorKind]] = {
    kind.name: kind
    for kind in (
        MonitorKind(
            name=DATA_QUALITY,
            short="dq",
            analysis_type="DATA_QUALITY",
            monitoring_type="DataQuality",
            needs_labels=False,
            metric_namespace=metrics.OPEN_DATA_METRICS,
            model_monitor_namespace=metrics.MODEL_MONITOR_DATA_METRICS,
        ),
        MonitorKind(
            name=MODEL_QUALITY,
            short="mq",
            analysis_type="MODEL_QUALITY",
            monitoring_type="ModelQuality",
            needs_labels=True,
            metric_namespace=metrics.OPEN_MODEL_METRICS,
            model_monitor_namespace=metrics.MODEL_MONITOR_MODEL_METRICS,
        ),
        MonitorKind(
            name=BIAS,
            short="bi",
            analysis_type="BIAS",
            monitoring_type="ModelBias",
            needs_labels=True,
            metric_namespace="ModelMonitoring/Endpoints/bias-metrics",
            model_monitor_namespace="aws/sagemaker/Endpoints/bias-metrics",
            constraints_file=bucket_layout.ANALYSIS,
        ),
        MonitorKind(
            name=ATTRIBUTION,
            short="at",
            analysis_type="ATTRIBUTION",
            monitoring_type="ModelExplainability",
            needs_labels=False,
            metric_namespace="ModelMonitoring/Endpoints/explainability-metrics",
            model_monitor_namespace="aws/sagemaker/Endpoints/explainability-metrics",
            constraints_file=bucket_layout.ANALYSIS,
        ),
        MonitorKind(
            name=BATCH,
            short="bt",
            analysis_type="BATCH",
            monitoring_type="",
            needs_labels=False,
            metric_namespace="ModelMonitoring/Batch/data-metrics",
            model_monitor_namespace="aws/sagemaker/ModelMonitoring/data-metrics",
            on_event=True,
            baseline_of=DATA_QUALITY,
        ),
        MonitorKind(
            name=CUSTOM,
            short="cu",
            analysis_type="CUSTOM",
            monitoring_type="",
            needs_labels=False,
            metric_namespace="ModelMonitoring/Endpoints/custom-metrics",
            model_monitor_namespace="",
            holds_code=True,
        ),
    )
}
