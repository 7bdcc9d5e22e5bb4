"""The monitor job: captured data and a baseline in, violations, metrics and a message out.

It fulfils the contract of Amazon SageMaker Model Monitor's analyzer container (developer guide, "Support for your own
containers"), so that the same processing job runs with either. Without a baseline in its environment it is a baseline
job. Run with `python -m drift_tools.monitor`.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from drift_tools import model_quality
from drift_tools.capture import (
    BATCH_ROWS,
    BOTH_SIDES,
    GROUND_TRUTH,
    MAX_UNREADABLE_SHARE,
    Captures,
    Counts,
    iterate_captures,
    read_captures,
)
from drift_tools.constraints import (
    Constraints,
    Evaluation,
    Violation,
    evaluate,
    profile_for,
    suggest,
    violations_document,
)
from drift_tools.errors import InputError
from drift_tools.job import Job, run_job
from drift_tools.preprocessing import load_postprocessor, load_preprocessor
from drift_tools.profile import ColumnProfile, Profile, Statistics, read_json, write_json
from drift_tools.tables import Column, Table, read_bytes, read_table

STATISTICS, CONSTRAINTS, VIOLATIONS = "statistics.json", "constraints.json", "constraint_violations.json"
_CAPTURE, _MERGED = "sagemakerCaptureJson", "sagemakerMergeJson"


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
    """Write statistics.json and constraints.json of a baseline dataset, or of its profile."""
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
    files. It needs memory for a batch of the window, however large the window is.

    Raises `InputError` if nothing can be read, no record falls in [`start`, `end`), or more than
    `max_unreadable_share` of the records cannot be used.
    """
    constraints = Constraints.read(baseline / CONSTRAINTS)
    statistics = Statistics.read(baseline / STATISTICS) if (baseline / STATISTICS).is_file() else None
    batches = iterate_captures(
        captured, batch_rows=batch_rows, columns=list(constraints.features), start=start, end=end
    )
    current, counts = profile_batches(batches, constraints)
    require_rows(counts, max_unreadable_share)
    evaluation, _ = monitor_data_quality(current, constraints, statistics, output)
    return MonitorResult(counts.rows, evaluation.violations, counts, completion(evaluation.violations, counts))


def profile_batches(batches: Iterable[Captures], constraints: Constraints | None) -> tuple[Profile, Counts]:
    """The profile of batches of captured data, for these constraints if there are any, and what was read."""
    profile, counts = Profile(0, {}), Counts()
    for batch in batches:
        own = Profile.of(batch.data) if constraints is None else profile_for(batch.data, constraints)
        profile, counts = profile.merge(own), counts.add(batch)
    return profile, counts


def require_rows(counts: Counts, max_unreadable_share: float = MAX_UNREADABLE_SHARE) -> None:
    """Raise `InputError` if there is nothing to monitor, or too much that cannot be read, and say why."""
    counts.require_readable(max_unreadable_share)
    if not counts.rows and counts.skipped:
        raise InputError(f"none of {counts.read} captured records can be used; the first: {counts.problems[0]}")
    if not counts.rows:
        raise InputError(f"Job inputs had no data: no captured record in the window ({counts.outside} outside it)")


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


@dataclass(frozen=True, slots=True)
class Metrics:
    """CloudWatch metrics of a run, as the platform picks them up: JSON Lines in `output/metrics/cloudwatch/`."""

    endpoint: str | None
    schedule: str
    timestamp: str

    def _entry(self, name: str, content: Mapping[str, Any]) -> dict[str, Any]:
        dimensions = [{"Name": "Endpoint", "Value": self.endpoint}] if self.endpoint else []
        dimensions.append({"Name": "MonitoringSchedule", "Value": self.schedule})
        return {"MetricName": name, "Timestamp": self.timestamp, "Dimensions": dimensions, **content}

    def of_data_quality(
        self, current: Profile, constraints: Constraints, distances: Mapping[str, float]
    ) -> list[dict[str, Any]]:
        """`feature_data_*` (numerical), `feature_non_null_*` and `feature_baseline_drift_*` of each feature that
        emits.
        """
        entries = []
        for name, column in current.columns.items():
            if not constraints.emits(name):
                continue
            entries.append(
                self._entry(f"feature_non_null_{name}", {"Value": float(column.types.present), "Unit": "Count"})
            )
            if (values := _statistic_values(column)) is not None:
                entries.append(self._entry(f"feature_data_{name}", {"StatisticValues": values, "Unit": "None"}))
            if name in distances:
                entries.append(
                    self._entry(f"feature_baseline_drift_{name}", {"Value": distances[name], "Unit": "None"})
                )
        return entries

    def of_model_quality(self, quality: model_quality.ModelQuality) -> list[dict[str, Any]]:
        """One metric each, under its own name; those that do not exist for these rows are left out."""
        return [
            self._entry(name, {"Value": float(value), "Unit": "None"})
            for name, value in quality.metrics.items()
            if np.isfinite(value)
        ]


def _statistic_values(column: ColumnProfile) -> dict[str, float] | None:
    numbers = column.numbers
    if numbers is None or not column.is_numerical:
        return None
    return {
        "SampleCount": float(numbers.count),
        "Sum": numbers.sum,
        "Minimum": numbers.min,
        "Maximum": numbers.max,
    }


def write_metrics(ml_root: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write the metrics where the platform looks for them."""
    path = ml_root / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")


def load_profile(job: Job, constraints: Constraints | None) -> tuple[Profile, Counts | None]:
    """The profile of the dataset that the environment describes: `dataset_format`, `dataset_source`, `start_time`,
    `end_time`. Captured data is read a batch at a time; of a plain table there are no counts.
    """
    columns = None if constraints is None else list(constraints.features)
    if dataset_format(job)[0] in (_CAPTURE, _MERGED):
        source, options = _capture_options(job)
        current, counts = profile_batches(iterate_captures(source, columns=columns, **options), constraints)
        require_rows(counts, _max_unreadable_share(job))
        return current, counts
    table = _load_files(job, columns)
    return Profile.of(table) if constraints is None else profile_for(table, constraints), None


def load_table(job: Job) -> tuple[Table, Counts | None]:
    """The dataset that the environment describes, as one table; of a plain table there are no counts."""
    if dataset_format(job)[0] not in (_CAPTURE, _MERGED):
        return _load_files(job, None), None
    source, options = _capture_options(job)
    captures = read_captures(source, **options)
    require_rows(captures, _max_unreadable_share(job))
    return captures.data, captures


def _load_files(job: Job, columns: Sequence[str] | None) -> Table:
    kind, options = dataset_format(job)
    source = job.path("dataset_source")
    # Names with a dot or an underscore in front are markers (_SUCCESS), which Spark does not read either.
    files = (
        [source]
        if source.is_file()
        else sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    )
    if not files:
        raise InputError(f"Job inputs had no data: {source} is empty")
    tables = [_load_table(path, kind, options) for path in files]
    table = concatenate(tables, [str(path) for path in files])
    if columns is not None and len(columns) == len(table.columns) and not options.get("header", True):
        table = table.renamed(columns)
    return table


def dataset_format(job: Job) -> tuple[str, Mapping[str, Any]]:
    """The one key of `dataset_format`, and what stands below it."""
    text = job.get("dataset_format")
    if text is None:
        raise InputError("the environment variable dataset_format is not set: see the monitor's container contract")
    try:
        ((kind, options),) = json.loads(text).items()
    except (ValueError, AttributeError) as error:
        raise InputError(
            f'dataset_format is {text!r}: give JSON with one key, such as {{"csv": {{"header": true}}}}'
        ) from error
    kinds = {name.lower(): name for name in ("csv", "json", "parquet", _CAPTURE, _MERGED)}
    if kind.lower() not in kinds:
        raise InputError(f"dataset_format is {kind!r}: give one of {', '.join(kinds.values())}")
    return kinds[kind.lower()], {str(name).lower(): value for name, value in (options or {}).items()}


def _capture_options(job: Job) -> tuple[Path, dict[str, Any]]:
    """Where the captured data is, and how it is to be read."""
    kind, options = dataset_format(job)
    source = job.path("dataset_source")
    script = job.get("record_preprocessor_script")
    sides = tuple(options.get("captureindexnames", BOTH_SIDES))
    captured = {
        "preprocess": load_preprocessor(job.here(script)) if script else None,
        "sides": (*sides, GROUND_TRUTH) if kind == _MERGED else sides,
        "start": _time(job, "start_time"),
        "end": _time(job, "end_time"),
        "outputs_first": str(options.get("output_columns_position", "START")).upper() != "END",
    }
    if source.is_dir() and not any(source.rglob("*.jsonl*")):
        raise InputError("Job inputs had no data")
    return source, captured


def _max_unreadable_share(job: Job) -> float:
    text = job.get("max_unreadable_share")
    try:
        return MAX_UNREADABLE_SHARE if text is None else float(text)
    except ValueError as error:
        raise InputError(f"max_unreadable_share is {text!r}: give a share between 0 and 1") from error


def _time(job: Job, name: str) -> datetime | None:
    text = job.get(name)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{name} is {text!r}: give an ISO 8601 time such as 2026-01-31T12:00:00Z") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _load_table(path: Path, kind: str, options: Mapping[str, Any]) -> Table:
    if kind == "json":
        return _load_json(path, lines=bool(options.get("lines", options.get("line", True))))
    if kind == "parquet" and path.suffix not in (".parquet", ".pq"):
        raise InputError(f"{path}: dataset_format says parquet: name the file *.parquet")
    return read_table(path, header=bool(options.get("header", True)))


def _load_json(path: Path, *, lines: bool) -> Table:
    try:
        content = read_bytes(path)
        documents = (
            [json.loads(line) for line in content.splitlines() if line.strip()] if lines else json.loads(content)
        )
    except ValueError as error:
        raise InputError(f"{path}: not JSON{' Lines' if lines else ''} ({error})") from error
    # Each row as a payload: the same rules for names, lists and nesting as in captured data.
    records = documents if isinstance(documents, list) else [documents]
    payloads = (
        json.dumps({"captureData": {"endpointInput": {"data": json.dumps(row), "encoding": "JSON"}}}) for row in records
    )
    captures = read_captures(payloads)
    if captures.skipped:
        problem = captures.problems[0]
        raise InputError(f"{path}, line {problem.line}: {problem.reason}")
    return captures.data


def concatenate(tables: Sequence[Table], sources: Sequence[str]) -> Table:
    """Tables of the same columns, one below the other."""
    first = tables[0]
    if len(tables) == 1:
        return first
    for table, source in zip(tables, sources, strict=True):
        if table.names != first.names:
            raise InputError(f"{source}: its columns are not those of {sources[0]}: give files of one layout")
    columns = []
    for name in first.names:
        parts = [table.columns[name] for table in tables]
        if all(part.texts is None for part in parts):
            columns.append(Column.from_numbers(name, np.concatenate([part.as_numbers()[0] for part in parts])))
        else:
            columns.append(Column.from_cells(name, np.concatenate([part.as_texts() for part in parts]).tolist()))
    return Table.of(columns, sum(table.rows for table in tables))


def run(job: Job) -> str:
    """The job: everything from the environment; the exit message back."""
    output = job.path("output_path")
    output.mkdir(parents=True, exist_ok=True)
    is_quality = (job.get("analysis_type") or "").upper() == "MODEL_QUALITY"
    entries, message = _run_model_quality(job, output) if is_quality else _run_data_quality(job, output)
    if (job.get("publish_cloudwatch_metrics") or "Enabled").lower() == "enabled" and entries:
        write_metrics(job.ml_root, entries)
    if script := job.get("post_analytics_processor_script"):
        load_postprocessor(job.here(script))()
    return message


def _metrics(job: Job) -> Metrics | None:
    schedule = job.get("sagemaker_monitoring_schedule_name")
    if schedule is None:  # not a scheduled run: there is nothing that the metrics could be metrics of
        return None
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    timestamp = job.get("metric_time") or job.get("start_time") or now
    return Metrics(job.get("sagemaker_endpoint_name"), schedule, timestamp)


def _run_data_quality(job: Job, output: Path) -> tuple[list[dict[str, Any]], str]:
    excluded = _excluded(job)
    if job.get("baseline_constraints") is None:
        current, counts = load_profile(job, None)
        method = job.get("categorical_drift_method")
        suggest_baseline(current.without(excluded), output, categorical_drift_method=method)
        return [], completion((), counts)
    constraints = Constraints.read(job.path("baseline_constraints"))
    statistics = Statistics.read(job.path("baseline_statistics")) if job.get("baseline_statistics") else None
    current, counts = load_profile(job, constraints)
    current, constraints = current.without(excluded), constraints.without(excluded)
    evaluation, _ = monitor_data_quality(current, constraints, statistics, output)
    metrics = _metrics(job)
    entries = metrics.of_data_quality(current, constraints, evaluation.distances) if metrics else []
    return entries, completion(evaluation.violations, counts)


def _excluded(job: Job) -> list[str]:
    return [name.strip() for name in (job.get("exclude_features_attribute") or "").split(",") if name.strip()]


def _run_model_quality(job: Job, output: Path) -> tuple[list[dict[str, Any]], str]:
    table, counts = load_table(job)
    is_merged = dataset_format(job)[0] == _MERGED
    quality = model_quality.measure(
        model_quality.outcomes(
            table,
            problem_type=job.get("problem_type") or "",
            # In merged records the label has its own place; elsewhere it is a column of the dataset.
            ground_truth=GROUND_TRUTH if is_merged else job.get("ground_truth_attribute") or "",
            inference=job.get("inference_attribute"),
            probability=job.get("probability_attribute"),
            probability_threshold=_threshold(job),
            positive_label=job.get("positive_label"),
        )
    )
    write_json(output / STATISTICS, quality.to_dict())
    if job.get("baseline_constraints") is None:
        write_json(output / CONSTRAINTS, model_quality.suggest(quality).to_dict())
        return [], completion((), counts)
    constraints = model_quality.QualityConstraints.from_dict(read_json(job.path("baseline_constraints")))
    write_json(output / CONSTRAINTS, constraints.to_dict())
    violations = model_quality.evaluate(quality, constraints)
    write_violations(output, violations)
    metrics = _metrics(job)
    return metrics.of_model_quality(quality) if metrics else [], completion(violations, counts)


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
    return run_job(run, options.ml_root, os.environ if environment is None else environment)


if __name__ == "__main__":
    sys.exit(main())
