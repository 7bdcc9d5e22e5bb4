"""Labels and predictions that are spelt in several ways: the same numbers, or an error that says so; never zeros."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.bias import BiasAnalysis, BiasSettings, Facet, measure_table
from drift_tools.tables import Column, Table, as_table

ROWS = 400
RNG = np.random.default_rng(0)
SEX = RNG.choice(["f", "m"], ROWS)
LABEL, PREDICTED = RNG.random((2, ROWS)) < np.where(SEX == "f", 0.4, 0.6)
SPELLINGS: dict[str, Callable[[NDArray[np.bool_]], NDArray[Any]]] = {
    "numbers": lambda truths: truths.astype(float),
    "truths": lambda truths: truths,
    "texts": lambda truths: np.where(truths, "True", "False"),
    "codes": lambda truths: np.where(truths, "1", "0"),
}


def measured(label: object, predicted: object, positive: object, *, is_baseline: bool = True) -> BiasAnalysis:
    table = as_table({"sex": SEX, "label": label, "predicted": predicted})
    settings = BiasSettings("label", [positive], [Facet("sex", ["f"])], predicted="predicted")  # type: ignore[list-item]
    return measure_table(table, settings, is_baseline=is_baseline)


def values(analysis: BiasAnalysis) -> dict[str, float | None]:
    return {name: found.value for name, found in analysis.groups[0].values.items()}


@pytest.mark.parametrize("positive", [1, "1", True, "true"], ids=repr)
@pytest.mark.parametrize("predicted", SPELLINGS)
@pytest.mark.parametrize("label", SPELLINGS)
def test_a_truth_is_one_however_it_is_spelt(label: str, predicted: str, positive: object) -> None:
    found = values(measured(SPELLINGS[label](LABEL), SPELLINGS[predicted](PREDICTED), positive))
    f = SEX == "f"
    assert found["DPL"] == pytest.approx(LABEL[~f].mean() - LABEL[f].mean())
    assert found["DPPL"] == pytest.approx(PREDICTED[~f].mean() - PREDICTED[f].mean())
    assert found == values(measured(SPELLINGS["numbers"](LABEL), SPELLINGS["numbers"](PREDICTED), 1))


def test_a_baseline_without_a_favourable_outcome_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        measured(np.where(LABEL, "yes", "no"), np.where(PREDICTED, "yes", "no"), "Yes")
    assert str(caught.value) == (
        "no row has the favourable outcome Yes: 'label' is 'no', 'yes' and 'predicted' is 'no', 'yes'; name a value "
        "that occurs"
    )


def test_a_window_may_have_none() -> None:
    never = np.zeros(ROWS)
    assert values(measured(never, never, 1, is_baseline=False))["DPL"] == 0


@pytest.mark.parametrize("is_baseline", [True, False])
def test_classes_that_are_spelt_in_two_ways_are_refused(is_baseline: bool) -> None:
    with pytest.raises(InputError) as caught:
        measured(np.where(LABEL, "yes", "no"), PREDICTED.astype(int), "yes", is_baseline=is_baseline)
    assert str(caught.value) == ("'label' is 'no', 'yes' and 'predicted' is '0', '1': spell the classes alike")


def from_csv(cells: Sequence[str | None]) -> Column:
    return Column.from_cells("label", cells)


def test_a_rare_class_that_is_a_text_counts_and_a_word_for_missing_does_not() -> None:
    """Of a CSV, where nobody says what a cell is: three in a hundred are refused, and as many have no label."""
    cells = ["refused" if at % 33 == 0 else "NA" if at % 33 == 1 else str(at % 2) for at in range(ROWS)]
    table = Table.of([Column.from_cells("sex", SEX.tolist()), from_csv(cells)], ROWS)
    [group] = measure_table(table, BiasSettings("label", ["1"], [Facet("sex", ["f"])])).groups
    kept = np.array(cells) != "NA"
    f, positive = SEX[kept] == "f", np.array(cells)[kept] == "1"
    assert group.rows + group.rest == kept.sum()
    assert group.values["DPL"].value == pytest.approx(positive[~f].mean() - positive[f].mean())
