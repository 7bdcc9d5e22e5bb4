"""Worlds of hourly windows, undrifted and drifted, as rows counted in a baseline's bins.

Twelve numbers, of which some are missing, and eight categories with a rare one. Hour 0 is a Monday's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr, ndtri

from drift_tools.timeline.bins import FeatureBins
from drift_tools.timeline.history import WindowHistory
from drift_tools.timeline.scores import MISSING, NEW, VALUES, WIDTH

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

HOUR, MONDAY = 3600, 4 * 86400
NUMBERS, CATEGORIES = 12, 8
FEATURES = NUMBERS + CATEGORIES
_EDGES = ndtri(np.arange(1, 10) / 10)
_SHARES = np.array([0.45, 0.30, 0.15, 0.08, 0.02])
_MISSING = np.array([0.0, 0.001, 0.03, 0.10] * 5)
# The night's population: shifts of four numbers, logits of three categories.
_SHIFTS = np.array([0.3, 0.5, 0.7, 1.0] + [0.0] * 8)
_LOGITS = np.array([[0.5, -0.3, 0, 0, 0], [0.8, 0, -0.5, 0, 0], [0, 0, 0, 0.6, 0.6]] + [[0.0] * 5] * 5)
BINS = tuple(FeatureBins(f"{'n' if place < NUMBERS else 'c'}{place}", place < NUMBERS) for place in range(FEATURES))


@dataclass(frozen=True)
class World:
    """How undrifted hours differ. `size`: the swing of day and night, the stray of hours, the correlation of rows."""

    kind: str
    rows: int
    size: float = 0.0

    @property
    def name(self) -> str:
        """As tables say it."""
        return f"{self.kind}{f' {self.size:g}' if self.size else ''}, {self.rows:,} rows"


def _number_shares(mean: Floats) -> Floats:
    upper = ndtr(_EDGES - mean[..., None])
    ends = (*mean.shape, 1)
    return np.diff(np.concatenate([np.zeros(ends), upper, np.ones(ends)], -1), axis=-1)


def _category_shares(logits: Floats) -> Floats:
    weights = _SHARES * np.exp(logits)
    shares: Floats = weights / weights.sum(-1, keepdims=True)
    return shares


def shares_of(world: World, hours: int, rng: np.random.Generator) -> Floats:
    """What each hour's rows are drawn from, hours x features x `WIDTH`."""
    at = np.arange(hours)
    mean, logits = np.zeros((hours, NUMBERS)), np.zeros((hours, CATEGORIES, 5))
    if world.kind == "hours stray":
        mean, logits = world.size * rng.normal(size=mean.shape), world.size * rng.normal(size=logits.shape)
    elif world.kind == "days stray":
        days = rng.normal(size=(-(-hours // 24), NUMBERS))
        mean = world.size * np.repeat(days, 24, axis=0)[:hours]
    elif world.kind == "weekend":
        mean[:, :4] += world.size * (at // 24 % 7 >= 5)[:, None]
    elif world.kind == "rare bursts":  # one hour of two hundred has a customer who sends a tenth of the rows
        mean[rng.random(hours) < 1 / 200, 0] += world.size
    found = np.zeros((hours, FEATURES, WIDTH))
    if world.kind == "day and night":
        weekend = at // 24 % 7 >= 5
        night = 0.5 + world.size / 2 * np.cos(2 * np.pi * (at % 24) / 24) * np.where(weekend, 1.0, 0.85)
        night = np.clip(night + 0.1 * world.size * weekend, 0, 1)[:, None, None]
        found[:, :NUMBERS, :VALUES] = (1 - night) * _number_shares(np.zeros(NUMBERS)) + night * _number_shares(_SHIFTS)
        found[:, NUMBERS:, :5] = (1 - night) * _category_shares(np.zeros((8, 5))) + night * _category_shares(_LOGITS)
    else:
        found[:, :NUMBERS, :VALUES], found[:, NUMBERS:, :5] = _number_shares(mean), _category_shares(logits)
    found *= (1 - _MISSING)[:, None]
    found[:, :, MISSING] = _MISSING
    return found


def _shift(shares: Floats, by: NDArray[np.floating[Any]]) -> None:
    present = 1 - shares[:, MISSING]
    upper = np.cumsum(shares[:, :VALUES], 1)[:, :9] / present[:, None]
    moved = ndtr(ndtri(np.clip(upper, 1e-12, 1 - 1e-12)) - by[:, None])
    ends = (len(shares), 1)
    shares[:, :VALUES] = np.diff(np.concatenate([np.zeros(ends), moved, np.ones(ends)], 1)) * present[:, None]


def _move(shares: Floats, share: NDArray[np.floating[Any]], column: int, source: slice) -> None:
    moved = share[:, None] * shares[:, source]
    shares[:, source] -= moved
    shares[:, column] += moved.sum(1)


@dataclass(frozen=True)
class Drift:
    """A change of one feature. `feature`: its place; `apply`: to its shares (hours x `WIDTH`), by the hours since."""

    name: str
    feature: int
    apply: Callable[[Floats, Floats], None]


DRIFTS = (
    Drift("0.35 σ", 5, lambda shares, since: _shift(shares, 0.35 * (since >= 0))),
    Drift("0.5 σ", 5, lambda shares, since: _shift(shares, 0.5 * (since >= 0))),
    Drift("a new category of 2 %", 17, lambda shares, since: _move(shares, 0.02 * (since >= 0), NEW, slice(0, 5))),
    Drift("10 % more missing", 6, lambda shares, since: _move(shares, 0.1 * (since >= 0), MISSING, slice(0, VALUES))),
    Drift("a unit error in one row of three", 5, lambda shares, since: _move(shares, (since >= 0) / 3, 9, slice(0, 9))),
    Drift("0.02 σ a day", 5, lambda shares, since: _shift(shares, 0.02 * np.maximum(since + 1, 0) / 24)),
)


def counts_of(world: World, shares: Floats, rng: np.random.Generator) -> Counts:
    """The rows of each hour in the bins."""
    hours = len(shares)
    rows = np.full(hours, world.rows)
    if world.kind == "day and night":  # more traffic by day
        rows = np.maximum(rng.poisson(world.rows * (1 - 0.6 * np.cos(2 * np.pi * (np.arange(hours) % 24) / 24))), 20)
    if world.kind == "AR(1) rows":
        return _remembering(world, shares, rng)
    if world.kind == "clusters":  # customers who are there 5 to 20 times in the hour, each time the same
        found = np.zeros(shares.shape, dtype=np.int64)
        for size in range(5, 21):
            customers = rng.multinomial(np.full(hours, max(world.rows // 200, 1)), shares.transpose(1, 0, 2))
            found += size * customers.transpose(1, 0, 2)
        return found
    return rng.multinomial(rows[:, None], shares)


def _remembering(world: World, shares: Floats, rng: np.random.Generator) -> Counts:
    """Rows of which each remembers the one before."""
    hours, features, _ = shares.shape
    found = np.zeros(shares.shape, dtype=np.int64)
    for feature in range(features):
        noise = rng.normal(size=hours * world.rows, scale=np.sqrt(1 - world.size**2)).astype(np.float32)
        latent = ndtr(lfilter([1.0], [1.0, -world.size], noise)).reshape(hours, world.rows)
        upper = np.cumsum(shares[:, feature, :MISSING], 1)
        gone = rng.random((hours, world.rows)) < shares[:, feature, MISSING][:, None]
        for hour in range(hours):
            bins = np.searchsorted(upper[hour] / upper[hour, -1], latent[hour])
            bins = np.where(gone[hour], MISSING, np.minimum(bins, MISSING - 1))
            found[hour, feature] = np.bincount(bins, minlength=WIDTH)
    return found


def history(counts: Counts, start: int = 0) -> WindowHistory:
    """Hours in a row, of which the first is this many hours after a Monday's midnight."""
    starts = MONDAY + HOUR * np.arange(start, start + len(counts), dtype=np.int64)
    return WindowHistory(BINS, HOUR, starts, counts)


UNDRIFTED: Mapping[str, tuple[World, ...]] = {
    "plain": (World("plain", 50), World("plain", 500), World("plain", 5000)),
    "seasons": (World("day and night", 500, 0.6), World("day and night", 500, 0.9), World("weekend", 500, 1.0)),
    "dependent": (
        World("AR(1) rows", 300, 0.9),
        World("clusters", 500),
        World("hours stray", 500, 0.2),
        World("rare bursts", 500, 0.5),
    ),
}
