"""Data quality: constraints that a baseline suggests, and what in a window violates them."""

from drift_tools.monitors.data_quality.constraints import (
    NUMERICAL_TYPES,
    Constraints,
    Evaluation,
    Violation,
    evaluate,
    profile_for,
    suggest,
    violations_document,
)
from drift_tools.monitors.data_quality.findings import calibrated_violations

__all__ = [
    "NUMERICAL_TYPES",
    "Constraints",
    "Evaluation",
    "Violation",
    "calibrated_violations",
    "evaluate",
    "profile_for",
    "suggest",
    "violations_document",
]
