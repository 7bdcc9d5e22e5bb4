"""The names of fields in JSON files that people write, or change, by hand.

What nothing reads is refused: a switch that is misspelt, or stands where nobody looks for it, looks like one that was
obeyed. Names that begin with `_`, `$` or `//`, and `comment`, are people's own notes.
"""

import math
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final

_NOTES: Final = ("_", "$", "//")
_ALIKE: Final = 0.8


def an_object(document: object, field: str) -> Mapping[str, Any]:
    """Read a JSON object; empty where it is null or absent. Raises `ValueError` for anything else."""
    if document is None:
        return {}
    if isinstance(document, Mapping):
        return document
    raise ValueError(f"{field} is {document!r:.80}: give a JSON object")


def only_known(document: Mapping[str, Any], known: Collection[str], place: str) -> None:
    """Raise `ValueError`, with the fix, for a field that nothing reads."""
    for field in document:
        if field in known or field.startswith(_NOTES) or field == "comment":
            continue
        alike = _alike(field, known)
        fix = f"write {alike}" if alike else f"there are {', '.join(known)}; notes of your own begin with _"
        raise ValueError(f"{place} has {field!r:.80} ({document[field]!r:.40}), which nothing reads: {fix}")


def number_of(value: object) -> float:
    """Read a number, which may be written as text: people turn the scientific notation of AWS's files into it.

    NaN for anything else.

    >>> number_of("1e-1"), number_of(True), number_of(10**400)
    (0.1, nan, nan)
    """
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except (OverflowError, ValueError):  # an integer of 400 digits is JSON, and no float
            return math.nan
    return math.nan


def texts_of(document: object, required: Collection[str], more: Collection[str] = ()) -> dict[str, str]:
    """Read an object of texts: these must be there and not be empty, `more` may; an absent one is empty.

    Raises `ValueError` for anything else.
    """
    if not isinstance(document, Mapping):
        raise ValueError("no JSON object")
    names = (*required, *more)
    only_known(document, names, "it")
    texts = {name: document.get(name, "") for name in names}
    for name, text in texts.items():
        if not isinstance(text, str) or (not text and name in required):
            raise ValueError(f"{name} is {document.get(name)!r:.80}: give a text")
    return texts


def none_misspelt(document: Mapping[str, Any], known: Collection[str], place: str) -> None:
    """Raise `ValueError` for a field that looks like a known one, misspelt; others are whoever wrote the file's own."""
    for field in document.keys() - set(known):
        if alike := _alike(field, known):
            raise ValueError(f"{place} has {field!r:.80}, which nothing reads: write {alike}")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its fields, for `json.loads`; of two of one name, which JSON allows, one would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise TwiceError(f"{twice!r:.80} stands twice in one object: keep one of the two")
    return found


class TwiceError(ValueError):
    """A field that an object has twice."""


def _alike(field: str, known: Collection[str]) -> str | None:
    found = get_close_matches(field, known, 1, _ALIKE) or get_close_matches(field.lower(), known, 1, _ALIKE)
    return found[0] if found else None
