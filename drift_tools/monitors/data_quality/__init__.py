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

__all__ = [
    "NUMERICAL_TYPES",
    "Constraints",
    "Evaluation",
    "Violation",
    "evaluate",
    "profile_for",
    "suggest",
    "violations_document",
]
