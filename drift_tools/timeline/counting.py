"""From profiles of windows to their counts: the baseline's bins, and a window's rows in them."""

from collections.abc import Mapping, Sequence

import numpy as np

from drift_tools.comparison import Kind
from drift_tools.measures import quantile_edges
from drift_tools.profiles import ColumnProfile, Profile, merge_profiles
from drift_tools.tables import common_spelling, respelt
from drift_tools.timeline.bins import FeatureBins, Integers, category_bins, number_bins
from drift_tools.timeline.scores import MISSING, VALUES, WIDTH


def bins_of(windows: Sequence[Profile], kinds: Mapping[str, Kind]) -> tuple[FeatureBins, ...]:
    """The bins of every feature of a baseline: deciles of all its rows, or its most frequent categories.

    Parameters
    ----------
    windows
        the profiles of the baseline's windows, or of the whole baseline, if it has no times.
    kinds
        what each feature is compared as; one that is not named is what its values are.
    """
    whole = merge_profiles(windows)
    return tuple(
        _bins(column, [window.columns[name] for window in windows if name in window.columns], kinds.get(name))
        for name, column in whole.columns.items()
    )


def _bins(whole: ColumnProfile, windows: Sequence[ColumnProfile], kind: Kind | None) -> FeatureBins:
    is_numerical = whole.is_mostly_numerical if kind is None else kind == "numerical"
    if not is_numerical:
        return category_bins(whole.name, [window.categories.counts for window in windows])
    if whole.numbers is None:
        return FeatureBins(whole.name, True)
    edges = quantile_edges(*whole.numbers.sketch.weighted(), bins=VALUES)
    ranges = [(window.numbers.min, window.numbers.max) for window in windows if window.numbers is not None]
    return number_bins(whole.name, edges, ranges)


def counts_of(window: Profile, bins: Sequence[FeatureBins]) -> Integers:
    """A window's rows in the bins, features x `WIDTH`. A column that it does not have is missing in every row."""
    counts = np.zeros((len(bins), WIDTH), dtype=np.int64)
    for place, feature in enumerate(bins):
        column = window.columns.get(feature.name)
        if column is None:
            counts[place, MISSING] = window.rows
        else:
            counts[place] = _numbers(column, feature) if feature.is_numerical else _categories(column, feature)
    return counts


def _numbers(column: ColumnProfile, feature: FeatureBins) -> Integers:
    if column.numbers is None:
        return feature.count_numbers((), below=0, above=0, missing=column.types.missing, other=column.types.present)
    points = np.array([*feature.edges, np.inf])
    up_to = np.rint(column.numbers.sketch.weights_up_to(points) / column.numbers.sketch.weight * column.numbers.count)
    outside = column.numbers.sketch.weights_up_to(np.array([np.nextafter(feature.low, -np.inf), feature.high]))
    below, above = (round(share) for share in (outside[0], column.numbers.sketch.weight - outside[1]))
    return feature.count_numbers(
        np.diff(np.concatenate([[0.0], up_to])).astype(np.int64).tolist(),
        below=below,
        above=above,
        missing=column.types.missing,
        other=column.types.present - column.numbers.count,
    )


def _categories(column: ColumnProfile, feature: FeatureBins) -> Integers:
    counts = column.categories.counts
    known = dict.fromkeys((*feature.categories, *feature.known), 1)
    new = common_spelling(known, counts)
    spelt = respelt(counts, new) if new else counts
    back = {new.get(name, name): name for name in known} if new else {}
    found = feature.count_categories(
        {back.get(name, name): count for name, count in spelt.items()}, missing=column.types.missing
    )
    found[VALUES - 1] += column.types.present - sum(counts.values())  # not kept by name: rare ones, taken for known
    return found
