"""The data-quality job: captured requests and answers, described and held against the baseline's columns."""

import contextlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from contract.bucket_layout import MODEL_MONITOR_RULES
from drift_tools.capture import BATCH_ROWS, MAX_UNREADABLE_SHARE, Captures, Counts, iterate_captures
from drift_tools.errors import InputError
from drift_tools.job import drift_json, segments, shards
from drift_tools.job.baseline_files import suggest_baseline
from drift_tools.job.cloudwatch import Metrics
from drift_tools.job.container import Job
from drift_tools.job.inputs.dataset import (
    captured_batches,
    captured_bytes,
    captured_table,
    plain_table,
)
from drift_tools.job.kinds.estimated_quality import estimate
from drift_tools.job.not_checked import in_words, not_checked, too_few_to_judge
from drift_tools.job.results import (
    CONSTRAINTS,
    STATISTICS,
    Found,
    added,
    completion,
    require_rows,
    write_violations,
)
from drift_tools.job.settings import DatasetSettings, MonitorSettings
from drift_tools.monitors.data_quality import (
    Constraints,
    Evaluation,
    Violation,
    calibrated_violations,
    evaluate,
    profile_for,
    violations_document,
)
from drift_tools.monitors.rules import CALIBRATED, MODEL_MONITOR, Rules
from drift_tools.profiles import Profile, Statistics, merge_profiles, write_json
from drift_tools.tables import Table

# Windows of up to so many bytes are read at once and compared row by row; larger ones a batch at a time, by profiles.
EXACT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """What a run found. `captures`: what was read, and what was skipped for which reason."""

    rows: int
    violations: tuple[Violation, ...]
    captures: Counts
    message: str


def monitor_data_quality(
    data: Table | Profile, constraints: Constraints, statistics: Statistics | None, output: Path
) -> tuple[Evaluation, Statistics]:
    """Check a table, or its profile, against a baseline; write its statistics, the constraints that were used and any
    violations.
    """
    current = data if isinstance(data, Profile) else profile_for(data, constraints)
    evaluation = evaluate(current, constraints, statistics)
    found = current.statistics()
    write_json(output / STATISTICS, found.to_dict())
    write_json(output / CONSTRAINTS, constraints.to_dict())
    write_violations(output, evaluation.violations)
    return evaluation, found


def monitor_captures(
    captured: Path,
    baseline: Path,
    output: Path,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    max_unreadable_share: float = MAX_UNREADABLE_SHARE,
    batch_rows: int = BATCH_ROWS,
) -> MonitorResult:
    """The data-quality job on captured data, called as a function: `baseline` is the folder of the baseline's two
    files. It needs memory for a batch of the window, however large the window is. Without statistics.json, which Model
    Monitor's contract allows, drift is not checked, and the message says so.

    Raises `InputError` if nothing can be read, no record falls in [`start`, `end`), or more than
    `max_unreadable_share` of the records cannot be used.
    """
    constraints = Constraints.read(baseline / CONSTRAINTS)
    statistics = Statistics.read(baseline / STATISTICS) if (baseline / STATISTICS).is_file() else None
    batches = iterate_captures(
        captured, batch_rows=batch_rows, columns=list(constraints.features), start=start, end=end, typed=True
    )
    current, counts = profile_batches(batches, constraints)
    require_rows(counts, max_unreadable_share, source=captured)
    evaluation, _ = monitor_data_quality(current, constraints, statistics, output)
    message = completion(evaluation.violations, counts) + in_words(not_checked(constraints, statistics, evaluation))
    return MonitorResult(counts.rows, evaluation.violations, counts, message)


def profile_batches(batches: Iterable[Captures], constraints: Constraints | None) -> tuple[Profile, Counts]:
    """The profile of batches of captured data, for these constraints if there are any, and what was read."""
    profile, counts = Profile(0, {}), Counts()
    for batch in batches:
        own = Profile.of(batch.data) if constraints is None else profile_for(batch.data, constraints)
        profile, counts = profile.merge(own), counts.add(batch)
    return profile, counts


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A window, or an instance's share of it. `counts`: None for a plain table; `rows`: if they were kept."""

    profile: Profile
    counts: Counts | None
    rows: Table | None = None


def _load(dataset: DatasetSettings, constraints: Constraints | None, *, keep_rows: bool = False) -> _Loaded:
    """The dataset. Captured data is read a batch at a time, unless its rows are to be kept."""
    columns = None if constraints is None else list(constraints.features)
    if dataset.is_captured and not keep_rows:
        return _Loaded(*profile_batches(captured_batches(dataset, columns), constraints))
    captures = captured_table(dataset, columns) if dataset.is_captured else None
    table = plain_table(dataset, columns) if captures is None else captures.data
    profile = Profile.of(table) if constraints is None else profile_for(table, constraints)
    return _Loaded(profile, captures, table)


def _load_shared(
    job: Job, place: tuple[str, str], dataset: DatasetSettings, constraints: Constraints | None
) -> _Loaded | None:
    """The same from all instances of the job; None on those that have handed their share over."""

    def read() -> dict[str, Any]:
        own = _load(dataset, constraints)
        return {"profile": own.profile.to_dict(), "counts": shards.counts_to_dict(own.counts or Counts())}

    parts = shards.gather(job, place, read)
    if parts is None:
        return None
    counts = added(shards.counts_from_dict(part["counts"]) for part in parts)
    return _Loaded(merge_profiles(Profile.from_dict(part["profile"]) for part in parts), counts)


def run(job: Job, settings: MonitorSettings) -> Found | None:
    """Describe a window and judge it, or make a baseline; None on instances that have handed their share over."""
    baseline, dataset = settings.baseline, settings.dataset
    if baseline.captures is not None and baseline.constraints is None:
        from drift_tools.job.captured_baseline import make_from_captures  # noqa: PLC0415 - needs scipy

        return make_from_captures(job, settings, baseline.captures)
    constraints = None if baseline.constraints is None else Constraints.read(baseline.constraints)
    if settings.shards is not None and settings.is_sharded(job):
        loaded = _load_shared(job, settings.shards, dataset, constraints)
    else:
        needs_rows = (baseline.rows or baseline.time_column or settings.estimate) is not None
        is_exact = needs_rows and captured_bytes(dataset) <= EXACT_BYTES
        loaded = _load(dataset, constraints, keep_rows=is_exact)
    if loaded is None:
        return None
    if loaded.counts is not None:
        require_rows(loaded.counts, dataset.max_unreadable_share)
    names = list(loaded.profile.columns if constraints is None else constraints.features)
    settings = replace(settings, excluded=_columns(settings.excluded, names))
    if constraints is None:
        return [], completion((), loaded.counts) + _make_baseline(settings, loaded)
    return _check(job, settings, loaded, constraints)


def check_table(job: Job, settings: MonitorSettings, table: Table) -> Found:
    """Judge rows that were read already, such as a batch's; the settings name the baseline's constraints."""
    path = settings.baseline.constraints
    if path is None:
        raise InputError("baseline_constraints is not set: rows are held against a baseline")
    constraints = Constraints.read(path)
    settings = replace(settings, excluded=_columns(settings.excluded, list(constraints.features)))
    return _check(job, settings, _Loaded(profile_for(table, constraints), None, table), constraints)


def _columns(excluded: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Names of what is left out; Model Monitor takes positions among the features too. A name may be in no window."""
    found = []
    for name in excluded:
        is_position = name.isdecimal() and name not in names
        if is_position and int(name) >= len(names):
            raise InputError(
                f"exclude_features_attribute names position {name}, and there are {len(names)} features: give one from "
                f"0 to {len(names) - 1}, or a name"
            )
        found.append(names[int(name)] if is_position else name)
    return tuple(found)


def _make_baseline(settings: MonitorSettings, loaded: _Loaded) -> str:
    """Write the baseline's files, with its windows if it has times; what to say of those."""
    column, excluded = settings.baseline.time_column, settings.excluded
    suggest_baseline(
        loaded.profile.without([*excluded, *([column] if column else [])]),
        settings.output,
        categorical_drift_method=settings.baseline.categorical_drift_method,
    )
    if column is None:
        return ""
    if loaded.rows is None:
        raise InputError(f"the baseline is too large to be cut into windows by {column!r}: give fewer rows or weeks")
    from drift_tools.job.baseline_windows import windows_of, write_windows  # noqa: PLC0415 - needs scipy
    from drift_tools.job.segments.data_quality import window_folders  # noqa: PLC0415 - likewise
    from drift_tools.job.stream_hours import write_stream_hours  # noqa: PLC0415 - likewise

    rows, seconds = loaded.rows.without(excluded), settings.baseline.window_seconds
    season = settings.judgement.season
    write_stream_hours(rows, settings.output, time_column=column)
    for folder, part in window_folders(settings, rows):
        (settings.output / folder).mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(InputError):  # too few windows of a rare value: its own runs teach it
            write_windows(windows_of(part, column, seconds), settings.output / folder, seconds=seconds, season=season)
    return write_windows(
        windows_of(rows, column, seconds), settings.output, seconds=seconds, season=settings.judgement.season
    )


def _check(job: Job, settings: MonitorSettings, loaded: _Loaded, constraints: Constraints) -> Found:
    """Model Monitor's checks; in a run of the open engine its judgement in their place."""
    excluded, output = settings.excluded, settings.output
    statistics = None if settings.baseline.statistics is None else Statistics.read(settings.baseline.statistics)
    current, checked = loaded.profile.without(excluded), constraints.without(excluded)
    evaluation, _ = monitor_data_quality(current, checked, statistics, output)
    metrics = Metrics.of(settings.metrics)
    comparison = None
    violations, says, compared, estimated = evaluation.violations, "", set[str](), None
    found: list[segments.SegmentResult] = []
    judgement: Mapping[str, Any] | None = None
    if settings.is_open:
        finding = drift_json.find(
            settings, constraints, statistics=statistics, current=loaded.profile, rows=loaded.rows
        )
        judged = _judge(
            job,
            segments.of_whole(settings),
            finding,
            evaluation=evaluation,
            checked=checked,
            current=current,
            statistics=statistics,
        )
        violations, says, judgement = judged.violations, judged.says, judged.document.get("judgement")
        write_violations(output, violations)
        if judged.rules == CALIBRATED:
            write_json(output / MODEL_MONITOR_RULES, violations_document(evaluation.violations))
        document = drift_json.document(settings, loaded.counts, judged.finding)
        estimated = estimate(settings, constraints, loaded.rows)
        if estimated is not None:
            document |= estimated.document
            says += estimated.says
        found, beyond = _segments(job, settings, constraints, loaded.rows, judged.finding)
        if beyond:
            document["segments_left_out"] = beyond
            says += segments.says_left_out(beyond)
        if found:
            drifted = judged.finding.comparison.drifted_features if judged.finding else []
            document["segments"] = segments.document(found)
            says += segments.says(found, drifted)
            if judged.rules == CALIBRATED:
                violations = (*violations, *segments.violations(found, drifted))
                write_violations(output, violations)
        write_json(drift_json.path_of(output), document | judged.document)
        if judged.finding is not None:
            comparison = judged.finding.comparison
            features = comparison.features
            compared = {name for name, feature in features.items() if math.isfinite(feature.psi)}
    unchecked = not_checked(checked, statistics, evaluation, compared)
    entries = []
    if metrics:
        charted = _charted(settings.metrics.features, violations)
        entries = metrics.of_data_quality(current, checked, evaluation.distances, charted)
        entries += metrics.of_comparison(comparison, checked, charted) if comparison else []
        entries += metrics.of_judgement(judgement) if judgement else []
        entries += metrics.of_values(estimated.metrics) if estimated else []
        for name, values in estimated.by_segment.items() if estimated else ():
            entries += metrics.of_values(values, {"Segment": name})
        entries += segments.metrics(metrics, found)
    # A zero is for an alarm to look at; who asks for findings alone has none on it, and pays for what there is.
    if metrics and checked.config.emit_metrics and (unchecked or settings.metrics.features == "all"):
        entries.append(metrics.of_features_not_checked(len(unchecked)))
    return entries, completion(violations, loaded.counts) + says + too_few_to_judge(comparison) + in_words(unchecked)


def _segments(
    job: Job,
    settings: MonitorSettings,
    constraints: Constraints,
    rows: Table | None,
    finding: drift_json.Finding | None,
) -> tuple[list[segments.SegmentResult], dict[str, int]]:
    """Segment by segment, and how many values are beyond these, where somebody asked and both sides' rows are there."""
    if not (settings.segments or settings.origins) or finding is None or rows is None:
        return [], {}
    baseline, _ = drift_json.baseline_rows(settings.baseline.rows, constraints)
    if baseline is None:
        return [], {}
    from drift_tools.job.segments.data_quality import judge_segments  # noqa: PLC0415 - needs scipy
    from drift_tools.job.segments.origins import by_origin  # noqa: PLC0415 - likewise

    before, now = (table.without(settings.excluded) for table in (baseline, rows))
    beyond = segments.left_out(settings.segments, before)
    origins: dict[segments.Segment, Table] = {}
    for origin in settings.origins if settings.dataset.is_captured else ():
        own, more = by_origin(settings.dataset, origin, list(constraints.features))
        origins |= {one: table.without(settings.excluded) for one, table in own.items()}
        beyond |= {origin: more} if more else {}
    found = judge_segments(
        job, settings, constraints, baseline=before, window=now, kinds=finding.kinds, origins=origins
    )
    return found, beyond


def _charted(features: str, violations: Sequence[Violation]) -> set[str] | None:
    """The features that there are metrics of; None for all. What was found is worth its price, while it lasts."""
    if features == "all":
        return None
    return {item.subject for item in violations} if features == "findings" else set()


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the open engine makes of a window. `document`: what drift.json has besides; `says`: in the message."""

    violations: tuple[Violation, ...]
    finding: drift_json.Finding | None
    rules: Rules
    document: dict[str, Any]
    says: str = ""


def _judge(
    job: Job,
    settings: MonitorSettings,
    finding: drift_json.Finding | None,
    *,
    evaluation: Evaluation,
    checked: Constraints,
    current: Profile,
    statistics: Statistics | None,
) -> _Judged:
    """Judge by the rules that the settings name; by Model Monitor's, where there was nothing to compare with."""
    from drift_tools.job.judge import judge_run  # noqa: PLC0415 - needs scipy, which Model Monitor's own checks do not

    rules = settings.judgement.rules
    if finding is None:
        return _Judged(evaluation.violations, None, MODEL_MONITOR, {"rules": MODEL_MONITOR})
    judgement = judge_run(
        job, settings, finding.comparison, current=current, statistics=statistics, kinds=finding.kinds
    )
    finding = replace(finding, comparison=judgement.applied(finding.comparison))
    violations = evaluation.violations
    if rules == CALIBRATED:
        violations = calibrated_violations(
            finding.comparison, judgement.verdicts, evaluation=evaluation, constraints=checked, current=current
        )
    says = "" if judgement.by == "rows" else f" {judgement.says}"
    return _Judged(violations, finding, rules, {"rules": rules, "judgement": judgement.to_dict()}, says)
