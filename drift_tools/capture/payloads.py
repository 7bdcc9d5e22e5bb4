"""The cells of payloads that have one layout, a block of them at once.

Cells that begin as numbers in the first line are asked for as numbers, which saves making strings of them: how they
were written, and which type each cell has, is found out when somebody asks. Whatever is no number after all, and
whatever is more than numbers between constants, is cut into strings first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture import templates as layouts
from drift_tools.capture.files import scans
from drift_tools.capture.templates import Template
from drift_tools.capture.zones import Bytes, NotUniformError, stand_at
from drift_tools.tables import (
    JSON_NUMBER,
    ArrowTexts,
    Cells,
    Order,
    ParsedCells,
    Parts,
    Run,
    TypeCounts,
    are_json_numbers,
    types_of_numbers,
    without_blanks,
)

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pa_csv
except ImportError:  # a Lambda function has no room for it; everything is then read with care
    pa = None

# What pyarrow is quickest with; a line has to fit, so that longer ones are for the careful reader.
_CSV_BYTES = 1 << 22
_NEWLINE, _SPACE, _QUOTE, _COMMA, _LAST_OF_PLAIN, _BACKSLASH, _NOT_ASCII = b'\n ",9\\\x80'
_JSON_NUMBER = re.compile(JSON_NUMBER[1:-1])
# Above this share of numbers with an exponent, strings are made of all of them.
_MOST_EXPONENTS = 0.05
_STARTS_NUMBER = frozenset(b"0123456789+-. \t")
Content: TypeAlias = Any  # whatever has a buffer


def cells_of(template: Template, content: Content, count: int, *, are_typed: bool) -> dict[str, Run]:
    """The cells of so many payloads, one a line, by their roles. `are_typed`: their types are wanted at once.

    Raises `NotUniformError` if one does not fit the template, and `NotPlainError` if only the careful reader can judge
    it.
    """
    if are_typed:
        return typed(template, fill(template, content, count))
    holes = [piece.hole for piece in template.pieces if piece.hole is not None]
    kinds = {hole.kind for hole in holes}
    if _has_only_the_templates_marks(template, content, count) and len(holes) == len(template.pieces):
        if kinds == {layouts.CSV_CELL} and not any(piece.before or piece.after for piece in template.pieces):
            return _parsed(template, content, content, count, is_json=False)
        if kinds == {layouts.JSON_SCALAR}:
            plain = _plain_numbers(template, content, count)
            if plain is not None:
                return _parsed(template, content, plain, count, is_json=True)
    return typed(template, fill(template, content, count))


def _parsed(template: Template, content: Content, plain: Content, count: int, *, is_json: bool) -> dict[str, Run]:
    """The cells of payloads of which `plain` has the cells alone."""
    roles = [piece.hole.role for piece in template.pieces if piece.hole is not None]
    first = bytes(memoryview(plain)[: _first_break(plain)]).split(b",")
    numbers = [role for role, cell in zip(roles, first, strict=True) if cell[:1] and cell[0] in _STARTS_NUMBER]
    try:
        if not numbers or (is_json and len(numbers) < len(roles)):
            raise pa.ArrowInvalid("no numbers")
        table = _table(plain, roles, numbers, missing=[] if is_json else [""])
        if table.num_rows != count:
            raise NotUniformError
        values = {role: _as_floats(table[role]) for role in numbers}
    except pa.ArrowInvalid:  # one is no number, or there are more cells than holes
        return typed(template, fill(template, content, count))
    spelling = _Texts(plain, roles, is_json=is_json)
    cells: dict[str, Run] = {}
    for role in roles:
        if role not in values:
            cells[role] = Cells.of_csv(_one_array(table[role]))
        else:
            floats, present = values[role]
            cells[role] = ParsedCells(floats, present, _Spelling(spelling, role))
    return cells


def _first_break(content: Content) -> int:
    view = memoryview(content)
    length = 1024
    while (place := bytes(view[:length]).find(b"\n")) < 0:
        length *= 4
    return place


def _as_floats(column: Any) -> tuple[NDArray[np.float64], int]:
    parts = [chunk.to_numpy(zero_copy_only=False) for chunk in column.chunks]
    floats = parts[0] if len(parts) == 1 else np.concatenate(parts)
    present = len(floats) - column.null_count
    # What is not finite may be something that only one of the two parsers takes for a number.
    if np.count_nonzero(np.isfinite(floats)) != present:
        raise pa.ArrowInvalid("not finite")
    return floats, present


class _Texts:
    """The cells of payloads as they were written; of them there is only the content until somebody asks."""

    def __init__(self, content: Content, roles: Sequence[str], *, is_json: bool) -> None:
        self._content, self._roles, self.is_json = content, roles, is_json

    @cached_property
    def arrays(self) -> dict[str, Any]:
        """The texts of each cell."""
        table = _table(self._content, self._roles, ())
        return {role: without_blanks(_one_array(table[role])) for role in self._roles}


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How one cell of the payloads was written."""

    of: _Texts
    role: str

    def types(self) -> TypeCounts:
        """As `Spelling` says."""
        return types_of_numbers(self.of.arrays[self.role])

    def texts(self) -> Parts:
        """As `Spelling` says."""
        return Parts([ArrowTexts(self.of.arrays[self.role], self.of.is_json)])


def _plain_numbers(template: Template, content: Content, count: int) -> Content | None:
    """The same payloads with blanks for what is the same in all lines; None if there may be more than numbers, as JSON
    writes them, in between.
    """
    every: Bytes = np.array(np.frombuffer(content, dtype=np.uint8))
    width = len(template.pieces)
    borders = np.flatnonzero((every == _COMMA) | (every == _NEWLINE))
    if len(borders) != count * width:
        return None
    ends = borders.reshape(count, width)
    if not (every[ends[:, -1]] == _NEWLINE).all():
        return None
    starts = np.append(0, borders[:-1] + 1).reshape(count, width)
    befores = np.array([len(piece.before) for piece in template.pieces])
    afters = np.array([len(piece.after) for piece in template.pieces])
    inside_starts, inside_ends = starts + befores, ends - afters
    if (inside_starts >= inside_ends).any():
        return None
    for index, piece in enumerate(template.pieces):
        for constant, places in ((piece.before, starts[:, index]), (piece.after, inside_ends[:, index])):
            if constant and not stand_at(constant, every, places).all():
                raise NotUniformError
    for index, piece in enumerate(template.pieces):
        for constant, places in ((piece.before, starts[:, index]), (piece.after, inside_ends[:, index])):
            if constant:
                _blank(every, places, len(constant))
    blanks = count * int(befores.sum() + afters.sum())
    if int(np.count_nonzero(every == _SPACE)) != blanks or not _are_json(every, borders, inside_starts, inside_ends):
        return None
    return pa.py_buffer(every)


def _are_json(every: Bytes, borders: Order, starts: Order, ends: Order) -> bool:
    """Whether what stands there are numbers as JSON writes them."""
    spelt = _with_letters(every, borders, starts.ravel(), ends.ravel())
    if spelt is None or not all(map(_JSON_NUMBER.fullmatch, spelt.values())):
        return False
    return are_json_numbers(every, starts.ravel(), ends.ravel())


def _with_letters(every: Bytes, borders: Order, starts: Order, ends: Order) -> dict[int, str] | None:
    """The cells that hold more than digits, signs and points, an exponent mostly; None if they are many."""
    cells = np.unique(np.searchsorted(borders, np.flatnonzero(every > _LAST_OF_PLAIN)))
    if len(cells) > _MOST_EXPONENTS * len(borders):
        return None
    return {cell: bytes(every[starts[cell] : ends[cell]]).decode() for cell in cells.tolist()}


def _blank(every: Bytes, places: Order, length: int) -> None:
    spots = np.ndarray((len(every) - length + 1,), dtype=f"V{length}", buffer=every, strides=(1,))
    spots[places] = np.full(length, _SPACE, dtype=np.uint8).view(f"V{length}")[0]


def typed(template: Template, holes: dict[str, ArrowTexts]) -> dict[str, Run]:
    """The cells of holes, each column looked at by itself."""
    made = {layouts.CSV_CELL: Cells.of_csv, layouts.JSON_STRING: Cells.of_strings, layouts.JSON_SCALAR: Cells.of_json}
    found = [piece.hole for piece in template.pieces if piece.hole is not None]
    return {hole.role: made[hole.kind](holes[hole.role].cut()) for hole in found if hole.kind in made}


def fill(template: Template, content: Content, count: int) -> dict[str, ArrowTexts]:
    """The holes' contents by role, `count` strings each, if every line fits the template."""
    names = [str(index) for index in range(len(template.pieces))]
    try:
        columns = _table(content, names, ())
    except pa.ArrowInvalid as error:  # a line with another number of commas, or bytes that are not UTF-8
        raise NotUniformError from error
    if columns.num_rows != count or not _has_only_the_templates_marks(template, content, count):
        raise NotUniformError
    holes: dict[str, ArrowTexts] = {}
    for index, piece in enumerate(template.pieces):
        column, hole = columns.column(index), piece.hole
        if hole is None:
            if not pc.all(pc.equal(column, piece.before.decode())).as_py():
                raise NotUniformError
            continue
        for array in column.chunks:
            _check(array, piece)
        if hole.kind != layouts.IGNORED or hole.role:
            holes[hole.role] = ArrowTexts(_one_array(column), before=len(piece.before), after=len(piece.after))
    return holes


def _one_array(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _has_only_the_templates_marks(template: Template, content: Content, count: int) -> bool:
    """Whether there are as many quotes, backslashes and control characters as the constants of so many lines have: then
    there are none in the holes, which could end or escape a string. All lines must have the constants.
    """
    constants = b",".join(piece.before + piece.after for piece in template.pieces)
    every, backslashes = np.frombuffer(content, dtype=np.uint8), constants.count(b"\\") * count
    # Mostly payloads are of digits, of which no byte is as large as a backslash.
    if (backslashes or int(every.max()) >= _BACKSLASH) and _count(every, _BACKSLASH) != backslashes:
        return False
    low = sum(byte <= _QUOTE for byte in constants)  # blanks too, which holes mostly have none of
    if sum(int(np.count_nonzero(part <= _QUOTE)) for part in scans(every)) == count * (low + 1):
        return True
    controls = sum(int(np.count_nonzero(part < _SPACE)) for part in scans(every))
    return controls == count and _count(every, _QUOTE) == constants.count(b'"') * count


def _count(every: Bytes, byte: int) -> int:
    return sum(int(np.count_nonzero(part == byte)) for part in scans(every))


def has_marks(content: Content) -> bool:
    """Whether there is a quote, a backslash or a control character."""
    every = np.frombuffer(content, dtype=np.uint8)
    return bool((every < _SPACE).any() or (every == _QUOTE).any() or (every == _BACKSLASH).any())


def _check(array: Any, piece: layouts.Piece) -> None:
    """Whether each cell begins and ends as its piece does."""
    before, after = piece.before.decode(), piece.after.decode()
    if before and not pc.all(pc.starts_with(array, before)).as_py():
        raise NotUniformError
    if after and not pc.all(pc.ends_with(array, after)).as_py():
        raise NotUniformError
    if before and after and pc.min(pc.binary_length(array)).as_py() < len(piece.before) + len(piece.after):
        raise NotUniformError


def _table(content: Content, names: Sequence[str], numbers: Sequence[str], missing: Sequence[str] = ()) -> Any:
    """The lines cut at their commas; raises `pyarrow.ArrowInvalid`."""
    is_ascii = int(np.frombuffer(content, dtype=np.uint8).max()) < _NOT_ASCII
    return pa_csv.read_csv(
        pa.BufferReader(content),
        read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=_CSV_BYTES),
        parse_options=pa_csv.ParseOptions(delimiter=",", quote_char=False, escape_char=False, ignore_empty_lines=False),
        convert_options=pa_csv.ConvertOptions(
            check_utf8=not is_ascii,
            column_types=dict.fromkeys(names, pa.string()) | dict.fromkeys(numbers, pa.float64()),
            null_values=missing,
            strings_can_be_null=False,
        ),
    )
