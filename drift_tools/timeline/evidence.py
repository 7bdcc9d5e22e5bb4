"""What a monitor's windows say of the features of one family, window after window: evidence, and episodes."""

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.timeline.budget import SUDDEN, RunBudget
from drift_tools.timeline.cumulative import change_evidence
from drift_tools.timeline.episodes import ScoreSeries
from drift_tools.timeline.history import WindowHistory
from drift_tools.timeline.monitor_model import LEAST_ROWS, Part
from drift_tools.timeline.rare_shares import rise_evidence
from drift_tools.timeline.scores import VALUES, rows_of
from drift_tools.timeline.segmentation import Episode
from drift_tools.timeline.sudden import run_length
from drift_tools.timeline.window_model import Standardised

Floats = NDArray[np.float64]

# The longest time that is looked back on to say since when a score has moved.
_LONGEST_EPISODE: Final = 336
_ANSCOMBE: Final = 3 / 8


class PartEvidence:
    """The windows of one family's features, standardised by the baseline's, and what they add up to."""

    def __init__(self, part: Part, history: WindowHistory, budget: RunBudget) -> None:
        self.model, self.history, self.budget = part.model, history, budget
        self.bins = [history.bins[place] for place in part.places]
        self.counts = history.counts[:, part.places].astype(np.float64)
        self.rows = rows_of(self.counts)
        self.scores = self._standardise()

    @property
    def run_length(self) -> int:
        """How many windows beyond all of the baseline's are as rare as the budget asks."""
        scores = float((self.model.in_use & self.model.heavy).sum())
        tests = scores / max(len(self.bins), 1) * self.budget.features
        return run_length(self.model.windows, max(tests, 1.0), self.budget.level * SUDDEN)

    def _standardise(self) -> Standardised:
        found = self.model.standardise(self.counts, self.history.starts)
        return replace(found, z=np.where(self.rows[..., None] >= LEAST_ROWS, found.z, np.nan))

    def cumulative(self) -> tuple[Floats, NDArray[np.intp]]:
        """Evidence for a lasting change after each window, windows x features, and the score that it came from."""
        weights = np.where(self.model.is_common, np.array(self.model.family.weights), 0.0)
        return change_evidence(
            self.scores.z,
            weights,
            freedom=self.model.freedom,
            margin=2 / math.sqrt(self.model.windows),
            scale=self.model.long_run_scale,
            threshold=self.budget.cumulative_threshold,
        )

    def rare(self) -> tuple[Floats, NDArray[np.intp]]:
        """Evidence for the rise of each feature's rare shares after each window, as a part of its threshold, and the
        score that it came from.
        """
        model = self.model
        family = model.family
        scores = [
            place for place in range(family.moments, family.size) if family.columns[place - family.moments] >= VALUES
        ]
        evidence = np.zeros((*self.rows.shape, len(scores)))
        threshold = self.budget.rare_threshold(len(scores))
        is_rare = ~model.is_common[:, scores]
        columns = np.flatnonzero(is_rare.any(0))
        if len(columns):
            says, chosen = ~np.isnan(self.scores.z).all(-1, keepdims=True), np.array(scores)[columns]
            found = rise_evidence(
                np.where(says, self.scores.hits[..., chosen], 0.0),
                np.where(says, self.rows[..., None], 0.0),
                self.most_expected()[..., chosen],
                model.dispersion[:, chosen],
                threshold,
            )
            evidence[..., columns] = np.where(is_rare[:, columns], found / threshold, 0.0)
        return evidence.max(-1), np.array(scores)[evidence.argmax(-1)]

    def most_expected(self) -> Floats:
        """The share that is expected at most, windows x features x scores: with two standard errors added."""
        share, known = self.model.expected_share(self.scores.slot), self.model.slot_rows(self.scores.slot)
        most: Floats = np.minimum(share + 2 * np.sqrt((share + 1 / known) * self.model.dispersion / known), 0.99)
        return most

    def series(self, own: int, score: int) -> ScoreSeries:
        """What a score of a feature deviates by in those windows that have it."""
        scores, first = self.scores, max(len(self.rows) - _LONGEST_EPISODE, 0)
        kept = first + np.flatnonzero(~np.isnan(scores.z[first:, own, score]) & (self.rows[first:, own] > 0))
        if self.model.is_common[own, score]:
            variance = scores.variance[kept, own, score]
            deviations = scores.z[kept, own, score] * np.sqrt(variance)
            weights = 1 / (variance * self.model.long_run[own, score])
        else:  # of few hits the root is what has a variance that does not depend on them (Anscombe 1948)
            rows, hits = self.rows[kept, own], scores.hits[kept, own, score]
            share = self.model.expected_share(scores.slot[kept])[:, own, score]
            deviations = 2 * (np.sqrt((hits + _ANSCOMBE) / rows) - np.sqrt(share + _ANSCOMBE / rows))
            weights = rows / self.model.dispersion[own, score]
        known = float(weights.mean()) * self.model.windows if len(weights) else np.inf
        return ScoreSeries(deviations, weights, kept, known)

    def episode(self, own: int, score: int) -> Episode | None:
        """The present episode of a score, or its last one; None if it never had any."""
        return self.series(own, score).episode()

    def series_since(self, own: int, called: int) -> dict[int, ScoreSeries]:
        """The windows of an episode of which `called` is the first that was called drift: by score of the feature."""
        found = {}
        for score in np.flatnonzero(self.model.weights[own] > 0).tolist():
            series = self.series(own, score)
            if not self.model.is_common[own, score]:
                dispersion = float(self.model.dispersion[own, score])
                series = replace(
                    series,
                    hits=self.scores.hits[series.places, own, score] / dispersion,
                    rows=self.rows[series.places, own] / dispersion,
                    expected=self.most_expected()[series.places, own, score],
                )
            found[score] = series.begun(called)
        return found
