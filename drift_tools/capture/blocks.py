"""Blocks of captured lines, read at once where the lines have one layout.

Reading lines at once (`uniform`) needs pyarrow and lines that one layout describes; a block that none describes is
divided (by kind of line, then into halves) until a small rest is left for the careful reader. Both give the same
segments.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

from drift_tools.capture import records as careful
from drift_tools.capture import zones
from drift_tools.capture.files import Block, line_ends
from drift_tools.capture.records import Selection
from drift_tools.capture.segments import BlockResult, Segment
from drift_tools.capture.templates import NoTemplateError, layout_of
from drift_tools.capture.uniform import Lines, Reading, read_at_once
from drift_tools.errors import UnusableError
from drift_tools.tables import Cells, Order, Parts

try:
    import pyarrow as pa
except ImportError:  # a Lambda function has no room for it; everything is then read with care
    pa = None

HAS_FAST_PATH = pa is not None
# Fewer lines than these are read one by one: finding out what they have in common takes longer.
_FEW = 96
# Kinds of lines, told by how many quotes, commas and backslashes they have; more kinds than these are no kinds.
_MANY_KINDS = 32
# The same, told by how they begin.
_MANY_BEGINNINGS = 8
_QUOTE, _COMMA, _BACKSLASH = 34, 44, 92
_Content: TypeAlias = memoryview | bytes


def read_block(block: Block, reading: Reading, *, fast: bool = HAS_FAST_PATH) -> BlockResult:
    """Read the records of a block; `fast=False` reads each of them with care."""
    result = BlockResult(block.source)
    if fast and HAS_FAST_PATH and reading.selection.preprocess is None:
        if block.count:
            _divide(Lines.of(block), reading, result)
    else:
        lines = _split(block.content)
        _read_each(lines, range(block.first_line, block.first_line + len(lines)), reading.selection, result)
    if block.is_last and block.ends_in_line:
        _name_the_cut(result, block.first_line + block.count - 1)
    result.skipped.sort()
    return result


def read_each(source: str, lines: Sequence[str | bytes], first_line: int, selection: Selection) -> BlockResult:
    """Read lines that are no block of bytes, with care."""
    result = BlockResult(source)
    _read_each(lines, range(first_line, first_line + len(lines)), selection, result)
    return result


def _name_the_cut(result: BlockResult, last: int) -> None:
    result.skipped = [
        (
            line,
            "cut short at the end of the file: is it still being written?"
            if line == last and why == "not JSON"
            else why,
        )
        for line, why in result.skipped
    ]


def _split(block: _Content) -> list[bytes]:
    lines = bytes(block).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _divide(lines: Lines, reading: Reading, result: BlockResult) -> None:
    """Read lines at once, or divide them."""
    selection = reading.selection
    if len(lines) < _FEW:
        _read_each(_split(lines.block), lines.numbers.tolist(), selection, result)
        return
    if read_at_once(lines, reading, result):
        return
    few: list[Order] = []
    for indices in _parts(lines, selection):
        if len(indices) < _FEW:
            few.append(indices)
        else:
            _divide(lines.take(indices), reading, result)
    if few:
        rest = lines.take(np.sort(np.concatenate(few)))
        _read_each(_split(rest.block), rest.numbers.tolist(), selection, result)


def _parts(lines: Lines, selection: Selection) -> list[Order]:
    """The lines (their indices) in parts that may be of one layout each; in halves if nothing tells them apart."""
    parts = _by_beginning(lines, selection)
    if len(parts) < 2:
        parts = _by_marks(lines)
    return parts if len(parts) > 1 else np.array_split(np.arange(len(lines)), 2)


def _by_beginning(lines: Lines, selection: Selection) -> list[Order]:
    """Lines that are the same up to the first hole of one of them, in the order of the first; one part, or none, if
    that does not tell most of them apart.
    """
    parts: list[Order] = []
    left = np.arange(len(lines))
    while len(left) and len(parts) < _MANY_BEGINNINGS:
        rest = lines.take(left)
        try:
            beginning = layout_of(rest.first, selection).template.beginning
            # Where a line is shorter, the beginning would reach into the next one: there is no line break in it.
            same = zones.stand_at(beginning, lines.every, rest.starts)
        except NoTemplateError:
            same = np.arange(len(left)) == 0
        parts.append(left[same])
        left = left[~same]
    if len(left) > len(lines) / 2:
        return []
    return [*parts, left] if len(left) else parts


def _by_marks(lines: Lines) -> list[Order]:
    """Lines that have equally many quotes, commas and backslashes, in the order of the first; none if these are no
    kinds.
    """
    content = np.frombuffer(lines.block, dtype=np.uint8)
    ends = line_ends(content)
    key = np.zeros(len(lines), dtype=np.int64)
    for mark in (_QUOTE, _COMMA, _BACKSLASH):
        up_to = np.searchsorted(np.flatnonzero(content == mark), ends)
        key = key * (1 << 21) + np.diff(up_to, prepend=0)  # equal keys of unequal lines would only cost time
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    if len(first) > _MANY_KINDS:
        return []
    order = np.argsort(inverse, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    return [groups[kind] for kind in np.argsort(first).tolist()]


def _read_each(lines: Sequence[str | bytes], numbers: Sequence[int], selection: Selection, result: BlockResult) -> None:
    """The careful path: one segment for each set of columns."""
    found: dict[tuple[tuple[str | None, ...], bool], list[tuple[int, careful.Record]]] = {}
    for number, line in zip(numbers, lines, strict=True):
        if not line.strip():
            continue
        try:
            record = careful.read_record(line, selection)
        except UnusableError as error:
            result.skipped.append((number, str(error)))
            continue
        if record is None:
            result.outside += 1
        else:
            found.setdefault((record.names, record.has_output), []).append((number, record))
    for (names, has_output), records in found.items():
        rows = [row for _, record in records for row in record.rows]
        columns = zip(*rows, strict=True) if rows else iter([()] * len(names))
        origins = [record.origin for _, record in records for _ in record.rows]
        result.segments.append(
            Segment(
                names,
                has_output,
                [Cells.of_texts(column) for column in columns],
                {
                    "eventId": _texts(origin.event_id for origin in origins),
                    "inferenceId": _texts(origin.inference_id for origin in origins),
                    "inferenceTime": _texts(origin.inference_time for origin in origins),
                },
                np.array([number for number, _ in records], dtype=np.intp),
                np.array([number for number, record in records for _ in record.rows], dtype=np.intp),
            )
        )


def _texts(cells: Iterable[str | None]) -> Parts:
    texts = list(cells)
    part = np.empty(len(texts), dtype=object)
    part[:] = texts
    return Parts([part])
