"""Captured requests and answers of an endpoint, as a table.

The careful path: record by record, every encoding, every record that cannot be used counted with its reason. A faster
path for files whose records all look the same can stand before `_read_lines` and hand on the lines that it does not
know.

Format: SageMaker developer guide, "Capture data from real-time endpoint": JSON Lines; `captureData.endpointInput` and
`.endpointOutput` with `data` and `encoding` (CSV, JSON or BASE64); `eventMetadata` with `eventId`, `inferenceTime`
and, if the caller gave one, `inferenceId`. The columns of a row are those of the output, then those of the input.
"""

import base64
import binascii
import csv
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from drift_tools.errors import InputError
from drift_tools.tables import Column, Table

Cell: TypeAlias = str | None
Row: TypeAlias = list[Cell]
Preprocessor: TypeAlias = Callable[[dict[str, Any]], list[dict[str, Any]]]
BOTH_SIDES = ("endpointInput", "endpointOutput")
GROUND_TRUTH = "groundTruthData"
_KEPT_PROBLEMS = 1000
_CSV_TYPES = ("text/csv",)
_JSON_TYPES = ("application/json", "application/jsonlines", "application/x-ndjson")
# Containers in which SageMaker's own algorithms and TensorFlow Serving wrap several rows.
_CONTAINERS = ("instances", "predictions")


class _UnusableError(Exception):
    """A record that cannot be used; the message is the reason, the same for all records of its kind."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One record that was skipped."""

    reason: str
    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}, line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row came from. A request with several rows is the origin of each of them."""

    event_id: str | None
    inference_id: str | None
    inference_time: str | None


@dataclass(frozen=True, eq=False)
class Captures:
    """What was read: `read == used + sum(skipped.values())`, in records (lines), not rows.

    `data`: the rows, in the order of the files. `origins`: for each row, the request it came in.
    `outside`: records outside the window that was asked for; they count as neither read nor skipped.
    `problems`: the first thousand of the skipped records, with file and line.
    """

    data: Table
    origins: tuple[Origin, ...]
    read: int
    used: int
    skipped: Mapping[str, int]
    outside: int
    problems: tuple[Problem, ...]

    @property
    def rows(self) -> int:
        """Rows of the table: at least `used`, more when requests held several."""
        return self.data.rows

    @cached_property
    def table(self) -> Any:
        """The rows as a `pyarrow.Table`."""
        return self.data.to_arrow()

    def __repr__(self) -> str:
        skipped = "".join(f", {count} x {reason}" for reason, count in self.skipped.items())
        shape = f"{self.rows} rows x {len(self.data.columns)} columns"
        return f"<Captures: {self.used} of {self.read} records used, {shape}{skipped}>"


def read_captures(
    source: str | Path | Iterable[str | bytes],
    *,
    columns: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    sides: Sequence[str] = BOTH_SIDES,
    outputs_first: bool = True,
    preprocess: Preprocessor | None = None,
) -> Captures:
    """Read captured records from a file, a folder (all `*.jsonl` and `*.jsonl.gz` below it) or lines.

    `columns` names the columns of payloads that name none (CSV), by position; without it, or if their number is
    another, they are `_c0`, `_c1`, …. `start` and `end` (UTC unless they say otherwise) keep the records with
    `start <= inferenceTime < end`. `sides`
    says which of `endpointInput`, `endpointOutput` and `groundTruthData` make the row. `preprocess` gets each record
    as parsed JSON and gives its rows.

    A record that cannot be used is counted with its reason and never stops the run. Raises `InputError` only if there
    is nothing to read at the path.
    """
    reader = _Reader(columns, _aware(start), _aware(end), tuple(sides), outputs_first, preprocess)
    if isinstance(source, str | Path):
        for path in capture_files(Path(source)):
            reader.read_file(path)
    else:
        reader.read_lines("lines", source)
    return reader.result()


def capture_files(path: Path) -> list[Path]:
    """The capture files at a path, in the order of their names, which is the order of time."""
    if path.is_file():
        return [path]
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name.endswith((".jsonl", ".jsonl.gz")))
    if not files:
        raise InputError(
            f"{path}: no captured data (*.jsonl) in this folder: check the window, the endpoint's name and variant"
        )
    return files


@dataclass(slots=True)
class _Layout:
    """Records whose columns are the same: a name, or None for a column that only its position names."""

    names: tuple[str | None, ...]
    has_output: bool
    width: int  # columns without a name
    records: int = 0


@dataclass(slots=True)
class _Parsed:
    layout: _Layout
    rows: list[Row]
    origin: Origin
    source: str
    line: int


@dataclass(slots=True)
class _Reader:
    columns: Sequence[str] | None
    start: datetime | None
    end: datetime | None
    sides: tuple[str, ...]
    outputs_first: bool
    preprocess: Preprocessor | None
    read: int = 0
    outside: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    parsed: list[_Parsed] = field(default_factory=list)
    layouts: dict[tuple[tuple[str | None, ...], bool], _Layout] = field(default_factory=dict)

    def read_file(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                compressed = file.read(2) == b"\x1f\x8b"
            with gzip.open(path) if compressed else path.open("rb") as lines:
                self.read_lines(str(path), lines)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            # What was unpacked until here is used; the rest is one unreadable record, because nobody can say how many
            # it was.
            self.read += 1
            self._skip("gzip file is cut short or damaged", str(path), 0)

    def read_lines(self, source: str, lines: Iterable[str | bytes]) -> None:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = _load(line)
                if not self._in_window(record):
                    self.outside += 1
                    continue
                parsed = self._parse(record, source, number)
            except _UnusableError as error:
                self.read += 1
                self._skip(str(error), source, number)
                continue
            self.read += 1
            parsed.layout.records += 1
            self.parsed.append(parsed)

    def _skip(self, reason: str, source: str, line: int) -> None:
        self.skipped[reason] += 1
        if len(self.problems) < _KEPT_PROBLEMS:
            self.problems.append(Problem(reason, source, line))

    def _in_window(self, record: dict[str, Any]) -> bool:
        if self.start is None and self.end is None:
            return True
        metadata = record.get("eventMetadata")
        time = _time(metadata.get("inferenceTime") if isinstance(metadata, dict) else None)
        return (self.start is None or self.start <= time) and (self.end is None or time < self.end)

    def _parse(self, record: dict[str, Any], source: str, line: int) -> _Parsed:
        metadata = record.get("eventMetadata")
        if not isinstance(metadata, dict):
            metadata = {}
        origin = Origin(
            _text(metadata.get("eventId")), _text(metadata.get("inferenceId")), _text(metadata.get("inferenceTime"))
        )
        if self.preprocess is not None:
            names, rows = _preprocessed(self.preprocess, record)
            return _Parsed(self._layout(names, has_output=True), rows, origin, source, line)
        output, other, truth = self._sides(record)
        first, second = (output, other) if self.outputs_first else (other, output)
        names, rows = _beside(_beside(first, second), truth)
        return _Parsed(self._layout(names, has_output=output is not None), rows, origin, source, line)

    def _layout(self, names: tuple[str | None, ...], *, has_output: bool) -> _Layout:
        key = (names, has_output)
        layout = self.layouts.get(key)
        if layout is None:
            layout = self.layouts[key] = _Layout(names, has_output, names.count(None))
        return layout

    def _sides(self, record: dict[str, Any]) -> tuple["_Block | None", "_Block | None", "_Block | None"]:
        data = record.get("captureData")
        if not isinstance(data, dict):
            raise _UnusableError("no captureData")
        output = _payload(data.get("endpointOutput")) if "endpointOutput" in self.sides else None
        given = _payload(data.get("endpointInput")) if "endpointInput" in self.sides else None
        truth = _payload(record.get(GROUND_TRUTH)) if GROUND_TRUTH in self.sides else None
        if GROUND_TRUTH in self.sides:
            if truth is None:
                raise _UnusableError("no groundTruthData")
            truth = (tuple(f"{GROUND_TRUTH}_{i}" if i else GROUND_TRUTH for i in range(len(truth[0]))), truth[1])
        if output is None and given is None:
            raise _UnusableError("neither endpointInput nor endpointOutput was captured")
        return output, given, truth

    def result(self) -> Captures:
        self._drop_odd_layouts()
        names, order = self._names()
        rows: list[Sequence[Cell]] = []
        origins: list[Origin] = []
        width = len(names)
        for parsed in self.parsed:
            positions = order[id(parsed.layout)]
            for row in parsed.rows:
                rows.append(row if positions is None else _spread(row, positions, width))
                origins.append(parsed.origin)
        cells = zip(*rows, strict=True) if rows else iter([()] * width)
        table = Table.of(
            (Column.from_cells(name, column) for name, column in zip(names, cells, strict=True)), len(rows)
        )
        return Captures(
            table, tuple(origins), self.read, len(self.parsed), dict(self.skipped), self.outside, tuple(self.problems)
        )

    def _drop_odd_layouts(self) -> None:
        """Records without an output among others with one, and ragged ones, have cells that nobody can name."""
        some_have_output = "endpointOutput" in self.sides and any(parsed.layout.has_output for parsed in self.parsed)
        layouts = [layout for layout in self.layouts.values() if layout.has_output or not some_have_output]
        expected = self._expected_width([layout for layout in layouts if layout.width and layout.records])
        kept: list[_Parsed] = []
        for parsed in self.parsed:
            if some_have_output and not parsed.layout.has_output:
                self._skip("no endpointOutput", parsed.source, parsed.line)
            elif parsed.layout.width not in (0, expected):
                self._skip(f"{parsed.layout.width} columns where {expected} are expected", parsed.source, parsed.line)
            else:
                kept.append(parsed)
        self.parsed = kept

    def _expected_width(self, layouts: Sequence[_Layout]) -> int:
        """How many nameless columns a record should have: as the baseline's names say, or else as most records have."""
        if self.columns is not None:
            for layout in layouts:
                if len(layout.names) == len(self.columns):
                    return layout.width
        widths: Counter[int] = Counter()
        for layout in layouts:
            widths[layout.width] += layout.records
        return widths.most_common(1)[0][0] if widths else 0

    def _names(self) -> tuple[list[str], dict[int, list[int] | None]]:
        """The columns of the result, and for each layout where its cells go (None: straight through)."""
        names: dict[str, int] = {}
        order: dict[int, list[int] | None] = {}
        used = {id(parsed.layout): parsed.layout for parsed in self.parsed}
        for key, layout in used.items():
            given = self.columns if self.columns is not None and len(self.columns) == len(layout.names) else None
            positions: list[int] = []
            for index, name in enumerate(layout.names):
                column = name if name is not None else given[index] if given is not None else f"_c{index}"
                while names.get(column) in positions:  # the output and the input have a column of the same name
                    column = f"{column}_input"
                positions.append(names.setdefault(column, len(names)))
            order[key] = positions
        width = len(names)
        straight = list(range(width))
        return list(names), {key: None if positions == straight else positions for key, positions in order.items()}


_Block: TypeAlias = tuple[tuple[str | None, ...], list[Row]]


def _preprocessed(preprocess: Preprocessor, record: dict[str, Any]) -> _Block:
    try:
        objects = preprocess(record)
    except InputError:
        raise
    except Exception as error:  # a user's code: what it raises on one record is a reason to skip that record
        raise _UnusableError(f"the record preprocessor raised {type(error).__name__}") from error
    names, rows = _from_objects(objects)
    # The guide's own examples number the columns ("00000000000000000003"): those are positions and no names.
    if all(name is not None and name.isdigit() for name in names):
        names = (None,) * len(names)
    return names, rows


def _spread(row: Row, positions: Sequence[int], width: int) -> Row:
    wide: Row = [None] * width
    for position, cell in zip(positions, row, strict=True):
        wide[position] = cell
    return wide


def _load(line: str | bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except UnicodeDecodeError as error:
        raise _UnusableError("not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise _UnusableError("not JSON") from error
    if not isinstance(record, dict):
        raise _UnusableError("not a JSON object")
    return record


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else _utc(moment)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _time(value: object) -> datetime:
    if not isinstance(value, str):
        raise _UnusableError("no inferenceTime")
    try:
        time = datetime.fromisoformat(value)
    except ValueError as error:
        raise _UnusableError("inferenceTime is no time") from error
    return _utc(time)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _payload(side: object) -> _Block | None:
    """Columns and rows of one captured side; None if it was not captured."""
    if side is None:
        return None
    if not isinstance(side, dict) or not isinstance(side.get("data"), str):
        raise _UnusableError("a captured side without data")
    data, encoding = side["data"], side.get("encoding")
    if encoding == "CSV":
        return _csv(data)
    if encoding == "JSON":
        return _json(data)
    if encoding == "BASE64":
        return _base64(data, str(side.get("observedContentType", "")))
    raise _UnusableError("unknown encoding")


def _base64(data: str, content_type: str) -> _Block:
    try:
        text = base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise _UnusableError("BASE64 that holds no UTF-8 text") from error
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _CSV_TYPES:
        return _csv(text)
    if kind in _JSON_TYPES or text.lstrip()[:1] in ("{", "["):
        return _json(text)
    return _csv(text)  # an answer whose type is not declared (text/html is Flask's default) is mostly a bare number


def _csv(text: str) -> _Block:
    text = text.strip("\r\n")
    if '"' not in text and "\n" not in text and "\r" not in text:
        cells: Row = [*text.split(",")]
        if "" in cells or " " in text or "\t" in text:
            cells = [cell.strip() or None for cell in cells if cell is not None]
        return (None,) * len(cells), [cells]
    try:
        rows: list[Row] = [
            [cell.strip() or None for cell in row] for row in csv.reader(text.splitlines(), strict=True) if row
        ]
    except csv.Error as error:
        raise _UnusableError("not CSV") from error
    if not rows:
        raise _UnusableError("empty payload")
    if any(len(row) != len(rows[0]) for row in rows):
        raise _UnusableError("rows of one payload differ in length")
    return (None,) * len(rows[0]), rows


def _json(text: str) -> _Block:
    try:
        payload: Any = json.loads(text)
    except (ValueError, RecursionError):
        payload = _json_lines(text)
    if isinstance(payload, dict) and len(payload) == 1:
        (key,) = payload
        if key in _CONTAINERS and isinstance(payload[key], list):
            payload = payload[key]
            if payload and not any(isinstance(item, dict | list) for item in payload):
                payload = [{key: item} for item in payload]  # one value a row
    several = isinstance(payload, list) and any(isinstance(item, dict | list) for item in payload)
    items: list[Any] = payload if several else [payload]
    if all(isinstance(item, dict) for item in items):
        return _from_objects(items)
    rows = [[_cell(value) for value in (item if isinstance(item, list) else [item])] for item in items]
    if any(len(row) != len(rows[0]) for row in rows) or any(isinstance(item, dict) for item in items):
        raise _UnusableError("rows of one payload differ in shape")
    return (None,) * len(rows[0]), rows


def _json_lines(text: str) -> list[Any]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise _UnusableError("payload is no JSON")
    try:
        return [json.loads(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise _UnusableError("payload is no JSON") from error


def _from_objects(items: Sequence[dict[str, Any]]) -> _Block:
    """Rows of flat objects; a list in one becomes the columns `name_0`, `name_1`, …."""
    names: dict[str | None, int] = {}
    flat: list[dict[str | None, Cell]] = []
    for item in items:
        row: dict[str | None, Cell] = {}
        for name, value in item.items():
            if isinstance(value, list):
                row.update({f"{name}_{index}": _cell(element) for index, element in enumerate(value)})
            else:
                row[name] = _cell(value)
        for column in row:
            names.setdefault(column, len(names))
        flat.append(row)
    return tuple(names), [[row.get(name) for name in names] for row in flat]


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise _UnusableError("nested JSON: flatten it in a record preprocessor")


def _beside(left: _Block | None, right: _Block | None) -> _Block:
    """Two sides of the same rows, next to each other."""
    if left is None:
        return right if right is not None else ((), [])
    if right is None:
        return left
    left, right = _one_value_a_row(left, len(right[1])), _one_value_a_row(right, len(left[1]))
    if len(left[1]) != len(right[1]):
        raise _UnusableError("numbers of rows in input and output differ")
    return left[0] + right[0], [a + b for a, b in zip(left[1], right[1], strict=True)]


def _one_value_a_row(block: _Block, rows: int) -> _Block:
    """Some servers answer n rows with n values on one line."""
    names, own = block
    if rows > 1 and len(own) == 1 and len(own[0]) == rows and names[0] is None:
        return (None,), [[cell] for cell in own[0]]
    return block
