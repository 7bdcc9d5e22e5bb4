"""How often an hourly monitor's judgement calls drift in years without any, and after how many hours with one.

From windows' counts on, without files, alarms and messages, so that years take seconds; `rings` has the whole chain.
`python -m benchmarks window_rings` prints the tables; with `--publish` it also writes them into `docs/verdicts.md`. All
draws are seeded. Evidence is the job's own functions', on all hours of half a year at once; where there is any, the
job's own judgement of that window says whether it rings. A ring is an episode's first hour, as an alarm tells it.
`--seconds` is the time for each world.
"""

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks import worlds
from benchmarks.rough_look import evident
from benchmarks.shared.publishing import DOCS, markdown_table, publish
from drift_tools.timeline.budget import RunBudget
from drift_tools.timeline.evidence import PartEvidence
from drift_tools.timeline.history import WindowHistory
from drift_tools.timeline.judgement import judge
from drift_tools.timeline.monitor_model import MonitorModel

Flags = NDArray[np.bool_]

TWO_WEEKS, HALF_A_YEAR, HOURS_A_YEAR = 336, 4380, 8760
BUDGET = RunBudget(1.0, HOURS_A_YEAR, worlds.FEATURES)
# Hours without a call after which the next one is another episode.
_APART = 24
_LONGEST_WAIT = 480


def calls(model: MonitorModel, history: WindowHistory) -> Flags:
    """The hours at which any test has evidence of any feature, material or not."""
    look = evident(model, history, BUDGET)
    return look.sudden | look.crossing


def chunk_rule(base: WindowHistory, history: WindowHistory) -> Flags:
    """NannyML's default on the same counts: a feature's mean normal score, or a share, outside of three standard
    deviations of the baseline's own hours.
    """
    model = MonitorModel.fit(base, season="none")
    found = np.zeros(len(history), dtype=bool)
    for part in model.parts:
        evidence = PartEvidence(part, history, BUDGET)
        scores = evidence.scores.z * np.sqrt(evidence.scores.variance) / np.sqrt(part.model.variance)
        first = slice(0, 1) if part.model.family.moments else slice(0, 5)
        found |= (np.abs(np.nan_to_num(scores[..., first])) > 3).any((1, 2))
    return found


def robust_rule(base: WindowHistory, history: WindowHistory) -> Flags:
    """Model Monitor's drift check on the same counts: the largest difference of (cumulative) shares, less
    1.8 √((n + m) / nm), above 0.1.
    """
    pooled = base.counts.sum(0).astype(np.float64)
    found = np.zeros(len(history), dtype=bool)
    for place, feature in enumerate(history.bins):
        values = slice(0, 11)
        before, after = pooled[place, values], history.counts[:, place, values].astype(np.float64)
        n, m = before.sum(), np.maximum(after.sum(1), 1.0)
        first, second = before / n, after / m[:, None]
        if feature.is_numerical:
            first, second = first.cumsum(), second.cumsum(1)
        distance = np.abs(second - first).max(1) - 1.8 * np.sqrt((n + m) / (n * m))
        found |= distance > 0.1
    return found


def episodes(called: Flags) -> int:
    """How often an alarm would ring: calls that follow another within a day are the same episode."""
    at = np.flatnonzero(called)
    return int(len(at) > 0) + int((np.diff(at) > _APART).sum())


def rings(model: MonitorModel, history: WindowHistory, candidates: Flags) -> Flags:
    """The hours at which the job's judgement of the window is drift, of those at which any test calls."""
    found = np.zeros(len(history), dtype=bool)
    for place in np.flatnonzero(candidates).tolist():
        verdicts = judge(model, history, int(history.starts[place]), BUDGET)
        found[place] = any(verdict.state == "drift" for verdict in verdicts.values())
    return found


def false_rings(world: worlds.World, seconds: float) -> list[str]:
    """A line of the table: rings a year by our rules, before and after materiality, and by others'."""
    rng = np.random.default_rng([21, world.rows, round(100 * world.size), len(world.kind)])
    tally: list[tuple[int, int, int, int]] = []
    began = time.monotonic()
    while not tally or time.monotonic() - began < seconds:
        shares = worlds.shares_of(world, TWO_WEEKS + HALF_A_YEAR, rng)
        counts = worlds.counts_of(world, shares, rng)
        base, test = worlds.history(counts[:TWO_WEEKS]), worlds.history(counts[TWO_WEEKS:], TWO_WEEKS)
        model = MonitorModel.fit(base)
        found = calls(model, test)
        tally.append(
            (
                episodes(rings(model, test, found)),
                episodes(found),
                int(chunk_rule(base, test).sum()),
                int(robust_rule(base, test).sum()),
            )
        )
    years = len(tally) * HALF_A_YEAR / HOURS_A_YEAR
    ours, evidence, chunks, robust = (np.array(column) for column in zip(*tally, strict=True))
    error = 1.96 * float(evidence.std()) * np.sqrt(len(tally)) / years
    return [
        world.name,
        f"{years:.1f}",
        f"{ours.sum() / years:.2f}",
        f"{evidence.sum() / years:.2f} ± {error:.2f}",
        f"{chunks.sum() / years:,.0f}",
        f"{robust.sum() / years:,.0f}",
    ]


def delay(world: worlds.World, drift: worlds.Drift, rng: np.random.Generator) -> tuple[float, float, float]:
    """Hours from the drift's first to our first ring, to the first evidence of it, and to Model Monitor's rule."""
    shares = worlds.shares_of(world, TWO_WEEKS + _LONGEST_WAIT, rng)
    since = np.arange(len(shares)) - TWO_WEEKS
    drift.apply(shares[:, drift.feature], since.astype(np.float64))
    counts = worlds.counts_of(world, shares, rng)
    base, test = worlds.history(counts[:TWO_WEEKS]), worlds.history(counts[TWO_WEEKS:], TWO_WEEKS)
    model = MonitorModel.fit(base)
    found, robust = calls(model, test), robust_rule(base, test)
    rung = next(
        (place for place in np.flatnonzero(found) if rings(model, test, np.arange(len(test)) == place).any()), None
    )
    return tuple(  # type: ignore[return-value] # of three
        np.inf if place is None else float(place) + 1
        for place in (rung, *(int(np.argmax(flags)) if flags.any() else None for flags in (found, robust)))
    )


def delays(world: worlds.World, seconds: float) -> list[list[str]]:
    """A line for each drift: median hours."""
    lines = []
    for drift in worlds.DRIFTS:
        rng = np.random.default_rng([22, world.rows, round(100 * world.size), drift.feature, len(drift.name)])
        waited: list[tuple[float, float, float]] = []
        began = time.monotonic()
        while len(waited) < 3 or time.monotonic() - began < seconds:
            waited.append(delay(world, drift, rng))
        median = [float(np.median([item[place] for item in waited])) for place in range(3)]
        lines.append([f"{drift.name}; {world.name}", str(len(waited)), *(_hours(value) for value in median)])
    return lines


def _hours(value: float) -> str:
    return f"{value:,.0f}" if np.isfinite(value) else f"not in {_LONGEST_WAIT}"


def main(argv: Sequence[str]) -> int:
    """Print the tables, or publish them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks window_rings", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each world, and a tenth for each drift")
    parser.add_argument("--publish", action="store_true", help="write them into docs/verdicts.md, too")
    options = parser.parse_args(argv)
    undrifted = [world for group in worlds.UNDRIFTED.values() for world in group]
    first = markdown_table(
        ["undrifted world, 20 features", "years", "rings a year", "evidence a year", "3 σ of hours", "drift check"],
        [false_rings(world, options.seconds) for world in undrifted],
    )
    sys.stdout.write(f"{first}\n\n")
    places = (worlds.World("plain", 50), worlds.World("plain", 500), worlds.World("day and night", 500, 0.9))
    second = markdown_table(
        ["drift of one feature; world", "times", "rings", "evidence", "drift check"],
        [line for world in places for line in delays(world, options.seconds / 10)],
    )
    sys.stdout.write(f"{second}\n")
    if options.publish:
        publish(DOCS / "verdicts.md", {"window-rings": first, "window-delays": second})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
