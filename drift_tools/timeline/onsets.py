"""When a feature began to drift, of windows that were called: the present episode, its later moves, earlier ones."""

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drift_tools.tables import Numbers
from drift_tools.timeline.change_point import Change, Pace, estimate_onset
from drift_tools.timeline.segmentation import Segment, last_episode, segments_of

_LEAST = 1e-12
_FORMER_WORDS: Mapping[Pace, str] = {"sudden": "cliff", "gradual": "slope"}


@dataclass(frozen=True, slots=True)
class Move:
    """A later change within an episode: the label of its first window, and the mean effect from there to the next."""

    window: str
    effect: float


@dataclass(frozen=True, slots=True)
class Onset:
    """When the present episode of a feature's drift began, or the last one.

    `window`: the label of its first different window, by the best estimate, and never after the first of it that was
    called drift; `earliest`, `latest`: the labels between which it is with the timeline's `confidence`. `pace`:
    `"sudden"` if all of the difference was there at once, `"gradual"` if it grew; `complete`: the label of the
    window from which it grew no more (of a sudden one, the first). `effect_before`, `effect_after`: the mean effect
    (PSI less its expectation) of the windows before `window` and of those from `complete` on to the first of the
    `moves`, NaN where there are none that could be measured. `moves`: the later changes of the same episode. `until`:
    the label of the last window that has drifted, if that is over: if at least two with rows come after it, with less
    than half of the drifted windows' mean effect. They then count for nothing above. `earlier`: the labels of the first
    and the last called window of each earlier episode, with calm windows between it and the next.
    """

    feature: str
    window: str
    earliest: str
    latest: str
    pace: Pace
    complete: str
    effect_before: float
    effect_after: float
    until: str | None = None
    moves: tuple[Move, ...] = ()
    earlier: tuple[tuple[str, str], ...] = ()

    @property
    def shape(self) -> str:
        """The pace in the words of version 0.1; gone in the next one."""
        warnings.warn("Onset.shape goes in the next version: use Onset.pace", DeprecationWarning, stacklevel=2)
        return _FORMER_WORDS[self.pace]

    @property
    def effect_now(self) -> float:
        """The mean effect of the episode's last state."""
        return self.moves[-1].effect if self.moves else self.effect_after

    def to_dict(self) -> dict[str, Any]:
        """The onset as a JSON object; a number that does not exist is None."""
        return {
            "window": self.window,
            "earliest": self.earliest,
            "latest": self.latest,
            "pace": self.pace,
            "shape": _FORMER_WORDS[self.pace],
            "complete": self.complete,
            "effect_before": _json(self.effect_before),
            "effect_after": _json(self.effect_after),
            "until": self.until,
            "moves": [{"window": move.window, "effect": _json(move.effect)} for move in self.moves],
            "earlier": [list(episode) for episode in self.earlier],
        }

    def __str__(self) -> str:
        began = f"began at {self.window}"
        if self.earliest != self.latest:
            began += f" ({self.earliest} … {self.latest})"
        grew = "all at once" if self.pace == "sudden" else f"growing until {self.complete}"
        moved = "".join(f", moved again at {move.window}" for move in self.moves)
        ended = "" if self.until is None else f", until {self.until}"
        return f"{self.feature}: {began}, {grew}{moved}{ended}"


def date_drift(
    feature: str,
    baseline: Numbers,
    windows: Numbers,
    *,
    called: NDArray[np.bool_],
    effects: Numbers,
    labels: Sequence[str],
    is_over: bool,
    confidence: float,
) -> Onset:
    """Say when a feature that was called drift in at least one window began to.

    The windows are cut into states (`drift_tools.timeline.segmentation`) by one score of their rows: the one that
    tells the baseline from the windows that were called. What is estimated, with its interval, is the first change of
    the last episode, from the calm state before it and the episode's first state alone: a later, larger change would
    outweigh it (Hinkley's estimate knows a single one).

    Parameters
    ----------
    feature, labels
        names.
    baseline
        rows in each bin.
    windows
        windows x bins, in the order of time.
    called, effects
        of each window: whether it was called drift, and its effect.
    is_over
        whether the last window that was called is the last one here because those after it are calm.
    confidence
        of the interval.
    """
    segments = _states(baseline, windows, called)
    episode = last_episode(segments)
    moves: tuple[int, ...] = ()
    if episode is None:  # nothing but single windows: the likeliest single change of all
        found = estimate_onset(baseline, windows, confidence=confidence)
    else:
        first = slice(episode.calm_before, episode.first_end)
        found = _later(estimate_onset(baseline, windows[first], confidence=confidence), episode.calm_before)
        moves = episode.moves
    start = _tied(found.start, called)
    ends = [*moves, len(labels)]
    complete = max(found.complete, start)
    return Onset(
        feature=feature,
        window=labels[start],
        earliest=labels[min(found.earliest, start)],
        latest=labels[max(found.latest, start)],
        pace=found.pace,
        complete=labels[complete],
        effect_before=mean_of(_calm_effects(effects, segments, start)),
        effect_after=mean_of(effects[complete : max(ends[0], complete + 1)]),
        until=labels[-1] if is_over else None,
        moves=tuple(
            Move(labels[at], mean_of(effects[at:end])) for at, end in zip(moves, ends[1:], strict=True) if at > start
        ),
        earlier=_earlier(called[:start], segments, labels),
    )


def _states(baseline: Numbers, windows: Numbers, called: NDArray[np.bool_]) -> list[Segment]:
    """The states of the windows that have rows, counted in all windows."""
    filled = np.flatnonzero(windows.sum(axis=1) > 0)
    counts = windows[filled]
    told = counts[called[filled]] if called[filled].any() else counts
    before, after = baseline / baseline.sum(), told.sum(axis=0) / told.sum()
    middle = (before + after) / 2
    score = (after - before) / np.maximum(middle, _LEAST)
    variance = max(float(middle @ score**2 - (middle @ score) ** 2), _LEAST)
    rows = counts.sum(axis=1)
    deviations = counts @ score / rows - before @ score
    found = segments_of(deviations[:, None], rows / variance, baseline_weight=float(baseline.sum()) / variance)
    ends = [*(int(filled[item.end]) for item in found[:-1]), len(windows)]
    states: list[Segment] = []
    for item, end in zip(found, ends, strict=True):
        start = int(filled[item.start])
        is_calm = item.is_calm or not called[start:end].any()  # an episode is of windows that were called
        if states and is_calm and states[-1].is_calm:
            start = states.pop().start
        states.append(Segment(start, end, is_calm, item.shape, item.mean))
    return states


def _later(change: Change, by: int) -> Change:
    return Change(change.start + by, change.earliest + by, change.latest + by, change.pace, change.complete + by)


def _tied(start: int, called: NDArray[np.bool_]) -> int:
    """The start, moved back over the windows before it that were called: what was called drift has begun."""
    while start > 0 and called[start - 1]:
        start -= 1
    return start


def _calm_effects(effects: Numbers, segments: Sequence[Segment], start: int) -> list[float]:
    calm = [float(effect) for item in segments if item.is_calm for effect in effects[item.start : min(item.end, start)]]
    return calm or [float(effect) for effect in effects[:start]]


def _earlier(
    called: NDArray[np.bool_], segments: Sequence[Segment], labels: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """The episodes before, each from its first called window to its last."""
    found: list[tuple[str, str]] = []
    begun: list[int] = []
    for item in segments:
        places: list[int] = (np.flatnonzero(called[item.start : item.end]) + item.start).tolist()
        if not item.is_calm:
            begun += places
        if begun and (item.is_calm or item.end >= len(called)):
            found.append((labels[begun[0]], labels[begun[-1]]))
            begun = []
    return tuple(found)


def mean_of(effects: Iterable[float]) -> float:
    """The mean of the effects that exist; NaN if none does."""
    finite = [float(effect) for effect in effects if math.isfinite(effect)]
    return sum(finite) / len(finite) if finite else math.nan


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None
