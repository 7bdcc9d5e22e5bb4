"""From measures to "drifted": significant and material, with the false alarms of a run under control.

A feature has drifted only if the difference is significant (p-values of all features of the run, adjusted) and material
(an effect size over its threshold). Too few rows to tell are a verdict of their own.

Why a run without any drift raises a false alarm in at most `alpha` of all cases:
1. Each test's p-value p is valid: p <= u in at most u of all undrifted samples, for u as small as `alpha` divided by
   the number of features (`drift_tools.significance`).
2. A feature's own p-value is its tests' smallest times their number, which is valid however they depend on each other
   (Bonferroni).
3. Of K features no adjusted p-value is smaller than K times the smallest of theirs. So with any alarm that one is at
   most `alpha` / K, and for that the probability is at most K * `alpha` / K, however the features depend on each other.
   Benjamini and Hochberg's adjustment alone would need them independent or positively dependent (it rests on Simes'
   inequality); the indicators that one category was made into are neither.
4. Asking for material differences besides only takes alarms away.
Once a run alarms, it is Benjamini and Hochberg's adjustment that says which features: of those that it names, at most
a share of `alpha` is expected to be named wrongly, under the dependence that it needs (Benjamini and Yekutieli, Annals
of Statistics 29, 2001).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drift_tools.measures import FLOOR, rows_needed

DRIFT, NO_DRIFT, NOT_ENOUGH_DATA = "drift", "no drift", "not enough data"
_TOO_RARE = "too rare to compare"
# Said of names and ids, of which more rows would not help.
TOO_RARE = f"{NOT_ENOUGH_DATA}: every category is {_TOO_RARE}"
# Said of texts of many values, of which Model Monitor's own baselines have no list.
NOT_LISTED = f"{NOT_ENOUGH_DATA}: the baseline lists none of its categories"
# The usual limit of "some change" for the index, here of its excess over what the sample sizes explain.
PSI_THRESHOLD = 0.1
# Below this many rows on either side nothing is decided: no test of the tails is worth its name, and one odd customer
# is a tenth of the sample.
MINIMUM_ROWS = 20
_CHANCE = 5.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the verdict on one feature rests on.

    `p_values`: by what was tested. `effect`: the index less its expectation. `rows`, `baseline_rows`: of either side,
    missing values included. `bins`: of the index. `ks`: the Kolmogorov-Smirnov statistic, None for categories.
    `threshold`: from which on an effect is material. `beyond`: the share of the current values that are smaller than
    any of the baseline, or larger than any, whichever is more, less what chance explains (`surely_beyond`). `too_rare`:
    the share of the values whose categories occur too rarely to be compared with any other (names, ids), if so many
    could hide a drift, since the tests have not seen them; else 0. `is_endless`: whether more rows would only bring
    more such categories. `not_listed`: whether the tests have not seen the values because the baseline does not say
    which categories it has.
    """

    p_values: Mapping[str, float]
    effect: float
    baseline_rows: int
    rows: int
    bins: int
    ks: float | None = None
    threshold: float = PSI_THRESHOLD
    beyond: float = 0.0
    too_rare: float = 0.0
    is_endless: bool = False
    not_listed: bool = False

    @property
    def is_material(self) -> bool:
        """Whether the difference is large enough to matter: by the index, or in its place by the KS statistic or by
        what lies beyond the baseline's range.
        """
        return self.effect >= self.threshold or self.is_material_by_ks or self.is_material_by_range

    @property
    def is_material_by_range(self) -> bool:
        """Whether it is by the values beyond the baseline's range: if they, as a category that is new, have an index of
        the threshold or more. The outer bins are open, so that the index cannot tell them from the largest tenth.
        """
        return would_be_material(self.beyond, self.threshold)

    @property
    def is_material_by_ks(self) -> bool:
        """Whether it is by the KS statistic only. The index of few rows is mostly noise, and where ties leave few bins
        (a constant column is one) it sees little or nothing; the statistic is then the surer measure of a shift.
        """
        if self.ks is None or self.effect >= self.threshold or not math.isfinite(self.threshold):
            return False
        return self.ks >= ks_of_shift(self.threshold)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`decision`: one of `DRIFT`, `NO_DRIFT`, `NOT_ENOUGH_DATA`. `reason`: why, in half a sentence."""

    decision: str
    p_value: float
    p_value_adjusted: float
    reason: str

    @property
    def drifted(self) -> bool:
        """Whether the decision is drift."""
        return self.decision == DRIFT


def surely_beyond(beyond: int, rows: int, baseline_rows: int) -> float:
    """The share of `rows` values that lie beyond the largest of a baseline, less what chance explains: in 993 of 1,000
    undrifted samples it is less than 5 / baseline rows.
    """
    return max(0.0, beyond / rows - _CHANCE / baseline_rows) if rows and baseline_rows else 0.0


def ks_of_shift(psi: float) -> float:
    """The Kolmogorov-Smirnov statistic of the normal shift that has this index: a shift by d standard deviations has
    the index d² and the statistic 2 Φ(d / 2) - 1.

    >>> round(ks_of_shift(0.1), 4)
    0.1256
    """
    return math.erf(math.sqrt(max(psi, 0.0) / 8))


def adjust(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values ("Controlling the false discovery rate", J. R. Stat. Soc. B 57, 1995);
    NaN stays NaN and counts for none. `scipy.stats.false_discovery_control`, which takes half a second to import.

    >>> adjust([0.01, 0.04, float("nan"), 0.02])
    [0.03, 0.04, nan, 0.03]
    """
    values = np.array(p_values, dtype=np.float64)
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]  # NaN comes last
    steps = values[order] * (len(order) / np.arange(1, len(order) + 1))
    values[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return [float(value) for value in values]


def decide(evidence: Mapping[str, Evidence], *, alpha: float = 0.05) -> dict[str, Verdict]:
    """A verdict on each feature of one run.

    `alpha` is the share of runs without any drift in which a false alarm is allowed. Features with too few rows to
    test are left out of the adjustment. `not enough data` is said of a feature that did not drift if so few rows could
    hide it: if even a difference as large as its threshold would not have been significant on its own, at `alpha`
    divided by the number of features, or if none of its categories has enough rows to be compared.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}: give a probability between 0 and 1")
    own = {name: _combined(item) for name, item in evidence.items()}
    tested = [p_value for p_value in own.values() if not math.isnan(p_value)]
    # No alarm at all unless the smallest p-value is one after Bonferroni: the third step of the proof above.
    smallest = min(1.0, len(tested) * min(tested, default=1.0))
    adjusted = {
        name: value if math.isnan(value) else max(value, smallest)
        for name, value in zip(own, adjust(list(own.values())), strict=True)
    }
    level = alpha / max(len(tested), 1)
    return {name: _judge(item, own[name], adjusted[name], alpha, level) for name, item in evidence.items()}


def _combined(evidence: Evidence) -> float:
    """One p-value of a feature's tests (Bonferroni); NaN if it has too few rows for any."""
    if min(evidence.baseline_rows, evidence.rows) < MINIMUM_ROWS or not evidence.p_values:
        return math.nan
    return min(1.0, len(evidence.p_values) * min(evidence.p_values.values()))


def _judge(evidence: Evidence, p_value: float, adjusted: float, alpha: float, level: float) -> Verdict:
    if math.isnan(p_value):
        return Verdict(NOT_ENOUGH_DATA, p_value, adjusted, _shortage(evidence, level))
    found = f"adjusted p {_spell(adjusted)}"
    excess = f"PSI {evidence.effect:.3f} above its expectation"
    if adjusted <= alpha and evidence.is_material:
        size = excess
        if evidence.is_material_by_ks:
            size = f"KS {evidence.ks:.3f}"
        elif evidence.effect < evidence.threshold:
            size = f"{100 * evidence.beyond:.1f} % of the values beyond the baseline's range"
        return Verdict(DRIFT, p_value, adjusted, f"{found}, {size}{_cause(evidence)}")
    is_short = adjusted > alpha and min(evidence.baseline_rows, evidence.rows) < _needed(evidence, level)
    if evidence.too_rare and (evidence.is_endless or not is_short):
        return Verdict(NOT_ENOUGH_DATA, p_value, adjusted, _rarity(evidence.too_rare))
    if evidence.not_listed or is_short:
        return Verdict(NOT_ENOUGH_DATA, p_value, adjusted, _shortage(evidence, level))
    if adjusted <= alpha:
        return Verdict(NO_DRIFT, p_value, adjusted, f"significant ({found}) but immaterial: {excess}")
    return Verdict(NO_DRIFT, p_value, adjusted, f"no significant difference ({found})")


def _needed(evidence: Evidence, level: float) -> int:
    larger = max(evidence.baseline_rows, evidence.rows)
    return max(MINIMUM_ROWS, rows_needed(evidence.bins, larger, threshold=evidence.threshold, alpha=level))


def _shortage(evidence: Evidence, level: float) -> str:
    if evidence.not_listed:
        return NOT_LISTED
    sides = (("baseline", evidence.baseline_rows), ("current", evidence.rows))
    needed = _needed(evidence, level)
    short = " and ".join(f"{rows} {side} {'row' if rows == 1 else 'rows'}" for side, rows in sides if rows < needed)
    return f"{NOT_ENOUGH_DATA}: {short}, {needed} needed"


def _rarity(share: float) -> str:
    if share == 1:
        return TOO_RARE
    return f"{NOT_ENOUGH_DATA}: {min(100 * share, 99.9):.3g} % of the values are {_TOO_RARE}"


def is_too_rare(reason: str) -> bool:
    """Whether a verdict's reason is that values are too rare to compare, and not that there are too few rows."""
    return reason.endswith(_TOO_RARE)


def would_be_material(share: float, threshold: float) -> bool:
    """Whether a category that is new, with this share of the values, has an index of the threshold or more.

    >>> would_be_material(0.02, 0.1), would_be_material(0.01, 0.1)
    (True, False)
    """
    return share > FLOOR and share * math.log(share / FLOOR) >= threshold


def _cause(evidence: Evidence) -> str:
    """Which of the shares it was, unless it was the values themselves."""
    strongest = min(evidence.p_values, key=lambda test: evidence.p_values[test])
    return "" if strongest == "values" else f", {strongest}"


def _spell(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"
