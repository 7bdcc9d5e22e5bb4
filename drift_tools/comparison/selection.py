"""Which columns are compared: those that were asked for, and of the others those that say something about the rows and
are no labels of them (an index, a growing number, the time of the row).
"""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np

from drift_tools.comparison.columns import Sample
from drift_tools.comparison.sources import Samples
from drift_tools.comparison.verdict import MINIMUM_ROWS
from drift_tools.errors import InputError
from drift_tools.measures import are_whole
from drift_tools.timestamps import are_days

_MOSTLY = 0.9
AS_ASKED = "left out as asked"
_INDEX = "labels of the rows: a pandas index, or a partition of the folder"
_TIME = "times that go on where the baseline's end"
_NUMBER = "a number of its own in every row, as rows are numbered"
_ID = re.compile(r"(?:^|[_\s.-])(?:id|ids|uid|guid|uuid|rowid|row|index|nr|no)$|(?<=[a-z])I[dD]$|^unnamed: 0$")
_LABEL = re.compile(
    r"(?:^|[_\s.-])(?:labels?|targets?|outcome|ground_?truth|y_?true)$|^(?:label|target)[_\s.-]|^y$", re.IGNORECASE
)


class Selection(NamedTuple):
    """What `compare` was told of its columns; `asked`: those that an option names, which are compared whatever they
    look like.
    """

    columns: frozenset[str] | None
    exclude: frozenset[str]
    asked: frozenset[str]

    @classmethod
    def of(
        cls,
        before: Samples,
        after: Samples,
        columns: Collection[str] | None,
        exclude: Collection[str],
        asked: Iterable[str],
    ) -> "Selection":
        """Raises `InputError` for a name that neither side has: a misspelt one must not leave the default in force."""
        asked = frozenset(asked)
        known = before.columns.keys() | after.columns.keys()
        for option, names in (("columns", columns or ()), ("exclude", exclude), ("kinds and thresholds", asked)):
            if isinstance(names, str):
                raise InputError(f"{option} is the text {names!r}: give a list of names, such as [{names!r}]")
            for name in names:
                if name not in known:
                    near = get_close_matches(name, known, n=1)
                    fix = f"did you mean {near[0]!r}?" if near else "name a column that one of the tables has"
                    raise InputError(f"{option}: there is no column {name!r}: {fix}")
        if columns is not None and not columns:
            raise InputError("columns is empty: name at least one, or leave it out for all")
        chosen = None if columns is None else frozenset(columns)
        return cls(chosen, frozenset(exclude), asked | (chosen or frozenset()))

    def apply(self, side: Samples) -> Samples:
        """The side without what was not asked for."""
        kept = {
            name: sample
            for name, sample in side.columns.items()
            if name not in self.exclude and (self.columns is None or name in self.columns)
        }
        return Samples(kept, side.rows, side.index)

    def labels_of_rows(self, before: Samples, after: Samples) -> dict[str, str]:
        """Columns that the sides themselves say to be labels of their rows, and why each is left out."""
        names = (before.index | after.index) - self.asked
        return {name: _INDEX for name in names if name in before.columns or name in after.columns}

    def why_left_out(self, before: Sample, after: Sample) -> str | None:
        """Why a column of both sides, looked at, is no feature; None if it is one."""
        if before.name in self.asked or not (before.is_numerical and after.is_numerical):
            return None
        one, two = before.numbers.side, after.numbers.side
        if min(before.rows, after.rows) < MINIMUM_ROWS or not (one.distinct and two.distinct):
            return None
        goes_on = two.minimum > one.maximum
        if before.is_time and after.is_time:
            return _TIME if goes_on and _are_times_of_rows(before, after) else None
        if (one.distinct, two.distinct) != (before.rows, after.rows) or not all(
            are_whole(side.numbers.finite) for side in (before, after)
        ):
            return None
        if looks_like_id(before.name) or (goes_on and _are_numbered(before) and _are_numbered(after)):
            return _NUMBER
        return None


def _are_times_of_rows(before: Sample, after: Sample) -> bool:
    """Whether times that are all later than the baseline's are those of the rows: they are in the order of the rows, or
    hardly repeat. Of days the former is asked for, that several rows have the same, and that the gap is no longer than
    either side: a day in every row may be somebody's birthday.
    """
    sides = (before, after)
    in_order = all(bool((np.diff(side.in_order(numerical=True)) >= 0).all()) for side in sides)
    if not all(are_days(side.numbers.finite.tolist()) for side in sides):
        return in_order or all(side.numbers.side.distinct >= _MOSTLY * side.rows for side in sides)
    one, two = before.numbers.side, after.numbers.side
    is_near = two.minimum - one.maximum <= max(one.maximum - one.minimum, two.maximum - two.minimum)
    return in_order and is_near and all(side.numbers.side.distinct < side.rows for side in sides)


def _are_numbered(sample: Sample) -> bool:
    """Whether the numbers grow from row to row, and by one mostly."""
    steps = np.diff(sample.in_order(numerical=True))
    return bool((steps > 0).all() and np.median(steps) == 1)


def looks_like_id(name: str) -> bool:
    """Whether a column's name says that it numbers things.

    >>> looks_like_id("PassengerId"), looks_like_id("customer_id"), looks_like_id("id"), looks_like_id("paid")
    (True, True, True, False)
    """
    return _ID.search(name) is not None or _ID.search(name.lower()) is not None


def looks_like_label(name: str) -> bool:
    """Whether a column's name says that it is what the model predicts, which comes later than the rows.

    >>> looks_like_label("label"), looks_like_label("clf_target"), looks_like_label("y"), looks_like_label("targeted")
    (True, True, True, False)
    """
    return _LABEL.search(name) is not None
