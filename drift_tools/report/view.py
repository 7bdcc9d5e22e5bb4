"""From a comparison to what the templates show: texts, and pictures."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from drift_tools.comparison import Comparison, FeatureComparison, Histogram
from drift_tools.report.charts import category_chart, distribution_chart
from drift_tools.report.words import (
    CLASSES,
    DRIFTED,
    NOTHING,
    STEADY,
    UNKNOWN,
    count,
    headline,
    listed,
    number,
    p_value,
    percent,
    statistic,
    verdict_words,
)
from drift_tools.verdict import NOT_ENOUGH_DATA

# So many features are drawn, the farthest ones; the table has all. Keeps the file of 10,000 columns a file.
MOST_DRAWN = 100
OTHER = "(other)"  # the comparison's name for the categories that it does not name
_BARS = 8
_HIGHLIGHTS = 4


@dataclass(frozen=True)
class BinRow:
    """A bin or category with both shares, as text."""

    label: str
    baseline: str
    current: str


@dataclass(frozen=True)
class FeatureView:
    """A feature as a card and as a row of the table. `verdict` is a CSS class; `effect` orders and is not shown."""

    name: str
    anchor: str
    verdict: str
    verdict_text: str
    summary: str
    reason: str
    effect: float
    chart: Markup | None
    measures: tuple[tuple[str, str], ...]
    bins_of: str
    bins: tuple[BinRow, ...]
    psi: str
    test: str
    jensen_shannon: str
    wasserstein: str
    l_infinity: str
    p_value: str


@dataclass(frozen=True)
class ComparisonView:
    """A whole report."""

    verdict: str
    headline: str
    highlights: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    features: tuple[FeatureView, ...]
    next_steps: tuple[str, ...]
    made: str

    @property
    def drifted(self) -> list[FeatureView]:
        """The drawn features that drifted."""
        return [feature for feature in self.features if feature.verdict == DRIFTED and feature.chart]

    @property
    def others(self) -> list[FeatureView]:
        """The drawn features that did not drift."""
        return [feature for feature in self.features if feature.verdict != DRIFTED and feature.chart]

    @property
    def undrawn(self) -> int:
        """How many features are in the table only."""
        return sum(feature.chart is None for feature in self.features)


def comparison_view(
    comparison: Comparison, *, baseline_name: str, current_name: str, made: datetime | None, steps: Sequence[str] | None
) -> ComparisonView:
    """The view of a whole comparison."""
    ranked = comparison.ranked()
    unsure = not comparison.drifted and any(feature.verdict == NOT_ENOUGH_DATA for feature in ranked)
    facts = (
        ("Baseline", f"{baseline_name} ({count(comparison.baseline_rows, 'row')})"),
        ("Current", f"{current_name} ({count(comparison.current_rows, 'row')})"),
        ("Features", f"{len(ranked):,}"),
        ("Runs with a false alarm, at most", percent(comparison.alpha)),
    )
    return ComparisonView(
        verdict=DRIFTED if comparison.drifted else UNKNOWN if unsure else STEADY,
        headline=headline(comparison),
        highlights=tuple(feature.summary for feature in ranked[:_HIGHLIGHTS] if feature.drifted),
        facts=facts,
        features=tuple(feature_views(comparison)),
        next_steps=tuple(steps if steps is not None else next_steps(comparison)),
        made=f"{made:%Y-%m-%d %H:%M} UTC" if made else "",
    )


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
    test = ("KS", statistic(feature.ks)) if feature.kind == "numerical" else ("chi²", statistic(feature.chi_squared))
    measures = (("PSI", number(feature.psi)), test, ("adjusted p", p_value(feature.p_value_adjusted)))
    return FeatureView(
        name=feature.name,
        anchor=anchor,
        verdict=CLASSES[feature.verdict],
        verdict_text=verdict_words(feature.verdict),
        summary=feature.summary.removeprefix(f"{feature.name}: "),
        reason=feature.reason,
        effect=feature.effect if math.isfinite(feature.effect) else 0.0,
        chart=_chart(feature) if draw else None,
        measures=measures,
        bins_of="Values" if feature.kind == "numerical" else "Category",
        bins=_bins(feature),
        psi=number(feature.psi),
        test=test[1],
        jensen_shannon=number(feature.jensen_shannon),
        wasserstein=number(feature.wasserstein),
        l_infinity=number(feature.l_infinity),
        p_value=p_value(feature.p_value_adjusted),
    )


def _chart(feature: FeatureComparison) -> Markup | None:
    histogram = feature.histogram
    if histogram is None or not histogram.baseline:
        return None
    says = f"{feature.name}: distribution in the baseline and in the current rows. {feature.summary}"
    if histogram.edges:
        svg = distribution_chart(histogram.edges, histogram.baseline, histogram.current, description=says)
    else:
        rows = _bars(feature, histogram)
        svg = category_chart(
            [label for label, _, _ in rows], [old for _, old, _ in rows], [new for _, _, new in rows], description=says
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
    labels = _ranges(histogram.edges) if histogram.edges else list(histogram.labels)
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


def _ranges(edges: Sequence[float]) -> list[str]:
    """The bins in words; the outer ones are open."""
    inner = [f"{edge:.4g}" for edge in edges[1:-1]]
    if not inner:
        return ["all"]
    between = [f"{low} – {high}" for low, high in itertools.pairwise(inner)]
    return [f"up to {inner[0]}", *between, f"over {inner[-1]}"]


def _share(share: float) -> str:
    return percent(share) if math.isfinite(share) else NOTHING


def next_steps(comparison: Comparison) -> list[str]:
    """What to do about it, the likeliest cause first: a broken feed is mended, a changed world is learnt."""
    drifted = [feature for feature in comparison.ranked() if feature.drifted]
    short = [feature for feature in comparison.features.values() if feature.verdict == NOT_ENOUGH_DATA]
    steps = [*_about_the_feed(drifted), *_about_the_model(drifted)]
    if short:
        names = listed([feature.name for feature in short])
        steps.append(f"{names}: too few rows to tell. Wait for more, or compare a longer window.")
    return steps or ["Nothing. The current rows look like the baseline; the next run will tell again."]


def _about_the_feed(drifted: Sequence[FeatureComparison]) -> list[str]:
    """Changes that the world rarely makes and software often does."""
    steps = []
    gone = [feature.name for feature in drifted if feature.histogram is None]
    if gone:
        steps.append(
            f"{listed(gone)}: missing from the current data. Ask whoever owns the feed whether that was meant."
        )
    emptier = [
        feature.name for feature in drifted if feature.current.missing_share > feature.baseline.missing_share + 0.01
    ]
    if emptier:
        steps.append(f"{listed(emptier)}: more missing values than before. Look for a join or a source that fails.")
    broken = [
        feature.name for feature in drifted if feature.current.wrong_type_share > feature.baseline.wrong_type_share
    ]
    if broken:
        steps.append(f"{listed(broken)}: values that are no numbers. Look at how they are written and parsed.")
    coded = [
        f"{feature.name} ({listed(list(feature.new_categories), 3)})" for feature in drifted if feature.new_categories
    ]
    if coded:
        steps.append(
            f"Categories that the model has never seen: {listed(coded)}. Look for a changed code list upstream."
        )
    rescaled = [feature.name for feature in drifted if _rescaled(feature)]
    if rescaled:
        steps.append(f"{listed(rescaled)}: moved out of the baseline's range. Check the unit before anything else.")
    return steps


def _rescaled(feature: FeatureComparison) -> bool:
    """Whether the typical value now is one that the baseline does not have."""
    old, new = feature.baseline, feature.current
    return not (math.isnan(new.median) or math.isnan(old.median)) and not old.minimum <= new.median <= old.maximum


def _about_the_model(drifted: Sequence[FeatureComparison]) -> list[str]:
    if not drifted:
        return []
    return [
        "If the feed is as it should be, the world has changed: look at the model's quality on the newest labels.",
        "If quality has suffered, train on recent rows. If not, make a new baseline of them, so that the monitor "
        "watches for the next change: python -m drift_tools baseline DATA --output DIR",
    ]
