"""How often people are told in a year without drift, and how soon with one: counted at the notification.

`python -m benchmarks rings` runs the monitor's job on simulated hours, publishes its metrics, evaluates the alarms as
the component declares them, and lets the responder answer (`benchmarks/chain.py`): what is counted is what it publishes
to the notification topic. Only the clock is simulated. `--quick` takes minutes. What was counted is kept in a file as
it comes, to which `--years` and `--times` add; `--publish` writes it into `docs/verdicts.md`. All draws are seeded.

A year has 8,760 windows, of which nearly all are nowhere near a ring. So each is looked at roughly first, by the job's
own tests at ten times the budget (`benchmarks/rough_look.py`), and only those with any evidence, the hours after them,
and a sample of the others go through the chain; it is an error if one of that sample rings.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import rings_peers, rings_tables, rough_look
from benchmarks.chain import EPOCH, HOURS_A_YEAR, Chain, Notice
from benchmarks.rough_quality import QualityHours
from benchmarks.row_worlds import DRIFTS, UNDRIFTED, Block, Drift, Source, World
from benchmarks.warm_job import windows_at
from contract.bucket_layout import CONSTRAINTS, STATISTICS
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY
from drift_tools.comparison import profile_of
from drift_tools.job.drift_json import kinds_of
from drift_tools.job.window_store import WindowStore
from drift_tools.monitors.data_quality import Constraints
from drift_tools.profiles import Statistics
from drift_tools.timeline import WindowHistory, bins_of, counts_of, learnt_model, record_of

BASELINE_ROWS = 20_000
WEEK, TWO_WEEKS, DAY = 168, 336, 24
_AFTER = 6  # hours after a window with evidence that go through the chain as well
_AFTER_CROSSING = 48
_SAMPLE = 24  # windows of a year without any evidence that go through it, as a check
_FOLLOWED = 72  # hours after the first message with the drift, and as many without it: that one message, and its end
KEPT = Path(__file__).resolve().parents[1] / "build" / "benchmarks" / "rings.json"
DRIFTED = (World("plain", 300), World("day and night", 300, 0.9))
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

    def end_drift(self, hour: int) -> None:
        """Take the drift away from this hour on."""
        self.source.until, self._day = hour, None


@dataclass(slots=True)
class Life:
    """A monitor's life in a world, from its first hour on."""

    chain: Chain
    year: Year
    history: WindowHistory
    training: NDArray[np.int64]
    quality: QualityHours | None
    sampled: set[tuple[str, int]] = field(default_factory=set)

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
        quality = QualityHours.of(folder, _FIRST) if world.has_quality else None
        counts = []
        for day in range(-(-hours // DAY)):
            block = year.day(day)
            counts.append(rough_look.counts_of(block, bins))
            if quality is not None:
                quality.add(block)
        starts = _FIRST + 3600 * np.arange(hours, dtype=np.int64)
        history = WindowHistory(bins, 3600, starts, np.concatenate(counts)[:hours])
        return cls(chain, year, history, counts_of(whole, bins), quality)

    def run(self, hour: int, kind: str) -> list[Notice]:
        """One hour of a monitor through the whole chain."""
        return self.chain.window_of(kind, hour, self.year.day(hour // DAY), hour % DAY)

    def skip(self, hour: int, kind: str) -> list[Notice]:
        """One hour that is known to have no findings: what the job would keep of it is kept, and its metrics are 0."""
        start = int(self.history.starts[hour])
        if kind == MODEL_QUALITY and self.quality is not None:
            record = self.quality.record(hour)
        else:
            counts = self.history.counts[hour]
            record = record_of(self.history.digest, start, counts, called=[], rows_called=[], by="rough")
        WindowStore(windows_at(self.chain.windows(kind))).put(start, record)
        return self.chain.quiet(hour, kind)

    def until(self, hours: int) -> WindowHistory:
        """The first hours."""
        return self.history.where(np.arange(len(self.history)) < hours)

    def wanted(self, kind: str, *, rng: np.random.Generator) -> NDArray[np.bool_]:
        """The hours of a monitor's year that go through the chain."""
        hours = len(self.history)
        found = np.zeros(hours, dtype=bool)
        found[:WEEK] = kind == MODEL_QUALITY or rough_look.while_learning(self.history.counts[:WEEK], self.training)
        for seen, until in ((WEEK, TWO_WEEKS), (TWO_WEEKS, hours)):
            look = self._look(kind, seen)
            for flags, after in ((look.sudden, _AFTER), (look.crossing, _AFTER_CROSSING)):
                for at in np.flatnonzero(flags[:until]):
                    found[max(at, seen) : min(at + after + 1, until)] = at + after >= seen
        sample = rng.choice(hours, _SAMPLE, replace=False)
        self.sampled |= {(kind, hour) for hour in sample[~found[sample]].tolist()}
        found[sample] = True
        return found

    def _look(self, kind: str, seen: int) -> rough_look.Look:
        budget = {"per_year": self.chain.false_alarms / len(self.chain.kinds), "runs_per_year": float(HOURS_A_YEAR)}
        if kind == MODEL_QUALITY and self.quality is not None:
            return self.quality.look(seen, **budget)
        return rough_look.by_windows(learnt_model(self.until(seen)), self.history, **budget)


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


def false_rings(world: World, number: int, *, hours: int = HOURS_A_YEAR) -> rings_tables.Year:
    """What people are told in a year in which nothing happened."""
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        life = Life.of(Path(folder), world, number, hours)
        _live(life, hours)
        said = life.chain.notices
    for notice in said:
        sys.stderr.write(f"{world.name}, year {number}, hour {notice.hour}: {notice.subject}\n")
    begun = [notice for notice in said if notice.state == "ALARM"]
    return rings_tables.Year(
        hours,
        len(begun),
        ends=sum(notice.state == "OK" for notice in said),
        of=begun[0].subject.partition(": ")[2] if begun else "",
        runs=life.chain.jobs,
    )


def _live(life: Life, hours: int) -> None:
    """The hours of a year, one after the other."""
    rng = np.random.default_rng([5, life.year.seed])
    wanted = {kind: life.wanted(kind, rng=rng) for kind in life.chain.kinds}
    again = dict.fromkeys(life.chain.kinds, -1)
    for hour in range(hours):
        for kind in life.chain.kinds:
            if not (wanted[kind][hour] or hour <= again[kind]):
                life.skip(hour, kind)
                continue
            told = life.run(hour, kind)
            if any(notice.state == "ALARM" for notice in told):
                if (kind, hour) in life.sampled:
                    raise RuntimeError(
                        f"hour {hour} of {life.year.source.world.name} rings, and the rough look left it out"
                    )
                again[kind] = hour + _AFTER
            elif hour == again[kind] and life.chain.is_ringing:
                again[kind] = hour + 1


def delay(world: World, drift: Drift, seed: int) -> rings_tables.Delay:
    """What people are told of a drift, which is taken away three days after the first message; the two weeks before it
    were seen.
    """
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        hours = TWO_WEEKS + rings_tables.LONGEST_WAIT + 2 * _FOLLOWED
        life = Life.of(Path(folder), world, 1000 + seed, hours, drift=drift)
        kind = MODEL_QUALITY if drift.recall else DATA_QUALITY
        wanted = life.wanted(kind, rng=np.random.default_rng(seed))
        first = over = np.inf
        until, told, reached = hours, 0, False
        for hour in range(hours):
            if hour < TWO_WEEKS or not (wanted[hour] or reached):
                notices = life.skip(hour, kind)
            else:
                reached = True  # evidence once, and every hour goes through the chain
                notices = life.run(hour, kind)
            if hour < TWO_WEEKS:
                continue
            begun = sum(notice.state == "ALARM" for notice in notices)
            if begun and not np.isfinite(first):
                first, until = hour - TWO_WEEKS + 1, hour + _FOLLOWED
                life.year.end_drift(until)
            told += begun
            if hour >= until and not np.isfinite(over) and not life.chain.is_ringing:
                over = hour - until + 1
            has_waited = np.isinf(first) and hour >= TWO_WEEKS + rings_tables.LONGEST_WAIT
            if has_waited or hour >= until + _FOLLOWED:
                break
        return rings_tables.Delay(first, told, over)


def _memory() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - the files are nobody's secret


class _OutOfTimeError(Exception):
    """What was counted so far is kept."""


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Keeps what was counted as it comes, and begins nothing after `until`."""

    counted: rings_tables.Counted
    path: Path
    until: float

    def keep(self) -> None:
        self.counted.write(self.path)
        if time.monotonic() > self.until:
            raise _OutOfTimeError


def _count_years(keeper: _Keeper, worlds: Sequence[World], years: int, hours: int) -> None:
    for number in range(years):
        for world in worlds:
            own = keeper.counted.years.setdefault(world.name, [])
            if len(own) > number:
                continue
            began = time.process_time()
            own.append(false_rings(world, number, hours=hours))
            _say(f"{world.name}: {own[-1]}, {time.process_time() - began:.0f} s")
            keeper.keep()


def _count_delays(keeper: _Keeper, worlds: Sequence[World], times: int) -> None:
    for world in worlds:
        if world.name not in keeper.counted.others:
            keeper.counted.others[world.name] = rings_peers.delays(world, times=times)
            keeper.keep()
        for drift in DRIFTS:
            told_by = World(world.kind, world.rows, world.size, has_quality=True) if drift.recall else world
            own = keeper.counted.delays.setdefault(f"{drift.name}; {world.name}", [])
            for number in range(len(own), times):
                began = time.process_time()
                own.append(delay(told_by, drift, number))
                _say(f"{drift.name}; {world.name}: {own[-1]}, {time.process_time() - began:.0f} s")
                keeper.keep()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(argv: Sequence[str]) -> int:
    """Print the tables, or publish them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks rings", description=__doc__)
    parser.add_argument("--years", type=int, default=1, help="of each undrifted world")
    parser.add_argument("--times", type=int, default=5, help="of each drift")
    parser.add_argument("--seconds", type=float, default=1e9, help="after which nothing more is begun")
    parser.add_argument("--keep", type=Path, default=KEPT, help="what was counted, to be added to")
    parser.add_argument("--quick", action="store_true", help="four weeks of three worlds, each drift once; not kept")
    parser.add_argument("--only", default="", help="worlds whose names begin so")
    parser.add_argument("--publish", action="store_true", help="write the tables and the plot into docs/, too")
    options = parser.parse_args(argv)
    worlds = [world for world in UNDRIFTED if world.name.startswith(options.only)]
    places = [world for world in DRIFTED if world.name.startswith(options.only)]
    with tempfile.TemporaryDirectory() as nowhere:
        keep = Path(nowhere) / "rings.json" if options.quick else options.keep
        counted = rings_tables.Counted.read(keep)
        keeper = _Keeper(counted, keep, time.monotonic() + options.seconds)
        try:
            if options.quick:
                _count_years(keeper, worlds[1:12:5], 1, 4 * WEEK)
                _count_delays(keeper, places[:1], 1)
            else:
                _count_years(keeper, worlds, options.years, HOURS_A_YEAR)
                _count_delays(keeper, places, options.times)
        except _OutOfTimeError:
            _say("The time is up; what was counted is kept.")
    for table in counted.tables().values():
        _say(f"{table}\n")
    if options.publish:
        counted.publish()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
