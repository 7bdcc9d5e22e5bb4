"""JSON Lines by pyarrow say what the careful reader says, or leave it to that."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.capture import CONTAINER_NAMES
from drift_tools.errors import InputError
from drift_tools.job.inputs import dataset
from drift_tools.tables import Table, json_fast
from drift_tools.tables.lazy_column import LazyColumn

FLAT = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.integers(2**53 - 2, 2**64),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["", " ", "a", " a ", "NA", "1", "1.5", "true", "2026-01-02", "é", "\t", "\u2028", "x" * 40, "{}"]),
)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c d", "data", "é"]), FLAT | st.lists(FLAT, max_size=2), max_size=4),
    min_size=1,
    max_size=8,
)
ALIKE = st.one_of(
    *(
        st.lists(st.none() | kind, min_size=1, max_size=12)
        for kind in (st.integers(-9, 9), st.floats(-1e6, 1e6), st.booleans(), st.text("ab \t", max_size=3))
    )
)


def both(content: bytes) -> tuple[Table | None, Table | None]:
    """What the fast and the careful reader make of it; None for what either cannot read."""
    path = Path("x.jsonl")

    def careful() -> Table:
        return dataset._careful_json(content, path, lines=True)

    fast = json_fast.read_plain_json_lines(content, careful, containers=CONTAINER_NAMES)
    try:
        return fast, careful()
    except InputError:
        return fast, None


def assert_same(fast: Table, careful: Table) -> None:
    assert (fast.names, fast.rows) == (careful.names, careful.rows)
    for name in fast.names:
        one, two = fast.columns[name], careful.columns[name]
        assert (one.present, one.is_mostly_numerical) == (two.present, two.is_mostly_numerical)
        assert np.array_equal(one.as_numbers()[0], two.as_numbers()[0], equal_nan=True)
        assert one.category_counts() == two.category_counts()
        assert one.as_texts().tolist() == two.as_texts().tolist()
        assert one.types == two.types
        assert one.missing_words == two.missing_words


@given(ROWS)
@settings(max_examples=150, deadline=None)
def test_whatever_the_fast_reader_takes_is_what_the_careful_one_reads(rows: list[dict[str, Any]]) -> None:
    fast, careful = both("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    if fast is not None:
        assert careful is not None
        assert_same(fast, careful)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), ALIKE, min_size=1))
@settings(max_examples=100, deadline=None)
def test_columns_of_one_kind(columns: dict[str, list[Any]]) -> None:
    rows = [
        {name: cells[row % len(cells)] for name, cells in columns.items() if row % 5 or name == "a"}
        for row in range(12)
    ]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    fast, careful = both(content)
    if fast is not None:
        assert careful is not None
        assert_same(fast, careful)


NUMBERS = [
    {"n": number / 7, "i": number, "t": f"text {number % 9}", "b": number % 2 == 0, "o": None} for number in range(400)
]


@pytest.mark.parametrize("end", ["", "\n"])
def test_an_ordinary_file_is_read_fast(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_fast, "_BLOCK", 1 << 10)  # several chunks
    fast, careful = both(("\n".join(map(json.dumps, NUMBERS)) + end).encode())
    assert fast is not None
    assert isinstance(fast.columns["n"], LazyColumn)
    assert careful is not None
    assert_same(fast, careful)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"i": 7,', '"i": "7",'),  # another type
        lambda text: text.replace('"i": 300,', '"i": 300, "new": 1,'),  # another name
        lambda text: text.replace('"i": 300,', '"i": [300],'),  # a list
        lambda text: text.replace('"i": 300,', '"i": {"j": 300},'),  # an object
        lambda text: text.replace('"i": 300,', '"i": NaN,'),
        lambda text: text.replace('"i": 300,', '"i": -Infinity,'),
        lambda text: text.replace('"i": 300, "t": "text 3"', '"i": 300, "t": NaN'),
        lambda text: text.replace('"b": true', '"b": NaN', 1),
        lambda text: text.replace('"o": null', '"o": NaN', 1),
        lambda text: text.replace('"i": 300,', '"i": 1e999,'),
        lambda text: text + "\n",
        lambda text: text + "{",
        lambda text: text.replace("\n", "\r\n").replace("\r\n", "\r", 1),
        lambda text: text.replace('"i": 300,', '"i": 300, "i": 301,'),  # the last one counts
        lambda text: text.replace("text 3", "text\t3"),  # no JSON
        lambda text: text.replace("text 3", "\\ud800"),  # half of a character
        lambda text: text.replace("\n", "\n\n", 1),
        lambda text: text.replace("}\n{", "} {", 1),  # two objects in a line
        lambda text: text.replace("}\n{", "}\n[1]\n{", 1),
        lambda text: text.replace("}\n{", "}\n{}\n{", 1),
        lambda text: text[:-30],  # cut
        lambda text: "\ufeff" + text,
        lambda text: text.replace('"n"', '"instances"'),
        lambda text: text.replace("{", "{ "),
    ],
)
def test_what_the_readers_might_see_otherwise_is_read_with_care(change: Any) -> None:
    text = "".join(json.dumps(row) + "\n" for row in NUMBERS)
    changed = change(text)
    assert changed != text
    fast, careful = both(changed.encode("utf-8", "surrogatepass"))
    if fast is not None:
        assert careful is not None
        assert_same(fast, careful)
    else:
        assert not any(isinstance(column, LazyColumn) for column in (careful.columns.values() if careful else ()))


def test_a_file_goes_the_fast_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in NUMBERS * 5))
    table = dataset.load_json(path, lines=True)
    assert isinstance(table.columns["i"], LazyColumn)
    assert table.columns["i"].category_counts()["7"] == 5
    monkeypatch.setattr(dataset, "LARGE_JSON", 1 << 30)
    assert not isinstance(dataset.load_json(path, lines=True).columns["i"], LazyColumn)
