"""What to do first about a run's findings, from the shape of each: one line a cause, the largest change first."""

from collections.abc import Iterator, Mapping, Sequence

from functions.alarm_responder.column_summaries import number, percent
from functions.alarm_responder.drift_report import DriftReport, FeatureReport
from functions.alarm_responder.feature_changes import FeatureChange
from functions.alarm_responder.monitor_words import CHECK_WORDS
from functions.alarm_responder.notification import clip
from functions.common.violations import COLUMN_CHECKS, DRIFT_CHECK, Violation

_MOST_CAUSES = 4
_NAMED = 3
_MAX_NAME = 60
# From so many features on that moved without a fault's mark it is more likely the world than a feed.
_MANY = 3
_COLUMNS = "The columns changed: compare what clients send with the baseline, before anything else."
_QUALITY = (
    "The model's quality fell: make sure that the labels are complete and right, and that no feature drifted in the "
    "same hours.",
    "If the labels stand: retrain on recent data, or go back to the model before.",
)
_LASTS = "If the change is meant to last: make a new baseline, or widen the threshold in its constraints.json."


def first_steps(
    groups: Sequence[Sequence[Violation]], report: DriftReport, changes: Mapping[str, FeatureChange]
) -> list[str]:
    """The steps for the findings, grouped by feature and ranked."""
    causes: dict[str, list[str]] = {}
    for group in groups:
        worst = group[0]
        if worst.is_metric or worst.check in COLUMN_CHECKS or worst.check in CHECK_WORDS:
            continue
        feature, change = report.features.get(worst.subject, FeatureReport()), changes.get(worst.subject)
        cause, detail = _cause({item.check for item in group}, feature, change or FeatureChange())
        causes.setdefault(cause, []).append(clip(worst.subject, _MAX_NAME) + (f" ({detail})" if detail else ""))
    steps = [_COLUMNS] if any(group[0].check in COLUMN_CHECKS for group in groups) else []
    for cause, names in list(causes.items())[:_MOST_CAUSES]:
        steps.append(f"{_listed(names)}: {_words(cause, len(names))}")
    if any(group[0].is_metric for group in groups):
        steps += _QUALITY
    for check in dict.fromkeys(group[0].check for group in groups if group[0].check in CHECK_WORDS):
        steps += CHECK_WORDS[check].steps
    return [*(steps or [_words("moved", _MANY)]), _LASTS]


def _cause(checks: set[str], feature: FeatureReport, change: FeatureChange) -> tuple[str, str]:
    """Which cause a feature's findings look like, and what shows it; a fault's own mark goes before a mere shift."""
    return next(_causes(checks, feature, change))


def _causes(checks: set[str], feature: FeatureReport, change: FeatureChange) -> Iterator[tuple[str, str]]:
    if "completeness_check" in checks or feature.moved == "missing":
        if change.missing == 1.0:
            yield "gone", "no row has a value"
        share = "" if change.missing is None else f"{percent(change.missing)} of rows have none"
        yield "missing", share
    if change.factor is not None:
        by = number(change.factor) if abs(change.factor) >= 1 else f"1/{number(1 / change.factor)}"
        yield "unit", f"all values {by} times the baseline's"
    if "data_type_check" in checks or feature.moved == "other types":
        yield "type", ""
    if "categorical_values_check" in checks or feature.moved == "new categories" or change.new_categories:
        named = ", ".join(f"'{clip(value, _MAX_NAME)}'" for value in change.new_categories[:_NAMED])
        yield "codes", named
    if change.far_out is not None:
        yield "partly", f"up to {number(float(f'{change.far_out:.2g}'))} times the baseline's largest"
    if feature.a_day:
        yield "growing", f"{feature.a_day:+.2g} standard deviations a day"
    if DRIFT_CHECK in checks:
        yield "moved", ""
    yield "other", ""


_WORDS = {
    "missing": "more missing values. Look for a join or a source that fails.",
    "gone": "the feed is gone. Look for a source that stopped or a field that was renamed.",
    "unit": "look for a changed unit or scale upstream before anything else.",
    "partly": "some rows are far out of the range. Look for a client or source that sends another unit.",
    "type": "values of another type. Look at how clients write them, and what parses them.",
    "codes": "codes that the model has never seen. Look for a changed code list upstream.",
    "growing": "it goes on moving. Look for a trend or a season before looking for a fault.",
    "other": "see the description above, and ask who feeds the endpoint.",
}


def _words(cause: str, features: int) -> str:
    if cause != "moved":
        return _WORDS[cause]
    if features >= _MANY:
        return (
            "many moved together, which mostly is another population. Look at which clients or groups of customers "
            "came or went; check the model's quality, then retrain."
        )
    return (
        "moved within its range, as when the population changes. Look at what was deployed upstream at that hour; if "
        "nothing was, check the model's quality, then retrain."
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
