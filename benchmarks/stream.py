"""The stream's detector: records a second, delays of a break, false alarms, the producer's cost; river beside it.

python -m benchmarks stream [throughput delays alarms producer peers …] [--runs 1000] [--days 30]
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from benchmarks.measures import environment_of
from benchmarks.publishing import DOCS, markdown_table, publish
from drift_tools.stream import Detector, FeatureBins, Producer, StreamCounts, encode_record

FEATURES: Final = 20
RATE: Final = 100  # requests a second
WINDOW: Final = 5  # seconds, the component's default
YEAR: Final = 365.25 * 86_400
BUDGET: Final = 0.5  # false alarms a year, of all features together
PEERS: Final = Path(__file__).with_name("peers") / "stream_detectors.py"
Section = tuple[str, str]


def baseline(rng: np.random.Generator) -> list[FeatureBins]:
    """Nineteen normal features and one class."""
    numbers = [FeatureBins.of_numbers(f"f{at}", rng.normal(size=20_000)) for at in range(FEATURES - 1)]
    return [*numbers, FeatureBins.of_categories("class", {"yes": 10_300, "no": 9_700}, 0)]


def detector(features: Sequence[FeatureBins], seconds: float, budget: float = BUDGET) -> Detector:
    return Detector(features, looks_per_year=YEAR / seconds, false_alarms_per_year=budget)


class Traffic:
    """Windows of independent rows as their counts by bin: what counting rows would give, without making the rows."""

    def __init__(self, features: Sequence[FeatureBins], rng: np.random.Generator) -> None:
        self._features, self._rng = features, rng
        self.bins = max(len(feature.counts) for feature in features)
        self._shares: dict[tuple[float, bool], Any] = {}

    def window(self, rows: int, *, shift: float = 0.0, one_class: bool = False) -> Any:
        """Counts of so many rows; `shift` moves the first feature, `one_class` leaves one class of the last."""
        if (shift, one_class) not in self._shares:
            self._shares[shift, one_class] = np.array(
                [self._of(at, shift if at == 0 else 0.0, one_class=one_class) for at in range(len(self._features))]
            )
        return self._rng.multinomial(rows, self._shares[shift, one_class]).astype(float)

    def _of(self, at: int, shift: float, *, one_class: bool) -> Any:
        shares, feature = np.zeros(self.bins), self._features[at]
        if feature.kind == "categorical":
            shares[:2] = (1.0, 0.0) if one_class else (0.515, 0.485)
            return shares
        below = [NormalDist(shift, 1).cdf(edge) for edge in feature.edges]
        shares[: len(below) - 1] = np.diff(below)
        shares[len(feature.counts) - 1] = max(0.0, 1 - shares.sum())  # beyond the baseline's ends
        return shares


def delays(runs: int) -> Iterator[Section]:
    """How long after a break at a random moment it is certain, at 100 requests a second in windows of five seconds."""
    rng = np.random.default_rng(0)
    features = baseline(rng)
    watch, traffic, lines = detector(features, WINDOW), Traffic(features, rng), []
    fresh = watch.state()
    for name, change, goal in (
        ("1 σ in one of 20 features", {"shift": 1.0}, 10),
        ("0.5 σ in one of 20 features", {"shift": 0.5}, 60),
        ("one class only", {"one_class": True}, 10),
    ):
        found = np.array([_delay(watch, fresh, traffic, rng.uniform(0, WINDOW), change) for _ in range(runs)])
        within = float(np.mean(found <= goal))
        lines.append(
            [
                name,
                f"{np.median(found):.1f} s",
                f"{np.quantile(found, 0.99):.1f} s",
                f"{100 * within:.1f} % in {goal} s",
            ]
        )
    yield "stream-delays", markdown_table(["break", "median", "99th percentile", f"of {runs:,} runs"], lines)


def _delay(watch: Detector, fresh: Mapping[str, Any], traffic: Traffic, phase: float, change: dict[str, Any]) -> float:
    """Seconds from a break `phase` seconds into a window to the end of the window that makes it certain."""
    watch.restore(fresh, "the beginning")  # making the charts anew would take ten times as long as all else
    for quiet in range(12):  # a minute before it
        watch.update(traffic.window(RATE * WINDOW), quiet * WINDOW, (quiet + 1) * WINDOW)
    for number in range(200):
        start = 60 + number * WINDOW
        before = round(RATE * phase) if number == 0 else 0
        counts = traffic.window(RATE * WINDOW - before, **change) + traffic.window(before)
        if watch.update(counts, start, start + WINDOW):
            return float((number + 1) * WINDOW - phase)
    return float("inf")


def alarms(days: float) -> Iterator[Section]:
    """False alarms at one look a second, with the bound for a year, and with one a thousand times as high."""
    rng = np.random.default_rng(1)
    features = baseline(rng)
    traffic, lines = Traffic(features, rng), []
    looks = int(days * 86_400)
    for budget in (BUDGET, 1000.0):
        watch, found = detector(features, 1.0, budget), 0
        for look in range(looks):
            changes = watch.update(traffic.window(RATE), look, look + 1)
            found += sum(not change.is_over for change in changes)
        allowed = budget * days / 365.25
        lines.append([f"{budget:g} a year", f"{days:g} days, {looks:,} looks", f"{allowed:.2g}", str(found)])
    header = ["`false_alarms_per_year`", "simulated", "allowed", "rang"]
    yield "stream-alarms", markdown_table(header, lines)


def throughput() -> Iterator[Section]:
    """Records a second of one process: parsed and counted by bin, 20 features."""
    rng = np.random.default_rng(2)
    features = baseline(rng)
    rows = rng.normal(size=(20_000, FEATURES - 1))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    records = [
        encode_record(
            received=(",".join(f"{value:.4f}" for value in row)).encode(),
            received_type="text/csv",
            answered=b"yes",
            answered_type="text/csv",
            event_id=f"{at:08x}-0000-4000-8000-000000000000",
            inference_id=None,
            at=moment,
        )
        for at, row in enumerate(rows)
    ]
    columns = [features[-1], *features[:-1]]  # the answer comes first
    best = _shortest(lambda: StreamCounts.of(columns).add(records))
    watch = detector(columns, WINDOW)
    counts = Traffic(columns, rng).window(RATE * WINDOW)
    update = _shortest(lambda: [watch.update(counts, at, at + 1.0) for at in range(200)]) / 200
    lines = [
        ["parsed and counted by bin", f"{len(records) / best:,.0f} records/s"],
        ["a look of the detector", f"{1e6 * update:,.0f} µs"],
    ]
    yield "stream-throughput", markdown_table(["20 features, of processor time", "measured"], lines)


def _shortest(act: Callable[[], Any], repetitions: int = 7) -> float:
    found = []
    for _ in range(repetitions):
        began = time.process_time()  # of the processor: a busy machine takes its share of the clock's
        act()
        found.append(time.process_time() - began)
    return min(found)


class _Refusing:
    """A Kinesis that takes nothing, slowly; and a CloudWatch that does not answer."""

    def put_records(self, **_: Any) -> Any:
        time.sleep(0.05)
        raise ConnectionError("refused")

    def put_metric_data(self, **_: Any) -> Any:
        raise ConnectionError("refused")


class _Runtime:
    def invoke_endpoint(self, **_: Any) -> Any:
        return {"Body": _Body(), "ContentType": "text/csv"}


class _Body:
    def read(self) -> bytes:
        return b"0.73"


def producer() -> Iterator[Section]:
    """What the producer adds to a request, at 1,000 requests a second, with a stream that refuses everything."""
    refusing: Any = _Refusing()
    runtime: Any = _Runtime()
    made = Producer("s", runtime=runtime, kinesis=refusing, cloudwatch=refusing)
    body, added = ",".join(["0.1234"] * FEATURES), []
    arguments = {"EndpointName": "e", "ContentType": "text/csv", "Body": body}
    for _turn in range(5000):
        began = time.perf_counter()
        runtime.invoke_endpoint(**arguments)["Body"].read()
        bare = time.perf_counter()
        made.invoke_endpoint(**arguments)["Body"].read()
        added.append((time.perf_counter() - bare) - (bare - began))
        time.sleep(0.001)
    made.close(0.1)
    found = 1000 * np.array(added)
    lines = [
        [f"{np.median(found):.3f} ms", f"{np.quantile(found, 0.99):.3f} ms", f"{found.max():.2f} ms", "0"],
    ]
    yield "stream-producer", markdown_table(["median", "99th percentile", "largest", "raised into a request"], lines)


def peers(runs: int) -> Iterator[Section]:
    """River's detectors and this one at an equal rate of false alarms: one in 50,000 records of a feature."""
    python, failure = environment_of("river")
    if failure:
        yield "stream-peers", f"river {failure}"
        return
    ended = subprocess.run(  # noqa: S603 - our own command
        [str(python), str(PEERS), "--runs", str(runs)], capture_output=True, text=True, check=True
    )
    document = json.loads(ended.stdout.splitlines()[-1])
    lines = []
    for name, entry in [*document["detectors"].items(), ("this project's e-detector", _own_delays(document, runs))]:
        ours = [f"{entry['false_alarms_per_million']:.0f}"]
        ours += [_seconds(entry["delays"][shift]) for shift in ("0.25", "0.5", "1.0")]
        lines.append([f"{name} ({entry['setting']})", *ours])
    header = ["", "false alarms in a million records", "0.25 σ", "0.5 σ", "1 σ"]
    yield "stream-peers", markdown_table(header, lines)


def _seconds(found: Any) -> str:
    median, high, missed = found
    return f"{median:.0f} / {high:.0f}" + (f", {100 * missed:.0f} % missed" if missed else "")


def _own_delays(document: dict[str, Any], runs: int) -> dict[str, Any]:
    """The same for one feature, looked at every ten records, in records."""
    rng = np.random.default_rng(3)
    feature = FeatureBins.of_numbers("x", rng.normal(size=20_000))
    every, records = 10, int(document["null_records"])
    budget, looks = records / document["records_per_alarm"], records / every

    def made() -> Detector:
        return Detector([feature], looks_per_year=looks, false_alarms_per_year=budget, dispersion=1.0)

    watch, rang = made(), 0
    for look in range(int(looks)):
        changes = watch.update(feature.count(rng.normal(size=every))[None, :], look, look + 1.0)
        rang += sum(not change.is_over for change in changes)
    delays: dict[str, Any] = {}
    for shift in (0.25, 0.5, 1.0):
        found = []
        for _ in range(runs):
            watch = made()
            for look in range(200):
                watch.update(feature.count(rng.normal(size=every))[None, :], look, look + 1.0)
            delay = next(
                (
                    look + 1
                    for look in range(1000)
                    if watch.update(feature.count(rng.normal(shift, 1, every))[None, :], 200 + look, 201.0 + look)
                ),
                None,
            )
            found.append(float("inf") if delay is None else delay * every)
        finite = [value for value in found if np.isfinite(value)] or [float("nan")]
        delays[str(shift)] = [float(np.median(finite)), float(np.quantile(finite, 0.99)), 1 - len(finite) / len(found)]
    return {
        "setting": "a look every 10 records",
        "false_alarms_per_million": rang / records * 1e6,
        "delays": delays,
    }


PARTS: Final[Mapping[str, Callable[[argparse.Namespace], Iterator[Section]]]] = {
    "throughput": lambda _: throughput(),
    "delays": lambda options: delays(options.runs),
    "alarms": lambda options: alarms(options.days),
    "producer": lambda _: producer(),
    "peers": lambda options: peers(min(options.runs, 200)),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is asked for, all of it by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks stream", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--runs", type=int, default=1000, help="breaks that are simulated (default: 1000)")
    parser.add_argument("--days", type=float, default=30.0, help="of false alarms (default: 30)")
    parser.add_argument("--publish", action="store_true", help="write the tables into docs/benchmarks.md")
    options = parser.parse_args(argv)
    for name in options.parts or PARTS:
        for section, table in PARTS[name](options):
            sys.stdout.write(f"{section}\n{table}\n\n")
            sys.stdout.flush()
            if options.publish:
                publish(DOCS / "stream.md", {section: table})
    return 0


if __name__ == "__main__":
    sys.exit(main())
