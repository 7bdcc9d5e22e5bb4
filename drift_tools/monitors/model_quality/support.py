"""Whether rows are of a kind that the baseline has: an estimate made from the baseline says nothing of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.tables import Column, Numbers, Table

# From which share of rows on an estimate is not to be trusted, and how many times what chance alone puts outside.
_LARGEST_SHARE: Final = 0.05
_TIMES_CHANCE: Final = 3.0
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class _Known:
    """What a column of the baseline has: a range of numbers, or categories; and whether cells are missing in it.

    `chance`: the share of equal rows that are expected to be outside all the same.
    """

    lowest: float
    highest: float
    categories: frozenset[str] | None
    has_missing: bool
    chance: float

    @classmethod
    def of(cls, column: Column) -> "_Known":
        if column.is_mostly_numerical:
            numbers = column.as_numbers()[0]
            found = numbers[np.isfinite(numbers)]
            if len(found):
                # Of n + 1 exchangeable numbers the last is the smallest or the largest with probability 2 / (n + 1).
                return cls(found.min(), found.max(), None, len(found) < len(numbers), 2 / (len(found) + 1))
        counts = column.category_counts()
        total = max(sum(counts.values()), 1)
        # Good (1953): the share of categories never seen is that of those seen once.
        chance = sum(count == 1 for count in counts.values()) / total
        return cls(np.nan, np.nan, frozenset(counts), total < len(column), chance)

    def outside(self, column: Column) -> NDArray[np.bool_]:
        """Which cells are none of the baseline's."""
        if self.categories is None:
            numbers: Numbers = column.as_numbers()[0]
            outside = (numbers < self.lowest) | (numbers > self.highest)
            return outside if self.has_missing else outside | np.isnan(numbers)
        texts = column.as_texts()
        return np.fromiter(
            (not self.has_missing if text is None else text not in self.categories for text in texts),
            dtype=np.bool_,
            count=len(texts),
        )


@dataclass(frozen=True, slots=True)
class Support:
    """Where a baseline has rows, column by column."""

    columns: Mapping[str, _Known]

    @classmethod
    def of(cls, baseline: Table, names: Sequence[str]) -> "Support":
        """Describe these columns of a table, without those that have new values in every window, such as ids."""
        known = {name: _Known.of(baseline.columns[name]) for name in names}
        return cls({name: one for name, one in known.items() if one.chance <= _LARGEST_SHARE})

    def complaint(self, window: Table) -> str:
        """Say which share of a window's rows the baseline has none of, and why; empty where it is no more than chance
        or 5 %.
        """
        masks = {name: known.outside(window.columns[name]) for name, known in self.columns.items()}
        if not masks or not window.rows:
            return ""
        share = float(np.logical_or.reduce(list(masks.values())).mean())
        chance = sum(known.chance for known in self.columns.values())
        if share <= max(_LARGEST_SHARE, _TIMES_CHANCE * chance):
            return ""
        worst = sorted(masks, key=lambda name: -float(masks[name].mean()))[:_NAMED]
        named = ", ".join(name for name in worst if masks[name].any())
        return f"{100 * share:.0f} % of the rows have values that the baseline has not ({named})"
