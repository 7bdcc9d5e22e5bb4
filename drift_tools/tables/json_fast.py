"""JSON Lines of flat objects by pyarrow's reader, ten times as fast as line by line.

Whatever pyarrow might read otherwise than the careful reader is left to that one: then there is no answer here. Numbers
come as numbers; what they were written as is read with care, once, when somebody asks for it.
"""

import io
import json
from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import Any, Final

import numpy as np

from drift_tools.tables.arrow_cells import ArrowTexts, Cells, Parts
from drift_tools.tables.column import Column
from drift_tools.tables.csv_fast import are_surely_texts
from drift_tools.tables.lazy_column import LazyColumn
from drift_tools.tables.table import Table

LARGE_JSON: Final = 1 << 16
_HEAD_LINES: Final = 200
# What pyarrow is quickest with; a row has to fit.
_BLOCK: Final = 1 << 20
_ROWS_PER_BLOCK: Final = 16
_SCANNED_AT_ONCE: Final = 1 << 17
# More names than these may be limited by the careful reader.
_MOST_NAMES: Final = 500
_SPACE, _NEWLINE, _RETURN, _BRACE, _QUOTE = b' \n\r{"'


def read_plain_json_lines(content: bytes, careful: Callable[[], Table], *, containers: frozenset[str]) -> Table | None:
    """The table of JSON Lines; None if they are not plain enough, or pyarrow is not there.

    Parameters
    ----------
    content
        of the file.
    careful
        reads it as a whole, with care.
    containers
        names that are more than a column's to the careful reader.
    """
    kinds = _kinds(content)
    longest = None if kinds is None or containers & kinds.keys() else _longest_row(content)
    if kinds is None or longest is None:
        return None
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
        from pyarrow import json as reader  # noqa: PLC0415 - as above
    except ImportError:
        return None
    types = {"number": pa.float64(), "text": pa.string(), "truth": pa.bool_(), "nothing": pa.null()}
    try:
        table = reader.read_json(
            pa.BufferReader(content),
            read_options=reader.ReadOptions(block_size=max(_BLOCK, _ROWS_PER_BLOCK * longest)),
            parse_options=reader.ParseOptions(
                explicit_schema=pa.schema([(name, types[kind]) for name, kind in kinds.items()]),
                unexpected_field_behavior="error",
            ),
            memory_pool=pa.system_memory_pool(),
        )
    except pa.ArrowInvalid:  # another type, another name, nested, not JSON: the careful reader knows what to say
        return None
    if table.num_rows != content.count(b"\n") + (not content.endswith(b"\n")):
        return None
    whole = cache(careful)
    columns = [_column(name, kind, table[name], whole) for name, kind in kinds.items()]
    return None if any(column is None for column in columns) else Table.of([c for c in columns if c], table.num_rows)


def _kinds(content: bytes) -> dict[str, str] | None:
    """What the first lines have in each column, in their order; None if that is nested, mixed, or too much."""
    kinds: dict[str, str] = {}
    for line in islice(io.BytesIO(content), _HEAD_LINES):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        for name, value in row.items():
            kind = _kind(value)
            known = kinds.get(name, "nothing")
            if kind is None or (kind != known and "nothing" not in (kind, known)):
                return None
            kinds[name] = known if kind == "nothing" else kind
        if len(kinds) > _MOST_NAMES:
            return None
    return kinds or None


def _kind(value: object) -> str | None:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else None


def _longest_row(content: bytes) -> int | None:
    """About how long the longest row is; None if both readers might not take the same for lines, texts and numbers, as
    far as single bytes tell.
    """
    every = np.frombuffer(content, dtype=np.uint8)
    longest, last = 0, -1
    for start in range(0, len(every), _SCANNED_AT_ONCE):
        # Control characters in a text: pyarrow lets them stand. All others are of line ends.
        places = start + np.flatnonzero(every[start : start + _SCANNED_AT_ONCE] < _SPACE)
        is_return = every[places] == _RETURN
        ends = places[~is_return]
        begins = ends + 1 if not len(ends) or ends[-1] + 2 < len(every) else ends[:-1] + 1
        returns = places[is_return] + 1
        if not (
            (every[ends] == _NEWLINE).all()
            and (returns < len(every)).all()
            and (every[returns] == _NEWLINE).all()
            # A line that is empty, no object, or perhaps one without a cell, counts otherwise.
            and (every[begins] == _BRACE).all()
            and (every[begins + 1] == _QUOTE).all()
        ):
            return None
        if len(ends):
            longest = max(longest, int(np.diff(ends, prepend=last).max()))
            last = int(ends[-1])
    if not content.startswith(b'{"'):
        return None
    try:
        if not content.isascii():
            content.decode()
    except UnicodeDecodeError:
        return None
    return max(longest, len(every) - last)


def _column(name: str, kind: str, column: Any, whole: Callable[[], Table]) -> Column | None:
    import pyarrow as pa  # noqa: PLC0415 - as above

    present = len(column) - column.null_count
    if not present:
        return Column.from_cells(name, [None] * len(column))
    if kind == "number":
        numbers = column.to_numpy()
        if np.count_nonzero(np.isfinite(numbers)) != present:
            return None
        return LazyColumn(name, lambda: whole().columns[name], rows=len(column), present=present, numbers=numbers)
    parts = [chunk.cast(pa.string()) for chunk in column.chunks]
    if kind == "text" and not are_surely_texts(parts, present):
        return _look_at(name, parts)
    return LazyColumn(
        name,
        lambda: _look_at(name, parts),
        rows=len(column),
        present=present,
        texts=Parts([ArrowTexts(part) for part in parts]),
        is_mostly_numerical=False,
    )


def _look_at(name: str, parts: list[Any]) -> Column:
    return Cells.joined([Cells.of_strings(part) for part in parts]).column(name)
