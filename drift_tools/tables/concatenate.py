"""Several tables as one: the files of a folder."""

from collections.abc import Sequence

import numpy as np

from drift_tools.errors import InputError
from drift_tools.tables.column import Column, TypeCounts
from drift_tools.tables.table import Table


def concatenate(tables: Sequence[Table], sources: Sequence[str]) -> Table:
    """Tables one below the other, their columns matched by name, in any order. Where one does not have a column that
    another has, it is missing.

    Raises `InputError` for a table that has no column in common with the first.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    for table, source in zip(tables, sources, strict=True):
        if not first.columns.keys() & table.columns.keys():
            named = " and ".join(repr(names[0]) if names else "none" for names in (table.names, first.names))
            raise InputError(
                f"{source}: its columns are not those of {sources[0]} ({named} come first): give files of one layout"
            )
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    columns = [_below_each_other(name, [_part(table, name) for table in tables]) for name in names]
    index = frozenset[str]().union(*(table.index for table in tables))
    return Table.of(columns, sum(table.rows for table in tables), index=index)


def _part(table: Table, name: str) -> Column:
    return table.columns.get(name) or Column.from_cells(name, [None] * table.rows)


def _below_each_other(name: str, parts: Sequence[Column]) -> Column:
    """One column of several, as what their sources said that they are: `7` of Parquet's strings is no number because
    it comes in two files. A part without any value says nothing.
    """
    if problem := next((part.problem for part in parts if part.problem), None):
        return Column.unreadable(name, sum(map(len, parts)), problem)
    telling = [part for part in parts if part.present] or parts
    if all(part.is_typed_number for part in telling):
        numbers = np.concatenate([part.as_numbers()[0] for part in parts])
        spelt = any(part.source is not None for part in parts)
        texts = np.concatenate([part.as_texts() for part in parts]) if spelt else None
        kind = type(telling[0]) if len({type(part) for part in telling}) == 1 else Column
        types, is_single = TypeCounts.sum_of(part.types for part in parts), all(part.is_single for part in telling)
        return kind(name, types, numbers, texts, is_single=is_single)
    cells = np.concatenate([part.as_texts() for part in parts]).tolist()
    make = Column.from_strings if any(part.is_typed_text for part in telling) else Column.from_cells
    return make(name, cells)
