"""Profiles of parts, merged in any order, against the profile of the whole."""

import json
import math
import random
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.capture import iterate_captures, read_captures
from drift_tools.errors import InputError
from drift_tools.job import monitor_captures, suggest_baseline
from drift_tools.job.kinds.data_quality import profile_batches
from drift_tools.profiles import Categories, NumberProfile, Profile, Statistics, merge_profiles
from drift_tools.profiles.frequent_items import CAPACITY
from drift_tools.profiles.kll import Sketch
from drift_tools.tables import Column, Table, as_table
from tests.drift_tools.records import record, write

CELLS = st.one_of(st.none(), st.integers(-9, 9).map(str), st.floats(-1e6, 1e6).map(repr), st.sampled_from("ab"))


def table(cells: list[str | None]) -> Table:
    return Table.of([Column.from_cells("x", cells)], len(cells))


@given(st.lists(st.lists(CELLS, min_size=1, max_size=20), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_merging_in_any_order_gives_the_profile_of_the_whole(parts: list[list[str | None]], rng: random.Random) -> None:
    whole = Profile.of(table([cell for part in parts for cell in part])).columns["x"]
    profiles = [Profile.of(table(part)) for part in parts]
    rng.shuffle(profiles)
    while len(profiles) > 1:  # a random tree
        a, b = profiles.pop(rng.randrange(len(profiles))), profiles.pop(rng.randrange(len(profiles)))
        profiles.append(a.merge(b))
    merged = profiles[0].columns["x"]
    assert (merged.types, merged.rows) == (whole.types, whole.rows)
    assert merged.categories.counts == whole.categories.counts
    assert merged.is_numerical == whole.is_numerical
    if merged.is_numerical:
        assert merged.numbers is not None
        assert whole.numbers is not None
        assert (merged.numbers.count, merged.numbers.min) == (whole.numbers.count, whole.numbers.min)
        assert merged.numbers.max == whole.numbers.max
        assert merged.numbers.mean == pytest.approx(whole.numbers.mean, rel=1e-12, abs=1e-9)
        assert merged.numbers.sum == pytest.approx(whole.numbers.sum, rel=1e-12, abs=1e-8)
        assert merged.numbers.std_dev == pytest.approx(whole.numbers.std_dev, rel=1e-9, abs=1e-9)
        # Nothing was compacted, so that the sketch is the data.
        assert sorted(merged.numbers.sketch.levels[0]) == sorted(whole.numbers.sketch.levels[0])
        buckets = zip(merged.numbers.statistics().buckets, whole.numbers.statistics().buckets, strict=True)
        assert all(a == b for a, b in buckets)


@pytest.mark.parametrize("shape", ["shuffled", "sorted"])
@pytest.mark.parametrize(("size", "parts"), [(20_000, 3), (300_000, 40), (300_000, 1000)])
def test_shares_of_merged_sketches_are_within_half_a_percent(size: int, parts: int, shape: str) -> None:
    values = np.arange(size, dtype=np.float64)
    if shape == "shuffled":
        np.random.default_rng(0).shuffle(values)
    sketches = [Sketch.of(part) for part in np.array_split(values, parts)]
    one_by_one = reduce(Sketch.merge, sketches)
    reverse = reduce(Sketch.merge, sketches[::-1])
    tree = list(sketches)
    while len(tree) > 1:
        tree = [a.merge(b) for a, b in zip(tree[::2], tree[1::2], strict=False)] + tree[len(tree) & ~1 :]
    for sketch in (one_by_one, reverse, tree[0]):
        items, shares = sketch.cumulated()
        assert sketch.weight == size
        assert sum(map(len, sketch.levels)) < 6000
        assert float(np.max(np.abs(shares - (items + 1) / size))) < 0.005
        assert sketch.rank_error == 0.005
        assert sketch.quantiles([0.25, 0.5, 1.0]) == pytest.approx([size / 4, size / 2, size], abs=0.005 * size)


def test_a_sketch_that_was_never_compacted_is_exact() -> None:
    sketch = Sketch.of(np.array([3.0, 1.0])).merge(Sketch.of(np.array([2.0, 2.0])))
    assert sketch.rank_error == 0.0
    assert sketch.quantiles([0.25, 0.5, 0.75, 1.0]).tolist() == [1.0, 2.0, 2.0, 3.0]
    assert sketch.weights_up_to(np.array([0.0, 1.0, 2.5])).tolist() == [0.0, 1.0, 3.0]
    assert sketch.merge(Sketch(())).levels == sketch.levels
    assert Sketch(()).merge(sketch).weight == 4


def test_moments_survive_a_large_offset_and_the_largest_floats() -> None:
    values = 1e9 + np.random.default_rng(0).normal(size=10_000)
    merged = reduce(NumberProfile.merge, filter(None, map(NumberProfile.of, np.array_split(values, 100))))
    assert merged.std_dev == pytest.approx(float(np.std(values - 1e9)), rel=1e-7)
    huge = [NumberProfile.of(np.array([sign * 1.7e308])) for sign in (1, -1, 1)]
    together = reduce(NumberProfile.merge, filter(None, huge))
    assert all(map(math.isfinite, (together.sum, together.mean, together.std_dev)))
    assert together.std_dev == pytest.approx(1.7e308 * math.sqrt(8 / 9))
    json.dumps(together.to_dict(), allow_nan=False)


def test_up_to_ten_thousand_categories_are_counted_exactly() -> None:
    a = Categories.of({f"c{i}": i + 1 for i in range(6000)})
    b = Categories.of({f"c{i}": 1 for i in range(3000, CAPACITY)})
    both = a.merge(b)
    assert both.counts == {f"c{i}": (i + 1) * (i < 6000) + (i >= 3000) for i in range(CAPACITY)}
    assert (both.distinct, both.undercount) == (CAPACITY, 0)


@pytest.mark.parametrize("backwards", [False, True])
def test_of_more_categories_the_frequent_ones_stay(backwards: bool) -> None:
    parts = [Categories.of({"often": 500, **{f"id {part} {i}": 1 for i in range(7000)}}) for part in range(20)]
    merged = reduce(Categories.merge, parts[::-1] if backwards else parts)
    rows = 20 * 7500
    assert len(merged.counts) <= CAPACITY
    assert merged.undercount <= rows / CAPACITY
    assert 10_000 - merged.undercount <= merged.counts["often"] <= 10_000
    assert merged.distinct == pytest.approx(140_001, rel=0.05)


def test_numbers_of_many_kinds_are_no_categories_unless_they_are_asked_for() -> None:
    many = as_table({"x": np.arange(5000.0)})
    assert Profile.of(many).columns["x"].categories.unlisted == 5000
    assert Profile.of(many, categorical=["x"]).columns["x"].categories.distinct == 5000
    parts = [Profile.of(as_table({"x": np.arange(start, start + 600.0)})) for start in (0.0, 600.0, 1200.0)]
    assert parts[0].columns["x"].categories.distinct == 600
    for order in (parts, parts[::-1]):
        merged = merge_profiles(order).columns["x"].categories
        assert (merged.unlisted, merged.counts) == (1800, {})
    few = Profile.of(table(["1", "2", "1"])).merge(Profile.of(table(["a"])))
    assert few.columns["x"].statistics().string is not None
    assert few.columns["x"].categories.counts == {"1": 2, "2": 1, "a": 1}


def test_a_column_that_a_part_does_not_have_is_missing_there() -> None:
    merged = Profile.of(as_table({"a": [1.0]})).merge(Profile.of(as_table({"a": [2.0, 3.0], "b": [1.0, 2.0]})))
    assert merged.columns["b"].types.missing == 1
    assert merged.columns["b"].statistics().completeness == pytest.approx(2 / 3)
    assert merge_profiles([]).rows == 0
    assert list(merged.without(["a", "c"]).columns) == ["b"]


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    cells: list[str | None] = [*map(repr, np.random.default_rng(0).normal(size=5000).tolist()), None, "x", "x"]
    profile = Profile.of(table(cells), numerical=["x"]).merge(Profile.of(as_table({"y": [1.5]})))
    profile.write(tmp_path / "p.json")
    assert json.dumps(Profile.read(tmp_path / "p.json").to_dict()) == json.dumps(profile.to_dict())
    for content in ("{}", '{"version": 2}', "[]"):
        (tmp_path / "p.json").write_text(content)
        with pytest.raises(InputError, match=r"not a profile|version 2"):
            Profile.read(tmp_path / "p.json")


def test_the_sketch_survives_statistics_json(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=30_000)
    merged = merge_profiles(Profile.of(as_table({"x": part})) for part in np.array_split(values, 7))
    document = json.loads(json.dumps(merged.statistics().to_dict()))
    numerical = Statistics.from_dict(document).features["x"].numerical
    assert numerical is not None
    assert merged.columns["x"].numbers is not None
    assert numerical.sketch.weight == 30_000
    for read, kept in zip(numerical.sketch.levels, merged.columns["x"].numbers.sketch.levels, strict=True):
        assert np.array_equal(read, kept)
    counts = np.histogram(values, bins=[lower for lower, _, _ in numerical.buckets] + [numerical.max])[0]
    assert [count for _, _, count in numerical.buckets] == pytest.approx(counts.tolist(), abs=0.01 * 30_000)
    assert sum(count for _, _, count in numerical.buckets) == 30_000


@settings(max_examples=5, deadline=None)
@given(st.integers(300, 3000))
def test_monitoring_in_batches_finds_what_monitoring_at_once_finds(
    tmp_path_factory: pytest.TempPathFactory, batch: int
) -> None:
    folder = tmp_path_factory.mktemp("window")
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(6000, 3))
    kinds = rng.choice(["a", "b", "c"], size=6000)
    suggest_baseline(as_table({"y": rows[:, 0], "f": rows[:, 1], "g": rows[:, 2], "k": kinds}), folder / "baseline")
    lines = [
        record(f"{f + 2},{g},{kind if kind != 'c' else 'd'}", f"{y}")
        for (y, f, g), kind in zip(rows.tolist(), kinds.tolist(), strict=True)
    ]
    path = write(folder / "captured" / "a.jsonl", lines)
    at_once = monitor_captures(path, folder / "baseline", folder / "once", batch_rows=10**9)
    in_batches = monitor_captures(path, folder / "baseline", folder / "batches", batch_rows=batch)
    assert [(v.subject, v.check) for v in at_once.violations] == [(v.subject, v.check) for v in in_batches.violations]
    assert {("f", "baseline_drift_check"), ("k", "categorical_values_check"), ("k", "baseline_drift_check")} == {
        (v.subject, v.check) for v in at_once.violations
    }
    assert (at_once.rows, at_once.captures.used) == (in_batches.rows, in_batches.captures.used) == (6000, 6000)


def test_a_profile_of_batches_is_the_profile_of_all_records() -> None:
    lines = [record(f"{i / 7},{i % 5}", f"x{i % 3}") for i in range(30_000)] + ["{"] * 10
    merged, counts = profile_batches(iterate_captures(lines, batch_rows=4000), None)
    whole = Profile.of(read_captures(lines).data)
    assert (counts.read, counts.used, counts.rows) == (30_010, 30_000, 30_000)
    assert counts.skipped == {"not JSON": 10}
    for name, column in whole.columns.items():
        assert merged.columns[name].types == column.types
        assert merged.columns[name].categories.counts == column.categories.counts
