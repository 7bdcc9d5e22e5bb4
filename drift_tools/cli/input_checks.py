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
from drift_tools.tables import MISSING_WORDS, Column, Parts, Table, count_categories

_NAMED = 5
_LOOKED_AT = 1000
# What is no number to Python and one to people: a decimal comma, or groups of three digits.
_FOREIGN = re.compile(r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:[.,'_ \u00a0\u202f][0-9]{3})+)(?:[.,][0-9]+)?")
# The same with a percent sign, a currency, the minus of typographers, or brackets for a minus.
_DRESSED_NUMBER = re.compile(
    r"\(?[-+\u2212]?\s?[$€£¥]?\s?[-+\u2212]?(?:[0-9]+|[0-9]{1,3}(?:[.,'_ \u00a0\u202f][0-9]{3})+)(?:[.,][0-9]+)?"
    r"\s?(?:[%$€£¥]|[A-Z]{3})?\)?"
)
_COMMA = (
    "numbers with a decimal comma or thousands separators are read as texts: write them as 1234.5 (--decimal , reads "
    "1.234,5)"
)
_DRESSED = "numbers with signs around them (%, $, brackets, another minus) are read as texts: write them as -1234.5"
# What stands between columns elsewhere: Hive's own sign, blanks, and what databases export with.
_ANOTHER_DELIMITER = re.compile(r"[\x01\x1f^~:#!*$§ ]")
_NEARLY_ALL, _SOME, _MOST = 0.95, 0.05, 0.5
_SHOWN = 20


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
        fix = "give both the same names"
        for path, table in zip(paths, (baseline, current), strict=True):
            if len(table.names) == 1 and (found := _ANOTHER_DELIMITER.search(table.names[0])):
                fix = f"{path} may have {found[0]!r} between its columns: write commas there"
        raise InputError(f"{paths[1]}: no column in common with {paths[0]} ({here} here, {there} there): {fix}")


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


def foreign_numbers(table: Table, names: Iterable[str]) -> list[str]:
    """A line for each way in which some of these columns look like numbers to people only, with the fix."""
    found: dict[str, list[str]] = {fix: [] for fix in (_COMMA, _DRESSED)}
    lines = []
    for name in names:
        if name not in table.columns or table.columns[name].is_mostly_numerical:
            continue
        counts = _some_cells(table.columns[name])
        cells = sum(counts.values())
        for fix, pattern in ((_COMMA, _FOREIGN), (_DRESSED, _DRESSED_NUMBER)):
            alike = {text: rows for text, rows in counts.items() if pattern.fullmatch(text)}
            foreign = sum(rows for text, rows in alike.items() if not _is_plain(text))
            if sum(alike.values()) >= _NEARLY_ALL * cells and foreign and foreign >= _SOME * cells:
                found[fix].append(f"{name} ({foreign:,} of {cells:,} cells)")
                break
        else:
            plain = sum(rows for text, rows in counts.items() if _is_plain(text))
            if plain > _MOST * cells and not table.columns[name].is_typed_text:
                other = next(text for text in counts if not _is_plain(text))
                lines.append(
                    f"{name}: {100 * plain / cells:.0f} % of the cells are numbers, others are not "
                    f"({other[:_SHOWN]!r}): compared as categories; "
                    f"--kind {name}=numerical takes the others for a share of their own"
                )
    return [f"{', '.join(columns)}: {fix}" for fix, columns in found.items() if columns] + lines


def _some_cells(column: Column) -> Mapping[str, int]:
    """How often each of the first texts of a column occurs there."""
    if not column.present:
        return {}
    source = column.source
    if isinstance(source, np.ndarray):
        return count_categories(source[:_LOOKED_AT])
    if isinstance(source, Parts):
        return source.head(_LOOKED_AT)
    return dict(islice(column.category_counts().items(), _LOOKED_AT))


def _is_plain(text: str) -> bool:
    """Whether a table takes the text for a number or for missing."""
    try:
        float(text)
    except ValueError:
        return text in MISSING_WORDS
    return "_" not in text  # of which Python alone makes nothing
