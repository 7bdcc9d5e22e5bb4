"""The bins that a feature's rows are counted in, window for window, fixed once with the baseline."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.timeline.scores import BEYOND, MISSING, NEW, OTHER, VALUES, WIDTH

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Known categories that are kept by name, to tell a new one from a rare one.
_MOST_KNOWN: Final = 1000
# A value or a category counts as the baseline's if so many of its windows have it: what one window alone has, the next
# may have of its own, and how often that happens is learnt (Good and Turing's estimate of the unseen).
_LEAST_WINDOWS: Final = 2


@dataclass(frozen=True, slots=True)
class FeatureBins:
    """The bins of one feature. Numbers have `edges` (inner, at most nine) and a range `low` … `high`; categories have
    names: those with a bin of their own, and others that are `known`. `is_listed`: whether all known ones are kept; if
    not, none is called new.
    """

    name: str
    is_numerical: bool
    edges: tuple[float, ...] = ()
    low: float = -np.inf
    high: float = np.inf
    categories: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    is_listed: bool = True

    def count_numbers(
        self, values: Sequence[int], *, below: int = 0, above: int = 0, missing: int = 0, other: int = 0
    ) -> Integers:
        """The counts of a window: of its `values` by bin (as many as edges, and one), of those among them that are
        `below` and `above` the baseline's range, of missing cells and of those of another type.
        """
        counts = np.zeros(WIDTH, dtype=np.int64)
        counts[: len(values)] = values
        counts[MISSING], counts[OTHER], counts[BEYOND] = missing, other, below + above
        return counts

    def count_categories(self, values: Mapping[str, int], *, missing: int = 0, other: int = 0) -> Integers:
        """The counts of a window's categories."""
        counts = np.zeros(WIDTH, dtype=np.int64)
        places = {name: place for place, name in enumerate(self.categories)}
        for name, count in values.items():
            if name in places:
                counts[places[name]] += count
            elif name in self.known or not self.is_listed:
                counts[VALUES - 1] += count
            else:
                counts[NEW] += count
        counts[MISSING], counts[OTHER] = missing, other
        return counts

    def label_of(self, column: int) -> str:
        """What a value bin of categories holds, as messages say it."""
        return self.categories[column] if column < len(self.categories) else "other categories"

    def to_dict(self) -> dict[str, Any]:
        """The bins as a JSON object."""
        if self.is_numerical:
            finite = [None if not np.isfinite(bound) else bound for bound in (self.low, self.high)]
            return {"name": self.name, "kind": "numerical", "edges": list(self.edges), "range": finite}
        return {
            "name": self.name,
            "kind": "categorical",
            "categories": list(self.categories),
            "known": sorted(self.known),
            "is_listed": self.is_listed,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "FeatureBins":
        """Read the JSON object."""
        name = str(document["name"])
        if document["kind"] == "numerical":
            low, high = document["range"]
            bounds = (-np.inf if low is None else float(low), np.inf if high is None else float(high))
            return cls(name, True, tuple(map(float, document["edges"])), *bounds)
        return cls(
            name,
            False,
            categories=tuple(map(str, document["categories"])),
            known=frozenset(map(str, document["known"])),
            is_listed=bool(document["is_listed"]),
        )


def number_bins(name: str, edges: Floats, ranges: Sequence[tuple[float, float]]) -> FeatureBins:
    """The bins of a number: `edges` are the baseline's inner ones, `ranges` the smallest and the largest value of each
    of its windows (one window: a baseline without times).

    The range is what at least two windows reach: beyond the second smallest minimum and the second largest maximum a
    window may lie by chance, as one of the baseline's does.
    """
    if not ranges:
        return FeatureBins(name, True, tuple(map(float, edges)))
    place = min(_LEAST_WINDOWS, len(ranges)) - 1
    low = sorted(smallest for smallest, _ in ranges)[place]
    high = sorted((largest for _, largest in ranges), reverse=True)[place]
    return FeatureBins(name, True, tuple(map(float, edges)), float(low), float(high))


def category_bins(name: str, windows: Sequence[Mapping[str, int]]) -> FeatureBins:
    """The bins of a category, of the counts of the baseline's windows (one window: a baseline without times): the nine
    most frequent (all, if there are ten), and the others as one.

    A category that only one of several windows has counts as new there, and is no known one.
    """
    totals: Counter[str] = Counter()
    occurs: Counter[str] = Counter()
    for counts in windows:
        totals.update(counts)
        occurs.update({label: 1 for label, count in counts.items() if count})
    least = min(_LEAST_WINDOWS, max(len(windows), 1))
    known = [
        label for label, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0])) if occurs[label] >= least
    ]
    named = known if len(known) <= VALUES else known[: VALUES - 1]
    is_listed = len(known) <= _MOST_KNOWN
    kept = frozenset(known[len(named) :]) if is_listed else frozenset()
    return FeatureBins(name, False, categories=tuple(named), known=kept, is_listed=is_listed)
