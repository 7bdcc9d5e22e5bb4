"""Bias: whether labels and predictions favour a group, by SageMaker Clarify's metrics, and whether that drifts."""

from drift_tools.monitors.bias.analysis import BiasAnalysis, read_references
from drift_tools.monitors.bias.check import BiasCheck, References, Verdict, check, group_key
from drift_tools.monitors.bias.config import BiasConfig
from drift_tools.monitors.bias.facets import Selection, select, selections, strata
from drift_tools.monitors.bias.from_table import BiasSettings, Facet, measure_table
from drift_tools.monitors.bias.measure import (
    FEWEST_ROWS,
    MOST_ROWS_OF_FLIP_TEST,
    BiasData,
    GroupBias,
    MetricValue,
    measure,
)
from drift_tools.monitors.bias.metrics import BY_NAME, METRICS, Metric, Stage

__all__ = [
    "BY_NAME",
    "FEWEST_ROWS",
    "METRICS",
    "MOST_ROWS_OF_FLIP_TEST",
    "BiasAnalysis",
    "BiasCheck",
    "BiasConfig",
    "BiasData",
    "BiasSettings",
    "Facet",
    "GroupBias",
    "Metric",
    "MetricValue",
    "References",
    "Selection",
    "Stage",
    "Verdict",
    "check",
    "group_key",
    "measure",
    "measure_table",
    "read_references",
    "select",
    "selections",
    "strata",
]
