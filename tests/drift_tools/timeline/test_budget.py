"""One budget a year: its parts add up to what was promised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_tools.errors import InputError
from drift_tools.timeline import RunBudget, share_of_monitor
from drift_tools.timeline.budget import PARTS
from drift_tools.timeline.scores import CATEGORIES, NUMBERS


def test_parts_and_weights_add_up() -> None:
    assert sum(PARTS.values()) == pytest.approx(1)
    assert sum(NUMBERS.weights) == pytest.approx(1)
    assert sum(CATEGORIES.weights) == pytest.approx(1)
    assert len(NUMBERS.weights) == NUMBERS.size == len(NUMBERS.names)
    assert len(CATEGORIES.weights) == CATEGORIES.size == len(CATEGORIES.names)


@given(st.floats(0.01, 12), st.integers(1, 5), st.integers(12, 100_000), st.integers(1, 300))
def test_a_years_sum_is_the_promise(a_year: float, monitors: int, runs: int, features: int) -> None:
    """False alarms that each part allows, over features, runs and monitors, by the bounds that they rest on."""
    budget = RunBudget(share_of_monitor(a_year, monitors), runs, features)
    sudden = budget.sudden_level * features * runs
    cumulative = features * runs / budget.cumulative_threshold
    rare = features * 3 * runs / budget.rare_threshold(3)
    assert monitors * (sudden + cumulative + rare) <= a_year * (1 + 1e-9)


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="false_alarms_per_year is 0 and runs_per_year 8760"):
        RunBudget(0, 8760, 3)
    with pytest.raises(InputError, match="monitors is 0"):
        share_of_monitor(1, 0)
