"""The quality before labels on two real data sets: against NannyML's own estimates, and what the labels later say.

`nannyml.json` and the data come from `benchmarks/peers/nannyml_estimates.py`; the employment answers are those of
`examples/employment` (American Community Survey, Massachusetts).
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, precision_score, recall_score, roc_auc_score

from drift_tools.errors import InputError
from drift_tools.monitors.model_quality import AnswerColumns, EstimatedQuality, fit_before_labels
from drift_tools.tables import Table, as_table

HERE = Path(__file__).parent
NANNYML = json.loads((HERE / "nannyml.json").read_text())
FEATURES = ["HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"]
YEARS = ("2015", "2016", "2017", "2018")


@cache
def people() -> Any:
    return pd.read_parquet(HERE / "employment_answers.parquet")


@cache
def houses() -> Any:
    return pd.read_parquet(HERE / "california_housing.parquet")


def table(frame: Any, columns: list[str]) -> Table:
    return as_table(frame[columns].reset_index(drop=True))


@cache
def of_people(window: str) -> EstimatedQuality:
    names = AnswerColumns(inference="prediction", probability="probability")
    rows, columns = people(), ["prediction", "probability", "label"]
    fitted = fit_before_labels(
        table(rows[rows.window == "baseline"], columns), names, problem_type="BinaryClassification", label="label"
    )
    return fitted.estimate(table(rows[rows.window == window], columns[:2]), names)


@cache
def of_houses(problem_type: str) -> dict[int, EstimatedQuality]:
    rows = houses()
    before = rows[rows.window == -1]
    if problem_type == "Regression":
        before = before[~before.trained]
        names, columns, label = AnswerColumns(inference="income"), ["income", *FEATURES], "MedInc"
    else:
        names, label = AnswerColumns(inference="y_pred", probability="y_pred_proba"), "clf_target"
        columns = ["y_pred", "y_pred_proba", *FEATURES]
    fitted = fit_before_labels(table(before, [*columns, label]), names, problem_type=problem_type, label=label)
    windows = {int(name): rows[rows.window == name] for name in range(6)}
    return {name: fitted.estimate(table(found, columns), names) for name, found in windows.items()}


@cache
def of_ages(year: str) -> EstimatedQuality:
    rows, names = pd.read_parquet(HERE / "employment_ages.parquet"), AnswerColumns(inference="guess")
    columns = [name for name in rows.columns if name not in ("window", "AGEP")]
    before = table(rows[rows.window == -1], [*columns, "AGEP"])
    fitted = fit_before_labels(before, names, problem_type="Regression", label="AGEP")
    return fitted.estimate(table(rows[rows.window == int(year)], columns), names)


@cache
def of_classes(name: str, window: int) -> EstimatedQuality:
    rows = pd.read_parquet(HERE / f"{name}.parquet")
    scores = {column.removeprefix("probability_"): column for column in rows if column.startswith("probability_")}
    names, columns = AnswerColumns(inference="prediction", probabilities=scores), ["prediction", *scores.values()]
    before = table(rows[rows.window == -1], [*columns, "label"])
    fitted = fit_before_labels(before, names, problem_type="MulticlassClassification", label="label")
    return fitted.estimate(table(rows[rows.window == window], columns), names)


class TestNannyML:
    @pytest.mark.parametrize("window", [*YEARS, "faulty"])
    def test_employment(self, window: str) -> None:
        ours = of_people(window).metrics
        assert set(ours) == set(NANNYML["employment"][window])
        for name, (value, low, high) in NANNYML["employment"][window].items():
            assert ours[name].value == pytest.approx(value, abs=1e-4)
            if name != "auc":  # whose error NannyML makes too small
                assert [ours[name].low, ours[name].high] == pytest.approx([low, high], abs=1e-4)

    @pytest.mark.parametrize("window", range(6))
    def test_housing(self, window: int) -> None:
        for name, (value, _, _) in NANNYML["housing"][str(window)].items():
            assert of_houses("BinaryClassification")[window].metrics[name].value == pytest.approx(value, abs=1e-4), name

    @pytest.mark.parametrize("window", range(6))
    def test_errors_of_a_regression_of_numbers(self, window: int) -> None:
        """The same trees, to the digits that single precision has."""
        for name, (value, low, high) in NANNYML["income"][str(window)].items():
            ours = of_houses("Regression")[window].metrics[name]
            assert ours.value == pytest.approx(value, rel=1e-5)
            assert ours.high - ours.low == pytest.approx(high - low, rel=0.02)

    @pytest.mark.parametrize("year", YEARS[1:])
    def test_errors_of_a_regression_of_categories_within_a_point(self, year: str) -> None:
        """LightGBM smooths categories, scikit-learn does not."""
        for name, (value, _, _) in NANNYML["ages"][year].items():
            assert of_ages(year).metrics[name].value == pytest.approx(value, rel=0.01), name

    @pytest.mark.parametrize("name", ["marital", "thirds"])
    def test_several_classes(self, name: str) -> None:
        for window, metrics in NANNYML[name].items():
            ours = of_classes(name, int(window)).metrics
            assert set(ours) == set(metrics)
            for metric, (value, _, _) in metrics.items():
                assert ours[metric].value == pytest.approx(value, abs=1e-4), (window, metric)


class TestWhatTheLabelsSay:
    @pytest.mark.parametrize("year", YEARS)
    def test_employment_lies_in_the_interval(self, year: str) -> None:
        rows = people()[people().window == year]
        found = of_people(year)
        truth = {
            "accuracy": accuracy_score(rows.label, rows.prediction),
            "precision": precision_score(rows.label, rows.prediction),
            "recall": recall_score(rows.label, rows.prediction),
            "f1": f1_score(rows.label, rows.prediction),
            "auc": roc_auc_score(rows.label, rows.probability),
        }
        assert found.is_trusted
        for name, value in truth.items():
            assert found.metrics[name].low <= value <= found.metrics[name].high, name

    def test_houses_elsewhere_are_not_trusted_and_the_errors_are_indeed_wrong(self) -> None:
        """Reference and analysis are different places in California: some windows lie outside of the reference."""
        found = of_houses("Regression")
        doubted = [window for window, one in found.items() if not one.is_trusted]
        assert doubted
        assert all("Latitude" in found[window].doubt or "Longitude" in found[window].doubt for window in doubted)
        rows = houses()
        gaps = {
            name: abs(
                one.metrics["mae"].value
                - mean_absolute_error(rows[rows.window == name].MedInc, rows[rows.window == name].income)
            )
            for name, one in found.items()
        }
        assert max(gaps, key=lambda name: gaps[name]) in doubted


class TestWords:
    def test_an_estimate_says_that_it_is_one(self) -> None:
        assert of_people("2018").sentence == (
            "Estimated before labels: accuracy 0.821 (0.791 to 0.851; 0.819 in the baseline)."
        )
        document = of_people("2018").to_dict()
        assert document["is_estimate"] is document["trusted"] is True
        assert document["rows"] == 1500
        assert set(document["metrics"]["auc"]) == {"estimate", "low", "high", "baseline"}

    def test_rows_of_another_kind_are_named(self) -> None:
        ages = [float(20 + age % 40) for age in range(400)]
        data = {"prediction": [0, 1] * 200, "probability": [0.2, 0.8] * 200, "age": ages, "where": ["a", "b"] * 200}
        names = AnswerColumns(inference="prediction", probability="probability")
        labelled = as_table(pd.DataFrame(data | {"label": ([0] * 3 + [1] * 3 + [0, 1]) * 50}))
        fitted = fit_before_labels(labelled, names, problem_type="BinaryClassification", label="label")
        assert fitted.estimate(as_table(pd.DataFrame(data)), names).doubt == ""
        odd = pd.DataFrame(data | {"age": [age * 12 for age in ages], "where": ["a", "b", "c", "b"] * 100})
        assert fitted.estimate(as_table(odd), names).doubt == (
            "100 % of the rows have values that the baseline has not (age, where)"
        )

    @pytest.mark.parametrize(
        ("problem_type", "columns", "words"),
        [
            ("BinaryClassification", AnswerColumns(inference="prediction"), "probability_attribute is missing"),
            ("MulticlassClassification", AnswerColumns(inference="prediction"), "every class's probability"),
            ("Regression", AnswerColumns(inference="prediction"), "and of the features are needed"),
        ],
    )
    def test_what_cannot_be_estimated_says_what_is_needed(
        self, problem_type: str, columns: AnswerColumns, words: str
    ) -> None:
        rows = as_table({"prediction": [0, 1], "label": [0, 1]})
        with pytest.raises(InputError, match=words):
            fit_before_labels(rows, columns, problem_type=problem_type, label="label")
