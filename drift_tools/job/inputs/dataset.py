"""The dataset of a job, read as its settings say."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from drift_tools.capture import (
    BOTH_SIDES,
    CONTAINER_NAMES,
    GROUND_TRUTH,
    OUTPUT,
    Block,
    Captures,
    LabelCoverage,
    Labels,
    capture_files,
    iterate_captures,
    read_captures,
    read_labels,
)
from drift_tools.errors import InputError
from drift_tools.job.inputs.merge import labelled_blocks
from drift_tools.job.inputs.user_scripts import load_preprocessor
from drift_tools.job.settings import DatasetSettings
from drift_tools.tables import (
    LARGE_JSON,
    Table,
    concatenate,
    has_parquet,
    is_parquet,
    read_bytes,
    read_parquet,
    read_plain_json_lines,
    read_table,
)

# Of a batch of answers three columns are kept: small batches cost nothing, and less memory.
ANSWERS_AT_ONCE = 50_000
# Captured JSON shrinks to about a tenth.
_UNPACKED = 10


def labels_of(dataset: DatasetSettings) -> Labels | None:
    """The labels that this job is to join with the captured records; None where there is nothing to join."""
    return None if dataset.ground_truth is None else read_labels(dataset.ground_truth)


def captured_table(dataset: DatasetSettings, columns: Sequence[str] | None = None) -> Captures:
    """The captured data of the job, at once. Nothing to read is no error here: of several instances one may have none.

    Raises `InputError` where the source or the script cannot be used.
    """
    return read_captures(captured_source(dataset, None), columns=columns, **capture_options(dataset))


def captured_batches(
    dataset: DatasetSettings,
    columns: Sequence[str] | None = None,
) -> Iterator[Captures]:
    """The same, a batch at a time."""
    return iterate_captures(captured_source(dataset, None), columns=columns, typed=True, **capture_options(dataset))


def captured_answers(
    dataset: DatasetSettings,
    attributes: Sequence[str],
    labels: Labels | None,
    coverage: LabelCoverage | None = None,
) -> Iterator[Captures]:
    """The answers of the captured records and their labels, a small batch at a time; what `attributes` name in them.

    Where the records have labels the requests are not read, whatever sides `dataset_format` names: a position means a
    column of the answer, as in Model Monitor, and never a feature. `coverage` is told of each record.
    """
    options = capture_options(dataset)
    if dataset.has_labels:
        options["sides"] = (OUTPUT, GROUND_TRUTH)
    source = captured_source(dataset, labels, coverage)
    return iterate_captures(source, batch_rows=ANSWERS_AT_ONCE, attributes=attributes, **options)


def captured_bytes(dataset: DatasetSettings) -> int:
    """About how many bytes of captured data there are, unpacked."""
    source = dataset.source
    files = capture_files(source) if _has_captures(source) else []
    return sum(path.stat().st_size * (_UNPACKED if path.suffix == ".gz" else 1) for path in files)


def _has_captures(source: Path) -> bool:
    return source.is_file() or (source.is_dir() and any(source.rglob("*.jsonl*")))


def captured_source(
    dataset: DatasetSettings, labels: Labels | None, coverage: LabelCoverage | None = None
) -> Path | Iterator[Block]:
    """Where the captured records are, or their blocks, joined with labels."""
    source = dataset.source
    if source.exists() and not _has_captures(source):
        return iter(())
    return source if labels is None else labelled_blocks(source, labels, coverage)


def capture_options(dataset: DatasetSettings) -> dict[str, Any]:
    """How they are read, as `iterate_captures` takes it."""
    options, window = dataset.options, dataset.window
    sides = tuple(options.get("captureindexnames", BOTH_SIDES))
    return {
        "preprocess": load_preprocessor(dataset.preprocessor) if dataset.preprocessor else None,
        "sides": (*sides, GROUND_TRUTH) if dataset.has_labels else sides,
        "start": window.first,
        "end": window.last,
        "outputs_first": str(options.get("output_columns_position", "START")).upper() != "END",
    }


def plain_table(dataset: DatasetSettings, columns: Sequence[str] | None = None) -> Table:
    """The dataset where it is no captured data: CSV, JSON or Parquet, one file or all below a folder."""
    options = dataset.options
    files = plain_files(dataset.source)
    table = concatenate([load_file(path, dataset) for path in files], [str(path) for path in files])
    if columns is not None and len(columns) == len(table.columns) and not options.get("header", True):
        table = table.renamed(columns)
    return table


def plain_files(source: Path) -> list[Path]:
    """The file, or all below the folder. Names with a dot or an underscore in front are markers (_SUCCESS), which Spark
    does not read either. Raises `InputError` if there are none.
    """
    files = (
        [source]
        if source.is_file()
        else sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    )
    if not files:
        raise InputError(f"Job inputs had no data: {source} is empty: name a folder that holds files")
    return files


def load_file(path: Path, dataset: DatasetSettings) -> Table:
    """One file of such a dataset."""
    kind, options = dataset.format, dataset.options
    if kind == "json":
        return load_json(path, lines=bool(options.get("lines", options.get("line", True))))
    if kind == "parquet":
        if not is_parquet(path) and not has_parquet(path):
            raise InputError(f"{path}: dataset_format says parquet, and this is none: give Parquet files alone")
        return read_parquet(path)
    return read_table(path, header=bool(options.get("header", True)))


def load_json(path: Path, *, lines: bool) -> Table:
    """A table of JSON Lines, or of one JSON document."""
    content = read_bytes(path)
    if lines and len(content) >= LARGE_JSON:
        plain = read_plain_json_lines(
            content, lambda: _careful_json(content, path, lines=True), containers=CONTAINER_NAMES
        )
        if plain is not None:
            return plain
    return _careful_json(content, path, lines=lines)


def _careful_json(content: bytes, path: Path, *, lines: bool) -> Table:
    try:
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
    """Read a baseline's CSV, with a header where the first line has some of the names, else without; a first row of
    values may hold the same one twice, or lack one, which no header may.
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
