"""What a measure is: one number for the difference between two samples of a feature, and how people read it."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any, Final, Literal

from numpy.typing import NDArray

from drift_tools.contingency import Groups
from drift_tools.tables import Numbers

Kind = Literal["numerical", "categorical"]
EVERY_KIND: Final[Set[Kind]] = frozenset({"numerical", "categorical"})


@dataclass(frozen=True, slots=True, eq=False)
class TwoSamples:
    """Two samples of one feature, the baseline's first.

    `groups`: rows in the same bins or categories, with missing cells as a bin. `numbers`: the finite values in order,
    where they are at hand; `deviation`: the standard deviation of the baseline's.
    """

    groups: Groups
    numbers: tuple[Numbers, Numbers] | None = None
    deviation: float | None = None

    @property
    def counts(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Rows in each bin or category that either sample has any in."""
        return self.groups.apart()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One entry of the list of measures.

    `name`: in JSON, metrics and Python. `heading`: of a column of a table. `kinds`: the features that it is a measure
    of. `function`: of two samples, NaN where they have no such number. `digits`: behind the point, where people read
    it. `is_published`: whether a run of a schedule makes a metric of it, each of which costs money.
    """

    name: str
    heading: str
    kinds: Set[Kind] = EVERY_KIND
    function: Callable[[TwoSamples], float]
    digits: int = 3
    is_published: bool = False
