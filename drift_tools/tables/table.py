"""Tables of columns: the only shape of data that the rest of the package knows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drift_tools.errors import InputError
from drift_tools.tables.column import Column
from drift_tools.tables.opening import pyarrow


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length, by name, in order."""

    columns: Mapping[str, Column]
    rows: int
    index: frozenset[str] = frozenset()
    """Which columns are the labels of the rows (the named index of a pandas frame)."""

    @classmethod
    def of(cls, columns: Iterable[Column], rows: int, *, index: frozenset[str] = frozenset()) -> "Table":
        """A table of these columns; names must differ."""
        by_name: dict[str, Column] = {}
        for column in columns:
            if column.name in by_name:
                raise InputError(f"two columns are called {column.name!r}: rename one of them")
            if len(column) != rows:
                raise InputError(
                    f"column {column.name!r} has {len(column)} rows where the table has {rows}: pad or cut it"
                )
            by_name[column.name] = column
        return cls(by_name, rows, index)

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return list(self.columns)

    def renamed(self, names: Sequence[str]) -> "Table":
        """The same columns under other names, by position."""
        if len(names) != len(self.columns):
            raise InputError(f"{len(names)} names were given for {len(self.columns)} columns: give one for each")
        renamed = (column.renamed(name) for name, column in zip(names, self.columns.values(), strict=True))
        return Table.of(renamed, self.rows)

    def without(self, names: Collection[str]) -> "Table":
        """The table without these columns; names that it does not have are none to leave out."""
        kept = {name: column for name, column in self.columns.items() if name not in names}
        return Table(kept, self.rows, self.index & kept.keys())

    def to_arrow(self) -> Any:
        """The table as a `pyarrow.Table`: numbers as float64 (int64 where all are whole), the rest as strings."""
        pa = pyarrow("an Arrow table")
        arrays = {}
        for name, column in self.columns.items():
            if column.numbers is None:
                arrays[name] = pa.array(column.texts, type=pa.string(), from_pandas=True)
                continue
            array = pa.array(column.numbers, type=pa.float64(), from_pandas=True)
            whole = column.types.inferred_type == "Integral" and bool(np.nanmax(np.abs(column.numbers)) < 2**53)
            arrays[name] = array.cast(pa.int64()) if whole else array
        return pa.table(arrays)
