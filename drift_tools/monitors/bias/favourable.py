"""Which labels and predictions are the favourable outcome, and columns in which nobody can have meant it so."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from drift_tools.errors import InputError
from drift_tools.monitors.bias.counts import Truths
from drift_tools.monitors.bias.facets import Cells, Selection, Value, category, distinct, select

_TRUTHS: Final = {"true": "1", "false": "0"}
_NUMBERS: Final = {number: truth for truth, number in _TRUTHS.items()}
_SHOWN: Final = 5


def favourable(name: str, cells: Cells, positive: Sequence[Value]) -> Selection:
    """Choose the rows with a favourable outcome, as `select` does; in a column of truths 1 is true and 0 false, and the
    other way round.
    """
    wanted = [category(value) for value in positive]
    for spelt in (_TRUTHS, _NUMBERS):
        if set(wanted) <= spelt.keys() and distinct(cells) <= set(spelt.values()):
            chosen = select(name, cells, [*(spelt[value] for value in wanted), *wanted]).chosen
            return Selection(",".join(wanted), chosen)
    return select(name, cells, positive)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A column of labels or predictions, and its rows with a favourable one."""

    name: str
    cells: Cells
    chosen: Truths


def require_one_spelling(label: Outcome, predicted: Outcome) -> None:
    """Refuse labels and predictions that have no value in common, and of which one side is never favourable.

    Every metric of them is a number: nothing in it tells that a class is spelt otherwise.
    """
    found, others = distinct(label.cells), distinct(predicted.cells)
    never = [
        side for side, values in ((label, found), (predicted, others)) if len(values) > 1 and not side.chosen.any()
    ]
    if never and found.isdisjoint(others):
        raise InputError(
            f"{label.name!r} is {_some(found)} and {predicted.name!r} is {_some(others)}: spell the classes alike"
        )


def require_favourable(sides: Sequence[Outcome], positive: Sequence[Value]) -> None:
    """Refuse a baseline in which no outcome is favourable: every metric of it is 0 or undefined."""
    if any(side.chosen.any() for side in sides):
        return
    what = " and ".join(f"{side.name!r} is {_some(distinct(side.cells))}" for side in sides)
    wanted = ", ".join(map(category, positive))
    raise InputError(f"no row has the favourable outcome {wanted}: {what}; name a value that occurs")


def _some(values: Collection[str]) -> str:
    found = sorted(values)
    return ", ".join(map(repr, found[:_SHOWN])) + (", …" if len(found) > _SHOWN else "")
