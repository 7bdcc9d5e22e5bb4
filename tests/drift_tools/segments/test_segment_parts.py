"""Which rows a segment has, what it may spend, and what of the segments rings."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_tools.errors import InputError
from drift_tools.job.segments import (
    Segment,
    SegmentResult,
    cut,
    document,
    most_frequent,
    of_segment,
    of_whole,
    rows_of,
    says,
    stored,
    violations,
)
from drift_tools.job.settings import JudgementSettings, MonitorSettings
from drift_tools.tables import as_table, take_rows

from .world import traffic


def settings(per_year: float = 1.0, segments: tuple[str, ...] = ("region",)) -> MonitorSettings:
    judgement = JudgementSettings(
        rules="calibrated",
        false_alarms_per_year=per_year,
        runs_per_year=365,
        season="auto",
        windows="s3://bucket/windows",
        baseline_windows=None,
    )
    empty: dict[str, Any] = dict.fromkeys(
        (
            "kind", "output", "dataset", "baseline", "quality", "metrics", "excluded", "excluded_variants",
            "postprocessor", "shards", "tables", "analysis_config", "model",
        )
    )  # fmt: skip
    return MonitorSettings(**empty, judgement=judgement, segments=segments)


def test_rows_are_those_that_pandas_selects() -> None:
    frame = traffic(3)
    for segment in most_frequent(["region", "sex"], as_table(frame)):
        expected = frame[frame[segment.column] == segment.value].reset_index(drop=True)
        found = rows_of(as_table(frame), segment)
        for name in frame.columns:
            assert found.columns[name].as_texts().tolist() == as_table(expected).columns[name].as_texts().tolist()
            assert found.columns[name].types == as_table(expected).columns[name].types


@given(st.lists(st.one_of(st.none(), st.integers(-(2**60), 2**60)), min_size=1), st.randoms(use_true_random=False))
def test_rows_keep_what_their_source_said_of_them(values: list[int | None], random: Any) -> None:
    """The same as Arrow's own `take`, of integers that float64 does not hold too."""
    table = pa.table({"integers": pa.array(values, pa.int64()), "texts": pa.array([str(one) for one in values])})
    chosen = [random.randrange(len(values)) for _ in range(random.randrange(2 * len(values)))]
    found = take_rows(as_table(table), np.array(chosen, dtype=np.intp))
    expected = as_table(table.take(pa.array(chosen, pa.int64())))
    for name in ("integers", "texts"):
        assert found.columns[name].as_texts().tolist() == expected.columns[name].as_texts().tolist()
        assert found.columns[name].is_numerical == expected.columns[name].is_numerical or not chosen


def test_the_most_frequent_values_are_taken() -> None:
    frame = pd.DataFrame({"code": [f"c{at % 13}" for at in range(130)] + ["c12"] * 5})
    found = most_frequent(["code", "nowhere"], as_table(frame))
    assert [one.value for one in found] == ["c12", "c0", "c1", "c10", "c11", "c2", "c3", "c4", "c5", "c6"]


@given(st.floats(0.01, 50), st.integers(1, 30))
def test_the_whole_and_its_segments_spend_the_budget_and_no_more(per_year: float, number: int) -> None:
    given_settings = settings(per_year)
    each = of_segment(given_settings, Segment("region", "north"), number).judgement.false_alarms_per_year
    whole = of_whole(given_settings).judgement.false_alarms_per_year
    assert whole + number * each == pytest.approx(per_year)
    assert of_whole(settings(per_year, ())).judgement.false_alarms_per_year == per_year


def test_segments_have_places_of_their_own() -> None:
    places = {of_segment(settings(), Segment("region", name), 2).judgement.windows for name in ("north", "süd", "/")}
    assert len(places) == 3
    assert all(str(place).startswith("s3://bucket/windows/segments/") for place in places)


def result(name: str, size: float, **called: str) -> SegmentResult:
    return SegmentResult(
        segment=Segment("region", name), rows=1234, baseline_rows=99, judged=True, called=called, size=size
    )


def test_the_three_worst_ring_each_once() -> None:
    found = [result(f"r{at}", float(at), income="income: higher", age="age: higher") for at in range(6)]
    called = violations(found)
    assert [one.subject for one in called] == ["region = r5", "region = r4", "region = r3"]
    assert called[0].description == "In region = r5 (1,234 rows): income: higher; age: higher"
    assert says(found).endswith("region = r3 (income, age) and 3 more.")
    assert violations([result("a", 1.0, income="x")], whole=["income"]) == ()
    assert [one.description for one in violations([result("a", 1.0, income="x", age="y")], whole=["income"])] == [
        "In region = a (1,234 rows): y"
    ]
    assert says([]) == ""


def test_what_does_not_exist_is_null() -> None:
    one = SegmentResult(
        segment=Segment("region", "a"), rows=1, baseline_rows=1, judged=True, about={"psi": {"x": float("nan")}}
    )
    assert document([one])["region"]["a"]["psi"] == {"x": None}


def test_what_a_baseline_keeps_is_read_again() -> None:
    table = as_table(traffic(0))
    kept = cut(["region"], table, lambda rows: {"rows": rows.rows} if rows.rows > 100 else None)
    read = {segment.value: (rows, about) for segment, rows, about in stored(kept, ["region"])}
    counts = traffic(0).region.value_counts()
    assert read == {name: (counts[name], {"rows": counts[name]}) for name in ("north", "south")}
    assert list(stored(kept, ["sex"])) == []
    assert list(stored({}, ["region"])) == []
    assert list(stored(kept, [])) == []
    for damaged in ({"segments": {"region": {"north": 3}}}, {"segments": [1]}, SimpleNamespace()):
        with pytest.raises(InputError, match="the baseline's segments are damaged"):
            list(stored(cast(Any, damaged), ["region"]))


def test_a_baseline_without_windows_has_none_of_segments() -> None:
    assert of_segment(settings(), Segment("region", "a"), 1).judgement.baseline_windows is None
