"""One number of false alarms a year, split by rule over everything that rings for data.

A stack's monitors share `false_alarms_per_year` equally (`share_of_monitor`): data quality, model quality, bias,
attribution, custom metrics and the stream each count as one. Within a monitor that keeps windows its share is split
over the tests of a run as `PARTS` says, each part equally over the features, and each feature's over its scores by the
weights of `drift_tools.timeline.scores`. False alarms add up whatever depends on what (expectations do), so that their
sum is the promise.
"""

from dataclasses import dataclass
from typing import Final

from drift_tools.errors import InputError

# Of a monitor's share: one window against the baseline's; what accumulates; the rise of rare shares.
SUDDEN, CUMULATIVE, RARE = 0.75, 0.20, 0.05
PARTS: Final = {"sudden": SUDDEN, "cumulative": CUMULATIVE, "rare shares": RARE}
# However seldom a monitor runs, no run tests at a more generous level than a single comparison would.
LARGEST_LEVEL: Final = 0.05


def share_of_monitor(false_alarms_per_year: float, monitors: int) -> float:
    """What one of so many monitors of a stack may spend.

    >>> share_of_monitor(1.0, 2)
    0.5
    """
    if monitors < 1:
        raise InputError(f"monitors is {monitors}: give the number of monitors that share the budget, at least 1")
    return false_alarms_per_year / monitors


@dataclass(frozen=True, slots=True)
class RunBudget:
    """What each run of a monitor may spend. `per_year`: false alarms of this monitor; `runs_per_year`; `features`: that
    are judged in a run.
    """

    per_year: float
    runs_per_year: float
    features: int

    def __post_init__(self) -> None:
        if not (self.per_year > 0 and self.runs_per_year > 0):
            raise InputError(
                f"false_alarms_per_year is {self.per_year} and runs_per_year {self.runs_per_year}: give numbers above 0"
            )

    @property
    def level(self) -> float:
        """The probability of any false alarm in a run, at most."""
        return min(self.per_year / self.runs_per_year, LARGEST_LEVEL)

    @property
    def sudden_level(self) -> float:
        """The p-value of one window at which a feature alarms."""
        return SUDDEN * self.level / max(self.features, 1)

    @property
    def cumulative_threshold(self) -> float:
        """The evidence over windows at which a feature alarms."""
        return max(self.features, 1) / (CUMULATIVE * self.level)

    def rare_threshold(self, series: int) -> float:
        """The evidence for the rise of one of a feature's `series` of rare shares at which it alarms."""
        return max(series, 1) * max(self.features, 1) / (RARE * self.level)
