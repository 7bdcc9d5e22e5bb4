"""Since when: several changes of a series of windows, by optimal partition.

A series of standardised scores is cut into segments of constant mean such that the sum of squares plus a penalty a
segment is least: the problem that PELT solves (Killick, Fearnhead and Eckley, JASA 107, 2012), here by plain dynamic
programming. A segment whose mean is the baseline's (0) costs half of a penalty, since it estimates nothing. A ramp from
the baseline comes first, where that is cheaper than steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shape: TypeAlias = Literal["level", "slope"]

# So many times the median absolute value is the standard deviation of a normal variable.
_MEDIAN_TO_DEVIATION = 1.4826
_SHORTEST_RAMP = 3
# What a ramp costs: its two ends and its size.
_RAMP = 1.5
# Numbers of a matrix that stays in the processor's cache.
_AT_ONCE = 1 << 15


@dataclass(frozen=True, slots=True)
class Segment:
    """Windows `start` … `end` - 1 in one state. `is_calm`: not told from the baseline; `shape`: a level, or a slope
    from the baseline up to its end; `mean`: of the scores.
    """

    start: int
    end: int
    is_calm: bool
    shape: Shape
    mean: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """The present episode, or the last one. `start`: its first window; `moves`: the first windows of its later states;
    `end`: the first calm window after it, None while it lasts; `calm_before`: the first window of the calm segment
    before it (its own start, if there is none); `first_end`: the window after its first segment; `shape`: of that one.
    """

    start: int
    moves: tuple[int, ...]
    end: int | None
    calm_before: int
    first_end: int
    shape: Shape

    @property
    def is_present(self) -> bool:
        """Whether it lasts."""
        return self.end is None

    def includes(self, window: int) -> bool:
        """Whether it lasts and this window is one of it."""
        return self.is_present and self.start <= window


def penalty_of(windows: int, scores: int) -> float:
    """The penalty a segment: (d + 1) ln T + 3 d. With it 98 to 100 % of unchanged series stay one segment, as
    `tests/drift_tools/timeline/test_segmentation.py` has it by simulation.
    """
    return (scores + 1) * float(np.log(max(windows, 2))) + 3.0 * scores


def dispersion(scores: Floats, weights: Floats) -> Floats:
    """How many times as much as 1 / weight each score varies between neighbours, whatever its changes, at least 1."""
    if len(scores) < 2:
        return np.ones(scores.shape[1])
    scale = np.sqrt(1 / weights[1:] + 1 / weights[:-1])[:, None]
    found: Floats = np.maximum(1.0, (_MEDIAN_TO_DEVIATION * np.median(np.abs(np.diff(scores, axis=0)) / scale, 0)) ** 2)
    return found


def partition(scores: Floats, weights: Floats, penalty: float, *, is_anchored: bool = True) -> list[int]:
    """The starts of the segments with the least weighted sum of squares and penalties.

    Parameters
    ----------
    scores
        windows x scores, of variance 1 / weight within a segment.
    weights
        of the windows, above 0.
    penalty
        of each segment but the first.
    is_anchored
        whether a segment of mean 0 costs half of it.

    Examples
    --------
    >>> partition(np.array([[0.0], [0.1], [9.0], [9.1], [9.0], [0.0], [0.1]]), np.ones(7), 6.0)
    [0, 2, 5]
    """
    windows = len(scores)
    sums = np.vstack([np.zeros(scores.shape[1]), np.cumsum(weights[:, None] * scores, 0)])
    squares = np.concatenate([[0.0], np.cumsum(weights * (scores**2).sum(1))])
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    cost, back = np.full(windows + 1, np.inf), np.zeros(windows + 1, dtype=np.intp)
    cost[0] = -penalty
    for ends in _some_at_once(1, windows + 1, windows):
        last, starts = ends[:, None], np.arange(ends[-1])
        total = squares[last] - squares[starts]
        with np.errstate(invalid="ignore", divide="ignore"):  # of starts that do not come before the end
            own = total - _square_of(sums[last] - sums[starts]) / (mass[last] - mass[starts]) + penalty
        if is_anchored:
            own = np.minimum(own, total + penalty / 2)
        for end, of_end in zip(ends.tolist(), own, strict=True):
            candidates = cost[:end] + of_end[:end]
            back[end] = candidates.argmin()
            cost[end] = candidates[back[end]]
    starts_found, at = [], windows
    while at > 0:
        at = int(back[at])
        starts_found.append(at)
    return starts_found[::-1]


def _some_at_once(first: int, stop: int, windows: int) -> Iterator[NDArray[np.intp]]:
    """The numbers from `first` to `stop` - 1, so many at a time that their matrix with all windows stays small."""
    step = max(1, _AT_ONCE // windows)
    for start in range(first, stop, step):
        yield np.arange(start, min(start + step, stop))


def _square_of(vectors: Floats) -> Floats:
    """The squared length of the vectors along the last axis."""
    squared: Floats = vectors[..., 0] ** 2 if vectors.shape[-1] == 1 else (vectors**2).sum(-1)
    return squared


def _mean(scores: Floats, weights: Floats) -> Floats:
    mean: Floats = (weights[:, None] * scores).sum(0) / weights.sum()
    return mean


def _cost(scores: Floats, weights: Floats, starts: list[int], penalty: float) -> float:
    total = -penalty / 2
    for start, end in pairwise([*starts, len(scores)]):
        part, weight = scores[start:end], weights[start:end]
        free = float((weight[:, None] * (part - _mean(part, weight)) ** 2).sum()) + penalty
        total += min(free, float((weight[:, None] * part**2).sum()) + penalty / 2)
    return total


def _best_ramp(scores: Floats, weights: Floats) -> tuple[float, int]:
    """The least sum of squares about a rise from 0 that begins in some window and is complete in a later one, and the
    window that it begins in.
    """
    windows = len(scores)
    at = np.arange(windows)

    def sums(values: Floats) -> Floats:
        return np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, 0)])

    weighted = weights[:, None] * scores
    level, slope = sums(weighted), sums(at[:, None] * weighted)
    flat, linear, square = sums(weights), sums(at * weights), sums(at**2 * weights)
    best, begin, total = np.inf, 0, float((weighted * scores).sum())
    for starts in _some_at_once(0, windows - _SHORTEST_RAMP + 1, windows):
        first = starts[:, None]
        stops = np.arange(starts[0] + _SHORTEST_RAMP, windows + 1)  # the window after the last that rises
        length, offset = stops - first, 1 - first
        with np.errstate(invalid="ignore", divide="ignore"):  # of those that are not possible
            rising = slope[stops] - slope[first] + offset[..., None] * (level[stops] - level[first])
            gain = rising / length[..., None] + level[-1] - level[stops]
            squares = square[stops] - square[first] + 2 * offset * (linear[stops] - linear[first])
            squares += offset**2 * (flat[stops] - flat[first])
            gained = _square_of(gain) / (squares / length**2 + flat[-1] - flat[stops])
        left = total - np.where(length >= _SHORTEST_RAMP, gained, -np.inf).max(1)
        place = int(left.argmin())
        if left[place] < best:
            best, begin = float(left[place]), int(starts[place])
    return best, begin


def segments_of(
    scores: Floats,
    weights: Floats | None = None,
    *,
    baseline_weight: float = np.inf,
    penalty: float | None = None,
) -> list[Segment]:
    """The states of a series, in the order of time.

    Parameters
    ----------
    scores
        windows x scores, 0 where nothing differs from the baseline.
    weights
        of the windows, 1 if not given: each score's variance is 1 / weight, or so many times as much as the differences
        between neighbours say.
    baseline_weight
        1 / variance of what the baseline's own mean may be wrong: so small a difference is calm.
    penalty
        `penalty_of` if not given.
    """
    if not len(scores):
        return []
    penalty = penalty_of(*scores.shape) if penalty is None else penalty
    weights = np.ones(len(scores)) if weights is None else weights
    scaled = scores / np.sqrt(dispersion(scores, weights))
    starts = partition(scaled, weights, penalty)
    least, ramp_from, ramp_end = _cost(scaled, weights, starts, penalty), 0, 0
    for end in [*starts[1:], len(scores)]:
        if end < _SHORTEST_RAMP:
            continue
        cost, begin = _best_ramp(scaled[:end], weights[:end])
        rest = [start - end for start in starts if start >= end]
        later = _cost(scaled[end:], weights[end:], rest, penalty) + penalty / 2 if rest else 0.0
        if cost + _RAMP * penalty + later < least:
            least, ramp_from, ramp_end = cost + _RAMP * penalty + later, begin, end
    found: list[Segment] = []
    if ramp_end:
        if ramp_from:
            found.append(_segment(scores, weights, 0, ramp_from, is_calm=True))
        found.append(_segment(scores, weights, ramp_from, ramp_end, is_calm=False, shape="slope"))
        starts = [start for start in starts if start >= ramp_end]
    for start, end in pairwise([*starts, len(scores)]):
        part, weight = scaled[start:end], weights[start:end]
        known = 1 / (1 / float(weight.sum()) + 1 / baseline_weight)
        is_calm = known * float((_mean(part, weight) ** 2).sum()) < penalty / 2
        begin = start
        if found and is_calm and found[-1].is_calm:
            begin = found.pop().start
        found.append(_segment(scores, weights, begin, end, is_calm=is_calm))
    return found


def _segment(
    scores: Floats, weights: Floats, start: int, end: int, *, is_calm: bool, shape: Shape = "level"
) -> Segment:
    mean = _mean(scores[start:end], weights[start:end])
    return Segment(start, end, is_calm, shape, tuple(map(float, mean)))


def last_episode(segments: list[Segment]) -> Episode | None:
    """The present episode (it lasts: `end` is None), or the last one that is over; None if there never was one."""
    last = max((place for place, segment in enumerate(segments) if not segment.is_calm), default=None)
    if last is None:
        return None
    first = last
    while first > 0 and not segments[first - 1].is_calm:
        first -= 1
    end = segments[last].end if last + 1 < len(segments) else None
    before = segments[first - 1].start if first else segments[first].start
    moves = tuple(segment.start for segment in segments[first + 1 : last + 1])
    return Episode(segments[first].start, moves, end, before, segments[first].end, segments[first].shape)
