"""What a kind of monitor has to show of a scenario: a table by period, and a sentence on each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """`says`: by period, what the monitor said; `rows`: by name, a cell for each period; `marked`: the cells (name,
    period) that the monitor called drift; `note`: what the figures are.
    """

    title: str
    note: str
    says: Mapping[str, str]
    rows: Mapping[str, Sequence[str]]
    marked: frozenset[tuple[str, str]] = frozenset()

    @property
    def periods(self) -> list[str]:
        """In their order."""
        return list(self.says)
