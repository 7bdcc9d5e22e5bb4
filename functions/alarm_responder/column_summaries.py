"""One line a feature (or quality metric) out of a `statistics.json`, to set baseline and current side by side."""

import math
from collections.abc import Mapping
from typing import Any

from contract.plain_text import visible

_TOP_CATEGORIES = 3
_LONGEST_CATEGORY = 40
_QUALITY_SECTIONS = ("binary_classification_metrics", "multiclass_classification_metrics", "regression_metrics")


def number(value: float) -> str:
    """At most four significant digits, and no exponent where one can do without."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.4g}"


def percent(share: float) -> str:
    """A share as a percentage with the digits that tell; never 0 % or 100 % for what is neither."""
    if 0.0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1.0:
        return "over 99.9 %"
    return f"{share * 100:.3g} %"


def summaries(statistics: Any) -> dict[str, str]:
    """Name to a one-line summary of every feature and metric in the file; empty if it is no statistics file.

    What does not have the documented shape is left out: a summary is an aid, and the file's own checks are elsewhere.
    """
    if not isinstance(statistics, Mapping):
        return {}
    lines = {}
    features = statistics.get("features")
    for feature in features if isinstance(features, list) else []:
        if isinstance(feature, Mapping) and isinstance(feature.get("name"), str):
            line = _feature(feature)
            if line:
                lines[feature["name"]] = line
    for section in _QUALITY_SECTIONS:
        metrics = statistics.get(section)
        for name, metric in metrics.items() if isinstance(metrics, Mapping) else ():
            value = _finite(metric.get("value")) if isinstance(metric, Mapping) else None
            if value is not None:
                lines[str(name)] = number(value)
    return lines


def _feature(feature: Mapping[str, Any]) -> str:
    numerical = feature.get("numerical_statistics")
    if isinstance(numerical, Mapping):
        parts = [
            f"{label} {number(value)}"
            for label, field in (("mean", "mean"), ("std dev", "std_dev"), ("min", "min"), ("max", "max"))
            if (value := _finite(numerical.get(field))) is not None
        ]
        return ", ".join(parts + _missing(numerical))
    strings = feature.get("string_statistics")
    if isinstance(strings, Mapping):
        return ", ".join(_categories(strings) + _missing(strings))
    return ""


def _categories(strings: Mapping[str, Any]) -> list[str]:
    buckets = strings.get("distribution", {})
    for name in ("categorical", "buckets"):
        buckets = buckets.get(name, {}) if isinstance(buckets, Mapping) else {}
    counts: list[tuple[float, str]] = []
    for bucket in buckets if isinstance(buckets, list) else []:
        count = _finite(bucket.get("count")) if isinstance(bucket, Mapping) else None
        if count is not None and count > 0:
            counts.append((count, str(bucket.get("value"))))
    total = sum(count for count, _ in counts)
    counts.sort(key=lambda item: (-item[0], item[1]))
    parts = [f"{_short(value)} {percent(count / total)}" for count, value in counts[:_TOP_CATEGORIES]]
    if len(counts) > _TOP_CATEGORIES:
        parts.append(f"{len(counts) - _TOP_CATEGORIES} more")
    return parts


def _missing(section: Mapping[str, Any]) -> list[str]:
    common = section.get("common")
    if not isinstance(common, Mapping):
        return []
    present, missing = _finite(common.get("num_present")), _finite(common.get("num_missing"))
    if present is None or missing is None or missing <= 0:
        return []
    return [f"missing {percent(missing / (present + missing))}"]


def _finite(value: Any) -> float | None:
    """The number, None for anything else; the files also write the string "NaN"."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def _short(value: str) -> str:
    clean = visible(value)
    return f"'{clean[:_LONGEST_CATEGORY]}…'" if len(clean) > _LONGEST_CATEGORY else f"'{clean}'"
