"""Blocks of captured lines, read at once where the lines have one layout.

Reading a block at once needs pyarrow and lines that its `Template` describes; whatever it does not describe is divided
(by kind of line, then into halves) until a small rest is left for the careful reader. Both give the same segments.

Longer than 400 lines: dividing a block and reading it at once call each other, and each says by what it does not take
what the other must.
"""

import re
from binascii import a2b_base64
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture import payloads, zones
from drift_tools.capture import records as careful
from drift_tools.capture import templates as layouts
from drift_tools.capture.files import Block, line_ends
from drift_tools.capture.records import Selection
from drift_tools.capture.templates import Layout, NoTemplateError, layout_of
from drift_tools.capture.zones import Envelope, NotUniformError
from drift_tools.errors import UnusableError
from drift_tools.tables import ArrowTexts, Cells, NotPlainError, Order, Parts, Run, content_of, parse_numbers

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
_QUOTE, _COMMA, _BACKSLASH, _NOT_ASCII = 34, 44, 92, 128
_Content: TypeAlias = memoryview | bytes
_ORIGIN = ("eventId", "inferenceId", "inferenceTime")


@dataclass(slots=True)
class Segment:
    """Records of the same columns. `record_lines`: the line of each record; `row_lines`: of each row."""

    names: tuple[str | None, ...]
    has_output: bool
    cells: list[Run]
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
        if block.count:
            _divide(_Lines.of(block), selection, result)
    else:
        lines = _split(block.content)
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


def _split(block: _Content) -> list[bytes]:
    lines = bytes(block).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


@dataclass(frozen=True, eq=False, slots=True)
class _Lines:
    """Some of a block's lines: where they begin and end, without their line breaks, and their numbers in the file."""

    content: _Content
    starts: Order
    ends: Order
    numbers: Order
    is_text: bool
    """Whether the content is UTF-8."""
    is_whole: bool = False
    """Whether these are all lines of the content."""

    @classmethod
    def of(cls, block: Block) -> "_Lines":
        content = bytes(block.content) + b"\n" if block.ends_in_line else block.content
        ends = line_ends(content) if block.ends is None or len(content) > len(block.content) else block.ends
        numbers = np.arange(block.first_line, block.first_line + len(ends))
        return cls(content, np.append(0, ends[:-1] + 1), ends, numbers, _is_text(content), is_whole=True)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def every(self) -> NDArray[np.uint8]:
        """All bytes of the content."""
        return np.frombuffer(self.content, dtype=np.uint8)

    @property
    def first(self) -> bytes:
        """The first line."""
        return bytes(self.content[self.starts[0] : self.ends[0]])

    @property
    def block(self) -> _Content:
        """All of them, one after the other, with their line breaks."""
        if self.is_whole:
            return self.content
        return content_of(zones.gathered(self.content, self.starts, self.ends + 1)).data

    def take(self, indices: Order) -> "_Lines":
        """Some of them."""
        return _Lines(self.content, self.starts[indices], self.ends[indices], self.numbers[indices], self.is_text)


def _is_text(content: _Content) -> bool:
    try:
        return int(np.frombuffer(content, dtype=np.uint8).max()) < _NOT_ASCII or bool(bytes(content).decode())
    except UnicodeDecodeError:
        return False


def _divide(lines: _Lines, selection: Selection, result: BlockResult) -> None:
    """Read lines at once, or divide them."""
    if len(lines) < _FEW:
        _read_each(_split(lines.block), lines.numbers.tolist(), selection, result)
        return
    if _read_at_once(lines, selection, result):
        return
    few: list[Order] = []
    for indices in _parts(lines, selection):
        if len(indices) < _FEW:
            few.append(indices)
        else:
            _divide(lines.take(indices), selection, result)
    if few:
        rest = lines.take(np.sort(np.concatenate(few)))
        _read_each(_split(rest.block), rest.numbers.tolist(), selection, result)


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


def _by_marks(lines: _Lines) -> list[Order]:
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


def _read_at_once(lines: _Lines, selection: Selection, result: BlockResult) -> bool:
    """Add the records to the result; False, and nothing added, if they are not all of one layout."""
    try:
        layout = layout_of(lines.first, selection)
        found = _found(layout, lines, selection)
    except (NoTemplateError, NotUniformError, NotPlainError):
        return False
    kept = len(found.lines)
    result.outside += len(lines) - kept
    if kept:
        cells = found.cells
        result.segments.append(
            Segment(
                layout.names,
                layout.has_output,
                [_same(text, kept) if text is None or text not in cells else cells[text] for text in layout.cells],
                {name: _origin(layout.origin[name], found.texts, kept) for name in _ORIGIN},
                found.lines,
                found.lines,
            )
        )
    return True


@dataclass(frozen=True, slots=True)
class _Found:
    """What lines of one layout hold: the numbers of those in the window, ids and times by role, cells by role."""

    lines: Order
    texts: Mapping[str, ArrowTexts]
    cells: Mapping[str, Run]


def _found(layout: Layout, lines: _Lines, selection: Selection) -> _Found:
    if lines.is_text:
        for ignored in (False, True):
            with suppress(NotUniformError, NoTemplateError):
                return _in_zones(layout, Envelope.of(layout, lines.first, ignored=ignored), lines, selection)
    return _in_pieces(layout, lines, selection)


def _in_zones(layout: Layout, envelope: Envelope, lines: _Lines, selection: Selection) -> _Found:
    """Read the zones of the lines only."""
    every = lines.every
    places = envelope.locate(every, lines.starts, lines.ends)
    numbers = lines.numbers
    texts: dict[str, ArrowTexts] = {}
    for zone, (begins, ends) in zip(envelope.zones, places, strict=True):
        if zone.hole.kind in (layouts.IGNORED, layouts.ENCODED):
            array = zones.gathered(lines.content, begins, ends)
            if payloads.has_marks(content_of(array)):
                raise NotUniformError
            texts[zone.hole.role] = ArrowTexts(array.view(pa.string()))
    wanted = _in_window(layout, texts, selection, len(lines))
    if wanted is not None:
        texts = {role: cells.where(wanted) for role, cells in texts.items()}
        places = [(begins[wanted], ends[wanted]) for begins, ends in places]
        numbers = numbers[wanted]
    cells: dict[str, Run] = {}
    if len(numbers):
        for zone, (begins, ends) in zip(envelope.zones, places, strict=True):
            if zone.hole.kind not in (layouts.IGNORED, layouts.ENCODED):
                content = zones.gathered_lines(lines.content, begins, ends)
                cells |= payloads.cells_of(zone.template, content, len(numbers), are_typed=selection.typed)
        cells |= _encoded_cells(layout, texts, len(numbers), selection)
        _refuse_headers(layout, cells, selection)
    return _Found(numbers, texts, cells)


def _in_pieces(layout: Layout, lines: _Lines, selection: Selection) -> _Found:
    """Cut the lines at all of their commas."""
    holes = payloads.fill(layout.template, lines.block, len(lines))
    wanted = _in_window(layout, holes, selection, len(lines))
    numbers = lines.numbers if wanted is None else lines.numbers[wanted]
    if wanted is not None:
        holes = {role: texts.where(wanted) for role, texts in holes.items()}
    cells: dict[str, Run] = {}
    if len(numbers):
        cells = _encoded_cells(layout, holes, len(numbers), selection) | payloads.typed(layout.template, holes)
        _refuse_headers(layout, cells, selection)
    return _Found(numbers, holes, cells)


def _same(text: str | None, count: int) -> Cells:
    return Cells.missing(count) if text is None else Cells.of_texts([text] * count)


def _origin(role: str | None, holes: Mapping[str, ArrowTexts], count: int) -> Parts:
    if role is not None and layouts.is_role(role):
        return Parts([holes[role]])
    return Parts([np.full(count, role, dtype=object)])


def _in_window(
    layout: Layout, holes: Mapping[str, ArrowTexts], selection: Selection, count: int
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
        raise NotUniformError from error
    if included.all():
        return None
    wanted: NDArray[np.bool_] = included[codes]
    return wanted


def _encoded_cells(layout: Layout, texts: Mapping[str, ArrowTexts], count: int, selection: Selection) -> dict[str, Run]:
    cells: dict[str, Run] = {}
    for side, payload in layout.encoded.items():
        content = _decoded(payload, texts[layouts.role_of(side)])
        cells |= payloads.cells_of(payload.template, content, count, are_typed=selection.typed)
    return cells


def _decoded(payload: layouts.EncodedPayload, cells: ArrowTexts) -> bytes:
    """The texts that BASE64 payloads hold, one a line."""
    try:
        texts = [a2b_base64(cell, strict_mode=True).strip(b"\r\n") for cell in cells.cut().to_pylist()]
    except ValueError as error:
        raise NotUniformError from error
    block = b"\n".join(texts) + b"\n"
    may_be_json = not payload.listed and not payload.is_json and (b"[" in block or b"{" in block)
    if may_be_json and re.search(rb"(?m)^\s*[\[{]", block):
        raise NotUniformError  # one of them is JSON after all
    return block


def _refuse_headers(layout: Layout, cells: Mapping[str, Run], selection: Selection) -> None:
    """A header among the data is found by the careful reader; here it is enough that there may be one."""
    if (columns := selection.columns) is None:
        return
    for roles in layout.sides:
        first = [role for role in roles if role in cells][:1]
        if len(roles) > 1 and first and _names_among(cells[first[0]], columns):
            raise NotUniformError


def _names_among(cells: Run, columns: Sequence[str]) -> bool:
    if not cells.wrong and parse_numbers(np.array(columns, dtype=object))[1] == len(columns):
        return False  # all are numbers, and no name is one
    return not cells.texts.counts().keys().isdisjoint(columns)
