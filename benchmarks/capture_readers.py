"""One reader of captured data, run by itself: `python capture_readers.py READER FILE` prints its time as JSON.

Every reader makes of each record 20 numbers of the input, the output's number, the eventId and the time. The best of
three reads in one process counts, after the imports.
"""

import csv
import io
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Read = Callable[[str], Any]
# The baseline's names: requests in JSON name their columns, those in CSV do not.
_NAMES = ["y", *(f"f{index}" for index in range(20))]


def _ours(path: str, **options: Any) -> Any:
    from drift_tools.capture import read_captures  # noqa: PLC0415 - each reader is measured with its own imports only

    captures = read_captures(path, **options)
    if captures.skipped:
        raise ValueError(repr(captures))
    return sum(float(column.as_numbers()[0].sum()) for column in captures.data.columns.values())


def _ours_in_batches(path: str) -> Any:
    from drift_tools.capture import iterate_captures  # noqa: PLC0415

    return sum(
        float(column.as_numbers()[0].sum())
        for batch in iterate_captures(path, batch_rows=50_000)
        for column in batch.data.columns.values()
    )


def _json_csv(path: str) -> Any:
    rows, outputs, ids = [], [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            data = record["captureData"]
            rows.append(next(csv.reader([data["endpointInput"]["data"]])))
            outputs.append(float(data["endpointOutput"]["data"]))
            ids.append((record["eventMetadata"]["eventId"], record["eventMetadata"]["inferenceTime"]))
    return float(np.array(rows, dtype=np.float64).sum()) + sum(outputs)


def _json_csv_mixed(path: str) -> Any:
    """What a script of its own has to do where some requests are CSV, some JSON and some in BASE64."""
    from base64 import b64decode  # noqa: PLC0415 - one reader needs it

    rows, outputs, ids = [], [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            sides = record["captureData"]["endpointInput"], record["captureData"]["endpointOutput"]
            request, answer = (
                b64decode(side["data"]).decode() if side["encoding"] == "BASE64" else side["data"] for side in sides
            )
            if sides[0]["encoding"] == "JSON":
                document = json.loads(request)
                rows.append([document[name] for name in _NAMES[1:]])
            else:
                rows.append(next(csv.reader([request])))
            outputs.append(float(answer))
            ids.append((record["eventMetadata"]["eventId"], record["eventMetadata"]["inferenceTime"]))
    return float(np.array(rows, dtype=np.float64).sum()) + sum(outputs)


def _json_split(path: str) -> Any:
    rows, outputs, ids = [], [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            data = record["captureData"]
            rows.append([float(cell) for cell in data["endpointInput"]["data"].split(",")])
            outputs.append(float(data["endpointOutput"]["data"]))
            ids.append((record["eventMetadata"]["eventId"], record["eventMetadata"]["inferenceTime"]))
    return float(np.array(rows).sum()) + sum(outputs)


def _pyarrow_json(path: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415
    import pyarrow.csv as pa_csv  # noqa: PLC0415
    import pyarrow.json as pa_json  # noqa: PLC0415

    table = pa_json.read_json(path).flatten().flatten()
    text = "\n".join(table["captureData.endpointInput.data"].to_pylist()).encode()
    names = [str(index) for index in range(20)]
    cells = pa_csv.read_csv(
        pa.BufferReader(text),
        read_options=pa_csv.ReadOptions(column_names=names),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.float64())),
    )
    output = pc.cast(table["captureData.endpointOutput.data"], pa.float64())
    ids = (table["eventMetadata.eventId"], table["eventMetadata.inferenceTime"])
    return sum(float(column.to_numpy().sum()) for column in cells.columns) + pc.sum(output).as_py() + 0 * len(ids)


def _msgspec_polars(path: str) -> Any:
    import msgspec  # noqa: PLC0415
    import polars as pl  # noqa: PLC0415

    side = msgspec.defstruct("Side", [("data", str), ("encoding", str)])
    data = msgspec.defstruct("Data", [("endpointInput", side), ("endpointOutput", side)])
    metadata = msgspec.defstruct("Metadata", [("eventId", str), ("inferenceTime", str)])
    record = msgspec.defstruct("Record", [("captureData", data), ("eventMetadata", metadata)])
    with open(path, "rb") as file:
        records = msgspec.json.Decoder(record).decode_lines(file.read())
    text = "\n".join([one.captureData.endpointInput.data for one in records])
    outputs = np.array([one.captureData.endpointOutput.data for one in records], dtype="S24").astype(np.float64)
    ids = [(one.eventMetadata.eventId, one.eventMetadata.inferenceTime) for one in records]
    cells = pl.read_csv(io.BytesIO(text.encode()), has_header=False, schema={str(i): pl.Float64 for i in range(20)})
    return float(cells.to_numpy().sum() + outputs.sum()) + 0 * len(ids)


def _polars_quotes(path: str) -> Any:
    import polars as pl  # noqa: PLC0415

    with open(path, encoding="utf-8") as file:
        pieces = file.readline().rstrip("\n").split('"')
    places = {name: pieces.index(name) for name in ("eventId", "inferenceTime")}
    data = [index for index, piece in enumerate(pieces) if piece == "data"]
    frame = pl.read_csv(path, separator='"', quote_char=None, has_header=False, infer_schema=False)
    for index, piece in enumerate(pieces):  # valid only while every record has this layout
        if index not in {place + 2 for place in (*data, *places.values())}:
            column = frame.to_series(index)
            if not ((column == piece) | column.is_null()).all():
                raise ValueError(f"column {index} is not constant")
    text = "\n".join(frame.to_series(data[0] + 2).to_list())
    cells = pl.read_csv(io.BytesIO(text.encode()), has_header=False, schema={str(i): pl.Float64 for i in range(20)})
    outputs = frame.to_series(data[1] + 2).cast(pl.Float64)
    ids = [frame.to_series(place + 2) for place in places.values()]
    return float(cells.to_numpy().sum() + outputs.sum()) + 0 * len(ids)


def _duckdb(path: str) -> Any:
    import duckdb  # noqa: PLC0415

    query = """
        select string_split(captureData.endpointInput.data, ',')::double[20] as x,
               captureData.endpointOutput.data::double as y,
               eventMetadata.eventId as id, eventMetadata.inferenceTime as time
        from read_json(?, format = 'newline_delimited')
    """
    table = duckdb.execute(query, [path]).to_arrow_table()
    return float(table["x"].combine_chunks().flatten().to_numpy().sum() + table["y"].to_numpy().sum())


READERS: dict[str, Read] = {
    "ours": _ours,
    "ours, batches": _ours_in_batches,
    "ours, mixed": lambda path: _ours(path, columns=_NAMES),
    "ours, mixed, careful": lambda path: _ours(path, columns=_NAMES, fast=False),
    "ours, careful": lambda path: _ours(path, fast=False),
    "json + csv": _json_csv,
    "json + csv, mixed": _json_csv_mixed,
    "json + split": _json_split,
    "pyarrow.json + csv": _pyarrow_json,
    "msgspec + polars": _msgspec_polars,
    "polars, quotes": _polars_quotes,
    "duckdb": _duckdb,
}


def run(reader: str, path: str) -> dict[str, float]:
    """The best of three reads: wall and processor seconds; the sum of all numbers; the peak memory in MiB."""
    best = (float("inf"), float("inf"))
    total = float("nan")
    for _ in range(1 if "careful" in reader or "json + " in reader[:7] else 3):
        processor, began = time.process_time(), time.perf_counter()
        total = READERS[reader](path)
        wall, processor = time.perf_counter() - began, time.process_time() - processor
        best = min(best[0], wall), min(best[1], processor)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": best[0], "cpu": best[1], "sum": float(total), "peak": peak}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[1], sys.argv[2])) + "\n")
