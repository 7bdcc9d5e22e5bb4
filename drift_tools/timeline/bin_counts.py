"""A feature's rows in each window, counted in the same bins: what a change over time is estimated from."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drift_tools.comparison import (
    Baseline,
    Categories,
    Kind,
    Sample,
    all_missing,
    in_one_precision,
    in_one_spelling,
    in_one_type,
    samples_of,
)
from drift_tools.measures import count_in_bins, quantile_edges
from drift_tools.tables import Numbers, Table

_CATEGORIES = 50


def binned_counts(name: str, baseline: Baseline, tables: Sequence[Table], kind: Kind) -> tuple[Numbers, Numbers]:
    """The baseline's counts (bins), and the windows' (windows x bins); the bins that no row is in are left out.

    The bins are the deciles of the baseline and those of all windows together, so that also a constant baseline has
    another bin than what came after it; or the 50 most frequent categories, and the others as one. What is missing,
    infinite or of another type has bins of its own, and so has a window that does not have the column, unless the
    baseline's rows do not always have it: then it is missing there.
    """
    before = baseline._samples.columns[name]
    samples = [samples_of(table, what="window").columns.get(name) for table in tables]
    if before.present < before.rows:
        samples = [sample or all_missing(name, table.rows) for sample, table in zip(samples, tables, strict=True)]
    count = _number_counts if kind == "numerical" else _category_counts
    before, *present = in_one_precision(in_one_type([before, *(sample for sample in samples if sample is not None)]))
    own, parts = count(before, present)
    rest = iter(parts)
    absent = np.zeros(len(own) + 1)
    windows = []
    for table, sample in zip(tables, samples, strict=True):
        line = absent.copy()
        if sample is None:
            line[-1] = table.rows
        else:
            line[:-1] = next(rest)
        windows.append(line)
    first, second = np.append(own, 0.0).astype(np.float64), np.array(windows, dtype=np.float64)
    used = (first + second.sum(axis=0)) > 0
    return first[used], second[:, used]


def _number_counts(before: Sample, windows: Sequence[Sample]) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    pooled = np.sort(np.concatenate([np.empty(0), *(sample.numbers.finite for sample in windows)]))
    edges = np.union1d(quantile_edges(before.numbers.finite), quantile_edges(pooled))
    highest = float(before.numbers.finite[-1]) if len(before.numbers.finite) else -np.inf
    if len(pooled) and pooled[-1] > highest and np.isfinite(highest):
        edges = np.union1d(edges, [highest])  # what lies above anything that the baseline had

    def line(sample: Sample) -> NDArray[np.int64]:
        numbers = sample.numbers
        others = [numbers.missing, numbers.below, numbers.above, numbers.wrong]
        return np.concatenate([count_in_bins(numbers.finite, edges), others])

    return line(before), [line(sample) for sample in windows]


def _category_counts(before: Sample, windows: Sequence[Sample]) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    # Each side weighs the same, so that a category of the windows counts beside those of a large baseline.
    weights: Counter[str] = Counter()
    own, *parts = in_one_spelling([before.categories, *(sample.categories for sample in windows)])
    for sides in ([own], parts):
        rows = max(sum(side.rows for side in sides), 1)
        for side in sides:
            for label, count in side.counts.items():
                weights[label] += count / rows  # type: ignore[assignment] # a Counter of shares
    names = {label: index for index, (label, _) in enumerate(weights.most_common(_CATEGORIES))}

    def line(side: Categories) -> NDArray[np.int64]:
        counts = np.zeros(len(names) + 2, dtype=np.int64)
        for label, count in side.counts.items():
            counts[names.get(label, len(names))] += count
        counts[-1] = side.missing
        return counts

    return line(own), [line(side) for side in parts]
