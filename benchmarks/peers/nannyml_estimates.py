"""NannyML's estimates of the quality before labels, for tests/drift_tools/estimation: the oracle of this project's own.

In an environment with nannyml.txt: `python benchmarks/peers/nannyml_estimates.py`. It cuts NannyML's own copy of the
California housing data (1990 census, public domain; the model that answers is NannyML's), reads the answers of the
employment example and writes `nannyml.json`. Two problems on the housing data: the classification that NannyML has
answers of, and a linear regression of the median income, trained on every second row of the reference.
"""

import json
import sys
from pathlib import Path
from typing import Any

import nannyml
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression

PLACE = Path(__file__).parents[2] / "tests" / "drift_tools" / "estimation"
EVERY = 2
FEATURES = ["HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"]
WINDOWS = 6
EMPLOYMENT = Path(__file__).parents[2] / "examples" / "employment" / "data" / "employment.parquet"
CATEGORIES = ["SCHL", "MAR", "RELP", "SEX", "RAC1P", "DIS", "CIT", "ESP"]
METRICS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "specificity": "true_negative_rate",
    "f1": "f1",
    "roc_auc": "auc",
    "mae": "mae",
    "mse": "mse",
    "rmse": "rmse",
}


def housing() -> pd.DataFrame:
    """Reference and analysis one below the other, `window` -1 for the reference."""
    reference, analysis, truth = nannyml.load_modified_california_housing_dataset()
    analysis = analysis.merge(truth, on="id")
    analysis["window"] = np.arange(len(analysis)) * WINDOWS // len(analysis)
    reference["window"] = -1
    rows = pd.concat([reference, analysis], ignore_index=True).iloc[::EVERY].reset_index(drop=True)
    before = rows[rows.window == -1]
    trained = LinearRegression().fit(before[FEATURES].iloc[::2], before.MedInc.iloc[::2])
    rows["income"] = trained.predict(rows[FEATURES]).round(6)
    rows["trained"] = False
    rows.loc[before.index[::2], "trained"] = True
    kept = ["window", "trained", *FEATURES, "MedInc", "income", "y_pred", "y_pred_proba", "clf_target"]
    return rows[kept].astype({"y_pred": "int8", "clf_target": "int8", "window": "int8"})


def estimates(estimator: Any, reference: pd.DataFrame, windows: pd.DataFrame) -> dict[str, Any]:
    """By window and metric: estimate, low and high."""
    found: dict[str, Any] = {}
    estimator.fit(reference)
    for name, rows in windows.groupby("window"):
        table = estimator.estimate(rows.reset_index(drop=True)).filter(period="analysis").to_df()
        found[str(name)] = {
            METRICS[metric]: [
                float(table[metric][column].iloc[-1])
                for column in ("value", "lower_confidence_boundary", "upper_confidence_boundary")
            ]
            for metric in METRICS
            if metric in table.columns.get_level_values(0)
        }
    return found


def cbpe(prediction: str, probability: str, label: str) -> Any:
    return nannyml.CBPE(
        y_pred=prediction,
        y_pred_proba=probability,
        y_true=label,
        problem_type="classification_binary",
        metrics=["roc_auc", "f1", "precision", "recall", "specificity", "accuracy"],
        chunk_number=1,
    )


def people_by_age() -> pd.DataFrame:
    """The people of the employment example, their ages guessed by a linear regression on categories; `window` -1 for
    the half of 2015 on which it was not trained.
    """
    rows = pd.read_parquet(EMPLOYMENT)
    rows[CATEGORIES] = rows[CATEGORIES].astype(str)
    codes = pd.get_dummies(rows[CATEGORIES])
    of_first, is_even = rows.year == rows.year.min(), rows.index % 2 == 0
    trained = LinearRegression().fit(codes[of_first & is_even], rows.AGEP[of_first & is_even])
    rows["guess"] = trained.predict(codes).round(4)
    rows["window"] = np.where(of_first, -1, rows.year)
    return rows.loc[~(of_first & is_even), ["window", *CATEGORIES, "AGEP", "guess"]].reset_index(drop=True)


def of_classes(rows: pd.DataFrame, inputs: pd.DataFrame, label: pd.Series) -> pd.DataFrame:
    """The answers of a multinomial logistic regression, trained on every second row of the reference, with labels."""
    before = rows.index[rows.window == -1]
    trained = LogisticRegression(max_iter=200).fit(inputs.loc[before[::2]], label[before[::2]])
    kept = rows.index.difference(before[::2])
    scores = trained.predict_proba(inputs.loc[kept]).round(4)
    scores[:, -1] = 1 - scores[:, :-1].sum(axis=1)  # NannyML takes probabilities that sum up to 1
    found = pd.DataFrame(scores, columns=[f"probability_{name}" for name in trained.classes_])
    found.insert(0, "window", rows.window.loc[kept].to_numpy())
    found["prediction"], found["label"] = trained.predict(inputs.loc[kept]), label[kept].to_numpy()
    return found


def marital() -> pd.DataFrame:
    """The marital status (five classes) of the employment example's people, by age, education and household."""
    rows = pd.read_parquet(EMPLOYMENT)
    rows["window"] = np.where(rows.year == rows.year.min(), -1, rows.year)
    inputs = pd.get_dummies(rows[["SCHL", "RELP", "SEX"]].astype(str)).assign(age=rows.AGEP / 100)
    return of_classes(rows, inputs, "m" + rows.MAR.astype(str))


def incomes(rows: pd.DataFrame) -> pd.DataFrame:
    """The third of the median income (three classes) of the housing data's blocks."""
    label = pd.Series(np.where(rows.MedInc < 2.9, "low", np.where(rows.MedInc < 4.2, "middle", "high")), rows.index)
    inputs = (rows[FEATURES] - rows[FEATURES].mean()) / rows[FEATURES].std()
    return of_classes(rows, inputs, label)


def cbpe_of_classes(rows: pd.DataFrame) -> Any:
    classes = [name.removeprefix("probability_") for name in rows if name.startswith("probability_")]
    return nannyml.CBPE(
        y_pred="prediction",
        y_pred_proba={name: f"probability_{name}" for name in classes},
        y_true="label",
        problem_type="classification_multiclass",
        metrics=["roc_auc", "f1", "precision", "recall", "specificity", "accuracy"],
        chunk_number=1,
    )


def main() -> None:
    rows = housing()
    rows.to_parquet(PLACE / "california_housing.parquet", compression="zstd", index=False)
    people = pd.read_parquet(PLACE / "employment_answers.parquet")
    dle = nannyml.DLE(
        feature_column_names=FEATURES, y_pred="income", y_true="MedInc", metrics=["mae", "mse", "rmse"], chunk_number=1
    )
    usable, aged = rows[~rows.trained], people_by_age()
    aged.to_parquet(PLACE / "employment_ages.parquet", compression="zstd", index=False)
    ages = nannyml.DLE(
        feature_column_names=CATEGORIES, y_pred="guess", y_true="AGEP", metrics=["mae", "mse", "rmse"], chunk_number=1
    )
    classes = {"marital": marital(), "thirds": incomes(rows)}
    for name, table in classes.items():
        table.to_parquet(PLACE / f"{name}.parquet", compression="zstd", index=False)
    found = {
        "nannyml": nannyml.__version__,
        "python": sys.version.split()[0],
        "employment": estimates(
            cbpe("prediction", "probability", "label"),
            people[people.window == "baseline"],
            people[people.window != "baseline"],
        ),
        "housing": estimates(
            cbpe("y_pred", "y_pred_proba", "clf_target"), rows[rows.window == -1], rows[rows.window != -1]
        ),
        "income": estimates(dle, usable[usable.window == -1], usable[usable.window != -1]),
        "ages": estimates(ages, aged[aged.window == -1], aged[aged.window != -1]),
        **{
            name: estimates(cbpe_of_classes(table), table[table.window == -1], table[table.window != -1])
            for name, table in classes.items()
        },
    }
    (PLACE / "nannyml.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
