"""When a challenger may replace the champion: no worse anywhere that matters, and better somewhere.

*No worse* is shown, not assumed: the interval of each metric's difference must leave out a loss of more than
`tolerance`. A segment and a group of people are smaller, and no interval of theirs could ever be narrow enough; there a
loss refuses that is both significant (over all segments, Holm) and larger than its tolerance. *Better* is a gain of at
least `least_gain` in a metric or a segment that is significant over all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from contract.retraining import RULE_BOUNDS
from drift_tools.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The thresholds. All are on the scale of the metrics; a loss metric's gain is its decrease."""

    confidence: float = 0.95
    """Of intervals, and 1 less the level of tests."""
    tolerance: float = 0.01
    """How much worse an overall metric may be at most, at the end of its interval."""
    least_gain: float = 0.0
    """How much better it must be somewhere, as estimated."""
    segment_tolerance: float = 0.03
    """From which loss of accuracy on (of the metric, for a regression) a segment counts as worse."""
    least_segment_rows: int = 100
    """Smaller segments are shown and not judged."""
    bias_tolerance: float = 0.05
    """From which growth of a bias metric's distance to its neutral value on a group counts as worse.

    0.05 by definition, not by results: five people more in a hundred, and half of the distance that the four-fifths
    rule leaves at a rate of one half (0.5 against 0.4). One retraining may not use up more than half of that.
    """
    least_rows: int = 500
    """A hold-out with fewer rows decides nothing."""

    def __post_init__(self) -> None:
        for name, (least, most) in RULE_BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise InputError(f"rule.{name} is {value}: give a number from {least:g} to {most:g}")

    @property
    def level(self) -> float:
        """The level of its tests."""
        return 1 - self.confidence

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Rule":
        """Read thresholds by name; InputError names one that there is not, or that is no number."""
        known = {field.name: field.type for field in fields(cls)}
        for name, value in given.items():
            if name not in known:
                raise InputError(f"rule.{name} is no threshold: there are {', '.join(known)}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"rule.{name} is {value!r}: give a number")
        return cls(**given)
