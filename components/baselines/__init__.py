"""Baselines: given, or computed by a job; and thresholds written into them."""

from components.baselines.baseline import Baseline, BaselineAddresses, BaselineComponentArgs
from components.baselines.job import (
    CSV_WITH_HEADER,
    BaselineJob,
    captured_baseline,
    data_quality_baseline,
    model_quality_baseline,
    segment_variable,
)
from components.baselines.sources import BaselineSource, data_quality_source, model_quality_source

__all__ = [
    "CSV_WITH_HEADER",
    "Baseline",
    "BaselineAddresses",
    "BaselineComponentArgs",
    "BaselineJob",
    "BaselineSource",
    "captured_baseline",
    "data_quality_baseline",
    "data_quality_source",
    "model_quality_baseline",
    "model_quality_source",
    "segment_variable",
]
