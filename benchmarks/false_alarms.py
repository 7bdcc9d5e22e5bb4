"""Years of hourly runs on data that never drift, with one false alarm a year allowed: what is raised, year by year.

`python -m benchmarks false_alarms` simulates five years of 8,760 runs, with `--publish` into `docs/verdicts.md`. Every
year has a baseline of its own: an unlucky one would otherwise be counted as many years.
About two minutes a year on one core.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from benchmarks.features import CATEGORICAL, NUMERICAL, Draw, rows_of
from benchmarks.publishing import DOCS, markdown_table, publish
from drift_tools.comparison import compare, prepare_baseline
from drift_tools.levels import HOURS_PER_YEAR, alpha_per_run

RUNS = int(HOURS_PER_YEAR)
BASELINE_ROWS = 2000
ROWS = 300
FEATURES: Mapping[str, Draw] = {
    **NUMERICAL,
    **{name: CATEGORICAL[name] for name in ("2 categories, 1 in 100", "10 categories")},
}


def year(seed: int, runs: int, false_alarms_per_year: float) -> tuple[int, int, int]:
    """Of a year's runs: those with any drift, with anything significant at the monitor's level, and with anything
    significant at 5 %.
    """
    alpha = alpha_per_run(false_alarms_per_year, RUNS)
    rng = np.random.default_rng([2026, seed])
    baseline = prepare_baseline(rows_of(FEATURES, rng, BASELINE_ROWS), threads=1)
    alarms = significant = at_five_percent = 0
    for _ in range(runs):
        comparison = compare(baseline, rows_of(FEATURES, rng, ROWS), alpha=alpha, threads=1)
        smallest = min(feature.p_value_adjusted for feature in comparison.features.values())
        alarms += comparison.drifted
        significant += smallest <= alpha
        at_five_percent += smallest <= 0.05
    return alarms, significant, at_five_percent


def poisson_interval(count: int, exposure: float) -> tuple[float, float]:
    """Garwood's exact 95 % confidence interval of a rate, of which `count` events were seen in `exposure`."""
    low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low) / exposure, float(stats.chi2.ppf(0.975, 2 * count + 2)) / 2 / exposure


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate, print, and publish if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks false_alarms", description=__doc__)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one year of 876 runs")
    parser.add_argument("--publish", action="store_true", help="write the table into docs/verdicts.md")
    arguments = parser.parse_args(argv)
    years, runs = (1, RUNS // 10) if arguments.quick else (arguments.years, RUNS)
    started = time.monotonic()
    found = [year(index, runs, 1.0) for index in range(years)]
    lines = [[f"{index + 1}", *(f"{count}" for count in counts)] for index, counts in enumerate(found)]
    totals = [sum(counts[index] for counts in found) for index in range(3)]
    exposure = years * runs / RUNS
    rates = []
    for count in totals:
        low, high = poisson_interval(count, exposure)
        rates.append(f"{count / exposure:.1f} ({low:.1f} – {high:.1f})")
    lines.append(["**a year on average (95 % interval)**", *rates])
    table = markdown_table(
        [
            f"year of {runs:,} runs",
            "runs that said drift",
            "runs with anything significant at the monitor's level",
            "the same at 5 % a run",
        ],
        lines,
    )
    sys.stdout.write(f"{table}\n\n{time.monotonic() - started:.0f} s\n")
    if arguments.publish:
        publish(DOCS / "verdicts.md", {"year": table})
    return 0
