"""Columns of very many texts (names, ids, comments), counted where Arrow has them.

A dictionary of a million texts takes longer and more memory than everything else of a comparison. The measures need
counts only, and people read a few names: so only those are made strings of. The measures are those of
`drift_tools.comparison.feature`; sums may differ from theirs in the last digit, since the categories stand in the order
of their counts.
"""

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
    largest_shares,
    measure_counts,
)
from drift_tools.comparison.results import Side
from drift_tools.tables import is_plain_number

# Below so many categories on either side a dictionary is as quick.
MANY: Final = 20_000
_LAST_BLANK: Final = 0x3000


@dataclass(frozen=True, eq=False, slots=True)
class Tally:
    """How often each of a column's texts occurs: Arrow arrays. `missing`: rows without one."""

    names: Any
    counts: NDArray[np.int64]
    missing: int

    @classmethod
    def of(cls, found: Any) -> "Tally | None":
        """Of Arrow's `value_counts`; None if there are few, or texts that need a closer look before being counted."""
        if found is None or len(found) < MANY:
            return None
        names, counts = found.field("values"), found.field("counts").to_numpy().astype(np.int64)
        missing = 0
        if names.null_count:
            is_text = names.is_valid()
            is_known = is_text.to_numpy(zero_copy_only=False)
            missing = int(counts[~is_known].sum())
            names, counts = names.filter(is_text), counts[is_known]
        import pyarrow as pa  # noqa: PLC0415 - optional, and there, since this is its array

        names = names.cast(pa.large_string())
        return cls(names, counts, missing) if _stand_as_they_are(names) else None

    @property
    def rows(self) -> int:
        """All rows."""
        return int(self.counts.sum()) + self.missing

    @property
    def side(self) -> Side:
        """The side as results have it."""
        return Side(self.rows, self.missing / max(self.rows, 1), 0.0, 0.0, len(self.names))


def measure_many(name: str, before: Sample, after: Sample, threshold: float) -> Measured | None:
    """All measures of a column of very many texts on both sides; None if it is none."""
    one = Tally.of(before.arrow_counts())
    two = None if one is None else Tally.of(after.arrow_counts())
    return None if one is None or two is None else _measured(name, one, two, threshold)


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
    names = pa.chunked_array([before.names, after.names.filter(pa.array(is_new))])

    def most(weights: NDArray[Any], count: int) -> list[int]:
        """The places of the largest weights above 0, of equal ones those whose names come first."""
        table = pa.table({"weight": pa.array(weights), "name": names})
        some = pc.select_k_unstable(table, count, [("weight", "descending"), ("name", "ascending")]).to_numpy()
        return [int(place) for place in some if weights[place] > 0]

    def only(own: NDArray[np.int64], other: NDArray[np.int64]) -> OneSided:
        weights = np.where(other == 0, own, 0)
        total = int(own.sum())
        named = tuple((names[place].as_py(), int(own[place]) / total) for place in most(weights, MOST_NAMED))
        return OneSided(named, int(np.count_nonzero(weights)))

    drawn = [
        (names[place].as_py(), int(first[place]), int(second[place]))
        for place in most(largest_shares(first, second), DRAWN_CATEGORIES)
    ]
    order = np.lexsort((second, first))
    return measure_counts(
        name,
        CountedSide(first[order], before.missing, before.side),
        CountedSide(second[order], after.missing, after.side),
        threshold,
        histogram=drawn_categories(drawn, len(names), first, second),
        new=only(second, first),
        vanished=only(first, second),
    )


def _stand_as_they_are(names: Any) -> bool:
    """Whether no text is empty or may have blanks around it, and not all of them are numbers, which each side may spell
    in its own way.
    """
    import pyarrow.compute as pc  # noqa: PLC0415 - optional, and there, since this is its array

    if is_plain_number(names[0].as_py()) and is_plain_number(names[len(names) - 1].as_py()):
        return False
    if pc.min(pc.binary_length(names)).as_py() == 0:
        return False
    ends = pc.utf8_trim(names, characters=_blanks())
    return bool(pc.sum(pc.binary_length(ends)).as_py() == pc.sum(pc.binary_length(names)).as_py())


def _blanks() -> str:
    """Every character that Python's `strip` takes away."""
    return "".join(character for character in map(chr, range(_LAST_BLANK + 1)) if character.isspace())
