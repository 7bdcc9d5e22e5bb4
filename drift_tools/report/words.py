"""Numbers and verdicts as people read them, on paper and in a terminal."""

import math
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from drift_tools.comparison import DRIFT, NO_DRIFT, NOT_ENOUGH_DATA, Comparison, FeatureComparison

if TYPE_CHECKING:
    from drift_tools.timeline import Timeline

# The tones in which the page and the terminal say a verdict; CSS classes in page.css.
DRIFTED, STEADY, UNKNOWN = "drifted", "steady", "unknown"
CLASSES = {DRIFT: DRIFTED, NO_DRIFT: STEADY, NOT_ENOUGH_DATA: UNKNOWN}
NOTHING = "–"


class Test(Protocol):
    """The result of a statistical test."""

    @property
    def statistic(self) -> float:
        """What the test measures."""


def verdict_words(verdict: str) -> str:
    """A verdict beside a feature's name."""
    return "drifted" if verdict == DRIFT else verdict


def feature_verdict(feature: FeatureComparison) -> str:
    """A feature's verdict; of one that could not drift, because the baseline does not have it, that it is new."""
    return "new" if feature.is_new else verdict_words(feature.verdict)


def headline(comparison: Comparison) -> str:
    """The whole comparison in one sentence."""
    drifted = [feature.name for feature in comparison.ranked() if feature.drifted]
    number_of = sum(not feature.is_new for feature in comparison.features.values())
    if drifted:
        return f"{len(drifted)} of {count(number_of, 'feature')} drifted: {listed(drifted)}"
    short = sum(feature.verdict == NOT_ENOUGH_DATA for feature in comparison.features.values())
    if short:
        of_all = "any feature" if short == number_of else f"{short} of {count(number_of, 'feature')}"
        return f"Not enough data to tell about {of_all}; no drift found"
    return f"No drift in {count(number_of, 'feature')}"


def whole_headline(comparison: Comparison, timeline: "Timeline | None") -> str:
    """The comparison and its windows in one sentence: what drifted in some of them may not show in all rows."""
    if timeline is None or not timeline.drifted:
        return headline(comparison)
    now = [name for name, onset in timeline.onsets.items() if onset.until is None]
    if set(now) - set(comparison.drifted_features):
        total = sum(not feature.is_new for feature in comparison.features.values())
        beside = "" if comparison.drifted else ", though not over all rows"
        drift = "drifts" if len(now) == 1 else "drift"
        return f"{len(now)} of {count(total, 'feature')} {drift} now{beside}: {listed(now)}"
    if comparison.drifted:
        return headline(comparison)
    names = timeline.drifted_features
    return f"{count(len(names), 'feature')} drifted in some windows, though not over all rows: {listed(names)}"


def together(comparison: Comparison) -> str:
    """What the test of all features together says; which of them parted, where no single one shows it; why it was not
    made. Empty if nobody asked for it.
    """
    test = comparison.multivariate
    if test is None:
        reason = comparison.multivariate_reason
        return "" if reason is None else f"not tested: {reason}"
    if test.p_value > comparison.alpha:
        return f"no difference found (p {p_value(test.p_value)})"
    says = f"different (AUC {test.statistic:.2f}, p {p_value(test.p_value)})"
    if comparison.drifted or test.columns_alone >= (0.5 + test.statistic) / 2:
        return says
    strongest = f"; most of all {listed(test.strongest)}" if test.strongest else ""
    return f"{says}, although no feature shows it alone{strongest}"


def false_alarms(alpha: float) -> str:
    """A level as people understand it.

    >>> false_alarms(0.05), false_alarms(1 / 8760)
    ('5 %', '1 in 8,760')
    """
    return percent(alpha) if alpha >= 0.01 else f"1 in {1 / alpha:,.0f}"


def number(value: float | None, digits: int = 3) -> str:
    """A measure: `0.083`, `12.500`, `1.2e+06`; a dash where there is none."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞"
    if value == 0 or 10**-digits <= abs(value) < 1e5:
        return f"{value:.{digits}f}" if abs(value) < 100 else f"{value:,.1f}"
    return f"< {10**-digits}" if 0 < value < 1 else f"{value:.1e}"


def p_value(value: float | None) -> str:
    """A probability; what is smaller than 0.001 is not spelt out."""
    if value is None or math.isnan(value):
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def percent(share: float) -> str:
    """A share of rows: 0 %, < 0.1 %, 3.4 %, 62 %."""
    if share == 0:
        return "0 %"
    if share < 0.001:
        return "< 0.1 %"
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def count(value: int, singular: str) -> str:
    """A number and what it counts: `1 row`, `68,785 rows`."""
    return f"{value:,} {singular if value == 1 else singular + 's'}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence: `a, b and c`; after `most` of them, how many there are more."""
    names = [isolated(name) for name in names]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def statistic(test: Test | None) -> str:
    """The statistic of a test, if it was made."""
    return number(test.statistic) if test else NOTHING


ISOLATES = "\u2068\u2069"  # what `isolated` puts around a name


def isolated(name: str) -> str:
    """A name that keeps the sentence around it in order, if it is written from right to left (Unicode's isolates)."""
    if ISOLATES[0] not in name and any(unicodedata.bidirectional(character) in ("R", "AL") for character in name):
        return name.join(ISOLATES)
    return name


def cells(text: str) -> int:
    """The width of a text in letters; East Asian ones are two wide."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def cut(name: str, longest: int) -> str:
    """A name without its middle, if it is longer than so many cells; long names differ at either end.

    >>> cut("a_rather_long_name_2", 11)
    'a_rat…ame_2'
    """
    if cells(name) <= longest:
        return name
    start = end = ""
    for first, last in zip(name, reversed(name), strict=True):
        if cells(start + first + end) > longest - 1:
            break
        start += first
        if cells(start + last + end) > longest - 1:
            break
        end = last + end
    return f"{start}…{end}" if longest > 0 else ""
