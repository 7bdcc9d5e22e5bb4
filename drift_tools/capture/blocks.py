"""Blocks of captured lines, read at once where the lines have one layout.

Reading a block at once needs pyarrow and lines that its `Template` describes; whatever it does not describe is divided
(by kind of line, then into halves) until a small rest is left for the careful reader. Both give the same segments.

Longer than 400 lines: dividing a block and reading it at once call each other, and each says by what it does not take
what the other must.
"""

import re
from binascii import a2b_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture import records as careful
from drift_tools.capture import templates as layouts
from drift_tools.capture.files import SCAN_BYTES, Block, scans
from drift_tools.capture.records import Selection
from drift_tools.capture.templates import Layout, NoTemplateError, Template, layout_of
from drift_tools.errors import UnusableError
from drift_tools.tables import ArrowTexts, Cells, NotPlainError, Order, Parts, content_of, parse_numbers

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pa_csv
except ImportError:  # a Lambda function has no room for it; everything is then read with care
    pa = None

HAS_FAST_PATH = pa is not None
# Fewer lines than these are read one by one: finding out what they have in common takes longer.
_FEW = 96
# Kinds of lines, told by how many quotes, commas and backslashes they have; more kinds than these are no kinds.
_MANY_KINDS = 32
# The same, told by how they begin.
_MANY_BEGINNINGS = 8
_NEWLINE, _SPACE, _QUOTE, _COMMA, _BACKSLASH, _NOT_ASCII = 10, 32, 34, 44, 92, 128
# What pyarrow is quickest with; a line has to fit, so that longer ones are for the careful reader.
_CSV_BYTES = 1 << 21
_Content: TypeAlias = memoryview | bytes
_ORIGIN = ("eventId", "inferenceId", "inferenceTime")


@dataclass(slots=True)
class Segment:
    """Records of the same columns. `record_lines`: the line of each record; `row_lines`: of each row."""

    names: tuple[str | None, ...]
    has_output: bool
    cells: list[Cells]
    origin: dict[str, Parts]
    record_lines: Order
    row_lines: Order

    @property
    def width(self) -> int:
        """Columns that have no name but their position."""
        return self.names.count(None)

    @property
    def is_named(self) -> bool:
        """Whether any column has a name."""
        return self.width < len(self.names)


@dataclass(slots=True)
class BlockResult:
    """What a block holds: segments, records outside the window, and the skipped with line and reason."""

    source: str
    segments: list[Segment] = field(default_factory=list)
    outside: int = 0
    skipped: list[tuple[int, str]] = field(default_factory=list)


def read_block(block: Block, selection: Selection, *, fast: bool = HAS_FAST_PATH) -> BlockResult:
    """Read the records of a block; `fast=False` reads each of them with care."""
    result = BlockResult(block.source)
    if fast and HAS_FAST_PATH and selection.preprocess is None:
        content = bytes(block.content) + b"\n" if block.ends_in_line else block.content
        _divide(content, np.arange(block.first_line, block.first_line + block.count), selection, result)
    else:
        lines = _lines(block.content)
        _read_each(lines, range(block.first_line, block.first_line + len(lines)), selection, result)
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


def _lines(block: _Content) -> list[bytes]:
    lines = bytes(block).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


@dataclass(frozen=True, eq=False, slots=True)
class _Lines:
    """Lines of a block with their line breaks, as a `pyarrow.BinaryArray`, and their numbers in the file."""

    array: Any
    numbers: Order

    @classmethod
    def of(cls, block: _Content, numbers: Order) -> "_Lines":
        offsets = np.append(0, _line_ends(np.frombuffer(block, dtype=np.uint8)) + 1).astype(np.int32)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(block)]
        return cls(pa.BinaryArray.from_buffers(pa.binary(), len(numbers), buffers), numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def block(self) -> memoryview:
        """All of them, one after the other."""
        return content_of(self.array).data

    def take(self, indices: Order) -> "_Lines":
        """Some of them."""
        return _Lines(self.array.take(pa.array(indices)), self.numbers[indices])


def _divide(block: _Content, numbers: Order, selection: Selection, result: BlockResult) -> None:
    """Read a block of whole lines at once, or divide it."""
    count = len(numbers)
    if count < _FEW:
        _read_each(_lines(block), numbers.tolist(), selection, result)
        return
    if _read_at_once(block, count, numbers, selection, result):
        return
    lines = _Lines.of(block, numbers)
    few: list[Order] = []
    for indices in _parts(lines, selection):
        if len(indices) < _FEW:
            few.append(indices)
        else:
            part = lines.take(indices)
            _divide(part.block, part.numbers, selection, result)
    if few:
        rest = lines.take(np.sort(np.concatenate(few)))
        _read_each(_lines(rest.block), rest.numbers.tolist(), selection, result)


def _parts(lines: _Lines, selection: Selection) -> list[Order]:
    """The lines (their indices) in parts that may be of one layout each; in halves if nothing tells them apart."""
    parts = _by_beginning(lines, selection)
    if len(parts) < 2:
        parts = _by_marks(lines)
    return parts if len(parts) > 1 else np.array_split(np.arange(len(lines)), 2)


def _by_beginning(lines: _Lines, selection: Selection) -> list[Order]:
    """Lines that are the same up to the first hole of one of them, in the order of the first; one part, or none, if
    that does not tell most of them apart.
    """
    parts: list[Order] = []
    left, array = np.arange(len(lines)), lines.array
    while len(left) and len(parts) < _MANY_BEGINNINGS:
        try:
            beginning = layout_of(array[0].as_py(), selection).template.beginning
            same = pc.starts_with(array, beginning).to_numpy(zero_copy_only=False)
        except NoTemplateError:
            same = np.arange(len(left)) == 0
        parts.append(left[same])
        left, array = left[~same], array.filter(pa.array(~same))
    if len(left) > len(lines) / 2:
        return []
    return [*parts, left] if len(left) else parts


def _by_marks(lines: _Lines) -> list[Order]:
    """Lines that have equally many quotes, commas and backslashes, in the order of the first; none if these are no
    kinds.
    """
    content = np.frombuffer(lines.block, dtype=np.uint8)
    ends = _line_ends(content)
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


def _line_ends(content: NDArray[np.uint8]) -> Order:
    """Where the line breaks are."""
    parts = enumerate(scans(content))
    return np.concatenate([np.flatnonzero(part == _NEWLINE) + number * SCAN_BYTES for number, part in parts])


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


def _first_line(block: _Content) -> bytes:
    length = 1024
    while b"\n" not in (start := bytes(block[:length])):
        length *= 4
    return start[: start.index(b"\n")]


class _NotUniformError(Exception):
    """The lines are not all of the template's kind."""


def _read_at_once(block: _Content, count: int, numbers: Order, selection: Selection, result: BlockResult) -> bool:
    """Add the block's records to the result; False, and nothing added, if they are not all of one layout."""
    try:
        layout = layout_of(_first_line(block), selection)
        holes = _fill(layout.template, block, count)
        wanted = _in_window(layout, holes, selection, count)
        if wanted is not None:
            holes = {role: texts.where(wanted) for role, texts in holes.items()}
        kept = count if wanted is None else int(np.count_nonzero(wanted))
        cells = _cells(layout, holes, kept, selection) if kept else {}
    except (NoTemplateError, _NotUniformError, NotPlainError):
        return False
    result.outside += count - kept
    if kept:
        lines = numbers if wanted is None else numbers[wanted]
        result.segments.append(
            Segment(
                layout.names,
                layout.has_output,
                [_same(text, kept) if text is None or text not in cells else cells[text] for text in layout.cells],
                {name: _origin(layout.origin[name], holes, kept) for name in _ORIGIN},
                lines,
                lines,
            )
        )
    return True


def _same(text: str | None, count: int) -> Cells:
    return Cells.missing(count) if text is None else Cells.of_texts([text] * count)


def _origin(role: str | None, holes: dict[str, ArrowTexts], count: int) -> Parts:
    if role is not None and layouts.is_role(role):
        return Parts([holes[role]])
    return Parts([np.full(count, role, dtype=object)])


def _fill(template: Template, block: _Content, count: int) -> dict[str, ArrowTexts]:
    """The holes' contents by role, `count` strings each, if every line fits the template."""
    columns = _columns(block, len(template.pieces))
    if columns.num_rows != count or not _has_only_the_templates_marks(template, block, count):
        raise _NotUniformError
    holes: dict[str, ArrowTexts] = {}
    for index, piece in enumerate(template.pieces):
        column, hole = columns.column(index), piece.hole
        if hole is None:
            if not pc.all(pc.equal(column, piece.before.decode())).as_py():
                raise _NotUniformError
            continue
        for array in column.chunks:
            _check(array, piece)
        if hole.kind != layouts.IGNORED or hole.role:
            array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
            holes[hole.role] = ArrowTexts(array, before=len(piece.before), after=len(piece.after))
    return holes


def _has_only_the_templates_marks(template: Template, block: _Content, count: int) -> bool:
    """Whether there are as many quotes, backslashes and control characters as the constants of so many lines have: then
    there are none in the holes, which could end or escape a string.
    """
    constants = b",".join(piece.before + piece.after for piece in template.pieces)
    marks = [(mark, constants.count(mark) * count) for mark in (_QUOTE, _BACKSLASH)]
    content = np.frombuffer(block, dtype=np.uint8)
    seen, control = [0, 0], 0
    for part in scans(content):
        control += int(np.count_nonzero(part < _SPACE))
        seen = [number + int(np.count_nonzero(part == mark)) for number, (mark, _) in zip(seen, marks, strict=True)]
    # Each line ends with a line feed, which is the only one.
    return control == count and seen == [number for _, number in marks]


def _check(array: Any, piece: layouts.Piece) -> None:
    """Whether each cell begins and ends as its piece does."""
    before, after = piece.before.decode(), piece.after.decode()
    if before and not pc.all(pc.starts_with(array, before)).as_py():
        raise _NotUniformError
    if after and not pc.all(pc.ends_with(array, after)).as_py():
        raise _NotUniformError
    if before and after and pc.min(pc.binary_length(array)).as_py() < len(piece.before) + len(piece.after):
        raise _NotUniformError


def _columns(block: _Content, count: int) -> Any:
    names = [str(index) for index in range(count)]
    is_ascii = int(np.frombuffer(block, dtype=np.uint8).max()) < _NOT_ASCII
    try:
        return pa_csv.read_csv(
            pa.BufferReader(block),
            read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=_CSV_BYTES),
            parse_options=pa_csv.ParseOptions(
                delimiter=",", quote_char=False, escape_char=False, ignore_empty_lines=False
            ),
            convert_options=pa_csv.ConvertOptions(
                check_utf8=not is_ascii,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:  # a line with another number of commas, or bytes that are not UTF-8
        raise _NotUniformError from error


def _in_window(
    layout: Layout, holes: dict[str, ArrowTexts], selection: Selection, count: int
) -> NDArray[np.bool_] | None:
    """Which of the lines are in the window; None if all are."""
    if selection.start is None and selection.end is None:
        return None
    role = layout.origin["inferenceTime"]
    try:
        if not layouts.is_role(role):
            return None if selection.includes(role) else np.zeros(count, dtype=np.bool_)
        times, codes = holes[str(role)].distinct()  # times have whole seconds: few are distinct
        included = np.array([selection.includes(time) for time in times], dtype=np.bool_)
    except UnusableError as error:
        raise _NotUniformError from error
    if included.all():
        return None
    wanted: NDArray[np.bool_] = included[codes]
    return wanted


def _cells(layout: Layout, holes: dict[str, ArrowTexts], count: int, selection: Selection) -> dict[str, Cells]:
    cells: dict[str, Cells] = {}
    for piece in layout.template.pieces:
        hole = piece.hole
        if hole is not None and hole.kind == layouts.ENCODED:
            payload = layout.encoded[hole.role.removeprefix("\x00")]
            cells.update(_typed(payload.template, _decoded(payload, holes[hole.role], count)))
    cells.update(_typed(layout.template, holes))
    if selection.columns is not None:
        _refuse_headers(layout, cells, selection.columns)
    return cells


def _typed(template: Template, holes: dict[str, ArrowTexts]) -> dict[str, Cells]:
    made = {layouts.CSV_CELL: Cells.of_csv, layouts.JSON_STRING: Cells.of_strings, layouts.JSON_SCALAR: Cells.of_json}
    found = [piece.hole for piece in template.pieces if piece.hole is not None]
    return {hole.role: made[hole.kind](holes[hole.role].cut()) for hole in found if hole.kind in made}


def _decoded(payload: layouts.EncodedPayload, cells: ArrowTexts, count: int) -> dict[str, ArrowTexts]:
    """The holes in the texts that BASE64 payloads hold."""
    try:
        texts = [a2b_base64(cell, strict_mode=True).strip(b"\r\n") for cell in cells.cut().to_pylist()]
    except ValueError as error:
        raise _NotUniformError from error
    block = b"\n".join(texts) + b"\n"
    may_be_json = not payload.listed and not payload.is_json and (b"[" in block or b"{" in block)
    if may_be_json and re.search(rb"(?m)^\s*[\[{]", block):
        raise _NotUniformError  # one of them is JSON after all
    return _fill(payload.template, block, count)


def _refuse_headers(layout: Layout, cells: dict[str, Cells], columns: Sequence[str]) -> None:
    """A header among the data is found by the careful reader; here it is enough that there may be one."""
    for roles in layout.sides:
        first = [role for role in roles if role in cells][:1]
        if len(roles) > 1 and first and _names_among(cells[first[0]], columns):
            raise _NotUniformError


def _names_among(cells: Cells, columns: Sequence[str]) -> bool:
    if not cells.wrong and parse_numbers(np.array(columns, dtype=object))[1] == len(columns):
        return False  # all are numbers, and no name is one
    return not cells.texts.counts().keys().isdisjoint(columns)
