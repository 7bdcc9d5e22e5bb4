"""The dataset of a job, as its environment describes it: where it is, how to read it, and which records count."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from drift_tools.capture import (
    BOTH_SIDES,
    GROUND_TRUTH,
    MAX_UNREADABLE_SHARE,
    OUTPUT,
    Captures,
    Labels,
    capture_files,
    iterate_captures,
    read_captures,
    read_labels,
)
from drift_tools.errors import InputError
from drift_tools.job.container import Job
from drift_tools.job.merge import labelled_lines
from drift_tools.job.user_scripts import load_preprocessor
from drift_tools.tables import Column, Table, TypeCounts, is_parquet, read_bytes, read_table

_CAPTURE, _MERGED = "sagemakerCaptureJson", "sagemakerMergeJson"
# Of a batch of answers three columns are kept: small batches cost nothing, and less memory.
ANSWERS_AT_ONCE = 50_000
# Captured JSON shrinks to about a tenth.
_UNPACKED = 10


@dataclass(frozen=True, slots=True)
class Window:
    """Records with `start <= inferenceTime < end` count; of files that came late those from `late_from` on, of those
    that were filled beyond the end those until `records_until`.
    """

    start: datetime | None = None
    end: datetime | None = None
    late_from: datetime | None = None
    records_until: datetime | None = None

    @classmethod
    def of(cls, job: Job) -> "Window":
        """From `start_time`, `end_time`, `late_from` and `records_until`."""
        return cls(*(_time(job, name) for name in ("start_time", "end_time", "late_from", "records_until")))

    @property
    def first(self) -> datetime | None:
        """The first moment of which records count: whether a file came late its records do not say, so that those of
        the window's own files count from then on too. Each file is given to one run only.
        """
        if self.start is None or self.late_from is None:
            return self.start
        return min(self.start, self.late_from)

    @property
    def last(self) -> datetime | None:
        """The moment from which on records count no more. A file is given to one run only, and lies under the hour in
        which it was begun: what it has of the next hour counts here or nowhere.
        """
        if self.end is None or self.records_until is None:
            return self.end
        return max(self.end, self.records_until)

    def to_dict(self) -> dict[str, str | None]:
        """As drift.json has it."""
        moments = {"start": self.start, "end": self.end, "late_from": self.late_from}
        return {name: None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in moments.items()}


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


def is_captured(job: Job) -> bool:
    """Whether the dataset is captured data, merged with labels or not."""
    return dataset_format(job)[0] in (_CAPTURE, _MERGED)


def has_labels(job: Job) -> bool:
    """Whether each captured record comes with its label, merged by a job before or by this one."""
    return dataset_format(job)[0] == _MERGED or job.get("ground_truth_source") is not None


def labels_of(job: Job) -> Labels | None:
    """The labels that this job is to join with the captured records; None where there is nothing to join."""
    if dataset_format(job)[0] == _MERGED or job.get("ground_truth_source") is None:
        return None
    return read_labels(job.path("ground_truth_source"))


def captured_table(job: Job, columns: Sequence[str] | None = None) -> Captures:
    """The captured data of the job, at once. Nothing to read is no error here: of several instances one may have none.

    Raises `InputError` where a variable cannot be used.
    """
    return read_captures(_captured_source(job, None), columns=columns, **_capture_options(job))


def captured_batches(
    job: Job,
    columns: Sequence[str] | None = None,
) -> Iterator[Captures]:
    """The same, a batch at a time."""
    return iterate_captures(_captured_source(job, None), columns=columns, **_capture_options(job))


def captured_answers(job: Job, attributes: Sequence[str], labels: Labels | None) -> Iterator[Captures]:
    """The answers of the captured records and their labels, a small batch at a time; what `attributes` name in them.

    Where the records have labels the requests are not read, whatever sides `dataset_format` names: a position means a
    column of the answer, as in Model Monitor, and never a feature.
    """
    options = _capture_options(job)
    if has_labels(job):
        options["sides"] = (OUTPUT, GROUND_TRUTH)
    source = _captured_source(job, labels)
    return iterate_captures(source, batch_rows=ANSWERS_AT_ONCE, attributes=attributes, **options)


def captured_bytes(job: Job) -> int:
    """About how many bytes of captured data there are, unpacked."""
    source = job.path("dataset_source")
    files = capture_files(source) if _has_captures(source) else []
    return sum(path.stat().st_size * (_UNPACKED if path.suffix == ".gz" else 1) for path in files)


def _has_captures(source: Path) -> bool:
    return source.is_file() or (source.is_dir() and any(source.rglob("*.jsonl*")))


def _captured_source(job: Job, labels: Labels | None) -> Path | Iterator[bytes]:
    source = job.path("dataset_source")
    if source.exists() and not _has_captures(source):
        return iter(())
    return source if labels is None else labelled_lines(source, labels)


def _capture_options(job: Job) -> dict[str, Any]:
    _, options = dataset_format(job)
    script, window = job.get("record_preprocessor_script"), Window.of(job)
    sides = tuple(options.get("captureindexnames", BOTH_SIDES))
    return {
        "preprocess": load_preprocessor(job.here(script)) if script else None,
        "sides": (*sides, GROUND_TRUTH) if has_labels(job) else sides,
        "start": window.first,
        "end": window.last,
        "outputs_first": str(options.get("output_columns_position", "START")).upper() != "END",
    }


def max_unreadable_share(job: Job) -> float:
    """The share of unreadable records above which the run fails."""
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
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def plain_table(job: Job, columns: Sequence[str] | None = None) -> Table:
    """The dataset where it is no captured data: CSV, JSON or Parquet, one file or all below a folder."""
    kind, options = dataset_format(job)
    source = job.path("dataset_source")
    # Names with a dot or an underscore in front are markers (_SUCCESS), which Spark does not read either.
    files = (
        [source]
        if source.is_file()
        else sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    )
    if not files:
        raise InputError(f"Job inputs had no data: {source} is empty: name a folder that holds files")
    tables = [_load_table(path, kind, options) for path in files]
    table = concatenate(tables, [str(path) for path in files])
    if columns is not None and len(columns) == len(table.columns) and not options.get("header", True):
        table = table.renamed(columns)
    return table


def _load_table(path: Path, kind: str, options: Mapping[str, Any]) -> Table:
    if kind == "json":
        return load_json(path, lines=bool(options.get("lines", options.get("line", True))))
    if kind == "parquet" and not is_parquet(path):
        raise InputError(f"{path}: dataset_format says parquet: name the file *.parquet")
    return read_table(path, header=bool(options.get("header", True)))


def load_json(path: Path, *, lines: bool) -> Table:
    """A table of JSON Lines, or of one JSON document."""
    try:
        content = read_bytes(path)
        documents = (
            [json.loads(line) for line in content.splitlines() if line.strip()] if lines else json.loads(content)
        )
    except ValueError as error:
        raise InputError(f"{path}: not JSON{' Lines' if lines else ''} ({error})") from error
    except RecursionError as error:
        raise InputError(f"{path}: nested too deeply for a table: write one flat object a row") from error
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


def baseline_table(path: Path, names: Sequence[str]) -> Table:
    """The rows of a baseline whose features are known: a CSV with or without a header, JSON Lines or Parquet.

    Raises `InputError` if the file's columns are not these.
    """
    if path.suffix.lower() in (".jsonl", ".json"):
        table = load_json(path, lines=path.suffix.lower() == ".jsonl")
    else:
        table = read_table(path) if is_parquet(path) else _csv_baseline(path, names)
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise InputError(
            f"{path}: has no column {missing[0]!r}, which its constraints have: give the rows that they were made from"
        )
    return Table({name: table.columns[name] for name in names}, table.rows)


def _csv_baseline(path: Path, names: Sequence[str]) -> Table:
    """With a header where the first line has some of the names, else without; a first row of values may hold the same
    one twice, or lack one, which no header may.
    """
    try:
        table = read_table(path)
        if set(names) & set(table.names) or len(table.names) != len(names):
            return table
    except InputError:
        bare = read_table(path, header=False)
        first = {column.as_texts()[0] for column in bare.columns.values()}
        if set(names) & first or len(bare.names) != len(names):
            raise
        return bare.renamed(names)
    return read_table(path, header=False).renamed(names)


def needs_pyarrow(path: Path) -> bool:
    """Whether only pyarrow can read a table's file."""
    return is_parquet(path)


def concatenate(tables: Sequence[Table], sources: Sequence[str]) -> Table:
    """Tables of the same columns, one below the other."""
    first = tables[0]
    if len(tables) == 1:
        return first
    for table, source in zip(tables, sources, strict=True):
        if table.names != first.names:
            raise InputError(f"{source}: its columns are not those of {sources[0]}: give files of one layout")
    columns = [_below_each_other(name, [table.columns[name] for table in tables]) for name in first.names]
    return Table.of(columns, sum(table.rows for table in tables))


def _below_each_other(name: str, parts: Sequence[Column]) -> Column:
    """One column of several, as what their sources said that they are: `7` of Parquet's strings is no number because
    it comes in two files. A part without any value says nothing.
    """
    telling = [part for part in parts if part.types.present] or parts
    if all(part.is_typed_number for part in telling):
        numbers = np.concatenate([part.as_numbers()[0] for part in parts])
        spelt = any(part.source is not None for part in parts)
        texts = np.concatenate([part.as_texts() for part in parts]) if spelt else None
        kind = type(telling[0]) if len({type(part) for part in telling}) == 1 else Column
        types, is_single = TypeCounts.sum_of(part.types for part in parts), all(part.is_single for part in telling)
        return kind(name, types, numbers, texts, is_single=is_single)
    cells = np.concatenate([part.as_texts() for part in parts]).tolist()
    make = Column.from_strings if any(part.is_typed_text for part in telling) else Column.from_cells
    return make(name, cells)
