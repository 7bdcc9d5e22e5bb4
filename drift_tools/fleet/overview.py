"""Many models, the worst first: what each is like now, how its days were, and its versions side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import sqrt
from statistics import fmean, median
from typing import Any, Final, TypeAlias

from contract.monitor_kinds import MODEL_QUALITY
from drift_tools.fleet.reading import Monitor, Row, Rows, monitor_of

DRIFTING, WORSE, SILENT, LEARNING, STEADY = "drifting", "quality is worse", "silent", "learning", "steady"
STATES: Final = (WORSE, DRIFTING, SILENT, LEARNING, STEADY)
# A monitor is silent after three of its own intervals; of one that ran once nobody knows how often it should.
_INTERVALS: Final = 3
_SHORTEST_SILENCE: Final = timedelta(hours=3)
_UNKNOWN_INTERVAL: Final = timedelta(days=2)
MOST: Final = 9
_NAMED: Final = 3
ModelKey: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureNow:
    """A feature in its monitor's last run; `days`: on which of the overview's days it was called drift, by position."""

    name: str
    kind: str
    """Of its monitor."""
    psi: float | None
    ks: float | None
    jensen_shannon: float | None
    wasserstein: float | None
    l_infinity: float | None
    p_value: float | None
    """Adjusted for all features of the run."""
    drifted: bool
    state: str
    since: str | None
    reason: str
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """A version (and variant) of a model over the days that it was monitored."""

    variant: str
    version: str
    first: str
    last: str
    runs: int
    drifted_runs: int
    drifted_share: float
    """Mean share of features that drifted, 0 to 1; 0 without features."""
    violations: int
    metrics: Mapping[str, float]
    """Mean of each metric of quality or bias over its runs."""
    days: tuple[int | None, ...]
    """As of the model, of this version's runs alone."""
    daily: Mapping[str, Mapping[int, float]]
    """Of each metric, its mean on the days (by position) that have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A monitored endpoint. `days`: one level a day, None without a run, 0 clean, to 9."""

    account: str
    region: str
    endpoint: str
    team: str
    variant: str
    version: str
    state: str
    says: str
    last_run: str
    drifted: int
    compared: int
    violations: int
    days: tuple[int | None, ...]
    features: Sequence[FeatureNow]
    findings: Sequence[Row]
    versions: Sequence[VersionView]
    metrics: Mapping[str, float]
    results: Mapping[str, str]
    """By kind of monitor, the folder of its last run."""
    runs: int
    kinds: Sequence[str] = field(default_factory=tuple)

    @property
    def order(self) -> tuple[Any, ...]:
        """The worst first: by state, then by violations, by the share of drifted features, by bad days."""
        share = self.drifted / self.compared if self.compared else 0.0
        bad = sum(1 for level in self.days if level)
        rank = {WORSE: 0, DRIFTING: 0, SILENT: 1, LEARNING: 2, STEADY: 3}[self.state]
        return rank, self.state != WORSE, -share, -self.violations, -bad, self.endpoint, self.account, self.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All models of an overview, the worst first. `first`: the first of its days."""

    until: datetime
    first: date
    days: int
    runs: int
    models: Sequence[Model]

    def count(self, state: str) -> int:
        """How many models are in a state."""
        return sum(1 for model in self.models if model.state == state)


class _Days:
    """The days of an overview, by position. `until`: the moment that it is of."""

    def __init__(self, until: datetime, count: int) -> None:
        self.until, self.count = until, count
        self.first = (until - timedelta(days=count - 1)).date()
        days = (self.first + timedelta(days=position) for position in range(count))
        self._positions = {f"{day:%Y-%m-%d}": position for position, day in enumerate(days)}

    def position(self, moment: str) -> int | None:
        """Which day an ISO 8601 moment is of; None if none of them."""
        return self._positions.get(moment[:10])


def overview_of(rows: Rows, *, until: datetime, days: int) -> Fleet:
    """Make the overview of what was read; `until` and `days` as it was read by."""
    span = _Days(until, days)
    by_model: dict[ModelKey, list[Row]] = {}
    for run in rows.runs:
        account, region, endpoint, _ = monitor_of(run)
        by_model.setdefault((account, region, endpoint), []).append(run)
    models = [_model(key, runs, rows, span) for key, runs in by_model.items()]
    models.sort(key=lambda model: model.order)
    return Fleet(until=until, first=span.first, days=days, runs=len(rows.runs), models=models)


def _model(key: ModelKey, runs: list[Row], rows: Rows, span: _Days) -> Model:
    runs.sort(key=lambda run: run["window_end"])
    by_monitor: dict[Monitor, list[Row]] = {}
    for run in runs:
        by_monitor.setdefault(monitor_of(run), []).append(run)
    last = {monitor: found[-1] for monitor, found in by_monitor.items()}
    newest = runs[-1]
    state, says = _state(by_monitor, span.until)
    features = _features(last, by_monitor, rows, span)
    return Model(
        account=key[0],
        region=key[1],
        endpoint=key[2],
        team=newest.get("team") or "",
        variant=newest.get("variant") or "",
        version=newest.get("version") or "",
        state=state,
        says=" ".join(filter(None, (says, _growing(features)))),
        last_run=newest["window_end"],
        drifted=sum(run["drifted_count"] or 0 for run in last.values()),
        compared=sum(run["feature_count"] or 0 for run in last.values()),
        violations=sum(run["violation_count"] or 0 for run in last.values()),
        days=_levels(runs, span),
        features=features,
        findings=[finding for monitor in last for finding in rows.findings.get(monitor, ())],
        versions=_versions(runs, span),
        metrics={name: value for run in last.values() for name, value in (run.get("metrics") or {}).items()},
        results={run["kind"]: run["results_uri"] for run in last.values() if run.get("results_uri")},
        runs=len(runs),
        kinds=sorted({run["kind"] for run in last.values()}),
    )


def _state(by_monitor: Mapping[Monitor, Sequence[Row]], until: datetime) -> tuple[str, str]:
    """What the model's monitors say together: the worst of them, in a state and in words."""
    worst, sentences = STEADY, []
    for runs in by_monitor.values():
        state, says = _monitor_state(runs, until)
        if STATES.index(state) < STATES.index(worst):
            worst = state
        if says:
            sentences.append(says)
    return worst, " ".join(sentences)


def _monitor_state(runs: Sequence[Row], until: datetime) -> tuple[str, str]:
    last = runs[-1]
    end = _moment(last["window_end"])
    quiet = until - end
    if quiet > _allowed_silence(runs):
        return SILENT, f"No {last['kind']} run for {_duration(quiet)}."
    found = last["violation_count"] or 0
    if last["kind"] == MODEL_QUALITY:
        return (WORSE, f"{found} metrics are worse than the baseline allows.") if found else (STEADY, "")
    drifted = last["drifted_count"] or 0
    if drifted or found:
        return DRIFTING, f"{_episode(runs)}."
    return (LEARNING, "Learns how its windows differ.") if last.get("judged_by") == "learning" else (STEADY, "")


def _growing(features: Sequence[FeatureNow]) -> str:
    """What is known to move and is not yet material: no state of the model, and worth a look."""
    names = [feature.name for feature in features if feature.state == "growing"]
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"Growing, not yet material: {', '.join(names[:_NAMED])}{more}."


def _episode(runs: Sequence[Row]) -> str:
    """Since which run without a clean one between."""
    began = runs[-1]
    for run in reversed(runs):
        if not (run["drifted_count"] or run["violation_count"]):
            break
        began = run
    return f"In every run since {began['window_end'][:16].replace('T', ' ')}"


def _allowed_silence(runs: Sequence[Row]) -> timedelta:
    if len(runs) < 2:
        return _UNKNOWN_INTERVAL
    ends = [_moment(run["window_end"]) for run in runs[-10:]]
    usual = median((after - before).total_seconds() for before, after in pairwise(ends))
    return max(timedelta(seconds=_INTERVALS * usual), _SHORTEST_SILENCE)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _duration(quiet: timedelta) -> str:
    hours = int(quiet.total_seconds() // 3600)
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def _levels(runs: Iterable[Row], span: _Days) -> tuple[int | None, ...]:
    """The worst run of each day: 0 clean; 1 to 9 by the square root of the share of features that
    drifted, so that one of many is seen; 9 also for quality.
    """
    levels: list[int | None] = [None] * span.count
    for run in runs:
        position = span.position(run["window_end"])
        if position is None:
            continue
        drifted, compared = run["drifted_count"] or 0, run["feature_count"] or 0
        level = 0
        if drifted:
            level = max(1, round(MOST * sqrt(drifted / max(compared, drifted))))
        elif run["violation_count"]:
            level = MOST if run["kind"] == MODEL_QUALITY else 1
        levels[position] = max(level, levels[position] or 0)
    return tuple(levels)


def _features(
    last: Mapping[Monitor, Row],
    by_monitor: Mapping[Monitor, Sequence[Row]],
    rows: Rows,
    span: _Days,
) -> list[FeatureNow]:
    found = []
    for monitor in last:
        called: dict[str, set[int]] = {}
        for run in by_monitor[monitor]:
            day = span.position(run["window_end"])
            if day is not None:
                for name in run["drifted_features"] or ():
                    called.setdefault(name, set()).add(day)
        for row in rows.features.get(monitor, ()):
            name = row["feature"]
            found.append(
                FeatureNow(
                    name=name,
                    kind=row.get("kind") or "",
                    psi=row.get("psi"),
                    ks=row.get("ks"),
                    jensen_shannon=row.get("jensen_shannon"),
                    wasserstein=row.get("wasserstein"),
                    l_infinity=row.get("l_infinity"),
                    p_value=row.get("p_value_adjusted"),
                    drifted=bool(row.get("drifted")),
                    state=row.get("state") or "",
                    since=row.get("since"),
                    reason=row.get("reason") or "",
                    days=tuple(sorted(called.get(name, ()))),
                )
            )
    found.sort(key=lambda feature: (not feature.drifted, -(feature.psi or 0.0), feature.name))
    return found


def _versions(runs: Iterable[Row], span: _Days) -> list[VersionView]:
    by_version: dict[tuple[str, str], list[Row]] = {}
    for run in runs:
        by_version.setdefault((run.get("variant") or "", run.get("version") or ""), []).append(run)
    found = [_version(variant, version, own, span) for (variant, version), own in by_version.items()]
    return sorted(found, key=lambda view: view.last, reverse=True)


def _version(variant: str, version: str, runs: Sequence[Row], span: _Days) -> VersionView:
    compared = [run for run in runs if run["feature_count"]]
    measured: dict[str, list[float]] = {}
    by_day: dict[str, dict[int, list[float]]] = {}
    for run in runs:
        for name, value in (run.get("metrics") or {}).items():
            measured.setdefault(name, []).append(value)
            day = span.position(run["window_end"])
            if day is not None:
                by_day.setdefault(name, {}).setdefault(day, []).append(value)
    return VersionView(
        variant=variant,
        version=version,
        first=runs[0]["window_end"],
        last=runs[-1]["window_end"],
        runs=len(runs),
        drifted_runs=sum(1 for run in runs if run["drifted_count"]),
        drifted_share=fmean(run["drifted_count"] / run["feature_count"] for run in compared) if compared else 0.0,
        violations=sum(run["violation_count"] or 0 for run in runs),
        metrics={name: fmean(values) for name, values in sorted(measured.items())},
        days=_levels(runs, span),
        daily={name: {day: fmean(values) for day, values in days.items()} for name, days in sorted(by_day.items())},
    )
