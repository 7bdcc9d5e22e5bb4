"""What grows and is not yet material, of windows compared with a baseline: known to move, and too small to be drift."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.comparison import PSI_THRESHOLD, Comparison

# Of fewer windows no order is so rare that it says anything at the usual levels.
LEAST_WINDOWS: Final = 6
# Farther ahead nobody would believe a straight line.
_MOST_AHEAD: Final = 10


@dataclass(frozen=True, slots=True)
class Growth:
    """A feature that no window calls drift, and whose distance from the baseline grows from window to window.

    `effect`: PSI less its expectation, of the last third of the windows; `p_value`: of a growth as steady by chance
    (Mann 1945, Kendall's tau, one-sided); `windows_left`: after about how many more windows it will be material, if it
    goes on so; None where that is far.
    """

    feature: str
    effect: float
    p_value: float
    windows_left: int | None

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"effect": self.effect, "p_value": self.p_value, "windows_left": self.windows_left}

    def __str__(self) -> str:
        ahead = "" if self.windows_left is None else f", material in about {self.windows_left} windows if it goes on"
        return f"{self.feature}: PSI {self.effect:.2g} and growing{ahead}"


def growing_features(
    windows: Sequence[Comparison], *, alpha: float, thresholds: Mapping[str, float] | None = None
) -> dict[str, Growth]:
    """The features that grow and are not yet material, the largest first.

    Windows of a feature that does not change are in any order equally likely, so that their effects rise as steadily
    as this by chance with the p-value's probability; each feature is tested at `alpha` divided by their number, so that
    windows without change name any feature with probability `alpha` at most.

    Parameters
    ----------
    windows
        compared with the same baseline, in the order of time.
    alpha
        for all features together.
    thresholds
        the effect from which a feature is material, where it is not PSI 0.1.
    """
    names = list(dict.fromkeys(name for window in windows for name in window.features))
    found = []
    for name in names:
        features = [window.features[name] for window in windows if name in window.features]
        if any(feature.drifted or feature.is_new for feature in features):
            continue
        effects = np.array([feature.effect for feature in features if math.isfinite(feature.effect)])
        if len(effects) < LEAST_WINDOWS:
            continue
        growth = _growth(name, effects, (thresholds or {}).get(name, PSI_THRESHOLD))
        if growth is not None and growth.p_value <= alpha / len(names):
            found.append(growth)
    return {growth.feature: growth for growth in sorted(found, key=lambda growth: -growth.effect)}


def _growth(name: str, effects: NDArray[np.float64], threshold: float) -> Growth | None:
    from scipy.stats import kendalltau  # noqa: PLC0415 - half a second to import

    if np.ptp(effects) == 0:
        return None
    at = np.arange(len(effects))
    p_value = float(kendalltau(at, effects, alternative="greater").pvalue)
    third = max(len(effects) // 3, 2)
    now = float(effects[-third:].mean())
    if now <= 0:
        return None
    # PSI grows with the square of a shift: its root is what moves in a straight line, once it is more than chance.
    # Theil and Sen's slope, of the last two thirds.
    roots = np.sqrt(np.maximum(effects[-2 * third :], 0.0))
    first, second = np.triu_indices(len(roots), 1)
    slope = float(np.median((roots[second] - roots[first]) / (second - first)))
    level = math.sqrt(now) + slope * (third - 1) / 2
    left = (math.sqrt(threshold) - level) / slope if slope > 0 else math.inf
    is_near = left <= _MOST_AHEAD * len(effects)
    return Growth(name, now, p_value, max(math.ceil(left), 1) if is_near else None)
