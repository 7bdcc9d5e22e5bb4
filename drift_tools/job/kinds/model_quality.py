"""The model-quality job: predictions beside their labels, measured and held against the baseline's constraints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from contract.bucket_layout import MODEL_MONITOR_RULES
from contract.metrics import LABEL_COVERAGE
from drift_tools.capture import GROUND_TRUTH, Counts, LabelCoverage, Labels
from drift_tools.job import drift_json, segments
from drift_tools.job.cloudwatch import Metrics
from drift_tools.job.container import Job
from drift_tools.job.inputs.dataset import (
    captured_answers,
    labels_of,
    plain_table,
)
from drift_tools.job.inputs.labels import (
    age_in_words,
    coverage_by_age,
    coverage_of,
    labels_document,
    require_labels,
    with_labels_named,
)
from drift_tools.job.inputs.named_rows import captured_rows
from drift_tools.job.inputs.shared_rows import shared_rows
from drift_tools.job.quality_outcomes import constraints_of, outcomes_of, with_intervals
from drift_tools.job.results import CONSTRAINTS, STATISTICS, Found, completion, require_rows, write_violations
from drift_tools.job.settings import DatasetSettings, MonitorSettings, QualitySettings
from drift_tools.monitors import model_quality
from drift_tools.monitors.analysis_config import AnalysisConfig
from drift_tools.monitors.data_quality import violations_document
from drift_tools.monitors.model_quality import FEWEST_LABELLED, QualityColumns
from drift_tools.monitors.model_quality import columns as quality_columns
from drift_tools.monitors.rules import CALIBRATED, MODEL_MONITOR
from drift_tools.profiles import read_json, write_json
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
    coverage: LabelCoverage | None = None


def run(job: Job, settings: MonitorSettings) -> Found | None:
    """Measure model quality and write its files; None on instances that have handed their share over."""
    wanted, output = settings.quality, settings.output
    if settings.shards is not None and settings.is_sharded(job):
        answers = _load_shared_answers(job, settings.shards, settings)
    else:
        answers = _load_answers(settings)
    if answers is None:
        return None
    if answers.counts is not None:
        require_labels(answers.counts, answers.labels)
        require_rows(drift_json.readable(answers.counts), settings.dataset.max_unreadable_share)
    path = settings.baseline.constraints
    constraints = None if path is None else model_quality.QualityConstraints.read(path)
    # A run measures the class that its baseline did: its thresholds are of no other.
    positive = wanted.positive_label or (constraints.positive_label if constraints else None)
    found = outcomes_of(answers.table, wanted, positive)
    quality = model_quality.measure(found)
    remarks = _remarks(answers, found)
    write_json(output / STATISTICS, quality.to_dict())
    if constraints is None:
        _write_drift(settings, answers, {})
        described = partial(constraints_of, wanted=wanted, positive=found.positive_label)
        parts = segments.cut(settings.segments, answers.table, described)
        write_json(output / CONSTRAINTS, model_quality.suggest(quality).to_dict() | parts)
        return [], completion((), answers.counts) + remarks
    write_json(output / CONSTRAINTS, constraints.to_dict())
    if settings.is_open and len(found) < FEWEST_LABELLED:
        remarks += f" Too few labels to judge by: {len(found)} rows, where {FEWEST_LABELLED} are needed."
    violations = model_quality.evaluate(quality, constraints)
    if settings.is_open and settings.judgement.rules == CALIBRATED:
        write_json(output / MODEL_MONITOR_RULES, violations_document(violations))
        from drift_tools.job.judge_quality import judge_quality_run  # noqa: PLC0415 - needs scipy

        judged = judge_quality_run(job, segments.of_whole(settings), found, quality, constraints)
        whole = [violation.subject for violation in judged.violations]
        by_segment = _segments(job, settings, answers)
        violations = (*judged.violations, *segments.violations(by_segment, whole))
        remarks += judged.says + segments.says(by_segment, whole)
        document: dict[str, Any] = {"rules": CALIBRATED, "judgement": judged.document}
        if by_segment:
            document["segments"] = segments.document(by_segment)
    else:
        by_segment, document = [], {"rules": MODEL_MONITOR}
    if settings.is_open:
        document = {**document, "quality": with_intervals(found, quality)}
    _write_drift(settings, answers, document)
    write_violations(output, violations)
    metrics = Metrics.of(settings.metrics)
    entries = [*(metrics.of_model_quality(quality) if metrics else []), *segments.metrics(metrics, by_segment)]
    if metrics and "growing" in document.get("judgement", {}):
        entries += metrics.of_judgement(document["judgement"])
    if metrics and settings.is_open and answers.labels is not None:
        entries += _coverage(metrics, settings, answers)
    return entries, completion(violations, answers.counts) + remarks


def _coverage(metrics: Metrics, settings: MonitorSettings, answers: _Answers) -> list[dict[str, Any]]:
    """The share of predictions that have a label: of all, and by age."""
    entries = metrics.of_values({LABEL_COVERAGE: coverage_of(answers.counts)})
    for age in coverage_by_age(settings, answers.coverage):
        entries += metrics.of_values({LABEL_COVERAGE: age["share"]}, {"LabelAge": age_in_words(age)})
    return entries


def _segments(job: Job, settings: MonitorSettings, answers: _Answers) -> list[segments.SegmentResult]:
    """Segment by segment, where somebody asked for it; constraints that a person wrote have none."""
    path = settings.baseline.constraints
    if not settings.segments or path is None:
        return []
    from drift_tools.job.segments.model_quality import judge_segments  # noqa: PLC0415 - needs scipy

    return judge_segments(job, settings, read_json(path), answers.table)


def _write_drift(settings: MonitorSettings, answers: _Answers, more: Mapping[str, Any]) -> None:
    if settings.is_open:
        labels = answers.labels
        read = None if labels is None else labels_document(settings, labels, answers.counts, answers.coverage)
        document = drift_json.document(settings, answers.counts, labels=read)
        write_json(drift_json.path_of(settings.output), {**document, **more})


def _remarks(answers: _Answers, found: model_quality.Outcomes) -> str:
    """What to say, after the message, of labels and rows that were not measured."""
    sentences = [answers.remark]
    if found.settled_by_scores:
        sentences.append(
            f"Nobody named the positive class: the probabilities are of {found.positive_label!r}, so it is that one "
            "(positive_label names another)."
        )
    if found.scores is not None and np.isnan(found.scores).all():
        sentences.append("There is no auc: no answer has a probability.")
    if found.left_out:
        rows = found.left_out + len(found)
        sentences.append(f"{found.left_out} of {rows} rows were left out: they have no usable label or prediction.")
    if answers.labels is not None and answers.labels.summary:
        sentences.append(f"{answers.labels.summary}.")
    if answers.labels is not None and answers.labels.disagreement:
        sentences.append(f"{answers.labels.disagreement}.")
    return "".join(f" {sentence}" for sentence in sentences if sentence)


def _load_answers(settings: MonitorSettings) -> _Answers:
    """The columns that the metrics are computed from. Of captured data no more is ever kept than they and a batch."""
    dataset, problem_type = settings.dataset, settings.quality.problem_type
    wanted = _wanted(dataset, settings.quality)
    if not dataset.is_captured:
        kept, table = QualityColumns(wanted, problem_type), plain_table(dataset)
        kept.add(table)
        return _Answers(_with_segments(kept.table(), table, settings.segments), None, None, _remark(kept))
    if settings.segments:
        return _load_with_segments(settings, wanted)
    kept = QualityColumns(wanted, problem_type, GROUND_TRUTH if dataset.has_labels else None)
    labels, counts, coverage = labels_of(dataset), Counts(), LabelCoverage()
    if labels is not None:
        labels.require_readable(dataset.max_unreadable_share)
    attributes = [name for what, name in wanted.items() if what != quality_columns.GROUND_TRUTH]
    for batch in captured_answers(dataset, attributes, labels, coverage):
        kept.add(batch.data)
        counts = counts.add(batch)
        del batch  # or it would stay until the next one is complete
    known = coverage if labels is not None else None
    return _Answers(kept.table(), with_labels_named(counts, labels), labels, _remark(kept), known)


def _load_with_segments(settings: MonitorSettings, wanted: Mapping[str, str]) -> _Answers:
    """The same, and of the requests the columns whose values are the segments: all rows at once."""
    dataset, quality = settings.dataset, settings.quality
    labels, coverage = labels_of(dataset), LabelCoverage()
    if labels is not None:
        labels.require_readable(dataset.max_unreadable_share)
    names = settings.segments
    if settings.analysis_config is not None:
        names = AnalysisConfig.read(settings.analysis_config).headers
    named = {what: name for what, name in wanted.items() if what != quality_columns.GROUND_TRUTH}
    rows, counts = captured_rows(dataset, labels, names, list(named.values()), coverage)
    position = named.get(quality_columns.PROBABILITY, "")
    remark = ""
    if position.isdecimal() and int(position) >= len(rows.answers) and quality_columns.INFERENCE in named:
        remark = f"There is no auc: the answers have no column at position {position}, the probability_attribute."
        wanted = {what: name for what, name in wanted.items() if what != quality_columns.PROBABILITY}
        del named[quality_columns.PROBABILITY]
    columns = [rows.answer(name, what).renamed(what) for what, name in named.items()]
    truth = next((name for name in rows.table.names if name.startswith(GROUND_TRUTH)), None)
    if truth is not None:
        columns.append(rows.table.columns[truth].renamed(quality_columns.GROUND_TRUTH))
    elif not rows.table.rows:  # not one record has a label that can be used: that is said, and no column missed
        columns.append(Column.from_cells(quality_columns.GROUND_TRUTH, []))
    kept = QualityColumns({what: what for what in wanted}, quality.problem_type)
    kept.add(Table.of(columns, rows.table.rows))
    table = _with_segments(kept.table(), rows.table, settings.segments)
    return _Answers(table, counts, labels, remark, coverage if labels is not None else None)


def _with_segments(answers: Table, table: Table, names: Sequence[str]) -> Table:
    """The answers with those columns of the table beside them whose values are segments."""
    there = [table.columns[name] for name in names if name in table.columns]
    return Table.of([*answers.columns.values(), *there], answers.rows) if answers.rows == table.rows else answers


def _remark(kept: QualityColumns) -> str:
    if not kept.has_no_probability:
        return ""
    columns = f"{kept.answer_columns} column{'s' if kept.answer_columns > 1 else ''}"
    position = kept.wanted[quality_columns.PROBABILITY]
    return f"There is no auc: the answers have {columns}, and probability_attribute is {position!r}."


def _load_shared_answers(job: Job, place: tuple[str, str], settings: MonitorSettings) -> _Answers | None:
    """The same of all instances. None on those that have handed theirs over."""
    own: list[_Answers] = []

    def read() -> tuple[Table, Counts | None]:
        own.append(_load_answers(settings))
        return own[0].table, own[0].counts

    found = shared_rows(job, place, read)
    return None if found is None else replace(own[0], table=found[0], counts=found[1])


def _wanted(dataset: DatasetSettings, quality: QualitySettings) -> Mapping[str, str]:
    """Which columns model quality is measured from, by the variable that names them."""
    names = {quality_columns.INFERENCE: quality.inference}
    if quality.problem_type == "BinaryClassification":  # of no other are probabilities measured
        names[quality_columns.PROBABILITY] = quality.probability
    wanted = {what: name for what, name in names.items() if name is not None}
    # In merged records the label has its own place; elsewhere it is a column of the dataset.
    truth = GROUND_TRUTH if dataset.is_captured and dataset.has_labels else quality.ground_truth
    return {**wanted, quality_columns.GROUND_TRUTH: truth or ""}
