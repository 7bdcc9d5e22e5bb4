"""Two tables, or a profile and a table, feature by feature: measures, significance, verdict."""

from drift_tools.comparison.columns import Categories, Sample, in_one_precision, in_one_spelling
from drift_tools.comparison.cross_checks import CrossCheck, cross_check
from drift_tools.comparison.from_profiles import compare_with_profile, profile_of
from drift_tools.comparison.from_rows import Baseline, compare, prepare_baseline
from drift_tools.comparison.results import Comparison, FeatureComparison, Histogram, Kind
from drift_tools.comparison.sources import all_missing, in_one_type, samples_of
from drift_tools.comparison.verdict import (
    DRIFT,
    MINIMUM_ROWS,
    NO_DRIFT,
    NOT_ENOUGH_DATA,
    PSI_THRESHOLD,
    TOO_RARE,
    is_too_rare,
)

__all__ = [
    "DRIFT",
    "MINIMUM_ROWS",
    "NOT_ENOUGH_DATA",
    "NO_DRIFT",
    "PSI_THRESHOLD",
    "TOO_RARE",
    "Baseline",
    "Categories",
    "Comparison",
    "CrossCheck",
    "FeatureComparison",
    "Histogram",
    "Kind",
    "Sample",
    "all_missing",
    "compare",
    "compare_with_profile",
    "cross_check",
    "in_one_precision",
    "in_one_spelling",
    "in_one_type",
    "is_too_rare",
    "prepare_baseline",
    "profile_of",
    "samples_of",
]
