"""Baselines and windows of which an estimate would be plain figures, and wrong: each is one line that says why."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.model_quality import AnswerColumns, EstimatedQuality, fit_before_labels
from drift_tools.tables import as_table

Columns = dict[str, NDArray[Any]]
ROWS = 300
RNG = np.random.default_rng(0)
SHARES = RNG.dirichlet([1, 1, 1], ROWS)
LETTERS = np.array(list("abc"))
BINARY: Columns = {
    "probability": SHARES[:, 0],
    "prediction": (SHARES[:, 0] >= 0.5).astype(int),
    "label": (RNG.random(ROWS) < SHARES[:, 0]).astype(int),
}
SEVERAL: Columns = {
    **{f"p{place}": SHARES[:, place] for place in range(3)},
    "prediction": SHARES.argmax(1),
    "label": np.array([RNG.choice(3, p=row) for row in SHARES]),
}
BY_CLASS = {"0": "p0", "1": "p1", "2": "p2"}


def binary(baseline: Columns, window: Columns) -> EstimatedQuality:
    columns = AnswerColumns(inference="prediction", probability="probability")
    fitted = fit_before_labels(as_table(baseline), columns, problem_type="BinaryClassification", label="label")
    return fitted.estimate(as_table(window), columns)


def several(baseline: Columns, window: Columns, by_class: dict[str, str] = BY_CLASS) -> EstimatedQuality:
    columns = AnswerColumns(inference="prediction", probabilities=by_class)
    fitted = fit_before_labels(as_table(baseline), columns, problem_type="MulticlassClassification", label="label")
    return fitted.estimate(as_table(window), columns)


def percents(columns: Columns) -> Columns:
    return {
        name: cells * 100 if name.startswith("p") and name != "prediction" else cells for name, cells in columns.items()
    }


CASES: dict[str, tuple[Callable[[], EstimatedQuality], str]] = {
    "percents in a binary window": (
        lambda: binary(BINARY, percents(BINARY)),
        "probability_attribute names values that",
    ),
    "percents in both": (
        lambda: several(percents(SEVERAL), percents(SEVERAL)),
        "class_probabilities names values that",
    ),
    "logits": (
        lambda: several(SEVERAL, SEVERAL | {"p0": np.log(SEVERAL["p0"])}),
        "class_probabilities names values that are no probabilities: 300 of 300 are not from 0 to 1",
    ),
    "labels of one class": (
        lambda: binary(BINARY | {"label": np.zeros(ROWS)}, BINARY),
        "no label of the baseline is '1': an estimate needs rows of every class",
    ),
    "labels without one of three": (
        lambda: several(SEVERAL | {"label": SEVERAL["label"] % 2}, SEVERAL),
        "no label of the baseline is '2'",
    ),
    "a binary window's own spelling": (
        lambda: binary(BINARY, BINARY | {"prediction": np.where(BINARY["prediction"], "yes", "no")}),
        "the window's predictions are 'no', 'yes', and the classes that are estimated are '0', '1': spell them alike",
    ),
    "a window's own spelling": (
        lambda: several(SEVERAL, SEVERAL | {"prediction": LETTERS[SEVERAL["prediction"]]}),
        "the window's predictions are 'a', 'b', 'c', and",
    ),
    "labels' own spelling": (
        lambda: several(SEVERAL | {"label": LETTERS[SEVERAL["label"]]}, SEVERAL),
        "the baseline's labels are 'a', 'b', 'c', and the classes that are estimated are '0', '1', '2'",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused(case: str) -> None:
    call, words = CASES[case]
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_classes_are_alike_as_numbers_truths_and_texts() -> None:
    expected = several(SEVERAL, SEVERAL).metrics
    spelt = SEVERAL | {"label": SEVERAL["label"].astype(float), "prediction": SEVERAL["prediction"].astype(str)}
    assert several(spelt, spelt, {f"{name}.0": column for name, column in BY_CLASS.items()}).metrics == expected
    truths = BINARY | {"label": BINARY["label"] == 1, "prediction": BINARY["prediction"] == 1}
    assert binary(truths, BINARY).metrics == binary(BINARY, truths).metrics == binary(BINARY, BINARY).metrics


def test_errors_whose_squares_are_no_numbers() -> None:
    table: Columns = {"x": SHARES[:, 0], "prediction": SHARES[:, 0], "label": SHARES[:, 1] * 1e200}
    columns = AnswerColumns(inference="prediction")
    with pytest.raises(
        InputError, match=r"a prediction of the baseline is .*e\+199 off its label, too far for its square"
    ):
        fit_before_labels(as_table(table), columns, problem_type="Regression", label="label")
