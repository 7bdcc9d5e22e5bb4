"""statistics.json, number by number."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from drift_tools.errors import InputError
from drift_tools.profiles import Profile, Statistics, distance, write_json
from drift_tools.profiles.kll import Sketch
from drift_tools.profiles.profile import profile, profile_column, summarise_numbers
from drift_tools.tables import Column, Numbers, as_table, read_csv_text


def test_a_column_of_model_monitors_own_output_is_reproduced() -> None:
    # Column _c0 of aws/sagemaker-python-sdk v2.257.6, tests/data/pipeline/quality_check_step/data_quality (Apache-2.0),
    # in the order of its rows: the last digit of the deviation comes of Spark's way of adding them one by one.
    digits = "3123333333232313133312123133333231313333323323112131312113333313132332323131323333322121321131223323"
    values = np.array(list(map(float, digits)))
    feature = profile(as_table({"_c0": values})).to_dict()["features"][0]
    numerical = feature["numerical_statistics"]
    assert (feature["name"], feature["inferred_type"]) == ("_c0", "Fractional")
    assert numerical["common"] == {"num_present": 100, "num_missing": 0}
    assert [numerical[key] for key in ("mean", "sum", "min", "max")] == [2.31, 231.0, 1.0, 3.0]
    assert numerical["std_dev"] == 0.8330066026148891
    buckets = numerical["distribution"]["kll"]["buckets"]
    assert [bucket["count"] for bucket in buckets] == [24.0, 0.0, 0.0, 0.0, 0.0, 21.0, 0.0, 0.0, 0.0, 55.0]
    assert [bucket["lower_bound"] for bucket in buckets] == [1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8]
    assert buckets[-1]["upper_bound"] == 3.0
    sketch = numerical["distribution"]["kll"]["sketch"]
    assert sketch == {"parameters": {"c": 0.64, "k": 2048.0}, "data": [values.tolist()]}


def test_categories_have_counts_and_no_numbers() -> None:
    document = profile(read_csv_text("flag\nb\na\nb\n\n")).to_dict()
    assert document["dataset"] == {"item_count": 3}
    assert document["features"][0] == {
        "name": "flag",
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": 3, "num_missing": 0},
            "distinct_count": 2.0,
            "distribution": {"categorical": {"buckets": [{"value": "b", "count": 2}, {"value": "a", "count": 1}]}},
        },
    }


def test_a_column_of_ids_keeps_a_thousand_categories() -> None:
    feature = profile_column(Column.from_strings("id", (f"{i:05d}" for i in range(2500))))
    assert feature.string is not None
    assert (feature.string.distinct_count, len(feature.string.counts)) == (2500, 1000)


@pytest.mark.parametrize(
    "cells", [[None, None], ["1", None], ["inf", "-inf"], ["1e308", "-1e308", "1e308"], ["nan"], [], ["5"]]
)
def test_every_column_gives_a_file_that_any_json_reader_reads(tmp_path: Path, cells: list[str | None]) -> None:
    statistics = profile(as_table({"fine": np.arange(len(cells) or 0, dtype=float)}))
    statistics = Statistics(len(cells), {**statistics.features, "x": profile_column(Column.from_cells("x", cells))})
    write_json(tmp_path / "statistics.json", statistics.to_dict())
    text = (tmp_path / "statistics.json").read_text()

    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    assert json.loads(text, parse_constant=refuse)["features"][1]["name"] == "x"
    assert Statistics.read(tmp_path / "statistics.json").to_dict() == statistics.to_dict()


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"dataset": {"item_count": 1}, "features": [{"name": "x"}]}', "{", '"x"']
)
def test_what_is_no_statistics_file_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "statistics.json"
    path.write_text(content)
    with pytest.raises(InputError) as error:
        Statistics.read(path)
    assert "\n" not in str(error.value)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_buckets_hold_every_value_once(values: list[float]) -> None:
    statistics = summarise_numbers(np.array(values))
    assert statistics is not None
    assert sum(count for _, _, count in statistics.buckets) == len(values)
    assert statistics.buckets[0][0] == min(values)
    assert statistics.buckets[-1][1] == max(values)
    for lower, upper, count in statistics.buckets[:-1]:
        assert count == sum(lower <= value < upper for value in values)
    assert statistics.mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9)
    assert statistics.std_dev == pytest.approx(np.std(values), rel=1e-6, abs=1e-6)


def test_up_to_2050_values_the_sketch_is_the_data_in_its_order() -> None:
    values = np.random.default_rng(0).normal(size=2050)
    sketch = Sketch.of(values)
    assert [level.tolist() for level in sketch.levels] == [values.tolist()]


def test_one_more_value_compacts_the_first_level_once() -> None:
    values = np.random.default_rng(0).normal(size=2051)
    sketch = Sketch.of(values)
    assert [len(level) for level in sketch.levels] == [1, 1025]
    assert sketch.weight == 2051
    assert sketch.levels[0][0] == values[-1]


@settings(max_examples=20, deadline=None)
@given(st.integers(2051, 40_000), st.integers(0, 9))
def test_a_sketch_keeps_the_weight_and_its_levels_fit(size: int, seed: int) -> None:
    sketch = Sketch.of(np.random.default_rng(seed).normal(size=size), seed=seed)
    assert sketch.weight == size
    total = sum(2 * (math.ceil(2048 * 0.64**height / 2) + 1) for height in range(len(sketch.levels)))
    assert sum(map(len, sketch.levels)) <= total


@pytest.mark.parametrize("size", [5_000, 100_000, 1_000_000])
def test_ranks_of_a_sketch_are_within_half_a_percent(size: int) -> None:
    values = np.random.default_rng(1).permutation(size).astype(float)
    items, shares = Sketch.of(values).cumulated()
    true_shares = (items + 1) / size
    assert float(np.max(np.abs(shares - true_shares))) < 0.005


def test_equal_data_give_an_equal_sketch() -> None:
    values = np.random.default_rng(2).normal(size=10_000)
    first, second = Sketch.of(values), Sketch.of(values)
    assert all(np.array_equal(a, b) for a, b in zip(first.levels, second.levels, strict=True))


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=40),
    st.lists(st.integers(-5, 5), min_size=1, max_size=40),
)
def test_the_distance_of_uncompacted_sketches_is_the_ks_statistic(left: list[int], right: list[int]) -> None:
    a: Numbers = np.array(left, dtype=np.float64)
    b: Numbers = np.array(right, dtype=np.float64)
    points = np.concatenate([a, b])
    expected = max(abs(np.mean(a <= point) - np.mean(b <= point)) for point in points)
    assert distance(Sketch.of(a), Sketch.of(b)) == pytest.approx(expected, abs=1e-12)
    assert distance(Sketch.of(a), Sketch.of(a)) == 0.0


def test_a_compacted_sketch_gives_the_ks_statistic_nearly() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=50_000), rng.normal(0.2, size=40_000)
    expected = stats.ks_2samp(a, b, method="asymp").statistic
    assert distance(Sketch.of(a), Sketch.of(b)) == pytest.approx(expected, abs=0.004)


def test_items_of_higher_levels_weigh_twice_as_much() -> None:
    items, shares = Sketch.from_levels([[1.0, 4.0], [2.0]]).cumulated()
    assert items.tolist() == [1.0, 2.0, 4.0]
    assert shares.tolist() == [0.25, 0.75, 1.0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("path", "what"),
    [
        (("mean",), "mean"),
        (("distribution", "kll", "buckets", 3, "count"), "a bucket"),
        (("distribution", "kll", "sketch", "data", 0, 7), "the sketch's data"),
        (("distribution", "kll", "sketch", "parameters", "k"), "the sketch's k"),
    ],
)
def test_numbers_that_are_none_are_refused(path: tuple[str | int, ...], what: str, value: float) -> None:
    """`json` reads them, and a check against NaN never fails."""
    document = Profile.of(as_table({"x": np.arange(100.0)})).statistics().to_dict()
    place = document["features"][0]["numerical_statistics"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InputError, match=f"^feature x: {what} is {value}: give a finite number"):
        Statistics.from_dict(json.loads(json.dumps(document)))


def test_a_sketch_of_more_levels_than_there_can_be_rows_is_refused() -> None:
    """Each level counts twice as much as the one below: beyond 63 of them no integer of a machine holds it."""
    document = json.loads(json.dumps(Profile.of(as_table({"x": np.arange(50.0)})).statistics().to_dict()))
    sketch = document["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"]
    sketch["data"] = [[1.0]] * 48
    assert Statistics.from_dict(document)
    sketch["data"] = [[1.0]] * 49
    with pytest.raises(InputError, match="feature x: the sketch has 49 levels, 48 hold more rows than there are"):
        Statistics.from_dict(document)
