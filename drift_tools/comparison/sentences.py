"""What changed in a feature, in one sentence: the most telling facts first."""

import math
from collections.abc import Callable, Iterable

from drift_tools.comparison.feature import Measured, OneSided
from drift_tools.comparison.results import Histogram, Side
from drift_tools.timestamps import are_days, written

_NAMED_CATEGORIES = 3
_STAND_INS = ("(other)", "(rare listed)")  # for categories that are not named
_MOST_DIGITS = 17  # of a float: no two have the same
_LONGEST_CATEGORY = 60  # letters; what is longer loses its middle, because a sentence is to be read


def summarise(item: Measured) -> str:
    """One sentence on a feature, such as "AGEP: median 41 → 62, PSI 0.83."."""
    facts = list(_share_facts(item.baseline, item.current))
    if item.kind == "numerical" and math.isfinite(item.baseline.median) and math.isfinite(item.current.median):
        facts.extend(_number_facts(item))
    facts.extend(_category_facts("appeared", item.new_categories))
    facts.extend(_category_facts("vanished", item.vanished_categories))
    if item.kind == "categorical" and not item.new_categories.count and not item.vanished_categories.count:
        facts.extend(_largest_change(item.histogram))
    facts.append("PSI " + (f"{item.psi:.2f}" if math.isfinite(item.psi) else "unknown"))
    if item.evidence.is_material_by_ks:
        facts.append(f"KS {item.evidence.ks:.2f}")
    return f"{item.name}: {', '.join(facts)}."


def _number_facts(item: Measured) -> Iterable[str]:
    before, after = item.baseline, item.current
    if not item.is_time and _is_flag(before) and _is_flag(after) and before.mean != after.mean:
        yield f"share of 1: {' → '.join(_apart(before.mean, after.mean, _fixed, 2))}"
        return
    pair = _moments(item) if item.is_time else _short
    if before.median == after.median and before.mean != after.mean and not item.is_time:
        yield f"mean {' → '.join(pair(before.mean, after.mean))}"
    else:
        yield f"median {' → '.join(pair(before.median, after.median))}"
    if after.maximum > before.maximum or after.minimum < before.minimum:
        low, high = pair(before.minimum, before.maximum)
        new_low, new_high = pair(after.minimum, after.maximum)
        if (low, high) == (new_low, new_high):
            low, new_low = pair(before.minimum, after.minimum)
            high, new_high = pair(before.maximum, after.maximum)
        yield f"range {low} … {high} → {new_low} … {new_high}"


def _is_flag(side: Side) -> bool:
    """Whether all numbers are 0 or 1."""
    return side.distinct <= 2 and {side.minimum, side.maximum} <= {0.0, 1.0}


def _share_facts(baseline: Side, current: Side) -> Iterable[str]:
    for what, before, after in (
        ("missing", baseline.missing_share, current.missing_share),
        *_infinite(baseline, current),
        ("of another type", baseline.wrong_type_share, current.wrong_type_share),
    ):
        if before != after:
            yield f"{what} {_percent(before)} → {_percent(after)}"


def _infinite(baseline: Side, current: Side) -> Iterable[tuple[str, float, float]]:
    """The infinite shares by sign, where both signs occur."""
    minus = (baseline.minus_infinity_share, current.minus_infinity_share)
    plus = [side.infinite_share - side.minus_infinity_share for side in (baseline, current)]
    if any(minus) and any(plus):
        return [("minus infinity", *minus), ("plus infinity", plus[0], plus[1])]
    return [("infinite", baseline.infinite_share, current.infinite_share)]


def _category_facts(what: str, categories: OneSided) -> Iterable[str]:
    for name, share in categories.named[:_NAMED_CATEGORIES]:
        yield f"category {_quoted(name)} {what} ({_percent(share)} of values)"
    if (more := categories.count - _NAMED_CATEGORIES) > 0:
        yield f"{more:,} more {'category' if more == 1 else 'categories'} {what}"


def _quoted(category: str) -> str:
    """A category between quotes: `none`, `missing` and blanks are categories too, and no words of the sentence."""
    half = _LONGEST_CATEGORY // 2
    return f'"{category if len(category) <= _LONGEST_CATEGORY else f"{category[:half]}…{category[1 - half :]}"}"'


def _largest_change(histogram: Histogram) -> Iterable[str]:
    changes = [abs(before - after) for before, after in zip(histogram.baseline, histogram.current, strict=True)]
    if changes and max(changes) > 0:
        index = changes.index(max(changes))
        before, after = histogram.baseline[index], histogram.current[index]
        label = histogram.labels[index]
        what = "other categories" if label in _STAND_INS else f"category {_quoted(label)}"
        yield f"{what} {_percent(before)} → {_percent(after)} of values"


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
    >>> _short(0.3, 0.1 + 0.2)
    ('0.29999999999999999', '0.30000000000000004')
    """
    return _apart(first, second, _written, 4)


def _apart(first: float, second: float, write: Callable[[float, int], str], least: int) -> tuple[str, str]:
    """Two numbers with the fewest digits, `least` or more, that tell them apart; 17 do if they differ at all."""
    for digits in range(least, _MOST_DIGITS + 1):
        texts = write(first, digits), write(second, digits)
        if texts[0] != texts[1]:
            return texts
    return write(first, least), write(second, least)


def _fixed(value: float, places: int) -> str:
    return f"{value:.{places}f}"


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
