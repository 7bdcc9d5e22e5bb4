"""From a comparison to what the templates show: texts, and pictures."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from drift_tools.comparison import NOT_ENOUGH_DATA, Comparison, CrossCheck, FeatureComparison, Histogram
from drift_tools.measures import MEASURES
from drift_tools.report.advice import growth, next_steps, when
from drift_tools.report.agreement import CrossCheckRow, agreement, cross_check_rows
from drift_tools.report.charts import category_chart, distribution_chart
from drift_tools.report.timeline import TimelineView, timeline_view
from drift_tools.report.words import (
    CLASSES,
    DRIFTED,
    NOTHING,
    STEADY,
    UNKNOWN,
    count,
    cut,
    false_alarms,
    feature_verdict,
    isolated,
    number,
    p_value,
    percent,
    statistic,
    together,
    whole_headline,
)
from drift_tools.timeline import Timeline
from drift_tools.timestamps import written

# So many features are drawn, the farthest ones; the table has all. Keeps the file of 10,000 columns a file.
MOST_DRAWN = 100
OTHER = "(other)"  # the comparison's name for the categories that it does not name
_BARS = 8
_LONGEST_LABEL = 300
_HIGHLIGHTS = 4
_LEFT_OUT = 20  # columns that are named
# So many drifted features come before the advice; who has more reads the advice first.
_FIRST_CARDS = 12


@dataclass(frozen=True)
class BinRow:
    """A bin or category with both shares, as text."""

    label: str
    baseline: str
    current: str


@dataclass(frozen=True)
class FeatureView:
    """A feature as a card (`card`: whether it has one) and as a row of the table. `verdict` is a CSS class; `effect`
    orders and is not shown.
    """

    name: str
    anchor: str
    verdict: str
    verdict_text: str
    summary: str
    reason: str
    effect: float
    card: bool
    chart: Markup | None
    measures: tuple[tuple[str, str], ...]
    bins_of: str
    bins: tuple[BinRow, ...]
    psi: str
    test: str
    distances: tuple[str, ...]
    p_value: str


@dataclass(frozen=True)
class ComparisonView:
    """A whole report."""

    verdict: str
    headline: str
    highlights: tuple[tuple[str, str], ...]
    timeline: TimelineView | None
    facts: tuple[tuple[str, str], ...]
    features: tuple[FeatureView, ...]
    distances: tuple[str, ...]
    cross_check_says: str
    cross_check: tuple[CrossCheckRow, ...]
    next_steps: tuple[str, ...]
    made: str

    @property
    def growing(self) -> tuple[tuple[str, str], ...]:
        """Features that are known to move and are not yet material: no drift, and not nothing."""
        return self.timeline.growing if self.timeline is not None else ()

    @property
    def first(self) -> list[FeatureView]:
        """The drifted features that are shown before the advice."""
        return self._cards(drifted=True)[:_FIRST_CARDS]

    @property
    def more(self) -> list[FeatureView]:
        """The other drawn features that drifted."""
        return self._cards(drifted=True)[_FIRST_CARDS:]

    @property
    def others(self) -> list[FeatureView]:
        """The drawn features that did not drift."""
        return self._cards(drifted=False)

    @property
    def undrawn(self) -> int:
        """How many features are in the table only."""
        return sum(not feature.card for feature in self.features)

    def _cards(self, *, drifted: bool) -> list[FeatureView]:
        return [feature for feature in self.features if feature.card and (feature.verdict == DRIFTED) is drifted]


def comparison_view(
    comparison: Comparison,
    *,
    baseline_name: str,
    current_name: str,
    made: datetime | None,
    steps: Sequence[str] | None,
    cross_check: CrossCheck | None,
    timeline: Timeline | None,
    thresholds: Mapping[str, float] | None,
) -> ComparisonView:
    """The view of a whole comparison."""
    ranked = comparison.ranked()
    checks = () if cross_check is None else (cross_check,)
    return ComparisonView(
        verdict=_tone(comparison, timeline),
        headline=whole_headline(comparison, timeline),
        highlights=_highlights(ranked, timeline),
        timeline=None if timeline is None else timeline_view(timeline, thresholds=thresholds),
        facts=_facts(comparison, baseline_name, current_name),
        features=tuple(feature_views(comparison)),
        distances=tuple(measure.heading for measure in MEASURES),
        cross_check_says="" if cross_check is None else agreement(cross_check),
        cross_check=() if cross_check is None else cross_check_rows(cross_check),
        next_steps=tuple(steps if steps is not None else next_steps(comparison, checks, timeline)),
        made=f"{made:%Y-%m-%d %H:%M} UTC" if made else "",
    )


def _highlights(ranked: Sequence[FeatureComparison], timeline: Timeline | None) -> tuple[tuple[str, str], ...]:
    """The features that drift now, those that grew most first: of windows what the last ones say, else of all rows."""
    if timeline is None:
        drifted = [feature for feature in ranked if feature.drifted][:_HIGHLIGHTS]
        return tuple((feature.name, _says(feature)) for feature in drifted)
    by_name = {feature.name: feature for feature in ranked}
    onsets = sorted(timeline.onsets.values(), key=lambda onset: (onset.until is not None, -growth(onset)))
    told = []
    for onset in onsets[:_HIGHLIGHTS]:
        feature = by_name.get(onset.feature)
        called = [window.comparison.features[onset.feature].drifted for window in timeline.windows]
        says = _says(feature).removesuffix(".") if feature is not None and feature.drifted else ""
        says = says or f"drifted in {sum(called)} of {count(len(called), 'window')}"
        told.append((onset.feature, f"{says}; {when(onset)}."))
    named = {name for name, _ in told}
    told += [(feature.name, _says(feature)) for feature in ranked if feature.drifted and feature.name not in named]
    return tuple(told[:_HIGHLIGHTS])


def _tone(comparison: Comparison, timeline: Timeline | None) -> str:
    if comparison.drifted or (timeline is not None and timeline.drifted):
        return DRIFTED
    unsure = any(feature.verdict == NOT_ENOUGH_DATA for feature in comparison.features.values())
    return UNKNOWN if unsure else STEADY


def _facts(comparison: Comparison, baseline_name: str, current_name: str) -> tuple[tuple[str, str], ...]:
    new = sum(feature.is_new for feature in comparison.features.values())
    facts = [
        ("Baseline", f"{baseline_name} ({count(comparison.baseline_rows, 'row')})"),
        ("Current", f"{current_name} ({count(comparison.current_rows, 'row')})"),
        ("Features", f"{len(comparison.features):,}" + (f", {new:,} of them new" if new else "")),
        ("Runs with a false alarm, at most", false_alarms(comparison.alpha)),
    ]
    if said := together(comparison):
        facts.append(("All features together", said))
    if comparison.left_out:
        names = [f"{isolated(cut(name, _LONGEST_LABEL))} ({why})" for name, why in comparison.left_out.items()]
        more = f" and {len(names) - _LEFT_OUT:,} more" if len(names) > _LEFT_OUT else ""
        facts.append(("Left out", ", ".join(names[:_LEFT_OUT]) + more))
    return tuple(facts)


def _says(feature: FeatureComparison) -> str:
    """The feature's summary without its name."""
    return feature.summary.removeprefix(f"{feature.name}: ")


def feature_views(comparison: Comparison, *, prefix: str = "", only_drifted: bool = False) -> list[FeatureView]:
    """The features, ranked, the first `MOST_DRAWN` with a chart, or of these only the drifted ones. `prefix` keeps the
    anchors of several comparisons on one page apart.
    """
    views = []
    for position, feature in enumerate(comparison.ranked(), start=1):
        views.append(
            _feature_view(
                feature,
                f"{prefix}feature-{position}",
                draw=position <= MOST_DRAWN and (feature.drifted or not only_drifted),
            )
        )
    return views


def _feature_view(feature: FeatureComparison, anchor: str, *, draw: bool) -> FeatureView:
    chart = _chart(feature) if draw else None
    test = ("KS", statistic(feature.ks)) if feature.kind == "numerical" else ("chi²", statistic(feature.chi_squared))
    measures = (("PSI", number(feature.psi)), test, ("adjusted p", p_value(feature.p_value_adjusted)))
    return FeatureView(
        name=feature.name,
        anchor=anchor,
        verdict=CLASSES[feature.verdict],
        verdict_text=feature_verdict(feature),
        summary=_says(feature),
        reason=feature.reason,
        effect=feature.effect if math.isfinite(feature.effect) else 0.0,
        card=draw and (chart is not None or feature.drifted),
        chart=chart,
        measures=measures,
        bins_of="Values" if feature.kind == "numerical" else "Category",
        bins=_bins(feature),
        psi=number(feature.psi),
        test=test[1],
        distances=tuple(number(feature.distance(measure.name), measure.digits) for measure in MEASURES),
        p_value=p_value(feature.p_value_adjusted),
    )


def _chart(feature: FeatureComparison) -> Markup | None:
    histogram = feature.histogram
    if histogram is None or not histogram.baseline:
        return None
    title = f"{feature.name}: distribution in the baseline and in the current rows"
    says = _says(feature)
    if histogram.edges:
        svg = distribution_chart(
            histogram.edges,
            histogram.baseline,
            histogram.current,
            title=title,
            description=says,
            times=feature.is_time,
        )
    else:
        rows = _bars(feature, histogram)
        svg = category_chart(
            [label for label, _, _ in rows],
            [old for _, old, _ in rows],
            [new for _, _, new in rows],
            title=title,
            description=says,
        )
    return Markup(svg)  # noqa: S704 - the charts escape labels and descriptions


Bar = tuple[str, float, float]


def _bars(feature: FeatureComparison, histogram: Histogram) -> list[Bar]:
    """Categories to draw with their shares of all rows, in the comparison's order: few enough to read, those that
    changed most among them, and the missing ones as a category.
    """
    present = 1 - feature.baseline.missing_share, 1 - feature.current.missing_share
    bars = [
        (label, old * present[0], new * present[1])
        for label, old, new in zip(histogram.labels, histogram.baseline, histogram.current, strict=True)
    ]
    rest = [bars.pop()] if bars[-1][0] == OTHER else []
    if feature.baseline.missing_share or feature.current.missing_share:
        bars.append(("missing", feature.baseline.missing_share, feature.current.missing_share))
    if len(bars) + len(rest) > _BARS:
        changed = sorted(range(len(bars)), key=lambda index: -abs(bars[index][1] - bars[index][2]))[: _BARS // 2]
        frequent = sorted(range(len(bars)), key=lambda index: -max(bars[index][1:]))
        kept = sorted(list(dict.fromkeys([*changed, *frequent]))[: _BARS - 1])
        rest += [bar for index, bar in enumerate(bars) if index not in kept]
        bars = [bars[index] for index in kept]
    if rest:
        bars.append(("all others", sum(old for _, old, _ in rest), sum(new for _, _, new in rest)))
    return bars


def _bins(feature: FeatureComparison) -> tuple[BinRow, ...]:
    """The numbers behind the picture, and the shares that a picture of values cannot have."""
    histogram = feature.histogram
    if histogram is None:
        return ()
    if histogram.edges:
        labels = _ranges(written(histogram.edges[1:-1]) if feature.is_time else _spelt(histogram.edges[1:-1]))
    else:
        labels = [cut(label, _LONGEST_LABEL) for label in histogram.labels]
    rows = [
        BinRow(*row)
        for row in zip(labels, map(percent, histogram.baseline), map(percent, histogram.current), strict=True)
    ]
    for label, old, new in (
        ("missing, of all rows", feature.baseline.missing_share, feature.current.missing_share),
        ("infinite, of all rows", feature.baseline.infinite_share, feature.current.infinite_share),
        ("of another type, of all rows", feature.baseline.wrong_type_share, feature.current.wrong_type_share),
    ):
        if old or new:
            rows.append(BinRow(label, _share(old), _share(new)))
    return tuple(rows)


def _spelt(edges: Sequence[float]) -> list[str]:
    """Numbers with four digits, or with as many more as tell them apart."""
    return next(
        texts for digits in range(4, 18) if len(set(texts := [f"{edge:.{digits}g}" for edge in edges])) == len(texts)
    )


def _ranges(inner: Sequence[str]) -> list[str]:
    """The bins in words, of the edges between them; the outer ones are open."""
    if not inner:
        return ["all"]
    between = [f"{low} – {high}" for low, high in itertools.pairwise(inner)]
    return [f"up to {inner[0]}", *between, f"over {inner[-1]}"]


def _share(share: float) -> str:
    return percent(share) if math.isfinite(share) else NOTHING
