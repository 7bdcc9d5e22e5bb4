"""How a run judges its window: by the baseline's windows, by the monitor's own, while it learns those, or by rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from contract.bucket_layout import WINDOWS
from contract.new_normal import NewNormal
from drift_tools.comparison import DRIFT, NO_DRIFT, NOT_ENOUGH_DATA, Comparison, FeatureComparison, Kind, profile_of
from drift_tools.job.container import Job
from drift_tools.job.settings import JudgementSettings, MonitorSettings
from drift_tools.job.window_store import Place, WindowStore, is_kept_anew, place_of
from drift_tools.profiles import Profile, Statistics
from drift_tools.timeline import (
    LEAST_ROWS,
    LONGEST,
    Integers,
    MonitorModel,
    WindowHistory,
    WindowVerdict,
    bins_of,
    counts_of,
    differs_from_training,
    judge,
    judge_while_learning,
    learnt_model,
    lesson_of,
    record_of,
    records_to_windows,
    windows_of_weeks,
)

# Where no windows are known yet, one of an episode may miss the rows' test by chance, and two.
_HELD_WHILE_LEARNING: Final = 3
By: TypeAlias = Literal["baseline windows", "own windows", "learning", "rows"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A run's judgement. `by`: what it rests on; `verdicts`: by feature; `says`: in a sentence; `about`: as drift.json
    has it.
    """

    by: By
    verdicts: Mapping[str, WindowVerdict]
    says: str
    about: Mapping[str, Any] = field(default_factory=dict)

    def applied(self, comparison: Comparison) -> Comparison:
        """The comparison with the run's verdicts in place of those of its rows."""
        if self.by == "rows":
            return comparison
        features = {
            name: _with(feature, self.verdicts[name], len(self.verdicts)) if name in self.verdicts else feature
            for name, feature in comparison.features.items()
        }
        return replace(comparison, features=features)

    def to_dict(self) -> dict[str, Any]:
        """As drift.json has it."""
        return {
            "by": self.by,
            "says": self.says,
            **self.about,
            "growing": [name for name, verdict in self.verdicts.items() if verdict.state == "growing"],
            "learning": [name for name, verdict in self.verdicts.items() if verdict.state == "learning"],
            "features": {name: _document(verdict) for name, verdict in self.verdicts.items()},
        }


def _with(feature: FeatureComparison, verdict: WindowVerdict, features: int) -> FeatureComparison:
    decision = {"drift": DRIFT, "not enough data": NOT_ENOUGH_DATA}.get(verdict.state, NO_DRIFT)
    return replace(
        feature,
        verdict=decision,
        reason=verdict.reason,
        p_value=verdict.p_value,
        p_value_adjusted=min(1.0, verdict.p_value * features),
    )


def _document(verdict: WindowVerdict) -> dict[str, Any]:
    document: dict[str, Any] = {"state": verdict.state, "test": verdict.test or None, "moved": verdict.moved or None}
    document["p_value"] = verdict.p_value if math.isfinite(verdict.p_value) else None
    document["effect"] = verdict.effect if math.isfinite(verdict.effect) else None
    document["since"] = _time(verdict.since)
    document["moves"] = [_time(move) for move in verdict.moves]
    if verdict.a_day is not None:
        document |= {"standard_deviations_a_day": verdict.a_day, "material_at": _time(verdict.material_at)}
    return document


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def judge_run(
    job: Job,
    settings: MonitorSettings,
    comparison: Comparison,
    *,
    current: Profile,
    statistics: Statistics | None,
    kinds: Mapping[str, Kind],
) -> Judgement:
    """Judge the run's window, and keep its counts for the runs to come.

    Where no windows are kept, or the run has no window, rows are what is judged: each feature's verdict is the
    comparison's.
    """
    window, judgement = settings.dataset.window, settings.judgement
    place = place_of(job, judgement.windows)
    if place is None or window.start is None or window.end is None:
        return _by_rows(comparison)
    names = [name for name, feature in comparison.features.items() if not feature.is_new]
    seconds = max(int((window.end - window.start).total_seconds()), 1)
    history, training = _empty_history(place_of(job, judgement.baseline_windows), seconds, statistics, kinds, names)
    if history is None:
        return _by_rows(comparison)
    start, store = int(window.start.timestamp()), WindowStore(place)
    first = start - LONGEST * history.seconds
    records = [record for record in store.records(first, start) if record.get("start") != start]
    own = counts_of(current, history.bins)
    known = WindowHistory.of(history.bins, history.seconds, {**records_to_windows(records, history), start: own})
    normal = store.normal()
    if normal is not None and training is None:
        training = history.counts.sum(0)  # its windows have had their day
    run = _Run(judgement, comparison, known, start, records, training, normal)
    found = run.by_baseline(history) if training is None else run.by_own_windows(store)
    store.put(start, record_of(history.digest, start, own, **run.record(found)))
    return found


def _empty_history(
    place: Place | None,
    seconds: int,
    statistics: Statistics | None,
    kinds: Mapping[str, Kind],
    names: Sequence[str],
) -> tuple[WindowHistory | None, Integers | None]:
    """The baseline's windows and no training rows, or no windows in bins of the training rows and their counts."""
    if place is not None and WINDOWS in place.names(WINDOWS, WINDOWS):
        return _chosen(WindowHistory.from_bytes(place.get(WINDOWS), where=WINDOWS), names), None
    if statistics is None:
        return None, None
    whole = profile_of(statistics)
    training = Profile(whole.rows, {name: whole.columns[name] for name in names if name in whole.columns})
    bins = bins_of([training], kinds)
    return WindowHistory.of(bins, seconds, {}), counts_of(training, bins)


def _chosen(history: WindowHistory, names: Sequence[str]) -> WindowHistory:
    """The windows without the features that this run does not look at."""
    kept = [place for place, name in enumerate(history.names) if name in names]
    bins = tuple(history.bins[place] for place in kept)
    return WindowHistory(bins, history.seconds, history.starts, history.counts[:, kept])


def _by_rows(comparison: Comparison) -> Judgement:
    states: dict[str, Literal["drift", "no drift", "not enough data"]] = {
        DRIFT: "drift",
        NOT_ENOUGH_DATA: "not enough data",
    }
    verdicts = {
        name: WindowVerdict(
            states.get(feature.verdict, "no drift"),
            feature.reason,
            "rows",
            moved_of(feature),
            feature.p_value,
            feature.effect,
        )
        for name, feature in comparison.features.items()
        if not feature.is_new
    }
    return Judgement("rows", verdicts, "Rows were taken for independent: this run keeps no windows.")


def moved_of(feature: FeatureComparison) -> str:
    """What moved most of a feature that differs by its rows, in the words of `WindowVerdict`."""
    grown = feature.current.missing_share - feature.baseline.missing_share
    wrong = feature.current.wrong_type_share - feature.baseline.wrong_type_share
    most = max(abs(grown) if math.isfinite(grown) else 0.0, abs(wrong) if math.isfinite(wrong) else 0.0)
    among_values = feature.ks.statistic if feature.ks is not None else feature.l_infinity
    if most > 0 and not most < among_values:
        return "missing" if most == abs(grown) else "other types"
    if feature.new_categories and feature.kind == "categorical":
        return "new categories"
    return "location" if feature.kind == "numerical" else "category"


@dataclass(frozen=True, eq=False, slots=True)
class _Run:
    """One window among those before it."""

    settings: JudgementSettings
    comparison: Comparison
    known: WindowHistory
    start: int
    records: Sequence[Mapping[str, Any]]
    training: Integers | None
    normal: NewNormal | None = None

    @property
    def since(self) -> int:
        """The window from which on the monitor's own count as normal."""
        return 0 if self.normal is None else self.normal.since_seconds

    def by_baseline(self, history: WindowHistory) -> Judgement:
        """Judge by the baseline's own windows."""
        return self._by_windows(MonitorModel.fit(history, season=self.settings.season), "baseline windows")

    def by_own_windows(self, store: WindowStore) -> Judgement:
        """Judge by the monitor's own first weeks, once they are there."""
        assert self.training is not None  # noqa: S101 - for the type checker: the caller has looked
        model, is_new = self._learnt(store)
        if model is None:
            return self._learning()
        found = self._by_windows(model, "own windows")
        if not is_new or self.normal is not None:
            return found
        # Said once, when the lesson is complete: it is a finding about the baseline, and none of this window.
        different = differs_from_training(model, self.training)
        says = found.says
        if different:
            says += (
                " As a whole serving differs from the training data, said once: "
                f"{', '.join(f'{name} (PSI {effect:.2g})' for name, effect in different.items())}."
            )
        return replace(found, says=says, about={**found.about, "serving_differs_from_training": different})

    def _learnt(self, store: WindowStore) -> tuple[MonitorModel | None, bool]:
        """The model of the monitor's own windows, if there are enough, and whether it was completed just now."""
        name = f"learnt-{self.known.digest}{f'-{self.since}' if self.normal else ''}.npz"
        if name in store.place.names(name, name):
            content = store.place.get(name)
            if is_kept_anew(self.start, self.known.seconds):
                store.place.put(name, content)
            model = MonitorModel.fit(WindowHistory.from_bytes(content, where=name), season=self.settings.season)
            return model, False
        kept = self._lesson(store)
        lesson = lesson_of(kept)
        if not lesson.is_learnt:
            return None, False
        model = learnt_model(kept, season=self.settings.season)
        if lesson.seen >= lesson.all:
            store.place.put(name, model.history.to_bytes())
        return model, lesson.seen >= lesson.all

    def _lesson(self, store: WindowStore) -> WindowHistory:
        """The windows from which is learnt: those before this one, without what a person or a verdict called bad. What
        was called before a person said that it is the new normal is not bad any more.
        """
        before = self.known.where((self.known.starts < self.start) & (self.known.starts >= self.since))
        said = 0 if self.normal is None else self.normal.at_seconds
        starts = [int(record["start"]) for record in self.records if record.get("called")]
        left_out = [start for start in starts if start >= said] + store.bad(before.starts.tolist())
        return before.where(~np.isin(before.starts, np.array(left_out, dtype=np.int64)))

    def _by_windows(self, model: MonitorModel, by: By) -> Judgement:
        verdicts = judge(
            model,
            self.known,
            self.start,
            self.settings.budget(len(self.known.bins)),
            drifting=self._episodes(),
        )
        verdicts |= self._not_over(verdicts) | self._gone()
        seasons = model.seasons
        whose = "the baseline's" if by == "baseline windows" else "the monitor's own first"
        named = ", ".join(f"{kind}: {season.replace('_', ' ')}" for kind, season in seasons.items())
        says = f"Judged by {whose} {model.windows} windows{self._of_normal()} (season {named})."
        if model.remembering:
            weeks = windows_of_weeks(self.known.seconds, 4)
            says += (
                f" Windows of {', '.join(model.remembering[:3])} resemble those before them beyond the season: a "
                f"baseline of {weeks} windows would be surer."
            )
        return Judgement(by, verdicts, says, {"season": seasons, "windows": model.windows})

    def _learning(self) -> Judgement:
        assert self.training is not None  # noqa: S101 - for the type checker
        called = {int(record["start"]): record.get("rows_called", ()) for record in self.records}
        verdicts = judge_while_learning(
            self.comparison.features,
            self.known,
            self.start,
            self.training,
            called=called,
            drifting=self._called_before(_HELD_WHILE_LEARNING),
            uncalm=self._called(),
            normal=self._normal_counts(),
        )
        # By rows there is "not enough data" for a large difference in a window of hundreds of rows, too: that is calm.
        too_few = int(self.known.rows[self.known.starts == self.start].sum()) < LEAST_ROWS
        verdicts |= (self._not_over(verdicts) if too_few else {}) | self._gone()
        lesson = lesson_of(self.known.where(self.known.starts >= self.since))
        says = (
            f"Learning how windows differ{self._of_normal()}: {lesson.seen} of {lesson.first} seen. Until then rows "
            "are compared as if they were independent, and only gross changes ring; daily and weekly changes would "
            "look like drift."
        )
        return Judgement("learning", verdicts, says, {"windows": lesson.seen, "windows_left": lesson.left})

    def _normal_counts(self) -> Integers | None:
        """The rows since a person said what is normal, this window's left out unless there are none but those."""
        if self.normal is None:
            return None
        since = self.known.where(self.known.starts >= self.since)
        others = since.where(since.starts != self.start)
        found: Integers = (others if len(others) else self.known.where(self.known.starts == self.start)).counts.sum(0)
        return found

    def _of_normal(self) -> str:
        return "" if self.normal is None else f" since {self.normal.since}, the new normal by {self.normal.by}"

    def _gone(self) -> dict[str, WindowVerdict]:
        """Columns that the window does not have and the baseline always has: certain, whatever windows do."""
        return {
            name: WindowVerdict("drift", feature.reason, "rows", "missing", feature.p_value, feature.effect)
            for name, feature in self.comparison.features.items()
            if feature.drifted and feature.histogram is None
        }

    def _not_over(self, verdicts: Mapping[str, WindowVerdict]) -> dict[str, WindowVerdict]:
        """What the window before called and this one has too few rows for: a quiet night ends no episode, or each
        morning would ring anew.
        """
        return {
            name: replace(verdicts[name], state="drift", reason=f"{verdicts[name].reason}; drift in the window before")
            for name in self._called_before()
            if name in verdicts and verdicts[name].state == "not enough data"
        }

    def _called(self) -> dict[str, list[int]]:
        """Say in which of the windows before this one each feature was called drift."""
        found: dict[str, list[int]] = {}
        for record in self.records:
            for name in record.get("called", ()):
                found.setdefault(name, []).append(int(record["start"]))
        return found

    def _called_before(self, windows: int = 1) -> list[str]:
        """The features that were called drift in one of so many windows before this one."""
        return [name for record in self._judged()[-windows:] for name in record.get("called", ())]

    def _judged(self) -> list[Mapping[str, Any]]:
        """The records of the windows before this one, in their order; none from before a person said what is normal."""
        said = 0 if self.normal is None else self.normal.at_seconds
        found = sorted(self.records, key=lambda record: int(record["start"]))
        return [record for record in found if int(record["start"]) >= said]

    def _episodes(self) -> dict[str, int]:
        """The features that the window before called, and the first of those in a row that did."""
        episodes: dict[str, int] = {}
        for record in self._judged():
            start = int(record["start"])
            episodes = {name: episodes.get(name, start) for name in record.get("called", ())}
        return episodes

    def record(self, found: Judgement) -> dict[str, Any]:
        """What is kept beside the window's counts."""
        return {
            "called": [name for name, verdict in found.verdicts.items() if verdict.state == "drift"],
            "rows_called": [name for name, feature in self.comparison.features.items() if feature.drifted],
            "by": found.by,
        }
