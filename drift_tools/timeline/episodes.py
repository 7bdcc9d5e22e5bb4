"""Episodes of drift: where one began, and whether it is over, by its windows together.

No window ends one by being quiet by chance. Of a drift that lasts some windows differ less than others, small ones
often: at night a new category of 2 % has no row in one window of ten. So an episode that was called goes on until the
windows at its end are better explained by no drift at all than by going on as before, so much better that an episode
which lasts would seldom be called over: at most about once in 1 / `level` windows (Lorden's bound of a sequential
likelihood ratio), which is as often as a monitor may raise a false alarm. A large change is over with the first window
without it, a small one in small windows when enough rows have been seen.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, xlogy

from drift_tools.timeline.segmentation import Episode, last_episode, segments_of

Floats = NDArray[np.float64]

# Windows before the first that was called in which the episode may have begun: evidence accumulates unnoticed.
BEFORE: Final = 24
# Windows deviate, together, if chance would have it so at most so often.
_SURE: Final = 0.05


@dataclass(frozen=True, eq=False, slots=True)
class ScoreSeries:
    """One score of some windows, in the order of time. `deviations`: from what is expected, of variance 1 / `weights`;
    `places`: of the windows in their history; `known`: 1 / variance of what is expected. Of a rare share also the
    effective `hits` and `rows`, and the share that is `expected` at most.
    """

    deviations: Floats
    weights: Floats
    places: NDArray[np.intp]
    known: float
    hits: Floats | None = None
    rows: Floats | None = None
    expected: Floats | None = None

    def is_sure(self, weight: float = 1.0, *, starts: int = 1) -> bool:
        """Whether the windows together deviate at all, this score having so much of the level; `starts`: among how many
        the first of them was chosen, as the one from which on they do so most surely (`begun`).
        """
        return bool(2 * ndtr(-self.sureness) <= _SURE * weight / starts)

    def _where(self, chosen: slice) -> "ScoreSeries":
        counts = [None if side is None else side[chosen] for side in (self.hits, self.rows, self.expected)]
        return ScoreSeries(self.deviations[chosen], self.weights[chosen], self.places[chosen], self.known, *counts)

    def since(self, place: int) -> "ScoreSeries":
        """The windows from this one on."""
        return self._where(slice(int(np.searchsorted(self.places, place)), None))

    def until(self, place: int) -> "ScoreSeries":
        """The windows before this one."""
        return self._where(slice(int(np.searchsorted(self.places, place))))

    def begun(self, called: int, *, before: int = BEFORE) -> "ScoreSeries":
        """The episode's windows, `called` being the first that was called drift: from the one on, so many `before` at
        most, from which the windows up to that one deviate most surely.
        """
        until = int(np.searchsorted(self.places, called, side="right"))
        first = int(np.searchsorted(self.places, called - before))
        if until <= first:
            return self.since(called)
        sureness = np.abs(self._where(slice(first, until)).sureness_of_last())
        return self._where(slice(until - 1 - int(np.argmax(sureness)), None))

    def episode(self) -> Episode | None:
        """The present episode, or the last one that is over; None if there never was one."""
        found = last_episode(segments_of(self.deviations[:, None], self.weights, baseline_weight=self.known))
        if found is None:
            return None
        return replace(
            found,
            start=int(self.places[found.start]),
            moves=tuple(int(self.places[move]) for move in found.moves),
            end=None if found.end is None else int(self.places[found.end]),
        )

    def sureness_of_last(self) -> Floats:
        """By how many standard errors the last window deviates, the last two together, and so on, with the sign."""
        found: Floats = np.cumsum((self.deviations * self.weights)[::-1]) / np.sqrt(np.cumsum(self.weights[::-1]))
        return found

    @property
    def mean(self) -> float:
        """By how much the windows deviate together."""
        return float(np.average(self.deviations, weights=self.weights))

    @property
    def sureness(self) -> float:
        """By how many standard errors the windows together deviate; 0 of none. Of few hits by the root of their
        likelihood ratio: their own standard error says nothing of a share that nobody expects.

        >>> none = np.zeros(1)
        >>> counts = ScoreSeries(none, none + 1, none.astype(int), 1e9, none + 4.0, none + 94.0, none + 0.001)
        >>> round(counts.sureness, 1)
        4.7
        """
        if self.hits is not None:
            hits, expected = float(self.hits.sum()), self._expected_hits
            return float(np.sqrt(2 * max(xlogy(hits, hits / expected) - hits + expected, 0.0))) if expected else 0.0
        total = float(self.weights.sum())
        if total <= 0:
            return 0.0
        return abs(self.mean) / float(np.sqrt(1 / total + 1 / self.known))

    @property
    def _expected_hits(self) -> float:
        assert self.rows is not None  # noqa: S101 - for the type checker: the caller has looked
        assert self.expected is not None  # noqa: S101 - as above
        return float((self.expected * self.rows).sum())

    def end(self) -> tuple[float, int]:
        """How much likelier the last windows are without any drift than if they went on as those before, as the
        logarithm of the ratio, and the place of the first of them: the likeliest cut of all.

        >>> weights = np.full(6, 25.0)
        >>> series = ScoreSeries(np.array([1.0, 0.8, 1.2, 0.9, 0.1, -0.1]), weights, np.arange(6), 1e9)
        >>> evidence, place = series.end()
        >>> round(evidence, 1), place
        (15.8, 4)
        """
        if len(self.weights) < 2:
            return 0.0, int(self.places[-1]) if len(self.places) else 0
        evidence = self._by_counts() if self.hits is not None else self._by_means()
        cut = int(np.argmax(evidence))
        return float(evidence[cut]), int(self.places[cut + 1])

    def _by_means(self) -> Floats:
        """Judge each cut: two normal means that are both estimates, against one that is known."""
        sums, mass = np.cumsum(self.deviations * self.weights), np.cumsum(self.weights)
        before, after = mass[:-1], mass[-1] - mass[:-1]
        mean, last = sums[:-1] / before, (sums[-1] - sums[:-1]) / after
        going_on = (mean - last) ** 2 / (1 / before + 1 / after)
        found: Floats = (going_on - last**2 / (1 / after + 1 / self.known)) / 2
        return found

    def _by_counts(self) -> Floats:
        """Judge each cut: Poisson's law of the hits that are expected, against what the hits before predict (the gamma
        distribution that they leave of their rate makes it the negative binomial).
        """
        assert self.hits is not None  # noqa: S101 - for the type checker: the caller has looked
        assert self.rows is not None  # noqa: S101 - as above
        assert self.expected is not None  # noqa: S101 - as above
        hits, rows, mean = (np.cumsum(side) for side in (self.hits, self.rows, self.expected * self.rows))
        seen, of, before = hits[-1] - hits[:-1], rows[-1] - rows[:-1], rows[:-1]
        expected, shape = mean[-1] - mean[:-1], hits[:-1] + 0.5
        calm = seen * np.log(expected) - expected
        going_on = (
            gammaln(seen + shape) - gammaln(shape) - shape * np.log1p(of / before) + seen * np.log(of / (before + of))
        )
        found: Floats = calm - going_on
        return found


def is_over(
    scores: Mapping[int, ScoreSeries], *, level: float, remains: Callable[[Mapping[int, ScoreSeries], int], bool]
) -> bool:
    """Whether an episode is over: its last windows say so, by the score that deviates most surely before the present
    one, and nothing of it remains. What remains is an episode that begins there, and may be over in its turn.

    Parameters
    ----------
    scores
        the episode's windows, by score.
    level
        of a run: the probability with which a lasting episode may be called over.
    remains
        whether the windows from a place on, given by score, deviate by what matters.
    """
    last = max((int(series.places[-1]) for series in scores.values() if len(series.places)), default=0)
    while True:
        before = {score: series.until(last).sureness for score, series in scores.items()}
        evidence, since = scores[max(before, key=lambda score: before[score])].end()
        if evidence < -math.log(level):
            return False
        scores = {score: series.since(since) for score, series in scores.items()}
        if not remains(scores, since):
            return True
