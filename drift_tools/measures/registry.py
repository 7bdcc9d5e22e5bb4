"""The measures that results, JSON, metrics, tables and pages go through. A new one is a module and a line here.

PSI, the Kolmogorov-Smirnov and the chi-squared test are not among them: verdicts are made of those.
"""

from typing import Final

from drift_tools.measures.jensen_shannon import JENSEN_SHANNON
from drift_tools.measures.l_infinity import L_INFINITY
from drift_tools.measures.measure import Kind, Measure, TwoSamples
from drift_tools.measures.wasserstein import WASSERSTEIN

MEASURES: Final[tuple[Measure, ...]] = (JENSEN_SHANNON, WASSERSTEIN, L_INFINITY)


def measured(samples: TwoSamples, kind: Kind) -> dict[str, float]:
    """Take all measures of a feature of this kind, by name."""
    return {measure.name: measure.function(samples) for measure in MEASURES if kind in measure.kinds}
