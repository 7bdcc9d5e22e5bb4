"""The violations of a run under the budget of false alarms, in Model Monitor's format and words.

What is certain (a column that is gone, one that is new) needs no test. Everything else is one finding a feature, called
by the run's judgement: missing cells are `completeness_check`, cells of another type `data_type_check`, categories that
are new `categorical_values_check`, everything else `baseline_drift_check`. Model Monitor's own rules for these have no
margin: the baseline's completeness as a limit is violated in a third to a half of all undrifted windows.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from drift_tools.comparison import PSI_THRESHOLD, Comparison, FeatureComparison
from drift_tools.monitors.data_quality.constraints import Constraints, Evaluation, Violation
from drift_tools.profiles import Profile
from drift_tools.timeline import WindowVerdict

_COLUMNS: Final = ("missing_column_check", "extra_column_check")
_KS_LIMIT: Final = math.erf(math.sqrt(PSI_THRESHOLD / 8))


def calibrated_violations(
    comparison: Comparison,
    verdicts: Mapping[str, WindowVerdict],
    *,
    evaluation: Evaluation,
    constraints: Constraints,
    current: Profile,
) -> tuple[Violation, ...]:
    """The violations of a run.

    Parameters
    ----------
    comparison
        of the window with the baseline, feature by feature.
    verdicts
        the run's judgement, by feature.
    evaluation
        what Model Monitor's rules say, of which the columns count.
    constraints
        which features are checked: those that are not, nor any where `perform_comparison` is off, are not judged.
    current
        the window's profile.
    """
    gone = [name for name, feature in comparison.features.items() if feature.drifted and feature.histogram is None]
    certain = [
        violation
        for violation in evaluation.violations
        if violation.check in _COLUMNS and (violation.check != _COLUMNS[0] or gone or not comparison.features)
    ]
    return (*certain, *_judged(comparison, verdicts, constraints, current))


def _judged(
    comparison: Comparison, verdicts: Mapping[str, WindowVerdict], constraints: Constraints, current: Profile
) -> Iterable[Violation]:
    for feature in comparison.ranked():
        verdict = verdicts.get(feature.name)
        is_checked = feature.name in constraints.features and constraints.evaluates(feature.name)
        if verdict is None or verdict.state != "drift" or feature.histogram is None or not is_checked:
            continue
        violation = _violation(feature, verdict, constraints, current)
        if violation.check != "baseline_drift_check" or constraints.config.perform_comparison:
            yield violation


def _violation(
    feature: FeatureComparison, verdict: WindowVerdict, constraints: Constraints, current: Profile
) -> Violation:
    column = current.columns.get(feature.name)
    why = f" ({verdict.reason})"
    if verdict.moved == "missing" or column is None:
        value = 1.0 - feature.current.missing_share
        return Violation(
            feature.name,
            "completeness_check",
            f"Value: {value} does not meet the constraint requirement! It was {1 - feature.baseline.missing_share:.4g} "
            f"in the baseline{why}.",
        )
    expected = constraints.features[feature.name].inferred_type
    matching = column.types.share_of(expected)
    if verdict.moved == "other types" and matching < 1:
        return Violation(
            feature.name,
            "data_type_check",
            f"Data type match requirement is not met. Expected data type: {expected}, Expected match: "
            f"{100 * constraints.config.datatype_check_threshold}%. Observed: Only {100 * matching}% of data is "
            f"{expected}{why}.",
        )
    if verdict.moved == "new categories":
        known = 1.0 - _share_of_new(feature, current)
        return Violation(
            feature.name,
            "categorical_values_check",
            f"Value: {known} does not meet the constraint requirement! New: {', '.join(feature.new_categories[:3])}"
            f"{why}.",
        )
    distance, limit, measure = _distance(feature, verdict)
    return Violation(
        feature.name,
        "baseline_drift_check",
        f"Baseline drift distance: {distance} exceeds threshold: {limit} ({measure}; {verdict.reason})",
    )


def _share_of_new(feature: FeatureComparison, current: Profile) -> float:
    column = current.columns[feature.name]
    counts = column.categories.counts
    return sum(counts.get(name, 0) for name in feature.new_categories) / max(column.types.present, 1)


def _distance(feature: FeatureComparison, verdict: WindowVerdict) -> tuple[float, float, str]:
    """What exceeds which limit: PSI above what undrifted windows have, or of numbers the KS statistic in its place."""
    if not verdict.effect < PSI_THRESHOLD:
        return round(verdict.effect, 4), PSI_THRESHOLD, "PSI"
    if feature.ks is not None and feature.ks.statistic >= _KS_LIMIT:
        return round(feature.ks.statistic, 4), round(_KS_LIMIT, 4), "KS"
    if verdict.effect >= PSI_THRESHOLD / 2:  # what was drift stays so down to there
        return round(verdict.effect, 4), PSI_THRESHOLD / 2, "PSI, since it was above 0.1 before"
    return round(feature.psi, 4), 0.0, "PSI"
