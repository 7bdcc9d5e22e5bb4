"""How often people are told in a year without drift, and how soon with one: counted at the notification.

`python -m benchmarks rings` runs the monitor's job on simulated hours, publishes its metrics, evaluates the alarms as
the component declares them, and lets the responder answer (`benchmarks/chain.py`): what is counted is what it publishes
to the notification topic. Only the clock is simulated. `--quick` takes minutes; `--publish` writes the tables and the
plot into `docs/verdicts.md`. All draws are seeded.

A year has 8,760 windows, of which nearly all are nowhere near a ring. So each is looked at roughly first, by the job's
own tests at ten times the budget (`benchmarks/rough_look.py`), and only those with any evidence, the hours after them,
and a sample of the others go through the chain; it is an error if one of that sample rings. With `--quick` every
hour of the first week does.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import rings_peers, rough_look
from benchmarks.chain import EPOCH, HOURS_A_YEAR, Chain, Notice
from benchmarks.publishing import DOCS, markdown_table, publish
from benchmarks.row_worlds import DRIFTS, UNDRIFTED, Block, Drift, Source, World
from contract.bucket_layout import CONSTRAINTS, STATISTICS
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY
from drift_tools.comparison import profile_of
from drift_tools.job.drift_json import kinds_of
from drift_tools.job.window_store import Folder, WindowStore
from drift_tools.monitors.data_quality import Constraints
from drift_tools.profiles import Statistics
from drift_tools.timeline import WindowHistory, bins_of, counts_of, learnt_model, record_of

BASELINE_ROWS = 20_000
WEEK, TWO_WEEKS, DAY = 168, 336, 24
_AFTER = 6  # hours after a window with evidence that go through the chain as well
_AFTER_CROSSING = 48
_SAMPLE = 24  # windows of a year without any evidence that go through it, as a check
_LONGEST_WAIT = 504
_FOLLOWED = 72  # hours after the first message, in which an episode should be that one message
_FIRST = int(EPOCH.timestamp())


@dataclass(slots=True)
class Year:
    """A world's hours, drawn a day at a time: counted all at once, and drawn again where rows are wanted."""

    source: Source
    seed: int
    _memories: dict[int, dict[str, float]] = field(default_factory=dict)
    _day: tuple[int, Block] | None = None

    def day(self, number: int) -> Block:
        """The rows of a day."""
        if self._day is None or self._day[0] != number:
            self.source.rng = np.random.default_rng([self.seed, number])
            if number in self._memories:
                self.source.memory = dict(self._memories[number])
            else:
                self._memories[number] = dict(self.source.memory)
            self._day = number, self.source.block(number * DAY, DAY)
        return self._day[1]


@dataclass(slots=True)
class Life:
    """A monitor's life in a world, from its first hour on."""

    chain: Chain
    year: Year
    history: WindowHistory
    training: NDArray[np.int64]

    @classmethod
    def of(cls, folder: Path, world: World, seed: int, hours: int, *, drift: Drift | None = None) -> "Life":
        """Make the baseline and count the hours."""
        rng = np.random.default_rng([2027, seed, world.rows, len(world.kind), round(100 * world.size)])
        chain = Chain(folder, kinds=(DATA_QUALITY, MODEL_QUALITY) if world.has_quality else (DATA_QUALITY,))
        chain.baseline(_training_rows(world, rng))
        year = Year(Source(world, rng, drift, since=TWO_WEEKS), seed=int(rng.integers(2**31)))
        statistics = Statistics.read(folder / f"baseline-{DATA_QUALITY}" / STATISTICS)
        constraints = Constraints.read(folder / f"baseline-{DATA_QUALITY}" / CONSTRAINTS)
        whole = profile_of(statistics)
        bins = bins_of([whole], kinds_of(constraints))
        counts = np.concatenate([rough_look.counts_of(year.day(day), bins) for day in range(-(-hours // DAY))])[:hours]
        starts = _FIRST + 3600 * np.arange(hours, dtype=np.int64)
        return cls(chain, year, WindowHistory(bins, 3600, starts, counts), counts_of(whole, bins))

    def run(self, hour: int) -> list[Notice]:
        """One hour through the whole chain."""
        return self.chain.window(hour, self.year.day(hour // DAY), hour % DAY)

    def skip(self, hour: int) -> list[Notice]:
        """One hour that is known to have no findings: its counts are kept, as the job would, and its metrics are 0."""
        self.remember(hour)
        return self.chain.quiet(hour)

    def remember(self, hour: int) -> None:
        """Keep an hour's counts as the job does."""
        start = int(self.history.starts[hour])
        record = record_of(self.history.digest, start, self.history.counts[hour], called=[], rows_called=[], by="rough")
        WindowStore(Folder(self.chain.windows())).put(start, record)

    def until(self, hours: int) -> WindowHistory:
        """The first hours."""
        return self.history.where(np.arange(len(self.history)) < hours)

    def wanted(self, *, all_of_first_week: bool, rng: np.random.Generator) -> NDArray[np.bool_]:
        """The hours of a year that go through the chain."""
        budget = {"per_year": self.chain.false_alarms / len(self.chain.kinds), "runs_per_year": float(HOURS_A_YEAR)}
        hours = len(self.history)
        found = np.zeros(hours, dtype=bool)
        found[:WEEK] = all_of_first_week | rough_look.while_learning(self.history.counts[:WEEK], self.training)
        for seen, until in ((WEEK, TWO_WEEKS), (TWO_WEEKS, hours)):
            look = rough_look.by_windows(learnt_model(self.until(seen)), self.history, **budget)
            for flags, after in ((look.sudden, _AFTER), (look.crossing, _AFTER_CROSSING)):
                for at in np.flatnonzero(flags[:until]):
                    found[max(at, seen) : min(at + after + 1, until)] = at + after >= seen
        sample = rng.choice(hours, _SAMPLE, replace=False)
        self.sampled = set(sample[~found[sample]].tolist())
        found[sample] = True
        return found

    sampled: set[int] = field(default_factory=set)


def _training_rows(world: World, rng: np.random.Generator) -> Block:
    """The baseline: rows of many hours, as a training set has them."""
    per_hour = -(-BASELINE_ROWS // (4 * WEEK))
    source = Source(World(world.kind, per_hour, world.size), rng)
    hours = source.block(0, 4 * WEEK)
    valid = np.arange(hours.label.shape[1]) < hours.rows[:, None]
    order = rng.permutation(int(valid.sum()))[:BASELINE_ROWS]

    def flat(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return values[valid][order][None]

    return Block(
        np.array([len(order)]),
        {name: flat(values) for name, values in hours.numbers.items()},  # type: ignore[misc] # floats stay floats
        {name: flat(codes) for name, codes in hours.codes.items()},  # type: ignore[misc] # as above
        hours.names,
        flat(hours.prediction),  # type: ignore[arg-type] # as above
        flat(hours.label),  # type: ignore[arg-type] # as above
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What people were told in some years of a world. `rings`: beginnings, by year; `ends`: of episodes; `runs`: of the
    monitor's job that were really made.
    """

    world: World
    years: float
    rings: list[int]
    ends: int
    runs: int
    seconds: float


def false_rings(world: World, *, seconds: float, hours: int = HOURS_A_YEAR, least: int = 1) -> Told:
    """People told of something in years in which nothing happened."""
    rings: list[int] = []
    ends, runs, began = 0, 0, time.monotonic()
    while len(rings) < least or time.monotonic() - began < seconds:
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            life = Life.of(Path(folder), world, len(rings), hours)
            _live(life, hours, all_of_first_week=hours <= 4 * WEEK)
            rings.append(sum(notice.state == "ALARM" for notice in _said(life)))
            ends += sum(notice.state == "OK" for notice in _said(life))
            runs += life.chain.jobs
    return Told(world, len(rings) * hours / HOURS_A_YEAR, rings, ends, runs, time.monotonic() - began)


def _said(life: Life) -> list[Notice]:
    return life.chain.notices


def _live(life: Life, hours: int, *, all_of_first_week: bool) -> None:
    """The hours of a year, one after the other."""
    wanted = life.wanted(all_of_first_week=all_of_first_week, rng=np.random.default_rng([5, life.year.seed]))
    has_quality, again = MODEL_QUALITY in life.chain.kinds, -1
    for hour in range(hours):
        if has_quality:
            life.chain.window_of(MODEL_QUALITY, hour, life.year.day(hour // DAY), hour % DAY)
        if not (wanted[hour] or hour <= again):
            life.skip(hour)
            continue
        told = life.chain.window_of(DATA_QUALITY, hour, life.year.day(hour // DAY), hour % DAY)
        if any(notice.state == "ALARM" for notice in told):
            if hour in life.sampled:
                raise RuntimeError(
                    f"hour {hour} of {life.year.source.world.name} rings, and the rough look left it out"
                )
            again = hour + _AFTER
        elif hour == again and life.chain.is_ringing:
            again = hour + 1


def delay(world: World, drift: Drift, seed: int) -> tuple[float, int]:
    """Hours from a drift's first to the first message, and how many messages of a beginning there are in the three days
    after it; the two weeks before were seen.
    """
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        hours = TWO_WEEKS + _LONGEST_WAIT + _FOLLOWED
        life = Life.of(Path(folder), world, 1000 + seed, hours, drift=drift)
        by_quality = drift.recall > 0
        wanted = life.wanted(all_of_first_week=False, rng=np.random.default_rng(seed))
        first, until, told = np.inf, TWO_WEEKS + _LONGEST_WAIT, 0
        reached = False
        for hour in range(hours):
            if by_quality:
                notices = life.chain.window_of(MODEL_QUALITY, hour, life.year.day(hour // DAY), hour % DAY)
            elif hour < TWO_WEEKS or not (wanted[hour] or reached):
                notices = life.skip(hour)
            else:
                reached = True  # evidence once, and every hour goes through the chain
                notices = life.run(hour)
            if hour < TWO_WEEKS:
                continue
            begun = sum(notice.state == "ALARM" for notice in notices)
            if begun and not np.isfinite(first):
                first, until = hour - TWO_WEEKS + 1, min(hour + _FOLLOWED, hours)
            told += begun
            if hour >= until:
                break
    return first, told


def _memory() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - the files are nobody's secret


def _line(told: Told) -> list[str]:
    mean = sum(told.rings) / told.years
    error = 1.96 * np.sqrt(max(sum(told.rings), 1)) / told.years
    return [told.world.name, f"{told.years:.1f}", f"{mean:.2f} ± {error:.2f}", str(max(told.rings)), f"{told.runs:,}"]


def _delay_lines(worlds: Sequence[World], times: int, jobs: int) -> list[list[str]]:
    lines = []
    for world in worlds:
        peers = rings_peers.delays(world, times=times)
        for drift in DRIFTS:
            quality = World(world.kind, world.rows, world.size, has_quality=True) if drift.recall else world
            with ProcessPoolExecutor(jobs) as pool:
                found = list(pool.map(delay, [quality] * times, [drift] * times, range(times)))
            waited = float(np.median([first for first, _ in found]))
            told = [count for first, count in found if np.isfinite(first)]
            lines.append(
                [
                    f"{drift.name}; {world.name}",
                    str(times),
                    _hours(waited),
                    f"{np.mean(told):.1f}" if told else "–",
                    *(_hours(peers[rule].get(drift.name)) for rule in peers),
                ]
            )
            sys.stdout.write(" | ".join(lines[-1]) + "\n")
            sys.stdout.flush()
    return lines


def _hours(value: float | None) -> str:
    if value is None:
        return "no rule"
    return f"{value:,.0f}" if np.isfinite(value) else f"not in {_LONGEST_WAIT}"


def main(argv: Sequence[str]) -> int:
    """Print the tables, or publish them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks rings", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each undrifted world; a year at the least")
    parser.add_argument("--times", type=int, default=5, help="of each drift")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--quick", action="store_true", help="four weeks of three worlds, two drifts of each kind")
    parser.add_argument("--only", default="", help="worlds whose names begin so")
    parser.add_argument("--delays", action="store_true", help="no undrifted worlds")
    parser.add_argument("--publish", action="store_true", help="write the tables into docs/verdicts.md, too")
    options = parser.parse_args(argv)
    worlds = [] if options.delays else [world for world in UNDRIFTED if world.name.startswith(options.only)]
    hours = HOURS_A_YEAR
    if options.quick:
        worlds, hours, options.seconds, options.times = worlds[1:12:5], 4 * WEEK, 0.0, 2
    lines = []
    for world in worlds:
        # Of model quality every window goes through the chain: a quarter of a year of those.
        lines.append(
            _line(false_rings(world, seconds=options.seconds, hours=hours // 4 if world.has_quality else hours))
        )
        sys.stdout.write(" | ".join(lines[-1]) + "\n")
        sys.stdout.flush()
    first = markdown_table(["undrifted world", "years", "told a year", "most in a year", "runs of the job"], lines)
    sys.stdout.write(f"{first}\n\n")
    if options.only and not options.delays:
        return 0
    places: tuple[World, ...] = (
        (World("plain", 300),) if options.quick else (World("plain", 300), World("day and night", 300, 0.9))
    )
    places = tuple(world for world in places if world.name.startswith(options.only))
    delayed = _delay_lines(places, options.times, options.jobs)
    header = ["drift; world", "times", "told after", "messages in 3 days", *rings_peers.NAMES]
    second = markdown_table(header, delayed)
    sys.stdout.write(f"{second}\n")
    if options.publish:
        publish(DOCS / "verdicts.md", {"rings": first, "delays": second})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
