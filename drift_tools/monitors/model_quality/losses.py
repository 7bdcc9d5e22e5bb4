"""Estimate a regression's errors before the labels come: a second model learns, from the baseline, how large they are.

Direct loss estimation (DLE) as NannyML defines it: gradient boosting on the features and the prediction, with the
absolute or squared error as its target; the estimate is the mean of what it says of the window's rows. It holds as long
as what makes an error large is the same as in the baseline.

NannyML's boosting is LightGBM with its defaults. Of numbers scikit-learn's, on LightGBM's own bins, grows the same
trees, to the seventh digit of a row's estimate; categories it cuts by another smoothing, which costs less than a point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.estimation import FEWEST_ROWS, Estimate
from drift_tools.monitors.model_quality.lightgbm_bins import Bins
from drift_tools.tables import Column, Numbers, Table

METRICS: Final = ("mae", "mse", "rmse")
# NannyML's width of an interval, in sampling errors.
_ERRORS: Final = 3.0
# scikit-learn's boosting takes up to 255 categories; rarer ones are to it what it has never seen.
_MOST_CATEGORIES: Final = 250
_SEED: Final = 0
# The spread of squared errors is made of their squares.
_LARGEST_ERROR: Final = 1e70


@dataclass(frozen=True, slots=True)
class _Feature:
    """How a column becomes numbers: by the `codes` of categories or, where these are None, by the `bins` of numbers."""

    codes: Mapping[str, int] | None
    bins: Bins | None = None

    @classmethod
    def of(cls, column: Column) -> "_Feature":
        if column.is_mostly_numerical:
            return cls(None, Bins.of(column.as_numbers()[0]))
        counts = column.category_counts()
        kept = sorted(counts, key=lambda name: (-counts[name], name))[:_MOST_CATEGORIES]
        return cls({name: code for code, name in enumerate(sorted(kept))})

    def numbers(self, column: Column) -> Numbers:
        if self.bins is not None:
            return self.bins.numbers(column.as_numbers()[0])
        codes = self.codes or {}
        return np.array([np.nan if text is None else codes.get(text, np.nan) for text in column.as_texts()], np.float64)


@dataclass(frozen=True, slots=True)
class LossEstimator:
    """An estimator that was fitted to a baseline with labels. `measured`: the baseline's own metrics."""

    features: Mapping[str, _Feature]
    measured: Mapping[str, float]
    _predicted: Bins
    _models: Mapping[str, Any]
    _deviations: Mapping[str, float]

    @classmethod
    def fit(cls, rows: Table, features: Sequence[str], predicted: Numbers, labels: Numbers) -> "LossEstimator":
        """Fit to a baseline, which must not be the data that the model was trained on.

        Parameters
        ----------
        rows, features:
            The baseline's rows, and which of its columns are features.
        predicted, labels:
            Finite numbers, of shape (rows,).

        Raises
        ------
        InputError
            If there are too few rows, or there is no scikit-learn here.
        """
        if len(labels) < FEWEST_ROWS:
            raise InputError(f"the baseline has {len(labels)} labelled rows: {FEWEST_ROWS} are needed for an estimate")
        encoded = {name: _Feature.of(rows.columns[name]) for name in features}
        bins = Bins.of(predicted)
        inputs = _inputs(rows, encoded, bins.numbers(predicted))
        categorical = [feature.codes is not None for feature in encoded.values()] + [False]
        absolute = np.abs(labels - predicted)
        if absolute.max() > _LARGEST_ERROR:
            raise InputError(
                f"a prediction of the baseline is {absolute.max():g} off its label, too far for its square: name other "
                "columns, or leave the row out"
            )
        losses = {"mae": absolute, "mse": absolute**2}
        models = {name: _boosting(categorical).fit(inputs, loss) for name, loss in losses.items()}
        measured = {"mae": float(absolute.mean()), "mse": float((absolute**2).mean())}
        measured["rmse"] = float(np.sqrt(measured["mse"]))
        deviations = {name: float(loss.std()) for name, loss in losses.items()}
        return cls(encoded, measured, bins, models, deviations)

    def estimate(self, rows: Table, predicted: Numbers) -> dict[str, Estimate]:
        """Estimate the metrics of a window: its features, and its predictions of shape (rows,).

        Raises `InputError` if there are no rows.
        """
        if not len(predicted):
            raise InputError("the window has no rows with a prediction: nothing can be estimated")
        inputs = _inputs(rows, self.features, self._predicted.numbers(predicted))
        found = {}
        for name, model in self._models.items():
            # As NannyML: no row has an error below 0, whatever a tree beyond the last row of a tail says.
            value = float(np.mean(np.maximum(model.predict(inputs), 0.0)))
            error = _ERRORS * self._deviations[name] / float(np.sqrt(len(predicted)))
            found[name] = Estimate(value, max(value - error, 0.0), value + error)
        root = float(np.sqrt(found["mse"].value))
        # The delta method: the deviation of a root is that of the mean over twice the root.
        error = _ERRORS * self._deviations["mse"] / (2 * self.measured["rmse"] * float(np.sqrt(len(predicted))))
        return {**found, "rmse": Estimate(root, max(root - error, 0.0), root + error)}


def _inputs(rows: Table, features: Mapping[str, _Feature], predicted: Numbers) -> Numbers:
    return np.column_stack([*(feature.numbers(rows.columns[name]) for name, feature in features.items()), predicted])


def _boosting(categorical: Sequence[bool]) -> Any:
    """LightGBM's algorithm with its own defaults, which NannyML uses, from scikit-learn."""
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - only this needs it
    except ImportError as error:
        raise InputError(
            "the errors of a regression are estimated with scikit-learn, which is not installed here: install it, or "
            "run this as a processing job in AWS's scikit-learn image"
        ) from error
    return HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.1,
        max_leaf_nodes=31,
        min_samples_leaf=20,
        early_stopping=False,
        categorical_features=list(categorical),
        random_state=_SEED,
    )
