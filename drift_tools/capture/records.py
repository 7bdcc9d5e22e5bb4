"""One captured record, read with care: every encoding, every shape, and a reason for each record that cannot be used.

This is what a captured record *means*; the faster reader (`blocks`) gives the same result for records of one layout
and hands everything else to this module.

Format: SageMaker developer guide, "Capture data from real-time endpoint": JSON Lines; `captureData.endpointInput` and
`.endpointOutput` with `data` and `encoding` (CSV, JSON or BASE64); `eventMetadata` with `eventId`, `inferenceTime`
and, if the caller gave one, `inferenceId`. The columns of a row are those of the output, then those of the input.
"""

import base64
import binascii
import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from drift_tools.capture.json_paths import JsonPath, json_paths
from drift_tools.capture.json_payload import Row, Rows, by_column, json_rows, objects_rows
from drift_tools.capture.limits import MOST_COLUMNS, TOO_MANY_COLUMNS
from drift_tools.errors import InputError, UnusableError
from drift_tools.timestamps import as_utc

Block: TypeAlias = Rows
Preprocessor: TypeAlias = Callable[[dict[str, Any]], list[dict[str, Any]]]

INPUT, OUTPUT, GROUND_TRUTH = "endpointInput", "endpointOutput", "groundTruthData"
BOTH_SIDES = (INPUT, OUTPUT)
NO_CAPTURE = "no captureData"
OTHER_ROWS = "numbers of rows in input and output differ"
OTHER_ROWS_OF_LABEL = "the label has another number of rows than the answer: fix the labels' file"
_NO_TEXT = "BASE64 that holds no UTF-8 text"
CSV_TYPES = ("text/csv",)
JSON_TYPES = ("application/json", "application/jsonlines", "application/x-ndjson")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row came from. A request with several rows is the origin of each of them."""

    event_id: str | None
    inference_id: str | None
    inference_time: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted of each record: which sides make the row, in which order, and which times.

    `columns`: the names that the columns will have, so that a header among the data is told from a row. `paths`: what
    is wanted of a JSON answer, in place of all of it. `typed`: the types of all cells will be asked for.
    """

    sides: tuple[str, ...] = BOTH_SIDES
    outputs_first: bool = True
    start: datetime | None = None
    end: datetime | None = None
    preprocess: Preprocessor | None = None
    columns: tuple[str, ...] | None = None
    paths: tuple[JsonPath, ...] = ()
    typed: bool = False

    @classmethod
    def of(
        cls,
        columns: Sequence[str] | None,
        start: datetime | None,
        end: datetime | None,
        sides: Sequence[str],
        *,
        outputs_first: bool,
        preprocess: Preprocessor | None,
        attributes: Sequence[str] = (),
        typed: bool = False,
    ) -> "Selection":
        """From what a caller gives."""
        return cls(
            tuple(sides),
            outputs_first,
            None if start is None else as_utc(start),
            None if end is None else as_utc(end),
            preprocess,
            None if columns is None else tuple(columns),
            json_paths(attributes),
            typed,
        )

    def paths_in(self, side: str) -> tuple[JsonPath, ...]:
        """What is wanted of this side, where it is JSON; empty for all of it."""
        return self.paths if side == OUTPUT else ()

    def includes(self, inference_time: object) -> bool:
        """Whether a record of this time is wanted; raises `UnusableError` if a window is asked for and it has none."""
        if self.start is None and self.end is None:
            return True
        time = _time(inference_time)
        return (self.start is None or self.start <= time) and (self.end is None or time < self.end)


@dataclass(slots=True)
class Record:
    """A record that can be used."""

    names: tuple[str | None, ...]
    rows: list[Row]
    has_output: bool
    origin: Origin


def read_record(line: str | bytes, selection: Selection) -> Record | None:
    """One line; None if it is outside the window that was asked for. Raises `UnusableError` with the reason."""
    record = load(line)
    metadata = record.get("eventMetadata")
    if not isinstance(metadata, dict):
        metadata = {}
    try:
        is_wanted = selection.includes(metadata.get("inferenceTime"))
    except UnusableError:
        if not isinstance(record.get("captureData"), dict):
            raise UnusableError(NO_CAPTURE) from None  # a line of another kind has no time either
        raise
    if not is_wanted:
        return None
    origin = Origin(
        _text(metadata.get("eventId")), _text(metadata.get("inferenceId")), _text(metadata.get("inferenceTime"))
    )
    if selection.preprocess is not None:
        names, rows = _preprocessed(selection.preprocess, record, with_label=GROUND_TRUTH in selection.sides)
        return Record(names, rows, True, origin)
    sides = {
        name: payload(side, selection.paths_in(name)) for name, side in captured_sides(record, selection.sides).items()
    }
    sides = _without_headers(sides, selection.columns)
    names, rows = join_sides(sides, selection)
    return Record(names, rows, sides.get(OUTPUT) is not None, origin)


def load(line: str | bytes) -> dict[str, Any]:
    """The JSON object of a line."""
    try:
        record = json.loads(line)
    except UnicodeDecodeError as error:
        raise UnusableError("not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise UnusableError("not JSON") from error
    if not isinstance(record, dict):
        raise UnusableError("not a JSON object")
    return record


def captured_sides(record: dict[str, Any], sides: Sequence[str]) -> dict[str, object]:
    """The sides of the record that are wanted, as they were captured."""
    data = record.get("captureData")
    if not isinstance(data, dict):
        raise UnusableError(NO_CAPTURE)
    found = {name: data.get(name) for name in BOTH_SIDES if name in sides}
    if GROUND_TRUTH in sides:
        found[GROUND_TRUTH] = record.get(GROUND_TRUTH)
    return found


def join_sides(sides: dict[str, Block | None], selection: Selection) -> Block:
    """The row that the sides make together."""
    truth = _label(sides.get(GROUND_TRUTH)) if GROUND_TRUTH in selection.sides else None
    output, given = sides.get(OUTPUT), sides.get(INPUT)
    if output is None and given is None:
        raise UnusableError("neither endpointInput nor endpointOutput was captured")
    output, given = _frames(output, given, selection.columns)
    first, second = (output, given) if selection.outputs_first else (given, output)
    return _beside(_beside(first, second), truth, OTHER_ROWS_OF_LABEL)


def _frames(output: Block | None, given: Block | None, columns: tuple[str, ...] | None) -> tuple[Block | None, ...]:
    """Both sides, those that are objects of equally long lists turned into rows where they are data frames by column.

    The names that the columns will have say so, or else both sides: an object of several lists, and as many answers as
    each of them has values. (Where only one side has several rows, `_one_value_a_row` turns the other one.)
    """
    sides = [None if side is None else _named_frame(side, columns) for side in (output, given)]
    found = [None if side is None or (columns and _is_named_by(side, columns)) else by_column(side) for side in sides]
    rows = [len(frame[1]) for frame in found if frame is not None and len(frame[0]) > 1 and len(frame[1]) > 1]
    if not rows or any(side is None for side in sides):
        return tuple(sides)
    turned = [
        frame if frame is not None and len(frame[1]) == rows[0] else _one_value_a_row(side, rows[0]) if side else side
        for side, frame in zip(sides, found, strict=True)
    ]
    return tuple(turned if all(side is not None and len(side[1]) == rows[0] for side in turned) else sides)


def _named_frame(block: Block, columns: tuple[str, ...] | None) -> Block:
    """The side as a data frame by column, if that is how the columns are called; else as it is."""
    frame = None if columns is None or _is_named_by(block, columns) else by_column(block)
    return frame if frame is not None and _is_named_by(frame, columns or ()) else block


def _is_named_by(block: Block, columns: tuple[str, ...]) -> bool:
    return not set(columns).isdisjoint(name for name in block[0] if name is not None)


def payload(side: object, paths: Sequence[JsonPath] = ()) -> Block | None:
    """Columns and rows of one captured side, those that `paths` find if it is JSON; None if it was not captured."""
    if side is None:
        return None
    if not isinstance(side, dict) or not isinstance(side.get("data"), str):
        raise UnusableError("a captured side without data")
    data, encoding = side["data"], side.get("encoding")
    if encoding == "CSV":
        return csv_rows(data)
    if encoding == "JSON":
        return json_rows(data, paths)
    if encoding == "BASE64":
        text = decode_base64(data)
        return json_rows(text, paths) if is_json(text, content_type(side)) else csv_rows(text)
    raise UnusableError("unknown encoding")


def content_type(side: dict[str, Any]) -> str:
    """The media type of a side, without its parameters."""
    return str(side.get("observedContentType", "")).partition(";")[0].strip().lower()


def decode_base64(data: str) -> str:
    """The text in a BASE64 payload."""
    try:
        text = base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise UnusableError(_NO_TEXT) from error
    if "\0" in text:  # an array or an image whose bytes happen to be UTF-8
        raise UnusableError(_NO_TEXT)
    return text


def is_json(text: str, kind: str) -> bool:
    """Whether a payload whose encoding was not listed is JSON: by its media type, or else by how it begins.

    What is neither is read as CSV: an answer whose type is not declared (text/html is Flask's default) is mostly a
    bare number.
    """
    if kind in CSV_TYPES:
        return False
    return kind in JSON_TYPES or text.lstrip()[:1] in ("{", "[")


def _without_headers(sides: dict[str, Block | None], columns: tuple[str, ...] | None) -> dict[str, Block | None]:
    """The sides, those that begin with a header named by it; raises `UnusableError` for a header without rows."""
    found = dict(sides)
    blocks = {name: block for name, block in sides.items() if block is not None}
    headers = {name: _header(block, columns) for name, block in blocks.items()}
    # Words above anything may be a row like others; where the other side has one row less they are none.
    for name, block in blocks.items():
        if headers[name] is None and any(len(other[1]) == len(block[1]) - 1 for other in blocks.values()):
            headers[name] = _words(block)
    for name, header in headers.items():
        rows = blocks[name][1]
        if header is None:
            continue
        if len(rows) < 2 or any(len(other[1]) == len(rows) and headers[at] is None for at, other in blocks.items()):
            raise UnusableError("a header in the data")
        kept = [at for at, title in enumerate(header) if title]  # what has no title is the index of a data frame
        found[name] = tuple(header[at] for at in kept), [[row[at] for at in kept] for row in rows[1:]]
    return found


def _header(block: Block, columns: tuple[str, ...] | None) -> list[str] | None:
    """The titles that the first row of a side is, in the spelling of the `columns`; None if it is a row like others.

    It is a header if it holds the columns' own names, or words in each column above numbers alone.
    """
    words = _words(block)
    if words is None:
        return None
    own = {column.casefold(): column for column in columns or ()}
    titles = [own.get(word.casefold(), word) for word in words]
    if columns is not None and {title for title in titles if title} <= set(columns):
        return titles
    below = [cell for row in block[1][1:] for cell in row if cell is not None]
    return titles if below and all(map(_is_number, below)) else None


def _words(block: Block) -> list[str] | None:
    """The first row of a side without names, if it is made of different words; the first may be empty.

    One word alone may as well be a category.
    """
    names, rows = block
    if len(names) < 2 or names[0] is not None or not rows:
        return None
    words = ["" if cell is None else cell for cell in rows[0]]
    titles = words if words[0] else words[1:]
    is_header = len(set(titles)) == len(titles) and all(title and not _is_number(title) for title in titles)
    return words if is_header else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def csv_rows(text: str) -> Block:
    """Rows of a CSV payload; blanks around a cell are not part of it, and an empty cell is missing."""
    text = text.strip("\r\n")
    if text.count(",") >= MOST_COLUMNS and text.partition("\n")[0].count(",") >= MOST_COLUMNS:
        raise UnusableError(TOO_MANY_COLUMNS)  # before a cell of it is made
    if '"' not in text and "\n" not in text and "\r" not in text:
        cells: Row = [*text.split(",")]
        if "" in cells or " " in text or "\t" in text:
            cells = [cell.strip(" \t") or None for cell in cells if cell is not None]
        return (None,) * len(cells), [cells]
    lines = io.StringIO(text, newline="")  # with their line breaks: within quotes they are the cell's own
    try:
        rows: list[Row] = [
            [cell.strip(" \t\r\n") or None for cell in row] for row in csv.reader(lines, strict=True) if row
        ]
    except csv.Error as error:
        raise UnusableError("not CSV") from error
    if not rows:
        raise UnusableError("empty payload")
    if any(len(row) != len(rows[0]) for row in rows):
        raise UnusableError("rows of one payload differ in length")
    return (None,) * len(rows[0]), rows


def _preprocessed(preprocess: Preprocessor, record: dict[str, Any], *, with_label: bool) -> Block:
    """The rows that a script makes of a record; with its label beside them where the script gives none itself."""
    truth = _label(payload(record.get(GROUND_TRUTH))) if with_label else None
    try:
        objects = preprocess(record)
    except (InputError, UnusableError):
        raise
    except Exception as error:  # a user's code: what it raises on one record is a reason to skip that record
        raise UnusableError(f"the record preprocessor raised {type(error).__name__}") from error
    names, rows = objects_rows(objects)
    # The guide's own examples number the columns ("00000000000000000003"): those are positions and no names.
    if all(name is not None and name.isdecimal() for name in names):
        names = (None,) * len(names)
    if truth is None or GROUND_TRUTH in names or not rows:
        return names, rows
    if len(truth[1]) != len(rows):
        raise UnusableError(
            f"the record preprocessor gave {len(rows)} rows for {len(truth[1])} labels: let it give {GROUND_TRUTH} in "
            "each row"
        )
    return _beside((names, rows), truth)


def _label(truth: Block | None) -> Block:
    """The columns of a label, `groundTruthData` and, if it has several, `groundTruthData_1`, ….

    Raises `UnusableError` if there is none.
    """
    if truth is None:
        raise UnusableError(f"no {GROUND_TRUTH}")
    return tuple(f"{GROUND_TRUTH}_{i}" if i else GROUND_TRUTH for i in range(len(truth[0]))), truth[1]


def _beside(left: Block | None, right: Block | None, problem: str = OTHER_ROWS) -> Block:
    """Two sides of the same rows, next to each other; `problem`: what to say if they have not equally many."""
    if left is None:
        return right if right is not None else ((), [])
    if right is None:
        return left
    left, right = _one_value_a_row(left, len(right[1])), _one_value_a_row(right, len(left[1]))
    if len(left[1]) != len(right[1]):
        raise UnusableError(problem)
    return left[0] + right[0], [a + b for a, b in zip(left[1], right[1], strict=True)]


def _one_value_a_row(block: Block, rows: int) -> Block:
    """Some servers answer n rows with n values on one line, or with an object of n values a name."""
    names, own = block
    if rows > 1 and len(own) == 1:
        if len(own[0]) == rows and names[0] is None:
            return (None,), [[cell] for cell in own[0]]
        frame = by_column(block)
        if frame is not None and len(frame[1]) == rows:
            return frame
    return block


def _time(value: object) -> datetime:
    if not isinstance(value, str):
        raise UnusableError("no inferenceTime")
    try:
        time = datetime.fromisoformat(value)
    except ValueError as error:
        raise UnusableError("inferenceTime is no time") from error
    return as_utc(time)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
