"""Which rows belong to a facet's group, and which labels are positive: SageMaker Clarify's rules, as truths a row.

Clarify's rules are those of its open-source implementation (smclarify 0.5, `report.py`), with one difference that its
users trip over: an integer column with few distinct values stays categorical in a small table, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.bias.counts import Truths

Cells: TypeAlias = NDArray[Any]  # float64 with NaN for missing, or objects: texts and None
Value: TypeAlias = str | int | float | bool

# smclarify calls integers continuous where at least one in twenty rows has a value of its own; here they are
# categories, too, where there are no more values than a person would list.
_SHARE_OF_DISTINCT: Final = 0.05
_LISTED: Final = 20
# A facet without values has one report a value, and a column of ids would have a million.
LARGEST_NUMBER_OF_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows that are meant, and how the values are written in the results."""

    value_or_threshold: str
    chosen: Truths


def is_missing(cells: Cells) -> Truths:
    """Tell missing cells: NaN among numbers, None among texts."""
    if cells.dtype == object:
        return np.array([cell is None for cell in cells], dtype=bool)
    return np.isnan(cells)


def category(value: object) -> str:
    """A category as it is compared and written: 1, 1.0 and "1" are the same, as are True and "true"."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, int | float | np.integer | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    text = str(value).strip()
    try:
        return category(float(text))
    except (ValueError, OverflowError):
        return text.lower() if text.lower() in ("true", "false") else text


def _as_texts(cells: Cells) -> NDArray[np.object_]:
    """Every cell as a category, None where it is missing; the work is done once a distinct value."""
    missing = is_missing(cells)
    texts = np.empty(len(cells), dtype=object)
    if (~missing).any():
        different, where = np.unique(cells[~missing], return_inverse=True)
        texts[~missing] = np.array([category(value) for value in different.tolist()], dtype=object)[where]
    return texts


def distinct(cells: Cells) -> set[str]:
    """The categories that occur."""
    present = cells[~is_missing(cells)]
    return {
        category(value) for value in (set(present.tolist()) if cells.dtype == object else np.unique(present).tolist())
    }


def is_continuous(cells: Cells, values: Sequence[Value]) -> bool:
    """Decide whether one value given for this column is a threshold rather than a category."""
    if cells.dtype == object or len(values) > 1:
        return False
    present = cells[~np.isnan(cells)]
    if not np.all(np.isfinite(present)) or not np.all(present == np.floor(present)):
        return True
    different = len(np.unique(present))
    return different > _LISTED and different >= _SHARE_OF_DISTINCT * len(present)


def select(name: str, cells: Cells, values: Sequence[Value]) -> Selection:
    """Choose the rows that have one of the values, or are above the threshold that a single value of a number is.

    Parameters
    ----------
    name:
        The column's name, for messages.
    cells:
        Of shape (rows,): float64 with NaN for missing, or objects that are texts or None.
    values:
        At least one; several are categories. Missing cells are never chosen.

    Raises
    ------
    InputError
        If no value is given, or a threshold is not a number.
    """
    if not values:
        raise InputError(f"{name!r}: no value or threshold is given: name the values that are meant")
    if is_continuous(cells, values):
        return _above(name, cells, values[0])
    wanted = [category(value) for value in values]
    return Selection(",".join(wanted), np.isin(_as_texts(cells).astype(str), wanted) & ~is_missing(cells))


def _above(name: str, cells: Cells, value: Value) -> Selection:
    """The rows in `(threshold, maximum]`, which is also how Clarify writes them."""
    try:
        threshold = float(value)
    except ValueError:
        raise InputError(f"{name!r} is a column of numbers and {value!r} is none: give a threshold") from None
    finite = cells[np.isfinite(cells)]
    largest = float(finite.max()) if len(finite) else threshold
    with np.errstate(invalid="ignore"):
        return Selection(f"({value}, {largest!r}]", cells > threshold)


def selections(name: str, cells: Cells, values: Sequence[Value]) -> list[Selection]:
    """The groups of a facet: the one that its values name or, without values, one for every value that occurs.

    Raises
    ------
    InputError
        If there are no values and the column is continuous or has more than `LARGEST_NUMBER_OF_VALUES`.
    """
    if values:
        return [select(name, cells, values)]
    if is_continuous(cells, [0]):
        raise InputError(f"facet {name!r} is a column of numbers: give the threshold above which its group lies")
    texts = _as_texts(cells)
    found = sorted({text for text in texts if text is not None})
    if len(found) > LARGEST_NUMBER_OF_VALUES:
        raise InputError(
            f"facet {name!r} has {len(found):,} values, of which each would be a group: name the values that are meant "
            f"(at most {LARGEST_NUMBER_OF_VALUES} are looked at by themselves)"
        )
    return [Selection(value, texts == value) for value in found]


def strata(cells: Cells) -> NDArray[np.int64]:
    """Codes from 0 for the values of a group variable; missing is a stratum of its own."""
    texts = _as_texts(cells)
    present = np.array(["" if text is None else f"={text}" for text in texts])
    return np.unique(present, return_inverse=True)[1].astype(np.int64)
