"""Compare current rows with a baseline, feature by feature."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.measures.binning import DECILES, count_in_bins, quantile_edges
from drift_tools.measures.chi_squared import ChiSquared, chi_squared, rare_categories_p_value
from drift_tools.measures.jensen_shannon import jensen_shannon
from drift_tools.measures.kolmogorov_smirnov import KolmogorovSmirnov, kolmogorov_smirnov
from drift_tools.measures.l_infinity import l_infinity
from drift_tools.measures.psi import population_stability
from drift_tools.measures.share_test import share_test
from drift_tools.measures.wasserstein import wasserstein
from drift_tools.profile import count_categories
from drift_tools.tables import Column, Numbers, Table, as_table
from drift_tools.verdict import DRIFT, NO_DRIFT, NOT_ENOUGH_DATA, PSI_THRESHOLD, Evidence, Verdict, decide

Kind: TypeAlias = Literal["numerical", "categorical"]
_DRAWN_BINS = 20
_DRAWN_CATEGORIES = 20
_OTHER = "(other)"
_NAMED_CATEGORIES = 3


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a feature. Shares are of all rows; moments and quantiles are of the finite numbers, NaN without
    any.
    """

    rows: int
    missing_share: float
    infinite_share: float
    wrong_type_share: float
    distinct: int
    mean: float = math.nan
    median: float = math.nan
    standard_deviation: float = math.nan
    minimum: float = math.nan
    maximum: float = math.nan


@dataclass(frozen=True, slots=True)
class Histogram:
    """What a report draws: the shares of both sides' values (missing ones apart) over the same bins or categories.

    Numerical: `edges` are n + 1 finite increasing numbers, and what lies beyond the outer ones is counted in the
    outer bins; `labels` is empty. Categorical: `labels` are n categories, the baseline's most frequent first, the
    rest as `(other)`; `edges` is empty. `baseline` and `current` are n shares of the values.
    """

    edges: tuple[float, ...]
    labels: tuple[str, ...]
    baseline: tuple[float, ...]
    current: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FeatureComparison:
    """All measures and the verdict on one feature. A measure that does not exist for it is NaN or None.

    `verdict`: `drift`, `no drift` or `not enough data`. `reason`: why. `summary`: what changed, in one sentence.
    `effect`: PSI less its expectation under equality, by which features are ranked.
    """

    name: str
    kind: Kind
    verdict: str
    reason: str
    summary: str
    effect: float
    psi: float
    ks: KolmogorovSmirnov | None
    chi_squared: ChiSquared | None
    jensen_shannon: float
    wasserstein: float
    l_infinity: float
    p_value: float
    p_value_adjusted: float
    baseline: Side
    current: Side
    histogram: Histogram | None
    new_categories: tuple[str, ...] = ()
    vanished_categories: tuple[str, ...] = ()

    @property
    def drifted(self) -> bool:
        """Whether the verdict is drift."""
        return self.verdict == DRIFT

    def to_dict(self) -> dict[str, Any]:
        """The feature's JSON object; a number that does not exist is None."""
        document: dict[str, Any] = {"kind": self.kind, "psi": _json(self.psi)}
        if self.kind == "numerical":
            document["ks"] = _test(self.ks)
        else:
            document["chi_squared"] = _test(self.chi_squared)
        document["jensen_shannon"] = _json(self.jensen_shannon)
        if self.kind == "numerical":
            document["wasserstein"] = _json(self.wasserstein)
        document["l_infinity"] = _json(self.l_infinity)
        document["p_value_adjusted"] = _json(self.p_value_adjusted)
        document["drifted"] = self.drifted
        document["reason"] = self.reason
        return document


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of two tables; `features` in the baseline's order, then what only the current rows have."""

    baseline_rows: int
    current_rows: int
    alpha: float
    features: Mapping[str, FeatureComparison]

    @property
    def drifted_features(self) -> list[str]:
        """The names of the features that drifted, in the order of `features`."""
        return [name for name, feature in self.features.items() if feature.drifted]

    @property
    def drifted(self) -> bool:
        """Whether any feature drifted."""
        return any(feature.drifted for feature in self.features.values())

    def ranked(self) -> list[FeatureComparison]:
        """The features, the drifted ones first and then by effect; features that could not be measured last."""
        return sorted(
            self.features.values(),
            key=lambda feature: (not feature.drifted, -feature.effect if math.isfinite(feature.effect) else math.inf),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `compare --format json` prints; NaN and infinities are None."""
        return {
            "baseline_rows": self.baseline_rows,
            "current_rows": self.current_rows,
            "alpha": self.alpha,
            "drifted": self.drifted,
            "drifted_features": self.drifted_features,
            "features": {name: feature.to_dict() for name, feature in self.features.items()},
        }

    def __repr__(self) -> str:
        drifted = ", ".join(self.drifted_features) or "none"
        rows = f"{self.baseline_rows} with {self.current_rows} rows"
        return f"<Comparison: {rows}, {len(self.features)} features, drifted: {drifted}>"


def compare(
    baseline: object,
    current: object,
    *,
    alpha: float = 0.05,
    kinds: Mapping[str, Kind] | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> Comparison:
    """Say of each feature whether the current rows are from another distribution than the baseline's.

    Parameters
    ----------
    baseline, current
        tables: pyarrow tables or anything with the Arrow C interface, `Captures`, or mappings of names to arrays.
        Columns are matched by name.
    alpha
        the share of comparisons without any drift in which a false alarm is allowed, 0 < alpha < 1.
    kinds
        `"numerical"` or `"categorical"` for columns whose kind is not that of the baseline's values, such as codes
        that are written as numbers.
    thresholds
        by feature, the effect (PSI less its expectation) from which a significant difference is drift; default 0.1.

    Raises
    ------
    InputError
        if either is no table. A column that cannot be compared gets a verdict that says so and never spoils another.

    Examples
    --------
    >>> compare({"age": np.arange(1000.0)}, {"age": np.arange(1000.0) + 500})
    <Comparison: 1000 with 1000 rows, 1 features, drifted: age>
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha}: give a probability between 0 and 1")
    before, after = as_table(baseline, what="baseline"), as_table(current, what="current")
    kinds, thresholds = kinds or {}, thresholds or {}
    measured = {
        name: _measure(column, after.columns[name], kinds.get(name), thresholds.get(name, PSI_THRESHOLD))
        for name, column in before.columns.items()
        if name in after.columns
    }
    verdicts = decide({name: item.evidence for name, item in measured.items()}, alpha=alpha)
    features: dict[str, FeatureComparison] = {}
    for name, column in before.columns.items():
        features[name] = (
            measured[name].judged(verdicts[name]) if name in measured else _one_sided(column, after, "missing")
        )
    for name, column in after.columns.items():
        if name not in features:
            features[name] = _one_sided(column, before, "new")
    return Comparison(before.rows, after.rows, alpha, features)


@dataclass(frozen=True, slots=True)
class _Measured:
    """A feature's measures, before the run's verdict on it."""

    name: str
    kind: Kind
    evidence: Evidence
    psi: float
    jensen_shannon: float
    l_infinity: float
    baseline: Side
    current: Side
    histogram: Histogram
    ks: KolmogorovSmirnov | None = None
    chi_squared: ChiSquared | None = None
    wasserstein: float = math.nan
    new_categories: tuple[tuple[str, float], ...] = ()
    vanished_categories: tuple[tuple[str, float], ...] = ()

    def judged(self, verdict: Verdict) -> FeatureComparison:
        return FeatureComparison(
            name=self.name,
            kind=self.kind,
            verdict=verdict.decision,
            reason=verdict.reason,
            summary=_summary(self),
            effect=self.evidence.effect,
            psi=self.psi,
            ks=self.ks,
            chi_squared=self.chi_squared,
            jensen_shannon=self.jensen_shannon,
            wasserstein=self.wasserstein,
            l_infinity=self.l_infinity,
            p_value=verdict.p_value,
            p_value_adjusted=verdict.p_value_adjusted,
            baseline=self.baseline,
            current=self.current,
            histogram=self.histogram,
            new_categories=tuple(name for name, _ in self.new_categories),
            vanished_categories=tuple(name for name, _ in self.vanished_categories),
        )


def _kind(baseline: Column, current: Column) -> Kind:
    """A feature is what the baseline says; a baseline without values says nothing."""
    deciding = baseline if baseline.types.present else current
    return "numerical" if deciding.is_numerical and deciding.types.present else "categorical"


def _measure(baseline: Column, current: Column, kind: Kind | None, threshold: float) -> _Measured:
    kind = kind or _kind(baseline, current)
    measure = _measure_numbers if kind == "numerical" else _measure_categories
    return measure(baseline, current, threshold)


@dataclass(frozen=True, eq=False, slots=True)
class _Split:
    """A numerical column, its finite values sorted, and what else there is."""

    finite: Numbers
    rows: int
    missing: int
    infinite: int
    wrong: int

    @classmethod
    def of(cls, column: Column) -> "_Split":
        values, wrong = column.as_numbers()
        finite = np.sort(values[np.isfinite(values)])
        infinite = int(np.count_nonzero(np.isinf(values)))
        return cls(finite, len(values), len(values) - len(finite) - infinite - wrong, infinite, wrong)

    def side(self) -> Side:
        rows, finite = max(self.rows, 1), self.finite
        shares = (self.missing / rows, self.infinite / rows, self.wrong / rows)
        if not len(finite):
            return Side(self.rows, *shares, 0)
        distinct = int(np.count_nonzero(finite[1:] != finite[:-1])) + 1
        with np.errstate(over="ignore", invalid="ignore"):  # values near 1e308 have no finite variance
            moments = (float(finite.mean()), float(np.median(finite)), float(finite.std()))
        return Side(self.rows, *shares, distinct, *moments, float(finite[0]), float(finite[-1]))


def _measure_numbers(baseline: Column, current: Column, threshold: float) -> _Measured:
    before, after = _Split.of(baseline), _Split.of(current)
    edges = quantile_edges(before.finite)
    others = ((before.missing, after.missing), (before.infinite, after.infinite), (before.wrong, after.wrong))
    first = np.concatenate([count_in_bins(before.finite, edges), [mine for mine, _ in others]])
    second = np.concatenate([count_in_bins(after.finite, edges), [theirs for _, theirs in others]])
    stability = population_stability(first, second)
    p_values = {
        f"share of {what}": share_test(mine, before.rows, theirs, after.rows)
        for what, (mine, theirs) in zip(
            ("missing values", "infinite values", "values of another type"), others, strict=True
        )
        if mine or theirs
    }
    ks = None
    if len(before.finite) and len(after.finite):
        ks = kolmogorov_smirnov(before.finite, after.finite)
        p_values["values"] = ks.p_value
    tied = len(edges) < DECILES - 1
    return _Measured(
        name=baseline.name,
        kind="numerical",
        evidence=Evidence(
            p_values or {"values": 1.0},
            stability.excess,
            before.rows,
            after.rows,
            stability.bins,
            ks.statistic if ks is not None and tied else None,
            threshold,
        ),
        psi=stability.value,
        jensen_shannon=jensen_shannon(first, second),
        l_infinity=l_infinity(first, second),
        baseline=before.side(),
        current=after.side(),
        histogram=_numerical_histogram(before.finite, after.finite),
        ks=ks,
        wasserstein=wasserstein(before.finite, after.finite),
    )


def _measure_categories(baseline: Column, current: Column, threshold: float) -> _Measured:
    before, after = count_categories(baseline.as_texts()), count_categories(current.as_texts())
    names = [*before, *(name for name in after if name not in before)]
    first = np.array([before.get(name, 0) for name in names], dtype=np.int64)
    second = np.array([after.get(name, 0) for name in names], dtype=np.int64)
    missing = (len(baseline) - int(first.sum()), len(current) - int(second.sum()))
    with_missing = np.append(first, missing[0]), np.append(second, missing[1])
    stability = population_stability(*with_missing)
    p_values: dict[str, float] = {}
    if any(missing):
        p_values["share of missing values"] = share_test(missing[0], len(baseline), missing[1], len(current))
    test = None
    if first.sum() and second.sum():
        test = chi_squared(first, second)
        p_values["values"] = test.p_value
        rare = rare_categories_p_value(first, second)
        if rare is not None:
            p_values["rare categories"] = rare
    return _Measured(
        name=baseline.name,
        kind="categorical",
        evidence=Evidence(
            p_values or {"values": 1.0}, stability.excess, len(baseline), len(current), stability.bins, None, threshold
        ),
        psi=stability.value,
        jensen_shannon=jensen_shannon(*with_missing),
        l_infinity=l_infinity(*with_missing),
        baseline=_categorical_side(len(baseline), missing[0], len(before)),
        current=_categorical_side(len(current), missing[1], len(after)),
        histogram=_categorical_histogram(names, first, second),
        chi_squared=test,
        new_categories=_only_in(names, second, first),
        vanished_categories=_only_in(names, first, second),
    )


def _categorical_side(rows: int, missing: int, distinct: int) -> Side:
    return Side(rows, missing / max(rows, 1), 0.0, 0.0, distinct)


def _only_in(names: list[str], own: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[tuple[str, float], ...]:
    """Categories that only one side has, with their share of its values, the most frequent first."""
    if not own.sum() or not other.sum():
        return ()
    total = int(own.sum())
    only = [
        (name, int(count) / total) for name, count, there in zip(names, own, other, strict=True) if count and not there
    ]
    return tuple(sorted(only, key=lambda item: (-item[1], item[0])))


def _numerical_histogram(baseline: Numbers, current: Numbers) -> Histogram:
    """Bins of equal width, because that is what people can read, over the range that holds 99 % of either side."""
    ranges = [np.quantile(values, (0.005, 0.995)) for values in (baseline, current) if len(values)]
    if not ranges:
        return Histogram((), (), (), ())
    low, high = float(min(pair[0] for pair in ranges)), float(max(pair[1] for pair in ranges))
    values = np.concatenate([baseline, current])
    if np.all(values == np.round(values)) and high - low < _DRAWN_BINS:
        edges = np.arange(low - 0.5, high + 1.0)  # a bin for each whole number
    else:
        if not low < high or not math.isfinite(high - low):
            low, high = low - max(abs(low), 1.0) / 2, low + max(abs(low), 1.0) / 2
        edges = np.linspace(low, high, _DRAWN_BINS + 1)
    return Histogram(
        tuple(edges.tolist()), (), *(_drawn_shares(count_in_bins(side, edges[1:-1])) for side in (baseline, current))
    )


def _categorical_histogram(names: list[str], first: NDArray[np.int64], second: NDArray[np.int64]) -> Histogram:
    by_weight = sorted(
        range(len(names)), key=lambda i: -max(first[i] / max(first.sum(), 1), second[i] / max(second.sum(), 1))
    )
    shown = set(
        by_weight[:_DRAWN_CATEGORIES] if len(names) <= _DRAWN_CATEGORIES else by_weight[: _DRAWN_CATEGORIES - 1]
    )
    order = sorted(shown, key=lambda i: (-first[i], -second[i], names[i]))
    rest = [i for i in range(len(names)) if i not in shown]
    labels = [names[i] for i in order]
    columns = [np.array([side[i] for i in order], dtype=np.int64) for side in (first, second)]
    if rest:
        labels.append(_OTHER)
        columns = [np.append(column, side[rest].sum()) for column, side in zip(columns, (first, second), strict=True)]
    return Histogram((), tuple(labels), *(_drawn_shares(column) for column in columns))


def _drawn_shares(counts: NDArray[np.int64]) -> tuple[float, ...]:
    return tuple((counts / max(int(counts.sum()), 1)).tolist())


def _one_sided(column: Column, other: Table, what: Literal["missing", "new"]) -> FeatureComparison:
    """A column that the other table does not have. One that is gone is drift: the model gets something else than it
    learnt from. One that is new has no baseline that it could have drifted from.
    """
    kind: Kind = "numerical" if column.is_numerical and column.types.present else "categorical"
    rows = len(column)
    here = (
        _Split.of(column).side()
        if kind == "numerical"
        else _categorical_side(rows, column.types.missing, len(count_categories(column.as_texts())))
    )
    gone = Side(other.rows, math.nan, math.nan, math.nan, 0)
    enough = min(rows, other.rows) > 0
    if what == "missing":
        verdict = DRIFT if enough else NOT_ENOUGH_DATA
        reason = "the column is missing from the current data" if enough else f"{NOT_ENOUGH_DATA}: no current rows"
    else:
        verdict, reason = NO_DRIFT, "the column is not in the baseline, so there is nothing to compare it with"
    sides = (here, gone) if what == "missing" else (gone, here)
    return FeatureComparison(
        name=column.name,
        kind=kind,
        verdict=verdict,
        reason=reason,
        summary=f"{column.name}: {reason}.",
        effect=math.nan,
        psi=math.nan,
        ks=None,
        chi_squared=None,
        jensen_shannon=math.nan,
        wasserstein=math.nan,
        l_infinity=math.nan,
        p_value=math.nan,
        p_value_adjusted=math.nan,
        baseline=sides[0],
        current=sides[1],
        histogram=None,
    )


def _summary(item: _Measured) -> str:
    """What changed, in one sentence: the most telling facts first."""
    facts = list(_share_facts(item.baseline, item.current))
    if item.kind == "numerical" and math.isfinite(item.baseline.median) and math.isfinite(item.current.median):
        facts.append(f"median {_short(item.baseline.median)} → {_short(item.current.median)}")
        if item.current.maximum > item.baseline.maximum or item.current.minimum < item.baseline.minimum:
            facts.append(
                f"range {_short(item.baseline.minimum)} … {_short(item.baseline.maximum)} → "
                f"{_short(item.current.minimum)} … {_short(item.current.maximum)}"
            )
    facts.extend(_category_facts("appeared", item.new_categories))
    facts.extend(_category_facts("vanished", item.vanished_categories))
    if item.kind == "categorical" and not item.new_categories and not item.vanished_categories:
        facts.extend(_largest_change(item.histogram))
    facts.append("PSI " + (f"{item.psi:.2f}" if math.isfinite(item.psi) else "unknown"))
    if item.evidence.ks is not None:  # ties leave the index too few bins to see everything
        facts.append(f"KS {item.evidence.ks:.2f}")
    return f"{item.name}: {', '.join(facts)}."


def _share_facts(baseline: Side, current: Side) -> Iterable[str]:
    for what, before, after in (
        ("missing", baseline.missing_share, current.missing_share),
        ("infinite", baseline.infinite_share, current.infinite_share),
        ("of another type", baseline.wrong_type_share, current.wrong_type_share),
    ):
        if before != after:
            yield f"{what} {_percent(before)} → {_percent(after)}"


def _category_facts(what: str, categories: tuple[tuple[str, float], ...]) -> Iterable[str]:
    for name, share in categories[:_NAMED_CATEGORIES]:
        yield f"category {name} {what} ({_percent(share)} of values)"
    if len(categories) > _NAMED_CATEGORIES:
        yield f"{len(categories) - _NAMED_CATEGORIES} more categories {what}"


def _largest_change(histogram: Histogram) -> Iterable[str]:
    changes = [abs(before - after) for before, after in zip(histogram.baseline, histogram.current, strict=True)]
    if changes and max(changes) > 0:
        index = changes.index(max(changes))
        before, after = histogram.baseline[index], histogram.current[index]
        yield f"category {histogram.labels[index]} {_percent(before)} → {_percent(after)} of values"


def _short(value: float) -> str:
    return f"{value:.4g}"


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def _json(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _test(test: KolmogorovSmirnov | ChiSquared | None) -> dict[str, float | None]:
    if test is None:
        return {"statistic": None, "p_value": None}
    return {"statistic": _json(test.statistic), "p_value": _json(test.p_value)}
