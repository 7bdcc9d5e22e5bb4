"""Columns of very many texts: what Arrow counts is what a dictionary counts."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drift_tools import compare
from drift_tools.comparison import many_categories, single_texts
from drift_tools.comparison.feature import Measured
from drift_tools.comparison.many_categories import Tally
from drift_tools.comparison.single_texts import divided
from drift_tools.contingency import Groups
from drift_tools.tables import csv_fast, read_table

ROWS = 1200
RNG = np.random.default_rng(5)


def texts(side: str, kinds: int, *, frequent: int = 0, missing: int = 0) -> list[str | None]:
    found: list[str | None] = [f"{side} {number % kinds}" for number in range(ROWS - frequent - missing)]
    return [*found, *["none"] * frequent, *[None] * missing]


COLUMNS: dict[str, tuple[list[str | None], list[str | None]]] = {
    "no two alike": (texts("a", ROWS), texts("b", ROWS)),
    "the same ones": (texts("a", 900), texts("a", 700)),
    "beside a frequent one": (texts("a", ROWS, frequent=300), texts("b", ROWS, frequent=200, missing=50)),
    "of all frequencies": tuple([f"z{value}" for value in RNG.zipf(1.2, ROWS).tolist()] for _ in range(2)),  # type: ignore[dict-item] # two
    "of other letters": ([f"ü{number}" for number in range(ROWS)], [f"é{number}\u2003x" for number in range(ROWS)]),
    "with blanks around": (texts(" a", ROWS), [f"a {number} " for number in range(ROWS)]),
    "numbers in texts": ([f"{number}" for number in range(ROWS)], [f"{number}.0" for number in range(ROWS)]),
    "empty ones": (["", *texts("a", ROWS)[1:]], texts("a", ROWS)),
}
QUICK = {"no two alike", "the same ones", "beside a frequent one", "of all frequencies", "of other letters"}


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> list[Tally | None]:
    """The limit, lowered; and whether Arrow's counts were taken."""
    monkeypatch.setattr(many_categories, "MANY", 100)
    taken: list[Tally | None] = []
    measure = many_categories._measured

    def noted(name: str, one: Tally, two: Tally, threshold: float) -> Measured:
        taken.append(one)
        return measure(name, one, two, threshold)

    monkeypatch.setattr(many_categories, "_measured", noted)
    return taken


def same(found: Any, exact: Any) -> bool:
    if isinstance(exact, float):
        return math.isclose(found, exact, rel_tol=1e-12, abs_tol=1e-15) or (math.isnan(found) and math.isnan(exact))
    if isinstance(exact, tuple):
        return len(found) == len(exact) and all(map(same, found, exact))
    if dataclasses.is_dataclass(exact):
        return all(same(getattr(found, item.name), getattr(exact, item.name)) for item in dataclasses.fields(exact))
    return bool(found == exact)


@pytest.mark.parametrize("what", COLUMNS)
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_the_result_is_the_dictionarys(what: str, kind: pa.DataType, few_are_many: list[Tally | None]) -> None:
    before, after = (pa.table({"x": pa.array(side, kind)}) for side in COLUMNS[what])
    found = compare(before, after).features["x"]
    assert bool(few_are_many) is (what in QUICK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many_categories, "MANY", 10**9)
        exact = compare(before, after).features["x"]
    assert same(found, exact)


def test_a_csv_file_is_counted_so_too(
    tmp_path: Path, few_are_many: list[Tally | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drift_tools.tables.files.LARGE_CSV", 1)
    monkeypatch.setattr(csv_fast, "_BLOCK", 1 << 12)  # several chunks
    tables = []
    for side in "ab":
        table = pa.table({"x": texts(f"row {side}", ROWS, frequent=100, missing=20), "n": np.arange(float(ROWS)) % 7})
        pa_csv.write_csv(table, tmp_path / f"{side}.csv")
        tables.append(table)
    found = compare(*(read_table(tmp_path / f"{side}.csv") for side in "ab")).features["x"]
    assert len(few_are_many) == 1
    assert same(found, compare(*tables).features["x"])


@pytest.mark.limit("categories that only one side has, in a result")
def test_names_are_cut_and_their_number_is_not(few_are_many: list[Tally | None]) -> None:
    many = 2500
    before, after = (pa.table({"x": [f"{side} {number:04d}" for number in range(many)]}) for side in "ab")
    found = compare(before, after).features["x"]
    assert len(few_are_many) == 1
    assert found.new_categories == tuple(f"b {number:04d}" for number in range(1000))
    assert "2,497 more categories appeared" in found.summary
    assert found.verdict == "not enough data"


def test_no_text_is_made_a_string_to_see_whether_it_is_a_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("drift_tools.tables.files.LARGE_CSV", 1)
    pa_csv.write_csv(pa.table({"x": texts("a", 5), "n": np.arange(float(ROWS)) % 7}), tmp_path / "a.csv")
    table = read_table(tmp_path / "a.csv")

    def refuse(_: object) -> None:
        raise AssertionError("all texts were asked for")

    monkeypatch.setattr("drift_tools.tables.arrow_cells.Parts.materialised", refuse)
    assert compare(table, table).features["x"].verdict == "no drift"


WORDS = st.text(st.sampled_from("ab\0é日"), min_size=1, max_size=20)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(WORDS, min_size=1, max_size=60, unique=True),
    st.lists(WORDS, min_size=1, max_size=60, unique=True),
    st.sampled_from([pa.string(), pa.large_string()]),
    st.integers(1, 9),
    st.integers(1, 7),
)
def test_texts_that_no_other_row_has_are_told_from_others(
    first: list[str], second: list[str], kind: pa.DataType, count: int, rows: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(single_texts, "_MOST_SHARED", 1.0)
        patch.setattr(single_texts, "_ROWS", rows)
        if rows % 2 == 0:  # hashes that are all alike say nothing, and spoil nothing
            patch.setattr(single_texts, "_SECOND", np.uint64(0))
        half = len(first) // 2
        columns = [pa.chunked_array([first[:half], first[half:]], kind), pa.chunked_array([second], kind)]
        found = divided(*columns)
        assert found is not None
        for texts, own, other in zip(found, (first, second), (second, first), strict=True):
            single = [text for part in texts.single for text in part.array.to_pylist()]
            assert sorted(single + [text for part in texts.others for text in part.to_pylist()]) == sorted(own)
            assert not set(single) & set(other)
            assert rows % 2 == 0 or set(single) == set(own) - set(other)
            first_ones = single_texts.smallest(texts.single, count).to_pylist()
            assert first_ones == sorted(single, key=str.encode)[:count]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.integers(1, 30_000)), min_size=1, max_size=6))
@example([(0.1, 70_001), (1e-9, 8), (0.3, 1), (0.7, 200_000)])
def test_equal_values_are_added_as_numpy_adds_them(runs: list[tuple[float, int]]) -> None:
    values, times = np.array([value for value, _ in runs]), np.array([often for _, often in runs])
    groups = Groups(np.ones(len(runs)), np.ones(len(runs)), times)
    assert groups.total(values) == float(np.sum(np.repeat(values, times)))
