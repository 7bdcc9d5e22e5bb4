"""Lines of numbers with commas between them, each number parsed where it stands.

A CSV reader moves every cell into rows of its own before anybody parses it, which takes longer than parsing. Where all
cells are numbers, no byte in them is as small as a comma or a line break: the borders of all cells are found in one
look, and pyarrow parses an array of texts of which every other one, what stands between two cells, is missing.
"""

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture.zones import Content
from drift_tools.tables import Numbers, Order

try:
    import pyarrow as pa
except ImportError:  # a Lambda function has no room for it; everything is then read with care
    pa = None

_NEWLINE, _COMMA = b"\n,"
# Cells, borders and numbers of so much are in the processor's own cache, one after the other.
_PART_BYTES = 1 << 19
# Of eight texts, whether each is a cell.
_EVERY_OTHER = 0b01010101


def numbers_in_place(content: Content, count: int, width: int) -> Numbers | None:
    """The numbers of so many lines of so many cells, one row for each column; NaN where a cell is empty.

    None if a line has another number of cells, or a cell a blank, a plus or a quote: a CSV reader has to look. Raises
    `pyarrow.ArrowInvalid` if a cell is no finite number.
    """
    every = np.frombuffer(content, dtype=np.uint8)
    numbers = np.empty((width, count))
    begin = line = 0
    while begin < len(every):
        part = every[begin : begin + _PART_BYTES]
        is_border = part <= _COMMA
        borders = np.flatnonzero(is_border)
        lines = len(borders) // width
        borders = borders[: lines * width]
        if not lines or line + lines > count:
            return None
        end = int(borders[-1]) + 1
        # The last of each line's borders is a line break; all others are commas if there are as many.
        breaks = part[borders[width - 1 :: width]]
        if (breaks != _NEWLINE).any() or np.count_nonzero(part[:end] == _COMMA) != lines * (width - 1):
            return None
        has_empty = bool(is_border[0] or (is_border[1:] & is_border[:-1]).any())
        starts = np.append(0, borders[:-1] + 1)
        found = numbers_between(part, starts, borders, has_empty=has_empty)
        numbers[:, line : line + lines] = found.reshape(lines, width).T
        begin, line = begin + end, line + lines
    return numbers if line == count else None


def numbers_between(content: NDArray[np.uint8], starts: Order, ends: Order, *, has_empty: bool) -> Numbers:
    """The numbers that stand between these places, which ascend; NaN where nothing does, if that may be.

    Raises `pyarrow.ArrowInvalid` if something there is no finite number.
    """
    offsets = np.empty((len(starts), 2), dtype=np.int32)
    offsets[:, 0], offsets[:, 1] = starts, ends
    texts, missing = offsets.size - 1, 0
    if has_empty:
        present = np.zeros(offsets.size, dtype=np.bool_)
        present[::2] = starts < ends
        missing = len(starts) - int(np.count_nonzero(present))
        valid = np.packbits(present, bitorder="little")
    else:
        valid = np.full((texts + 7) // 8, _EVERY_OTHER, dtype=np.uint8)
    buffers = map(pa.py_buffer, (offsets, content, valid))
    array = pa.StringArray.from_buffers(texts, *buffers, null_count=len(starts) - 1 + missing)
    numbers = np.frombuffer(array.cast(pa.float64()).buffers()[1], dtype=np.float64)[:texts:2]
    if missing:
        numbers = np.where(present[::2], numbers, np.nan)
    # What is not finite may be something that only one of the two parsers takes for a number.
    if np.count_nonzero(np.isfinite(numbers)) != len(numbers) - missing:
        raise pa.ArrowInvalid("not finite")
    return numbers
