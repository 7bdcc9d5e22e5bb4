"""Global importance of features, and how much a ranking differs from the baseline's, as SageMaker Clarify has them."""

from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError

Numbers = NDArray[np.float64]
Aggregation = Literal["mean_abs", "mean_sq", "median"]
AGGREGATIONS: Final = get_args(Aggregation)
# Below it a ranking has drifted: Clarify's own threshold, which nobody can change there.
NDCG_THRESHOLD: Final = 0.9


def global_importance(values: Numbers, aggregation: Aggregation = "mean_abs") -> Numbers:
    """Aggregate SHAP values of shape (rows, features) over the rows, as Clarify's `agg_method` does.

    `mean_abs` is the mean of absolute values, `mean_sq` that of squares, `median` the median of the signed values,
    which can be negative.

    Raises
    ------
    InputError
        For another word.
    """
    if aggregation == "mean_abs":
        result: Numbers = np.abs(values).mean(axis=0)
    elif aggregation == "mean_sq":
        result = (values**2).mean(axis=0)
    elif aggregation == "median":
        result = np.median(values, axis=0)
    else:
        raise InputError(f"agg_method is {aggregation!r}: it is one of {', '.join(AGGREGATIONS)}")
    return result


def ndcg(baseline: Numbers, current: Numbers) -> float:
    """Compare the ranking of features with the baseline's: normalised discounted cumulative gain, 0 … 1.

    The gains are the baseline's importances, in the order of the current ones, discounted by log2(place + 1); features
    of equal current importance share their places' discounts (McSherry and Najork 2008). Where
    `sklearn.metrics.ndcg_score([baseline], [current])`, to which Clarify's guide links, has a value, it is that value.
    Beyond it: one feature, or a baseline in which no feature matters, gives 1; negative gains (of `median`) count as
    their absolute values, since an importance of −1 matters as much as one of 1.

    Parameters
    ----------
    baseline, current:
        Importances of the same features, of shape (features,).
    """
    gains = np.abs(baseline)
    ideal = float((np.sort(gains)[::-1] * _discounts(len(gains))).sum())
    if len(gains) < 2 or ideal == 0:
        return 1.0
    return float((gains * _places(np.abs(current))).sum()) / ideal


def _discounts(number: int) -> Numbers:
    return 1 / np.log2(np.arange(number) + 2)


def _places(importances: Numbers) -> Numbers:
    """The discount of each feature's place, the mean of theirs where several are equally important."""
    _, group, sizes = np.unique(-importances, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    cumulated = np.concatenate([[0.0], np.cumsum(_discounts(len(importances)))])
    means = (cumulated[ends] - cumulated[ends - sizes]) / sizes
    shared: Numbers = means[group]
    return shared
