"""When shares changed, and whether at once: of counts that were drawn to have changed then and so."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from drift_tools.tables import Numbers
from drift_tools.timeline.change_point import Change, estimate_onset

EDGES = ndtri(np.arange(1, 10) / 10)


def drawn(
    rng: np.random.Generator, windows: int, rows: int, span: tuple[int, int], *, shift: float, unrest: float = 0.0
) -> tuple[Numbers, Numbers]:
    """A baseline of 2,000 rows in its deciles, and windows that shift by so many σ between the first and the last of
    the span; besides, each strays by `unrest` σ of its own.
    """
    first, last = span
    counts = []
    for window in range(windows):
        mean = shift * np.clip((window - first + 1) / (last - first + 1), 0, 1) + unrest * rng.normal()
        counts.append(rng.multinomial(rows, np.diff(ndtr(EDGES - mean), prepend=0, append=1)))
    return rng.multinomial(2000, np.full(10, 0.1)).astype(np.float64), np.array(counts, dtype=np.float64)


def changes(
    runs: int, windows: int, rows: int, span: tuple[int, int], *, shift: float, unrest: float = 0.0
) -> list[Change]:
    rng = np.random.default_rng(1)
    return [estimate_onset(*drawn(rng, windows, rows, span, shift=shift, unrest=unrest)) for _ in range(runs)]


@pytest.mark.parametrize(
    ("windows", "rows", "at", "shift", "unrest"),
    [
        (24, 200, 12, 0.5, 0.0),
        (24, 50, 12, 0.3, 0.0),
        (24, 500, 0, 0.5, 0.0),
        (24, 500, 23, 0.5, 0.0),
        (3, 500, 1, 0.5, 0.0),
        (24, 200, 12, 0.5, 0.15),
    ],
    ids=["plain", "few rows", "at once", "in the last window", "three windows", "restless hours"],
)
def test_a_cliff_is_where_it_was_and_seldom_taken_for_a_slope(
    windows: int, rows: int, at: int, shift: float, unrest: float
) -> None:
    found = changes(80, windows, rows, (at, at), shift=shift, unrest=unrest)
    # 9 or more misses of 80 at a true 5 % would be less likely than 1 in 40
    assert sum(not change.earliest <= at <= change.latest for change in found) < 9
    assert sum(change.pace == "gradual" for change in found) < 9


@pytest.mark.parametrize(("span", "rows", "shift"), [((6, 17), 200, 1.0), ((0, 23), 200, 1.0), ((10, 12), 500, 1.0)])
def test_a_slope_is_found_with_both_of_its_ends(span: tuple[int, int], rows: int, shift: float) -> None:
    found = changes(80, 24, rows, span, shift=shift)
    assert sum(change.pace == "gradual" for change in found) > 70
    assert sum(not change.earliest <= span[0] <= change.latest for change in found) < 9
    assert abs(np.median([change.complete for change in found]) - span[1]) <= 3


def test_a_change_that_is_plain_is_placed_to_the_window() -> None:
    found = changes(20, 48, 1000, (30, 30), shift=1.0)
    assert [change.start for change in found] == [30] * 20
    assert all(change.latest - change.earliest <= 1 for change in found)


def test_more_rows_and_larger_changes_make_the_interval_narrower() -> None:
    widths = [
        np.mean([change.latest - change.earliest for change in changes(40, 24, rows, (12, 12), shift=shift)])
        for rows, shift in ((50, 0.3), (200, 0.3), (200, 0.6))
    ]
    assert widths == sorted(widths, reverse=True)


def test_windows_without_rows_are_passed_over() -> None:
    counts = np.array([[50.0, 50.0]] * 4 + [[0.0, 0.0]] * 2 + [[10.0, 90.0]] * 3)
    change = estimate_onset(np.array([500.0, 500.0]), counts)
    assert (change.start, change.latest) == (6, 6)
    assert change.earliest in (3, 6)


def test_a_category_that_nobody_had_seen() -> None:
    counts = np.array([[100.0, 0.0]] * 5 + [[93.0, 7.0]] * 5)
    change = estimate_onset(np.array([1e6, 0.0]), counts)
    assert (change.start, change.pace) == (5, "sudden")


def test_one_window_is_where_it_began() -> None:
    assert estimate_onset(np.array([50.0, 50.0]), np.array([[10.0, 90.0]])) == Change(0, 0, 0, "sudden", 0)


def test_many_windows_stay_within_reason() -> None:
    rng = np.random.default_rng(2)
    change = estimate_onset(*drawn(rng, 300, 100, (200, 200), shift=0.5))
    assert abs(change.start - 200) <= 2


@pytest.mark.parametrize(
    ("windows", "message"), [(np.zeros((3, 2)), "no window has rows"), (np.ones((3, 4)), r"windows of shape \(3, 4\)")]
)
def test_what_has_no_onset_is_refused(windows: Numbers, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimate_onset(np.array([5.0, 5.0]), windows)
