"""Which class is the positive one, whatever is written in the rows and whoever names it."""

import math
from typing import Any

import numpy as np
import pytest

from drift_tools.errors import InputError
from drift_tools.monitors import model_quality as mq
from drift_tools.monitors.model_quality import Outcomes, QualityConstraints
from drift_tools.tables import Column, read_csv_text


@pytest.mark.parametrize(("named", "said"), [("yess", "yess"), ("Yes", "Yes"), ("fraud ", "fraud"), ("2", "2")])
def test_a_positive_class_that_is_neither_of_two_is_refused(named: str, said: str) -> None:
    table = read_csv_text("said,label\n0,1\n1,1\n0,0\n")
    with pytest.raises(InputError) as caught:
        mq.read_outcomes(table, **BINARY, inference="said", positive_label=named)
    assert str(caught.value) == (
        f"positive_label is {said!r}, and the labels and predictions are '0', '1': name one of these two"
    )
    # One class alone may be the other one.
    assert len(mq.read_outcomes(read_csv_text("said,label\nno,no\n"), **BINARY, inference="said", positive_label=named))


def test_class_names_do_not_depend_on_how_a_class_is_written() -> None:
    column = Column.from_cells("x", ["1", "1.0", "true", "TRUE", "0", "False", "cat", None, "2.5"])
    assert mq.class_names(column).tolist() == ["1", "1", "1", "1", "0", "0", "cat", "", "2.5"]


BINARY: dict[str, Any] = {"problem_type": "BinaryClassification", "ground_truth": "label"}


@pytest.mark.parametrize("negative", ["0", "false", "0.0", "-1", "no", "No"])
def test_an_hour_without_positives_does_not_swap_the_classes(negative: str) -> None:
    # 270 false alarms among 300 rows of the negative class.
    table = read_csv_text("p,label\n" + f"0.9,{negative}\n" * 270 + f"0.1,{negative}\n" * 30)
    quality = mq.measure(mq.read_outcomes(table, **BINARY, probability="p"))
    assert quality.metrics["accuracy"] == 0.1
    assert quality.metrics["true_negative_rate"] == 0.1
    assert quality.metrics["false_positive_rate"] == 0.9
    assert quality.metrics["precision"] == 0.0
    assert all(math.isnan(quality.metrics[name]) for name in ("recall", "f1", "auc"))
    assert quality.metrics["accuracy_best_constant_classifier"] == 0.0


@pytest.mark.parametrize(
    ("label", "prediction", "positive"),
    [
        ("0", "0", "1"),
        ("0", "1", "1"),
        ("1", "1", "1"),
        ("false", "true", "1"),
        ("-1", "-1", "1"),
        ("no", "no", "yes"),
        ("NO", "YES", "YES"),
        ("yes", "yes", "yes"),
        ("0", "2", "2"),
    ],
)
def test_the_positive_class_is_found_among_labels_and_predictions(label: str, prediction: str, positive: str) -> None:
    table = read_csv_text(f"said,label\n{prediction},{label}\n")
    data = mq.read_outcomes(table, **BINARY, inference="said")
    assert data.positive_label == positive
    assert mq.measure(data).positive_label == positive


@pytest.mark.parametrize(
    ("rows", "seen"),
    [
        ("bad,bad\n", "'bad'"),
        ("2,2\n", "'2'"),
        ("a,b\nb,c\n", "'a', 'b', 'c'"),
        ("a,b\nc,d\ne,f\n", "'a', 'b', 'c', 'd', 'e', …"),
    ],
)
def test_a_positive_class_that_only_a_guess_would_find_must_be_named(rows: str, seen: str) -> None:
    table = read_csv_text("said,label\n" + rows)
    with pytest.raises(InputError) as caught:
        mq.read_outcomes(table, **BINARY, inference="said")
    assert str(caught.value) == (
        f"the labels and predictions are {seen}, which does not say which class is the positive one: "
        "name it in positive_label"
    )
    if "c" in rows:
        with pytest.raises(InputError, match="which is not one set of two classes: spell them alike"):
            mq.read_outcomes(table, **BINARY, inference="said", positive_label="a")
    else:
        assert mq.read_outcomes(table, **BINARY, inference="said", positive_label="True").positive_label == "1"
    several = mq.read_outcomes(table, problem_type="MulticlassClassification", ground_truth="label", inference="said")
    assert mq.measure(several).positive_label is None


@pytest.mark.parametrize(
    ("positive", "label", "expected"),
    [
        (None, "1", ["0", "1"]),
        (None, "yes", ["no", "yes"]),
        ("0", "0", ["1", "0"]),
        ("bad", "good", ["good", "bad"]),
    ],
)
def test_what_a_probability_says_where_one_class_has_no_label(
    positive: str | None, label: str, expected: list[str]
) -> None:
    table = read_csv_text(f"p,label\n0.2,{label}\n0.8,{label}\n")
    data = mq.read_outcomes(table, **BINARY, probability="p", positive_label=positive)
    assert data.predictions.tolist() == expected


def of_classes(negative: str, positive: str) -> mq.ModelQuality:
    table = read_csv_text(f"said,label\n{positive},{positive}\n{negative},{negative}\n")
    return mq.measure(mq.read_outcomes(table, **BINARY, inference="said", positive_label=positive))


def test_constraints_remember_a_positive_class_that_is_not_the_usual_one() -> None:
    assert "positive_label" not in mq.suggest(of_classes("0", "1")).to_dict()
    for positive, negative in (("fraud", "fair"), ("0", "1")):
        constraints = mq.suggest(of_classes(negative, positive))
        document = constraints.to_dict()
        assert document["positive_label"] == positive
        assert "positive_label" not in document["binary_classification_constraints"]
        assert QualityConstraints.from_dict(document) == constraints
    assert mq.suggest(mq.measure(Outcomes("Regression", np.ones(3), np.ones(3)))).positive_label is None


def test_thresholds_of_another_class_are_refused() -> None:
    constraints = mq.suggest(of_classes("fair", "fraud"))
    assert mq.evaluate(of_classes("fair", "fraud"), constraints) == ()
    with pytest.raises(InputError, match="positive class 'fraud', and positive_label is 'fair': name that class"):
        mq.evaluate(of_classes("fraud", "fair"), constraints)
    # Thresholds that nobody measured say nothing of a class.
    assert mq.evaluate(of_classes("fraud", "fair"), QualityConstraints("BinaryClassification", {})) == ()


def test_a_remembered_class_is_a_text() -> None:
    document = {"binary_classification_constraints": {}, "positive_label": 2}
    with pytest.raises(InputError, match="positive_label is 2: give the class as text, or leave it out"):
        QualityConstraints.from_dict(document)
    assert QualityConstraints.from_dict({**document, "positive_label": "2.0"}).positive_label == "2"
