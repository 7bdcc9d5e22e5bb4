"""What the bytes of cells tell about the numbers in them, without looking at a cell by itself."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.tables.column import TypeCounts, count_types

Order: TypeAlias = NDArray[np.intp]
# A number as JSON writes it, in the spellings that Python spells back as it parsed them or that parse to a float.
# "-0" is neither: it parses to the integer 0.
JSON_NUMBER = r"^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+))$"
_PLUS, _MINUS, _POINT, _ZERO, _LAST_OF_PLAIN = 43, 45, 46, 48, 57
# Above this share of cells with an exponent, looking at all cells at once is quicker than at these one by one.
_MANY = 0.1


def buffers_of(array: Any) -> tuple[NDArray[np.uint8], Order]:
    """The bytes of all cells, and where each cell begins (and the last one ends) in them."""
    content, offsets = _buffers(array)
    return content, (offsets - offsets[0]).astype(np.intp)


def content_of(array: Any) -> NDArray[np.uint8]:
    """The bytes of all cells, one after the other."""
    return _buffers(array)[0]


def _buffers(array: Any) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    _, positions, content = array.buffers()
    offsets = np.frombuffer(positions, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    if content is None:
        return np.empty(0, dtype=np.uint8), offsets
    return np.frombuffer(content, dtype=np.uint8)[int(offsets[0]) : int(offsets[-1])], offsets


def types_of_numbers(array: Any) -> TypeCounts:
    """The types of cells of a `pyarrow.StringArray`, all of which are finite numbers or missing."""
    return types_of(array, *buffers_of(array), array.null_count)


def types_of(array: Any, content: NDArray[np.uint8], offsets: Order, missing: int) -> TypeCounts:
    """The same, where the bytes of the cells and their number without a text are known."""
    types = _plain_types(array, content, offsets, len(array) - missing)
    if types is None:
        types = count_types([cell for cell in array.to_pylist() if cell is not None])
    return TypeCounts(types.fractional, types.integral, types.boolean, types.string, missing)


def _plain_types(array: Any, content: NDArray[np.uint8], offsets: Order, present: int) -> TypeCounts | None:
    """The types of cells that all parsed to finite numbers, counted by their bytes; None if that does not tell.

    Such a cell has digits, at most one point, perhaps an exponent. With a point or an exponent it is fractional, unless
    the point has no digit on one of its sides: then it is a string, by Deequ's patterns.
    """
    points = int(np.count_nonzero(content == _POINT))
    with_exponent: list[str] = []
    if content.max(initial=0) > _LAST_OF_PLAIN:
        places = np.flatnonzero(content > _LAST_OF_PLAIN)
        rows = np.unique(np.searchsorted(offsets, places, side="right") - 1)
        if len(rows) > _MANY * len(array):
            return None
        with_exponent = array.take(rows).to_pylist()
        points -= sum("." in cell for cell in with_exponent)
    if points and _has_bare_point(content, offsets[:-1], offsets[1:]):
        return None
    odd = count_types(with_exponent)
    integral = present - len(with_exponent) - points
    return TypeCounts(points + odd.fractional, integral + odd.integral, odd.boolean, odd.string)


def are_json(array: Any, content: NDArray[np.uint8], offsets: Order) -> bool:
    """Whether cells are JSON numbers that `JSON_NUMBER` knows, provided that they parse as floats at all."""
    import pyarrow.compute as pc  # noqa: PLC0415 - optional: the careful reader works without it

    if (content > _LAST_OF_PLAIN).any() or len(content) == 0:
        return bool(pc.all(pc.match_substring_regex(array, JSON_NUMBER), min_count=0).as_py())
    return are_json_numbers(content, offsets[:-1], offsets[1:])


def are_json_numbers(content: NDArray[np.uint8], starts: Order, ends: Order) -> bool:
    """The same of cells between these places that have neither letters nor blanks in them."""
    full = starts < ends
    starts, ends = starts[full], ends[full]
    negative = content[starts] == _MINUS
    lengths = ends - starts - negative
    first = np.minimum(starts + negative, ends - 1)
    second = content[np.minimum(first + 1, ends - 1)]
    is_zero = content[first] == _ZERO
    # A zero in front is followed by a point or by nothing; "-0" is no number that stays one when it is parsed.
    has_odd_zero = (is_zero & ((lengths > 1) & (second != _POINT) | negative & (lengths == 1))).any()
    return not (has_odd_zero or (content[starts] == _PLUS).any() or _has_bare_point(content, starts, ends))


def _has_bare_point(content: NDArray[np.uint8], starts: Order, ends: Order) -> bool:
    """Whether a point has no digit on one of its sides, in cells that begin with a digit, a sign or a point."""
    if not len(content):
        return False
    full = starts < ends
    if not full.all():
        starts, ends = starts[full], ends[full]
    if (content[ends - 1] == _POINT).any():
        return True
    first = content[starts]
    if first.min() >= _ZERO:
        return False
    signed = starts[first == _MINUS]
    # One byte further is another cell's, or the end of all, if the sign is all there is: then it is no number.
    second = content[np.minimum(signed + 1, len(content) - 1)]
    return bool((first == _POINT).any() or (second == _POINT).any())
