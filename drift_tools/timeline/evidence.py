"""What a monitor's windows say of the features of one family, window after window."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from drift_tools.timeline.budget import SUDDEN, RunBudget
from drift_tools.timeline.cumulative import change_evidence
from drift_tools.timeline.history import WindowHistory
from drift_tools.timeline.monitor_model import LEAST_ROWS, Part
from drift_tools.timeline.rare_shares import rise_evidence
from drift_tools.timeline.scores import VALUES, rows_of
from drift_tools.timeline.sudden import run_length
from drift_tools.timeline.window_model import Standardised

Floats = NDArray[np.float64]


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
        says, most = ~np.isnan(self.scores.z).all(-1), self.most_expected()
        for column, score in enumerate(scores):
            is_rare = ~model.is_common[:, score]
            if not is_rare.any():
                continue
            rows = np.where(says, self.rows, 0.0)
            hits = np.where(says, self.scores.hits[..., score], 0.0)
            found = rise_evidence(hits, rows, most[..., score], model.dispersion[:, score], threshold)
            evidence[..., column] = np.where(is_rare, found / threshold, 0.0)
        return evidence.max(-1), np.array(scores)[evidence.argmax(-1)]

    def most_expected(self) -> Floats:
        """The share that is expected at most, windows x features x scores: with two standard errors added."""
        share, known = self.model.expected_share(self.scores.slot), self.model.slot_rows(self.scores.slot)
        most: Floats = np.minimum(share + 2 * np.sqrt((share + 1 / known) * self.model.dispersion / known), 0.99)
        return most
