"""Slots by the calendar, and the season that is chosen."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from drift_tools.errors import InputError
from drift_tools.timeline import SEASONS
from drift_tools.timeline.season import (
    Slots,
    choose_season,
    labels_of,
    leave_one_day_out_error,
    season_p_values,
)

HOURS = 4 * 86400 + 3600 * np.arange(336)  # two weeks from a Monday


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_labels_are_those_of_the_calendar(second: int) -> None:
    moment, starts = datetime.fromtimestamp(second, UTC), np.array([second])
    assert labels_of("hour_of_day", starts)[0] == moment.hour
    assert labels_of("day_of_week", starts)[0] == moment.weekday()
    assert labels_of("weekend", starts)[0] == (moment.weekday() >= 5)
    assert labels_of("hour_of_week", starts)[0] == moment.hour + 24 * moment.weekday()
    assert labels_of("hour_of_day_and_weekend", starts)[0] == moment.hour + 24 * (moment.weekday() >= 5)
    assert labels_of("day_of_month", starts)[0] == moment.day
    assert labels_of("none", starts)[0] == 0


@given(st.sampled_from(SEASONS), st.integers(min_value=1, max_value=200))
def test_a_window_a_slot_of_the_baseline_is_found_again(season: str, weeks: int) -> None:
    slots = Slots.of(season, HOURS)  # type: ignore[arg-type]
    assert (slots.locate(HOURS) == slots.index).all()
    if season not in ("none", "day_of_month"):  # which repeat every week
        assert (slots.locate(HOURS + weeks * 7 * 86400) == slots.index).all()


def test_a_time_that_the_baseline_does_not_have_has_no_slot() -> None:
    slots = Slots.of("hour_of_day", HOURS[np.isin(HOURS // 3600 % 24, (8, 9))])
    assert slots.locate(HOURS[:11]).tolist() == [-1] * 8 + [0, 1, -1]


def test_the_error_is_that_of_predicting_each_window_from_other_days() -> None:
    scores = np.array([1.0, 4.0, 2.0, 8.0, 3.0, 0.0, 5.0])
    starts = np.array([0, 3600, 86400, 90000, 172800, 176400, 180000])
    days, hours = starts // 86400, starts // 3600 % 24
    for season, labels in (("none", np.zeros(7)), ("hour_of_day", hours)):
        used = labels != 2 if season == "hour_of_day" else np.ones(7, dtype=bool)  # one day alone has that hour
        by_hand = sum(
            (scores[at] - scores[used & (labels == labels[at]) & (days != days[at])].mean()) ** 2
            for at in np.flatnonzero(used)
        )
        slots = Slots.of(season, starts[used])  # type: ignore[arg-type]
        found = leave_one_day_out_error(scores[used], slots, starts[used])
        assert found == pytest.approx(by_hand, rel=1e-12)


def test_days_that_stray_are_no_season() -> None:
    rng = np.random.default_rng(2)
    starts = 4 * 86400 + 3600 * np.arange(672)
    strays = np.repeat(rng.normal(size=(28, 20, 3)), 24, axis=0) + 0.3 * rng.normal(size=(672, 20, 3))
    assert choose_season(strays, starts).season == "none"


def test_the_p_value_is_that_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(3)
    starts = 86400 * np.arange(56)  # a window a day
    scores = rng.normal(size=(56, 1, 2))
    weekdays = (starts // 86400 + 3) % 7
    expected = [stats.f_oneway(*(scores[weekdays == day, 0, place] for day in range(7))).pvalue for place in (0, 1)]
    found = season_p_values(scores, Slots.of("day_of_week", starts), starts)
    assert found[0] == pytest.approx(np.minimum(2 * np.array(expected), 1), rel=1e-9)


@pytest.mark.parametrize(
    ("season", "effect"),
    [
        ("none", np.zeros(336)),
        ("weekend", (HOURS // 86400 + 3) % 7 >= 5),
        ("hour_of_day", np.cos(2 * np.pi * (HOURS // 3600 % 24) / 24)),
        ("hour_of_day_and_weekend", np.cos(2 * np.pi * (HOURS // 3600 % 24) / 24) * ((HOURS // 86400 + 3) % 7 < 5)),
        ("day_of_week", np.array([0.0, 1, 2, 0, 3, 1, 5])[(HOURS // 86400 + 3) % 7]),
        ("hour_of_week", np.random.default_rng(0).normal(size=168)[HOURS // 3600 % 168]),
    ],
)
def test_auto_finds_the_season_that_is_there(season: str, effect: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(336, 3, 2)) * 0.1
    scores[:, 0, 0] += effect
    assert choose_season(scores, HOURS).season == season


def test_a_score_that_never_changes_chooses_nothing() -> None:
    scores = np.full((336, 4, 3), np.log(1 / 3))  # of which the mean is off by rounding
    assert choose_season(scores, HOURS).season == "none"


def test_a_season_that_the_baseline_cannot_fill_is_refused() -> None:
    with pytest.raises(InputError, match="168 of its 168 slots have windows of one day only among the baseline's 168"):
        choose_season(np.zeros((168, 1, 1)), HOURS[:168], "hour_of_week")
    with pytest.raises(InputError, match="season is 'weekly': give one of none, weekend"):
        choose_season(np.zeros((168, 1, 1)), HOURS[:168], "weekly")
