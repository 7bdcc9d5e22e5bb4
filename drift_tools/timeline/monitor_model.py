"""The windows of a baseline, fitted for numbers and categories alike: what every run is judged by."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.timeline.history import WindowHistory
from drift_tools.timeline.scores import CATEGORIES, NUMBERS, VALUES, normal_scores
from drift_tools.timeline.season_names import SeasonName
from drift_tools.timeline.window_model import WindowModel, fit_windows

_WEEK = 7 * 86400
# Fewer windows than these say nothing of how windows differ: 24 and one straying hour a day is already 12 false alarms
# a year, 48 are 5, a week of hours one.
LEAST_WINDOWS: Final = 24
LEAST_ROWS: Final = 20


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """The features of one family: their places among all features, and their fit."""

    places: NDArray[np.intp]
    model: WindowModel


@dataclass(frozen=True, eq=False, slots=True)
class MonitorModel:
    """What a baseline's windows teach of all features. `history`: those windows."""

    history: WindowHistory
    parts: tuple[Part, ...]

    @classmethod
    def fit(cls, history: WindowHistory, *, season: str = "auto") -> "MonitorModel":
        """Fit the windows that have rows enough; raises `InputError` if there are too few."""
        used = history.where(history.rows >= LEAST_ROWS)
        if len(used) < LEAST_WINDOWS:
            raise InputError(
                f"the baseline has {len(used)} windows of at least {LEAST_ROWS} rows, {LEAST_WINDOWS} are needed: "
                "give a longer one, two whole weeks if it can be"
            )
        is_numerical = np.array([feature.is_numerical for feature in history.bins], dtype=bool)
        parts = []
        for family, places in ((NUMBERS, np.flatnonzero(is_numerical)), (CATEGORIES, np.flatnonzero(~is_numerical))):
            if len(places):
                counts = used.counts[:, places].astype(np.float64)
                normal = _normal_scores(counts) if family.moments else np.zeros((len(places), VALUES))
                parts.append(Part(places, fit_windows(counts, used.starts, family, normal, season=season)))
        return cls(used, tuple(parts))

    @property
    def windows(self) -> int:
        """How many windows it was fitted on."""
        return len(self.history)

    @property
    def seasons(self) -> dict[str, SeasonName]:
        """The season of each kind of feature."""
        return {part.model.family.name: part.model.season for part in self.parts}

    @property
    def remembering(self) -> tuple[str, ...]:
        """Features whose windows resemble those just before, beyond the season."""
        names = self.history.names
        return tuple(names[place] for part in self.parts for place in part.places[part.model.remembers])


def _normal_scores(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    pooled = counts[..., :VALUES].sum(0)
    return normal_scores(pooled / np.maximum(pooled.sum(-1, keepdims=True), 1.0))


def windows_of_weeks(seconds: int, weeks: int) -> int:
    """How many windows of this length so many weeks have, and at least so many that anything can be learnt of them.

    >>> windows_of_weeks(3600, 2), windows_of_weeks(86400, 2)
    (336, 28)
    """
    a_week = max(_WEEK // seconds, 1)
    return max(weeks, -(-LEAST_WINDOWS // a_week)) * a_week
