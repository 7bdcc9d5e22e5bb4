"""Compare current rows with a baseline, feature by feature."""

import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from drift_tools.comparison.assembly import assemble, check_kinds, counts_as_missing, one_sided
from drift_tools.comparison.columns import Sample, in_one_precision, rounded_cells
from drift_tools.comparison.feature import Measured, kind_of, measure
from drift_tools.comparison.many_categories import measure_many
from drift_tools.comparison.results import Comparison, FeatureComparison, Histogram, Kind, Side
from drift_tools.comparison.selection import AS_ASKED, Selection, looks_like_label
from drift_tools.comparison.sources import Samples, all_missing, in_one_type, read_once, samples_of
from drift_tools.comparison.verdict import (
    NO_DRIFT,
    NOT_ENOUGH_DATA,
    PSI_THRESHOLD,
)
from drift_tools.errors import InputError
from drift_tools.measures import forget_overlaps
from drift_tools.significance import LARGEST_ALPHA, alpha_per_run, block_p_value, classify_cells
from drift_tools.tables import common_spelling, respelt_cells

__all__ = ["Baseline", "Comparison", "FeatureComparison", "Histogram", "Kind", "Side", "compare", "prepare_baseline"]

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
Labels: TypeAlias = NDArray[Any] | Sequence[Any]
# Below, a column's sort is shorter than what the interpreter does around it, and threads only wait for each other.
_ROWS_WORTH_A_THREAD = 50_000


class Baseline:
    """A baseline that is sorted and counted once, for many comparisons. Made by `prepare_baseline`.

    It keeps a sorted copy of every numerical column and the counts of every categorical one beside the table itself,
    and never changes; threads may share it.
    """

    __slots__ = ("_data", "_samples")

    def __init__(self, samples: Samples, data: object) -> None:
        self._samples, self._data = samples, data

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self._samples.rows

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return list(self._samples.columns)

    def __reduce__(self) -> tuple[Any, ...]:
        """For other processes: the data, which are sorted and counted again there."""
        return prepare_baseline, (self._data,)

    def __repr__(self) -> str:
        return f"<Baseline: {self.rows} rows, {len(self.names)} columns>"


def prepare_baseline(
    baseline: object, *, kinds: Mapping[str, Kind] | None = None, threads: int | None = None
) -> Baseline:
    """Sort and count a baseline once, so that each comparison with it costs only the current rows.

    Parameters
    ----------
    baseline
        a table, as `compare` takes it.
    kinds
        as in `compare`. A column that `compare` is then told to take for the other kind is prepared when it is.
    threads
        as in `compare`.

    Raises
    ------
    InputError
        if it is no table.

    Examples
    --------
    >>> prepared = prepare_baseline({"age": np.arange(1000.0)})
    >>> prepared
    <Baseline: 1000 rows, 1 columns>
    >>> compare(prepared, {"age": np.arange(1000.0) + 500})
    <Comparison: 1000 with 1000 rows, 1 features, drifted: age>
    """
    baseline, kinds = read_once(baseline, what="baseline"), kinds or {}
    check_kinds(kinds)
    samples = samples_of(baseline, what="baseline")
    turn = threading.Lock()

    def prepare(sample: Sample) -> None:
        sample.arrange()
        with turn:
            kind = kinds.get(sample.name) or kind_of(sample, sample)
            _ = sample.numbers if kind == "numerical" else sample.categories

    _each(prepare, samples.columns.values(), samples.rows, threads)
    return Baseline(samples, baseline)


def compare(
    baseline: object,
    current: object,
    *,
    columns: Collection[str] | None = None,
    exclude: Collection[str] = (),
    alpha: float = 0.05,
    kinds: Mapping[str, Kind] | None = None,
    thresholds: Mapping[str, float] | None = None,
    false_alarms_per_year: float | None = None,
    runs_per_year: float | None = None,
    blocks: Labels | None = None,
    baseline_blocks: Labels | None = None,
    multivariate: bool = False,
    threads: int | None = None,
) -> Comparison:
    """Say of each feature whether the current rows are from another distribution than the baseline's.

    Parameters
    ----------
    baseline, current
        tables: pyarrow tables or anything with the Arrow C interface (pandas, polars, DuckDB), `Captures`, mappings of
        names to arrays, lists of records (see `drift_tools.tables.as_table`). Columns are matched by name. The baseline
        may be one that `prepare_baseline` made.
    columns, exclude
        the columns to compare, and those to leave out. What only labels the rows is left out by itself, unless
        `columns`, `kinds` or `thresholds` name it: the index of a pandas frame, numbers of rows that go on, and times
        that do. `Comparison.left_out` says which and why. A label (by its name) that the current rows do not have yet
        is no drift.
    alpha
        the share of comparisons without any drift in which a false alarm is allowed, 0 < alpha < 1.
    kinds
        `"numerical"` or `"categorical"` for columns whose kind is not that of the baseline's values, such as codes
        that are written as numbers. A baseline column without a single number stays categorical.
    thresholds
        by feature, the effect (PSI less its expectation) from which a significant difference is drift; default 0.1.
    false_alarms_per_year, runs_per_year
        instead of `alpha`, for a comparison that is repeated on a schedule: how often the schedule runs, and how many
        of a year's runs may raise a false alarm (default 1; see `drift_tools.significance.alpha_per_run`).
    blocks, baseline_blocks
        for rows that depend on each other: the block of each row of either side, such as its hour. The p-values then
        come from drawing whole blocks (see `drift_tools.significance.block_p_value`). Baseline rows without blocks
        count as independent.
    multivariate
        whether to test all columns together as well, for what no single column shows (see
        `drift_tools.significance.two_sample_test`). The result is `Comparison.multivariate`, or None and
        `Comparison.multivariate_reason` where the tables do not allow the test.
    threads
        how many columns are measured at a time; by default as many as there are processors to run on.

    Raises
    ------
    InputError
        if either is no table, or an option makes no sense. A column that cannot be compared gets a verdict that says
        so and never spoils another.

    Examples
    --------
    >>> compare({"age": np.arange(1000.0)}, {"age": np.arange(1000.0) + 500})
    <Comparison: 1000 with 1000 rows, 1 features, drifted: age>
    """
    alpha = _level(alpha, false_alarms_per_year, runs_per_year)
    if blocks is None and baseline_blocks is not None:
        raise InputError("baseline_blocks without blocks: give the blocks of the current rows too")
    kinds, thresholds = kinds or {}, thresholds or {}
    check_kinds(kinds)
    _check_thresholds(thresholds)
    if not isinstance(baseline, Baseline):
        baseline = read_once(baseline, what="baseline")
    current = read_once(current, what="current")
    before = baseline._samples if isinstance(baseline, Baseline) else samples_of(baseline, what="baseline")
    after = samples_of(current, what="current")
    selection = Selection.of(before, after, columns, exclude, {*kinds, *thresholds})
    left_out = dict.fromkeys(exclude, AS_ASKED) | selection.labels_of_rows(before, after)
    before, after = (selection.apply(side).without(left_out) for side in (before, after))
    after = _with_optional(after, before)
    how = _How(kinds, thresholds, selection, blocks, baseline_blocks)
    measured, labels = _measure_all(before, after, how, threads)
    left_out |= labels
    before, after = before.without(left_out), after.without(left_out)

    def alone(name: str, what: Literal["missing", "new"]) -> FeatureComparison:
        if what == "new":
            return _one_sided(after.columns[name], before.rows, what)
        sample = before.columns[name]
        if problem := sample.problem or (name in after.columns and after.columns[name].problem):
            return _unreadable(sample, after.rows, str(problem))
        return _one_sided(sample, after.rows, what, is_asked=name in selection.asked)

    features = assemble(measured, before.columns, after.columns, alpha=alpha, alone=alone)
    together, reason = None, None
    if multivariate:
        kinds_found = {name: item.kind for name, item in measured.items() if name not in left_out}
        try:
            together = classify_cells(
                {name: _cells(before.columns[name], after.columns[name], kind) for name, kind in kinds_found.items()},
                (before.rows, after.rows),
            )
        except InputError as error:  # too few rows, say: the features have their verdicts all the same
            reason = str(error)
    return Comparison(before.rows, after.rows, alpha, features, together, reason, left_out)


def _cells(before: Sample, after: Sample, kind: Kind) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both sides' cells in the order of the rows, read as the measures of each column by itself read them."""
    first, second = (
        side.in_order(numerical=kind == "numerical")
        for side in in_one_precision(in_one_type([before.copy(), after.copy()]))
    )
    return first, rounded_cells(first, second) if kind == "numerical" else second


def _check_thresholds(thresholds: Mapping[str, float]) -> None:
    for name, threshold in thresholds.items():
        if not threshold > 0:  # NaN neither; infinity is never reached
            raise InputError(f"the threshold of {name!r} is {threshold}: give a number above 0")


def _with_optional(after: Samples, before: Samples) -> Samples:
    """The current columns, and those that merely did not occur: see `counts_as_missing`."""
    optional = {
        name: all_missing(name, after.rows)
        for name, sample in before.columns.items()
        if name not in after.columns
        and not looks_like_label(name)
        and counts_as_missing(sample.rows - sample.present, before.rows, after.rows)
    }
    return Samples({**after.columns, **optional}, after.rows, after.index)


def _level(alpha: float, false_alarms_per_year: float | None, runs_per_year: float | None) -> float:
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha}: give a probability between 0 and 1")
    if false_alarms_per_year is None and runs_per_year is None:
        return alpha
    if runs_per_year is None:
        raise InputError("false_alarms_per_year says nothing without runs_per_year: give that too, or alpha alone")
    if alpha != LARGEST_ALPHA:
        raise InputError(f"alpha is {alpha} and runs_per_year is {runs_per_year}: give one of them")
    return alpha_per_run(1.0 if false_alarms_per_year is None else false_alarms_per_year, runs_per_year)


class _How(NamedTuple):
    """The options that a feature is measured with."""

    kinds: Mapping[str, Kind]
    thresholds: Mapping[str, float]
    selection: Selection
    blocks: Labels | None
    baseline_blocks: Labels | None

    def measure(self, baseline: Sample, current: Sample) -> Measured:
        name = baseline.name
        return measure(baseline, current, self.kinds.get(name), self.thresholds.get(name, PSI_THRESHOLD))

    def by_blocks(self, measured: Measured, baseline: Sample, current: Sample) -> Measured:
        """The same measures with a p-value from drawing whole blocks, if there are blocks."""
        if self.blocks is None or not baseline.rows or not current.rows:
            return measured
        # One p-value that knows of the blocks, for the values and the missing cells alike.
        before, after = (side.in_order(numerical=measured.kind == "numerical") for side in (baseline, current))
        if measured.kind == "categorical":
            new = common_spelling(baseline.categories.counts, current.categories.counts)
            before, after = respelt_cells(before, new), respelt_cells(after, new)
        p_value = block_p_value(before, after, blocks=self.blocks, baseline_blocks=self.baseline_blocks)
        return replace(measured, evidence=replace(measured.evidence, p_values={"values": p_value}))


def _measure_all(
    before: Samples, after: Samples, how: _How, threads: int | None
) -> tuple[dict[str, Measured], dict[str, str]]:
    """The measures by feature; and of the columns that turn out to be none, why."""
    own, turn = threading.local(), threading.Lock()

    def one(name: str) -> Measured | str:
        # Copies, so that what is sorted here does not outlast the column; a prepared baseline's forms are in the copy
        # too. Each thread sorts all its columns in the same room: fresh memory costs as much as half a short sort.
        if not hasattr(own, "rooms"):
            own.rooms = np.empty(before.rows), np.empty(after.rows)
        baseline, current = before.columns[name].copy(own.rooms[0]), after.columns[name].copy(own.rooms[1])
        if how.kinds.get(name) != "numerical" and how.blocks is None:
            threshold = how.thresholds.get(name, PSI_THRESHOLD)
            if (texts := measure_many(name, baseline, current, threshold)) is not None:
                return texts
        baseline.arrange()
        current.arrange()
        baseline, current = in_one_precision(in_one_type([baseline, current]))
        # In turn: the measures are hundreds of short calls, and threads that make them at the same time wait for each
        # other at each, longer than for the lot.
        with turn:
            if why := how.selection.why_left_out(baseline, current):
                return why
            measured = how.measure(baseline, current)
        return how.by_blocks(measured, baseline, current)

    readable = [name for name, sample in before.columns.items() if sample.problem is None]
    names = [name for name in readable if name in after.columns and after.columns[name].problem is None]
    found = dict(zip(names, _each(one, names, max(before.rows, after.rows), threads), strict=True))
    forget_overlaps()
    left_out = {name: item for name, item in found.items() if isinstance(item, str)}
    return {name: item for name, item in found.items() if not isinstance(item, str)}, left_out


def _each(do: Callable[[_Task], _Result], tasks: Iterable[_Task], rows: int, threads: int | None) -> list[_Result]:
    """Do all tasks, several at a time where their columns are long enough; numpy sorts outside the interpreter."""
    if threads is not None and threads < 1:
        raise InputError(f"threads is {threads}: give at least 1")
    workers = threads or _processors()
    if workers == 1 or rows < _ROWS_WORTH_A_THREAD:
        return [do(task) for task in tasks]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(do, tasks))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):  # what a container or a job was given, where the system says so
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _unreadable(sample: Sample, other_rows: int, problem: str) -> FeatureComparison:
    """A column that could not be read on one of the sides, which says nothing of any other."""
    reason = f"{NOT_ENOUGH_DATA}: {problem}"
    feature = _one_sided(sample, other_rows, "missing")
    return replace(feature, verdict=NOT_ENOUGH_DATA, reason=reason, summary=f"{sample.name}: {reason}.")


def _one_sided(
    sample: Sample, other_rows: int, what: Literal["missing", "new"], *, is_asked: bool = False
) -> FeatureComparison:
    kind = kind_of(sample, sample)
    here = sample.numbers.side if kind == "numerical" else sample.categories.side
    feature = one_sided(sample.name, kind, here, other_rows, what)
    if what == "new" or is_asked or not looks_like_label(sample.name):
        return feature
    reason = "not in the current data: a label, by its name, that comes later"
    return replace(feature, verdict=NO_DRIFT, reason=reason, summary=f"{sample.name}: {reason}.")
