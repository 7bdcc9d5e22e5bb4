"""The verdict on two datasets of which only profiles are kept: `drift_tools.compare` for windows larger than memory.

Where a sketch still holds every value (up to 2,050 of them), and of categories that are all listed, the measures and
the verdict are those of `compare`. Else they are read off the sketches, and the verdict holds whatever the sketches may
have moved: each p-value is that of the nearest data that they allow, and an effect counts less its error. Of a list of
the most frequent categories alone the verdict asks for size as always, but its p-values are rough.
"""

import math
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drift_tools.comparison.assembly import assemble, check_kinds, counts_as_missing, one_sided
from drift_tools.comparison.columns import Categories as CountedCategories
from drift_tools.comparison.columns import SortedNumbers
from drift_tools.comparison.feature import Measured, Rest, measure_categories, measure_numbers
from drift_tools.comparison.results import Comparison, FeatureComparison, Histogram, Kind, Side
from drift_tools.comparison.sketched_numbers import SketchedNumbers, compare_numbers
from drift_tools.comparison.verdict import PSI_THRESHOLD, Evidence, surely_beyond
from drift_tools.contingency import ENOUGH, Groups
from drift_tools.measures import TwoSamples, ks_p_value, measured, population_stability
from drift_tools.profiles import Categories, ColumnProfile, FeatureStatistics, NumberProfile, Profile, Statistics
from drift_tools.significance import beyond_p_value, combined, homogeneity_p_value, share_p_value
from drift_tools.tables import TypeCounts

_NUMERICAL = ("Integral", "Fractional")
_OTHER = "(other)"
_RARE = "(rare listed)"
_BEYOND_CHANCE = 8  # standard deviations


def profile_of(statistics: Statistics) -> Profile:
    """The profile that a statistics.json still has: sketches, and the categories that it lists."""
    return Profile(statistics.item_count, {name: _column_of(feature) for name, feature in statistics.features.items()})


def _column_of(feature: FeatureStatistics) -> ColumnProfile:
    kind = {"Integral": "integral", "Fractional": "fractional"}.get(feature.inferred_type, "string")
    types = TypeCounts(**{kind: feature.num_present}, missing=feature.num_missing)
    numbers, found = None, feature.numerical
    if found is not None and found.sketch.weight:
        numbers = NumberProfile(
            found.sketch.weight, found.sum, found.mean, found.std_dev, found.min, found.max, found.sketch, found.buckets
        )
    counts = dict(feature.string.counts) if feature.string is not None else {}
    unlisted = 0 if feature.string is not None else feature.num_present
    return ColumnProfile(
        feature.name,
        types,
        feature.inferred_type in _NUMERICAL,
        numbers,
        Categories(counts, unlisted=unlisted),
        feature.string is not None,
    )


def compare_with_profile(
    baseline: Profile, current: Profile, *, alpha: float = 0.05, kinds: Mapping[str, Kind] | None = None
) -> Comparison:
    """Say of each feature whether the current rows are from another distribution than the baseline's.

    Parameters
    ----------
    baseline, current
        profiles; of a column that is to be compared as categories its categories must have been kept (`Profile.of`,
        `categorical`), else its verdict rests on its missing cells alone.
    alpha
        the share of runs without any drift in which a false alarm is allowed, 0 < alpha < 1.
    kinds
        `"numerical"` or `"categorical"` for columns whose kind is not that of the baseline's values.

    Examples
    --------
    >>> from drift_tools.tables import as_table
    >>> before, after = (Profile.of(as_table({"x": np.arange(9000.0) + shift})) for shift in (0, 5000))
    >>> compare_with_profile(before, after)
    <Comparison: 9000 with 9000 rows, 1 features, drifted: x>
    """
    kinds = kinds or {}
    check_kinds(kinds)
    current = _with_optional(current, baseline)
    by_name = {
        name: _measure(name, before, current.columns[name], kinds.get(name) or _kind(before, current.columns[name]))
        for name, before in baseline.columns.items()
        if name in current.columns
    }

    def alone(name: str, what: Literal["missing", "new"]) -> FeatureComparison:
        here, other = (baseline, current) if what == "missing" else (current, baseline)
        return _alone(name, here.columns[name], other.rows, what)

    features = assemble(by_name, baseline.columns, current.columns, alpha=alpha, alone=alone)
    return Comparison(baseline.rows, current.rows, alpha, features)


def _with_optional(current: Profile, baseline: Profile) -> Profile:
    """The current columns, and those that merely did not occur."""
    optional = {
        name: ColumnProfile.missing(name, current.rows)
        for name, column in baseline.columns.items()
        if name not in current.columns and counts_as_missing(column.types.missing, baseline.rows, current.rows)
    }
    return Profile(current.rows, {**current.columns, **optional})


def _kind(before: ColumnProfile, after: ColumnProfile) -> Kind:
    deciding = before if before.types.present else after
    return "numerical" if deciding.is_mostly_numerical and deciding.types.present else "categorical"


def _alone(name: str, column: ColumnProfile, other_rows: int, what: Literal["missing", "new"]) -> FeatureComparison:
    kind = _kind(column, column)
    side = _side(column) if kind == "numerical" else CountedCategories(_listed(column), column.rows).side
    return one_sided(name, kind, side, other_rows, what)


def _measure(name: str, before: ColumnProfile, after: ColumnProfile, kind: Kind) -> Measured:
    if kind == "categorical" and _is_not_listed(before):
        return _without_a_list(name, before, after)
    if kind == "categorical":
        sides = _as_categories(before, after)
        return measure_categories(name, *sides, PSI_THRESHOLD, rest=_rest(before, after))
    if _is_exact(before) and _is_exact(after):
        return measure_numbers(name, _as_numbers(before), _as_numbers(after), PSI_THRESHOLD)
    return _measure_sketches(name, before, after)


def _is_exact(column: ColumnProfile) -> bool:
    return column.numbers is None or not column.numbers.sketch.rank_error


def _listed(column: ColumnProfile) -> dict[str, int]:
    """Counts of the categories, those that were not kept as one."""
    counts = dict(column.categories.counts)
    rest = column.types.present - sum(counts.values())
    return counts | {_OTHER: counts.get(_OTHER, 0) + rest} if rest > 0 else counts


def _is_not_listed(column: ColumnProfile) -> bool:
    """Whether a column has categories and no list of them. Model Monitor writes none of texts of many values."""
    kept = column.categories
    return column.types.present > 0 and not kept.counts and not kept.undercount


def _without_a_list(name: str, before: ColumnProfile, after: ColumnProfile) -> Measured:
    """Of categories that the baseline does not name, nothing can be told but how many cells are missing."""
    first, second = (np.array([column.types.present, column.types.missing]) for column in (before, after))
    p_values = {}
    if first[1] or second[1]:
        p_values["share of missing values"] = share_p_value(int(first[1]), before.rows, int(second[1]), after.rows)
    stability = population_stability(first, second)
    sides = [CountedCategories(_listed(column), column.rows).side for column in (before, after)]
    return Measured(
        name=name,
        kind="categorical",
        evidence=Evidence(p_values, stability.excess, before.rows, after.rows, stability.bins, not_listed=True),
        psi=math.nan,
        distances={},
        baseline=sides[0],
        current=sides[1],
        histogram=Histogram((), (), (), ()),
    )


def _as_categories(before: ColumnProfile, after: ColumnProfile) -> tuple[CountedCategories, CountedCategories]:
    first, second = _listed(before), _listed(after)
    if before.types.present > sum(before.categories.counts.values()):
        first, second = _where_the_list_is_cut(first, second, is_sorted_list=not before.categories.undercount)
    return CountedCategories(first, before.rows), CountedCategories(second, after.rows)


def _rest(before: ColumnProfile, after: ColumnProfile) -> Rest:
    """What the categories stand for that have no name of their own; whether it is endless: whether most of the current
    values that the baseline does not list occur once, as texts and ids do.
    """
    listed, found = before.categories.counts, _listed(after)
    unlisted = {name: count for name, count in found.items() if name not in listed or name == _OTHER}
    once = sum(count for name, count in unlisted.items() if count == 1 or name == _OTHER)
    is_cut = before.types.present > sum(listed.values())
    return Rest((_OTHER, _RARE), is_endless=is_cut and 2 * once > sum(unlisted.values()))


def _where_the_list_is_cut(
    listed: Mapping[str, int], found: Mapping[str, int], *, is_sorted_list: bool
) -> tuple[dict[str, int], dict[str, int]]:
    """Both sides' counts where the baseline names its most frequent categories only: what it does not list is not new,
    it is among the rest there, and so it is here. The exception is what has more rows here than anything that is not
    listed could have by chance.
    """
    least = min((count for name, count in listed.items() if name != _OTHER), default=0) if is_sorted_list else 0
    # Of the categories that have as few rows as the last one there may be others: nobody knows how many.
    first = {name: count for name, count in listed.items() if name != _OTHER and count > least}
    rows, own = sum(listed.values()), sum(found.values())
    likely = least * own / rows
    most = likely + _BEYOND_CHANCE * (math.sqrt(likely) + 1)
    news = [name for name, count in found.items() if is_sorted_list and name not in first and count > most]
    first |= {name: least for name in news[: (rows - sum(first.values())) // max(least, 1)] if name != _OTHER}
    second = {name: found[name] for name in first if name in found}
    second[_OTHER] = own - sum(second.values())
    first[_OTHER] = rows - sum(first.values())
    if least and own:
        first = _without_luck(first, least, second[_OTHER] / own)
    # Thousands of categories of a row or two each drown in their own noise; together they say whether they are there.
    share = min(own, rows) / (rows + own)
    rare = {name for name, count in first.items() if (count + second.get(name, 0)) * share < ENOUGH} - {_OTHER}
    return _pooled(first, rare), _pooled(second, rare)


def _pooled(counts: Mapping[str, int], rare: Set[str]) -> dict[str, int]:
    kept = {name: count for name, count in counts.items() if name not in rare}
    return kept | {_RARE: sum(counts.values()) - sum(kept.values())} if rare else kept


def _without_luck(listed: Mapping[str, int], least: int, other_share: float) -> dict[str, int]:
    """The baseline's counts as another sample of the same population would have them, as far as that explains
    `other_share`, the share that the other sample has in the rest.

    A list of the most frequent categories is a list of the luckiest: the same categories have less in any other
    sample, and the rest more. Of those kept for having more than `least` rows, about (least + 1) times the number that
    have just one more were luck (Good, "The population frequencies of species and the estimation of population
    parameters", Biometrika 40, 1953; here with two standard errors). At most that many rows move to the rest, and none
    that the other sample does not ask for.
    """
    kept = {name: count for name, count in listed.items() if name != _OTHER}
    own, rows = sum(kept.values()), sum(listed.values())
    once = sum(count == least + 1 for count in kept.values())
    luck = (least + 1) * (once + 2 * math.sqrt(once))
    moved = min(max(rows * other_share - listed[_OTHER], 0.0), luck, float(own))
    first = {name: round(count * (1 - moved / own)) for name, count in kept.items()} if own else {}
    return first | {_OTHER: rows - sum(first.values())}


def _others(column: ColumnProfile) -> tuple[int, int]:
    """Present cells that are infinite, and those that are no numbers."""
    wrong = column.types.string + column.types.boolean - column.missing_words
    found = 0 if column.numbers is None else column.numbers.count
    return max(column.types.present - column.missing_words - found - wrong, 0), wrong


def _missing(column: ColumnProfile) -> int:
    """Cells that are empty, or say among numbers that one is missing."""
    return column.types.missing + column.missing_words


def _as_numbers(column: ColumnProfile) -> SortedNumbers:
    finite = np.empty(0) if column.numbers is None else column.numbers.sketch.cumulated()[0]
    infinite, wrong = _others(column)
    own = SortedNumbers.of(finite).side
    side = _shares(own, column, infinite, wrong)
    return SortedNumbers(finite, 0, infinite, _missing(column), wrong, side)


def _shares(side: Side, column: ColumnProfile, infinite: int, wrong: int) -> Side:
    rows = max(column.rows, 1)
    return replace(
        side,
        rows=column.rows,
        missing_share=_missing(column) / rows,
        infinite_share=infinite / rows,
        wrong_type_share=wrong / rows,
    )


def _side(column: ColumnProfile) -> Side:
    infinite, wrong = _others(column)
    numbers = column.numbers
    side = Side(0, 0.0, 0.0, 0.0, 0)
    if numbers is not None:
        items = numbers.sketch.cumulated()[0]
        median = float(numbers.sketch.quantiles([0.5])[0])
        distinct = len(np.unique(items))  # at least so many
        side = Side(0, 0.0, 0.0, 0.0, distinct, numbers.mean, median, numbers.std_dev, numbers.min, numbers.max)
    return _shares(side, column, infinite, wrong)


def _measure_sketches(name: str, before: ColumnProfile, after: ColumnProfile) -> Measured:
    others = {
        "missing values": (_missing(before), _missing(after)),
        "infinite values": (_others(before)[0], _others(after)[0]),
        "values of another type": (_others(before)[1], _others(after)[1]),
    }
    p_values = {
        f"share of {what}": share_p_value(mine, before.rows, theirs, after.rows)
        for what, (mine, theirs) in others.items()
        if mine or theirs
    }
    if before.numbers is None or after.numbers is None:
        return _without_values(name, before, after, p_values)
    found = compare_numbers((before.types, before.numbers), (after.types, after.numbers))
    surely = max(found.ks.statistic - found.ks_error, 0.0)
    first, second = found.counts
    nearest = _nearest(found, before.numbers, after.numbers)
    below, above = _surely_outside(before.numbers, after.numbers)
    n, m = before.numbers.count, after.numbers.count
    p_values["values"] = combined(
        [
            (ks_p_value(surely, n, m), 0.45),
            (homogeneity_p_value(nearest, second[:-2]), 0.45),
            *((beyond_p_value(beyond, n, m), 0.05) for beyond in (below, above)),
        ]
    )
    occupied = int(np.count_nonzero((first > 0) | (second > 0)))
    # What stands behind the bins of the numbers was counted, not estimated.
    effect = population_stability(np.append(nearest, first[-2:]), second).value - found.psi_expected
    return Measured(
        name=name,
        kind="numerical",
        evidence=Evidence(
            p_values,
            effect,
            before.rows,
            after.rows,
            occupied,
            surely,
            PSI_THRESHOLD,
            surely_beyond(max(below, above), after.rows, n),
        ),
        psi=found.psi,
        distances=measured(TwoSamples(Groups.of(first, second)), "numerical"),
        baseline=_side(before),
        current=_side(after),
        histogram=Histogram((), (), (), ()),
        ks=found.ks,
    )


def _surely_outside(before: NumberProfile, after: NumberProfile) -> tuple[int, int]:
    """How many of the current numbers are below the baseline's smallest and above its largest, at least."""
    up_to = after.sketch.weights_up_to(np.array([np.nextafter(before.min, -np.inf), before.max])) / after.sketch.weight
    error = after.sketch.rank_error
    shares = (float(up_to[0]) - error, 1.0 - float(up_to[1]) - error)
    below, above = (max(0, math.floor(share * after.count + 1e-9)) for share in shares)
    return below, above


def _without_values(name: str, before: ColumnProfile, after: ColumnProfile, p_values: Mapping[str, float]) -> Measured:
    """Numbers on one side, none on the other: there is nothing to compare but what stands in their place."""
    first, second = (
        np.array([0 if side.numbers is None else side.numbers.count, _missing(side), *_others(side)])
        for side in (before, after)
    )
    stability = population_stability(first, second)
    return Measured(
        name=name,
        kind="numerical",
        evidence=Evidence(
            p_values or {"values": 1.0}, stability.excess, before.rows, after.rows, stability.bins, None, PSI_THRESHOLD
        ),
        psi=stability.value,
        distances=measured(TwoSamples(Groups.of(first, second)), "numerical"),
        baseline=_side(before),
        current=_side(after),
        histogram=Histogram((), (), (), ()),
    )


def _nearest(found: SketchedNumbers, before: NumberProfile, after: NumberProfile) -> NDArray[np.float64]:
    """The baseline's numbers in each bin, moved towards the current ones by what both sketches may be wrong: a bin
    lies between two ranks, of which each is off by the sketch's error at most.
    """
    first, second = (side[:-2] for side in found.counts)
    allowed = 2 * (before.sketch.rank_error + after.sketch.rank_error)
    shares, others = first / first.sum(), second / second.sum()
    moved: NDArray[np.float64] = np.clip(others, shares - allowed, shares + allowed)
    return np.asarray(moved * (first.sum() / moved.sum()), dtype=np.float64)
