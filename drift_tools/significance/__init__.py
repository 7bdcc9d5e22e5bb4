"""Tests of whether a difference is more than chance, and how often all of them together may be wrong."""

from drift_tools.significance.block_bootstrap import block_p_value
from drift_tools.significance.classifier_test import MultivariateTest, classify_cells, two_sample_test
from drift_tools.significance.false_alarm_budget import HOURS_PER_YEAR, LARGEST_ALPHA, alpha_per_run
from drift_tools.significance.ranks import mid_ranks
from drift_tools.significance.samples import (
    beyond_p_value,
    combined,
    homogeneity_p_value,
    numbers_p_value,
    share_p_value,
)

__all__ = [
    "HOURS_PER_YEAR",
    "LARGEST_ALPHA",
    "MultivariateTest",
    "alpha_per_run",
    "beyond_p_value",
    "block_p_value",
    "classify_cells",
    "combined",
    "homogeneity_p_value",
    "mid_ranks",
    "numbers_p_value",
    "share_p_value",
    "two_sample_test",
]
