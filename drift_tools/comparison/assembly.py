"""A comparison out of its features: from rows or from profiles, the verdicts are made over all of them at once."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, get_args

from drift_tools.comparison.feature import Measured
from drift_tools.comparison.results import FeatureComparison, Kind, Side
from drift_tools.comparison.sentences import summarise
from drift_tools.comparison.verdict import DRIFT, MINIMUM_ROWS, NO_DRIFT, NOT_ENOUGH_DATA, Verdict, decide
from drift_tools.errors import InputError


def assemble(
    measured: Mapping[str, Measured],
    baseline: Iterable[str],
    current: Iterable[str],
    *,
    alpha: float,
    alone: Callable[[str, Literal["missing", "new"]], FeatureComparison],
) -> dict[str, FeatureComparison]:
    """Every feature with its verdict: the baseline's in its order, then those that are new.

    `measured`: those that both sides have, in which a verdict can be had; `baseline` and `current`: the names of
    either side; `alone(name, what)` says what is to be said of any other.
    """
    verdicts = decide({name: item.evidence for name, item in measured.items()}, alpha=alpha)
    features: dict[str, FeatureComparison] = {}
    for name in baseline:
        features[name] = _judged(measured[name], verdicts[name]) if name in measured else alone(name, "missing")
    for name in current:
        if name not in features:
            features[name] = alone(name, "new")
    return features


def check_kinds(kinds: Mapping[str, str]) -> None:
    """Raise `InputError` if a column is to be of a kind that does not exist."""
    for name, kind in kinds.items():
        if kind not in get_args(Kind):
            raise InputError(f"the kind of {name!r} is {kind!r}: give {' or '.join(map(repr, get_args(Kind)))}")


def counts_as_missing(missing: int, baseline_rows: int, rows: int) -> bool:
    """Whether a column that the current rows do not have counts as missing in each of them and is tested like any
    other share, `missing` being how many of the baseline's cells are: JSON leaves out what is optional, so that a
    rarely filled column is not in every window. What every row of the baseline had was taken away, without a test.
    """
    return rows > 0 and (missing > 0 or min(baseline_rows, rows) < MINIMUM_ROWS)


def _judged(item: Measured, verdict: Verdict) -> FeatureComparison:
    """A feature's measures with the run's verdict on it."""
    return FeatureComparison(
        name=item.name,
        kind=item.kind,
        verdict=verdict.decision,
        reason=verdict.reason,
        summary=summarise(item),
        effect=item.evidence.effect,
        psi=item.psi,
        ks=item.ks,
        chi_squared=item.chi_squared,
        distances=item.distances,
        p_value=verdict.p_value,
        p_value_adjusted=verdict.p_value_adjusted,
        baseline=item.baseline,
        current=item.current,
        histogram=item.histogram,
        new_categories=tuple(name for name, _ in item.new_categories.named),
        vanished_categories=tuple(name for name, _ in item.vanished_categories.named),
        is_time=item.is_time,
    )


def one_sided(name: str, kind: Kind, here: Side, other_rows: int, what: Literal["missing", "new"]) -> FeatureComparison:
    """A column that the other table does not have. One that is surely gone is drift: the model gets something else
    than it learnt from. One that is new has no baseline that it could have drifted from.
    """
    gone = Side(other_rows, math.nan, math.nan, math.nan, 0)
    if what == "missing":
        verdict = DRIFT if other_rows else NOT_ENOUGH_DATA
        reason = "the column is missing from the current data" if other_rows else f"{NOT_ENOUGH_DATA}: no current rows"
    else:
        verdict, reason = NO_DRIFT, "the column is not in the baseline, so there is nothing to compare it with"
    sides = (here, gone) if what == "missing" else (gone, here)
    return FeatureComparison(
        name=name,
        kind=kind,
        verdict=verdict,
        reason=reason,
        summary=f"{name}: {reason}.",
        effect=math.nan,
        psi=math.nan,
        ks=None,
        chi_squared=None,
        distances={},
        p_value=math.nan,
        p_value_adjusted=math.nan,
        baseline=sides[0],
        current=sides[1],
        histogram=None,
    )
