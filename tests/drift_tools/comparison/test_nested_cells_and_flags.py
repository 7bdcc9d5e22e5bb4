"""Cells that two writers of the same rows spell differently: structs in another order, truths as texts of 0 and 1."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from drift_tools.comparison import compare
from drift_tools.significance import two_sample_test
from tests.drift_tools.comparison.sides import only

NUMBERS = np.arange(400) % 3
AB = [{"a": int(number), "b": {"x": "q", "y": None}} for number in NUMBERS]
BA = [{"b": {"y": None, "x": "q"}, "a": int(number)} for number in NUMBERS]
INNER = [pa.field("x", pa.string()), pa.field("y", pa.string())]
A_THEN_B = pa.struct([pa.field("a", pa.int64()), pa.field("b", pa.struct(INNER))])
B_THEN_A = pa.struct([pa.field("b", pa.struct(INNER[::-1])), pa.field("a", pa.int64())])
MAP = pa.map_(pa.string(), pa.int64())
SAME: dict[str, tuple[Any, Any]] = {
    "structs": (pa.array(AB, A_THEN_B), pa.array(BA, B_THEN_A)),
    "lists of structs": (
        pa.array([[row] for row in AB], pa.list_(A_THEN_B)),
        pa.array([[row] for row in BA], pa.list_(B_THEN_A)),
    ),
    "maps": (
        pa.array([[("k", int(number)), ("l", 1)] for number in NUMBERS], MAP),
        pa.array([[("l", 1), ("k", int(number))] for number in NUMBERS], MAP),
    ),
    "structs and objects of pandas": (pa.array(AB, A_THEN_B), pd.Series(BA)),
}


@pytest.mark.parametrize("case", SAME)
def test_the_order_of_keys_is_no_drift(case: str) -> None:
    before, after = SAME[case]
    feature = only(compare({"s": before}, {"s": after}))
    assert (feature.psi, feature.verdict) == (0.0, "no drift")


def test_the_order_of_a_list_counts() -> None:
    before, after = (pa.array([[1, 2]] * 100)), pa.array([[2, 1]] * 100)
    assert only(compare({"s": before}, {"s": after})).verdict == "drift"


@pytest.mark.parametrize("spelt", [("0", "1"), ("0.0", "1.0")])
@pytest.mark.parametrize("swapped", [False, True])
def test_texts_of_zeros_and_ones_are_truths_beside_truths(spelt: tuple[str, str], swapped: bool) -> None:
    truths = np.arange(400) % 3 == 0
    for flags, verdict, psi in (
        (truths, "no drift", 0.0),
        (np.arange(400) % 3 > 0, "drift", 264 / 400 * np.log(266 / 134)),
    ):
        sides = [{"f": truths}, {"f": pa.array(np.where(flags, spelt[1], spelt[0]))}]
        feature = only(compare(*(sides[::-1] if swapped else sides)))
        assert feature.verdict == verdict
        assert feature.psi == pytest.approx(psi, abs=1e-9)


def test_other_codes_are_not() -> None:
    truths, codes = np.arange(300) % 3 == 0, np.array(["0", "1", "2"] * 100)
    assert only(compare({"f": truths}, {"f": pa.array(codes)})).verdict == "drift"


def test_the_columns_together_know_of_it() -> None:
    truths = np.random.default_rng(0).random(300) < 0.4
    found = two_sample_test({"f": truths}, {"f": pa.array(np.where(truths, "1", "0"))}, permutations=99)
    assert found.p_value > 0.05
