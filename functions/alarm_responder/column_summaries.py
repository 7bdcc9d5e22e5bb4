"""One line a feature out of a `statistics.json`, to set baseline and current side by side."""

import math
from collections.abc import Mapping
from typing import Any

from contract.plain_text import visible

_TOP_CATEGORIES = 3
_NEW_CATEGORIES = 5
# A category that should have been there so often, and is not, has gone; a rarer one may be missing by chance.
_EXPECTED_OF_GONE = 20.0
# Model Monitor estimates how many categories there are.
_COUNTED_ROUGHLY = 1.05
_LONGEST_CATEGORY = 40


def number(value: float) -> str:
    """Write a number with at most four significant digits, and no exponent where one can do without."""
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


def summaries(statistics: Any, baseline: Any = None) -> dict[str, str]:
    """Name to a one-line summary of every feature in the file; empty if it is no statistics file.

    With the baseline's file, categories that the baseline does not have come first. What does not have the documented
    shape is left out: a summary is an aid, and the file's own checks are elsewhere.
    """
    before = {name: category_shares(strings) for name, strings in sections(baseline, "string_statistics").items()}
    lines = {}
    for feature in _features(statistics):
        line = _feature(feature, before.get(feature["name"]))
        if line:
            lines[feature["name"]] = line
    return lines


def row_count(statistics: Any) -> int | None:
    """How many rows a statistics file is of; None if it does not say."""
    dataset = statistics.get("dataset") if isinstance(statistics, Mapping) else None
    rows = finite(dataset.get("item_count")) if isinstance(dataset, Mapping) else None
    return None if rows is None or rows < 0 else int(rows)


def _features(statistics: Any) -> list[Mapping[str, Any]]:
    features = statistics.get("features") if isinstance(statistics, Mapping) else None
    return [
        feature
        for feature in (features if isinstance(features, list) else [])
        if isinstance(feature, Mapping) and isinstance(feature.get("name"), str)
    ]


def sections(statistics: Any, kind: str) -> dict[str, Mapping[str, Any]]:
    """The features' sections of a kind (`string_statistics`, `numerical_statistics`), by name."""
    found = {feature["name"]: feature.get(kind) for feature in _features(statistics)}
    return {name: section for name, section in found.items() if isinstance(section, Mapping)}


def _feature(feature: Mapping[str, Any], before: Mapping[str, float] | None) -> str:
    numerical = feature.get("numerical_statistics")
    if isinstance(numerical, Mapping):
        parts = [
            f"{label} {number(value)}"
            for label, field in (("mean", "mean"), ("std dev", "std_dev"), ("min", "min"), ("max", "max"))
            if (value := finite(numerical.get(field))) is not None
        ]
        return ", ".join(parts + _missing(numerical))
    strings = feature.get("string_statistics")
    if isinstance(strings, Mapping):
        return ", ".join(_categories(strings, before) + _missing(strings))
    return ""


def _categories(strings: Mapping[str, Any], before: Mapping[str, float] | None) -> list[str]:
    """New ones, frequent ones, how many more, and those that have gone."""
    counts = string_counts(strings)
    total = sum(counts.values())
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    new = [value for value in ranked if before and value not in before]
    parts = [f"new: {_short(value)} {percent(counts[value] / total)}" for value in new[:_NEW_CATEGORIES]]
    if len(new) > _NEW_CATEGORIES:
        parts.append(f"{len(new) - _NEW_CATEGORIES} more new")
    known = [value for value in ranked if value not in new]
    parts += [f"{_short(value)} {percent(counts[value] / total)}" for value in known[:_TOP_CATEGORIES]]
    if len(known) > _TOP_CATEGORIES:
        parts.append(f"{len(known) - _TOP_CATEGORIES} more")
    gone = [value for value, share in (before or {}).items() if value not in counts]
    parts += [
        f"gone: {_short(value)}"
        for value in gone[:_TOP_CATEGORIES]
        if (before or {})[value] * total >= _EXPECTED_OF_GONE
    ]
    return parts


def string_counts(strings: Mapping[str, Any]) -> dict[str, float]:
    """Counts by category."""
    buckets = strings.get("distribution", {})
    for name in ("categorical", "buckets"):
        buckets = buckets.get(name, {}) if isinstance(buckets, Mapping) else {}
    counts: dict[str, float] = {}
    for bucket in buckets if isinstance(buckets, list) else []:
        count = finite(bucket.get("count")) if isinstance(bucket, Mapping) else None
        if count is not None and count > 0:
            value = str(bucket.get("value"))
            counts[value] = counts.get(value, 0.0) + count
    return counts


def category_shares(strings: Mapping[str, Any]) -> dict[str, float]:
    """Shares by category, the most frequent first; empty where the file has not all of them: then nothing is new."""
    counts = string_counts(strings)
    distinct = finite(strings.get("distinct_count"))
    if not counts or (distinct is not None and distinct > len(counts) * _COUNTED_ROUGHLY):
        return {}
    total = sum(counts.values())
    return {value: counts[value] / total for value in sorted(counts, key=lambda value: (-counts[value], value))}


def _missing(section: Mapping[str, Any]) -> list[str]:
    common = section.get("common")
    if not isinstance(common, Mapping):
        return []
    present, missing = finite(common.get("num_present")), finite(common.get("num_missing"))
    if present is None or missing is None or missing <= 0:
        return []
    return [f"missing {percent(missing / (present + missing))}"]


def finite(value: Any) -> float | None:
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
