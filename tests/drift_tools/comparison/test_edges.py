"""What a comparison must survive, column by column: each has a defined verdict, whatever else is beside it."""

import json
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pytest

from drift_tools.comparison import compare, prepare_baseline
from tests.drift_tools.comparison.columns import NORMAL, OTHER

N = 2000
RNG = np.random.default_rng(11)


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
        np.where(NORMAL > 0, np.datetime64("2026-01-01T12:00:00"), np.datetime64("NaT", "s")),
        np.where(OTHER > 0, np.datetime64("2026-01-01T12:00:00"), np.datetime64("NaT", "s")),
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
