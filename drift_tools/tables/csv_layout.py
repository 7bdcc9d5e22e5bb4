"""Whether a CSV file is one that every reader takes for the same rows and cells, told block by block."""

from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 20
_NEWLINE, _QUOTE, _COMMA, _ZERO, _NINE, _BLANK, _TAB = b'\n",09 \t'


class Layout(NamedTuple):
    """What the bytes of a CSV file tell."""

    is_plain: bool
    """Whether every line ends with a line feed, and every quote begins a cell, ends one or is doubled within one."""
    has_broken_cells: bool
    """Whether any cell has a line break in it, in its quotes."""
    lines: int
    """No fewer than there are rows."""

    @classmethod
    def of(cls, content: BinaryIO, delimiter: str) -> "Layout":
        """Read a stream, to its end or to what is not plain."""
        borders = np.zeros(256, dtype=np.bool_)
        borders[list(delimiter.encode() + b'"\r\n')] = True
        inside, has_broken_cells = 0, False  # `inside`: whether the block begins inside of quotes
        lines = 1
        # Two bytes of the block before: one that was judged, and one whose successor was not known.
        before, is_end = b"\n", False
        while not is_end:
            block = content.read(_BLOCK)
            is_end = not block
            block = before + (block or delimiter.encode())
            if block.count(b"\r", 1, -1) != block.count(b"\r\n", 1) or b"\0" in block:
                return cls(False, has_broken_cells, lines)
            if inside or b'"' in block:
                every = np.frombuffer(block, dtype=np.uint8)
                places = 1 + np.flatnonzero(every[1:-1] == _QUOTE)
                opening, closing = places[inside::2], places[1 - inside :: 2]
                if not borders[every[opening - 1]].all() or not borders[every[closing + 1]].all():
                    return cls(False, has_broken_cells, lines)
                has_broken_cells = has_broken_cells or _has_break(every, places, inside)
                inside = (inside + len(places)) % 2
            lines += block.count(b"\n", 1, -1)
            before = block[-2:]
        return cls(not inside, has_broken_cells, lines)


def has_bare_commas(content: BinaryIO, delimiter: str) -> bool:
    """Whether a comma, which is no delimiter, may stand at the beginning or the end of a number, or has no digit on one
    of its sides within one.
    """
    before_it, behind_it = (np.zeros(256, dtype=np.bool_) for _ in range(2))
    before_it[list(delimiter.encode() + b'"\r\n \t+-')] = True
    behind_it[list(delimiter.encode() + b'"\r\neE')] = True
    before = b"\n"
    while block := content.read(_BLOCK):
        block = before + block
        if _any_bare(np.frombuffer(block, dtype=np.uint8), before_it, behind_it):
            return True
        before = block[-2:]
    return _any_bare(np.frombuffer(before + b"\n", dtype=np.uint8), before_it, behind_it)


def _any_bare(every: NDArray[np.uint8], before_it: NDArray[np.bool_], behind_it: NDArray[np.bool_]) -> bool:
    places = 1 + np.flatnonzero(every[1:-1] == _COMMA)
    before, behind = every[places - 1], every[places + 1]
    is_digit = (before >= _ZERO) & (before <= _NINE)
    # A blank behind a comma is of a text, unless a number ends there.
    ends_number = is_digit & ((behind == _BLANK) | (behind == _TAB))
    return bool((before_it[before] | behind_it[behind] | ends_number).any())


def _has_break(every: NDArray[np.uint8], quotes: NDArray[np.intp], inside: int) -> bool:
    """Whether a line feed has an odd number of quotes before it."""
    breaks = 1 + np.flatnonzero(every[1:-1] == _NEWLINE)
    return bool(((np.searchsorted(quotes, breaks) + inside) % 2).any())
