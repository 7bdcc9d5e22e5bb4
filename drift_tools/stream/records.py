"""Records of a stream: what the producer writes and the processor reads, in SageMaker's data-capture format."""

import base64
import binascii
import contextlib
import json
import math
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from drift_tools.stream.bins import FeatureBins, Numbers
from drift_tools.stream.layouts import Layouts

# Kinesis takes 1 MiB a record; what is larger is dropped by the producer and counted.
LARGEST_RECORD: Final = 1 << 20
MOST_ROWS_OF_RECORD: Final = 10_000
_CSV, _JSON, _BASE64 = "CSV", "JSON", "BASE64"


def encode_record(
    *,
    received: bytes,
    received_type: str,
    answered: bytes,
    answered_type: str,
    event_id: str,
    inference_id: str | None,
    at: datetime,
) -> bytes:
    """Write one exchange as SageMaker's data capture writes it: one line of JSON, without a line end.

    Parameters
    ----------
    received, received_type:
        The request's body and content type; the type without its parameters decides the encoding, as capture does.
    answered, answered_type:
        The answer's.
    event_id, inference_id:
        The record's own id, and the caller's for its labels, if there is one.
    at:
        The time of the answer, with its zone.
    """
    metadata = {"eventId": event_id, "inferenceTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    if inference_id is not None:
        metadata["inferenceId"] = inference_id
    record = {
        "captureData": {
            "endpointInput": _payload("INPUT", received, received_type),
            "endpointOutput": _payload("OUTPUT", answered, answered_type),
        },
        "eventMetadata": metadata,
        "eventVersion": "0",
    }
    return json.dumps(record, separators=(",", ":")).encode()


def _payload(mode: str, body: bytes, content_type: str) -> dict[str, str]:
    bare = content_type.partition(";")[0].strip().lower()
    encoding = {"text/csv": _CSV, "application/json": _JSON}.get(bare, _BASE64)
    try:
        data = body.decode() if encoding != _BASE64 else base64.b64encode(body).decode()
    except UnicodeDecodeError:
        encoding, data = _BASE64, base64.b64encode(body).decode()
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


@dataclass(slots=True)
class StreamCounts:
    """What a stretch of a stream held: rows by feature and bin, and what became of every record.

    It is a sum: counts of two shards, or of two halves of a batch, are added.
    """

    features: Sequence[FeatureBins]
    counts: Numbers
    records: int = 0
    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, features: Sequence[FeatureBins]) -> "StreamCounts":
        """Start with nothing."""
        bins = max(len(feature.counts) for feature in features)
        return cls(features, np.zeros((len(features), bins)))

    def add(self, records: Iterable[bytes | str]) -> None:
        """Count records; one that cannot be read is counted by its reason and never ends the others."""
        names = [feature.name for feature in self.features]
        layouts = Layouts(names, read_rows)
        columns: list[list[Any]] = [[] for _ in names]
        for record in records:
            self.records += 1
            text = _decoded(record)
            if text is None or not layouts.take(text):
                rows = self._with_care(record, columns)
                if text is not None and rows == 1:
                    layouts.learn(text)
        for layout in layouts.taken():
            try:
                found = layout.columns()
            except ValueError:  # one of them only looked like the others
                for text in layout.texts:
                    self._with_care(text, columns)
                continue
            self.rows += len(layout.texts)
            for column, cells in zip(columns, found, strict=True):
                column.extend(cells)
        for place, (feature, cells) in enumerate(zip(self.features, columns, strict=True)):
            if cells:
                self.counts[place, : len(feature.counts)] += count_cells(feature, cells)

    def _with_care(self, record: bytes | str, columns: Sequence[list[Any]]) -> int:
        """Add the cells of a record to columns, or count why it has none; the number of its rows."""
        try:
            rows = read_rows(record, [feature.name for feature in self.features])
        except UnreadableError as error:
            self.skipped[str(error)] += 1
            return 0
        for cells in rows:
            for column, value in zip(columns, cells, strict=True):
                column.append(value)
        self.rows += len(rows)
        return len(rows)

    def merge(self, other: "StreamCounts") -> None:
        """Add the counts of another stretch of the same stream."""
        self.counts += other.counts
        self.records += other.records
        self.rows += other.rows
        self.skipped.update(other.skipped)

    def to_dict(self) -> dict[str, Any]:
        """Write as JSON can hold it; zeros behind a feature's own bins are left out."""
        counts = [
            [int(count) for count in row[: len(feature.counts)]]
            for feature, row in zip(self.features, self.counts, strict=True)
        ]
        return {"counts": counts, "records": self.records, "rows": self.rows, "skipped": dict(self.skipped)}

    @classmethod
    def from_dict(cls, features: Sequence[FeatureBins], written: Mapping[str, Any]) -> "StreamCounts | None":
        """Read what `to_dict` wrote; None if it is that of other bins, as after a change of the baseline."""
        made = cls.of(features)
        counts = written.get("counts", [])
        if [len(row) for row in counts] != [len(feature.counts) for feature in features]:
            return None
        for place, row in enumerate(counts):
            made.counts[place, : len(row)] = row
        made.records, made.rows = int(written["records"]), int(written["rows"])
        made.skipped = Counter({str(reason): int(number) for reason, number in written["skipped"].items()})
        return made


def count_cells(feature: FeatureBins, cells: Sequence[Any]) -> Numbers:
    """Count cells as they come in records (texts, numbers, truths, None) by a feature's bins; of shape (bins,)."""
    if feature.kind == "numerical":
        return feature.count(_numbers(cells))
    if all(type(cell) is str for cell in cells):
        kinds = Counter[Any](cells)  # few kinds, many cells
        return feature.count_kinds([(_text(kind), number) for kind, number in kinds.items()])
    return feature.count_kinds(list(Counter(map(_text, cells)).items()))


def _decoded(record: bytes | str) -> str | None:
    """A record as text; None for one that is none, or larger than Kinesis takes."""
    if len(record) > LARGEST_RECORD:
        return None
    if isinstance(record, str):
        return record
    try:
        return record.decode()
    except UnicodeDecodeError:
        return None


class UnreadableError(ValueError):
    """A record that cannot be counted; the reason in few words, the same for all records of its kind."""


def read_rows(record: bytes | str, names: Sequence[str]) -> list[list[Any]]:
    """Read the cells of one record by the baseline's names: outputs first, then inputs, as the monitor has them.

    Returns
    -------
    One list a row, with one cell for each name: a text, a number, a truth or None.

    Raises
    ------
    UnreadableError
        If it is no record of the capture format, or its columns are not the baseline's.
    """
    if len(record) > LARGEST_RECORD:
        raise UnreadableError("larger than 1 MiB")
    try:
        captured = json.loads(record)["captureData"]
        outputs = _side(captured.get("endpointOutput"))
        inputs = _side(captured.get("endpointInput"))
    except UnreadableError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnreadableError("not in the capture format") from None
    if max(len(outputs), len(inputs)) > MOST_ROWS_OF_RECORD:
        raise UnreadableError(f"more than {MOST_ROWS_OF_RECORD:,} rows")
    if len(outputs) != len(inputs) and outputs and inputs:
        raise UnreadableError("numbers of rows in input and output differ")
    return [_row(outputs, inputs, at, names) for at in range(max(len(outputs), len(inputs)))]


def _row(outputs: list[Any], inputs: list[Any], at: int, names: Sequence[str]) -> list[Any]:
    """One row by name where the payloads have names, else by position."""
    named: dict[str, Any] = {}
    positional: list[Any] = []
    for side in (outputs, inputs):
        if side:
            cells = side[at]
            if isinstance(cells, dict):
                named |= cells
            else:
                positional += cells if isinstance(cells, list) else [cells]
    if named and not positional:
        return [named.get(name) for name in names]
    if len(positional) + len(named) != len(names):
        raise UnreadableError(f"{len(positional) + len(named)} columns where the baseline has {len(names)}")
    values = iter(positional)
    return [named[name] if name in named else next(values) for name in names]


def _side(payload: Any) -> list[Any]:
    """The rows of one side: lists of cells, or objects by name."""
    if not payload or "data" not in payload:
        return []
    data, encoding = payload["data"], payload.get("encoding", _CSV)
    if encoding == _BASE64:
        try:
            data = base64.b64decode(data, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise UnreadableError("a BASE64 payload that is no text") from None
        encoding = _JSON if data.lstrip()[:1] in ("{", "[") else _CSV
    if encoding == _JSON:
        return _json_rows(json.loads(data))
    return _csv_rows(data)


def _csv_rows(text: str) -> list[list[str]]:
    if '"' in text:
        import csv  # noqa: PLC0415 - most payloads quote nothing

        return list(csv.reader(text.splitlines()))
    return [line.split(",") for line in text.splitlines() if line]


def _json_rows(value: Any) -> list[Any]:
    """The rows of a JSON payload: an object, a list of rows, or SageMaker's and TensorFlow Serving's envelopes."""
    if isinstance(value, dict):
        for envelope in ("instances", "predictions"):
            if isinstance(value.get(envelope), list):
                return _json_rows(value[envelope])
        value = value.get("features", value)
        return [value]
    if isinstance(value, list) and value and all(isinstance(row, list | dict) for row in value):
        return [row.get("features", row) if isinstance(row, dict) else row for row in value]
    return [value if isinstance(value, list) else [value]]


def _numbers(cells: Sequence[Any]) -> Numbers:
    """Cells as float64, NaN for what is missing or no number."""
    try:
        text = ",".join(cells)  # all of them texts, which is what CSV has
    except TypeError:
        text = ""
    if text:
        # Several times as fast as one by one. A cell that is no number ends it, by a ValueError or, in older numpy, by
        # a warning and a shorter array.
        with warnings.catch_warnings(action="ignore"), contextlib.suppress(ValueError):
            found = np.fromstring(_with_nan(text), dtype=np.float64, sep=",")
            if len(found) == len(cells):
                return found
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        found = np.array(cells, dtype=np.float64)
        if found.ndim == 1:  # cells that are lists of one number each would be a table
            return found
    return np.array([_number(cell) for cell in cells])


def _with_nan(text: str) -> str:
    """Empty cells as `nan`."""
    if ",," in text:
        text = text.replace(",,", ",nan,").replace(",,", ",nan,")
    start, end = "nan" if text.startswith(",") else "", "nan" if text.endswith(",") else ""
    return f"{start}{text}{end}" if start or end else text


def _number(cell: Any) -> float:
    try:
        return math.nan if cell is None else float(cell)
    except OverflowError:  # of a whole number only: a text of as many digits is infinite
        return math.inf if cell > 0 else -math.inf
    except (TypeError, ValueError):
        return math.nan


def _text(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()[:256]
