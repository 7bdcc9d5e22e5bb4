"""A window's model quality by how much windows differ when nothing is wrong, and what windows add up to.

Rows of the same customers, or of one hour, are right and wrong together: a test that counts them rings. So the variance
of a window's decline is what the monitor's own windows had: φ times what independent rows would have, or that and as
much more (hours that stray), whichever is larger. Until a week of windows was seen it is estimated within the window,
from how rows resemble the rows before them, and only a gross decline rings. What accumulates is found by the same
e-detector as for distributions (`drift_tools.timeline`), from the same budget.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, stdtr

from drift_tools.monitors.model_quality.calibrated import MetricTest, matters, share_p_value_of
from drift_tools.monitors.model_quality.outcomes import Outcomes
from drift_tools.monitors.model_quality.quality_windows import QualityLesson, QualityWindows
from drift_tools.timeline import (
    LONGEST,
    TOGETHER,
    RunBudget,
    ScoreSeries,
    change_evidence,
    is_over,
    windows_of_weeks,
)

Floats = NDArray[np.float64]
State = Literal["drift", "growing", "learning", "no drift"]

# Ten points of a share, or half as much error again: what rings while nothing has been learnt.
_GROSS: Final = 10.0
# What remains of a decline that may be over counts from half of what matters on.
_HELD: Final = 0.5
# Before a week was seen: what the estimate within one window may be wrong, and from how many windows on they count.
_ERROR_OF_MEMORY: Final = 2.0
_LEAST_WINDOWS: Final = 8
# Standard errors of the skewness of so many windows that are added to it.
_ERRORS_OF_SKEW: Final = 2.0
_LAGS: Final = 36


@dataclass(frozen=True, slots=True)
class QualityVerdict:
    """On one metric of a window. `p_value`: of this window alone, windows being what differs; `since`: when the episode
    began, seconds since 1970; `reason`: as messages say it.
    """

    test: MetricTest
    state: State
    p_value: float
    reason: str
    since: int | None = None


def judge_quality(
    tests: Sequence[MetricTest],
    data: Outcomes,
    windows: QualityWindows,
    lesson: QualityLesson,
    *,
    start: int,
    budget: RunBudget,
    ratio: float,
) -> tuple[QualityVerdict, ...]:
    """Judge each test of a window.

    Parameters
    ----------
    tests
        of the window's metrics, by `metric_tests`.
    data
        its rows, in their order.
    windows
        those before it.
    lesson
        of how windows differ.
    start
        when the window starts, seconds since 1970.
    budget
        what the run may spend; its features are the tests.
    ratio
        how many times the window's rows the baseline has.
    """
    judge = _Judge(data, windows, lesson, start, budget, ratio)
    moved = [windows.of_normal(test) for test in tests]
    lines = [judge.line(test) for test in moved]
    evidence = _evidence([line for line in lines if line is not None], budget)
    return tuple(
        judge.while_learning(test) if line is None else judge.verdict(test, line, next(evidence))
        for test, line in zip(moved, lines, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """One window among those before it."""

    data: Outcomes
    windows: QualityWindows
    lesson: QualityLesson
    start: int
    budget: RunBudget
    ratio: float

    def line(self, test: MetricTest) -> "_Line | None":
        """A metric's windows; None while how they differ is learnt."""
        if not (self.lesson.is_learnt(self.windows.seconds) and test.variance > 0):
            return None
        fit = Spread.of(self.lesson, test.metric, least=windows_of_weeks(self.windows.seconds, 1) // 2)
        if fit is None:
            return None
        worse, variance = self.windows.series(test.metric)
        return _Line(
            np.append(self.windows.starts, self.start),
            np.append(worse, test.worse),
            fit.of_rows(np.append(variance, test.variance)),
            fit,
            # The baseline's rows are as alike as the window's.
            fit.phi * test.variance / self.ratio,
        )

    def verdict(self, test: MetricTest, line: "_Line", evidence: Floats) -> QualityVerdict:
        """Judge one metric, by windows."""
        of_window = float(line.spread[-1])
        p_value = line.fit.tail(test.worse / math.sqrt(of_window + line.of_baseline))
        p_value = max(p_value, share_p_value_of(test, self.ratio, of_window / test.variance))
        if p_value <= self.budget.sudden_level and test.is_material:
            return QualityVerdict(test, "drift", p_value, f"p {p_value:.1g}", self.start)
        crossed = evidence >= self.budget.cumulative_threshold
        found = line.verdict(test, p_value, crossed)
        called = self.windows.called.get(test.metric)
        if called is None or found.state == "drift":
            return found
        return line.held_from_before(test, p_value, called, self.budget.level) or found

    def while_learning(self, test: MetricTest) -> QualityVerdict:
        """Judge by the rows of the window, and by how they resemble those before them."""
        dispersion = _ERROR_OF_MEMORY * memory_of(row_series(test.metric, self.data))
        freedom = max(len(self.data) / dispersion - 1, 1.0)
        so_far = Spread.of(self.lesson, test.metric, least=_LEAST_WINDOWS)
        if so_far is not None and test.variance > 0:
            dispersion = max(dispersion, float(so_far.of_rows(np.array([test.variance]))[0]) / test.variance)
            freedom = min(freedom, so_far.freedom)
        deviation = math.sqrt(test.variance * dispersion * (1 + 1 / self.ratio))
        p_value = float(stdtr(freedom, -test.worse / deviation)) if deviation > 0 else 1.0
        p_value = max(p_value, share_p_value_of(test, self.ratio, dispersion))
        if p_value > self.budget.level / max(self.budget.features, 1) or not test.is_material:
            return QualityVerdict(test, "no drift", p_value, f"p {p_value:.1g}")
        if matters(test.metric, test.worse, _GROSS):
            return QualityVerdict(test, "drift", p_value, f"gross: p {p_value:.1g}")
        return QualityVerdict(test, "learning", p_value, f"learning how windows differ: p {p_value:.1g}")


@dataclass(frozen=True, slots=True)
class Spread:
    """How far windows stray: `phi` times the variance by rows, or `tau2` more than it. `long_run`: the variance of a
    sum of windows over that of as many independent ones. `skew`: by how much they stray farther to the worse side, its
    error included.
    """

    phi: float
    tau2: float
    long_run: float
    freedom: float
    skew: float = 0.0

    @classmethod
    def of(cls, lesson: QualityLesson, metric: str, *, least: int) -> "Spread | None":
        """Fitted to windows that nothing was called in; None if fewer than the `least` have the metric."""
        worse, variance = np.array(lesson.worse.get(metric, ())), np.array(lesson.variance.get(metric, ()))
        there = (variance > 0) & ~np.isnan(worse)
        values, chance = worse[there], variance[there]
        count = len(values)
        if count < least:
            return None
        residual = values - np.average(values, weights=1 / chance)
        square = residual**2 * count / (count - 1)
        z = residual / np.sqrt(chance)
        return cls(
            phi=max(1.0, float((z**2).mean()) * count / (count - 1)),
            tau2=max(0.0, float((square - chance).mean())),
            long_run=_inflation(z, min(_LAGS, count // 4)),
            freedom=count - 1.0,
            skew=max(float((z**3).mean() / (z**2).mean() ** 1.5), 0.0) + _ERRORS_OF_SKEW * math.sqrt(6 / count),
        )

    def tail(self, z: float) -> float:
        """How likely a window is so many standard deviations worse: by Student's t, or by the gamma distribution with
        the windows' skewness (Pearson's type III). A share of few effective rows has a long tail where it is worse.
        """
        by_t = float(stdtr(self.freedom, -z))
        shape = 4 / self.skew**2 if self.skew > 0 else math.inf
        if not math.isfinite(shape) or z <= 0:
            return by_t
        return max(by_t, float(gammaincc(shape, shape + z * math.sqrt(shape))))

    def of_rows(self, variance: Floats) -> Floats:
        """The variance of windows whose rows alone would have this."""
        found: Floats = np.maximum(self.tau2 + variance, self.phi * variance)
        return found


@dataclass(frozen=True, slots=True)
class _Line:
    """A metric's windows up to the one that is judged, the last one."""

    starts: NDArray[np.int64]
    worse: Floats
    spread: Floats
    fit: Spread
    of_baseline: float

    def verdict(self, test: MetricTest, p_value: float, evident: NDArray[np.bool_]) -> QualityVerdict:
        """What accumulated: in this window, or before it in an episode that lasts."""
        calm = QualityVerdict(test, "no drift", p_value, f"as the monitor's own windows (p {p_value:.2g})")
        there, series = self._series()
        crossed = np.flatnonzero(evident[there])
        if not len(crossed):
            return calm
        episode = series.episode()
        if episode is not None and episode.includes(int(crossed[-1])):
            began = episode.start
        elif crossed[-1] == len(there) - 1:  # now, of too few windows yet to be a state of their own
            began = len(there) - 1 - int(np.argmax(series.since(len(there) - TOGETHER).sureness_of_last()))
        else:
            return calm
        together = series.since(max(began, len(there) - TOGETHER)).mean
        since = int(self.starts[there[began]])
        if matters(test.metric, together):
            return QualityVerdict(test, "drift", p_value, "evidence over windows", since)
        if together > 0:
            return QualityVerdict(test, "growing", p_value, "evidence over windows, not yet material", since)
        return calm

    def held_from_before(self, test: MetricTest, p_value: float, called: int, level: float) -> QualityVerdict | None:
        """What the window before called and this one says nothing of: drift, until the windows together say that it is
        over and that nothing of it remains that matters.
        """
        there, series = self._series()
        first = int(np.searchsorted(self.starts[there], called))
        # A decline that matters may be a quarter of how far windows stray: it accumulates over weeks.
        episode = series.begun(first, before=LONGEST)

        def remains(rest: Mapping[int, ScoreSeries], _: int) -> bool:
            return rest[0].is_sure() and matters(test.metric, rest[0].mean, _HELD)

        if not episode.is_sure(starts=LONGEST) or is_over({0: episode}, level=level, remains=remains):
            return None
        reason = f"p {p_value:.2g}; worse before, and not surely over"
        return QualityVerdict(test, "drift", p_value, reason, int(self.starts[there[episode.places[0]]]))

    def _series(self) -> tuple[NDArray[np.intp], ScoreSeries]:
        """The places of the windows that have the metric, and its declines in those, numbered among themselves."""
        there = np.flatnonzero(~np.isnan(self.worse) & (self.spread > 0))
        weights = 1 / (self.spread[there] * self.fit.long_run)
        known = 1 / self.of_baseline if self.of_baseline > 0 else np.inf
        return there, ScoreSeries(self.worse[there], weights, np.arange(len(there)), known)


def _evidence(lines: Sequence[_Line], budget: RunBudget) -> Iterator[Floats]:
    """Evidence of a decline that lasts, after each window of each line; the margin is what the baseline's value may be
    wrong.
    """
    if not lines:
        return iter(())
    z = np.stack([line.worse / np.sqrt(line.spread) for line in lines], axis=1)
    long_run = np.array([[line.fit.long_run] for line in lines])
    evidence, _ = change_evidence(
        z[..., None],
        np.ones((len(lines), 1)),
        freedom=np.array([[line.fit.freedom] for line in lines]),
        margin=np.array([[2 * math.sqrt(line.of_baseline / float(np.nanmedian(line.spread)))] for line in lines]),
        scale=np.sqrt(long_run),
        threshold=budget.cumulative_threshold,
    )
    return iter(evidence.T)


def memory_of(series: Floats) -> float:
    """How many times the variance of its mean is that of independent values: Bartlett's sum of autocorrelations, 1 at
    the least, over 2 √n of them.

    >>> memory_of(np.tile([0.0, 1.0], 50))
    1.0
    """
    count = len(series)
    deviation = float(series.std()) if count > 1 else 0.0
    if count < 4 or deviation == 0:
        return 1.0
    return _inflation((series - series.mean()) / deviation, min(int(2 * math.sqrt(count)), count // 4))


def _inflation(z: Floats, lags: int) -> float:
    square = float((z**2).sum())
    found = 1.0
    for lag in range(1, lags + 1):
        found += 2 * (1 - lag / (lags + 1)) * float((z[lag:] * z[:-lag]).sum()) / max(square, 1e-300)
    return max(found, 1.0)


def row_series(metric: str, data: Outcomes) -> Floats:
    """Give, of the rows that a metric rests on and in their order, what it is the mean of; of a metric that is none,
    right or not.
    """
    if data.problem_type == "Regression":
        errors: Floats = data.labels - data.predictions
        return np.abs(errors) if metric == "mae" else errors**2
    right: Floats = (data.labels == data.predictions).astype(np.float64)
    actual, said = data.labels == data.positive_label, data.predictions == data.positive_label
    chosen = {
        "recall": actual,
        "true_positive_rate": actual,
        "false_negative_rate": actual,
        "true_negative_rate": ~actual,
        "false_positive_rate": ~actual,
        "precision": said,
    }.get(metric)
    return right if chosen is None else right[chosen]
