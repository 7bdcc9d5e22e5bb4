"""What to do next, derived from what was found: the likeliest cause first."""

import math
from collections.abc import Iterator, Mapping, Sequence

from drift_tools.comparison import NOT_ENOUGH_DATA, Comparison, CrossCheck, FeatureComparison, is_too_rare
from drift_tools.report.words import count, cut, isolated, listed
from drift_tools.timeline import Onset, Timeline

_SUDDEN = 3
_LONGEST_CODE = 60
_ABOUT_THE_MODEL = (
    "If the feed is as it should be, the world has changed: look at the model's quality on the newest labels.",
    "If quality has suffered, train on recent rows. If not, make a new baseline of them, so that the monitor "
    "watches for the next change: python -m drift_tools baseline DATA --output DIR",
)


def next_steps(
    comparison: Comparison, checks: Sequence[CrossCheck] = (), timeline: Timeline | None = None
) -> list[str]:
    """What to do about a comparison: a broken feed is fixed, a changed world is learnt.

    `checks` hold the monitor's violations against comparisons of the same rows; where only one of them calls a feature,
    a step says what to set. `timeline` has the same rows in windows: what began at once is looked for where it began.
    """
    drifted = [feature for feature in comparison.ranked() if feature.drifted]
    short = [feature for feature in comparison.features.values() if feature.verdict == NOT_ENOUGH_DATA]
    any_drift = comparison.drifted or (timeline is not None and timeline.drifted)
    steps = [
        *_about_the_feed(drifted),
        *_about_time(timeline),
        *(_ABOUT_THE_MODEL if any_drift else ()),
        *_about_the_monitor(checks),
    ]
    unique = [feature.name for feature in short if is_too_rare(feature.reason)]
    few = [feature.name for feature in short if feature.name not in unique]
    if few:
        steps.append(f"{listed(few)}: too few rows to tell. Wait for more, or compare a longer window.")
    if unique:
        steps.append(f"{listed(unique)}: almost every row has its own, as of names and ids. Leave such columns out.")
    return steps or ["Nothing. The current rows look like the baseline; the next run will tell again."]


def _about_the_feed(drifted: Sequence[FeatureComparison]) -> list[str]:
    """Changes that the world rarely makes and software often does, in the rank of the first feature of each."""
    ranks = {feature.name: rank for rank, feature in enumerate(drifted)}
    causes = [(ranks[found[0].name], says) for found, says in _causes(drifted) if found]
    return [says for _, says in sorted(causes, key=lambda cause: cause[0])]


def _causes(drifted: Sequence[FeatureComparison]) -> Iterator[tuple[list[FeatureComparison], str]]:
    """The features that look as if this were the cause, which may be none, and what to look at."""
    gone = [feature for feature in drifted if feature.histogram is None]
    yield gone, f"{_names(gone)}: missing from the current data. Ask whoever owns the feed whether that was meant."
    emptier = [feature for feature in drifted if feature.current.missing_share > feature.baseline.missing_share + 0.01]
    yield emptier, f"{_names(emptier)}: more missing values than before. Look for a join or a source that fails."
    broken = [feature for feature in drifted if feature.current.wrong_type_share > feature.baseline.wrong_type_share]
    yield broken, f"{_names(broken)}: values that are no numbers. Look at how they are written and parsed."
    coded = [feature for feature in drifted if feature.new_categories]
    codes = listed([f"{isolated(feature.name)} ({_codes(feature.new_categories)})" for feature in coded])
    yield coded, f"Categories that the model has never seen: {codes}. Look for a changed code list upstream."
    clocks = [feature for feature in drifted if feature.is_time]
    yield clocks, f"{_names(clocks)}: dates move on by themselves. Compare an age or a delay in their place."
    amounts = [feature for feature in drifted if not feature.is_time]
    factors = {feature.name: _factor(feature) for feature in amounts}
    scaled = [feature for feature in amounts if factors[feature.name]]
    by = listed([f"{isolated(feature.name)} ({factors[feature.name]} the baseline's)" for feature in scaled])
    yield scaled, f"Median and spread multiplied alike: {by}. Look for a changed unit before anything else."
    moved = [feature for feature in amounts if not factors[feature.name] and _out_of_range(feature)]
    yield moved, f"{_names(moved)}: moved out of the baseline's range. Check the unit before anything else."


def _codes(categories: Sequence[str]) -> str:
    return listed([cut(category, _LONGEST_CODE) for category in categories], 3)


def _names(features: Sequence[FeatureComparison]) -> str:
    return listed([feature.name for feature in features])


def _out_of_range(feature: FeatureComparison) -> bool:
    """Whether the typical value now is one that the baseline does not have."""
    old, new = feature.baseline, feature.current
    return not (math.isnan(new.median) or math.isnan(old.median)) and not old.minimum <= new.median <= old.maximum


def _factor(feature: FeatureComparison) -> str | None:
    """Estimate by how much all values were multiplied, if median and spread agree on it (within 5 %); else None."""
    old, new = feature.baseline, feature.current
    if not old.median or not old.standard_deviation:
        return None
    by_median, by_spread = new.median / old.median, new.standard_deviation / old.standard_deviation
    if not (math.isfinite(by_median) and math.isfinite(by_spread) and by_spread > 0):
        return None
    if 0.5 < by_median < 2 or abs(by_median / by_spread - 1) > 0.05:
        return None
    return f"{by_median:.3g} times" if by_median >= 1 else f"1/{1 / by_median:.3g} of"


def growth(onset: Onset) -> float:
    """Say by how much a feature's effect grew, 0 where nobody knows: by this onsets are ranked."""
    before = onset.effect_before if math.isfinite(onset.effect_before) else 0.0
    return onset.effect_now - before if math.isfinite(onset.effect_now) else 0.0


def when(onset: Onset, names: Mapping[str, str] | None = None) -> str:
    """Since when and when again, or from when to when if it is over; `names` has other words for windows' labels."""
    label = (names or {}).get
    first, last = (label(name, name) for name in (onset.window, onset.until or ""))
    again = (
        f", moved again on {listed([label(move.window, move.window) for move in onset.moves])}" if onset.moves else ""
    )
    if onset.until is None:
        return f"since {first}{again}"
    return f"only in {first}" if onset.until == onset.window else f"from {first} to {last}{again}"


def _about_time(timeline: Timeline | None) -> Iterator[str]:
    """What is sudden is something that somebody did; what is gradual is the world."""
    onsets = [] if timeline is None else sorted(timeline.onsets.values(), key=growth, reverse=True)
    first = timeline.windows[0].label if timeline is not None and timeline.windows else None
    sudden: dict[str, list[str]] = {}
    for onset in onsets:
        if onset.pace == "sudden":
            began = onset.window if onset.earliest == onset.latest else f"between {onset.earliest} and {onset.latest}"
            if onset.window == first:
                began = f"in the first window, {first}, or before it"
            ended = f", and was last seen {onset.until}" if onset.until is not None else ""
            ended = ", for that window only" if onset.until == onset.window else ended
            if onset.moves:
                began += f", and moved again on {listed([move.window for move in onset.moves], 3)}"
            sudden.setdefault(began + ended, []).append(onset.feature)
    for began, names in list(sudden.items())[:_SUDDEN]:
        yield f"{listed(names)}: began all at once, {began}. Look at what was deployed or changed upstream then."
    if gradual := [onset for onset in onsets if onset.pace == "gradual"]:
        since = listed([f"{isolated(onset.feature)} ({when(onset)})" for onset in gradual])
        yield f"Growing slowly: {since}. Look for a trend or a season before looking for a mistake."
    if timeline is not None and timeline.growing:
        yield f"Look for a trend or a season in {listed(list(timeline.growing))}, while there is time."


def _about_the_monitor(checks: Sequence[CrossCheck]) -> Iterator[str]:
    """What to set where the monitor and the local measures say different things."""
    missed = list(dict.fromkeys(name for check in checks for name in check.local_only))
    if missed:
        yield (
            f"The monitor does not see {count(len(missed), 'drifted feature')}: {listed(missed)}. Tighten "
            f"{'its constraint' if len(missed) == 1 else 'their constraints'} (comparison_threshold in "
            "constraints.json)."
        )
    alone: dict[str, list[str]] = {}
    for check in checks:
        for name in check.monitor_only:
            alone.setdefault(name, []).extend(check.checks.get(name, ()))
    if alone:
        named = listed([f"{name} ({listed(list(dict.fromkeys(kinds)), 3)})" for name, kinds in alone.items()])
        yield (
            f"Only the monitor calls {named}. If that check is too strict for the feature, relax its constraint; if it "
            "is a rule that must hold, fix the feed."
        )
