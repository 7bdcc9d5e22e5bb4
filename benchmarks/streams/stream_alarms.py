"""False alarms of the stream's detector at one look a second: a year, and where evidence may be highest.

python -m benchmarks stream_alarms year [--days 365.25] [--seed 0]     no change, the budget of a stack
python -m benchmarks stream_alarms edge [--days 30] [--seed 0]         all that is still immaterial, a large budget

Each run is kept in build/benchmarks/stream_alarms.json; the table adds up the runs of different seeds.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.measures import ENVIRONMENTS
from benchmarks.shared.publishing import DOCS, markdown_table, publish
from benchmarks.streams.stream import BUDGET, RATE, YEAR, Traffic, baseline, detector
from drift_tools.stream import FeatureBins
from drift_tools.stream.charts import MATERIAL_PSI, charts, largest_immaterial_share
from drift_tools.stream.detector import DISPERSION

Array = NDArray[Any]
KEPT: Final = ENVIRONMENTS / "stream_alarms.json"
STREAMS: Final = 256  # that are simulated side by side
LOOKS_AT_ONCE: Final = 8
EDGE_BUDGET: Final = 1000.0
_CHECKED_LOOKS: Final = 200
NAMES: Final = {
    "year": "as the baseline, rows independent",
    "edge": "every feature as different as is immaterial, rows in pairs",
}


class Binomial:
    """Draws of Binomial(n, p) for any n up to `most`, by Walker's alias method: numpy's takes ten times as long."""

    def __init__(self, most: int, p: float) -> None:
        self.size = most + 1
        self._keep: Array = np.ones((self.size, self.size))
        self._other: Array = np.zeros((self.size, self.size), np.intp)
        shares = np.zeros(self.size)
        shares[0] = 1.0
        for n in range(self.size):
            self._fill(n, shares)
            shares = shares * (1 - p) + np.concatenate([[0.0], shares[:-1]]) * p
        self._keep, self._other = self._keep.ravel(), self._other.ravel()

    def _fill(self, n: int, shares: Array) -> None:
        left = shares * self.size
        small = [int(at) for at in np.flatnonzero(left < 1)]
        large = [int(at) for at in np.flatnonzero(left >= 1)]
        while small and large:
            low, high = small.pop(), large[-1]
            self._keep[n, low], self._other[n, low] = left[low], high
            left[high] -= 1 - left[low]
            if left[high] < 1:
                small.append(large.pop())

    def draw(self, n: Array, rng: np.random.Generator) -> Array:
        """One draw for each of `n`."""
        place = rng.random(len(n))
        place *= self.size
        column = place.astype(np.intp)
        place -= column
        cell = n * self.size + column
        return np.where(place < self._keep[cell], column, self._other[cell])


class Multinomial:
    """Draws of Multinomial(rows, shares), bin by bin from what the bins before have left."""

    def __init__(self, rows: int, shares: Array) -> None:
        self._rows, self._steps = rows, list[tuple[int, Binomial]]()
        held = np.flatnonzero(shares > 0).tolist()
        self._last = held[-1]
        rest = 1.0
        for place in held[:-1]:
            self._steps.append((place, Binomial(rows, min(1.0, shares[place] / rest))))
            rest -= shares[place]

    def draw(self, found: Array, rng: np.random.Generator) -> None:
        """Fill `found`, of shape (draws, bins)."""
        rest = np.full(len(found), self._rows)
        for place, binomial in self._steps:
            drawn = binomial.draw(rest, rng)
            found[:, place] = drawn
            rest -= drawn
        found[:, self._last] = rest


def edge_shares(feature: FeatureBins, sign: float, bins: int) -> Array:
    """What is as far from the baseline as is still immaterial: a shift, or the first class's larger share."""
    before = feature.counts / feature.counts.sum()
    shares = np.zeros(bins)
    if feature.kind == "numerical":
        tilted = before[:-2] * np.exp(sign * MATERIAL_PSI**0.5 * feature.scores())
        shares[: len(tilted)] = tilted / tilted.sum()
    else:
        first = largest_immaterial_share(float(before[0]))
        shares[: len(before)] = before * (1 - first) / (1 - before[0])
        shares[0] = first
    return shares


@dataclass
class Run:
    """What one run saw: looks at 20 features, how often a feature rang, and the highest evidence by its threshold."""

    kind: str
    seed: int
    looks: int
    budget: float
    rang: int = 0
    highest: float = 0.0


class Simulation:
    """The detector's own recursion, M = (M + 1) · e for every chart, over many streams side by side."""

    def __init__(self, kind: str, budget: float, rng: np.random.Generator) -> None:
        self._rng, self.budget = rng, budget
        self._features = baseline(np.random.default_rng(1))
        traffic = Traffic(self._features, rng)
        # Rows in pairs are what the detector's dispersion of 2 is for: evidence is then as high as the bound allows.
        self._copies = 2 if kind == "edge" else 1
        shares = [
            edge_shares(feature, 1.0 if at % 2 else -1.0, traffic.bins) if kind == "edge" else traffic.shares(at)
            for at, feature in enumerate(self._features)
        ]
        self._rows = [Multinomial(RATE // self._copies, each) for each in shares]
        made = [charts(feature) for feature in self._features]
        most = max(map(len, made))
        self._scores = np.zeros((len(made), traffic.bins, most), np.float32)
        self._weights = np.zeros((len(made), most, 1), np.float32)
        for row, each in enumerate(made):
            for column, chart in enumerate(each):
                self._scores[row, : len(chart.scores), column] = chart.scores / DISPERSION
                self._weights[row, column] = chart.weight
        self._threshold = len(made) * YEAR / budget

    def counts(self, number: int) -> Array:
        """Windows of a second, of shape (features, number, bins)."""
        found = np.zeros((len(self._rows), number, self._scores.shape[1]), np.float32)
        for rows, each in zip(self._rows, found, strict=True):
            rows.draw(each, self._rng)
        found *= self._copies
        return found

    def run(self, found: Run) -> None:
        """Look until `found.looks`; a feature that rings begins anew."""
        evidence = np.zeros((len(self._features), STREAMS, self._scores.shape[2]), np.float32)
        for _ in range(found.looks // (STREAMS * LOOKS_AT_ONCE)):
            gained = np.matmul(self.counts(LOOKS_AT_ONCE * STREAMS), self._scores)
            np.exp(gained, out=gained)
            gained = gained.reshape(len(gained), LOOKS_AT_ONCE, STREAMS, -1)
            for look in range(LOOKS_AT_ONCE):
                evidence += 1
                evidence *= gained[:, look]
                total = np.matmul(evidence, self._weights)[:, :, 0] / self._threshold
                highest = float(total.max())
                found.highest = max(found.highest, highest)
                if highest >= 1:
                    found.rang += int((total >= 1).sum())
                    evidence[total >= 1] = 0

    def check(self) -> None:
        """Compare the recursion with the detector itself; RuntimeError where they differ."""
        watch, evidence = detector(self._features, 1.0, self.budget), np.zeros(self._weights.shape[:2])
        counts = self.counts(_CHECKED_LOOKS)
        for look in range(_CHECKED_LOOKS):
            evidence = (evidence + 1) * np.exp(np.matmul(counts[:, look, None, :], self._scores)[:, 0])
            if watch.update(counts[:, look].astype(float), look, look + 1.0):
                return  # what rings begins anew in another way
        own = np.exp(watch._evidence)  # which is what this file simulates
        has_weight = self._weights[:, :, 0] > 0
        if not np.allclose(own[has_weight], evidence[has_weight], rtol=1e-3):
            raise RuntimeError("the simulation and the detector differ: it no longer does what this file does")


def measure(kind: str, days: float, seed: int) -> Run:
    """Simulate so many days of a stream of 20 features, 100 rows a second."""
    budget = BUDGET if kind == "year" else EDGE_BUDGET
    block = STREAMS * LOOKS_AT_ONCE
    found = Run(kind, seed, round(days * 86_400 / block) * block, budget)
    simulation = Simulation(kind, budget, np.random.default_rng([seed, kind == "edge"]))
    simulation.check()
    simulation.run(found)
    return found


def _kept() -> list[Run]:
    return [Run(**one) for one in json.loads(KEPT.read_text(encoding="utf-8"))] if KEPT.is_file() else []


def table(runs: Sequence[Run]) -> str:
    """The runs of each kind added up."""
    lines = []
    for kind, name in NAMES.items():
        own = [run for run in runs if run.kind == kind]
        if own:
            looks, budget = sum(run.looks for run in own), own[0].budget
            highest = max(run.highest for run in own)
            lines.append(
                [
                    name,
                    f"{budget:,g}",
                    f"{looks / 86_400:.0f} days, {looks:,}",
                    f"{budget * looks / YEAR:.3g}",
                    str(sum(run.rang for run in own)),
                    f"{highest:.2g}" if highest < 1 else "rang",
                ]
            )
    header = ["stream", "`false_alarms_per_year`", "looks", "allowed", "rang", "highest evidence, of the threshold"]
    return markdown_table(header, lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate one kind of stream, and say what all runs together saw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks stream_alarms", description=__doc__)
    parser.add_argument("kind", choices=list(NAMES))
    parser.add_argument("--days", type=float, default=None, help="default: 365.25 for year, 30 for edge")
    parser.add_argument("--seed", type=int, default=0, help="another seed is more of the same (default: 0)")
    parser.add_argument("--publish", action="store_true", help="write the table into docs/stream.md")
    options = parser.parse_args(argv)
    began = time.monotonic()
    found = measure(options.kind, options.days or (365.25 if options.kind == "year" else 30.0), options.seed)
    others = [run for run in _kept() if (run.kind, run.seed) != (found.kind, found.seed)]
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps([asdict(run) for run in [*others, found]], indent=1), encoding="utf-8")
    text = table([*others, found])
    sys.stdout.write(f"{text}\n{found}, {time.monotonic() - began:.0f} s\n")
    if options.publish:
        publish(DOCS / "stream.md", {"stream-alarms": text})
    return 0


if __name__ == "__main__":
    sys.exit(main())
