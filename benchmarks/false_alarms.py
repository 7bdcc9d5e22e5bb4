"""Years of hourly runs on data that never drift, with one false alarm a year allowed: how many are raised.

`python -m benchmarks false_alarms` simulates 120 years of 8,760 runs, each year with a baseline of its own; with
`--publish` it writes the result into `docs/verdicts.md`. About five minutes on one core.

A million comparisons would take hours, and nearly all of them are nowhere near an alarm at a level of 1 / 8,760.
So each run is looked at roughly first, with p-values that are never much larger than the comparison's own, and only
those with any below 1 in 1,000 (the comparison needs 1 in 70,000) are compared. The first runs of the first year are
all compared, and it is an error if one that the rough look left out alarms.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.shared.features import CATEGORICAL, NUMERICAL, Draw, rows_of
from benchmarks.shared.publishing import DOCS, markdown_table, publish
from drift_tools.comparison import Baseline, compare, prepare_baseline
from drift_tools.significance import HOURS_PER_YEAR, alpha_per_run

RUNS = int(HOURS_PER_YEAR)
ROWS = 300
FEATURES: Mapping[str, Draw] = {
    **NUMERICAL,
    **{name: CATEGORICAL[name] for name in ("2 categories, 1 in 100", "10 categories")},
}
_ROUGHLY = 1e-3
_BATCH = 730


def year(seed: int, baseline_rows: int, runs: int, *, all_until: int = 0) -> tuple[int, int]:
    """Of a year's runs: how many said drift at the level of one false alarm a year, and how many were compared.

    The first `all_until` runs are compared whatever the rough look says of them.
    """
    alpha = alpha_per_run(1.0, RUNS)
    rng = np.random.default_rng([2026, baseline_rows, seed])
    before = rows_of(FEATURES, rng, baseline_rows)
    baseline = prepare_baseline(before, threads=1)
    alarms = compared = 0
    for first in range(0, runs, _BATCH):
        batch = min(_BATCH, runs - first)
        drawn = {name: values.reshape(batch, ROWS) for name, values in rows_of(FEATURES, rng, batch * ROWS).items()}
        near = np.any([_is_near(before[name], drawn[name]) for name in FEATURES], axis=0)
        for run in np.flatnonzero(near | (np.arange(first, first + batch) < all_until)):
            alarm = _alarms(baseline, {name: values[run] for name, values in drawn.items()}, alpha)
            if alarm and not near[run]:
                raise RuntimeError(f"run {first + run} alarms, and the rough look left it out: loosen the rough look")
            alarms += alarm
            compared += 1
    return alarms, compared


def _alarms(baseline: Baseline, current: Mapping[str, NDArray[Any]], alpha: float) -> bool:
    return compare(baseline, current, alpha=alpha, threads=1).drifted


def _is_near(before: NDArray[Any], runs: NDArray[Any]) -> NDArray[np.bool_]:
    """Of each of the runs (runs x rows), whether any rough p-value of the feature is below 1 in 1,000."""
    if before.dtype.kind == "U":
        names = np.unique(before).tolist()
        lines = (Counter(line) for line in [before.tolist(), *runs.tolist()])
        counts = np.array([[line.get(name, 0) for name in names] for line in lines])
        far: NDArray[np.bool_] = _pearson(counts[0], counts[1:]) >= _ROUGHLY
        return ~far
    own, others = np.sort(before), np.sort(runs, axis=1)
    n, m = len(own), runs.shape[1]
    # At the last of equal values the cumulative shares are compared from above, at the first from below.
    steps, changes = np.arange(1, m + 1) / m, others[:, 1:] != others[:, :-1]
    always = np.ones((len(others), 1), dtype=bool)
    above = np.abs(np.searchsorted(own, others, side="right") / n - steps) * np.hstack([changes, always])
    below = np.abs(np.searchsorted(own, others, side="left") / n - steps + 1 / m) * np.hstack([always, changes])
    largest = np.maximum(above, below).max(axis=1)
    kolmogorov_smirnov = 2 * np.exp(-2 * largest**2 * n * m / (n + m))
    edges = np.unique(own[np.arange(1, 10) * n // 10])
    first = np.diff(np.searchsorted(own, edges, side="right"), prepend=0, append=n)
    ends = np.stack([np.count_nonzero(others <= edge, axis=1) for edge in edges.tolist()], axis=1)
    second = np.diff(ends, prepend=0, append=m, axis=1)
    smallest: NDArray[np.float64] = np.minimum(_pearson(first, second), _ranks(first, second))
    outside = np.maximum(np.count_nonzero(others > own[-1], axis=1), np.count_nonzero(others < own[0], axis=1))
    beyond = (m / (n + m)) ** outside  # that so many of all rows' largest are this run's
    near: NDArray[np.bool_] = np.minimum(np.minimum(smallest, beyond), kolmogorov_smirnov) < _ROUGHLY
    return near


def _pearson(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    totals = first + second
    n, m = first.sum(), second[0].sum()
    expected = np.maximum(totals, 1) * m / (n + m)
    statistic = np.sum((second - totals * m / (n + m)) ** 2 / expected, axis=1) * (n + m) / n
    p_values: NDArray[np.float64] = stats.chi2.sf(statistic, max(second.shape[1] - 1, 1))
    return p_values


def _ranks(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    totals = first + second
    n, m = first.sum(), second[0].sum()
    scores = (np.cumsum(totals, axis=1) - totals / 2) / (n + m) - 0.5
    variance = n * m / (n + m) * np.sum(totals * scores**2, axis=1) / (n + m - 1)
    sums = np.sum(second * scores, axis=1)
    p_values: NDArray[np.float64] = 2 * stats.norm.sf(np.abs(sums) / np.sqrt(np.maximum(variance, 1e-300)))
    return p_values


def interval_of_mean(counts: Sequence[int]) -> tuple[float, float]:
    """A 95 % interval of the mean count of a year, by drawing years: those of one baseline come in clusters."""
    rng = np.random.default_rng(0)
    means = rng.choice(np.array(counts), (10_000, len(counts))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate, print, and publish if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks false_alarms", description=__doc__)
    parser.add_argument("--years", type=int, default=60, help="for each size of the baseline (default 60)")
    parser.add_argument("--quick", action="store_true", help="two years each of 876 runs")
    parser.add_argument("--publish", action="store_true", help="write the table into docs/verdicts.md")
    arguments = parser.parse_args(argv)
    years, runs = (2, RUNS // 10) if arguments.quick else (arguments.years, RUNS)
    started = time.monotonic()
    lines = []
    for baseline_rows in (2_000, 20_000):
        found = [year(index, baseline_rows, runs, all_until=RUNS // 10 if index == 0 else 0) for index in range(years)]
        counts = [alarms for alarms, _ in found]
        low, high = interval_of_mean(counts)
        by_count = ", ".join(f"{count}: {counts.count(count)}" for count in sorted(set(counts)))
        lines.append([f"{baseline_rows:,}", f"{years}", f"{np.mean(counts):.2f} ({low:.2f} – {high:.2f})", by_count])
    table = markdown_table(
        [
            "baseline rows",
            f"years of {runs:,} runs",
            "false alarms a year, mean (95 % interval)",
            "years by their number of false alarms",
        ],
        lines,
    )
    sys.stdout.write(f"{table}\n\n{time.monotonic() - started:.0f} s\n")
    if arguments.publish:
        publish(DOCS / "verdicts.md", {"year": table})
    return 0
