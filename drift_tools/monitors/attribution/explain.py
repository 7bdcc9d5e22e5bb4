"""Which features a deployed model's scores come from: its own archive is asked, in a process of its own."""

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.attribution.exact_model import exact_values
from drift_tools.monitors.attribution.importance import (
    NDCG_THRESHOLD,
    Aggregation,
    global_importance,
    ndcg,
)
from drift_tools.monitors.attribution.model_process import ModelProcess
from drift_tools.monitors.attribution.permutation import permutation_shap
from drift_tools.tables import Table

# Rows that are explained, and rows that stand for "not known": the mean of a thousand is known to 3 %.
MOST_ROWS: Final = 1000
BACKGROUND_ROWS: Final = 50
_SEED: Final = 0
_LEAST_PROBABILITY: Final = 1e-6  # of rounded ones that are 0 or 1
# The importance may be a mean of squares.
_LARGEST_SCORE: Final = 1e150
_SHOWN: Final = 60
CHECK: Final = "feature_attribution_drift_check"


@dataclass(frozen=True, slots=True)
class Attribution:
    """The importance of each feature for one output of a model, most important first; `expected` is its mean score.

    `values`: the SHAP values that it comes from, of shape (rows, features), their columns in the order of `importance`;
    None of a baseline that was read from a file. `how`: by which method, and why not the exact one, in a sentence.
    """

    importance: dict[str, float]
    expected: float
    rows: int
    values: NDArray[np.float64] | None = field(default=None, compare=False, repr=False)
    is_exact: bool = field(default=False, compare=False)
    how: str = field(default="", compare=False)

    @property
    def method(self) -> str:
        """What it was found by, as metrics have it."""
        return "ExactShap" if self.is_exact else "PermutationShap"

    def to_dict(self, label: str = "label0") -> dict[str, Any]:
        """Write analysis.json as SageMaker Clarify does; the method is named for what it is, `how` says why."""
        values = {"global_shap_values": self.importance, "expected_value": self.expected}
        name = "exact_shap" if self.is_exact else "permutation_shap"
        return {"version": "1.0", "explanations": {name: {label: values}}, "how": self.how}


def attribute(
    table: Table,
    features: Sequence[str],
    model: ModelProcess,
    *,
    score: int = 0,
    aggregation: Aggregation = "mean_abs",
    most: int = MOST_ROWS,
    use_logit: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Attribution:
    """Explain a sample of a table's rows.

    Parameters
    ----------
    table:
        The rows.
    features:
        The model's inputs, in the order in which its requests have them.
    model:
        Answers CSV with CSV, or with JSON.
    score:
        Which column of the answer is the score, from 0.
    aggregation:
        How the rows' values become a feature's importance.
    most:
        So many rows are explained, evenly spread.
    use_logit:
        Explain the logarithm of the odds in place of a probability, as Clarify's parameter of this name.
    progress:
        Called with (orders done, orders in all).

    Raises
    ------
    InputError
        If a feature is not there, there are fewer than two rows, or the model's answer has no such column of numbers.
    """
    missing = [name for name in features if name not in table.columns]
    if missing:
        raise InputError(f"there is no column {missing[0]!r}: there are {', '.join(table.names)}")
    if table.rows < 2:
        raise InputError(f"the data have {table.rows} rows: two are needed to explain one by the other")
    cells = np.column_stack([table.columns[name].as_texts() for name in features])
    spread = np.linspace(0, table.rows - 1, min(most, table.rows)).astype(int)
    rows = cells[spread]
    background = np.random.default_rng(_SEED).permutation(rows)[:BACKGROUND_ROWS]

    def ask(asked: NDArray[Any]) -> NDArray[np.float64]:
        body, content_type = model.ask(_as_csv(asked))
        scores = _scores(body, content_type, score, len(asked))
        _require_numbers(scores, asked)
        return _log_odds(scores) if use_logit else scores

    found = exact_values(lambda asked: model.inside(_as_csv(asked)), ask, rows, background, use_logit=use_logit)
    if isinstance(found, str):
        how = f"SHAP values are estimated by permutations, because {found}."
        values, is_exact = permutation_shap(ask, rows, background, progress=progress), False
    else:
        values, is_exact, how = found[0], True, f"SHAP values are {found[1]}."
    importance = global_importance(values, aggregation)
    order = np.argsort(-np.abs(importance), kind="stable")
    ranked = {features[place]: float(importance[place]) for place in order}
    return Attribution(ranked, float(ask(rows).mean()), len(rows), values[:, order], is_exact, how)


def _require_numbers(scores: NDArray[np.float64], asked: NDArray[Any]) -> None:
    """Refuse scores of which one makes every importance NaN, and a ranking that no ranking ever differs from."""
    odd = np.flatnonzero(~(np.abs(scores) <= _LARGEST_SCORE))
    if len(odd):
        row = _as_csv(asked[odd[:1]]).decode().strip()
        raise InputError(
            f"the model's score is {scores[odd[0]]:g} of the row {row[:_SHOWN]!r}, and no number that can be explained "
            f"of {len(odd)} in {len(scores)} rows: have the model answer such rows with a number, or leave them out"
        )


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Raises `InputError` of scores that are no probabilities."""
    if scores.min() < 0 or scores.max() > 1:
        raise InputError(
            f"use_logit is true and the scores go from {scores.min():g} to {scores.max():g}: of what is no probability "
            "there are no odds; leave it out"
        )
    kept = np.clip(scores, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    odds: NDArray[np.float64] = np.log(kept / (1 - kept))
    return odds


def ranking_drift(baseline: Attribution, current: Attribution) -> float:
    """Compare the current ranking with the baseline's: nDCG, 0 … 1, below 0.9 a violation.

    Raises
    ------
    InputError
        If the two have other features.
    """
    if baseline.importance.keys() != current.importance.keys():
        raise InputError("the baseline explains other features: make it anew with the model's present inputs")
    names = list(baseline.importance)
    one, other = (np.array([each.importance[name] for name in names]) for each in (baseline, current))
    return ndcg(one, other)


def violation(value: float, label: str = "label0") -> dict[str, str]:
    """The entry of constraint_violations.json, as SageMaker Clarify writes it."""
    return {
        "label": label,
        "metric_name": "shap",
        "constraint_check_type": CHECK,
        "description": f"Feature attribution drift {value} exceeds threshold {NDCG_THRESHOLD}",
    }


def read_attribution(analysis: Any, source: str) -> Attribution:
    """Read a baseline's analysis.json, this project's or SageMaker Clarify's: the first label of the first method.

    Raises
    ------
    InputError
        If it has no explanations.
    """
    try:
        methods = analysis["explanations"]
        values = next(iter(next(iter(methods.values())).values()))
        importance = {str(name): float(number) for name, number in values["global_shap_values"].items()}
        found = Attribution(importance, float(values["expected_value"]), 0)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
        raise InputError(
            f"{source} has no explanations with global_shap_values: give an attribution baseline"
        ) from None
    for name, number in importance.items():
        if not math.isfinite(number):  # against which no ranking is ever another one
            raise InputError(f"{source}: global_shap_values has {number} for {name}: make the baseline again")
    return found


def _as_csv(rows: NDArray[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue().encode()


def _scores(body: bytes, content_type: str, column: int, rows: int) -> NDArray[np.float64]:
    """One number a row of an answer in CSV or JSON."""
    try:
        if "json" in content_type:
            parsed = json.loads(body)
            parsed = parsed.get("predictions", parsed) if isinstance(parsed, dict) else parsed
            found = [row[column] if isinstance(row, list) else row for row in parsed]
        else:
            found = [row[column] for row in csv.reader(body.decode().splitlines()) if row]
        scores = np.array(found, dtype=np.float64)
    except (ValueError, IndexError, KeyError, TypeError):
        raise InputError(
            f"column {column} of the model's answer is no number ({body[:60]!r}): say which column the score is in"
        ) from None
    if len(scores) != rows:
        raise InputError(f"the model answers {len(scores)} rows to {rows}: it cannot be explained row by row")
    return scores
