"""A baseline without times says what values are, not how windows differ: what rings until that has been learnt.

The first weeks of the monitor's own windows are its lesson. Until a whole week was seen rows are compared as if they
were independent, which daily and weekly changes make look like drift; so only what is gross rings. Then the windows are
judged by `drift_tools.timeline.judgement`, fitted to the monitor's own first two weeks.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy.special import ndtr

from drift_tools.comparison import DRIFT, NOT_ENOUGH_DATA, FeatureComparison
from drift_tools.timeline.bins import FeatureBins, Floats, Integers
from drift_tools.timeline.history import WindowHistory
from drift_tools.timeline.materiality import PSI_THRESHOLD, effect_of
from drift_tools.timeline.monitor_model import LEAST_ROWS, LEAST_WINDOWS, MonitorModel, windows_of_weeks
from drift_tools.timeline.scores import BEYOND, MISSING, NEW, OTHER, rows_of, scores_of
from drift_tools.timeline.verdicts import WindowVerdict

# An index as large as that of a shift by 1.4 standard deviations: a weekend may well move a feature by one, and what is
# called is not learnt from, so that every weekend would ring.
GROSS: Final = 2.0
# What the training rows, day and night together, have nowhere is no season: values beyond their range, categories that
# they do not have, cells of another type. Empty cells come and go with the hour, so that more of them are needed.
_GROSS_SHARES: Final = {BEYOND: 0.05, NEW: 0.05, OTHER: 0.05, MISSING: 0.3}
# What lasts is no weekend if it lasts longer than one: two and a half days, three windows at the least.
_IN_A_ROW, _LASTS = 3, 60 * 3600
# What is gross, in the mean index of the windows so far, on top of the above.
_STRAYS = 3.0
_FIRST_WEEKS, _ALL_WEEKS = 1, 2
_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Lesson:
    """How much of it was learnt: windows `seen`, and `first` and `all` of which the fit asks at least and at most."""

    seen: int
    first: int
    all: int

    @property
    def is_learnt(self) -> bool:
        """Whether windows can be judged by windows."""
        return self.seen >= self.first

    @property
    def left(self) -> int:
        """How many windows the first week still lacks."""
        return max(self.first - self.seen, 0)


def lesson_of(history: WindowHistory) -> Lesson:
    """How far the monitor's own windows are from a fit; small ones do not count."""
    seen = int((history.rows >= LEAST_ROWS).sum())
    return Lesson(seen, windows_of_weeks(history.seconds, _FIRST_WEEKS), windows_of_weeks(history.seconds, _ALL_WEEKS))


def learnt_model(history: WindowHistory, *, season: str = "auto", left_out: Sequence[int] = ()) -> MonitorModel:
    """The fit of the monitor's own first weeks: all windows up to two weeks, then those two weeks for good.

    `left_out`: the starts of windows that were called drift while nothing had been learnt yet, or that a person marked.
    """
    lesson = lesson_of(history)
    used = history.where((history.rows >= LEAST_ROWS) & ~np.isin(history.starts, np.array(left_out, dtype=np.int64)))
    whole = lesson.all if len(used) >= lesson.all else len(used) // lesson.first * lesson.first
    first = used.where(np.arange(len(used)) < (whole or len(used)))
    return MonitorModel.fit(first, season=season)


def judge_while_learning(
    features: Mapping[str, FeatureComparison],
    history: WindowHistory,
    at: int,
    training: Integers,
    *,
    called: Mapping[int, Sequence[str]],
    drifting: Collection[str] = (),
    uncalm: Mapping[str, Collection[int]] = MappingProxyType({}),
    thresholds: Mapping[str, float] | None = None,
    normal: Integers | None = None,
) -> dict[str, WindowVerdict]:
    """What a window without a lesson says: drift if it is gross, "learning" where only the rows differ.

    Gross is a change that the rows' test calls drift and that is as large as a shift by 1.4 standard deviations, or
    puts 5 % of the rows where the training rows have none (beyond their range, in a new category, of another type), or
    30 % more among the missing; or one that it calls for longer than a weekend (60 hours, three windows at the least),
    each of them farther from the training rows than all windows before those, of which there have to be a day's worth.

    Parameters
    ----------
    features
        the window's comparison with the training rows, whose test takes rows for independent.
    history
        the monitor's windows, `at` among them.
    at
        the start of the window.
    training
        the training rows' counts, features x `WIDTH`.
    called
        the features that the rows' test called in earlier windows, by their start.
    drifting
        features that one of the last runs called drift: while the rows' test calls them, they stay so.
    uncalm
        the starts of the earlier windows that were called drift, by feature: what is usual is told by the others.
    thresholds
        of a feature's effect, where it is not 0.1: a gross one is twenty times as large.
    normal
        the counts of the rows that a person said are the new normal, features x `WIDTH`: what is not gross against
        them does not ring, however far from the training rows it is.
    """
    known = history.where(history.starts <= at)
    expected = _shares(training)
    effects = effect_of(known.counts.astype(np.float64), expected).psi
    from_normal = None if normal is None else effect_of(known.counts[-1].astype(np.float64), _shares(normal)).psi
    verdicts = {}
    for place, name in enumerate(known.names):
        feature = features.get(name)
        if feature is None:
            continue
        limit = (thresholds or {}).get(name, PSI_THRESHOLD) / PSI_THRESHOLD * GROSS
        limit += _STRAYS * _usual(effects[:-1, place], known, left_out=uncalm.get(name, ()))
        is_lasting = name in drifting or _is_lasting(name, known, effects[:, place], called)
        is_gross = not feature.effect < limit or _has_gross_shares(known.counts[-1, place], expected[place])
        if normal is not None and from_normal is not None:
            is_gross = not from_normal[place] < limit or _has_gross_shares(
                known.counts[-1, place], _shares(normal)[place]
            )
            is_lasting = False
        moved = _moved(feature, known.bins[place])
        verdicts[name] = _verdict(feature, is_gross=is_gross, is_lasting=is_lasting, moved=moved)
    return verdicts


def _usual(effects: Floats, known: WindowHistory, *, left_out: Collection[int]) -> float:
    """What the effect of the windows so far was on average. Rows that resemble the row before leave bins empty, and an
    index as large as a gross one: there a gross one has to be so much larger.
    """
    starts = known.starts[:-1]
    calm = (known.rows[:-1] >= LEAST_ROWS) & ~np.isin(starts, np.array(list(left_out), dtype=np.int64))
    return float(effects[calm].mean()) if calm.any() else 0.0


def _shares(counts: Integers) -> Floats:
    found: Floats = counts / np.maximum(counts[:, :-1].sum(-1, keepdims=True), 1)
    return found


def _has_gross_shares(counts: Integers, expected: Floats) -> bool:
    """Whether a window has much of what the training rows have nowhere."""
    rows = max(int(counts[:BEYOND].sum()), 1)
    return any(counts[place] / rows - expected[place] >= share for place, share in _GROSS_SHARES.items())


def _verdict(feature: FeatureComparison, *, is_gross: bool, is_lasting: bool, moved: str) -> WindowVerdict:
    if feature.verdict == NOT_ENOUGH_DATA:
        return WindowVerdict("not enough data", feature.reason, p_value=feature.p_value, effect=feature.effect)
    if feature.verdict != DRIFT:
        return WindowVerdict("no drift", feature.reason, p_value=feature.p_value, effect=feature.effect)
    is_gone = feature.histogram is None
    if is_gone or is_lasting or is_gross:
        why = "lasting, beyond all windows before" if is_lasting else "gross"
        reason = feature.reason if is_gone else f"{why}: {feature.reason}"
        return WindowVerdict("drift", reason, "rows", moved, feature.p_value, feature.effect)
    reason = f"learning how windows differ: {feature.reason}, if rows were independent"
    return WindowVerdict("learning", reason, "rows", moved, feature.p_value, feature.effect)


def _is_lasting(name: str, known: WindowHistory, effects: Floats, called: Mapping[int, Sequence[str]]) -> bool:
    filled = np.flatnonzero(known.rows >= LEAST_ROWS)
    in_a_row = max(_IN_A_ROW, -(-_LASTS // known.seconds))
    if len(filled) < LEAST_WINDOWS + in_a_row:
        return False
    last, before = filled[-in_a_row:], filled[:-in_a_row]
    if not all(name in called.get(int(known.starts[place]), ()) for place in last[:-1]):
        return False
    return bool(effects[last].min() > effects[before].max())


def _moved(feature: FeatureComparison, bins: FeatureBins) -> str:
    """What moved most, of what a comparison of rows shows."""
    gained = {
        "missing": feature.current.missing_share - feature.baseline.missing_share,
        "other types": feature.current.wrong_type_share - feature.baseline.wrong_type_share,
    }
    most = max(gained, key=lambda name: abs(gained[name]) if math.isfinite(gained[name]) else 0.0)
    if math.isfinite(gained[most]) and abs(gained[most]) > max(feature.l_infinity, 0.0) / 2 > 0:
        return most
    if feature.new_categories and not bins.is_numerical:
        return "new categories"
    return "location" if bins.is_numerical else "category"


def differs_from_training(model: MonitorModel, training: Integers) -> dict[str, float]:
    """The features of which the learnt windows as a whole differ from the training rows, with their effect (PSI): said
    once, as a finding of its own, and no alarm of each hour.

    The mean of windows' scores has the variance of windows, not of rows: v Λ / W, besides that of the training rows.
    """
    found: dict[str, float] = {}
    counts = model.history.counts.astype(np.float64)
    for part in model.parts:
        fit, names = part.model, [model.history.names[place] for place in part.places]
        before = training[part.places].astype(np.float64)[None]
        rows = rows_of(before)[..., None]
        scores = scores_of(counts[:, part.places], fit.family, fit.normal)
        mean = np.nanmean(np.where(fit.in_use, scores, 0.0), axis=0)
        trained = scores_of(before, fit.family, fit.normal)[0]
        variance = fit.variance * fit.long_run / fit.windows + fit.row_variance.mean(0) / np.maximum(rows[0], 1.0)
        z = np.where(fit.is_common, (mean - trained) / np.sqrt(np.maximum(variance, 1e-30)), 0.0)
        p = (2 * ndtr(-np.abs(np.nan_to_num(z))) / np.array(fit.family.weights)).min(-1)
        shares = before[0] / np.maximum(rows[0], 1.0)
        effects = effect_of(counts[:, part.places].sum(0), shares).psi
        for place, name in enumerate(names):
            if p[place] * len(model.history.names) <= _LEVEL and effects[place] >= PSI_THRESHOLD:
                found[name] = float(effects[place])
    return found
