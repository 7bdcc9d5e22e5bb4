"""What a section of a page holds: sentences, pictures, and a table by period."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from markupsafe import Markup

from drift_tools.report.words import number

BASELINE = "baseline"
_LARGE = 100


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with its heading; `baseline`, `current`: what is filled and what is an outline in it, empty where it is
    drawn in lines of their own.
    """

    title: str
    chart: Markup
    baseline: str = ""
    current: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure as text, and whether the monitor called it drift."""

    text: str
    drifted: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """`title`: the question that it answers; `note`: what the figures are; `says`: by period, what the monitor said;
    `rows`: by name the figures of each of `columns`; `marked`: (name, column) of those that the monitor called drift;
    `is_unsure`: nobody can tell of the last run.
    """

    title: str
    note: str
    says: Mapping[str, str]
    columns: Sequence[str]
    rows: Mapping[str, Sequence[str]]
    marked: frozenset[tuple[str, str]] = frozenset()
    pictures: tuple[Picture, ...] = field(default=())
    is_drifted: bool = False
    is_unsure: bool = False

    @property
    def table(self) -> list[tuple[str, list[Cell]]]:
        """The rows as cells, in their order."""
        return [
            (
                name,
                [Cell(text, (name, column) in self.marked) for text, column in zip(texts, self.columns, strict=True)],
            )
            for name, texts in self.rows.items()
        ]


def together(lists: Sequence[Sequence[str]]) -> list[str]:
    """All names of several lists, each once, in the order in which they are met."""
    return list(dict.fromkeys(chain.from_iterable(lists)))


def figure(value: float | None) -> str:
    """A number with three decimals, a large one with fewer; a dash where there is none.

    >>> figure(-0.00042), figure(0.7891), figure(12345.678), figure(None)
    ('0.000', '0.789', '12,345.7', '–')
    """
    if value is None or not math.isfinite(value):
        return number(value)
    return number(value) if abs(value) >= _LARGE else f"{value:.3f}".replace("-0.000", "0.000")
