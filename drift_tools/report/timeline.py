"""Windows over time: since when each feature drifts, in words and pictures."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from markupsafe import Markup

from drift_tools.comparison import DRIFT, NO_DRIFT, NOT_ENOUGH_DATA, PSI_THRESHOLD
from drift_tools.report.advice import growth, when
from drift_tools.report.charts import onset_chart
from drift_tools.report.words import CLASSES, count, listed, percent, verdict_words
from drift_tools.timeline import Growth, Onset, Timeline, Window

_DRAWN = 12


@dataclass(frozen=True)
class OnsetView:
    """When one feature began to drift, with its picture (None for those beyond the drawn ones)."""

    name: str
    says: str
    pace: str
    chart: Markup | None


@dataclass(frozen=True)
class WindowView:
    """One window as a row of a table. `verdict` is a CSS class."""

    label: str
    rows: str
    verdict: str
    verdict_text: str
    drifted: str


@dataclass(frozen=True)
class TimelineView:
    """What the report says about time."""

    says: str
    onsets: tuple[OnsetView, ...]
    windows: tuple[WindowView, ...]
    confidence: str
    growing: tuple[tuple[str, str], ...] = ()
    """Features that are known to move and are not yet material, and what to say of each."""

    @property
    def undrawn(self) -> tuple[OnsetView, ...]:
        """The onsets without a picture."""
        return tuple(onset for onset in self.onsets if onset.chart is None)


def timeline_view(timeline: Timeline, *, thresholds: Mapping[str, float] | None = None) -> TimelineView:
    """The view of a timeline; the features whose effect grew most come first, and the first of them are drawn.

    `thresholds` are the effects from which a difference is drift, where they are not the usual one.
    """
    labels = short_labels([window.label for window in timeline.windows])
    names = dict(zip((window.label for window in timeline.windows), labels, strict=True))
    ranked = sorted(timeline.onsets.values(), key=growth, reverse=True)
    limits = thresholds or {}
    drawn = [onset.feature for onset in ranked if _is_measured(timeline, onset)][:_DRAWN]
    views = [
        OnsetView(
            onset.feature,
            onset_says(onset, names),
            onset.pace,
            _chart(timeline, onset, names, limits.get(onset.feature, PSI_THRESHOLD))
            if onset.feature in drawn
            else None,
        )
        for onset in ranked
    ]
    windows = tuple(window_view(window) for window in timeline.windows)
    growing = tuple((found.feature, growth_says(found)) for found in timeline.growing.values())
    return TimelineView(timeline_says(timeline), tuple(views), windows, percent(timeline.confidence), growing)


def timeline_says(timeline: Timeline) -> str:
    """The whole timeline in a sentence or two."""
    first, last = timeline.windows[0].label, timeline.windows[-1].label
    names = listed(timeline.drifted_features)
    if len(timeline.windows) == 1:
        return f"One window, {first}: {f'drift of {names}' if timeline.onsets else 'no drift'}."
    span = f"{count(len(timeline.windows), 'window')} from {first} to {last}"
    if not timeline.onsets:
        return f"{span}: no drift in any of them."
    drifted = sum(window.comparison.drifted for window in timeline.windows)
    now = [onset.feature for onset in sorted(timeline.onsets.values(), key=growth, reverse=True) if onset.until is None]
    present = f"Drifting now: {listed(now)}." if now else "None of them drifts now."
    return f"{span}: drift in {drifted} of them, of {names}. {present}"


def growth_says(found: Growth) -> str:
    """How far a feature is that grows, and when it would be material; without its name."""
    ahead = f"; material in about {count(found.windows_left, 'window')} if it goes on so" if found.windows_left else ""
    return f"PSI {found.effect:.2g} beyond what chance explains, and growing from window to window{ahead}"


def onset_says(onset: Onset, names: Mapping[str, str] | None = None) -> str:
    """When it began, how sure that is, and whether it was sudden or gradual; without the feature's name."""
    known = names or {}

    def label(name: str) -> str:
        return known.get(name, name)

    says = when(replace(onset, moves=()), names)
    if onset.earliest != onset.latest:
        says += f" (it may have begun between {label(onset.earliest)} and {label(onset.latest)})"
    if onset.until is None or onset.until != onset.window:
        says += ", all at once" if onset.pace == "sudden" else f", growing until {label(onset.complete)}"
    says += "".join(f", moved again on {label(move.window)}" for move in onset.moves)
    says += _effects(onset, label)
    if onset.earlier:
        times = [label(first) if first == last else f"{label(first)} to {label(last)}" for first, last in onset.earlier]
        says += f"; before that, it had drifted and calmed down again: {listed(times)}"
    return says


def _effects(onset: Onset, label: Callable[[str], str]) -> str:
    """What the effect was before, after, and from each move on; empty where nobody could measure it."""
    if not (math.isfinite(onset.effect_before) and math.isfinite(onset.effect_after)):
        return ""
    before, after = (f"{round(effect, 2) + 0.0:.2f}" for effect in (onset.effect_before, onset.effect_after))
    word = "after" if onset.until is None else "meanwhile"
    later = "".join(
        f", {move.effect:.2f} from {label(move.window)} on" for move in onset.moves if math.isfinite(move.effect)
    )
    return f": PSI {before} before, {after} {word}{later}, beyond what chance explains"


def window_view(window: Window) -> WindowView:
    """One window's verdict: drift, or too few rows for any feature, or none."""
    comparison = window.comparison
    verdicts = {feature.verdict for feature in comparison.features.values() if not feature.is_new}
    verdict = DRIFT if comparison.drifted else NOT_ENOUGH_DATA if verdicts == {NOT_ENOUGH_DATA} else NO_DRIFT
    drifted = [feature.name for feature in comparison.ranked() if feature.drifted]
    return WindowView(
        window.label, f"{comparison.current_rows:,}", CLASSES[verdict], verdict_words(verdict), listed(drifted, 8)
    )


def short_labels(labels: Sequence[str]) -> list[str]:
    """Times without what is the same for all: the day, or the year. Labels that are no times stay as they are.

    >>> short_labels(["2026-03-01T10:00Z", "2026-03-01T11:00Z"])
    ['10:00', '11:00']
    >>> short_labels(["2026-03-01", "2026-03-02"])
    ['03-01', '03-02']
    >>> short_labels(["2026-03-01T23:00Z", "2026-03-02"])
    ['03-01 23:00', '03-02 00:00']
    """
    try:
        times = [datetime.fromisoformat(label) for label in labels]
    except ValueError:
        return list(labels)
    if len(labels) < 2:
        return list(labels)
    year = "%m-%d" if len({time.year for time in times}) == 1 else "%Y-%m-%d"
    if all(len(label) == len("2026-03-01") for label in labels):
        return [f"{time:{year}}" for time in times]
    clock = "%H:%M:%S" if any(time.second for time in times) else "%H:%M"
    day = "" if len({time.date() for time in times}) == 1 else f"{year} "
    return [f"{time:{day}{clock}}" for time in times]


def _is_measured(timeline: Timeline, onset: Onset) -> bool:
    """Whether there is anything to draw: a column that is missing has no effect in any window."""
    return any(math.isfinite(window.comparison.features[onset.feature].effect) for window in timeline.windows)


def _chart(timeline: Timeline, onset: Onset, names: Mapping[str, str], threshold: float) -> Markup:
    places = {window.label: place for place, window in enumerate(timeline.windows)}
    features = [window.comparison.features[onset.feature] for window in timeline.windows]
    svg = onset_chart(
        list(names.values()),
        [feature.effect for feature in features],
        drifted=[feature.drifted for feature in features],
        threshold=threshold,
        onset=places[onset.window],
        interval=(places[onset.earliest], places[onset.latest]),
        title=f"{onset.feature}: how far it is from the baseline, window by window",
        description=onset_says(onset),
    )
    return Markup(svg)  # noqa: S704 - the chart escapes its texts
