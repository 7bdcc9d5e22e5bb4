"""Captured requests and answers of an endpoint, as a table.

`read_captures` reads a window at once, `iterate_captures` a batch at a time. Records of one layout are read in blocks
(`blocks`), all others one by one (`records`); what comes out is the same. A record that cannot be used
is counted with its reason, its file and its line, and never stops the run.

Longer than 400 lines: the two readers share the window that counts, cuts and orders what they have read, and neither
can be followed without it.
"""

import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from drift_tools.capture.blocks import HAS_FAST_PATH, read_block, read_each
from drift_tools.capture.files import Block, DamagedError, blocks_of, capture_files
from drift_tools.capture.json_payload import CONTAINERS
from drift_tools.capture.limits import MOST_COLUMNS, MOST_NEW_NAMES, TOO_MANY_COLUMNS, TOO_MANY_NAMES
from drift_tools.capture.records import BOTH_SIDES, GROUND_TRUTH, OUTPUT, Origin, Preprocessor, Selection
from drift_tools.capture.segments import BlockResult, Segment
from drift_tools.capture.uniform import Reading
from drift_tools.errors import InputError
from drift_tools.tables import Cells, Order, Parts, Run, Table, Texts, joined

__all__ = [
    "BATCH_ROWS",
    "BOTH_SIDES",
    "GROUND_TRUTH",
    "MAX_UNREADABLE_SHARE",
    "Captures",
    "Counts",
    "Origin",
    "Preprocessor",
    "Problem",
    "capture_files",
    "iterate_captures",
    "read_captures",
]

# A tenth of the records: the monitor's own drift check compares distances with 0.1 (Model Monitor's default), and
# records that nobody can read could move any share by as much as their own. Above it a run can no longer say yes or no.
MAX_UNREADABLE_SHARE = 0.1
BATCH_ROWS = 250_000
KEPT_PROBLEMS = 1000
_LINES_AT_ONCE = 8192
_MOST_WORKERS = 4

Source: TypeAlias = str | Path | Iterable[str | bytes] | Iterable[Block]


@dataclass(frozen=True, slots=True)
class Problem:
    """One record that was skipped."""

    reason: str
    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}, line {self.line}: {self.reason}"


@dataclass(frozen=True, eq=False)
class Counts:
    """What was read: `read == used + sum(skipped.values())`, in records (lines), not rows.

    `rows`: at least `used`, more when requests held several. `outside`: records outside the window that was asked for;
    they count as neither read nor skipped. `problems`: the first thousand of the skipped records, with file and line.
    """

    rows: int = 0
    read: int = 0
    used: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    outside: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def unreadable_share(self) -> float:
        """The share of the records that could not be used; 0 if there are no records."""
        return sum(self.skipped.values()) / self.read if self.read else 0.0

    def add(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(
            self.rows + other.rows,
            self.read + other.read,
            self.used + other.used,
            dict(Counter(self.skipped) + Counter(other.skipped)),
            self.outside + other.outside,
            (self.problems + other.problems)[:KEPT_PROBLEMS],
        )

    def require_readable(self, max_unreadable_share: float) -> None:
        """Raise `InputError`, in one line with the reasons and the first place, if too many records cannot be used."""
        if not 0 <= max_unreadable_share <= 1:
            raise InputError(f"max_unreadable_share is {max_unreadable_share}: give a share between 0 and 1")
        if self.unreadable_share > max_unreadable_share:
            reasons = ", ".join(f"{number} x {reason}" for reason, number in self.skipped.items())
            raise InputError(
                f"{sum(self.skipped.values())} of {self.read} captured records cannot be used ({reasons}), more than "
                f"the share of {max_unreadable_share:g} that is allowed; the first: {self.problems[0]}: fix the "
                "capture, make rows of it in a record preprocessor, or raise max_unreadable_share"
            )


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Captures(Counts):
    """Captured records as a table. `data`: the rows, in the order of the files."""

    data: Table
    origin_texts: Mapping[str, Parts]

    @cached_property
    def table(self) -> Any:
        """The rows as a `pyarrow.Table`."""
        return self.data.to_arrow()

    @cached_property
    def origins(self) -> tuple[Origin, ...]:
        """For each row, the request it came in."""
        return tuple(map(Origin, self.event_ids, self.inference_ids, self.inference_times))

    @property
    def event_ids(self) -> Texts:
        """For each row, the `eventId` of its request; None where it has none."""
        return self.origin_texts["eventId"].materialised()

    @property
    def inference_ids(self) -> Texts:
        """For each row, the `inferenceId` that the caller gave; None where he gave none."""
        return self.origin_texts["inferenceId"].materialised()

    @property
    def inference_times(self) -> Texts:
        """For each row, the `inferenceTime` as it was written; None where there is none."""
        return self.origin_texts["inferenceTime"].materialised()

    def __repr__(self) -> str:
        skipped = "".join(f", {count} x {reason}" for reason, count in self.skipped.items())
        shape = f"{self.rows} rows x {len(self.data.columns)} columns"
        return f"<Captures: {self.used} of {self.read} records used, {shape}{skipped}>"


def read_captures(
    source: Source,
    *,
    columns: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    sides: Sequence[str] = BOTH_SIDES,
    outputs_first: bool = True,
    preprocess: Preprocessor | None = None,
    max_unreadable_share: float | None = None,
    fast: bool = True,
) -> Captures:
    """Read captured records from a file, a folder (all `*.jsonl` and `*.jsonl.gz` below it) or lines.

    A record that cannot be used is counted with its reason and never stops the run. Raises `InputError` if there is
    nothing to read at the path, or if more than `max_unreadable_share` of the records cannot be used.

    Parameters
    ----------
    source
        a path, the lines themselves, or blocks of them (`blocks_of`).
    columns
        names of the columns of payloads that name none (CSV), by position; without it, or if their number is another,
        they are `_c0`, `_c1`, ….
    start, end
        keep the records with `start <= inferenceTime < end` (UTC unless they say otherwise).
    sides
        which of `endpointInput`, `endpointOutput` and `groundTruthData` make the row.
    outputs_first
        whether a row begins with the output's columns.
    preprocess
        gets each record as parsed JSON and gives its rows.
    max_unreadable_share
        0 … 1; None: any share is accepted, and the caller looks at `skipped`.
    fast
        False reads every record by itself, as is done without pyarrow: the same result, slowly.

    Examples
    --------
    >>> line = '{"captureData": {"endpointInput": {"data": "1,2", "encoding": "CSV"}}, "eventMetadata": {}}'
    >>> read_captures([line, "{"], columns=["a", "b"])
    <Captures: 1 of 2 records used, 1 rows x 2 columns, 1 x not JSON>
    """
    selection = Selection.of(columns, start, end, sides, outputs_first=outputs_first, preprocess=preprocess)
    window = _Window(selection)
    for result in _results(source, selection, fast=fast):
        window.add(result)
    captures = window.take()
    if max_unreadable_share is not None:
        captures.require_readable(max_unreadable_share)
    return captures


def iterate_captures(
    source: Source,
    *,
    batch_rows: int = BATCH_ROWS,
    columns: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    sides: Sequence[str] = BOTH_SIDES,
    outputs_first: bool = True,
    preprocess: Preprocessor | None = None,
    attributes: Sequence[str] = (),
    typed: bool = False,
    fast: bool = True,
) -> Iterator[Captures]:
    """Read captured records a batch at a time: memory for about `batch_rows` rows, however large the window is.

    The parameters are those of `read_captures`, and `attributes`: what is wanted of the answers, as Model Monitor names
    it. If one is a JMESPath, a JSON answer has one column for each, of its name, and no others. `typed`: the types of
    all cells will be asked for, as a profile does; the result is the same, and sooner there, as two threads find them.

    The counts of a batch are its own; its rows, at least `batch_rows` but for the last, are at most a block of the file
    more. How many columns a record should have, where their names do not say, is what most records of the first batch
    have. Yields at least one batch, so that an empty window has counts.
    """
    if batch_rows < 1:
        raise InputError(f"batch_rows is {batch_rows}: give at least 1")
    selection = Selection.of(
        columns,
        start,
        end,
        sides,
        outputs_first=outputs_first,
        preprocess=preprocess,
        attributes=attributes,
        typed=typed,
    )
    window = _Window(selection)
    pending, first = False, True
    for result in _results(source, selection, fast=fast):
        window.add(result)
        pending = True
        if window.rows >= batch_rows:
            yield window.take()
            pending = first = False
    if pending or first:
        yield window.take()


def _results(source: Source, selection: Selection, *, fast: bool) -> Iterator[BlockResult]:
    """What each block of the source holds, in order; two blocks are read at a time where there are two and that is
    quicker.
    """
    fast = fast and HAS_FAST_PATH and selection.preprocess is None
    workers = min(os.cpu_count() or 1, _MOST_WORKERS) if fast else 1
    reading = Reading(selection)
    # One for each worker, and the one that is read from the file meanwhile.
    blocks = _blocks(source, keep=workers + 1)
    if workers == 1:
        yield from (_read(block, reading, fast) for block in blocks)
        return
    first = list(islice(blocks, 2))
    if len(first) < 2:
        yield from (_read(block, reading, fast) for block in first)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[BlockResult]] = deque()
        for block in chain(first, blocks):
            if len(waiting) == workers:
                yield waiting.popleft().result()
            waiting.append(pool.submit(_read, block, reading, fast))
        while waiting:
            yield waiting.popleft().result()


_Work: TypeAlias = Block | BlockResult | tuple[int, list[str | bytes]]


def _read(work: _Work, reading: Reading, fast: bool) -> BlockResult:
    if isinstance(work, BlockResult):
        return work
    if isinstance(work, Block) and work.problem is not None:
        return BlockResult(work.source, skipped=[(work.first_line, work.problem)])
    if isinstance(work, Block):
        return read_block(work, reading, fast=fast)
    first, lines = work
    return read_each("lines", lines, first, reading.selection)


def _blocks(source: Source, *, keep: int) -> Iterator[_Work]:
    if isinstance(source, str | Path):
        for path in capture_files(Path(source)):
            try:
                yield from blocks_of(path, keep=keep)
            except DamagedError as damaged:
                # Nobody can say how many records the rest was: it counts as one.
                yield BlockResult(str(path), skipped=[(0, str(damaged))])
        return
    yield from _of_lines(iter(source))


def _of_lines(lines: Iterator[str | bytes | Block]) -> Iterator[_Work]:
    """Lines in blocks; a block among them is one that somebody else read, with its file and line numbers."""
    first = 1
    for item in lines:
        if isinstance(item, Block):
            yield item
            continue
        some = [item]
        for line in islice(lines, _LINES_AT_ONCE - 1):
            if isinstance(line, Block):
                raise TypeError("a source has lines or blocks, and not both")
            some.append(line)
        raw = [line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line for line in some]
        block = b"\n".join(line.removesuffix(b"\n") for line in raw) + b"\n"
        # A "line" with a line break in it is one record all the same.
        yield Block("lines", first, len(some), block) if block.count(b"\n") == len(some) else (first, some)
        first += len(some)


@dataclass(slots=True)
class _Layout:
    """Columns that records have in common: a name, or None for a column that only its position names."""

    names: tuple[str | None, ...]
    has_output: bool
    records: int = 0

    @property
    def width(self) -> int:
        return self.names.count(None)

    @property
    def is_named(self) -> bool:
        return self.width < len(self.names)

    @property
    def nameless(self) -> slice | None:
        """The side that names no column, beside one that names its own: the row's first cells, or its last."""
        known = len(self.names) - self.width
        for side, others in (
            (slice(0, self.width), self.names[self.width :]),
            (slice(-self.width, None), self.names[:known]),
        ):
            if self.width and others and None not in others:
                return side
        return None


@dataclass
class _Window:
    """What was read and not yet taken; what was decided about columns stays decided for the batches that follow."""

    selection: Selection
    results: list[BlockResult] = field(default_factory=list)
    rows: int = 0
    expected: dict[bool, int] = field(default_factory=dict)
    outputs_exist: bool = False
    new_names: set[str] = field(default_factory=set)
    # What records name beside a side without names, by where that side stands.
    named_beside: dict[tuple[int | None, int | None], set[str]] = field(default_factory=dict)

    def add(self, result: BlockResult) -> None:
        self.results.append(result)
        self.rows += sum(len(segment.row_lines) for segment in result.segments)

    def take(self) -> Captures:
        """Everything that was added since the last time."""
        results, self.results, self.rows = self.results, [], 0
        layouts = _layouts(results)
        self.outputs_exist = self.outputs_exist or (
            OUTPUT in self.selection.sides and any(layout.has_output for layout in layouts)
        )
        self.expected = self._expected_widths(layouts) | self.expected
        skipped: Counter[str] = Counter()
        problems: list[Problem] = []
        used = 0
        for result in results:
            self._drop_odd(result)
            result.skipped.sort()
            skipped.update(reason for _, reason in result.skipped)
            problems += [
                Problem(reason, result.source, line)
                for line, reason in result.skipped[: max(KEPT_PROBLEMS - len(problems), 0)]
            ]
            used += sum(len(segment.record_lines) for segment in result.segments)
        table, origins = self._table(results)
        read = used + sum(skipped.values())
        outside = sum(result.outside for result in results)
        return Captures(
            rows=table.rows,
            read=read,
            used=used,
            skipped=dict(skipped),
            outside=outside,
            problems=tuple(problems),
            data=table,
            origin_texts=origins,
        )

    def _drop_odd(self, result: BlockResult) -> None:
        """Records without an output among others with one, and ragged ones, have cells that nobody can name."""
        kept: list[Segment] = []
        for segment in result.segments:
            if len(segment.names) > MOST_COLUMNS:
                reason = TOO_MANY_COLUMNS
            elif self.outputs_exist and not segment.has_output:
                reason = "no endpointOutput"
            elif segment.width not in (0, self.expected.get(segment.is_named)):
                reason = f"{segment.width} columns where {self.expected[segment.is_named]} are expected"
            elif not self._may_name(segment.names):
                reason = TOO_MANY_NAMES
            else:
                kept.append(segment)
                continue
            result.skipped += [(line, reason) for line in segment.record_lines.tolist()]
        result.segments = kept

    def _may_name(self, names: tuple[str | None, ...]) -> bool:
        """Whether a record may have these names; those that are new are known from then on."""
        new = {name for name in names if name is not None} - self.new_names
        if self.selection.columns is not None:
            new -= self._asked_for
        most = MOST_COLUMNS if self.selection.columns is None else MOST_NEW_NAMES
        if len(self.new_names) + len(new) > most:
            return False
        self.new_names |= new
        return True

    @cached_property
    def _asked_for(self) -> frozenset[str]:
        return frozenset(self.selection.columns or ())

    def _expected_widths(self, layouts: Sequence[_Layout]) -> dict[bool, int]:
        """How many nameless columns a record should have: as the baseline's names say, or else as most records have.

        Of records that name some of their columns (a JSON request with a bare number for an answer) and of those that
        name none, each by itself.
        """
        widths: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
        fits: dict[bool, int] = {}
        for layout in layouts:
            if not layout.width or (self.outputs_exist and not layout.has_output):
                continue
            if self.selection.columns is not None and len(layout.names) == len(self.selection.columns):
                fits.setdefault(layout.is_named, layout.width)
            widths[layout.is_named][layout.width] += layout.records
        return {is_named: counts.most_common(1)[0][0] for is_named, counts in widths.items() if counts} | fits

    def _table(self, results: Sequence[BlockResult]) -> tuple[Table, dict[str, Parts]]:
        names: dict[str, int] = {}
        layouts = _layouts(results)
        self._note_named(layouts)
        positions = {layout.names: self._positions(layout, names) for layout in layouts}
        runs: list[list[Run]] = [[] for _ in names]
        filled = [0] * len(names)
        origins: dict[str, list[Parts]] = {"eventId": [], "inferenceId": [], "inferenceTime": []}
        orders: list[Order] = []
        rows = 0
        is_ordered = True
        for result in results:
            lines = [segment.row_lines for segment in result.segments]
            if len(lines) > 1:
                orders.append(np.argsort(np.concatenate(lines), kind="stable") + rows)
                is_ordered = False
            else:
                orders.append(np.arange(rows, rows + sum(map(len, lines)), dtype=np.intp))
            for segment in result.segments:
                for position, cells in zip(positions[segment.names], segment.cells, strict=True):
                    if rows > filled[position]:
                        runs[position].append(Cells.missing(rows - filled[position]))
                    runs[position].append(cells)
                    filled[position] = rows + len(segment.row_lines)
                for name, parts in segment.origin.items():
                    origins[name].append(parts)
                rows += len(segment.row_lines)
        for run, last in zip(runs, filled, strict=True):
            if rows > last:
                run.append(Cells.missing(rows - last))
        order = None if is_ordered else np.concatenate(orders)
        room = np.empty((len(names), rows))  # one piece, which is of large pages
        columns = (
            joined(run, order, numbers).column(name) for name, run, numbers in zip(names, runs, room, strict=True)
        )
        return Table.of(columns, rows), {name: _joined(parts, order) for name, parts in origins.items()}

    def _note_named(self, layouts: Sequence[_Layout]) -> None:
        for layout in map(self._without_containers, layouts):
            if (side := layout.nameless) is not None:
                known = self.named_beside.setdefault((side.start, side.stop), set())
                known |= self._asked_for.intersection(layout.names)

    def _without_containers(self, layout: _Layout) -> _Layout:
        """The layout in which `predictions` of `{"predictions": [0.5]}` is no name, unless the baseline has it."""
        if self.selection.columns is None or CONTAINERS.isdisjoint(layout.names):
            return layout
        unknown = CONTAINERS - self._asked_for
        return replace(layout, names=tuple(None if name in unknown else name for name in layout.names))

    def _given(self, layout: _Layout) -> Sequence[str | None]:
        """The baseline's names for the cells of a layout that have none.

        Beside a JSON request a bare answer is the baseline's first column whatever keys the request leaves out, unless
        some request names that column itself: then the baseline has the requests' columns alone.
        """
        columns, side = self.selection.columns or (), layout.nameless
        if side is None:
            return columns if len(columns) == len(layout.names) else (None,) * len(layout.names)
        names: list[str | None] = [None] * len(layout.names)
        wanted = columns[side]
        if len(wanted) == layout.width and self.named_beside[side.start, side.stop].isdisjoint(wanted):
            names[side] = wanted
        return names

    def _positions(self, layout: _Layout, names: dict[str, int]) -> list[int]:
        """Where the cells of a layout go among the result's columns, which grow by those that are new."""
        positions: dict[int, None] = {}  # in order, and quick to look in: a record may have thousands of columns
        plain = self._without_containers(layout)
        for index, found in enumerate(zip(plain.names, self._given(plain), layout.names, strict=True)):
            column = next((name for name in found if name is not None), f"_c{index}")
            while names.get(column) in positions:  # the output and the input have a column of the same name
                column = f"{column}_input"
            positions[names.setdefault(column, len(names))] = None
        return list(positions)


def _joined(parts: Sequence[Parts], order: Order | None) -> Parts:
    return Parts([part for run in parts for part in run.in_own_order()], order)


def _layouts(results: Iterable[BlockResult]) -> list[_Layout]:
    """The layouts of the segments, in the order in which the lines first show them."""
    found: dict[tuple[tuple[str | None, ...], bool], _Layout] = {}
    for result in results:
        for segment in sorted(result.segments, key=lambda segment: int(segment.record_lines[0])):
            key = (segment.names, segment.has_output)
            layout = found.setdefault(key, _Layout(segment.names, segment.has_output))
            layout.records += len(segment.record_lines)
    return list(found.values())
