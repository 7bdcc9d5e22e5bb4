"""Numbers are parsed where they stand, as a CSV reader parses them, wherever the parts of a block end."""

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.capture import blocks as capture_blocks
from drift_tools.capture import numbers_in_place as module
from drift_tools.capture import payloads, read_captures
from drift_tools.capture.numbers_in_place import numbers_in_place
from tests.drift_tools.capture.both_readers import assert_same
from tests.drift_tools.records import record

NUMBER = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: repr(value).replace("+", "")),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["0", "-0", "007", "1.", "2E-7", "4.9e-324", "1.7976931348623157e308", "0.1000000000000000055511"]),
)
CELL = st.one_of(NUMBER, st.just(""))


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PART_BYTES", 256)
    monkeypatch.setattr(capture_blocks, "_FEW", 2)


def by_csv_reader(content: bytes, width: int) -> np.ndarray:
    names = [str(index) for index in range(width)]
    table = pa_csv.read_csv(
        pa.BufferReader(content),
        read_options=pa_csv.ReadOptions(column_names=names),
        parse_options=pa_csv.ParseOptions(ignore_empty_lines=False),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.float64()), null_values=[""]),
    )
    return np.array([column.to_numpy(zero_copy_only=False) for column in table.columns])


@settings(deadline=None)
@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1)))
def test_the_same_numbers_as_a_csv_readers(rows: list[list[str]]) -> None:
    content = "".join(",".join(row) + "\n" for row in rows).encode()
    found = numbers_in_place(content, len(rows), len(rows[0]))
    if found is None:  # a line as long as a part is for the reader that can hold it
        assert max(map(len, content.split(b"\n"))) >= 256
        return
    expected = by_csv_reader(content, len(rows[0]))
    assert np.array_equal(found.view(np.int64), expected.view(np.int64))


@pytest.mark.parametrize(
    ("content", "count", "width"),
    [
        (b"1,2\n3\n4,5,6\n", 3, 2),
        (b"1\n,2,3,4\n", 2, 2),  # as many commas and line breaks as two lines of two cells
        (b"1+2\n3\n", 2, 2),
        (b"1,2\n3 4\n", 2, 2),
        (b'1,2\n"3",4\n', 2, 2),
        (b"1,2\n 3,4\n", 2, 2),
        (b"1,2\n1e+5,4\n", 2, 2),
        (b"1,2\n\n3,4\n", 3, 2),
        (b"1,2\n3,4", 2, 2),
        (b"1,2\n3,4\n", 1, 2),
        (b"1,2\n3,4\n", 3, 2),
        (b"0." + b"1" * 300 + b"\n", 1, 1),
    ],
)
def test_what_a_csv_reader_has_to_look_at(content: bytes, count: int, width: int) -> None:
    assert numbers_in_place(content, count, width) is None


@pytest.mark.parametrize("cell", ["x", "1_0", "nan", "inf", "-", "1e999", "0x1p3", "٣", "1.5.2", "--1", "1\\"])
def test_what_is_no_finite_number_is_refused_wherever_it_stands(cell: str) -> None:
    rows = ["1.5,2.25\n"] * 100
    rows[77] = f"1.5,{cell}\n"
    with pytest.raises(pa.ArrowInvalid):
        numbers_in_place("".join(rows).encode(), 100, 2)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(CELL, st.one_of(CELL, st.sampled_from(["+5", "1e+3", " 2", "x", "1+2", "nan", "٣"]))),
        min_size=30,
        max_size=60,
    )
)
def test_captures_of_numbers_and_of_what_looks_like_them(rows: list[tuple[str, str]]) -> None:
    assert_same([record(",".join(row)) for row in rows])


def test_no_csv_reader_is_asked_for_numbers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [record(f"{number / 7},,-{number}e-3", f"{number}") for number in range(300)]
    assert_same(lines)
    monkeypatch.setattr(payloads, "_table", lambda *_, **__: pytest.fail("cut by a CSV reader"))
    monkeypatch.setattr(capture_blocks, "_read_each", lambda *_: pytest.fail("read with care"))
    column = read_captures(lines).data.columns["_c1"]
    assert column.as_numbers()[0].tolist() == [number / 7 for number in range(300)]
