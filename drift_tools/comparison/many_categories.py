"""Columns of very many texts (names, ids, comments), counted where Arrow has them.

A dictionary of a million texts takes longer and more memory than everything else of a comparison. The measures need
counts only, and people read a few names: so only those are made strings of. The measures are those of
`drift_tools.comparison.feature`; sums may differ from theirs in the last digit, since the categories stand in the order
of their counts.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.comparison.columns import Sample
from drift_tools.comparison.feature import (
    DRAWN_CATEGORIES,
    MOST_NAMED,
    CountedSide,
    Measured,
    OneSided,
    drawn_categories,
    measure_counts,
)
from drift_tools.comparison.results import Side
from drift_tools.comparison.single_texts import Divided, Texts, bytes_of, divided, smallest
from drift_tools.tables import is_plain_number

# Below so many categories on either side a dictionary is as quick.
MANY: Final = 20_000
_LAST_BLANK: Final = 0x3000
_WORD: Final = 8
_TOP: Final = 7 if sys.byteorder == "little" else 0  # where a number's largest byte is
# Bytes with which a character begins, or ends, that Python's `strip` may take away (UTF-8).
_BEGINS_BLANK: Final = np.array([code <= 0x20 or code in {0xC2, 0xE1, 0xE2, 0xE3} for code in range(256)])
_ENDS_BLANK: Final = np.array([code <= 0x20 or 0x80 <= code < 0xC0 for code in range(256)])


@dataclass(frozen=True, eq=False, slots=True)
class Tally:
    """How often each of a column's texts occurs: Arrow arrays. `missing`: rows without one. `single`: texts that no
    other row of either side has; they are none of the `names`.
    """

    names: Any
    counts: NDArray[np.int64]
    missing: int
    single: Sequence[Texts] = ()

    @classmethod
    def of(cls, found: Any) -> "Tally | None":
        """Take Arrow's `value_counts`; None if there are few, or texts that need a closer look before being counted."""
        if found is None or len(found) < MANY:
            return None
        tally = cls._of_counts(found)
        ends = tally.names[0].as_py(), tally.names[len(tally.names) - 1].as_py()
        return tally if not all(map(is_plain_number, ends)) and _are_trimmed(tally.names) else None

    @classmethod
    def _of_counts(cls, found: Any) -> "Tally":
        names, counts = found.field("values"), found.field("counts").to_numpy().astype(np.int64)
        missing = 0
        if names.null_count:
            is_text = names.is_valid()
            is_known = is_text.to_numpy(zero_copy_only=False)
            missing = int(counts[~is_known].sum())
            names, counts = names.filter(is_text), counts[is_known]
        import pyarrow as pa  # noqa: PLC0415 - optional, and there, since this is its array

        return cls(names.cast(pa.large_string()), counts, missing)

    @classmethod
    def of_divided(cls, texts: Divided, missing: int) -> "Tally | None":
        """Count texts most of which are single; None as above."""
        import pyarrow as pa  # noqa: PLC0415 - optional, and there, since these are its arrays

        others = [part.cast(pa.large_string()) for part in texts.others]
        counted = cls._of_counts(pa.chunked_array(others, type=pa.large_string()).value_counts())
        tally = cls(counted.names, counted.counts, missing, texts.single)
        is_plain = _are_trimmed(counted.names) and all(_are_trimmed(*part) for part in texts.single)
        return tally if tally.distinct >= MANY and is_plain else None

    @property
    def alone(self) -> int:
        """How many texts are single."""
        return sum(len(texts.array) for texts in self.single)

    @property
    def distinct(self) -> int:
        """How many different texts there are."""
        return len(self.names) + self.alone

    @property
    def values(self) -> int:
        """Rows that hold a text."""
        return int(self.counts.sum()) + self.alone

    @property
    def side(self) -> Side:
        """The side as results have it."""
        rows = self.values + self.missing
        return Side(rows, self.missing / max(rows, 1), 0.0, 0.0, self.distinct)

    def first_alone(self) -> Any:
        """As many of the single texts as a result names, in their order."""
        import pyarrow as pa  # noqa: PLC0415 - as above

        return smallest(self.single, MOST_NAMED).cast(pa.large_string())


def measure_many(name: str, before: Sample, after: Sample, threshold: float) -> Measured | None:
    """All measures of a column of very many texts on both sides; None if it is none."""
    sides = _single_ones(before.uncounted_texts(), after.uncounted_texts())
    if sides is None:
        one = Tally.of(before.arrow_counts())
        sides = one, None if one is None else Tally.of(after.arrow_counts())
    one, two = sides
    return None if one is None or two is None else _measured(name, one, two, threshold)


def _single_ones(first: Any, second: Any) -> tuple[Tally | None, Tally | None] | None:
    """Both sides' texts, most of which occur once; None if they do not, or are counted already."""
    if first is None or second is None or min(len(first), len(second)) < MANY:
        return None
    texts = [side.drop_null() if side.null_count else side for side in (first, second)]
    if min(map(len, texts)) < MANY or (found := divided(*texts)) is None:
        return None
    if any(is_plain_number(side[0].as_py()) and is_plain_number(side[-1].as_py()) for side in texts):
        return None, None
    one, two = (Tally.of_divided(part, side.null_count) for part, side in zip(found, (first, second), strict=True))
    return one, two


def _measured(name: str, before: Tally, after: Tally, threshold: float) -> Measured:
    import pyarrow as pa  # noqa: PLC0415 - optional, and there, since these are its arrays
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    places = pc.index_in(after.names, value_set=before.names)
    is_new = places.is_null().to_numpy(zero_copy_only=False)
    known = places.drop_null().to_numpy()
    both = np.zeros(len(before.names), dtype=np.int64)
    both[known] = after.counts[~is_new]
    first = np.concatenate([before.counts, np.zeros(int(is_new.sum()), dtype=np.int64)])
    second = np.concatenate([both, after.counts[is_new]])
    # Of the single texts those that come first; a result names no others.
    alone = before.first_alone(), after.first_alone()
    names = pa.chunked_array([before.names, after.names.filter(pa.array(is_new)), *alone])
    ones = [np.repeat((1, 0), [len(alone[side]), len(alone[1 - side])]) for side in (0, 1)]
    here, there = np.concatenate([first, ones[0]]), np.concatenate([second, ones[1][::-1]])
    totals = before.values, after.values

    def most(weights: NDArray[Any], count: int) -> list[int]:
        """The places of the largest weights above 0, of equal ones those whose names come first."""
        table = pa.table({"weight": pa.array(weights), "name": names})
        some = pc.select_k_unstable(table, count, [("weight", "descending"), ("name", "ascending")]).to_numpy()
        return [int(place) for place in some if weights[place] > 0]

    def only(own: NDArray[np.int64], other: NDArray[np.int64], total: int, not_listed: int) -> OneSided:
        weights = np.where(other == 0, own, 0)
        places = most(weights, MOST_NAMED)
        shares = (int(own[place]) / total for place in places)
        named = tuple(zip(names.take(pa.array(places, pa.int64())).to_pylist(), shares, strict=True))
        return OneSided(named, int(np.count_nonzero(weights)) + not_listed)

    largest = np.maximum(here / max(totals[0], 1), there / max(totals[1], 1))
    drawn = [(names[place].as_py(), int(here[place]), int(there[place])) for place in most(largest, DRAWN_CATEGORIES)]
    groups = [(before.alone, 1, 0), (after.alone, 0, 1)]
    first, second, times = (
        np.concatenate([counts, [group[part] for group in groups if group[0]]]).astype(np.int64)
        for part, counts in ((1, first), (2, second), (0, np.ones(len(first))))
    )
    order = np.lexsort((second, first))
    return measure_counts(
        name,
        CountedSide(first[order], before.missing, before.side),
        CountedSide(second[order], after.missing, after.side),
        threshold,
        histogram=drawn_categories(drawn, int(times.sum()), *(np.array([total]) for total in totals)),
        new=only(there, here, totals[1], after.alone - len(alone[1])),
        vanished=only(here, there, totals[0], before.alone - len(alone[0])),
        times=times[order],
    )


def _are_trimmed(names: Any, beginnings: NDArray[np.uint64] | None = None) -> bool:
    """Whether no text is empty or may have blanks around it, which each reader takes in its own way. `beginnings`: see
    `Texts`.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional, and there, since this is its array
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    offsets, content = bytes_of(names)
    if not len(names):
        return True
    if (offsets[1:] == offsets[:-1]).any():
        return False
    first = content.take(offsets[:-1]) if beginnings is None else beginnings.view(np.uint8)[_TOP::_WORD]
    may_be = _BEGINS_BLANK.take(first) | _ENDS_BLANK.take(content.take(offsets[1:] - 1))
    if not may_be.any():
        return True
    some = names.filter(pa.array(may_be))
    ends = pc.utf8_trim(some, characters=_blanks())
    return bool(pc.sum(pc.binary_length(ends)).as_py() == pc.sum(pc.binary_length(some)).as_py())


def _blanks() -> str:
    """Every character that Python's `strip` takes away."""
    return "".join(character for character in map(chr, range(_LAST_BLANK + 1)) if character.isspace())
