"""The monitor job: captured data and a baseline in, violations, metrics and a message out.

It fulfils the contract of Amazon SageMaker Model Monitor's analyzer container (developer guide, "Support for your own
containers"), so that the same processing job runs with either. Without a baseline in its environment it is a baseline
job. Run with `python -m drift_tools.monitor`.
"""

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from drift_tools.capture import BATCH_ROWS, GROUND_TRUTH, MAX_UNREADABLE_SHARE, Captures, Counts, iterate_captures
from drift_tools.errors import InputError
from drift_tools.job import drift_json, shards
from drift_tools.job.cloudwatch import Metrics, emit
from drift_tools.job.container import OTHERS_WORDS, Job, run_job
from drift_tools.job.dataset import (
    captured_batches,
    captured_bytes,
    captured_table,
    has_labels,
    is_captured,
    labels_of,
    max_unreadable_share,
    plain_table,
)
from drift_tools.job.merge import Labels
from drift_tools.job.user_scripts import load_postprocessor
from drift_tools.monitors.data_quality import (
    Constraints,
    Evaluation,
    Violation,
    calibrated_violations,
    evaluate,
    profile_for,
    suggest,
    violations_document,
)
from drift_tools.monitors.model_quality import QualityColumns
from drift_tools.monitors.model_quality import columns as quality_columns
from drift_tools.monitors.model_quality import outcomes as model_quality
from drift_tools.monitors.rules import CALIBRATED, rules_named
from drift_tools.profiles import Profile, Statistics, merge_profiles, write_json
from drift_tools.tables import Column, Table

STATISTICS, CONSTRAINTS, VIOLATIONS = "statistics.json", "constraints.json", "constraint_violations.json"
# What Model Monitor's own rules say of the same window, where the run is judged by others.
UNCALIBRATED = "model_monitor_rules.json"
# Windows of up to so many bytes are read at once and compared row by row; larger ones a batch at a time, by profiles.
EXACT_BYTES = 256 * 1024 * 1024
_NAMED = 5


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """What a run found. `captures`: what was read, and what was skipped for which reason."""

    rows: int
    violations: tuple[Violation, ...]
    captures: Counts
    message: str


def suggest_baseline(
    data: Table | Profile, output: Path, *, categorical_drift_method: str | None = None
) -> Constraints:
    """Write statistics.json and constraints.json of a baseline dataset, or of its profile.

    Raises `InputError` if it has no rows or no columns: whatever is held against such a baseline violates nothing.
    """
    if not data.rows or not data.columns:
        what = "columns" if data.rows else "rows"
        raise InputError(f"a baseline of data without {what} says nothing: give data that have some")
    statistics = (data if isinstance(data, Profile) else Profile.of(data)).statistics()
    constraints = suggest(statistics, categorical_drift_method=categorical_drift_method)
    write_json(output / STATISTICS, statistics.to_dict())
    write_json(output / CONSTRAINTS, constraints.to_dict())
    return constraints


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
        captured, batch_rows=batch_rows, columns=list(constraints.features), start=start, end=end
    )
    current, counts = profile_batches(batches, constraints)
    require_rows(counts, max_unreadable_share, source=captured)
    evaluation, _ = monitor_data_quality(current, constraints, statistics, output)
    message = completion(evaluation.violations, counts) + _not_checked(constraints, statistics)
    return MonitorResult(counts.rows, evaluation.violations, counts, message)


def profile_batches(batches: Iterable[Captures], constraints: Constraints | None) -> tuple[Profile, Counts]:
    """The profile of batches of captured data, for these constraints if there are any, and what was read."""
    profile, counts = Profile(0, {}), Counts()
    for batch in batches:
        own = Profile.of(batch.data) if constraints is None else profile_for(batch.data, constraints)
        profile, counts = profile.merge(own), counts.add(batch)
    return profile, counts


def require_rows(
    counts: Counts, max_unreadable_share: float = MAX_UNREADABLE_SHARE, *, source: Path | None = None
) -> None:
    """Raise `InputError` if there is nothing to monitor, or too much that cannot be read, and say why; with a `source`
    also where that is and what to do, which in a container nobody could.
    """
    counts.require_readable(max_unreadable_share)
    if not counts.rows and counts.skipped:
        raise InputError(f"none of {counts.read} captured records can be used; the first: {counts.problems[0]}")
    if not counts.rows:
        outside = f": no captured record in the window ({counts.outside} outside it)" if counts.outside else ""
        if source is None:
            raise InputError(f"Job inputs had no data{outside}")
        mend = ": take another window" if outside else ": its files are empty: name captured data that hold records"
        raise InputError(f"{source}: Job inputs had no data{outside}{mend}")


def write_violations(output: Path, violations: Sequence[Violation]) -> None:
    """Write constraint_violations.json, or remove the one of an earlier run: no violations, no file."""
    path = output / VIOLATIONS
    if violations:
        write_json(path, violations_document(violations))
    else:
        path.unlink(missing_ok=True)


def completion(violations: Sequence[Violation], captures: Counts | None) -> str:
    """The exit message, in Model Monitor's words; what was left out is said behind them."""
    if violations:
        message = f"CompletedWithViolations: Job completed successfully with {len(violations)} violations."
    else:
        message = "Completed: Job completed successfully with no violations."
    if captures is not None and captures.skipped:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in captures.skipped.items())
        message += f" {sum(captures.skipped.values())} of {captures.read} records were skipped: {reasons}."
    return message


def _not_checked(constraints: Constraints, statistics: Statistics | None) -> str:
    """What to say, after the message, of features that `baseline_drift_check` knows no statistics of: without a word
    they would look as if they had not drifted.
    """
    if not constraints.config.perform_comparison:
        return ""
    if statistics is None:
        return " Drift was not checked: the baseline has no statistics.json."
    unknown = [name for name in constraints.features if name not in statistics.features]
    named = ", ".join(unknown[:_NAMED]) + (" and others" if len(unknown) > _NAMED else "")
    return f" Drift of {named} was not checked: not in the baseline's statistics.json." if unknown else ""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A window, or an instance's share of it. `counts`: None for a plain table; `rows`: if they were kept."""

    profile: Profile
    counts: Counts | None
    rows: Table | None = None


def _load(job: Job, constraints: Constraints | None, *, keep_rows: bool = False) -> _Loaded:
    """The dataset that the environment describes (see `drift_tools.job.dataset`). Captured data is read a batch at a
    time, unless its rows are to be kept.
    """
    columns = None if constraints is None else list(constraints.features)
    if is_captured(job) and not keep_rows:
        return _Loaded(*profile_batches(captured_batches(job, columns), constraints))
    captures = captured_table(job, columns) if is_captured(job) else None
    table = plain_table(job, columns) if captures is None else captures.data
    profile = Profile.of(table) if constraints is None else profile_for(table, constraints)
    return _Loaded(profile, captures, table)


def _load_shared(job: Job, constraints: Constraints | None) -> _Loaded | None:
    """The same from all instances of the job; None on those that have handed their share over."""

    def read() -> dict[str, Any]:
        own = _load(job, constraints)
        return {"profile": own.profile.to_dict(), "counts": shards.counts_to_dict(own.counts or Counts())}

    parts = shards.gather(job, read)
    if parts is None:
        return None
    counts = _added(shards.counts_from_dict(part["counts"]) for part in parts)
    return _Loaded(merge_profiles(Profile.from_dict(part["profile"]) for part in parts), counts)


def _added(counts: Iterable[Counts]) -> Counts:
    total = Counts()
    for own in counts:
        total = total.add(own)
    return total


def run(job: Job) -> str:
    """The job: everything from the environment; the exit message back."""
    output = job.path("output_path")
    output.mkdir(parents=True, exist_ok=True)
    is_quality = (job.get("analysis_type") or "").upper() == "MODEL_QUALITY"
    found = _run_model_quality(job, output) if is_quality else _run_data_quality(job, output)
    if found is None:
        return OTHERS_WORDS
    entries, message = found
    emit(job, entries)
    if script := job.get("post_analytics_processor_script"):
        load_postprocessor(job.here(script))()
    return message


_Found = tuple[list[dict[str, Any]], str]


def _run_data_quality(job: Job, output: Path) -> _Found | None:
    constraints = None
    if job.get("baseline_constraints") is not None:
        constraints = Constraints.read(job.path("baseline_constraints"))
    if shards.is_sharded(job):
        loaded = _load_shared(job, constraints)
    else:
        is_exact = job.get("baseline_dataset") is not None and captured_bytes(job) <= EXACT_BYTES
        loaded = _load(job, constraints, keep_rows=is_exact)
    if loaded is None:
        return None
    if loaded.counts is not None:
        require_rows(loaded.counts, max_unreadable_share(job))
    excluded = _excluded(job)
    if constraints is None:
        method = job.get("categorical_drift_method")
        suggest_baseline(loaded.profile.without(excluded), output, categorical_drift_method=method)
        return [], completion((), loaded.counts)
    return _check(job, output, loaded, constraints, excluded)


def _check(job: Job, output: Path, loaded: _Loaded, constraints: Constraints, excluded: Sequence[str]) -> _Found:
    """Model Monitor's checks; where the environment is the open engine's, the run's judgement in their place."""
    statistics = Statistics.read(job.path("baseline_statistics")) if job.get("baseline_statistics") else None
    current, checked = loaded.profile.without(excluded), constraints.without(excluded)
    evaluation, _ = monitor_data_quality(current, checked, statistics, output)
    metrics = Metrics.of(job)
    entries = metrics.of_data_quality(current, checked, evaluation.distances) if metrics else []
    if not drift_json.is_open(job):
        return entries, completion(evaluation.violations, loaded.counts) + _not_checked(checked, statistics)
    from drift_tools.job.judge import judge_run  # noqa: PLC0415 - needs scipy, which Model Monitor's own checks do not

    rules = rules_named(job.get("rules"))
    finding = drift_json.find(
        job,
        constraints,
        statistics=statistics,
        current=loaded.profile,
        rows=loaded.rows,
        excluded=excluded,
    )
    if finding is None:
        write_json(drift_json.path_of(output), drift_json.document(job, loaded.counts))
        return entries, completion(evaluation.violations, loaded.counts) + _not_checked(checked, statistics)
    judgement = judge_run(job, finding.comparison, current=current, statistics=statistics, kinds=finding.kinds)
    finding = replace(finding, comparison=judgement.applied(finding.comparison))
    violations = evaluation.violations
    if rules == CALIBRATED:
        violations = calibrated_violations(
            finding.comparison, judgement.verdicts, evaluation=evaluation, constraints=checked, current=current
        )
        write_violations(output, violations)
        write_json(output / UNCALIBRATED, violations_document(evaluation.violations))
    content = drift_json.document(job, loaded.counts, finding)
    write_json(drift_json.path_of(output), content | {"rules": rules, "judgement": judgement.to_dict()})
    if metrics:
        entries += metrics.of_comparison(finding.comparison, checked)
    says = "" if judgement.by == "rows" else f" {judgement.says}"
    return entries, completion(violations, loaded.counts) + says


def _excluded(job: Job) -> list[str]:
    return [name.strip() for name in (job.get("exclude_features_attribute") or "").split(",") if name.strip()]


@dataclass(frozen=True, slots=True)
class _Answers:
    """Predictions and labels as they were captured; `labels`: those that this run joined them with, if it did."""

    table: Table
    counts: Counts | None
    labels: Labels | None


def _run_model_quality(job: Job, output: Path) -> _Found | None:
    answers = _load_shared_answers(job) if shards.is_sharded(job) else _load_answers(job)
    if answers is None:
        return None
    if answers.counts is not None:
        _require_labels(answers.counts)
        require_rows(drift_json.readable(answers.counts), max_unreadable_share(job))
    constraints = None
    if job.get("baseline_constraints") is not None:
        constraints = model_quality.QualityConstraints.read(job.path("baseline_constraints"))
    quality = model_quality.measure(
        model_quality.outcomes(
            answers.table,
            problem_type=_problem_type(job),
            ground_truth=quality_columns.GROUND_TRUTH,
            inference=_if_wanted(job, quality_columns.INFERENCE),
            probability=_if_wanted(job, quality_columns.PROBABILITY),
            probability_threshold=_threshold(job),
            # A run measures the class that its baseline did: its thresholds are of no other.
            positive_label=job.get("positive_label") or (constraints.positive_label if constraints else None),
        )
    )
    write_json(output / STATISTICS, quality.to_dict())
    if drift_json.is_open(job):
        labels = answers.labels
        found = None if labels is None else {"read": len(labels.by_id), "unreadable": labels.unreadable}
        write_json(drift_json.path_of(output), drift_json.document(job, answers.counts, labels=found))
    if constraints is None:
        write_json(output / CONSTRAINTS, model_quality.suggest(quality).to_dict())
        return [], completion((), answers.counts)
    write_json(output / CONSTRAINTS, constraints.to_dict())
    violations = model_quality.evaluate(quality, constraints)
    write_violations(output, violations)
    metrics = Metrics.of(job)
    return metrics.of_model_quality(quality) if metrics else [], completion(violations, answers.counts)


def _require_labels(counts: Counts) -> None:
    if not counts.rows and counts.skipped.get(drift_json.NO_LABEL) and not drift_json.readable(counts).skipped:
        raise InputError(
            f"none of {counts.read} captured records has a label: check that the labels name the records' inferenceId, "
            "or their eventId where the callers give none"
        )


def _load_answers(job: Job) -> _Answers:
    """The columns that the metrics are computed from. Of captured data no more is ever kept than they and a batch."""
    kept = QualityColumns(_wanted(job), _problem_type(job))
    if not is_captured(job):
        kept.add(plain_table(job))
        return _Answers(kept.table(), None, None)
    labels, counts = labels_of(job), Counts()
    for batch in captured_batches(job, labels=labels, batch_rows=quality_columns.BATCH_ROWS):
        kept.add(batch.data)
        counts = counts.add(batch)
        del batch  # or it would stay until the next one is complete
    return _Answers(kept.table(), counts, labels)


def _load_shared_answers(job: Job) -> _Answers | None:
    """The same of all instances. None on those that have handed theirs over."""
    own: list[_Answers] = []

    def read() -> dict[str, Any]:
        own.append(_load_answers(job))
        table = own[0].table
        return {
            "columns": {column.name: column.as_texts().tolist() for column in table.columns.values()}
            if table.rows
            else {},
            "counts": shards.counts_to_dict(own[0].counts or Counts()),
        }

    parts = shards.gather(job, read)
    if parts is None:
        return None
    filled = [part["columns"] for part in parts if part["columns"]]
    names = list(filled[0]) if filled else []
    columns = [Column.from_cells(name, [cell for part in filled for cell in part[name]]) for name in names]
    table = Table.of(columns, len(columns[0]) if columns else 0)
    return replace(own[0], table=table, counts=_added(shards.counts_from_dict(part["counts"]) for part in parts))


def _wanted(job: Job) -> dict[str, str]:
    """Which columns model quality is measured from, by the variable that names them."""
    names = [quality_columns.INFERENCE]
    if _problem_type(job) == "BinaryClassification":  # of no other are probabilities measured
        names.append(quality_columns.PROBABILITY)
    wanted = {what: name for what in names if (name := job.get(what)) is not None}
    # In merged records the label has its own place; elsewhere it is a column of the dataset.
    truth = GROUND_TRUTH if is_captured(job) and has_labels(job) else job.get(quality_columns.GROUND_TRUTH)
    return {**wanted, quality_columns.GROUND_TRUTH: truth or ""}


def _if_wanted(job: Job, what: str) -> str | None:
    return None if job.get(what) is None else what


def _problem_type(job: Job) -> str:
    return job.get("problem_type") or ""


def _threshold(job: Job) -> float | None:
    text = job.get("probability_threshold_attribute")
    try:
        return None if text is None else float(text)
    except ValueError as error:
        raise InputError(f"probability_threshold_attribute is {text!r}: give a number between 0 and 1") from error


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m drift_tools.monitor", description=__doc__)
    parser.add_argument(
        "--ml-root", type=Path, default=Path("/opt/ml"), help="where the job's /opt/ml is (default: /opt/ml)"
    )
    options = parser.parse_args(arguments)
    variables = os.environ if environment is None else environment
    return run_job(run, options.ml_root, variables, is_shared=shards.is_sharded)
