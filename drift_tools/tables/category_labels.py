"""Categories that programs spell differently although they mean the same: pandas writes `True` and `1.0` where JSON has
`true` and `1`.

Columns keep what their sources wrote, and so do statistics.json and constraints.json; only where two sides are held
against each other are both brought to one spelling. What that is depends on which categories there are, and not on
how often or in which order they occur.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from drift_tools.tables.column import Texts
from drift_tools.tables.moments import moment_of

TRUTHS = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_FLAGS = {"0": "false", "0.0": "false", "1": "true", "1.0": "true"}
# No zero in front, which makes `03` another code than `3`. Zeros behind a point stay unless nothing else is there: 1.10
# may be a version.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_WHOLE = re.compile(r"(-?[0-9]+)\.0+")


def common_spelling(*sides: Collection[str]) -> dict[str, str]:
    """Another spelling for some of the categories of the same column's sides: of truths, if one side has nothing else
    (then zeros and ones of a side that has nothing else are truths, too), of whole numbers, if all sides have only
    numbers that are written without a zero in front, and of dates and times, if all sides have nothing else: as the
    first side has the same moment.

    >>> common_spelling({"True", "False"}, {"true"})
    {'False': 'false', 'True': 'true'}
    >>> common_spelling({"true", "false"}, {"1", "0.0"})
    {'0.0': 'false', '1': 'true'}
    >>> common_spelling({"1", "2.5"}, {"1.0"}), common_spelling({"01", "2"}, {"2.0"})
    ({'1.0': '1'}, {})
    >>> common_spelling({"2026-01-31 00:00:00+00:00"}, {"2026-01-31", "2026-02-01"})
    {'2026-01-31': '2026-01-31 00:00:00+00:00'}
    """
    if any(side and TRUTHS.issuperset(side) for side in sides):
        new = {name: name.lower() for side in sides for name in side if name in TRUTHS}
        new |= {name: _FLAGS[name] for side in sides if _FLAGS.keys() >= set(side) for name in side}
    elif all(_PLAIN_NUMBER.fullmatch(name) for side in sides for name in side):
        new = {name: _shortest(name) for side in sides for name in side}
    else:
        new = _as_first_written(sides)
    return {name: spelling for name, spelling in sorted(new.items()) if spelling != name}


def _as_first_written(sides: Sequence[Collection[str]]) -> dict[str, str]:
    """Each date and time as it is first written; nothing if any category is none."""
    first: dict[float, str] = {}
    new = {}
    for side in sides:
        for name in sorted(side):
            moment = moment_of(name)
            if moment is None:
                return {}
            new[name] = first.setdefault(moment, name)
    return new


def known_spelling(known: Collection[str]) -> Callable[[str], str]:
    """How known categories spell another one: of truths, of plain numbers, and of dates and times, if they are nothing
    else. Unlike `common_spelling` it looks at one category at a time, whatever stands beside it.

    >>> known_spelling({"True", "False"})("true"), known_spelling({"True", "False"})("0")
    ('True', 'False')
    >>> known_spelling({"1", "2"})("1.0"), known_spelling({"1", "x"})("1.0")
    ('1', '1.0')
    """
    for meaning in (_truth, _number, moment_of):
        if known and all(meaning(name) is not None for name in known):
            spelt = {meaning(name): name for name in sorted(known, reverse=True)}
            return partial(_as_known, spelt, meaning)
    return str


def _as_known(spelt: Mapping[Any, str], meaning: Callable[[str], Any], name: str) -> str:
    return spelt.get(meaning(name), name)


def _truth(name: str) -> str | None:
    return name.lower() if name in TRUTHS else _FLAGS.get(name)


def _number(name: str) -> str | None:
    return _shortest(name) if is_plain_number(name) else None


def is_plain_number(name: str) -> bool:
    """Whether a category is a number without a zero in front, which `common_spelling` may spell in another way.

    >>> is_plain_number("1.0"), is_plain_number("01")
    (True, False)
    """
    return _PLAIN_NUMBER.fullmatch(name) is not None


def _shortest(number: str) -> str:
    shortest = _WHOLE.sub(r"\1", number)
    return "0" if shortest == "-0" else shortest


def respelt(counts: Mapping[str, int], new: Mapping[str, str]) -> dict[str, int]:
    """Counts by category under the new spelling.

    >>> respelt({"1": 2, "1.0": 3}, {"1.0": "1"})
    {'1': 5}
    """
    if not new:
        return dict(counts)
    found: dict[str, int] = {}
    for name, count in counts.items():
        spelling = new.get(name, name)
        found[spelling] = found.get(spelling, 0) + count
    return found


def respelt_cells(texts: Texts, new: Mapping[str, str]) -> Texts:
    """Cells under the new spelling."""
    if not new:
        return texts
    cells: Texts = np.empty(len(texts), dtype=object)
    cells[:] = [new.get(text, text) for text in texts]
    return cells
