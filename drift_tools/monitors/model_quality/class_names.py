"""Names of classes: how they are written, which is the positive one, and which stands beside it."""

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.tables import Column

_TRUTHS = {"true": "1", "false": "0"}
# Positive classes that need no name, and the class that stands beside each. Also where the positive one does not occur:
# an hour without fraud must not make "no fraud" the class that is measured.
_OPPOSITES = {"1": ("0", "-1"), "yes": ("no",)}
_NEGATIVES = ("0", "-1", "no")
_LONGEST_EXAMPLE = 40
# Python's strings, each class once: an array of fixed width would give every row the bytes of the longest name.
ClassNames: TypeAlias = NDArray[np.object_]


class UnknownPositiveError(InputError):
    """Classes of which nobody can tell which one is the positive one."""


def cut(text: str) -> str:
    """Cut a text to the length of an example."""
    return text if len(text) <= _LONGEST_EXAMPLE else text[:_LONGEST_EXAMPLE] + "…"


def are_opposites(seen: Iterable[str], positive_label: str | None) -> bool:
    """Whether two classes, of which one is only a label and the other only a prediction, may be a model's two: the
    usual ones, or any two where one is known to be the positive one.
    """
    one, other = sorted(seen, key=str.lower)
    is_usual = any(one.lower() in opposites and other.lower() == usual for usual, opposites in _OPPOSITES.items())
    return is_usual or (positive_label is not None and class_name(positive_label) in (one, other))


def letters(name: str) -> str:
    """What is left of a name without its brackets, quotes, blanks and capital letters."""
    return name.strip("[](){} \"'").lower()


def some(names: Iterable[str]) -> str:
    """List some of the names."""
    found = sorted(names)
    return ", ".join(repr(cut(name)) for name in found[:5]) + (", …" if len(found) > 5 else "")


def class_names(column: Column) -> ClassNames:
    """A column as names of classes, `""` where it holds none; `1`, `1.0` and `true` are the same class."""
    texts = column.as_texts()
    known: dict[str | None, str] = {text: "" if text is None else class_name(text) for text in set(texts)}
    names = np.empty(len(texts), dtype=object)
    names[:] = [known[text] for text in texts]
    return names


def class_name(text: str) -> str:
    """Spell a class as it is kept."""
    text = text.strip()
    try:
        value = float(text)
    except ValueError:
        return _TRUTHS.get(text.lower(), text)
    return str(int(value)) if value.is_integer() else text


def positive_class(seen: Iterable[str]) -> str:
    """The positive class of a binary classification in which these classes occur, as labels or as predictions."""
    names = sorted(set(seen) - {""})
    for usual, opposites in _OPPOSITES.items():
        if written := [name for name in names if name.lower() == usual]:
            return written[-1]
        if all(name.lower() in opposites for name in names):
            return usual
    usual_negatives = [name for name in names if name.lower() in _NEGATIVES]
    if len(names) == 2 and len(usual_negatives) == 1:
        return next(name for name in names if name not in usual_negatives)
    raise UnknownPositiveError(
        f"the labels and predictions are {some(names)}, which does not say which class is the positive one: "
        "name it in positive_label"
    )


def negative_class(labels: ClassNames, positive: str) -> str:
    """What a prediction from a probability says where it does not say `positive`."""
    others = sorted(set(labels.tolist()) - {"", positive})
    return others[0] if others else {"0": "1", "yes": "no"}.get(positive, "0")
