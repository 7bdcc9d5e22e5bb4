"""When the rules of others would ring for the same drifts, each set to ring as seldom as ours on undrifted hours.

Their packages are not run here: an hour takes them some tenths of a second, and setting a limit to one ring a year
takes years of hours. What is here are their published measures, feature by feature, over all hours at once. They were
held against the packages on six hours of the plain world (`peers/rings_of_packages.py`): NannyML 0.13.1 is the same but
for a factor of √(ln 2), which no limit feels; Evidently 0.7.23 within 0.002, and the same for categories. Each has one
number a window and a limit; the limit is the one that an undrifted year of the same world crosses once. Nobody who uses
them could set it so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from benchmarks.row_worlds import DRIFTS, Block, Drift, Source, World

Floats = NDArray[np.float64]

NANNYML, EVIDENTLY, MODEL_MONITOR = "NannyML", "Evidently", "Model Monitor"
NAMES = (NANNYML, EVIDENTLY, MODEL_MONITOR)
AS_THEY_SHIP = "nothing: hours a year that ring as they ship"
_REFERENCE_HOURS, _YEAR, _DAY, _LONGEST = 336, 8760, 24, 504


@dataclass(frozen=True, slots=True)
class Reference:
    """What the others compare with: the rows of the two weeks before, and their hours."""

    numbers: Mapping[str, Floats]
    shares: Mapping[str, Floats]
    rows: int

    @classmethod
    def of(cls, block: Block) -> "Reference":
        """Of undrifted hours."""
        valid = np.arange(block.label.shape[1]) < block.rows[:, None]
        numbers = {name: np.sort(values[valid & ~np.isnan(values)]) for name, values in block.numbers.items()}
        shares = {}
        for name, codes in block.codes.items():
            counts = np.bincount(codes[valid], minlength=len(block.names[name]))
            shares[name] = counts / counts.sum()
        return cls(numbers, shares, int(valid.sum()))


def wasserstein(reference: Floats, windows: Floats) -> Floats:
    """Evidently's normed distance of each window (windows x rows, NaN for missing) from the sorted reference."""
    ordered, present = np.sort(windows, 1), np.count_nonzero(~np.isnan(windows), 1)
    found = np.zeros(len(windows))
    for count in np.unique(present):
        chosen = present == count
        middle = np.quantile(reference, (np.arange(max(count, 1)) + 0.5) / max(count, 1))
        found[chosen] = np.abs(ordered[chosen][:, : max(count, 1)] - middle).mean(1)
    return found / max(float(reference.std()), 1e-3)


def jensen_shannon(expected: Floats, counts: Floats) -> Floats:
    """The distance, base 2 where NannyML has it so, of windows' counts (windows x bins) from expected shares."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    middle = (shares + expected) / 2
    safe = np.where(middle > 0, middle, 1.0)
    total = xlogy(shares, shares / safe).sum(1) + xlogy(expected, expected / safe).sum(1)
    found: Floats = np.sqrt(np.maximum(total, 0.0) / 2)
    return found


def robust(expected: Floats, counts: Floats, rows: int, *, is_ordered: bool) -> Floats:
    """Deequ's distance: the largest difference of (cumulative) shares, less 1.8 √((n + m) / nm), from 0 on."""
    size = np.maximum(counts.sum(1), 1)
    shares, before = counts / size[:, None], expected
    if is_ordered:
        shares, before = shares.cumsum(1), before.cumsum()
    found: Floats = np.abs(shares - before).max(1) - 1.8 * np.sqrt((size + rows) / (size * rows))
    return found


def _histogram(values: NDArray[np.floating[Any]], edges: NDArray[np.floating[Any]]) -> Floats:
    """Counts of each window between the edges, with what lies outside in bins of its own."""
    bins = len(edges) + 1
    at = np.searchsorted(edges, values)
    at = np.where(np.isnan(values), -1, at + bins * np.arange(len(values))[:, None]).ravel()
    found: Floats = np.bincount(at[at >= 0], minlength=len(values) * bins).reshape(-1, bins).astype(np.float64)
    return found


@dataclass(frozen=True, slots=True)
class _Measured:
    """Of one rule: its measures of each window, windows x measures, and which of them share one limit."""

    values: Floats
    groups: NDArray[np.int64]


def measure(reference: Reference, block: Block) -> dict[str, _Measured]:
    """All rules' measures of a block's hours."""
    valid = np.arange(block.label.shape[1]) < block.rows[:, None]
    missing, nanny, evident, monitor = [], [], [], []
    for name, raw in block.numbers.items():
        values, before = np.where(valid, raw, np.nan), reference.numbers[name]
        doane = np.histogram_bin_edges(before, bins="doane")
        expected = _histogram(before[None], doane)[0]
        nanny.append(jensen_shannon(expected / expected.sum(), _histogram(values, doane)))
        evident.append(wasserstein(before, values))
        steps = np.quantile(before, np.arange(1, 100) / 100)
        expected = _histogram(before[None], steps)[0]
        monitor.append(robust(expected / expected.sum(), _histogram(values, steps), reference.rows, is_ordered=True))
        missing.append((np.isnan(raw) & valid).sum(1) / block.rows)
    unseen = []
    for name, codes in block.codes.items():
        labels = np.where(valid, codes, np.nan)
        counts = _histogram(labels, np.arange(len(block.names[name])) - 0.5)[:, 1:]
        shares = reference.shares[name]
        nanny.append(jensen_shannon(shares, counts))
        evident.append(jensen_shannon(shares, counts))
        monitor.append(robust(shares, counts, reference.rows, is_ordered=False))
        unseen.append(counts[:, shares == 0].sum(1) / block.rows)
    actual = valid & (block.label == 1)
    lost = 1 - (actual & (block.prediction == 1)).sum(1) / np.maximum(actual.sum(1), 1)
    return {
        NANNYML: _grouped([*nanny, *missing, *unseen, lost], [0] * (len(nanny) + len(missing) + len(unseen) + 1)),
        EVIDENTLY: _grouped(evident, [0] * len(evident)),
        # Its checks have limits of their own: distance, completeness, known categories, and metrics of quality.
        MODEL_MONITOR: _grouped(
            [*monitor, *missing, *unseen, lost],
            [0] * len(monitor) + [1] * len(missing) + [2] * len(unseen) + [3],
        ),
    }


def _grouped(values: Sequence[Floats], groups: Sequence[int]) -> _Measured:
    return _Measured(np.stack(values, 1), np.array(groups))


@dataclass(frozen=True, slots=True)
class Limits:
    """A rule's limits: of each measure its middle and its scale, and of each group of measures the limit."""

    middle: Floats
    scale: Floats
    limits: Floats
    groups: NDArray[np.int64]

    @classmethod
    def of(cls, rule: str, before: _Measured, year: _Measured) -> "Limits":
        """The limits that the undrifted year crosses once; of several groups each has its part of that."""
        count = before.values.shape[1]
        middle, scale = np.zeros(count), np.ones(count)
        if rule == NANNYML:  # the mean of the reference's chunks, and so many of their standard deviations
            middle, scale = before.values.mean(0), np.maximum(before.values.std(0), 1e-9)
        largest = (year.values - middle) / scale
        groups = np.unique(before.groups)
        limits = np.zeros(int(groups.max()) + 1)
        for group in groups:
            line = largest[:, before.groups == group].max(1)
            # One ring in as many years as there are groups is the part of each: the largest, if there is one year.
            limits[group] = line.max()
        return cls(middle, scale, limits, before.groups)

    def crossed(self, found: _Measured) -> NDArray[np.bool_]:
        """The windows in which any measure is beyond its limit."""
        beyond: NDArray[np.bool_] = (found.values - self.middle) / self.scale > self.limits[self.groups]
        crossed: NDArray[np.bool_] = np.any(beyond, axis=1)
        return crossed


def hours_as_they_ship(rule: str, before: _Measured, year: _Measured) -> int:
    """In how many hours of an undrifted year a rule rings with its own limits: NannyML's three standard deviations of
    the reference's chunks; Evidently's 0.1; Model Monitor's 0.1, and completeness, categories and recall below the
    baseline's own.
    """
    middle, scale = before.values.mean(0), np.maximum(before.values.std(0), 1e-9)
    if rule == NANNYML:
        beyond = (year.values - middle) / scale > 3.0
    elif rule == EVIDENTLY:
        beyond = year.values >= 0.1
    else:
        beyond = year.values > np.where(before.groups == 0, 0.1, np.where(before.groups == 2, 0.0, middle))
    return int(beyond.any(1).sum())


def _measure_hours(reference: Reference, source: Source, first: int, hours: int) -> dict[str, _Measured]:
    parts = [measure(reference, source.block(day, _DAY)) for day in range(first, first + hours, _DAY)]
    return {
        rule: _Measured(np.concatenate([part[rule].values for part in parts]), parts[0][rule].groups) for rule in NAMES
    }


def delays(world: World, *, times: int, drifts: Sequence[Drift] = DRIFTS) -> dict[str, dict[str, float]]:
    """By rule and drift, the median hours until it rings; a drift that a rule has no measure of is not in it."""
    rng = np.random.default_rng([2028, world.rows, len(world.kind), round(100 * world.size)])
    source = Source(world, rng)
    reference = Reference.of(source.block(0, _REFERENCE_HOURS))
    before = _measure_hours(reference, source, 0, _REFERENCE_HOURS)
    year = _measure_hours(reference, source, 0, _YEAR)
    limits = {rule: Limits.of(rule, before[rule], year[rule]) for rule in NAMES}
    found: dict[str, dict[str, float]] = {
        rule: {AS_THEY_SHIP: float(hours_as_they_ship(rule, before[rule], year[rule]))} for rule in NAMES
    }
    for drift in drifts:
        waited: dict[str, list[float]] = {rule: [] for rule in NAMES}
        for _ in range(times):
            drifted = _measure_hours(reference, Source(world, rng, drift, since=0), 0, _LONGEST)
            for rule in NAMES:
                crossed = limits[rule].crossed(drifted[rule])
                waited[rule].append(float(np.argmax(crossed)) + 1 if crossed.any() else np.inf)
        for rule in NAMES:
            if rule != EVIDENTLY or not (drift.missing or drift.recall):
                found[rule][drift.name] = float(np.median(waited[rule]))
    return found
