"""Rows of a JSON payload, in the shapes that model servers and data frames give it.

- an object (one row), a list of values (one row), a list of either, or JSON Lines;
- TensorFlow Serving and SageMaker's algorithms: `instances`, `inputs`, `predictions` and `outputs`, by row or by
  column, also beside a `signature_name` and the like (TensorFlow, "RESTful API"); tensors of the open inference
  protocol;
- pandas and MLflow: `dataframe_split` (or its content alone: `columns` and `data`) and `dataframe_records` (MLflow,
  "Deploy MLflow Model as a Local Inference Server");
- an object of equally long lists, `{"lon": [1, 2], "lat": [3, 4]}`, which is a data frame by column where its names or
  the payload beside it say so (`by_column`), and else one row of vectors (`lon_0`, `lon_1`, …).

What is nested deeper has no columns: a record preprocessor must say what they are.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from drift_tools.capture.json_paths import JsonPath
from drift_tools.errors import UnusableError
from drift_tools.tables import json_cell

Cell: TypeAlias = str | None
Row: TypeAlias = list[Cell]
# The columns of a row (None: only its position names it), and the rows.
Rows: TypeAlias = tuple[tuple[str | None, ...], list[Row]]

_CONTAINERS: Final = ("instances", "inputs", "predictions", "outputs", "dataframe_records")
# What names a column of bare values for want of anything better.
CONTAINERS: Final = frozenset(_CONTAINERS)
# What servers write beside a container: about the request or the model, and no column of a row.
_BESIDE: Final = frozenset({"signature_name", "parameters", "params", "model_name", "model_version", "id"})
_SPLIT: Final = frozenset({"columns", "data"})
_TENSOR: Final = frozenset({"name", "shape", "data"})
# What holds rows where it holds lists or objects, and is a vector where it holds values.
_OF_ROWS: Final = frozenset({"data", "features", "records", "rows"})
# A row with one of these may be no row: see `_unwrapped`.
CONTAINER_NAMES: Final = frozenset({*_CONTAINERS, *_SPLIT, *_OF_ROWS, "dataframe_split"})


def json_rows(text: str, paths: Sequence[JsonPath] = ()) -> Rows:
    """Read the rows of a payload: those that the `paths` find, or those of its shape.

    Raises `UnusableError` with the reason for what is no JSON, or has no rows.
    """
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        document = _json_lines(text)
    if paths:
        return _found(document, paths)
    document = _unwrapped(document)
    several = isinstance(document, list) and _are_rows(document)
    items: list[Any] = document if several else [document]
    if all(isinstance(item, dict) for item in items):
        return objects_rows(items)
    rows = [[json_cell(value) for value in (item if isinstance(item, list) else [item])] for item in items]
    if any(len(row) != len(rows[0]) for row in rows) or any(isinstance(item, dict) for item in items):
        raise UnusableError("rows of one payload differ in shape")
    return (None,) * len(rows[0]), rows


def objects_rows(items: Sequence[Mapping[str, Any]]) -> Rows:
    """Read the rows of flat objects; a list in one becomes the columns `name_0`, `name_1`, …."""
    names: dict[str | None, int] = {}
    flat: list[dict[str | None, Cell]] = []
    for item in items:
        row: dict[str | None, Cell] = {}
        for name, value in item.items():
            if isinstance(value, list):
                row.update({f"{name}_{index}": json_cell(element) for index, element in enumerate(value)})
            else:
                row[name] = json_cell(value)
        for column in row:
            names.setdefault(column, len(names))
        flat.append(row)
    return tuple(names), [[row.get(name) for name in names] for row in flat]


def by_column(block: Rows) -> Rows | None:
    """Read an object of equally long lists as a data frame by column; None if the block is none.

    >>> by_column((("lon_0", "lon_1", "lat_0", "lat_1"), [["1", "2", "3", "4"]]))
    (('lon', 'lat'), [['1', '3'], ['2', '4']])
    """
    names, rows = block
    if len(rows) != 1:
        return None
    columns: dict[str, Row] = {}
    for name, cell in zip(names, rows[0], strict=True):
        stem, _, index = ("" if name is None else name).rpartition("_")
        if not stem or index != str(len(columns.setdefault(stem, []))):
            return None
        columns[stem].append(cell)
    lengths = set(map(len, columns.values()))
    if len(lengths) != 1:
        return None
    return tuple(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def _unwrapped(document: Any) -> Any:
    """What a container holds: a list of rows, or an object; what is no container as it is."""
    if not isinstance(document, dict):
        return document
    frame = document["dataframe_split"] if list(document) == ["dataframe_split"] else document
    if isinstance(frame, dict) and _SPLIT <= frame.keys() <= _SPLIT | {"index"}:
        return _split(frame)
    found = [key for key in _CONTAINERS if key in document]
    if len(found) == 1 and document.keys() - {found[0]} <= _BESIDE:
        return _contained(found[0], document)
    content = next(iter(document.values())) if document.keys() <= _OF_ROWS and len(document) == 1 else None
    return content if isinstance(content, list) and _are_rows(content) else document


def _are_rows(items: Sequence[Any]) -> bool:
    return any(isinstance(item, dict | list) for item in items)


def _contained(key: str, document: Mapping[str, Any]) -> Any:
    content = document[key]
    if isinstance(content, dict):
        return _by_column(content)
    if not isinstance(content, list):
        return document
    if content and all(isinstance(item, dict) and item.keys() >= _TENSOR for item in content):
        return _by_column({tensor["name"]: _rows_of(tensor) for tensor in content})
    return content if _are_rows(content) or not content else [{key: item} for item in content]  # one value a row


def _split(document: Mapping[str, Any]) -> list[Any]:
    """The rows of a data frame as pandas' `to_dict("split")` writes it."""
    columns, rows = document["columns"], document["data"]
    is_table = isinstance(columns, list) and isinstance(rows, list)
    if not is_table or not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        raise UnusableError("rows of one payload differ in shape")
    return [dict(zip(map(str, columns), row, strict=True)) for row in rows]


def _by_column(content: Mapping[str, Any]) -> Any:
    """The rows of TensorFlow Serving's columnar form: `{"a": [[1], [2]], "b": [3, 4]}`."""
    if not content or not all(isinstance(column, list) for column in content.values()):
        return content
    if len(set(map(len, content.values()))) != 1:
        raise UnusableError("columns of one payload differ in length")
    columns = {
        name: [cell[0] if isinstance(cell, list) and len(cell) == 1 else cell for cell in column]
        for name, column in content.items()
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _rows_of(tensor: Mapping[str, Any]) -> Any:
    """The values of a tensor of the open inference protocol (KServe, "V2"), row by row."""
    shape, values = tensor["shape"], tensor["data"]
    if not isinstance(shape, list) or not isinstance(values, list) or not shape or not isinstance(shape[0], int):
        raise UnusableError("rows of one payload differ in shape")
    rows = shape[0]
    if len(values) == rows:
        return values
    if rows < 1 or len(values) % rows or any(isinstance(value, list) for value in values):
        raise UnusableError("rows of one payload differ in shape")
    width = len(values) // rows
    return [values[start : start + width] for start in range(0, len(values), width)]


def _found(document: Any, paths: Sequence[JsonPath]) -> Rows:
    """The rows that paths find: one, or as many as the lists that they give."""
    columns: list[Row] = []
    for path in paths:
        value = path.search(document)
        columns.append([json_cell(cell) for cell in value] if isinstance(value, list) else [json_cell(value)])
    if len(set(map(len, columns))) != 1:
        counts = ", ".join(f"{len(column)} for {path.text}" for path, column in zip(paths, columns, strict=True))
        raise UnusableError(f"the attributes give different numbers of rows: {counts}")
    return tuple(path.text for path in paths), [list(row) for row in zip(*columns, strict=True)]


def _json_lines(text: str) -> list[Any]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise UnusableError("payload is no JSON")
    try:
        return [json.loads(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise UnusableError("payload is no JSON") from error
