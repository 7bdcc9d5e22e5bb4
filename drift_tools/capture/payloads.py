"""The cells of payloads that have one layout, a block of them at once.

Cells that begin as numbers in the first line are asked for as numbers, which saves making strings of them: how they
were written, and which type each cell has, is found out when somebody asks. Whatever is no number after all, and
whatever is more than numbers between constants, is cut into strings first.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture import templates as layouts
from drift_tools.capture.json_numbers import numbers_alone
from drift_tools.capture.marks import has_only_the_templates_marks
from drift_tools.capture.numbers_in_place import numbers_between, numbers_in_place
from drift_tools.capture.templates import Template
from drift_tools.capture.zones import Content, NotUniformError
from drift_tools.tables import (
    ArrowTexts,
    Cells,
    Numbers,
    ParsedCells,
    Parts,
    Run,
    TypeCounts,
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
_NOT_ASCII = 128
_STARTS_NUMBER = frozenset(b"0123456789+-. \t")


def cells_of(template: Template, content: Content, count: int, *, are_typed: bool) -> dict[str, Run]:
    """The cells of so many payloads, one a line, by their roles. `are_typed`: their types are wanted at once.

    Raises `NotUniformError` if one does not fit the template, and `NotPlainError` if only the careful reader can judge
    it.
    """
    if are_typed:
        return typed(template, fill(template, content, count))
    holes = [piece.hole for piece in template.pieces if piece.hole is not None]
    kinds = {hole.kind for hole in holes}
    if len(holes) == len(template.pieces):
        if kinds == {layouts.CSV_CELL} and not any(piece.before or piece.after for piece in template.pieces):
            return _csv_cells(template, content, count)
        if kinds == {layouts.JSON_SCALAR} and has_only_the_templates_marks(template, content, count):
            plain = numbers_alone(template, content, count)
            if plain is not None:
                with suppress(pa.ArrowInvalid):
                    found = numbers_between(plain.content, plain.starts, plain.ends, has_empty=False)
                    columns = np.ascontiguousarray(found.reshape(count, -1).T)
                    return _runs(pa.py_buffer(plain.content), template, columns, is_json=True)
    return typed(template, fill(template, content, count))


def _csv_cells(template: Template, content: Content, count: int) -> dict[str, Run]:
    """The cells of payloads that are nothing but cells and commas."""
    roles = _roles(template)
    first = bytes(memoryview(content)[: _first_break(content)]).split(b",")
    if len(first) != len(roles):  # it need not be of the line that the template was made of
        raise NotUniformError
    numbers = [role for role, cell in zip(roles, first, strict=True) if cell[:1] and cell[0] in _STARTS_NUMBER]
    if len(numbers) + first.count(b"") == len(roles):
        with suppress(pa.ArrowInvalid):  # one is no number
            found = numbers_in_place(content, count, len(roles))
            if found is not None:
                return _runs(content, template, found, is_json=False)
    with suppress(pa.ArrowInvalid):  # or there are more cells than holes
        if numbers and has_only_the_templates_marks(template, content, count):
            return _numbers_and_texts(template, content, count, numbers)
    return typed(template, fill(template, content, count))


def _roles(template: Template) -> list[str]:
    return [piece.hole.role for piece in template.pieces if piece.hole is not None]


def _runs(content: Content, template: Template, numbers: Iterable[Numbers], *, is_json: bool) -> dict[str, Run]:
    """The cells of numbers alone, NaN where one is missing."""
    roles = _roles(template)
    spelling = _Texts(content, roles, is_json=is_json)
    cells: dict[str, Run] = {}
    for role, floats in zip(roles, numbers, strict=True):
        present = len(floats) - int(np.count_nonzero(np.isnan(floats)))
        # Of a column without any value its texts would be asked for, though there are none.
        cells[role] = ParsedCells(floats, present, _Spelling(spelling, role)) if present else Cells.missing(len(floats))
    return cells


def _numbers_and_texts(template: Template, content: Content, count: int, numbers: Sequence[str]) -> dict[str, Run]:
    """The cells of CSV, of which these begin as numbers; raises `pyarrow.ArrowInvalid` if one is none."""
    roles = _roles(template)
    table = _table(content, roles, numbers, missing=[""])
    if table.num_rows != count:
        raise NotUniformError
    values = {role: _as_floats(table[role]) for role in numbers}
    spelling = _Texts(content, roles, is_json=False)
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
    if columns.num_rows != count or not has_only_the_templates_marks(template, content, count):
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
    has_texts = len(numbers) < len(names)  # a number is ASCII, or it is none
    return pa_csv.read_csv(
        pa.BufferReader(content),
        read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=_CSV_BYTES),
        parse_options=pa_csv.ParseOptions(delimiter=",", quote_char=False, escape_char=False, ignore_empty_lines=False),
        convert_options=pa_csv.ConvertOptions(
            check_utf8=has_texts and int(np.frombuffer(content, dtype=np.uint8).max()) >= _NOT_ASCII,
            column_types=dict.fromkeys(names, pa.string()) | dict.fromkeys(numbers, pa.float64()),
            null_values=missing,
            strings_can_be_null=False,
        ),
    )
