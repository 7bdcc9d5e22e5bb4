"""Bias of a table of labelled rows: which columns are label, prediction and facets, and what is measured of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drift_tools.errors import InputError
from drift_tools.monitors.bias.analysis import BiasAnalysis
from drift_tools.monitors.bias.counts import Truths
from drift_tools.monitors.bias.facets import Cells, Value, is_continuous, is_missing, selections, strata
from drift_tools.monitors.bias.favourable import Outcome, favourable, require_favourable, require_one_spelling
from drift_tools.monitors.bias.measure import BiasData, measure
from drift_tools.tables import MISSING_WORDS, Column, Table


@dataclass(frozen=True, slots=True)
class Facet:
    """A column whose groups are compared; without values every value is a group."""

    name: str
    values: Sequence[Value] = ()


@dataclass(frozen=True, slots=True)
class BiasSettings:
    """What bias is measured of.

    Parameters
    ----------
    label:
        The column of true labels.
    positive:
        The labels that are the favourable outcome; of a continuous label the threshold above which it is.
    facets:
        At least one.
    predicted:
        The column of predicted labels, matched against `positive`, too; None measures the labels alone.
    group_variable:
        The column whose values are the strata of CDDL and CDDPL.
    """

    label: str
    positive: Sequence[Value]
    facets: Sequence[Facet]
    predicted: str | None = None
    group_variable: str | None = None


def measure_table(
    table: Table, settings: BiasSettings, *, is_baseline: bool = False, is_part: bool = False
) -> BiasAnalysis:
    """Measure every group of every facet.

    Rows without a label or a prediction are left out; those without a value of a facet belong to its rest. A window may
    be without a favourable outcome by chance, and a part of it without a class; a baseline may not.

    Raises
    ------
    InputError
        If a column is not there, no row has a label, a facet has no groups, or the classes are not those that are
        asked for.
    """
    label = _cells(table, settings.label, "label")
    predicted = None if settings.predicted is None else _cells(table, settings.predicted, "predicted label")
    known = ~is_missing(label) & (True if predicted is None else ~is_missing(predicted))
    if not known.any():
        raise InputError(f"no row has a value of {settings.label!r} and of what is predicted: name other columns")
    positive = favourable(settings.label, label[known], settings.positive)
    sides = [Outcome(settings.label, label[known], positive.chosen)]
    if predicted is not None:
        name = str(settings.predicted)
        chosen = favourable(name, predicted[known], settings.positive).chosen
        sides.append(Outcome(name, predicted[known], chosen))
        if not is_part:
            require_one_spelling(*sides)
    if is_baseline:
        require_favourable(sides, settings.positive)
    data = BiasData(positive.chosen, None if predicted is None else sides[1].chosen, _strata(table, settings, known))
    groups = []
    for facet in settings.facets:
        cells = _cells(table, facet.name, "facet")[known]
        features = _features(table, settings, facet.name, known)
        with_features = BiasData(data.label, data.predicted, data.strata, features)
        groups += [
            measure(facet.name, group.value_or_threshold, group.chosen, with_features)
            for group in selections(facet.name, cells, facet.values)
        ]
    return BiasAnalysis(settings.label, positive.value_or_threshold, groups)


def _cells(table: Table, name: str, role: str) -> Cells:
    column = table.columns.get(name)
    if column is None:
        raise InputError(f"there is no column {name!r} to be the {role}: there are {', '.join(table.names)}")
    return _as_cells(column)


def _as_cells(column: Column) -> Cells:
    """Numbers where the column is one of numbers, else texts. A text among codes that are numbers is a class of its
    own, however rare: as a number it would be missing, and its row left out.
    """
    if not column.is_mostly_numerical:
        return column.as_texts()
    numbers, strays = column.as_numbers()
    if strays == column.missing_words or is_continuous(numbers, [0]):
        return numbers
    texts = column.as_texts().copy()
    texts[np.isin(texts.astype(str), list(MISSING_WORDS)) & np.isnan(numbers)] = None
    return texts


def _strata(table: Table, settings: BiasSettings, known: Truths) -> "np.typing.NDArray[np.int64] | None":
    if settings.group_variable is None:
        return None
    return strata(_cells(table, settings.group_variable, "group variable")[known])


def _features(
    table: Table, settings: BiasSettings, facet: str, known: Truths
) -> "np.typing.NDArray[np.float64] | None":
    """The columns that are neither label nor prediction nor the facet, for the flip test; None if one is no number."""
    used = {settings.label, settings.predicted, facet}
    columns = [column for name, column in table.columns.items() if name not in used]
    if not columns or not all(column.is_numerical for column in columns):
        return None
    return np.column_stack([column.as_numbers()[0][known] for column in columns])
