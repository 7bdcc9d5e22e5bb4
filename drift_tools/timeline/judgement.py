"""A run's judgement on each feature: one window, and what the windows up to it add up to, by the baseline's windows."""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.timeline.budget import RunBudget
from drift_tools.timeline.episodes import BEFORE, ScoreSeries, is_over
from drift_tools.timeline.evidence import PartEvidence
from drift_tools.timeline.history import WindowHistory
from drift_tools.timeline.materiality import PSI_THRESHOLD, TOGETHER, effect_of
from drift_tools.timeline.monitor_model import LEAST_ROWS, MonitorModel, Part
from drift_tools.timeline.scores import VALUES
from drift_tools.timeline.segmentation import Episode
from drift_tools.timeline.sudden import runs_beyond, sudden_p_values, weighted_p_values
from drift_tools.timeline.verdicts import State, Test, WindowVerdict

Floats = NDArray[np.float64]

# So many windows are looked back on at the most.
LONGEST: Final = 672
_NEVER: Final = -1
# Of the threshold, for what was called drift before. A slow drift is called by a window that is large by chance, when
# it is not material on the whole.
_HELD: Final = 0.25


def judge(
    model: MonitorModel,
    history: WindowHistory,
    at: int,
    budget: RunBudget,
    *,
    thresholds: Mapping[str, float] | None = None,
    drifting: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, WindowVerdict]:
    """Judge the window that starts at `at`, by the model of the baseline's windows.

    Parameters
    ----------
    model
        of the baseline's windows.
    history
        the monitor's own windows, `at` among them; those after it are not looked at (a run may be late).
    at
        the start of the window, seconds since 1970.
    budget
        what the run may spend.
    thresholds
        of a feature's material effect (PSI), where it is not 0.1.
    drifting
        features that the run before called drift, and the start of the first window of those in a row that were called:
        they stay so until the windows together say that the episode is over (`drift_tools.timeline.episodes`), and
        nothing remains that is as large as a quarter of the threshold.

    Returns
    -------
    by feature, in the order of the baseline.
    """
    known = history.where((history.starts <= at) & (history.starts > at - LONGEST * history.seconds)).filled()
    if not len(known) or known.starts[-1] != at:
        raise ValueError(f"the history has no window that starts at {at}")
    limits = np.array([(thresholds or {}).get(name, PSI_THRESHOLD) for name in known.names])
    called = [drifting.get(name) for name in known.names]
    first_called = np.array([_NEVER if start is None else np.searchsorted(known.starts, start) for start in called])
    verdicts: dict[int, WindowVerdict] = {}
    for part in model.parts:
        judged = _PartJudge(part, known, budget, limits[part.places], first_called[part.places])
        verdicts.update({int(place): judged.verdict(own) for own, place in enumerate(part.places)})
    return {name: verdicts[place] for place, name in enumerate(known.names)}


class _PartJudge(PartEvidence):
    """The verdicts on the features of one family. `own`: a feature's place among them; `held`: what the run before
    called drift, `first_called` being the place of the first window in a row that was called.

    A feature is called by this window alone (`_sudden`), by what windows add up to (`_over_windows`), or because
    nothing says that an episode which was called before is over (`_held_from_before`).
    """

    def __init__(
        self,
        part: Part,
        history: WindowHistory,
        budget: RunBudget,
        thresholds: Floats,
        first_called: NDArray[np.intp],
    ) -> None:
        super().__init__(part, history, budget)
        self.thresholds, self.first_called, self.held = thresholds, first_called, first_called != _NEVER
        last = self.scores.last()
        sudden, score = weighted_p_values(self.model, sudden_p_values(self.model, last))
        self.sudden, self.sudden_score = sudden[0], score[0]
        self.runs = runs_beyond(self.model, self.scores.z[-self.run_length :], self.run_length)[-1]
        self.evidence, self.evidence_score = self.cumulative()
        self.rare_evidence, self.rare_score = self.rare()
        self.window_effect = effect_of(self.counts[-1:], self.model.expected[last.slot])

    def verdict(self, own: int) -> WindowVerdict:
        """The verdict on one feature."""
        rows, slot_known = float(self.rows[-1, own]), bool(self.scores.known[-1])
        if rows < LEAST_ROWS:
            return WindowVerdict("not enough data", f"not enough data: {rows:.0f} rows, {LEAST_ROWS} needed")
        if not slot_known:
            return WindowVerdict("not enough data", "not enough data: the baseline has no window of this time")
        p_value = float(self.sudden[own])
        effect = float(self.window_effect.psi[0, own] - self.model.noise[own])
        found = self._sudden(own, p_value, effect) or self._over_windows(own, p_value)
        if self.held[own] and (found is None or found.state != "drift"):
            found = self._held_from_before(own, p_value, effect) or found
        if found is not None:
            return found
        return WindowVerdict("no drift", f"as the baseline's windows (p {p_value:.2g})", "", "", p_value, effect)

    def _sudden(self, own: int, p_value: float, effect: float) -> WindowVerdict | None:
        """What this window says by itself, or as the last of some that are all beyond the baseline's."""
        is_sudden, is_run = p_value <= self.budget.sudden_level, bool(self.runs[own])
        if not (is_sudden or is_run):
            return None
        of_window = self.window_effect.of_feature(own)
        if not of_window.is_material(self.model.noise[own], self.bins[own].is_numerical, self._threshold(own))[0]:
            return None
        score = int(self.sudden_score[own]) if is_sudden else self._extreme_score(own)
        test: Test = "sudden" if is_sudden else "runs"
        reason = f"p {p_value:.1g}" if is_sudden else f"{self.run_length} windows beyond all of the baseline's"
        found = WindowVerdict("drift", reason, test, self._moved(own, score), p_value, effect)
        return self._dated(found, self.episode(own, score))

    def _over_windows(self, own: int, p_value: float) -> WindowVerdict | None:
        """What accumulated: evidence in this window, or in an earlier one of an episode that lasts."""
        named: Test
        for named, evidence, threshold, scores in (
            ("cumulative", self.evidence, self.budget.cumulative_threshold, self.evidence_score),
            ("rare shares", self.rare_evidence, 1.0, self.rare_score),
        ):
            found_by = self._lasting_crossing(own, evidence[:, own] >= threshold, scores[:, own])
            if found_by is None:
                continue
            score, episode = found_by
            began = episode.start if episode is not None and episode.is_present else 0
            is_material, effect = self._size_since(own, max(began, len(self.rows) - TOGETHER))
            state: State = "drift" if is_material else "growing"
            reason = "evidence over windows" if is_material else "evidence over windows, not yet material"
            found = WindowVerdict(state, reason, named, self._moved(own, score), p_value, effect)
            return self._with_slope(own, score, self._dated(found, episode), episode)
        return None

    def _held_from_before(self, own: int, p_value: float, effect: float) -> WindowVerdict | None:
        """What the window before called and this one says nothing of: drift, until the windows together say that it is
        over and that nothing of it remains that matters.
        """
        called = int(self.first_called[own])
        series = self.series_since(own, called)
        if self._is_over(own, series) or not self._deviates(own, series, starts=BEFORE):
            return None
        score = max(series, key=lambda score: series[score].sureness)
        reason = f"p {p_value:.2g}; drift before, and not surely over"
        found = WindowVerdict("drift", reason, "", self._moved(own, score), p_value, effect)
        dated = self._dated(found, self.episode(own, score))
        first = int(self.history.starts[called])
        return replace(dated, since=first if dated.since is None else min(dated.since, first))

    def _lasting_crossing(
        self, own: int, crossed: NDArray[np.bool_], scores: NDArray[np.intp]
    ) -> tuple[int, Episode | None] | None:
        """The score of a crossing in this window, or the latest one whose episode still lasts, with that episode; None
        if none does. Evidence starts anew where it crossed, and another score may be the next to cross: that one being
        over ends nothing of what the others say.
        """
        places = np.flatnonzero(crossed)
        for place in _latest_of_each(places, scores[places]):
            score = int(scores[place])
            episode = self.episode(own, score)
            lasts = episode is not None and episode.includes(place)
            # Evidence that crosses now may be of windows before, and a state that is not calm another one since then.
            if (lasts or place == len(crossed) - 1) and not self._is_over(own, self.series_since(own, place)):
                return score, episode
        return None

    def _is_over(self, own: int, series: Mapping[int, ScoreSeries]) -> bool:
        def remains(rest: Mapping[int, ScoreSeries], since: int) -> bool:
            return self._deviates(own, rest) and self._size_since(own, since)[0]

        return is_over(series, level=self.budget.level, remains=remains)

    def _deviates(self, own: int, series: Mapping[int, ScoreSeries], *, starts: int = 1) -> bool:
        """Whether windows together deviate at all."""
        weights = self.model.weights[own]
        return any(item.is_sure(float(weights[score]), starts=starts) for score, item in series.items())

    def _threshold(self, own: int) -> float:
        return float(self.thresholds[own]) * (_HELD if self.held[own] else 1.0)

    def _size_since(self, own: int, began: int) -> tuple[bool, float]:
        """Whether the windows from `began` on are material together, and their effect."""
        counts = self.counts[began:, own]
        rows = self.rows[began:, own]
        expected = self.model.expected[self.scores.slot[began:], own] * rows[:, None]
        total, mean = counts.sum(0), expected.sum(0) / max(float(rows.sum()), 1.0)
        bins = max(int((self.model.expected[:, own, :-1].sum(0) > 0).sum()) - 1, 1)
        noise = max(bins / max(float(rows.sum()), 1.0), float(self.model.noise[own]) / max(len(counts), 1))
        effect = effect_of(total[None, None], mean[None, None])
        material = effect.is_material(np.array(noise), self.bins[own].is_numerical, self._threshold(own))
        return bool(material[0, 0]), float(effect.psi[0, 0] - noise)

    def _dated(self, verdict: WindowVerdict, episode: Episode | None) -> WindowVerdict:
        """Date it by the start of the episode, if there is one now, else by this window."""
        starts = self.history.starts
        if episode is None or not episode.is_present:
            return replace(verdict, since=int(starts[len(self.rows) - 1]))
        return replace(
            verdict, since=int(starts[episode.start]), moves=tuple(int(starts[move]) for move in episode.moves)
        )

    def _with_slope(self, own: int, score: int, verdict: WindowVerdict, episode: Episode | None) -> WindowVerdict:
        """Add its slope and the time at which it will be material, if it is a location that grows."""
        if verdict.state != "growing" or episode is None or self.model.family.moments == 0 or score != 0:
            return verdict
        begin = episode.start
        if len(self.rows) - begin < TOGETHER // 2:
            return verdict
        mean = self.model.mean[self.scores.slot[begin:], own, 0]
        deviation = self.scores.z[begin:, own, 0] * np.sqrt(self.scores.variance[begin:, own, 0])
        days = (self.history.starts[begin:] - self.history.starts[begin]) / 86400
        kept = ~np.isnan(deviation) & ~np.isnan(mean)
        slope, level = np.polyfit(days[kept], deviation[kept], 1)
        target = math.sqrt(float(self.thresholds[own])) * math.copysign(1.0, slope)
        now = level + slope * days[-1]
        if not slope or (target - now) / slope <= 0:
            return replace(verdict, a_day=float(slope))
        return replace(
            verdict,
            a_day=float(slope),
            material_at=int(self.history.starts[-1] + 86400 * (target - now) / slope),
        )

    def _extreme_score(self, own: int) -> int:
        used = self.model.heavy[own] & self.model.in_use[own]
        return int(np.argmax(np.where(used, np.abs(np.nan_to_num(self.scores.z[-1, own])), -1.0)))

    def _moved(self, own: int, score: int) -> str:
        column = self.model.family.column_of(score)
        if column is not None and column < VALUES:
            return f"category {self.bins[own].label_of(column)}"
        return self.model.family.names[score]


def _latest_of_each(places: NDArray[np.intp], scores: NDArray[np.intp]) -> list[int]:
    """Find, of places in ascending order, the last one of each score, the latest first.

    >>> _latest_of_each(np.array([3, 5, 8, 9]), np.array([0, 2, 0, 2]))
    [9, 8]
    """
    backwards = places[::-1]
    _, first = np.unique(scores[::-1], return_index=True)
    return [int(backwards[place]) for place in sorted(first.tolist())]
