"""What a comparison must survive, column by column: each has a defined verdict, whatever it comes in and beside
whatever else.
"""

import json
import math
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drift_tools.comparison import Comparison, FeatureComparison, Kind, compare, prepare_baseline, samples_of
from drift_tools.comparison import columns as comparison_samples
from drift_tools.errors import InputError
from drift_tools.tables import as_table

N = 2000
RNG = np.random.default_rng(11)
NORMAL, OTHER = RNG.normal(size=N), RNG.normal(size=N)


def changed(values: Any, cell: Any, share: float) -> Any:
    """The values with a share of them replaced; a share of 0 replaces the first."""
    result = np.array(values)
    result[: max(1, round(share * len(result)))] = cell
    return result


class Edge(NamedTuple):
    baseline: Any
    current: Any
    verdict: str
    kind: str = "numerical"


EDGES = {
    "a constant that stays": Edge(np.ones(N), np.ones(N), "no drift"),
    "a constant that changes": Edge(np.ones(N), np.full(N, 2.0), "drift"),
    "a constant that starts to vary": Edge(np.zeros(N), NORMAL, "drift"),
    "one that stops to vary": Edge(NORMAL, np.zeros(N), "drift"),
    "always empty": Edge(np.full(N, np.nan), np.full(N, np.nan), "no drift", "categorical"),
    "emptied": Edge(NORMAL, np.full(N, np.nan), "drift"),
    "filled": Edge(np.full(N, np.nan), NORMAL, "drift"),
    "30 % newly missing": Edge(NORMAL, changed(OTHER, np.nan, 0.3), "drift"),
    "30 % no longer missing": Edge(changed(NORMAL, np.nan, 0.3), OTHER, "drift"),
    "30 % missing on both sides": Edge(changed(NORMAL, np.nan, 0.3), changed(OTHER, np.nan, 0.3), "no drift"),
    "infinities": Edge(NORMAL, changed(OTHER, np.inf, 0.1), "drift"),
    "one infinity": Edge(NORMAL, changed(OTHER, -np.inf, 0), "no drift"),
    "infinities on both sides": Edge(changed(NORMAL, np.inf, 0.1), changed(OTHER, np.inf, 0.1), "no drift"),
    "an outlier before a shift of 1 sd": Edge(changed(NORMAL, 1e6, 0), OTHER + 1, "drift"),
    "an outlier and no shift": Edge(NORMAL, changed(OTHER, 1e6, 0), "no drift"),
    "an outlier on both sides": Edge(changed(NORMAL, 1e6, 0), changed(OTHER, -1e6, 0), "no drift"),
    "the largest floats": Edge(np.tile([1e308, -1e308], N), np.tile([1e308, -1e308], N), "no drift"),
    "the largest floats, moved": Edge(np.tile([1e308, -1e308], N), np.full(2 * N, 1e308), "drift"),
    "the smallest floats": Edge(np.arange(N) * 5e-324, np.arange(N) * 5e-324, "no drift"),
    "signs of zero": Edge(np.zeros(N), -np.zeros(N), "no drift"),
    "single precision": Edge(NORMAL.astype(np.float32), OTHER.astype(np.float32), "no drift"),
    "half precision": Edge(NORMAL.astype(np.float16), (OTHER + 1).astype(np.float16), "drift"),
    "bytes": Edge(RNG.integers(0, 9, N, np.uint8), RNG.integers(0, 9, N, np.uint8), "no drift"),
    "integers of 64 bits": Edge(2**62 + RNG.integers(0, 2**60, N), 2**62 + RNG.integers(0, 2**60, N), "no drift"),
    "integers as codes": Edge(RNG.integers(0, 24, N), RNG.integers(0, 24, N), "no drift"),
    "codes that move": Edge(RNG.integers(0, 24, N), RNG.integers(6, 30, N), "drift"),
    "booleans": Edge(np.arange(N) % 2 == 0, np.arange(N) % 2 == 1, "no drift", "categorical"),
    "booleans that tip": Edge(np.arange(N) % 2 == 0, np.arange(N) % 10 == 0, "drift", "categorical"),
    "booleans that become constant": Edge(np.arange(N) % 2 == 0, np.ones(N, dtype=bool), "drift", "categorical"),
    "a new category": Edge(["a", "b"] * N, ["a", "b", "a", "b", "c"] * N, "drift", "categorical"),
    "a vanished category": Edge(["a", "b", "c"] * N, ["a", "b"] * N, "drift", "categorical"),
    "categories and None": Edge(["a", "b"] * N, ["a", None] * N, "drift", "categorical"),
    "categories in another order": Edge(["a", "b"] * N, ["b", "a"] * N, "no drift", "categorical"),
    "a thousand levels": Edge(
        [f"c{i}" for i in RNG.integers(0, 1000, 20 * N)],
        [f"c{i}" for i in RNG.integers(0, 1000, 20 * N)],
        "no drift",
        "categorical",
    ),
    "numbers that become texts": Edge(NORMAL, ["seven", "eight"] * (N // 2), "drift"),
    "texts that become numbers": Edge(["seven", "eight"] * (N // 2), NORMAL, "drift", "categorical"),
    "codes that become numbers": Edge(["1", "2"] * (N // 2), np.tile([1, 2], N // 2), "no drift", "categorical"),
    "numbers among texts": Edge(["a", 1.5, None] * N, ["a", 1.5, None] * N, "no drift", "categorical"),
    "days": Edge(
        np.datetime64("2026-01-01") + np.arange(N), np.datetime64("2026-01-01") + np.arange(N)[::-1], "no drift"
    ),
    "days of another time": Edge(
        np.datetime64("2020-01-01") + np.arange(N), np.datetime64("2026-01-01") + np.arange(N), "drift"
    ),
    "moments, some of them missing": Edge(
        np.where(NORMAL > 0, np.datetime64("2026-01-01T12:00:00"), np.datetime64("NaT")),
        np.where(OTHER > 0, np.datetime64("2026-01-01T12:00:00"), np.datetime64("NaT")),
        "no drift",
    ),
    "lists of numbers": Edge(NORMAL.tolist(), OTHER.tolist(), "no drift"),
    "whole decimals": Edge([Decimal(1), Decimal(2)] * N, [Decimal(1), Decimal(2)] * N, "no drift"),
    "a single row": Edge(NORMAL, [0.5], "not enough data"),
    "a single row of each": Edge([1.0], [2.0], "not enough data"),
    "an empty side": Edge(NORMAL, np.empty(0), "not enough data"),
    "an empty baseline": Edge(np.empty(0), NORMAL, "not enough data"),
    "two empty sides": Edge(np.empty(0), np.empty(0), "not enough data", "categorical"),
}


@pytest.mark.parametrize("edge", EDGES)
def test_each_edge_has_a_verdict(edge: str) -> None:
    baseline, current, verdict, kind = EDGES[edge]
    feature = compare({"x": baseline}, {"x": current}).features["x"]
    assert (feature.verdict, feature.kind) == (verdict, kind)
    assert feature.summary.startswith("x: ")
    assert "\n" not in feature.summary + feature.reason
    json.dumps(feature.to_dict(), allow_nan=False)
    if kind == "numerical" and feature.ks is not None:
        assert 0 <= feature.ks.statistic <= 1
        assert 0 <= feature.ks.p_value <= 1


def test_no_column_spoils_another() -> None:
    """All edges of one length side by side, with a steady and a shifted column among them."""
    tables: list[dict[str, Any]] = [{}, {}]
    for name, edge in EDGES.items():
        for table, values in zip(tables, (edge.baseline, edge.current), strict=True):
            if len(values):
                table[name] = np.resize(np.asarray(values, dtype=object if isinstance(values, list) else None), N)
            else:
                table[name] = np.full(N, np.nan)
    tables[0] |= {"steady": NORMAL, "shifted": NORMAL, "gone": NORMAL}
    tables[1] |= {"added": OTHER, "shifted": OTHER + 1, "steady": OTHER}
    comparison = compare(*tables)
    assert list(comparison.features) == [*EDGES, "steady", "shifted", "gone", "added"]
    for name, edge in EDGES.items():
        if "row" not in name and "empty" not in name and "levels" not in name:
            assert comparison.features[name].verdict == edge.verdict, name
    verdicts = {name: comparison.features[name].verdict for name in ("steady", "shifted", "gone", "added")}
    assert verdicts == {"steady": "no drift", "shifted": "drift", "gone": "drift", "added": "no drift"}


def test_ten_thousand_columns() -> None:
    rng = np.random.default_rng(0)
    before = {f"x{i}": rng.normal(size=50) for i in range(10_000)}
    after = {f"x{i}": rng.normal(size=50) for i in range(9_999)} | {"x9999": rng.normal(5, size=50)}
    assert compare(before, after).drifted_features == ["x9999"]


# --- whatever a column comes in ------------------------------------------------------------------------------------


SOURCES: dict[str, tuple[Callable[[list[Any]], Any], Callable[[list[Any]], Any]]] = {
    # by source: how it holds numbers, and how it holds texts
    "lists": (lambda values: values, lambda values: values),
    "numpy": (
        lambda values: np.array([math.nan if value is None else value for value in values]),
        lambda values: np.array(values, dtype=object),
    ),
    "arrow": (pa.array, pa.array),
    "arrow in chunks": (
        lambda values: pa.chunked_array([values[:300], values[300:], []], type=pa.float64()),
        lambda values: pa.chunked_array([values[:300], values[300:], []], type=pa.string()),
    ),
    "large strings": (pa.array, lambda values: pa.array(values, type=pa.large_string())),
    "dictionaries": (
        lambda values: pa.array(values).dictionary_encode(),
        lambda values: pa.array(values).dictionary_encode(),
    ),
    "chunks of dictionaries": (
        pa.array,
        lambda values: pa.chunked_array(
            [pa.array(values[:300]).dictionary_encode(), pa.array(values[300:]).dictionary_encode()]
        ),
    ),
}


def held(source: str, numbers: list[Any], texts: list[Any]) -> Any:
    as_numbers, as_texts = SOURCES[source]
    columns = {"number": as_numbers(numbers), "text": as_texts(texts)}
    return pa.table(columns) if isinstance(columns["text"], pa.Array | pa.ChunkedArray) else columns


@pytest.mark.parametrize("kinds", [{}, {"number": "categorical", "text": "numerical"}], ids=["as it is", "as told"])
@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_the_same_column_says_the_same(source: str, kinds: dict[str, Kind]) -> None:
    numbers: list[list[Any]] = [[1.5, None, 3.0, -2.0] * 200, [1.5, 2.0, 3.0, None, 3.0] * 160]
    texts: list[list[Any]] = [["b", "16", None, "7"] * 200, ["b", "16", "16", "1e3", None] * 160]
    expected = compare(
        *(held("lists", mine, yours) for mine, yours in zip(numbers, texts, strict=True)), kinds=kinds
    ).to_dict()
    sides = [held(source, mine, yours) for mine, yours in zip(numbers, texts, strict=True)]
    assert compare(*sides, kinds=kinds).to_dict() == expected
    assert compare(prepare_baseline(sides[0]), sides[1], kinds=kinds).to_dict() == expected
    assert compare(prepare_baseline(sides[0], kinds=kinds), sides[1], kinds=kinds).to_dict() == expected
    assert compare(as_table(sides[0]), as_table(sides[1]), kinds=kinds).to_dict() == expected


@pytest.mark.parametrize("source", ["arrow", "numpy"])
def test_whole_numbers_and_truths_are_the_same_from_any_source(source: str) -> None:
    codes, truths = [1, 2, 3, 9] * 200, [True, False, False, False] * 200
    plain = {"code": codes, "truth": truths}
    other = pa.table(plain) if source == "arrow" else {name: np.array(values) for name, values in plain.items()}
    later = {"code": np.array([1, 2, 9, 9] * 200), "truth": np.array([True] * 800)}
    for kinds in ({}, {"code": "categorical"}):
        assert compare(other, later, kinds=kinds).to_dict() == compare(as_table(plain), later, kinds=kinds).to_dict()  # type: ignore[arg-type] # a literal's type is not kept in a tuple
    with_missing = pa.table({"code": [1, None, 2, 3] * 200, "truth": [True, None, False, False] * 200})
    assert compare(with_missing, with_missing).features["code"].baseline.missing_share == 0.25
    assert compare(with_missing, with_missing).features["truth"].baseline.missing_share == 0.25


def test_dates_and_durations_of_arrow_are_numbers() -> None:
    moments = [datetime(2026, 1, 1) + timedelta(hours=i) for i in range(500)]
    table = pa.table(
        {
            "day": [moment.date() for moment in moments],
            "moment": moments,
            "lasting": [timedelta(seconds=i) for i in range(500)],
            "zoned": pa.array(moments, type=pa.timestamp("s", tz="UTC")),
        }
    )
    later = table.set_column(0, "day", pa.array([date(2030, 1, 1)] * 500))
    comparison = compare(table, later)
    assert {feature.kind for feature in comparison.features.values()} == {"numerical"}
    assert comparison.drifted_features == ["day"]


def test_seconds_since_1970_are_known_for_times() -> None:
    table = pa.table(
        {
            "day": pa.array([date(2026, 1, 1)]),
            "zoned": pa.array([datetime(2026, 1, 1)], type=pa.timestamp("s", tz="UTC")),
            "lasting": pa.array([timedelta(seconds=1)]),
            "number": pa.array([1.0]),
        }
    )
    times = {"numpy": np.array(["2026-01-01"], dtype="datetime64[D]"), "number": np.ones(1)}
    for data, known in ((table, ["day", "zoned"]), (as_table(table), ["day", "zoned"]), (times, ["numpy"])):
        columns = samples_of(data, what="baseline").columns
        assert [name for name, sample in columns.items() if sample.is_time] == known


def test_without_pyarrow_arrays_are_compared_all_the_same() -> None:
    before: dict[str, Any] = {"n": NORMAL, "t": np.array(["a", "b", None] * 200, dtype=object)[:N]}
    before["n"] = before["n"][: len(before["t"])]
    expected = compare(before, before).to_dict()
    with patch.dict(sys.modules, {"pyarrow": None}):
        assert compare(before, before).to_dict() == expected


def test_an_arrow_column_is_not_copied_before_it_is_sorted() -> None:
    values = np.arange(1000.0)
    sample = samples_of(pa.table({"x": pa.array(values)}), what="baseline").columns["x"]
    assert np.shares_memory(sample.in_order(numerical=True), values)


def test_tables_that_are_none_are_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="column 'y' has 2 rows where the table has 3: pad or cut it"):
        compare({"x": np.zeros(3), "y": np.zeros(2)}, {})
    with pytest.raises(InputError, match="two columns are called 'x'"):
        compare(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), {})
    with pytest.raises(InputError, match="current is a int"):
        compare({"x": np.zeros(3)}, 3)


# --- a prepared baseline, threads, and the options -----------------------------------------------------------------


def test_a_prepared_baseline_says_what_the_table_says() -> None:
    before = {name: edge.baseline for name, edge in EDGES.items() if len(edge.baseline) == N}
    after = {name: edge.current for name, edge in EDGES.items() if len(edge.current) == N and name in before}
    prepared = prepare_baseline(before)
    assert repr(prepared) == f"<Baseline: {N} rows, {len(before)} columns>"
    assert prepared.names == list(before)
    expected = compare(before, after)
    for _ in range(2):
        assert compare(prepared, after).to_dict() == expected.to_dict()  # NaN, which equals nothing, is None in it
    assert compare(prepared, before).drifted_features == []


def test_a_prepared_baseline_sorts_once() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    prepared = prepare_baseline({"x": values})
    with patch.object(comparison_samples, "_sort", wraps=comparison_samples._sort) as sort:
        compare(prepared, {"x": values + 1})
    assert sort.call_count == 1


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(2)
    before = {f"x{i}": rng.normal(size=51_000) for i in range(4)} | {"t": np.array(["a", "b", "c"] * 17_000)}
    after = {f"x{i}": rng.normal(i / 5, size=50_500) for i in range(4)} | {"t": np.array(["a", "b"] * 25_250)}
    alone = compare(before, after, threads=1)
    for threads in (None, 2, 5):
        assert compare(before, after, threads=threads).to_dict() == alone.to_dict()
    with pytest.raises(InputError, match="threads is 0"):
        compare(before, after, threads=0)


def test_the_level_of_a_schedule() -> None:
    table = {"x": NORMAL}
    assert compare(table, table, runs_per_year=8760).alpha == pytest.approx(1 / 8760)
    assert compare(table, table, runs_per_year=8760, false_alarms_per_year=2).alpha == pytest.approx(2 / 8760)
    with pytest.raises(InputError, match="without runs_per_year"):
        compare(table, table, false_alarms_per_year=1)
    with pytest.raises(InputError, match="give one of them"):
        compare(table, table, alpha=0.01, runs_per_year=100)


def test_blocks_see_through_hours_that_differ() -> None:
    """Hours with a level of their own: a textbook test takes 100 rows of an hour for 100 pieces of news."""
    rng = np.random.default_rng(3)
    hours = np.repeat(np.arange(24), 100)
    rows = {"x": np.repeat(rng.normal(size=24), 100) + rng.normal(size=2400) / 10}
    later = {"x": np.repeat(rng.normal(size=24), 100) + rng.normal(size=2400) / 10}
    rows["t"], later["t"] = (np.where(hours % 5 < high, "high", "low") for high in (2, 3))
    assert compare(rows, later).drifted_features == ["x", "t"]
    assert not compare(rows, later, blocks=hours, baseline_blocks=hours).drifted
    assert not compare(prepare_baseline(rows), later, blocks=hours, baseline_blocks=hours).drifted
    later["x"] += 5
    assert compare(rows, later, blocks=hours, baseline_blocks=hours).drifted_features == ["x"]
    assert compare(rows, {"x": np.empty(0)}, blocks=[]).features["x"].verdict == "not enough data"
    with pytest.raises(InputError, match="baseline_blocks without blocks"):
        compare(rows, later, baseline_blocks=hours)


def test_all_columns_together_show_what_none_shows_alone() -> None:
    rng = np.random.default_rng(4)
    x, noise = rng.normal(size=(2, 600))
    before, after = {"x": x, "y": x + noise / 2}, {"x": x, "y": noise / 2 - x}
    comparison = compare(before, after, multivariate=True)
    assert not comparison.drifted
    assert comparison.multivariate is not None
    assert comparison.multivariate.p_value < 0.01
    assert comparison.to_dict()["multivariate"]["strongest"] == ("x", "y")
    assert compare(prepare_baseline(before), after, multivariate=True).multivariate == comparison.multivariate
    assert "multivariate" not in compare(before, after).to_dict()


# --- properties ----------------------------------------------------------------------------------------------------

CELLS = st.one_of(
    st.lists(st.sampled_from([0.0, -0.0, 1.0, 2.0, 7.5, math.nan, math.inf, -math.inf]), min_size=20, max_size=80),
    st.lists(st.floats(-1e9, 1e9), min_size=20, max_size=80),
    st.lists(st.sampled_from(["a", "b", "c", "16", None]), min_size=20, max_size=80),
)


def only(comparison: Comparison) -> FeatureComparison:
    return comparison.features["x"]


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_a_column_is_at_no_distance_from_itself(cells: list[Any]) -> None:
    feature = only(compare({"x": cells}, {"x": cells}))
    assert not feature.drifted
    assert (feature.psi, feature.jensen_shannon, feature.l_infinity) == (0, 0, 0)
    assert feature.p_value == 1.0
    if feature.ks is not None:
        assert (feature.ks.statistic, feature.ks.p_value, feature.wasserstein) == (0, 1, 0)


FINITE = st.floats(allow_nan=False, allow_infinity=False)
CLOSE = st.builds(  # a few neighbouring floats, whatever their size
    lambda value, steps: [value + step * math.ulp(value) for step in steps],
    st.floats(-1e308, 1e308),
    st.lists(st.integers(0, 9), min_size=1, max_size=20),
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.lists(FINITE, min_size=1, max_size=40), CLOSE, st.builds(lambda value: [value] * 30, FINITE)))
@example([9007199254740993.0] * 30)
@example([1e17, 1e17 + 16])
@example([1e20] * 30)
@example([sys.float_info.max, math.nextafter(sys.float_info.max, 0)])
@example([-sys.float_info.max, sys.float_info.max])
@example([0.0, 5e-324])
def test_numbers_of_any_size_have_a_histogram_that_can_be_drawn(values: list[float]) -> None:
    histogram = only(compare({"x": np.array(values)}, {"x": np.array(values[:-1])})).histogram
    assert histogram is not None
    assert all(math.isfinite(edge) for edge in histogram.edges)
    assert all(lower < upper for lower, upper in pairwise(histogram.edges))
    assert len(histogram.edges) == len(histogram.baseline) + 1 == len(histogram.current) + 1
    assert sum(histogram.baseline) == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(CELLS, CELLS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(first: list[Any], second: list[Any], random: Any) -> None:
    mixed = [random.sample(cells, len(cells)) for cells in (first, second)]
    feature, other = only(compare({"x": first}, {"x": second})), only(compare({"x": mixed[0]}, {"x": mixed[1]}))
    assert other.to_dict() == feature.to_dict()
    assert (other.p_value, repr(other.histogram)) == (feature.p_value, repr(feature.histogram))


@settings(max_examples=60, deadline=None)
@given(CELLS, CELLS)
def test_measures_keep_their_bounds_and_their_symmetry(first: list[Any], second: list[Any]) -> None:
    feature, back = only(compare({"x": first}, {"x": second})), only(compare({"x": second}, {"x": first}))
    for value in (feature.jensen_shannon, feature.l_infinity, feature.p_value, feature.p_value_adjusted):
        assert 0 <= value <= 1
    assert 0 <= feature.psi < math.inf
    assert feature.p_value <= feature.p_value_adjusted
    if feature.ks is not None and back.ks is not None:
        assert back.ks == feature.ks
        assert feature.wasserstein >= 0
    if feature.kind == back.kind == "categorical":
        assert back.psi == pytest.approx(feature.psi)
        assert back.jensen_shannon == pytest.approx(feature.jensen_shannon, abs=1e-7)
        assert back.l_infinity == pytest.approx(feature.l_infinity)
        assert back.p_value == pytest.approx(feature.p_value)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-300, 300), min_size=20, max_size=80),
    st.lists(st.integers(-300, 300), min_size=20, max_size=80),
    st.sampled_from([np.exp, np.arctan, lambda x: x**3, lambda x: 1000 * x + 7]),
)
def test_strictly_increasing_transforms_change_no_verdict(first: list[int], second: list[int], transform: Any) -> None:
    sides = [np.array(side) / 100 for side in (first, second)]
    feature = only(compare({"x": sides[0]}, {"x": sides[1]}))
    other = only(compare({"x": transform(sides[0])}, {"x": transform(sides[1])}))
    assert (other.ks, other.psi, other.jensen_shannon) == (feature.ks, feature.psi, feature.jensen_shannon)
    assert (other.verdict, other.p_value, other.reason) == (feature.verdict, feature.p_value, feature.reason)


def test_ranked_puts_what_matters_first() -> None:
    before = dict.fromkeys(("none", "large", "small", "gone"), NORMAL)
    after = {"none": OTHER, "large": OTHER + 2, "small": OTHER + 0.6}
    ranking = compare(before, after).ranked()
    assert [feature.name for feature in ranking] == ["large", "small", "gone", "none"]
    assert ranking[0].effect > ranking[1].effect
    assert "median" in ranking[0].summary
    assert "PSI" in ranking[0].summary
