"""What kind of change two `statistics.json` show of a feature: new codes, another unit, values that are gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.alarm_responder.column_summaries import category_shares, finite, sections, string_counts

# Mean and spread agree on a factor within this part, and it is none that the world makes in a window.
_AGREEMENT = 0.05
_LEAST_FACTOR = 2.0
# Some rows in another unit: the largest value is so many times the baseline's.
_FAR_OUT = 3.0


@dataclass(frozen=True)
class FeatureChange:
    """One feature's change. `new_categories` are those that the baseline does not have, the most frequent first;
    `factor` is what all values were multiplied by, and `far_out` how many times the baseline's largest value there is;
    `missing` the share of rows without a value now.
    """

    new_categories: tuple[str, ...] = ()
    factor: float | None = None
    far_out: float | None = None
    missing: float | None = None


def feature_changes(baseline: Any, current: Any) -> dict[str, FeatureChange]:
    """Compare the features that both parsed files have in the same form; what has another shape is left out."""
    texts, texts_now = sections(baseline, "string_statistics"), sections(current, "string_statistics")
    numbers, numbers_now = sections(baseline, "numerical_statistics"), sections(current, "numerical_statistics")
    changes = {}
    for name in texts.keys() & texts_now.keys():
        known, counts = category_shares(texts[name]), string_counts(texts_now[name])
        new = sorted((value for value in counts if known and value not in known), key=lambda value: -counts[value])
        changes[name] = FeatureChange(tuple(new), missing=_missing(texts_now[name]))
    for name in numbers.keys() & numbers_now.keys():
        before, now = numbers[name], numbers_now[name]
        changes[name] = FeatureChange(factor=_factor(before, now), far_out=_far_out(before, now), missing=_missing(now))
    return changes


def _factor(before: Mapping[str, Any], now: Mapping[str, Any]) -> float | None:
    """Estimate by how much all values were multiplied, if mean and spread agree on it."""
    by_mean, by_spread = _ratio(before, now, "mean"), _ratio(before, now, "std_dev")
    if by_mean is None or by_spread is None or by_spread <= 0 or abs(by_mean / by_spread - 1) > _AGREEMENT:
        return None
    return None if 1 / _LEAST_FACTOR < by_mean < _LEAST_FACTOR else by_mean


def _far_out(before: Mapping[str, Any], now: Mapping[str, Any]) -> float | None:
    """How many times the baseline's largest size of a value there is now, if far more."""
    sizes = []
    for side in (before, now):
        ends = [finite(side.get("min")), finite(side.get("max"))]
        sizes.append(max((abs(end) for end in ends if end is not None), default=0.0))
    return sizes[1] / sizes[0] if sizes[0] > 0 and sizes[1] / sizes[0] >= _FAR_OUT else None


def _ratio(before: Mapping[str, Any], now: Mapping[str, Any], field: str) -> float | None:
    first, second = finite(before.get(field)), finite(now.get(field))
    return second / first if first and second is not None else None


def _missing(section: Mapping[str, Any]) -> float | None:
    common = section.get("common")
    if not isinstance(common, Mapping):
        return None
    present, missing = finite(common.get("num_present")), finite(common.get("num_missing"))
    if present is None or missing is None or present + missing <= 0:
        return None
    return missing / (present + missing)
