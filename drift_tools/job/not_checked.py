"""Features whose drift a run did not look at or could not judge, and what it says of them."""

from collections.abc import Collection, Mapping, Sequence

from drift_tools.comparison import MINIMUM_ROWS, NOT_ENOUGH_DATA, Comparison
from drift_tools.monitors.data_quality import Constraints, Evaluation
from drift_tools.profiles import Statistics

_NO_STATISTICS = "the baseline has no statistics.json"
_NAMED = 5


def not_checked(
    constraints: Constraints, statistics: Statistics | None, evaluation: Evaluation, compared: Collection[str] = ()
) -> Mapping[str, str]:
    """The features whose drift nobody looked at, and why; without a word they would look as if they had not drifted.

    `compared`: those that the open engine's verdict is about.
    """
    if statistics is None and not compared:
        checked = [name for name in constraints.features if constraints.config_of(name).perform_comparison]
        return dict.fromkeys(checked, _NO_STATISTICS)
    return {name: reason for name, reason in evaluation.not_checked.items() if name not in compared}


def in_words(unchecked: Mapping[str, str]) -> str:
    """What to say of them after the message."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in unchecked.items():
        by_reason.setdefault(reason, []).append(name)
    return "".join(
        f" Drift{'' if reason == _NO_STATISTICS else f' of {_listed(names)}'} was not checked: {reason}."
        for reason, names in by_reason.items()
    )


def too_few_to_judge(comparison: Comparison | None) -> str:
    """What to say where no feature could be judged for want of rows: without a word it would look like no drift."""
    features = [] if comparison is None else [one for one in comparison.features.values() if not one.is_new]
    if comparison is None or not features or any(one.verdict != NOT_ENOUGH_DATA for one in features):
        return ""
    fix = "; make a baseline of more rows" if comparison.baseline_rows < MINIMUM_ROWS else ""
    return (
        f" Not enough data to judge any feature: {_rows(comparison.baseline_rows)} in the baseline, "
        f"{_rows(comparison.current_rows)} in the window{fix}."
    )


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
