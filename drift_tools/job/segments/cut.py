"""Which segments there are, and their rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from drift_tools.errors import InputError
from drift_tools.tables import Table, take_rows

MOST_VALUES: Final = 10
FEWEST_ROWS: Final = 50
_KEY: Final = "segments"


@dataclass(frozen=True, slots=True)
class Segment:
    """The rows with one value of a column."""

    column: str
    value: str

    @property
    def name(self) -> str:
        """As people read it."""
        return f"{self.column} = {self.value}"

    @property
    def dimension(self) -> str:
        """As its metrics have it."""
        return f"{self.column}={self.value}"


def most_frequent(columns: Sequence[str], table: Table) -> list[Segment]:
    """The ten most frequent values of each of these columns, of those that the table has."""
    found = []
    for column in columns:
        if column in table.columns:
            counts = table.columns[column].category_counts()
            ordered = sorted(counts, key=lambda value: (-counts[value], value))
            found += [Segment(column, value) for value in ordered[:MOST_VALUES]]
    return found


def left_out(columns: Sequence[str], table: Table) -> dict[str, int]:
    """Count, by column, how many of the table's values are beyond those that are segments."""
    counts = {name: len(table.columns[name].category_counts()) for name in columns if name in table.columns}
    return {name: count - MOST_VALUES for name, count in counts.items() if count > MOST_VALUES}


def says_left_out(beyond: Mapping[str, int]) -> str:
    """A sentence on the values that are no segments."""
    named = ", ".join(f"{count:,} of {column}" for column, count in beyond.items())
    return f" Values beyond the {MOST_VALUES} most frequent are no segments: {named}."


def rows_of(table: Table, segment: Segment) -> Table:
    """The rows of a segment, with all columns; none of a table without its column."""
    if segment.column not in table.columns:
        return take_rows(table, np.empty(0, dtype=np.intp))
    return take_rows(table, np.flatnonzero(table.columns[segment.column].as_texts() == segment.value))


def cut(columns: Sequence[str], table: Table, describe: Callable[[Table], Mapping[str, Any] | None]) -> dict[str, Any]:
    """Describe segments for the file of a baseline: what `describe` says of each of its segments, by column and value,
    under `segments`.

    A segment of too few rows, or of which nothing can be said, is left out. Empty where there are none.

    Raises `InputError` for a column that the baseline does not have.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(
            f"segments names {missing[0]!r}, and the baseline has the columns {', '.join(table.names)}: name one of "
            "these, or add the column to the baseline's data"
        )
    found: dict[str, dict[str, Any]] = {}
    for segment in most_frequent(columns, table):
        rows = rows_of(table, segment)
        described = describe(rows) if rows.rows >= FEWEST_ROWS else None
        if described is not None:
            found.setdefault(segment.column, {})[segment.value] = {"rows": rows.rows, "baseline": described}
    return {_KEY: found} if found else {}


def stored(file: Any, columns: Sequence[str]) -> Iterator[tuple[Segment, int, Mapping[str, Any]]]:
    """The segments in a baseline's file as `cut` wrote them, of these columns: each with its rows and description.

    Raises `InputError` if what stands there is something else.
    """
    try:
        for column, values in ((file.get(_KEY) or {}) if columns else {}).items():
            for value, entry in values.items() if column in columns else ():
                yield Segment(str(column), str(value)), int(entry["rows"]), dict(entry["baseline"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"the baseline's segments are damaged ({error!r}): make the baseline again") from error
