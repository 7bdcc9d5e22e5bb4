"""Thresholds in `constraints.json`: where Model Monitor and this project's own monitor read them.

Nothing is computed here. The documents come from a baseline; what people demand is written into them.
"""

import copy
from collections.abc import Mapping
from typing import Any

from components.args import DataQualityThresholds
from contract import quality_metrics


def with_thresholds(constraints: Mapping[str, Any], thresholds: DataQualityThresholds) -> dict[str, Any]:
    """A data-quality `constraints.json` with these thresholds in place of its own; what is not given stays."""
    document = copy.deepcopy(dict(constraints))
    settings = document.setdefault("monitoring_config", {})
    distribution = settings.setdefault("distribution_constraints", {})
    if thresholds.comparison_threshold is not None:
        distribution["comparison_threshold"] = thresholds.comparison_threshold
        # Numbers and categories alike, also where the baseline tells them apart.
        if "categorical_comparison_threshold" in distribution:
            distribution["categorical_comparison_threshold"] = thresholds.comparison_threshold
    if thresholds.comparison_method is not None:
        distribution["comparison_method"] = thresholds.comparison_method
    for key in ("datatype_check_threshold", "domain_content_threshold"):
        value = getattr(thresholds, key)
        if value is not None:
            settings[key] = value
    for feature in document.get("features", []):
        if feature.get("name") in thresholds.ignored_features:
            feature["monitoring_config_overrides"] = {
                **feature.get("monitoring_config_overrides", {}),
                "evaluate_constraints": "Disabled",
            }
    return document


def quality_constraints(
    problem_type: str, thresholds: Mapping[str, float], constraints: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A model-quality `constraints.json` with these thresholds, added to those of a baseline if there is one."""
    document = copy.deepcopy(dict(constraints or {"version": 0.0}))
    block = document.setdefault(quality_metrics.constraints_block(problem_type), {})
    for metric, threshold in thresholds.items():
        operator = quality_metrics.comparison_operator(metric)
        block[metric] = {"threshold": threshold, "comparison_operator": operator}
    return document
