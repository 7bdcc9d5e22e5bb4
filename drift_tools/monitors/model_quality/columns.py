"""The few columns that model quality is measured from, kept of a window that is read a batch at a time.

A window of a million records has as many rows of features, of which model quality looks at none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.outcomes import NoNumbersError, column_name, numbers_of
from drift_tools.tables import Column, Numbers, Table

GROUND_TRUTH: Final = "ground_truth_attribute"
INFERENCE: Final = "inference_attribute"
PROBABILITY: Final = "probability_attribute"


@dataclass(slots=True)
class QualityColumns:
    """`wanted`: by the variable that asks for it, a column's name or position; the variables name what is kept.

    Names and positions mean the columns of the whole window, in the order in which its records first show them: a
    column that a batch does not have is missing there. Positions count the columns of the answer alone: those of the
    label, whose names begin with `label_prefix`, stand behind it in captured records.
    """

    wanted: Mapping[str, str]
    problem_type: str
    label_prefix: str | None = None
    _seen: dict[str, None] = field(default_factory=dict)
    _runs: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    _texts: dict[str | None, str | None] = field(default_factory=dict)
    _no_numbers: dict[str, NoNumbersError] = field(default_factory=dict)

    def add(self, batch: Table) -> None:
        """Keep what is needed of a batch."""
        self._seen |= dict.fromkeys(batch.names)
        for what in self.wanted:
            self._runs.setdefault(what, []).append(self._cells(what, self._find(what, batch), batch.rows))

    def table(self) -> Table:
        """All batches, one below the other. A probability at a position that the answers do not have is left out where
        they have a prediction (`has_no_probability`). Raises `InputError` if another column is in none of the batches,
        or one of numbers has texts alone.
        """
        wanted = [what for what in self.wanted if not (what == PROBABILITY and self.has_no_probability)]
        for what in wanted if self._seen else ():
            self._name(what)
        columns = [self._column(what, self._runs.get(what, [])) for what in wanted]
        for what, error in self._no_numbers.items():
            if what in wanted and not any(np.isfinite(run).any() for run in self._runs[what]):
                raise error
        return Table.of(columns, len(columns[0]) if columns else 0)

    @property
    def has_no_probability(self) -> bool:
        """Whether the answers have fewer columns than the position of the probability, and a prediction."""
        position = self.wanted.get(PROBABILITY, "")
        if not self._seen or INFERENCE not in self.wanted or not position.isdecimal() or position in self._seen:
            return False
        return int(position) >= len(self._answer())

    @property
    def answer_columns(self) -> int:
        """How many columns the answers have."""
        return len(self._answer())

    def _answer(self) -> list[str]:
        prefix = self.label_prefix
        return [name for name in self._seen if prefix is None or not name.startswith(prefix)]

    def _name(self, what: str) -> str:
        """The name of the column that a variable asks for."""
        name = self.wanted[what]
        return name if name in self._seen else column_name(self._answer(), name, what)

    def is_number(self, what: str) -> bool:
        """Whether this column is measured as numbers; if not, its texts are the names of classes."""
        return self.problem_type == "Regression" or what == PROBABILITY

    def _find(self, what: str, batch: Table) -> Column | None:
        try:
            return batch.columns.get(self._name(what))
        except InputError:
            return None  # perhaps a later batch has it

    def _cells(self, what: str, column: Column | None, rows: int) -> NDArray[Any]:
        if self.is_number(what):
            return np.full(rows, np.nan) if column is None else self._numbers(what, column)
        cells = np.full(rows, None, dtype=object)
        if column is not None:
            # Each class once, and not a string for every row.
            cells[:] = [self._texts.setdefault(text, text) for text in column.as_texts()]
        return cells

    def _numbers(self, what: str, column: Column) -> Numbers:
        try:
            return numbers_of(column, what)
        except NoNumbersError as error:  # perhaps a later batch has some
            self._no_numbers.setdefault(what, error)
            return column.as_numbers()[0]

    def _column(self, what: str, runs: list[NDArray[Any]]) -> Column:
        if self.is_number(what):
            return Column.from_numbers(what, np.concatenate([np.empty(0), *runs]))
        return Column.from_strings(what, np.concatenate([np.empty(0, dtype=object), *runs]).tolist())
