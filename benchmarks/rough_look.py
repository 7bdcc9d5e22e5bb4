"""Which of a year's windows could ring at all: the job's own tests on the counts of all windows at once, held against
ten times the budget. Only those are run through the whole chain; a sample of the others is, too, as a check.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.row_worlds import Block
from drift_tools.timeline.bins import FeatureBins
from drift_tools.timeline.budget import RunBudget
from drift_tools.timeline.evidence import PartEvidence
from drift_tools.timeline.history import WindowHistory
from drift_tools.timeline.materiality import effect_of
from drift_tools.timeline.monitor_model import MonitorModel
from drift_tools.timeline.scores import BEYOND, MISSING, NEW, OTHER, VALUES, WIDTH
from drift_tools.timeline.sudden import runs_beyond, sudden_p_values, weighted_p_values

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

LOOSER = 10.0
# While nothing has been learnt only what is gross rings: from an index of 2 on. Here from so much on.
_GROSS, _GROSS_SHARES = 0.8, {BEYOND: 0.025, NEW: 0.025, OTHER: 0.025, MISSING: 0.15}
_NOISE = 10.0  # the index of few rows is noise, for the most part
_DAY, _IN_A_ROW, _ABOUT = 24, 60, 0.9


def counts_of(block: Block, bins: Sequence[FeatureBins]) -> Counts:
    """The rows of each of a block's hours in a monitor's bins, hours x features x `WIDTH`."""
    hours, most = block.label.shape
    valid = np.arange(most) < block.rows[:, None]
    counts = np.zeros((hours, len(bins), WIDTH), dtype=np.int64)
    for place, feature in enumerate(bins):
        if feature.name in block.codes:
            found, beyond = _category(block, feature), None
        else:
            values = block.numbers.get(feature.name, block.prediction)
            found, beyond = _number(values, feature)
        at = np.where(valid, found + WIDTH * np.arange(hours)[:, None], -1).ravel()
        counts[:, place] = np.bincount(at[at >= 0], minlength=hours * WIDTH).reshape(hours, WIDTH)
        if beyond is not None:
            counts[:, place, BEYOND] = (beyond & valid).sum(1)
    return counts


def _number(values: NDArray[np.generic], feature: FeatureBins) -> tuple[NDArray[np.int64], Flags]:
    floats = values.astype(np.float64)
    found = np.searchsorted(np.array(feature.edges), floats)
    with np.errstate(invalid="ignore"):
        beyond: Flags = (floats < feature.low) | (floats > feature.high)
    return np.where(np.isnan(floats), MISSING, found), beyond


def _category(block: Block, feature: FeatureBins) -> NDArray[np.int64]:
    names = block.names[feature.name]
    places = {name: place for place, name in enumerate(feature.categories)}
    others = dict.fromkeys(feature.known, VALUES - 1) | places
    table = np.array([others.get(name, NEW if feature.is_listed else VALUES - 1) for name in names])
    found: NDArray[np.int64] = table[block.codes[feature.name]]
    return found


def while_learning(counts: Counts, training: Counts) -> Flags:
    """The windows that could be gross, or the last of 60 hours beyond all before; those with it."""
    expected = training / np.maximum(training[:, :-1].sum(-1, keepdims=True), 1)
    effects = effect_of(counts.astype(np.float64), expected).psi
    rows = np.maximum(counts[..., :BEYOND].sum(-1), 1)
    found: Flags = np.any(effects >= _GROSS + _NOISE / rows, axis=1)
    for column, share in _GROSS_SHARES.items():
        found |= (counts[..., column] / rows - expected[:, column] >= share).any(1)
    for at in range(_DAY + _IN_A_ROW - 1, len(counts)):
        least = effects[at - _IN_A_ROW + 1 : at + 1].min(0)
        if (least > _ABOUT * effects[: at - _IN_A_ROW + 1].max(0)).any():
            found[at - _IN_A_ROW + 1 : at + 1] = True
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """Windows with evidence in themselves, and those at which evidence over windows crosses."""

    sudden: Flags
    crossing: Flags


def by_windows(model: MonitorModel, history: WindowHistory, *, per_year: float, runs_per_year: float) -> Look:
    """Every window's evidence at the looser budget, by the model that has been learnt."""
    return evident(model, history, RunBudget(LOOSER * per_year, runs_per_year, len(history.bins)))


def evident(model: MonitorModel, history: WindowHistory, budget: RunBudget) -> Look:
    """The windows with evidence of any feature, material or not."""
    sudden, crossing = np.zeros(len(history), dtype=bool), np.zeros(len(history), dtype=bool)
    for part in model.parts:
        evidence = PartEvidence(part, history, budget)
        p_values, _ = weighted_p_values(part.model, sudden_p_values(part.model, evidence.scores))
        sudden |= (p_values <= budget.sudden_level).any(1)
        sudden |= runs_beyond(part.model, evidence.scores.z, evidence.run_length).any(1)
        crossing |= (evidence.cumulative()[0] >= budget.cumulative_threshold).any(1)
        crossing |= (evidence.rare()[0] >= 1).any(1)
    return Look(sudden, crossing)
