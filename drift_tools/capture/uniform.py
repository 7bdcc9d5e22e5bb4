"""Lines of one layout, read at once.

Where the lines' constants are those of the layout, only what differs is read: the *zones* (`zones`), or the pieces
between all commas where a zone is not found.
"""

import re
from binascii import a2b_base64
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture import payloads, zones
from drift_tools.capture import templates as layouts
from drift_tools.capture.files import Block, line_ends
from drift_tools.capture.marks import are_strings, plain_texts
from drift_tools.capture.records import Selection
from drift_tools.capture.segments import BlockResult, Segment
from drift_tools.capture.templates import Layout, NoTemplateError, layout_of
from drift_tools.capture.zones import Envelope, NotUniformError, Places
from drift_tools.errors import UnusableError
from drift_tools.tables import ArrowTexts, Cells, NotPlainError, Order, Parts, Run, content_of, parse_numbers

_Content: TypeAlias = memoryview | bytes
_ORIGIN = ("eventId", "inferenceId", "inferenceTime")
# As many kinds of requests as one endpoint mostly has.
_KEPT_LAYOUTS = 4


@dataclass(frozen=True, eq=False, slots=True)
class Lines:
    """Some of a block's lines: where they begin and end, without their line breaks, and their numbers in the file."""

    content: _Content
    starts: Order
    ends: Order
    numbers: Order
    is_whole: bool = False
    """Whether these are all lines of the content."""

    @classmethod
    def of(cls, block: Block) -> "Lines":
        content = bytes(block.content) + b"\n" if block.ends_in_line else block.content
        ends = line_ends(content) if block.ends is None or len(content) > len(block.content) else block.ends
        numbers = np.arange(block.first_line, block.first_line + len(ends))
        return cls(content, np.append(0, ends[:-1] + 1), ends, numbers, is_whole=True)

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

    def take(self, indices: Order) -> "Lines":
        """Some of them."""
        return Lines(self.content, self.starts[indices], self.ends[indices], self.numbers[indices])


@dataclass(frozen=True, slots=True)
class Reading:
    """What the blocks of one source have in common: what is wanted of them, and the layouts that they had."""

    selection: Selection
    layouts: deque[tuple[Layout, Envelope]] = field(default_factory=lambda: deque(maxlen=_KEPT_LAYOUTS))
    """The last first: to try one is quicker than to make one."""


def read_at_once(lines: Lines, reading: Reading, result: BlockResult) -> bool:
    """Add the records to the result; False, and nothing added, if they are not all of one layout."""
    try:
        layout, found = _as_before(lines, reading) or _found(layout_of(lines.first, reading.selection), lines, reading)
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


def _as_before(lines: Lines, reading: Reading) -> tuple[Layout, _Found] | None:
    """What lines of a layout that is known hold."""
    first = lines.first
    for layout, envelope in tuple(reading.layouts):
        if first.startswith(envelope.constants[0]) and first.endswith(envelope.constants[-1]):
            with suppress(NotUniformError):
                return layout, _in_zones(layout, envelope, lines, reading.selection)
    return None


def _found(layout: Layout, lines: Lines, reading: Reading) -> tuple[Layout, _Found]:
    if _is_text(lines.first):
        for ignored in (False, True):
            with suppress(NotUniformError, NoTemplateError):
                envelope = Envelope.of(layout, lines.first, ignored=ignored)
                found = _in_zones(layout, envelope, lines, reading.selection)
                reading.layouts.appendleft((layout, envelope))
                return layout, found
    return layout, _in_pieces(layout, lines, reading.selection)


def _is_text(line: bytes) -> bool:
    """Whether a line is UTF-8 as pyarrow takes it; JSON's reader takes more."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _in_zones(layout: Layout, envelope: Envelope, lines: Lines, selection: Selection) -> _Found:
    """Read the zones of the lines only."""
    every = lines.every
    places = envelope.locate(every, lines.starts, lines.ends)
    numbers = lines.numbers
    texts: dict[str, ArrowTexts] = {}
    for zone, (begins, ends) in zip(envelope.zones, places, strict=True):
        if zone.hole.kind in (layouts.IGNORED, layouts.ENCODED):
            texts[zone.hole.role] = ArrowTexts(plain_texts(zones.gathered(lines.content, begins, ends)))
    wanted = _in_window(layout, texts, selection, len(lines))
    if wanted is not None:
        _require_strings(envelope, [(begins[~wanted], ends[~wanted]) for begins, ends in places], lines.content)
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


def _require_strings(envelope: Envelope, places: Sequence[Places], content: _Content) -> None:
    """Of lines that nobody reads further: that they are records at all, and not to be skipped."""
    for zone, (begins, ends) in zip(envelope.zones, places, strict=True):
        if zone.hole.kind not in (layouts.IGNORED, layouts.ENCODED) and not are_strings(
            zones.gathered_lines(content, begins, ends), len(begins)
        ):
            raise NotUniformError


def _in_pieces(layout: Layout, lines: Lines, selection: Selection) -> _Found:
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
