"""What an estimate before labels stands on; refused where it is anything else, of which plain figures would come."""

from collections.abc import Collection
from typing import Final

import numpy as np

from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.class_names import ClassNames, some
from drift_tools.monitors.model_quality.outcomes import column, numbers_of, require_probabilities
from drift_tools.tables import Numbers, Table

_NONE: Final = ""  # a cell without a class


def probabilities_of(table: Table, name: str, what: str) -> Numbers:
    """Read a column of probabilities, NaN where there is none. Raises `InputError` for percents and logits."""
    scores = numbers_of(column(table, name, what), what)
    require_probabilities(scores, what)
    return np.clip(scores, 0.0, 1.0)


def require_known(found: ClassNames, known: Collection[str], where: str) -> None:
    """Refuse classes that are none of those that the estimate is of: they would count as wrong throughout."""
    others = set(found.tolist()) - {_NONE, *known}
    if others:
        raise InputError(
            f"{where} are {some(set(found.tolist()) - {_NONE})}, and the classes that are estimated are {some(known)}: "
            "spell them alike"
        )


def require_every_class(labels: ClassNames, classes: Collection[str]) -> None:
    """Refuse a baseline without labels of some class: nothing can be calibrated to them."""
    absent = set(classes) - set(labels.tolist())
    if absent:
        raise InputError(
            f"no label of the baseline is {some(absent)}: an estimate needs rows of every class, give a baseline that "
            "has them"
        )
