"""The level of one run, from the false alarms that a year may have."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from drift_tools.errors import InputError
from drift_tools.significance import alpha_per_run
from drift_tools.significance.false_alarm_budget import runs_a_year


@pytest.mark.parametrize(("period_hours", "runs"), [(1, 8760), (24, 365), (0.25, 35040), (168, 8760 / 168)])
def test_a_schedule_gives_the_runs_of_a_year(period_hours: float, runs: float) -> None:
    assert runs_a_year(period_hours) == pytest.approx(runs)
    assert alpha_per_run(1, period_hours=period_hours) == pytest.approx(1 / runs)


@given(st.floats(0.01, 10), st.floats(1000, 1e6))
def test_as_many_false_alarms_are_expected_as_were_allowed(allowed: float, runs: float) -> None:
    assert alpha_per_run(allowed, runs) * runs == pytest.approx(allowed)


def test_the_figures_in_the_docstring_are_scipys() -> None:
    alpha = alpha_per_run(1, period_hours=1)
    assert binom.pmf(0, 8760, alpha) == pytest.approx(math.exp(-1), rel=1e-3)
    assert binom.sf(3, 8760, alpha) == pytest.approx(poisson.sf(3, 1), rel=1e-3)
    assert round(float(poisson.sf(3, 1)), 2) == 0.02


def test_a_rare_run_is_no_reason_for_a_generous_level() -> None:
    assert alpha_per_run(1, 4) == 0.05
    assert alpha_per_run(1, 4, largest=0.1) == 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"false_alarms_per_year": 0.0, "runs_per_year": 10}, "false_alarms_per_year is 0.0"),
        ({"false_alarms_per_year": math.nan, "runs_per_year": 10}, "false_alarms_per_year is nan"),
        ({"runs_per_year": -1}, "runs_per_year is -1"),
        ({"period_hours": math.inf}, "period_hours is inf"),
        ({}, "either runs_per_year or period_hours"),
        ({"runs_per_year": 1, "period_hours": 1}, "either runs_per_year or period_hours"),
        ({"runs_per_year": 1, "largest": 1.0}, "largest is 1.0"),
    ],
)
def test_what_cannot_be_a_level_is_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        alpha_per_run(**arguments)
