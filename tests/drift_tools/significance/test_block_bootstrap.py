"""The block bootstrap keeps its level where rows depend on each other and the textbook test does not."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter

from drift_tools.errors import InputError
from drift_tools.significance import block_p_value

HOURS, ROWS = 24, 50
LABELS = np.repeat(np.arange(HOURS), ROWS)


def autoregressive(rng: np.random.Generator, rows: int, phi: float = 0.9) -> NDArray[np.float64]:
    """A stationary AR(1) of variance 1, well away from its start."""
    noise = rng.normal(size=rows + 200)
    series: NDArray[np.float64] = lfilter([np.sqrt(1 - phi**2)], [1, -phi], noise)[200:]
    return series


def test_autocorrelated_rows_without_drift() -> None:
    textbook, ours = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        before, after = autoregressive(rng, HOURS * ROWS), autoregressive(rng, HOURS * ROWS)
        textbook.append(stats.ks_2samp(before, after, method="asymp").pvalue)
        ours.append(block_p_value(before, after, blocks=LABELS, baseline_blocks=LABELS, resamples=199, seed=seed))
    assert np.mean(np.array(textbook) <= 0.05) > 0.6
    # 16 or more of 150 at a true level of 5 % would be less likely than 1 in 300
    assert np.sum(np.array(ours) <= 0.05) < 16
    assert 0.35 < np.mean(ours) < 0.6  # and it is no test that never rejects


def test_the_same_customers_every_hour_without_drift() -> None:
    customers = np.tile(np.arange(40), HOURS)
    textbook, ours = [], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        before, after = (rng.normal(size=40)[customers] + 0.3 * rng.normal(size=len(customers)) for _ in range(2))
        textbook.append(stats.ks_2samp(before, after, method="asymp").pvalue)
        ours.append(block_p_value(before, after, blocks=customers, baseline_blocks=customers, resamples=199, seed=seed))
    assert np.mean(np.array(textbook) <= 0.05) > 0.8
    assert np.sum(np.array(ours) <= 0.05) < 12


def test_neighbouring_blocks_that_depend_on_each_other_are_drawn_together() -> None:
    labels = np.repeat(np.arange(240), 10)  # blocks of ten rows, which an AR(1) of 0.95 crosses easily
    alone: list[bool] = []
    together: list[bool] = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        before, after = autoregressive(rng, 2400, 0.95), autoregressive(rng, 2400, 0.95)
        for consecutive, found in ((1, alone), (12, together)):
            found.append(
                block_p_value(
                    before,
                    after,
                    blocks=labels,
                    baseline_blocks=labels,
                    consecutive=consecutive,
                    resamples=199,
                    seed=seed,
                )
                <= 0.05
            )
    assert sum(alone) > sum(together) + 10
    assert sum(together) < 9


def test_a_real_shift_is_found_at_a_level_that_no_resample_reaches() -> None:
    rng = np.random.default_rng(5)
    before, after = autoregressive(rng, 4800), autoregressive(rng, 4800) + 1
    labels = np.repeat(np.arange(96), 50)
    assert block_p_value(before, after, blocks=labels, baseline_blocks=labels, resamples=499) < 1e-8


def test_a_larger_shift_has_a_smaller_p_value() -> None:
    rng = np.random.default_rng(6)
    before, after = autoregressive(rng, 1200), autoregressive(rng, 1200)
    found = [
        block_p_value(before, after + shift, blocks=LABELS, baseline_blocks=LABELS) for shift in (0.0, 0.5, 1.0, 2.0)
    ]
    assert found == sorted(found, reverse=True)


def test_independent_rows_in_blocks_give_what_the_textbook_gives() -> None:
    rng = np.random.default_rng(8)
    before, after = rng.normal(size=4000), rng.normal(0.06, size=4000)
    blocks = np.repeat(np.arange(200), 20)
    found = block_p_value(before, after, blocks=blocks, baseline_blocks=blocks)
    assert found == pytest.approx(stats.ks_2samp(before, after).pvalue, abs=0.05)


def test_categories_and_missing_values() -> None:
    rng = np.random.default_rng(9)
    codes = rng.choice(np.array(["a", "b", None], dtype=object), 1200, p=[0.6, 0.3, 0.1])
    other = rng.choice(np.array(["a", "b", None], dtype=object), 1200, p=[0.6, 0.3, 0.1])
    holes = other.copy()
    holes[rng.random(1200) < 0.4] = None
    assert block_p_value(codes, other, blocks=LABELS, baseline_blocks=LABELS) > 0.05
    assert block_p_value(codes, holes, blocks=LABELS, baseline_blocks=LABELS) < 1e-6
    numbers = rng.normal(size=1200)
    assert block_p_value(numbers, np.where(rng.random(1200) < 0.3, np.nan, numbers), blocks=LABELS) < 1e-6
    assert block_p_value(numbers, np.full(1200, np.nan), blocks=LABELS) < 1e-6


def test_many_categories_are_pooled() -> None:
    rng = np.random.default_rng(10)
    before, after = rng.integers(0, 1000, (2, 1200)).astype(str)
    assert block_p_value(before, after, blocks=LABELS) > 0.01


def test_one_long_text_costs_no_more_than_itself() -> None:
    texts = np.array(["short"] * 1199 + ["long" * 5000], dtype=object)
    tracemalloc.start()
    try:
        block_p_value(texts, texts, blocks=LABELS, baseline_blocks=LABELS)
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_equal_samples_and_the_same_seed() -> None:
    values = np.arange(1200.0)
    assert block_p_value(values, values, blocks=LABELS, baseline_blocks=LABELS) == 1.0
    shuffled = np.random.default_rng(1).permutation(values)
    first, again = (block_p_value(values, shuffled + 20, blocks=LABELS, seed=3) for _ in range(2))
    assert first == again


def test_a_baseline_without_blocks_is_independent_rows() -> None:
    rng = np.random.default_rng(11)
    found = [
        block_p_value(rng.normal(size=5000), autoregressive(rng, 1200), blocks=LABELS, resamples=199, seed=seed) <= 0.05
        for seed in range(80)
    ]
    assert sum(found) < 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"blocks": np.arange(10)}, r"blocks has shape \(10,\) for 1200 rows"),
        ({"blocks": np.arange(1200) // 200}, "blocks has 6 blocks, of which 1 are drawn together: 10 are needed"),
        ({"blocks": LABELS, "baseline_blocks": np.zeros(1200)}, "baseline_blocks has 1 blocks"),
        ({"blocks": LABELS, "consecutive": 5}, "of which 5 are drawn together: 50 are needed"),
        ({"blocks": LABELS, "consecutive": 0}, "consecutive is 0"),
        ({"blocks": LABELS, "resamples": 10}, "resamples is 10"),
        ({"blocks": np.where(LABELS == 3, np.nan, LABELS)}, "rows without a label"),
        ({"blocks": np.array([None, *["a"] * 1199], dtype=object)}, "rows without a label"),
    ],
)
def test_what_cannot_be_resampled_is_refused(arguments: dict[str, object], message: str) -> None:
    values = np.arange(1200.0)
    with pytest.raises(InputError, match=message):
        block_p_value(values, values, **arguments)  # type: ignore[arg-type] # wrong on purpose


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(InputError, match="without rows"):
        block_p_value([], [], blocks=[])
