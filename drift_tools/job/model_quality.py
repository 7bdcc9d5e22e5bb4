"""The model-quality job: predictions beside their labels, measured and held against the baseline's constraints."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drift_tools.capture import GROUND_TRUTH, Counts, Labels
from drift_tools.errors import InputError
from drift_tools.job import drift_json, shards
from drift_tools.job.cloudwatch import Metrics
from drift_tools.job.container import Job
from drift_tools.job.dataset import (
    captured_answers,
    has_labels,
    is_captured,
    labels_of,
    max_unreadable_share,
    plain_table,
)
from drift_tools.job.results import CONSTRAINTS, STATISTICS, Found, added, completion, require_rows, write_violations
from drift_tools.monitors.model_quality import QualityColumns
from drift_tools.monitors.model_quality import columns as quality_columns
from drift_tools.monitors.model_quality import outcomes as model_quality
from drift_tools.profiles import write_json
from drift_tools.tables import Column, Table


@dataclass(frozen=True, slots=True)
class _Answers:
    """Predictions and labels as they were captured; `labels`: those that this run joined them with, if it did.
    `remark`: a sentence on what was asked for and is not there.
    """

    table: Table
    counts: Counts | None
    labels: Labels | None
    remark: str = ""


def run(job: Job, output: Path) -> Found | None:
    """Measure model quality and write its files; None on instances that have handed their share over."""
    answers = _load_shared_answers(job) if shards.is_sharded(job) else _load_answers(job)
    if answers is None:
        return None
    if answers.counts is not None:
        _require_labels(answers)
        require_rows(drift_json.readable(answers.counts), max_unreadable_share(job))
    constraints = None
    if job.get("baseline_constraints") is not None:
        constraints = model_quality.QualityConstraints.read(job.path("baseline_constraints"))
    found = model_quality.outcomes(
        answers.table,
        problem_type=_problem_type(job),
        ground_truth=quality_columns.GROUND_TRUTH,
        inference=_if_there(answers.table, quality_columns.INFERENCE),
        probability=_if_there(answers.table, quality_columns.PROBABILITY),
        probability_threshold=_threshold(job),
        # A run measures the class that its baseline did: its thresholds are of no other.
        positive_label=job.get("positive_label") or (constraints.positive_label if constraints else None),
    )
    quality = model_quality.measure(found)
    remarks = _remarks(answers, found)
    write_json(output / STATISTICS, quality.to_dict())
    if drift_json.is_open(job):
        labels = answers.labels
        read = None if labels is None else {"read": len(labels.by_id), "unreadable": labels.unreadable}
        write_json(drift_json.path_of(output), drift_json.document(job, answers.counts, labels=read))
    if constraints is None:
        write_json(output / CONSTRAINTS, model_quality.suggest(quality).to_dict())
        return [], completion((), answers.counts) + remarks
    write_json(output / CONSTRAINTS, constraints.to_dict())
    violations = model_quality.evaluate(quality, constraints)
    write_violations(output, violations)
    metrics = Metrics.of(job)
    entries = metrics.of_model_quality(quality) if metrics else []
    return entries, completion(violations, answers.counts) + remarks


def _remarks(answers: _Answers, found: model_quality.Outcomes) -> str:
    """What to say, after the message, of labels and rows that were not measured."""
    sentences = [answers.remark]
    if found.left_out:
        rows = found.left_out + len(found)
        sentences.append(f"{found.left_out} of {rows} rows were left out: they have no usable label or prediction.")
    if answers.labels is not None and answers.labels.summary:
        sentences.append(f"{answers.labels.summary}.")
    return "".join(f" {sentence}" for sentence in sentences if sentence)


def _require_labels(answers: _Answers) -> None:
    counts, labels = answers.counts, answers.labels
    if counts is None or counts.rows or not counts.skipped.get(drift_json.NO_LABEL):
        return
    if drift_json.readable(counts).skipped:
        return
    given = ""
    if labels is not None:
        example = next(iter(labels.by_id), None)
        given = f" ({len(labels.by_id)} were read" + (")" if example is None else f", the first for {example!r})")
    raise InputError(
        f"none of {counts.read} captured records has a label{given}: check that the labels name the records' "
        "inferenceId, or their eventId where the callers give none"
    )


def _load_answers(job: Job) -> _Answers:
    """The columns that the metrics are computed from. Of captured data no more is ever kept than they and a batch."""
    wanted = _wanted(job)
    if not is_captured(job):
        kept = QualityColumns(wanted, _problem_type(job))
        kept.add(plain_table(job))
        return _Answers(kept.table(), None, None, _remark(kept))
    kept = QualityColumns(wanted, _problem_type(job), GROUND_TRUTH if has_labels(job) else None)
    labels, counts = labels_of(job), Counts()
    if labels is not None:
        labels.require_readable(max_unreadable_share(job))
    attributes = [name for what, name in wanted.items() if what != quality_columns.GROUND_TRUTH]
    for batch in captured_answers(job, attributes, labels):
        kept.add(batch.data)
        counts = counts.add(batch)
        del batch  # or it would stay until the next one is complete
    return _Answers(kept.table(), counts, labels, _remark(kept))


def _remark(kept: QualityColumns) -> str:
    if not kept.has_no_probability:
        return ""
    columns = f"{kept.answer_columns} column{'s' if kept.answer_columns > 1 else ''}"
    position = kept.wanted[quality_columns.PROBABILITY]
    return f"There is no auc: the answers have {columns}, and probability_attribute is {position!r}."


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
    return replace(own[0], table=table, counts=added(shards.counts_from_dict(part["counts"]) for part in parts))


def _wanted(job: Job) -> Mapping[str, str]:
    """Which columns model quality is measured from, by the variable that names them."""
    names = [quality_columns.INFERENCE]
    if _problem_type(job) == "BinaryClassification":  # of no other are probabilities measured
        names.append(quality_columns.PROBABILITY)
    wanted = {what: name for what in names if (name := job.get(what)) is not None}
    # In merged records the label has its own place; elsewhere it is a column of the dataset.
    truth = GROUND_TRUTH if is_captured(job) and has_labels(job) else job.get(quality_columns.GROUND_TRUTH)
    return {**wanted, quality_columns.GROUND_TRUTH: truth or ""}


def _if_there(table: Table, what: str) -> str | None:
    return what if what in table.columns else None


def _problem_type(job: Job) -> str:
    return job.get("problem_type") or ""


def _threshold(job: Job) -> float | None:
    text = job.get("probability_threshold_attribute")
    try:
        return None if text is None else float(text)
    except ValueError as error:
        raise InputError(f"probability_threshold_attribute is {text!r}: give a number between 0 and 1") from error
