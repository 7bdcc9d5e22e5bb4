"""Attribution drift: hold a window's ranking of features against the baseline's, with the error of a sample of rows.

The rule is SageMaker Clarify's ("Feature attribution drift violations", developer guide): nDCG below 0.9 violates. A
sample of other rows would have ranked the features a little differently; a window violates if it would be below 0.9 for
the level that the run may spend.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from drift_tools.monitors.attribution.explain import Attribution, ranking_drift
from drift_tools.monitors.attribution.importance import NDCG_THRESHOLD, Aggregation, global_importance, ndcg

# Below so many explained rows no ranking is judged.
FEWEST_ROWS: Final = 50
_DRAWS: Final = 200
_SEED: Final = 0
_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class AttributionCheck:
    """`ndcg`, 0 … 1, with its standard error; `moved`: features whose place changed, with both places, the one that
    changed most importance first; `says`: the verdict in words; `shares`: of every feature its share of all importance
    in the baseline and now, 0 … 1.
    """

    ndcg: float
    standard_error: float
    is_drift: bool
    is_enough: bool
    moved: Mapping[str, tuple[int, int]]
    says: str
    shares: Mapping[str, tuple[float, float]]


def check(baseline: Attribution, current: Attribution, level: float, aggregation: Aggregation) -> AttributionCheck:
    """Check a window's attribution.

    Parameters
    ----------
    baseline, current:
        Of the same features.
    level:
        The probability of a false alarm that the run may spend, 0 … 1.
    aggregation:
        By which the importance was computed.

    Raises
    ------
    InputError
        If the two have other features.
    """
    value = ranking_drift(baseline, current)
    error = _standard_error(baseline, current, aggregation)
    is_enough = current.rows >= FEWEST_ROWS
    surely_below = NDCG_THRESHOLD - value > -float(ndtri(level)) * error
    is_drift = is_enough and value < NDCG_THRESHOLD and surely_below
    moved = _moved(baseline, current)
    before, now = _shares(baseline), _shares(current)
    shares = {name: (before[name], share) for name, share in now.items()}
    says = _says(value, is_drift, moved, current, shares)
    return AttributionCheck(value, error, is_drift, is_enough, moved, says, shares)


def _standard_error(baseline: Attribution, current: Attribution, aggregation: Aggregation) -> float:
    """How far nDCG strays with the rows that were explained: a bootstrap of them."""
    if current.values is None:
        return 0.0
    names = list(current.importance)
    gains = np.array([baseline.importance[name] for name in names])
    generator, rows = np.random.default_rng(_SEED), len(current.values)
    found = [
        ndcg(gains, global_importance(current.values[generator.integers(0, rows, rows)], aggregation))
        for _ in range(_DRAWS)
    ]
    return float(np.std(found, ddof=1))


def _places(attribution: Attribution) -> dict[str, int]:
    ranked = sorted(attribution.importance, key=lambda name: -abs(attribution.importance[name]))
    return {name: place for place, name in enumerate(ranked, start=1)}


def _moved(baseline: Attribution, current: Attribution) -> dict[str, tuple[int, int]]:
    """Features with another place than before, by how much of all importance they gained or lost."""
    before, now = _places(baseline), _places(current)
    ones, others = _shares(baseline), _shares(current)
    moved = [name for name in before if before[name] != now[name]]
    moved.sort(key=lambda name: -abs(others[name] - ones[name]))
    return {name: (before[name], now[name]) for name in moved}


def _shares(attribution: Attribution) -> dict[str, float]:
    total = sum(map(abs, attribution.importance.values())) or 1.0
    return {name: abs(value) / total for name, value in attribution.importance.items()}


def _says(
    value: float,
    is_drift: bool,
    moved: Mapping[str, tuple[int, int]],
    current: Attribution,
    shares: Mapping[str, tuple[float, float]],
) -> str:
    if current.rows < FEWEST_ROWS:
        return f"Not enough data to rank the features: {current.rows} rows, {FEWEST_ROWS} needed."
    verdict = (
        "another one than in the baseline" if is_drift else "close to the baseline's" if moved else "the baseline's"
    )
    ranking = f"The ranking of the features is {verdict} (nDCG {value:.3f}, {NDCG_THRESHOLD} required)"
    return f"{ranking}: {_listed(moved, shares)}." if moved else f"{ranking}."


def _percent(share: float) -> str:
    """With a digit behind the point: most features have a few per cent, and "2 % to 2 %" says nothing of what moved."""
    return f"{share:.1%}".replace("%", " %")


def _listed(moved: Mapping[str, tuple[int, int]], shares: Mapping[str, tuple[float, float]], most: int = _NAMED) -> str:
    names: Sequence[str] = list(moved)[:most]
    words = [
        f"{name} {'rose' if moved[name][1] < moved[name][0] else 'fell'} from place {moved[name][0]} to "
        f"{moved[name][1]} ({_percent(shares[name][0])} to {_percent(shares[name][1])} of all importance)"
        for name in names
    ]
    more = f" and {len(moved) - most} more moved" if len(moved) > most else ""
    return ", ".join(words) + more
