"""Windows with known laws, as counts in bins: what a monitor's history is made of in these tests."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from drift_tools.timeline import WindowHistory
from drift_tools.timeline.bins import FeatureBins
from drift_tools.timeline.scores import MISSING, NEW, WIDTH

HOUR = 3600
MONDAY = 4 * 86400
_EDGES = ndtri(np.arange(1, 10) / 10)
SHARES = np.array([0.45, 0.30, 0.15, 0.08, 0.02])


def number_shares(means: NDArray[np.float64], missing: float = 0.0) -> NDArray[np.float64]:
    """Shares of the baseline's decile bins of N(mean, 1), with a share of missing cells."""
    upper = ndtr(_EDGES - np.asarray(means)[:, None])
    edges = np.concatenate([np.zeros((len(means), 1)), upper, np.ones((len(means), 1))], 1)
    shares = np.zeros((len(means), WIDTH))
    shares[:, :10] = np.diff(edges, axis=1) * (1 - missing)
    shares[:, MISSING] = missing
    return shares


def category_shares(windows: int, *, missing: float = 0.0, new: float = 0.0) -> NDArray[np.float64]:
    """Shares of five categories, the same in every window."""
    shares = np.zeros((windows, WIDTH))
    shares[:, :5] = SHARES * (1 - missing - new)
    shares[:, MISSING], shares[:, NEW] = missing, new
    return shares


def draw(rng: np.random.Generator, shares: NDArray[np.float64], rows: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts of windows of independent rows."""
    return rng.multinomial(np.broadcast_to(rows, len(shares)), shares / shares.sum(1, keepdims=True))


def history(features: dict[str, NDArray[np.int64]], *, start: int = MONDAY, seconds: int = HOUR) -> WindowHistory:
    """Windows in a row: features whose names begin with `n` are numbers, the others categories."""
    windows = len(next(iter(features.values())))
    bins = [
        FeatureBins(name, name.startswith("n"), categories=() if name[0] == "n" else tuple("abcde"))
        for name in features
    ]
    counts = np.stack(list(features.values()), axis=1)
    return WindowHistory(tuple(bins), seconds, start + seconds * np.arange(windows, dtype=np.int64), counts)
