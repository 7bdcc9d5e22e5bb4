"""Measures of the difference between two samples, one a module: pure functions with frozen results."""

from drift_tools.measures.bins import DECILES, count_in_bins, quantile_edges
from drift_tools.measures.chi_squared import ChiSquared, chi_squared, rare_categories_p_value
from drift_tools.measures.jensen_shannon import jensen_shannon
from drift_tools.measures.kolmogorov_smirnov import KolmogorovSmirnov, ks_of_sorted, ks_p_value
from drift_tools.measures.l_infinity import l_infinity
from drift_tools.measures.measure import Measure, TwoSamples
from drift_tools.measures.psi import FLOOR, population_stability, rows_needed, stability_of
from drift_tools.measures.registry import MEASURES, measured
from drift_tools.measures.sums import are_whole, count_distinct, moments, starts_of_equals
from drift_tools.measures.wasserstein import forget_overlaps, wasserstein_of_sorted

__all__ = [
    "DECILES",
    "FLOOR",
    "MEASURES",
    "ChiSquared",
    "KolmogorovSmirnov",
    "Measure",
    "TwoSamples",
    "are_whole",
    "chi_squared",
    "count_distinct",
    "count_in_bins",
    "forget_overlaps",
    "jensen_shannon",
    "ks_of_sorted",
    "ks_p_value",
    "l_infinity",
    "measured",
    "moments",
    "population_stability",
    "quantile_edges",
    "rare_categories_p_value",
    "rows_needed",
    "stability_of",
    "starts_of_equals",
    "wasserstein_of_sorted",
]
