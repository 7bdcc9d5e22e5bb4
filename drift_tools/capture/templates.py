"""The layout of captured records: what all records of one kind have in common, and where they differ.

Records of one endpoint differ in a few places only: the numbers of the payload, the ids, the time. A `Template` is
made of one such line. It cuts the line at its commas; each piece is constant, or has one *hole* between a constant
beginning and a constant end. A block of lines that a CSV reader can cut at the same number of commas, whose constants
are equal and whose holes hold no quote, backslash or control character, is a block of valid records that differ in
their holes only. That makes reading it a matter of reading columns.

What the holes of a payload mean is not known here: the template's line is read by `records` with markers in
its holes, and the markers are looked for in the row that comes out.
"""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from drift_tools.capture import records as careful
from drift_tools.capture.json_paths import JsonPath
from drift_tools.capture.json_payload import json_rows
from drift_tools.capture.records import BOTH_SIDES, GROUND_TRUTH, Block, Selection
from drift_tools.errors import UnusableError

_TOKEN = re.compile(rb'[{}\[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+')
_MARK = "\x00"
_DATA: dict[tuple[str, ...], str] = {("captureData", side, "data"): side for side in BOTH_SIDES}
_DATA[(GROUND_TRUTH, "data")] = GROUND_TRUTH

_ORIGIN = {("eventMetadata", name): name for name in ("eventId", "inferenceId", "inferenceTime")}
_READ = {(*place[:-1], name) for place in _DATA for name in ("encoding", "observedContentType")}
# What a hole holds.
CSV_CELL, JSON_STRING, JSON_SCALAR, ENCODED, IGNORED = "CSV", "JSON string", "JSON scalar", "BASE64", "ignored"


class NoTemplateError(Exception):
    """Lines like this one have no template; each of them needs the careful reader."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a line that differs: `kind` of what it holds, and `role`: what it is for."""

    start: int
    end: int
    kind: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two commas: a constant, or a hole between two constants."""

    before: bytes
    after: bytes = b""
    hole: Hole | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """Lines that differ in their holes only."""

    pieces: tuple[Piece, ...]

    @property
    def beginning(self) -> bytes:
        """What stands before the first hole."""
        constant = list(itertools.takewhile(lambda piece: piece.hole is None, self.pieces))
        first = [piece.before for piece in self.pieces[len(constant) : len(constant) + 1]]
        return b",".join([*(piece.before for piece in constant), *first])

    @classmethod
    def of(cls, line: bytes, holes: list[Hole]) -> "Template":
        """Cut a line. Raises `NoTemplateError` if a hole holds what only a constant may hold."""
        holes = sorted(holes, key=lambda hole: hole.start)
        if any(set(line[hole.start : hole.end]) & set(b',"\\') for hole in holes):
            raise NoTemplateError
        pieces: list[Piece] = []
        start, left = 0, iter([*holes, None])
        hole = next(left)
        for end in [*(match.start() for match in re.finditer(b",", line)), len(line)]:
            if hole is not None and hole.end <= end:
                pieces.append(Piece(line[start : hole.start], line[hole.end : end], hole))
                hole = next(left)
                if hole is not None and hole.start < end:
                    raise NoTemplateError
            else:
                pieces.append(Piece(line[start:end]))
            start = end + 1
        return cls(tuple(pieces))


# Of strings that nobody reads.
UNREAD = Template((Piece(b"", b"", Hole(0, 0, IGNORED)),))


@dataclass(frozen=True, slots=True)
class EncodedPayload:
    """The template of the texts that a BASE64 payload holds; `listed`: whether its media type says what they are."""

    template: Template
    is_json: bool
    listed: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Records of one template, and the rows that they make.

    `cells`: for each column the role of its hole, or the text that all records have there (None: missing).
    `origin`: likewise for eventId, inferenceId and inferenceTime. `sides`: for each payload the roles of its CSV cells.
    """

    template: Template
    names: tuple[str | None, ...]
    has_output: bool
    cells: tuple[str | None, ...]
    origin: Mapping[str, str | None]
    encoded: Mapping[str, EncodedPayload]
    sides: tuple[tuple[str, ...], ...]


def is_role(cell: str | None) -> bool:
    """Whether a cell of a layout is a hole's role, and no text."""
    return cell is not None and cell.startswith(_MARK)


def role_of(name: str) -> str:
    """The role of the hole that is a whole payload, or an id, of this name."""
    return _MARK + name


@lru_cache(maxsize=32)
def layout_of(line: bytes, selection: Selection) -> Layout:
    """The layout of records like this one; raises `NoTemplateError` if they must be read one by one."""
    if selection.preprocess is not None:
        raise NoTemplateError
    try:
        record = careful.load(line)
        json.loads(line, object_pairs_hook=_unique)
        wanted = careful.captured_sides(record, selection.sides)
        return _layout(line, wanted, selection)
    except (UnusableError, RecursionError, UnicodeDecodeError) as error:
        raise NoTemplateError from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):  # of a key that comes twice the last counts; which hole that is nobody needs to know
        raise NoTemplateError
    return document


@dataclass(slots=True)
class _Found:
    """What a line's payloads turn out to be."""

    sides: dict[str, Block | None]
    holes: list[Hole] = field(default_factory=list)
    encoded: dict[str, EncodedPayload] = field(default_factory=dict)

    def add_side(self, name: str, side: object, scalar: "_Scalar", content: bytes, paths: Sequence[JsonPath]) -> None:
        """The payload `side`, whose data is the scalar and stands as `content` in the line."""
        if not isinstance(side, dict):
            raise NoTemplateError
        encoding = side.get("encoding")
        if encoding == "CSV":
            own, self.sides[name] = _csv_holes(content, name)
        elif encoding == "JSON":
            own, self.sides[name] = _json_holes(side["data"], name, paths)
            own = [_escaped(hole, side["data"].encode(), content) for hole in own]
        elif encoding == "BASE64":
            self.encoded[name], self.sides[name] = _encoded(side, name, paths)
            own = [Hole(0, len(content), ENCODED, _MARK + name)]
        else:
            raise NoTemplateError
        self.holes += [replace(hole, start=hole.start + scalar.start, end=hole.end + scalar.start) for hole in own]


def _layout(line: bytes, wanted: dict[str, object], selection: Selection) -> Layout:
    found = _Found(dict.fromkeys(wanted))
    holes, sides = found.holes, found.sides
    origin: dict[str, str | None] = dict.fromkeys(_ORIGIN.values())
    for scalar in _scalars(line):
        path = tuple(map(str, scalar.path))
        content = line[scalar.start : scalar.end]
        side = _DATA.get(path)
        if side in wanted and scalar.is_string:
            found.add_side(side, wanted[side], scalar, content, selection.paths_in(side))
        elif path in _ORIGIN and scalar.is_string and b"\\" not in content:
            role = origin[_ORIGIN[path]] = _MARK + _ORIGIN[path]
            holes.append(Hole(scalar.start, scalar.end, IGNORED, role))
        elif path in _ORIGIN:
            value = json.loads(line[scalar.token_start : scalar.token_end])
            origin[_ORIGIN[path]] = None if value is None else str(value)
        elif scalar.is_string and path not in _READ and b"\\" not in content:
            holes.extend(
                Hole(scalar.start + part.start(), scalar.start + part.end(), IGNORED)
                for part in re.finditer(rb"[^,]*", content)
                if part.start() == 0 or content[part.start() - 1 : part.start()] == b","
            )
    if any(value is not None and sides[name] is None for name, value in wanted.items()):
        raise NoTemplateError
    names, rows = careful.join_sides(sides, selection)
    if len(rows) != 1:
        raise NoTemplateError
    roles = tuple(tuple(cell for cell in block[1][0] if cell is not None) for block in sides.values() if block)
    return Layout(
        Template.of(line, holes),
        names,
        sides.get(careful.OUTPUT) is not None,
        tuple(rows[0]),
        origin,
        found.encoded,
        roles,
    )


def _csv_holes(content: bytes, name: str) -> tuple[list[Hole], Block]:
    if set(content) & set(b'"\\\r\n'):
        raise NoTemplateError
    holes, start = [], 0
    for number, cell in enumerate(content.split(b",")):
        holes.append(Hole(start, start + len(cell), CSV_CELL, f"{_MARK}{name} {number}"))
        start += len(cell) + 1
    return holes, ((None,) * len(holes), [[hole.role for hole in holes]])


def _json_holes(text: str, name: str, paths: Sequence[JsonPath]) -> tuple[list[Hole], Block]:
    """Holes in the payload's own text, before it was escaped."""
    if not all(path.chooses for path in paths):
        raise NoTemplateError  # what stands in the holes decides
    json_rows(text, paths)  # what it cannot read has no template
    content = text.encode()
    holes, marked, done = [], [], 0
    for number, scalar in enumerate(_scalars(content)):
        if scalar.is_string and b"\\" in content[scalar.start : scalar.end]:
            raise NoTemplateError
        role = f"{_MARK}{name} {number}"
        holes.append(Hole(scalar.start, scalar.end, JSON_STRING if scalar.is_string else JSON_SCALAR, role))
        marked += [content[done : scalar.token_start], json.dumps(role).encode()]
        done = scalar.token_end
    block = json_rows(b"".join([*marked, content[done:]]).decode(), paths)
    if len(block[1]) != 1:
        raise NoTemplateError
    return holes, block


def _escaped(hole: Hole, content: bytes, raw: bytes) -> Hole:
    """The same hole where each quote of the text is written as two characters."""
    if content.replace(b'"', b'\\"') != raw:
        raise NoTemplateError
    return replace(
        hole,
        start=hole.start + content.count(b'"', 0, hole.start),
        end=hole.end + content.count(b'"', 0, hole.end),
    )


def _encoded(side: dict[str, Any], name: str, paths: Sequence[JsonPath]) -> tuple[EncodedPayload, Block]:
    kind = careful.content_type(side)
    text = careful.decode_base64(side["data"]).strip("\r\n")
    is_json = careful.is_json(text, kind)
    holes, block = _json_holes(text, name, paths) if is_json else _csv_holes(text.encode(), name)
    listed = kind in careful.CSV_TYPES or kind in careful.JSON_TYPES
    return EncodedPayload(Template.of(text.encode(), holes), is_json, listed), block


@dataclass(frozen=True, slots=True)
class _Scalar:
    path: tuple[str | int, ...]
    start: int  # of a string: behind its quote
    end: int
    is_string: bool

    @property
    def token_start(self) -> int:
        return self.start - self.is_string

    @property
    def token_end(self) -> int:
        return self.end + self.is_string


def _scalars(text: bytes) -> list[_Scalar]:
    """Where the scalars of a valid JSON text stand, keys left out."""
    found: list[_Scalar] = []
    path: list[str | int] = []  # the current key or index of each open container
    expects_key = False
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in (b"{", b"["):
            path.append("" if token == b"{" else 0)
            expects_key = token == b"{"
        elif token in (b"}", b"]"):
            path.pop()
            expects_key = False
        elif token == b",":
            inside = path[-1]
            expects_key = isinstance(inside, str)
            if isinstance(inside, int):
                path[-1] = inside + 1
        elif token == b":":
            expects_key = False
        elif expects_key:
            path[-1] = str(json.loads(token))
        else:
            is_string = token.startswith(b'"')
            found.append(_Scalar(tuple(path), match.start() + is_string, match.end() - is_string, is_string))
    return found
