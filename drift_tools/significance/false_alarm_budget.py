"""How seldom a monitor that runs for ever may cry wolf, and the level at which each of its runs must test for that."""

import math

from drift_tools.errors import InputError

HOURS_PER_YEAR = 8760.0  # 365 days
# However seldom a monitor runs, no run tests at a more generous level than a single comparison would.
LARGEST_ALPHA = 0.05


def alpha_per_run(
    false_alarms_per_year: float = 1.0,
    runs_per_year: float | None = None,
    *,
    period_hours: float | None = None,
    largest: float = LARGEST_ALPHA,
) -> float:
    """The level of one run such that undrifted data raise `false_alarms_per_year` false alarms on average.

    With R runs a year, each of which raises a false alarm with a probability of at most alpha, R * alpha are expected,
    whether or not the runs depend on each other (expectations add up); so alpha is `false_alarms_per_year` / R. If the
    runs are independent, their number in a year is binomial(R, alpha), for many runs Poisson's distribution: with one
    a year on average 37 % of the years (1 / e) have none, and 2 % have four or more.

    Parameters
    ----------
    false_alarms_per_year
        runs in a year without drift that may call anything drifted, above 0.
    runs_per_year, period_hours
        exactly one of them: how many runs a year has, or the hours from one to the next (1 for an hourly schedule).
    largest
        the result is never above this, 0 < largest < 1: four runs a year and one false alarm would otherwise mean a
        level of 0.25, and leave nobody a reason to believe an alarm.

    Raises
    ------
    InputError
        for a number out of these bounds, or both or neither of `runs_per_year` and `period_hours`.

    Examples
    --------
    >>> round(1 / alpha_per_run(1, period_hours=1))
    8760
    >>> alpha_per_run(2, 200)
    0.01
    >>> alpha_per_run(1, runs_per_year=12)
    0.05
    """
    if (runs_per_year is None) == (period_hours is None):
        raise InputError("how often the monitor runs is not clear: give either runs_per_year or period_hours")
    _positive(false_alarms_per_year, "false_alarms_per_year")
    runs = runs_a_year(period_hours) if period_hours is not None else _positive(runs_per_year, "runs_per_year")
    if not 0 < largest < 1:
        raise InputError(f"largest is {largest}: give a probability between 0 and 1")
    return min(false_alarms_per_year / runs, largest)


def runs_a_year(period_hours: float) -> float:
    """How many runs a year has if they start every `period_hours` hours.

    >>> runs_a_year(24)
    365.0
    """
    return HOURS_PER_YEAR / _positive(period_hours, "period_hours")


def _positive(value: float | None, what: str) -> float:
    if value is None or not math.isfinite(value) or value <= 0:
        raise InputError(f"{what} is {value}: give a number above 0")
    return float(value)
