"""Counts of windows: kept, merged, and read again."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.errors import InputError
from drift_tools.profiles import Profile
from drift_tools.tables import as_table
from drift_tools.timeline import WindowHistory, bins_of, counts_of, record_of, records_to_windows
from drift_tools.timeline.bins import category_bins, number_bins
from drift_tools.timeline.scores import BEYOND, MISSING, NEW, OTHER, VALUES
from tests.drift_tools.timeline.drawn_windows import HOUR, MONDAY, category_shares, draw, history


def some(windows: int = 10) -> WindowHistory:
    return history({"c": draw(np.random.default_rng(1), category_shares(windows), 100)})


def test_a_file_holds_what_was_kept() -> None:
    kept = some()
    read = WindowHistory.from_bytes(kept.to_bytes(), where="windows.npz")
    assert (read.counts == kept.counts).all()
    assert (read.starts == kept.starts).all()
    assert (read.bins, read.seconds, read.digest) == (kept.bins, HOUR, kept.digest)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"{}", some().to_bytes()[:-200]])
def test_a_damaged_file_is_one_line(content: bytes) -> None:
    with pytest.raises(InputError, match=r"windows\.npz: not a baseline's windows"):
        WindowHistory.from_bytes(content, where="windows.npz")


@given(st.lists(st.integers(0, 9), max_size=30), st.randoms())
@settings(max_examples=30)
def test_windows_may_come_late_and_twice(order: list[int], random: object) -> None:
    every = some()
    records = [record_of(every.digest, every.starts[place], every.counts[place]) for place in [*order, *range(10)]]
    read = WindowHistory.of(every.bins, every.seconds, records_to_windows(reversed(records), every))
    assert (read.counts == every.counts).all()
    assert (read.starts == every.starts).all()


def test_missing_windows_are_empty_ones() -> None:
    kept = some().where(np.arange(10) != 4)
    filled = kept.filled()
    assert len(filled) == 10
    assert filled.rows.tolist() == [100] * 4 + [0] + [100] * 5


def test_records_of_other_bins_are_left_out_and_damaged_ones_are_said() -> None:
    kept = some()
    record = record_of(kept.digest, MONDAY, kept.counts[0], states={"c": "no drift"})
    other = {**record, "bins": "0123456789abcdef"}
    assert list(records_to_windows([record, other], kept)) == [MONDAY]
    with pytest.raises(InputError, match="the record of the window 345600 is damaged"):
        records_to_windows([{**record, "counts": [[1, 2]]}], kept)


def test_numbers_are_counted_in_deciles_and_beyond_the_range() -> None:
    windows = [{"x": np.arange(0.0, 100.0)}, {"x": np.arange(1.0, 101.0)}, {"x": np.array([-500.0, 50.0, 99.0])}]
    (bins,) = bins_of([Profile.of(as_table(window)) for window in windows], {})
    assert (bins.low, bins.high) == (0.0, 99.0)  # what two windows reach
    assert len(bins.edges) == 9
    cells = {"x": pa.array([-3.0, 0.0, 5.0, 95.0, 99.0, 100.0, None, None, np.inf])}
    counts = counts_of(Profile.of(as_table(pa.table(cells))), (bins,))[0]
    assert counts[:VALUES].tolist() == [3, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert counts[[MISSING, OTHER, BEYOND]].tolist() == [2, 1, 2]
    assert type(bins).from_dict(bins.to_dict()) == bins


def test_codes_are_the_same_however_they_are_spelt() -> None:
    (bins,) = bins_of([Profile.of(as_table({"c": ["1", "2", "1", "3"]}))], {"c": "categorical"})
    assert bins.categories == ("1", "2", "3")
    counts = counts_of(Profile.of(as_table({"c": ["1.0", "3.0", "9.0"]}), categorical=["c"]), (bins,))[0]
    assert counts[[0, 1, 2, NEW]].tolist() == [1, 0, 1, 1]


def test_a_column_that_a_window_does_not_have_is_missing_there() -> None:
    bins = bins_of([Profile.of(as_table({"x": [1.0, 2.0], "c": ["a", "b"]}))], {})
    counts = counts_of(Profile.of(as_table({"c": ["a", "a", "b"]})), bins)
    assert counts[:, MISSING].tolist() == [3, 0]


def test_categories_that_one_window_alone_has_count_as_new() -> None:
    windows = [{"a": 50, "b": 5, "once": 1}, {"a": 48, "b": 7}, {"a": 40, "other once": 2}]
    bins = category_bins("c", windows)
    assert bins.categories == ("a", "b")
    counts = bins.count_categories({"a": 9, "once": 1, "z": 2}, missing=3)
    assert counts[[0, 1, NEW, MISSING]].tolist() == [9, 0, 3, 3]
    assert type(bins).from_dict(bins.to_dict()) == bins


def test_of_many_categories_the_rare_ones_are_one_bin_and_still_known() -> None:
    counts = {f"k{number:03d}": 1000 - number for number in range(60)}
    bins = category_bins("c", [counts, counts])
    assert bins.categories == tuple(f"k{number:03d}" for number in range(9))
    found = bins.count_categories({"k000": 1, "k059": 2, "new": 4})
    assert found[[0, 9, NEW]].tolist() == [1, 2, 4]


def test_a_baseline_without_times_knows_all_that_it_has() -> None:
    bins = category_bins("c", [{"a": 5, "b": 1}])
    assert bins.count_categories({"b": 1, "c": 1})[NEW] == 1
    numbers = number_bins("x", np.array([2.0]), [(1.0, 3.0)])
    assert (numbers.low, numbers.high) == (1.0, 3.0)
