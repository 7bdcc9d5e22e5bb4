"""What changed in a feature, in one sentence: the most telling facts first."""

import math
from collections.abc import Callable, Iterable

from drift_tools.comparison.feature import Measured
from drift_tools.comparison.results import Histogram, Side
from drift_tools.timestamps import are_days, written

_NAMED_CATEGORIES = 3
_LONGEST_CATEGORY = 60  # letters; what is longer loses its middle, because a sentence is to be read


def summarise(item: Measured) -> str:
    """One sentence on a feature, such as "AGEP: median 41 → 62, PSI 0.83."."""
    facts = list(_share_facts(item.baseline, item.current))
    if item.kind == "numerical" and math.isfinite(item.baseline.median) and math.isfinite(item.current.median):
        pair = _moments(item) if item.is_time else _short
        before, after = pair(item.baseline.median, item.current.median)
        facts.append(f"median {before} → {after}")
        if item.current.maximum > item.baseline.maximum or item.current.minimum < item.baseline.minimum:
            low, high = pair(item.baseline.minimum, item.baseline.maximum)
            new_low, new_high = pair(item.current.minimum, item.current.maximum)
            facts.append(f"range {low} … {high} → {new_low} … {new_high}")
    facts.extend(_category_facts("appeared", item.new_categories))
    facts.extend(_category_facts("vanished", item.vanished_categories))
    if item.kind == "categorical" and not item.new_categories and not item.vanished_categories:
        facts.extend(_largest_change(item.histogram))
    facts.append("PSI " + (f"{item.psi:.2f}" if math.isfinite(item.psi) else "unknown"))
    if item.evidence.is_material_by_ks:
        facts.append(f"KS {item.evidence.ks:.2f}")
    return f"{item.name}: {', '.join(facts)}."


def _share_facts(baseline: Side, current: Side) -> Iterable[str]:
    for what, before, after in (
        ("missing", baseline.missing_share, current.missing_share),
        ("infinite", baseline.infinite_share, current.infinite_share),
        ("of another type", baseline.wrong_type_share, current.wrong_type_share),
    ):
        if before != after:
            yield f"{what} {_percent(before)} → {_percent(after)}"


def _category_facts(what: str, categories: tuple[tuple[str, float], ...]) -> Iterable[str]:
    for name, share in categories[:_NAMED_CATEGORIES]:
        yield f"category {_cut(name)} {what} ({_percent(share)} of values)"
    if more := len(categories[_NAMED_CATEGORIES:]):
        yield f"{more} more {'category' if more == 1 else 'categories'} {what}"


def _cut(category: str) -> str:
    half = _LONGEST_CATEGORY // 2
    return category if len(category) <= _LONGEST_CATEGORY else f"{category[:half]}…{category[1 - half :]}"


def _largest_change(histogram: Histogram) -> Iterable[str]:
    changes = [abs(before - after) for before, after in zip(histogram.baseline, histogram.current, strict=True)]
    if changes and max(changes) > 0:
        index = changes.index(max(changes))
        before, after = histogram.baseline[index], histogram.current[index]
        yield f"category {_cut(histogram.labels[index])} {_percent(before)} → {_percent(after)} of values"


def _moments(item: Measured) -> Callable[[float, float], tuple[str, str]]:
    """How two moments of a feature are written: as dates where it has nothing else, also for a median between two."""
    ends = [end for side in (item.baseline, item.current) for end in (side.minimum, side.maximum)]
    days = are_days(ends)

    def pair(first: float, second: float) -> tuple[str, str]:
        before, after = written([first, second], days=days)
        return before, after

    return pair


def _short(first: float, second: float) -> tuple[str, str]:
    """Two numbers with four digits, or with as many more as tell them apart; without an exponent where that is short.

    >>> _short(41.0, 62.0), _short(21520.4, 1.7e-07), _short(1700001800.0, 1700003600.0)
    (('41', '62'), ('21,520', '1.7e-07'), ('1,700,002,000', '1,700,004,000'))
    """
    digits = next((digits for digits in range(4, 17) if f"{first:.{digits}g}" != f"{second:.{digits}g}"), 4)
    return _written(first, digits), _written(second, digits)


def _written(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    number = float(text)
    if not 1e4 <= abs(number) < 1e12:
        return text
    return f"{number:,.0f}" if number.is_integer() else f"{number:,}"


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"
