"""The filters of a transform job over columns of CSV: which the model saw, and which of a row were written.

Source: developer guide, "Associate Prediction Results with Input Records", "Supported JSONPath Operators": `$`, `$[0]`,
`$[0,-1]`, `$[1:]`, `$[:-1]`.
"""

import re
from collections.abc import Sequence
from typing import Final

from drift_tools.errors import InputError

_FORM: Final = re.compile(r"\$(?:\[(?P<slice>-?\d*:-?\d*)\]|\[(?P<list>-?\d+(?:\s*,\s*-?\d+)*)\])?")
# More columns than any row has.
_MOST: Final = 100_000


def positions(text: str | None, total: int) -> Sequence[int]:
    """Which of so many columns a filter keeps, in its order; all without one.

    Raises `InputError` for one that names no columns of CSV.
    """
    match = _FORM.fullmatch((text or "$").replace(" ", ""))
    if match is None:
        raise InputError(f"the transform job's filter {text!r} names no columns of CSV: write $[0], $[0,-1] or $[1:]")
    if match["slice"] is not None:
        start, end = (int(part) if part else None for part in match["slice"].split(":"))
        return range(total)[start:end]
    if match["list"] is None:
        return range(total)
    found = [int(part) for part in match["list"].split(",")]
    return [index + total if index < 0 else index for index in found if -total <= index < total]


def width_before(text: str | None, kept: int) -> int | None:
    """How many columns there were of which a filter kept so many; None where that cannot be told."""
    if kept == 0:
        return None
    if len(positions(text, _MOST)) == len(positions(text, _MOST - 1)):
        return None  # a list of columns, or a slice with two ends: the same however many there were
    # A slice that is open at one end keeps all but so many.
    left_out = _MOST - len(positions(text, _MOST))
    return kept + left_out


def selected(text: str | None, names: Sequence[str]) -> list[str]:
    """The columns that a filter keeps."""
    return [names[position] for position in positions(text, len(names))]
