"""Some rows of a table."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.tables.column import Column
from drift_tools.tables.table import Table

_EXACT: Final = 2.0**53  # float64 holds no larger integers one by one


def take_rows(table: Table, rows: NDArray[np.intp]) -> Table:
    """These rows only, in this order.

    Parameters
    ----------
    table
        of any columns: what their source said of their types holds for the rows too.
    rows
        positions from 0.
    """
    return Table.of([_taken(column, rows) for column in table.columns.values()], len(rows))


def _taken(column: Column, rows: NDArray[np.intp]) -> Column:
    numbers = column.numbers
    if column.is_typed_number and numbers is not None:
        kept = numbers[rows]
        missing = np.isnan(kept)
        if not column.types.integral:
            return Column.from_numbers(column.name, kept.astype(np.float32) if column.is_single else kept)
        if not np.any(np.abs(kept[~missing]) >= _EXACT):
            return Column.from_integers(column.name, np.where(missing, 0, kept).astype(np.int64), missing)
    cells = column.as_texts()[rows].tolist()
    return Column.from_strings(column.name, cells) if column.is_typed_text else Column.from_cells(column.name, cells)
