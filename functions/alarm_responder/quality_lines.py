"""The metrics of a model's quality in a message: one fact is told once, both sides with their sampling error."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from functions.alarm_responder.column_summaries import finite
from functions.common.violations import Violation

# Names for the same counts of the same rows, the one that is told first.
_SAME = (
    ("recall", "true_positive_rate", "false_negative_rate"),
    ("true_negative_rate", "false_positive_rate"),
    ("rmse", "mse"),
)
_SECTIONS = ("binary_classification_metrics", "multiclass_classification_metrics", "regression_metrics")
_NORMAL_95 = 1.959963984540054
_MOST_DIGITS = 17


def told_once(violations: Sequence[Violation]) -> list[Violation]:
    """The violations without metrics that say what another one of them says."""
    subjects = {violation.subject for violation in violations if violation.is_metric}
    left_out = set()
    for family in _SAME:
        left_out.update([name for name in family if name in subjects][1:])
    return [item for item in violations if not (item.is_metric and item.subject in left_out)]


def apart(first: float, second: float) -> tuple[str, str]:
    """Two numbers with the fewest digits, four or more, that tell them apart."""
    for digits in range(4, _MOST_DIGITS + 1):
        texts = f"{first:.{digits}g}", f"{second:.{digits}g}"
        if texts[0] != texts[1]:
            return texts
    return texts


def metric_lines(statistics: Any) -> dict[str, str]:
    """Name to value of every metric in a statistics file, with its 95 % interval where it is a share of counted rows.

    The interval is Wilson's (1927), of the counts in the confusion matrix whose ratio the metric is.
    """
    lines: dict[str, str] = {}
    for section in _SECTIONS:
        metrics = statistics.get(section) if isinstance(statistics, Mapping) else None
        if not isinstance(metrics, Mapping):
            continue
        shares = list(_shares(metrics.get("confusion_matrix")))
        for name, metric in metrics.items():
            value = finite(metric.get("value")) if isinstance(metric, Mapping) else None
            if value is not None:
                lines[str(name)] = f"{value:.6g}{_interval(value, shares)}"
    return lines


def _interval(value: float, shares: Sequence[tuple[int, int]]) -> str:
    found = [(rows, hits) for hits, rows in shares if abs(hits / rows - value) < 1e-9]
    if not found:
        return ""
    rows, hits = min(found)  # of several the least certain
    low, high = wilson(hits, rows)
    return f" (95 %: {low:.3f}–{high:.3f}, {rows} rows)"


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """The 95 % score interval of a share; `rows` at least 1."""
    share, square = hits / rows, _NORMAL_95**2
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = _NORMAL_95 / (1 + square / rows) * math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _shares(matrix: Any) -> Iterator[tuple[int, int]]:
    """(hits, rows) of every share that the confusion matrix of two classes has, whichever way it lies."""
    if not isinstance(matrix, Mapping):
        return
    cells = {
        (str(row), str(column)): int(count)
        for row, counts in matrix.items()
        if isinstance(counts, Mapping)
        for column, value in counts.items()
        if (count := finite(value)) is not None and count >= 0
    }
    classes = sorted({name for cell in cells for name in cell})
    total = sum(cells.values())
    if total:
        yield sum(cells.get((name, name), 0) for name in classes), total
    for name in classes if len(classes) <= 2 else ():
        hits = cells.get((name, name), 0)
        for side in (0, 1):
            rows = sum(count for cell, count in cells.items() if cell[side] == name)
            if rows:
                yield hits, rows
                yield rows - hits, rows
