"""The stream's detector: records a second, delays of a break, the producer's cost; river and alibi-detect beside it.

python -m benchmarks stream [throughput delays producer peers …] [--runs 1000]
"""

import argparse
import base64
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

from benchmarks.measures import ENVIRONMENTS, environment_of
from benchmarks.shared.publishing import DOCS, markdown_table, publish
from drift_tools.stream import Detector, FeatureBins, Producer, StreamCounts, encode_record
from functions.stream_drift.window_state import WindowState

FEATURES: Final = 20
RATE: Final = 100  # requests a second
WINDOW: Final = 5  # seconds, the component's default
YEAR: Final = 365.25 * 86_400
BUDGET: Final = 0.5  # false alarms a year, of all features together
HERE: Final = Path(__file__).parents[1]
PEERS: Final = {"river": "stream_detectors.py", "alibi-detect-online": "stream_alibi.py"}
OWN_RECORDS: Final = 1_000_000
EVERY: Final = 10  # records between two looks, beside detectors that take them one by one
Section = tuple[str, str]
_NAMES: Final = [f"f{at}" for at in range(FEATURES - 1)]
_ANSWERS: Final = {"csv": (b"yes", "text/csv"), "json": (b'{"class": "yes"}', "application/json")}


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
                [self.shares(at, shift if at == 0 else 0.0, one_class=one_class) for at in range(len(self._features))]
            )
        return self._rng.multinomial(rows, self._shares[shift, one_class]).astype(float)

    def shares(self, at: int, shift: float = 0.0, *, one_class: bool = False) -> Any:
        """The share of each bin of one feature."""
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


def throughput() -> Iterator[Section]:
    """Records a second of one process: parsed and counted by bin, 20 features."""
    rng = np.random.default_rng(2)
    features = baseline(rng)
    rows = [[f"{value:.4f}" for value in row] for row in rng.normal(size=(20_000, FEATURES - 1))]
    csv = _records("text/csv", [",".join(row) for row in rows])
    objects = _records("application/json", [f'{{"instances":[{{"features":[{",".join(row)}]}}]}}' for row in rows])
    by_name = _records(
        "application/json", [json.dumps(dict(zip(_NAMES, map(float, row), strict=True))) for row in rows], "json"
    )
    columns = [features[-1], *features[:-1]]  # the answer comes first

    def function(records: Sequence[bytes]) -> float:
        event = [(str(at), base64.b64encode(record)) for at, record in enumerate(records)]

        def act() -> None:
            state = WindowState("", StreamCounts.of(columns))
            for at in range(0, len(event), 500):
                state.add([(number, base64.b64decode(data)) for number, data in event[at : at + 500]])

        return _shortest(act)

    watch = detector(columns, WINDOW)
    counts = Traffic(columns, rng).window(RATE * WINDOW)
    update = _shortest(lambda: [watch.update(counts, at, at + 1.0) for at in range(200)]) / 200
    found = {
        "CSV, parsed and counted by bin": _shortest(lambda: StreamCounts.of(columns).add(csv)),
        "the same with what the function does besides (base64, copies)": function(csv),
        "requests in JSON, parsed and counted by bin": _shortest(lambda: StreamCounts.of(columns).add(objects)),
        "the same with what the function does besides": function(objects),
        "requests and answers in JSON by name": _shortest(lambda: StreamCounts.of(columns).add(by_name)),
    }
    lines = [[name, f"{len(rows) / seconds:,.0f} records/s"] for name, seconds in found.items()]
    lines += [["a look of the detector", f"{1e6 * update:,.0f} µs"]]
    yield "stream-throughput", markdown_table(["20 features, of processor time", "measured"], lines)


def _records(content_type: str, bodies: Sequence[str], answer: str = "csv") -> list[bytes]:
    answered, answered_type = _ANSWERS[answer]
    return [
        encode_record(
            received=body.encode(),
            received_type=content_type,
            answered=answered,
            answered_type=answered_type,
            event_id=f"{at:08x}-0000-4000-8000-000000000000",
            inference_id=None,
            at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for at, body in enumerate(bodies)
    ]


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


def peers(runs: int, kept: Path) -> Iterator[Section]:
    """Other detectors and this one at an equal rate of false alarms, one feature, in records."""
    header = ["at one false alarm in", "false alarms in a million records", "0.25 σ", "0.5 σ", "1 σ"]
    lines, failures = list[list[str]](), list[str]()
    for peer, script in PEERS.items():
        file = kept / f"stream-{peer}.json"
        if not file.is_file():
            python, failure = environment_of(peer)
            command = [str(python), str(HERE / "peers" / script), "--runs", str(runs)]
            ended = None if failure else subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
            if ended is None or ended.returncode:
                failures.append(f"{peer}: {failure or (ended and ended.stderr.strip().splitlines()[-1])}")
                continue
            kept.mkdir(parents=True, exist_ok=True)
            file.write_text(ended.stdout.splitlines()[-1], encoding="utf-8")
        document = json.loads(file.read_text(encoding="utf-8"))
        every = f"{document['records_per_alarm']:,}"
        entries = {f"{peer.partition('-online')[0]} {name}": entry for name, entry in document["detectors"].items()}
        entries |= {f"this project's, {name}": entry for name, entry in own_delays(document, runs).items()}
        for name, entry in entries.items():
            delays = [_in_records(entry["delays"][shift]) for shift in ("0.25", "0.5", "1.0")]
            rate = f"{entry['false_alarms_per_million']:.0f}"
            lines.append([f"{every}: {name} ({entry['setting']}; {entry['runs']} runs)", rate, *delays])
    yield "stream-peers", "\n\n".join([markdown_table(header, lines), *failures])


def _in_records(found: Any) -> str:
    median, high, missed = found
    if missed == 1:
        return "never"
    return f"{median:.0f} / {high:.0f}" + (f", {100 * missed:.0f} % missed" if missed else "")


def own_delays(document: Mapping[str, Any], runs: int) -> dict[str, Any]:
    """Measure this detector's delays, looked at every ten records: as promised, and set as the others are.

    The others' settings are those with which they ring as often as they may when nothing changes. This one's promise is
    a bound, which it stays far below; the second entry is the most sensitive budget that rings no more often.
    """
    rng = np.random.default_rng(3)
    feature = FeatureBins.of_numbers("x", rng.normal(size=20_000))
    traffic = Traffic([feature], rng)
    looks = OWN_RECORDS // EVERY
    quiet = rng.multinomial(EVERY, traffic.shares(0), size=looks).astype(float)
    promised = OWN_RECORDS / document["records_per_alarm"]

    def made(times: float) -> Detector:
        budget = promised * times
        return Detector([feature], looks_per_year=looks, false_alarms_per_year=budget, dispersion=1.0)

    def rang(times: float) -> int:
        watch, found = made(times), 0
        fresh = watch.state()
        for look, counts in enumerate(quiet):
            if watch.update(counts[None, :], look, look + 1.0):
                found += 1
                watch.restore(fresh, "the beginning")
                if found > 2 * promised:
                    break
        return found

    found = {"as promised": (1.0, rang(1.0))}
    for times in (1024.0, 256.0, 64.0, 16.0, 4.0):
        alarms = rang(times)
        if alarms <= promised:
            found["set as the others"] = (times, alarms)
            break
    return {
        name: {
            "setting": f"a budget {times:g} times as large" if times > 1 else "a look every 10 records",
            "runs": runs,
            "false_alarms_per_million": alarms / OWN_RECORDS * 1e6,
            "delays": {str(shift): _own_delay(made(times), traffic, shift, runs) for shift in (0.25, 0.5, 1.0)},
        }
        for name, (times, alarms) in found.items()
    }


def _own_delay(watch: Detector, traffic: Traffic, shift: float, runs: int) -> list[float]:
    """Median and 99th percentile in records, and the share that was missed within 10,000."""
    fresh, found = watch.state(), list[float]()
    for _ in range(runs):
        watch.restore(fresh, "the beginning")
        for look in range(200):
            watch.update(traffic.window(EVERY), look, look + 1.0)
        looks = range(200, 1200)
        rings = (look for look in looks if watch.update(traffic.window(EVERY, shift=shift), look, look + 1.0))
        found.append(EVERY * (next(rings, np.inf) - 199.0))
    finite = [value for value in found if np.isfinite(value)] or [np.nan]
    return [float(np.median(finite)), float(np.quantile(finite, 0.99)), 1 - float(np.isfinite(found).mean())]


PARTS: Final[Mapping[str, Callable[[argparse.Namespace], Iterator[Section]]]] = {
    "throughput": lambda _: throughput(),
    "delays": lambda options: delays(options.runs),
    "producer": lambda _: producer(),
    "peers": lambda options: peers(min(options.runs, 200), ENVIRONMENTS / "results"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is asked for, all of it by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks stream", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--runs", type=int, default=1000, help="breaks that are simulated (default: 1000)")
    parser.add_argument("--publish", action="store_true", help="write the tables into docs/stream.md")
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
