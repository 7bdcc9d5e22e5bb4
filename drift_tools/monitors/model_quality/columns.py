"""The few columns that model quality is measured from, kept of a window that is read a batch at a time.

A window of a million records has as many rows of features, of which model quality looks at none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.outcomes import column_name
from drift_tools.tables import Column, Table

GROUND_TRUTH: Final = "ground_truth_attribute"
INFERENCE: Final = "inference_attribute"
PROBABILITY: Final = "probability_attribute"
# Of a batch three columns are kept: small batches cost nothing, and their features less memory.
BATCH_ROWS: Final = 50_000


@dataclass(slots=True)
class QualityColumns:
    """`wanted`: by the variable that asks for it, a column's name or position; the variables name what is kept.

    Names and positions mean the columns of the whole window, in the order in which its records first show them: a
    column that a batch does not have is missing there.
    """

    wanted: Mapping[str, str]
    problem_type: str
    _seen: dict[str, None] = field(default_factory=dict)
    _runs: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    _texts: dict[str | None, str | None] = field(default_factory=dict)

    def add(self, batch: Table) -> None:
        """Keep what is needed of a batch."""
        self._seen |= dict.fromkeys(batch.names)
        for what in self.wanted:
            self._runs.setdefault(what, []).append(self._cells(what, self._find(what, batch), batch.rows))

    def table(self) -> Table:
        """All batches, one below the other. Raises `InputError` if a column is in none of them."""
        if self._seen:
            for what, name in self.wanted.items():
                column_name(list(self._seen), name, what)
        columns = [self._column(what, self._runs.get(what, [])) for what in self.wanted]
        return Table.of(columns, len(columns[0]) if columns else 0)

    def is_number(self, what: str) -> bool:
        """Whether this column is measured as numbers; if not, its texts are the names of classes."""
        return self.problem_type == "Regression" or what == PROBABILITY

    def _find(self, what: str, batch: Table) -> Column | None:
        try:
            return batch.columns.get(column_name(list(self._seen), self.wanted[what], what))
        except InputError:
            return None  # perhaps a later batch has it

    def _cells(self, what: str, column: Column | None, rows: int) -> NDArray[Any]:
        if self.is_number(what):
            return np.full(rows, np.nan) if column is None else column.as_numbers()[0]
        cells = np.full(rows, None, dtype=object)
        if column is not None:
            # Each class once, and not a string for every row.
            cells[:] = [self._texts.setdefault(text, text) for text in column.as_texts()]
        return cells

    def _column(self, what: str, runs: list[NDArray[Any]]) -> Column:
        if self.is_number(what):
            return Column.from_numbers(what, np.concatenate([np.empty(0), *runs]))
        return Column.from_strings(what, np.concatenate([np.empty(0, dtype=object), *runs]).tolist())
