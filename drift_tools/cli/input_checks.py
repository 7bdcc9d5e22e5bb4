"""What is asked of data before they are compared: a comparison of nothing finds no drift, and says so with exit
status 0.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

import numpy as np

from drift_tools.capture import Captures
from drift_tools.cli.inputs import Data
from drift_tools.errors import InputError
from drift_tools.tables import Column, Table, count_categories

_NAMED = 5
_LOOKED_AT = 1000
# What is no number to Python and one to people: a decimal comma, or groups of three digits.
_FOREIGN = re.compile(r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:[.,' \u00a0\u202f][0-9]{3})+)(?:[.,][0-9]+)?")
_NEARLY_ALL, _SOME = 0.95, 0.05


def nothing_captured(captures: Captures) -> str:
    """Why captured data have no rows, in half a sentence."""
    if captures.outside:
        return f"no captured record in the window ({captures.outside:,} are outside of it)"
    if not captures.read:
        return "holds no captured records"
    return f"not one of {captures.read:,} captured records can be used (the first: {captures.problems[0]})"


def require_rows(path: str, data: Data) -> None:
    """Raise `InputError` if there are no rows, and say why."""
    if data.table.rows and data.table.columns:
        return
    if data.captures is not None:
        raise InputError(f"{path}: {nothing_captured(data.captures)}: name other data")
    what = "no row below the header" if data.table.columns else "no columns"
    raise InputError(f"{path}: {what}: name data that have rows")


def require_common_column(baseline: Table, current: Table, paths: tuple[str, str]) -> None:
    """Raise `InputError` if no column has the same name on both sides."""
    if not set(baseline.names) & set(current.names):
        here, there = _listed(current.names), _listed(baseline.names)
        raise InputError(
            f"{paths[1]}: no column in common with {paths[0]} ({here} here, {there} there): give both the same names"
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def require_numbers(path: str, table: Table, kinds: Mapping[str, str]) -> None:
    """Raise `InputError` if a feature is to be numerical and the baseline has not one number of it: nothing of it could
    be measured but the share of the missing.
    """
    for name, kind in kinds.items():
        column = table.columns[name]
        if kind == "numerical" and column.types.present and not np.isfinite(column.as_numbers()[0]).any():
            raise InputError(
                f"--kind {name}=numerical: no value of {name!r} is a number in {path}: leave the option out, or "
                "convert the values"
            )


def foreign_numbers(table: Table, names: Iterable[str]) -> str:
    """Which of these columns nearly all look like numbers to people only, in one line; empty if none does."""
    found = {name: _foreign_cells(table.columns[name]) for name in names if name in table.columns}
    columns = ", ".join(
        f"{name} ({foreign:,} of {cells:,} cells)" for name, (foreign, cells) in found.items() if foreign
    )
    if not columns:
        return ""
    return f"{columns}: numbers with a decimal comma or thousands separators are read as texts: write them as 1234.5"


def _foreign_cells(column: Column) -> tuple[int, int]:
    """How many of the cells that were looked at are such numbers, 0 if the column is something else, and how many were
    looked at.
    """
    if column.is_numerical or not column.types.present:
        return 0, 0
    if isinstance(column.source, np.ndarray):
        counts = count_categories(column.source[:_LOOKED_AT])
    else:
        counts = dict(islice(column.category_counts().items(), _LOOKED_AT))
    cells = sum(counts.values())
    alike = {text: rows for text, rows in counts.items() if _FOREIGN.fullmatch(text)}
    foreign = sum(rows for text, rows in alike.items() if not _is_plain(text))
    if sum(alike.values()) < _NEARLY_ALL * cells or foreign < _SOME * cells:
        return 0, cells
    return foreign, cells


def _is_plain(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
