"""Records that are alike are read alike: how one of them is laid out is learnt once, and the rest are matched with it.

Of a stream's records nearly all differ in their cells, ids and times only. One that was read with care shows where its
cells stand: the layout is a pattern of that record with a hole for each of them. What matches has the same cells in the
same places, and no record need be parsed by itself: the holes of a batch are parsed together. Whatever is laid out
otherwise (another type, an escape, several rows) is read with care.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_MOST_LAYOUTS: Final = 4
# Records that have no layout, or always another, had better not be asked for one each.
_MOST_ATTEMPTS: Final = 8
# Neither a quote, an escape, nor a control character: the text of a JSON string as it stands.
_PLAIN: Final = r'[^"\\\x00-\x1f]'
# The same of ASCII only: other characters end a line, too, for `str.splitlines`. A payload mostly ends its line, which
# is written as an escape. The second is one cell, without a comma.
_CSV_ROW_HOLE: Final = r"([ !#-\[\]-~]+)(?:\\n)?"
_CSV_CELL_HOLE: Final = r"([ !#-+\--\[\]-~]+)(?:\\n)?"
# Numbers, truths and null side by side, or one of them or a text. What else these let through no JSON has.
_RUN_HOLE: Final = r"([-+.0-9a-zE, ]+)"
_CELL_HOLE: Final = r'([-+.0-9a-zE]+|\\"[^",\\\x00-\x1f]*\\")'
_SCALAR: Final = re.compile(r'"(?:[^"\\]|\\.)*"(?P<key>\s*:)?|[^\s{}\[\],:"]+')
_SIDES: Final = ("endpointInput", "endpointOutput")
_FREE: Final = ("eventId", "inferenceId", "inferenceTime")
ReadRows = Callable[[str, Sequence[str]], list[list[Any]]]


@dataclass(frozen=True, slots=True)
class _Hole:
    """Cells that stand side by side; `is_json`: whether they are written as JSON writes them."""

    width: int
    is_json: bool


@dataclass(slots=True)
class Layout:
    """A pattern, its holes, and by name in which hole and at which place of it a cell is; None: in no record."""

    pattern: re.Pattern[str]
    holes: tuple[_Hole, ...]
    places: tuple[tuple[int, int] | None, ...]
    texts: list[str] = field(default_factory=list)
    """Records that were taken."""
    _found: list[tuple[str, ...]] = field(default_factory=list)
    _commas: list[tuple[int, int]] = field(init=False)
    """In the holes of several cells; in the others there can be none."""

    def __post_init__(self) -> None:
        self._commas = [(at, hole.width - 1) for at, hole in enumerate(self.holes) if hole.width > 1]

    def take(self, text: str) -> bool:
        """Keep the cells of a record of this layout; False for another."""
        match = self.pattern.fullmatch(text)
        if match is None:
            return False
        found = match.groups()
        for hole, commas in self._commas:
            if found[hole].count(",") != commas:
                return False
        self._found.append(found)
        self.texts.append(text)
        return True

    def columns(self) -> list[list[Any]]:
        """The cells of all records that were taken, by name. Raises `ValueError` if one of them is no JSON."""
        contents: list[list[Any]] = []
        for hole, found in zip(self.holes, zip(*self._found, strict=True), strict=True):
            joined = ",".join(found)
            contents.append(json.loads("[" + joined.replace('\\"', '"') + "]") if hole.is_json else joined.split(","))
        return [
            [None] * len(self.texts) if place is None else contents[place[0]][place[1] :: self.holes[place[0]].width]
            for place in self.places
        ]


class Layouts:
    """The layouts that a batch's records have shown so far, a handful of them.

    `read` reads one record with care, by names.
    """

    def __init__(self, names: Sequence[str], read: ReadRows) -> None:
        self._names, self._read = names, read
        self._attempts = 0
        self._known: list[Layout] = []

    def take(self, text: str) -> bool:
        """Keep the cells of a record of a known layout; False if it has to be read with care."""
        for layout in self._known:  # noqa: SIM110 - `any` would take twice as long
            if layout.take(text):
                return True
        return False

    def taken(self) -> list[Layout]:
        """The layouts that records were taken by."""
        return [layout for layout in self._known if layout.texts]

    def learn(self, text: str) -> None:
        """Take the layout of a record of one row that was read with care, if it has one."""
        if len(self._known) >= _MOST_LAYOUTS or self._attempts >= _MOST_ATTEMPTS:
            return
        self._attempts += 1
        layout = _layout(text, self._names, self._read)
        if layout is not None:
            self._known.append(layout)


@dataclass(slots=True)
class _Learning:
    """What a record's layout is made of: each part of it that is no constant, with its pattern and with its marks."""

    holes: list[_Hole] = field(default_factory=list)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By mark."""

    def mark(self, width: int, *, is_json: bool) -> list[str]:
        """Add a hole; a mark for each of its cells."""
        hole = len(self.holes)
        self.holes.append(_Hole(width, is_json))
        marks = [f"hole {hole} cell {cell}" for cell in range(width)]
        self.places |= {mark: (hole, cell) for cell, mark in enumerate(marks)}
        return marks

    def csv(self, data: str) -> tuple[str, str] | None:
        """The pattern of a payload, and the payload with marks for its cells."""
        row = data.removesuffix("\n")
        if not re.fullmatch(_CSV_ROW_HOLE, row):
            return None
        pattern = _CSV_ROW_HOLE if "," in row else _CSV_CELL_HOLE
        return pattern, ",".join(self.mark(row.count(",") + 1, is_json=False))

    def json(self, data: str) -> tuple[str, str] | None:
        """The same of a payload that is JSON, whose keys and brackets are constant."""
        scalars = [found for found in _SCALAR.finditer(data) if not found["key"]]
        pattern, marked, done = "", "", 0
        for run in _runs(scalars, data):
            if any("\\" in scalar.group() for scalar in run):
                return None
            before = data[done : run[0].start()]
            marks = self.mark(len(run), is_json=True)
            pattern += re.escape(json.dumps(before)[1:-1]) + (_RUN_HOLE if len(run) > 1 else _CELL_HOLE)
            marked += before + ",".join(map(json.dumps, marks))
            done = run[-1].end()
        rest = data[done:]
        return pattern + re.escape(json.dumps(rest)[1:-1]), marked + rest


def _runs(scalars: Sequence[re.Match[str]], data: str) -> Iterator[list[re.Match[str]]]:
    """Scalars, those together that are no texts and stand side by side in a list."""
    run: list[re.Match[str]] = []
    for scalar in scalars:
        joins = run and data[run[-1].end() : scalar.start()] in {",", ", "}
        if run and (not joins or '"' in (run[-1].group()[0], scalar.group()[0])):
            yield run
            run = []
        run.append(scalar)
    if run:
        yield run


def _layout(text: str, names: Sequence[str], read: ReadRows) -> Layout | None:
    """The layout of a record; None if it is none that others could have.

    Which cell each hole is, is not worked out here: the record is read with marks in its holes, and where they come out
    says it.
    """
    document = json.loads(text)
    made = _Learning()
    parts = list[tuple[int, str, str, str]]()  # where, the text, its pattern, the text with marks
    for side in sorted(_SIDES, key=lambda side: text.find(f'"{side}"')):
        payload = document["captureData"].get(side) or {}
        learn = {"CSV": made.csv, "JSON": made.json}.get(str(payload.get("encoding")))
        if payload and (learn is None or not isinstance(payload.get("data"), str)):
            return None
        found = learn(payload["data"]) if payload and learn else None
        if payload and found is None:
            return None
        if found is not None:
            token = f'"data":{json.dumps(payload["data"])}'
            parts.append((text.find(token), token, f'"data":"{found[0]}"', f'"data":{json.dumps(found[1])}'))
    metadata = document.get("eventMetadata")
    for name in _FREE if isinstance(metadata, dict) else ():
        if isinstance(metadata.get(name), str):
            token = f'"{name}":{json.dumps(metadata[name])}'
            parts.append((text.find(token), token, f'"{name}":"{_PLAIN}*"', token))
    if any(text.count(token) != 1 for _, token, _, _ in parts):
        return None
    pattern, marked, done = "", "", 0
    for at, token, hole, marks in sorted(parts):
        pattern += re.escape(text[done:at]) + hole
        marked += text[done:at] + marks
        done = at + len(token)
    rows = read(marked + text[done:], names)
    if len(rows) != 1 or any(not isinstance(cell, str | None) for cell in rows[0]):
        return None
    if any(cell is not None and cell not in made.places for cell in rows[0]):
        return None
    places = tuple(None if cell is None else made.places[cell] for cell in rows[0])
    return Layout(re.compile(pattern + re.escape(text[done:])), tuple(made.holes), places)
