"""Attribution: which features a model's scores come from, and whether their ranking drifts from the baseline's."""

from drift_tools.monitors.attribution.check import AttributionCheck, check
from drift_tools.monitors.attribution.config import AttributionConfig
from drift_tools.monitors.attribution.exact import linear_shap, tree_shap
from drift_tools.monitors.attribution.explain import (
    Attribution,
    attribute,
    ranking_drift,
    read_attribution,
    violation,
)
from drift_tools.monitors.attribution.importance import AGGREGATIONS, NDCG_THRESHOLD, global_importance, ndcg
from drift_tools.monitors.attribution.model_process import ModelProcess
from drift_tools.monitors.attribution.permutation import permutation_shap

__all__ = [
    "AGGREGATIONS",
    "NDCG_THRESHOLD",
    "Attribution",
    "AttributionCheck",
    "AttributionConfig",
    "ModelProcess",
    "attribute",
    "check",
    "global_importance",
    "linear_shap",
    "ndcg",
    "permutation_shap",
    "ranking_drift",
    "read_attribution",
    "tree_shap",
    "violation",
]
