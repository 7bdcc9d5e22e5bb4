"""Metrics of a regression."""

import math

import numpy as np

from drift_tools.monitors.model_quality.classification import Metrics
from drift_tools.monitors.model_quality.outcomes import Outcomes


def regression_metrics(data: Outcomes) -> Metrics:
    """Mean absolute, mean squared and root mean squared error, and the coefficient of determination."""
    errors = data.labels - data.predictions
    squared = float(np.mean(errors**2))
    spread = float(np.sum((data.labels - data.labels.mean()) ** 2))
    r2 = 1.0 - float(np.sum(errors**2)) / spread if spread else math.nan
    return {"mae": float(np.mean(np.abs(errors))), "mse": squared, "rmse": math.sqrt(squared), "r2": r2}
