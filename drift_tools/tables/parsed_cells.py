"""Runs of cells that are known to be numbers before anybody has asked how they were written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from drift_tools.tables.arrow_cells import Cells, Parts
from drift_tools.tables.column import Column, Numbers, TypeCounts
from drift_tools.tables.lazy_column import LazyColumn
from drift_tools.tables.number_bytes import Order


class Spelling(Protocol):
    """How the cells of a run were written, which is found out when somebody asks."""

    def types(self) -> TypeCounts:
        """The types of the cells."""

    def texts(self) -> Parts:
        """The cells as they were written."""


@dataclass(frozen=True, eq=False, slots=True)
class ParsedCells:
    """One run of one column: finite numbers, NaN where a cell is missing."""

    numbers: Numbers
    present: int
    spelling: Spelling

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def wrong(self) -> int:
        """How many cells are no number."""
        return 0

    @property
    def texts(self) -> Parts:
        """The cells as they were written."""
        return self.spelling.texts()

    def spelt(self) -> Cells:
        """The run with everything that is known of it."""
        return Cells(self.spelling.types(), self.numbers, 0, self.spelling.texts())

    def column(self, name: str) -> Column:
        """The run as a column."""
        if not self.present:
            return self.spelt().column(name)
        numbers, spelling = self.numbers, self.spelling
        return LazyColumn(
            name,
            lambda: Column(name, spelling.types(), numbers, spelling.texts()),
            rows=len(numbers),
            present=self.present,
            numbers=numbers,
        )


Run: TypeAlias = Cells | ParsedCells


def joined(runs: Sequence[Run], order: Order | None, room: Numbers) -> Run:
    """Runs one after the other, their cells then put in `order`; `room`: for the numbers, if they need any."""
    if len(runs) == 1 and order is None:
        return runs[0]
    if any(run.wrong for run in runs) or not any(isinstance(run, ParsedCells) for run in runs):
        return Cells.joined([run.spelt() if isinstance(run, ParsedCells) else run for run in runs], order)
    numbers = np.concatenate([run.numbers for run in runs], out=room)
    present = sum(run.present if isinstance(run, ParsedCells) else run.types.present for run in runs)
    # Not the runs themselves, whose numbers would be kept beside those of all.
    each = [run.spelling if isinstance(run, ParsedCells) else _Known(run.types, run.texts) for run in runs]
    return ParsedCells(numbers if order is None else numbers[order], present, _Several(each, order))


@dataclass(frozen=True, slots=True)
class _Known:
    counted: TypeCounts
    spelt: Parts

    def types(self) -> TypeCounts:
        return self.counted

    def texts(self) -> Parts:
        return self.spelt


@dataclass(frozen=True, eq=False, slots=True)
class _Several:
    """The spelling of several runs, put in order."""

    each: Sequence[Spelling]
    order: Order | None

    def types(self) -> TypeCounts:
        return TypeCounts.sum_of(spelling.types() for spelling in self.each)

    def texts(self) -> Parts:
        parts = [part for spelling in self.each for part in spelling.texts().in_own_order()]
        return Parts(parts, self.order)
