"""Summaries of columns that can be merged: sketches, frequent items, moments; and `statistics.json`."""

from drift_tools.profiles.frequent_items import Categories
from drift_tools.profiles.kll import distance
from drift_tools.profiles.numeric import NumberProfile
from drift_tools.profiles.profile import ColumnProfile, Profile, merge_profiles
from drift_tools.profiles.statistics_json import (
    FeatureStatistics,
    NumericalStatistics,
    Statistics,
    in_file,
    read_json,
    write_json,
    wrong_with,
)

__all__ = [
    "Categories",
    "ColumnProfile",
    "FeatureStatistics",
    "NumberProfile",
    "NumericalStatistics",
    "Profile",
    "Statistics",
    "distance",
    "in_file",
    "merge_profiles",
    "read_json",
    "write_json",
    "wrong_with",
]
