"""All measures of one feature: what is known of it before the run's verdict."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from drift_tools.comparison.columns import Categories, Sample, SortedNumbers, in_one_rounding, in_one_spelling
from drift_tools.comparison.results import Histogram, Kind, Side
from drift_tools.comparison.verdict import Evidence, surely_beyond, would_be_material
from drift_tools.contingency import Groups, are_rare
from drift_tools.measures import (
    ChiSquared,
    KolmogorovSmirnov,
    TwoSamples,
    are_whole,
    chi_squared,
    count_in_bins,
    ks_of_sorted,
    measured,
    quantile_edges,
    rare_categories_p_value,
    stability_of,
)
from drift_tools.significance import homogeneity_p_value, numbers_p_value, share_p_value
from drift_tools.tables import Numbers

_DRAWN_BINS = 20
DRAWN_CATEGORIES = 20
# Categories of one side only that a result names: who has more of them has names or ids.
MOST_NAMED = 1000
_OTHER = "(other)"
_DRAWN_SHARE = 0.99
_HALVES_EXACT = 2.0**52  # below, a whole number and a half is a float of its own
_LEAST_ULPS = 4  # the width of a drawn bin in steps between neighbouring floats, so that no two edges are the same one


@dataclass(frozen=True, slots=True)
class OneSided:
    """Categories that only one side has, `count` of them; the most frequent first, with their share of its values, and
    at most `MOST_NAMED`.
    """

    named: tuple[tuple[str, float], ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """A feature's measures. `is_time`: whether the numbers are seconds since 1970."""

    name: str
    kind: Kind
    evidence: Evidence
    psi: float
    distances: Mapping[str, float]
    baseline: Side
    current: Side
    histogram: Histogram
    ks: KolmogorovSmirnov | None = None
    chi_squared: ChiSquared | None = None
    new_categories: OneSided = OneSided()
    vanished_categories: OneSided = OneSided()
    is_time: bool = False


@dataclass(frozen=True, slots=True)
class Rest:
    """Names that stand for categories without a name, the first of them for all that a list left out; and whether those
    are endless, so that nobody can know whether the two sides have any in common.
    """

    names: tuple[str, ...] = ()
    is_endless: bool = False


def kind_of(baseline: Sample, current: Sample) -> Kind:
    """A feature is what the baseline says; a baseline without values says nothing."""
    deciding = baseline if baseline.present else current
    return "numerical" if deciding.is_numerical and deciding.present else "categorical"


def measure(baseline: Sample, current: Sample, kind: Kind | None, threshold: float) -> Measured:
    """All measures of one feature, of the kind that it is unless one is given; a baseline of texts among which there
    is no number is compared as texts all the same, because as numbers nothing of it would be looked at.
    """
    if kind == "numerical" and not baseline.is_numerical and not baseline.numbers.has_any:
        kind = "categorical"
    if (kind or kind_of(baseline, current)) == "numerical":
        return measure_numbers(
            baseline.name,
            *in_one_rounding(baseline.numbers, current.numbers),
            threshold,
            is_time=baseline.is_time and current.is_time,
        )
    return measure_categories(baseline.name, baseline.categories, current.categories, threshold)


def measure_numbers(
    name: str, before: SortedNumbers, after: SortedNumbers, threshold: float, *, is_time: bool = False
) -> Measured:
    """All measures of a numerical feature."""
    edges = _with_beyond(quantile_edges(before.finite), before.finite)
    others = {
        "missing values": (before.missing, after.missing),
        **_infinities(before, after),
        "values of another type": (before.wrong, after.wrong),
    }
    first, second = (
        np.concatenate([count_in_bins(side.finite, edges), [counts[index] for counts in others.values()]])
        for index, side in enumerate((before, after))
    )
    groups = Groups.of(first, second)
    stability = stability_of(groups)
    p_values = {
        f"share of {what}": share_p_value(mine, before.rows, theirs, after.rows)
        for what, (mine, theirs) in others.items()
        if mine or theirs
    }
    ks, beyond = None, 0
    if len(before.finite) and len(after.finite):
        ks = ks_of_sorted(before.finite, after.finite)
        bins = len(edges) + 1
        below = int(after.finite.searchsorted(before.finite[0], side="left"))
        above = len(after.finite) - int(after.finite.searchsorted(before.finite[-1], side="right"))
        p_values["values"] = numbers_p_value(ks.p_value, first[:bins], second[:bins], below=below, above=above)
        beyond = max(below, above)
    return Measured(
        name=name,
        kind="numerical",
        evidence=Evidence(
            p_values or {"values": 1.0},
            stability.excess,
            before.rows,
            after.rows,
            stability.bins,
            None if ks is None else ks.statistic,
            threshold,
            surely_beyond(beyond, after.rows, len(before.finite)),
        ),
        psi=stability.value,
        distances=measured(
            TwoSamples(
                groups,
                (before.finite, after.finite),
                before.side.standard_deviation if len(before.finite) else None,
            ),
            "numerical",
        ),
        baseline=before.side,
        current=after.side,
        histogram=_numerical_histogram(before.finite, after.finite),
        ks=ks,
        is_time=is_time,
    )


def _infinities(before: SortedNumbers, after: SortedNumbers) -> dict[str, tuple[int, int]]:
    """How many values of either side are infinite: by sign, where both signs occur."""
    below, above = (before.below, after.below), (before.above, after.above)
    if any(below) and any(above):
        return {"values of minus infinity": below, "values of plus infinity": above}
    return {"infinite values": (before.infinite, after.infinite)}


def _with_beyond(edges: Numbers, baseline: Numbers) -> Numbers:
    """The edges, and one before or behind an outer bin in which the baseline has one value only, which what lies beyond
    is not to be taken for: else a constant would be at no distance from any other. Bins that stay empty do not count.

    >>> _with_beyond(np.array([]), np.array([7.0, 7.0])).tolist(), _with_beyond(np.array([2.0]), np.array([1.0, 2, 3]))
    ([6.999999999999999, 7.0], array([2., 3.]))
    """
    if not len(baseline):
        return edges
    first, last = baseline[0], baseline[-1]
    up_to = baseline[baseline.searchsorted(edges[0], side="right") - 1] if len(edges) else last
    above = baseline[baseline.searchsorted(edges[-1], side="right")] if len(edges) else first
    before = [math.nextafter(first, -math.inf)] if up_to == first > -sys.float_info.max else []
    behind = [last] if above == last else []
    return np.concatenate([before, edges, behind]) if before or behind else edges


def measure_categories(
    name: str, before: Categories, after: Categories, threshold: float, *, rest: Rest = Rest()
) -> Measured:
    """All measures of a categorical feature. `rest`: the categories that stand for others."""
    before, after = in_one_spelling([before, after])
    names = sorted(before.counts.keys() | after.counts.keys())  # sums then come out the same in any order of the rows
    first, second = (
        np.fromiter(map(side.counts.get, names, repeat(0)), dtype=np.int64, count=len(names))
        for side in (before, after)
    )
    return measure_counts(
        name,
        CountedSide(first, before.missing, before.side),
        CountedSide(second, after.missing, after.side),
        threshold,
        histogram=_categorical_histogram(names, first, second),
        new=_only_in(names, second, first, rest),
        vanished=_only_in(names, first, second, rest),
        is_rest=np.isin(names, rest.names[:1]),
        rest_is_endless=rest.is_endless,
    )


@dataclass(frozen=True, eq=False, slots=True)
class CountedSide:
    """One side of a categorical feature: the rows of each category, in the same order on both sides, and how many are
    missing.
    """

    counts: NDArray[np.int64]
    missing: int
    side: Side


def measure_counts(
    name: str,
    before: CountedSide,
    after: CountedSide,
    threshold: float,
    *,
    histogram: Histogram,
    new: OneSided,
    vanished: OneSided,
    is_rest: NDArray[np.bool_] | None = None,
    rest_is_endless: bool = False,
    times: NDArray[np.int64] | None = None,
) -> Measured:
    """All measures of a categorical feature that need no names. `is_rest`, `rest_is_endless`: see `_rarity`; `times`:
    how many categories have these counts, if it is not one each.
    """
    first, second = before.counts, after.counts
    times = np.ones(len(first), dtype=np.int64) if times is None else times
    with_missing = Groups.of(np.append(first, before.missing), np.append(second, after.missing), np.append(times, 1))
    stability = stability_of(with_missing)
    p_values: dict[str, float] = {}
    rows, current_rows = before.side.rows, after.side.rows
    if before.missing or after.missing:
        p_values["share of missing values"] = share_p_value(before.missing, rows, after.missing, current_rows)
    test = None
    if first.sum() and second.sum():
        test = chi_squared(first, second, times)
        p_values["values"] = homogeneity_p_value(first, second, times)
        rare = rare_categories_p_value(first, second, times)
        if rare is not None:
            p_values["rare categories"] = rare
    is_rest = np.zeros(len(first), dtype=np.bool_) if is_rest is None else is_rest
    return Measured(
        name=name,
        kind="categorical",
        evidence=Evidence(
            p_values or {"values": 1.0},
            stability.excess,
            rows,
            current_rows,
            stability.bins,
            None,
            threshold,
            0.0,
            *_rarity(test, Groups(first, second, times), is_rest, threshold, rest_is_endless=rest_is_endless),
        ),
        psi=stability.value,
        distances=measured(TwoSamples(with_missing), "categorical"),
        baseline=before.side,
        current=after.side,
        histogram=histogram,
        chi_squared=test,
        new_categories=new,
        vanished_categories=vanished,
    )


def _rarity(
    test: ChiSquared | None,
    groups: Groups,
    is_rest: NDArray[np.bool_],
    threshold: float,
    *,
    rest_is_endless: bool,
) -> tuple[float, bool]:
    """The share of the values that had to be pooled, so that no test has seen them apart, if so many could hide a
    drift, else 0; and whether most of them occur once on either side, so that more rows would bring others still
    (Good, "The population frequencies of species", Biometrika 40, 1953).

    `is_rest`: whether a category is none, but stands for all that are not listed.

    They could hide one if every category was pooled, or either side has values of its own among the pooled that would
    be material as a category: texts that have not one in common look like that. Of an endless rest nobody knows whether
    they have.
    """
    if test is None:
        return 0.0, False
    rare = are_rare(groups)
    pooled, rows = groups.where(rare), groups.rows
    is_endless = bool(rare.any()) and all(
        2 * int(pooled.times[side == 1].sum()) > int(side @ pooled.times) for side in pooled.sides
    )
    if test.pooled >= int(groups.times[~is_rest].sum()):
        return 1.0, is_endless
    rest = [int(side[is_rest].sum()) / int(own) for side, own in zip(groups.sides, rows, strict=True)]
    if rest_is_endless and would_be_material(min(rest), threshold):
        return sum(rest) / 2, True
    alone = [
        groups.where(rare & (other == 0)).rows[place] / int(rows[place])
        for place, other in enumerate((groups.second, groups.first))
    ]
    share = sum(int(side) / int(own) for side, own in zip(pooled.rows, rows, strict=True)) / 2
    return (share if would_be_material(min(alone), threshold) else 0.0), is_endless


def _only_in(names: list[str], own: NDArray[np.int64], other: NDArray[np.int64], rest: Rest) -> OneSided:
    """Categories that only one side has."""
    if not own.any() or not other.any():
        return OneSided()
    total = int(own.sum())
    only = np.flatnonzero((own > 0) & (other == 0) & ~np.isin(names, rest.names))
    most = only[np.argsort(-own[only], kind="stable")][:MOST_NAMED]  # the names are in order already
    shares = zip(most.tolist(), own[most].tolist(), strict=True)
    return OneSided(tuple((names[index], count / total) for index, count in shares), len(only))


def _numerical_histogram(baseline: Numbers, current: Numbers) -> Histogram:
    """Bins of equal width, because that is what people can read, over the range that holds 99 % of either side."""
    sides = [values for values in (baseline, current) if len(values)]
    if not sides:
        return Histogram((), (), (), ())
    outside = (1 - _DRAWN_SHARE) / 2
    # 0, not -0, whichever of them sorting left there
    low = min(float(values[int(outside * (len(values) - 1))]) for values in sides) + 0.0
    high = max(float(values[-1 - int(outside * (len(values) - 1))]) for values in sides) + 0.0
    countable = high - low < _DRAWN_BINS and max(abs(low), abs(high)) < _HALVES_EXACT
    if countable and all(are_whole(values) for values in sides):
        edges = np.arange(low - 0.5, high + 1.0)  # a bin for each whole number
    else:
        low, high = _drawn_range(low, high)
        edges = np.linspace(low / 2, high / 2, _DRAWN_BINS + 1) * 2  # by halves: the span may be more than a float
    return Histogram(
        tuple(edges.tolist()), (), *(_drawn_shares(count_in_bins(side, edges[1:-1])) for side in (baseline, current))
    )


def _drawn_range(low: float, high: float) -> tuple[float, float]:
    """The range, or as much around its middle as the bins need: half of a constant to either side, some neighbouring
    floats where there are too few between the values (nanoseconds since 1970, long ids).
    """
    largest = sys.float_info.max
    least = 2 * _LEAST_ULPS * _DRAWN_BINS * math.ulp(max(abs(low), abs(high)))
    if high - low >= least:
        return low, high
    width = max(abs(low), 1.0) if low == high else least
    start = min(max(low / 2 + high / 2 - width / 2, -largest), largest - width)
    return start, start + width


def _categorical_histogram(names: list[str], first: NDArray[np.int64], second: NDArray[np.int64]) -> Histogram:
    shown = np.argsort(-largest_shares(first, second), kind="stable")[:DRAWN_CATEGORIES].tolist()
    return drawn_categories([(names[i], int(first[i]), int(second[i])) for i in shown], len(names), first, second)


def largest_shares(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share that each category has of the side in which it has more."""
    shares: NDArray[np.float64] = np.maximum(first / max(int(first.sum()), 1), second / max(int(second.sum()), 1))
    return shares


def drawn_categories(
    most: list[tuple[str, int, int]], categories: int, first: NDArray[np.int64], second: NDArray[np.int64]
) -> Histogram:
    """The histogram of the categories with the largest shares, of which `most` are the first 20 with their rows on
    either side; where there are more than 20, the last of them gives its place to all others together.
    """
    if categories > DRAWN_CATEGORIES:
        most = most[: DRAWN_CATEGORIES - 1]
    most = sorted(most, key=lambda item: (-item[1], -item[2], item[0]))
    labels = [label for label, _, _ in most]
    columns = [np.array([item[side] for item in most], dtype=np.int64) for side in (1, 2)]
    if categories > len(labels):
        labels.append(_OTHER)
        columns = [
            np.append(column, side.sum() - column.sum()) for column, side in zip(columns, (first, second), strict=True)
        ]
    return Histogram((), tuple(labels), *(_drawn_shares(column) for column in columns))


def _drawn_shares(counts: NDArray[np.int64]) -> tuple[float, ...]:
    return tuple((counts / max(int(np.add.reduce(counts)), 1)).tolist())
