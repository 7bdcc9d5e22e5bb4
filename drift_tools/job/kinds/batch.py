"""The batch job: what a transform job wrote, described and held against the baseline's columns.

A row is the answer's columns and the input's, in whichever order the transform job left them, perhaps with an id and a
time behind them. Where it left the answer alone, the input lies beside it, row by row. Of a partition of a plain prefix
the folders are columns, `region=eu`, where the baseline has one of that name.
"""

import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from drift_tools.errors import InputError
from drift_tools.job.container import Job
from drift_tools.job.inputs.batch_filters import positions, selected, width_before
from drift_tools.job.inputs.batch_records import ID, TIME
from drift_tools.job.inputs.batch_rows import json_rows
from drift_tools.job.inputs.dataset import load_file, plain_files, plain_table
from drift_tools.job.kinds import data_quality
from drift_tools.job.results import Found
from drift_tools.job.settings import DatasetSettings, MonitorSettings
from drift_tools.monitors.data_quality import Constraints
from drift_tools.tables import Column, Table, concatenate

_ID_COLUMNS = 2
_HIVE_MISSING = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class BatchColumns:
    """Where a row has the answer: in front or behind (`is_last`), in `number` columns; `has_ids`: an id and a time end
    the row; `is_partitioned`: the files lie in folders that are columns. `input_filter`, `output_filter`: which columns
    the model saw, and which of a row were written; `input_format`: of what lies beside, if not the output's.
    """

    is_last: bool = False
    number: int = 1
    has_ids: bool = False
    is_partitioned: bool = False
    input_filter: str | None = None
    output_filter: str | None = None
    input_format: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> "BatchColumns":
        """Read the variable `batch_columns`; raises `InputError`."""
        try:
            given = json.loads(text or "{}")
            return cls(
                given.get("position") == "END",
                int(given.get("number", 1)),
                bool(given.get("ids", False)),
                bool(given.get("partitioned", False)),
                given.get("input_filter"),
                given.get("output_filter"),
                given.get("input_format"),
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(f'batch_columns is {text!r}: give {{"position":"END","number":1,"ids":false}}') from error


def run(job: Job, settings: MonitorSettings) -> Found | None:
    """Describe a batch and judge it; None on instances that hand nothing over."""
    path = settings.baseline.constraints
    if path is None:
        raise InputError("baseline_constraints is not set: a batch is held against the data-quality baseline")
    if not job.is_leader:
        return None
    columns = BatchColumns.parse(settings.batch_columns)
    names = list(Constraints.read(path).features)
    table = batch_table(settings.dataset, names, columns, source=settings.batch_input)
    return data_quality.check_table(job, settings, table)


def batch_table(dataset: DatasetSettings, names: list[str], columns: BatchColumns, *, source: Any = None) -> Table:
    """The rows of a batch under the baseline's names, the answer's columns first."""
    if columns.is_partitioned:
        return _partitioned(dataset, names)
    input_format = columns.input_format or dataset.format
    if "json" in (dataset.format, input_format):
        table = json_rows(
            dataset.source,
            source,
            names,
            output_format=dataset.format,
            input_format=input_format,
            has_ids=columns.has_ids,
        )
    else:
        table = _csv_rows(dataset, names, columns, source)
    if _is_named(table, names):
        # What the model did not see is no input of its.
        unseen = [name for name in table.names if name not in names] if columns.input_filter else []
        return table.without(unseen)
    if len(table.columns) != len(names):
        raise InputError(
            f"a row of the batch has {len(table.columns)} columns and the baseline {len(names)}: say in "
            "batch.output_columns how many of them are the answer, or let the transform job join its input"
        )
    return table.renamed(names)


def _csv_rows(dataset: DatasetSettings, names: list[str], columns: BatchColumns, source: Any) -> Table:
    """The rows of a batch of CSV, the answer's columns first."""
    table = _without_ids(plain_table(dataset), columns)
    if source is not None:
        inputs = plain_table(replace(dataset, source=source))
        seen = selected(columns.input_filter, inputs.names)
        return _beside(table, Table.of([inputs.columns[name] for name in seen], inputs.rows))
    if not columns.is_last or _is_named(table, names):
        return table
    width = len(table.columns)
    total = width_before(columns.output_filter, width) if columns.output_filter else width
    if total is None:
        raise InputError(
            f"the transform job's OutputFilter {columns.output_filter!r} keeps some columns of a row, and how many "
            "there were cannot be told: keep all, or all but the first or last ones, such as $[1:]"
        )
    written = {position: table.names[at] for at, position in enumerate(positions(columns.output_filter, total))}
    first = total - columns.number
    wanted = [*range(first, total), *positions(columns.input_filter, first)]
    if missing := [position for position in wanted if position not in written]:
        raise InputError(
            f"the transform job's OutputFilter {columns.output_filter!r} leaves column {missing[0]} of a row out, "
            "which the baseline has: write it too"
        )
    return Table.of([table.columns[written[position]] for position in wanted], table.rows)


def _partitioned(dataset: DatasetSettings, names: list[str]) -> Table:
    """The rows of all files, each with those columns of the baseline's that its folders say."""
    files = plain_files(dataset.source)
    has_names = dataset.format == "parquet" or bool(dataset.options.get("header"))
    tables = []
    for path in files:
        table = load_file(path, dataset)
        folders = path.relative_to(dataset.source).parts[:-1] if dataset.source.is_dir() else ()
        said = {name: value for name, value in map(_folder_column, folders) if name in names}
        if not has_names:
            own = [name for name in names if name not in said]
            if len(own) != len(table.columns):
                raise InputError(
                    f"{path}: a row has {len(table.columns)} columns and the baseline {len(own)}: write the "
                    "baseline's, in its order, or a first line of names (batch.has_header)"
                )
            table = table.renamed(own)
        found = {name: value for name, value in said.items() if name not in table.columns}
        added = [Column.from_cells(name, [value] * table.rows) for name, value in found.items()]
        tables.append(Table.of([*table.columns.values(), *added], table.rows))
    return concatenate(tables, [str(path) for path in files])


def _folder_column(folder: str) -> tuple[str, str | None]:
    """Name and value of `region=eu`, as Hive writes them; any other folder has no name."""
    name, is_one, value = folder.partition("=")
    if not is_one:
        return "", None
    return unquote(name), None if value == _HIVE_MISSING else unquote(value)


def _is_named(table: Table, names: list[str]) -> bool:
    """Whether the rows name their columns themselves, as JSON and a CSV's header do."""
    return set(names) <= set(table.names)


def _without_ids(table: Table, columns: BatchColumns) -> Table:
    if not columns.has_ids:
        return table
    named = [name for name in (ID, TIME) if name in table.columns]
    return table.without(named or table.names[-_ID_COLUMNS:])


def _beside(answers: Table, inputs: Table) -> Table:
    if answers.rows != inputs.rows:
        raise InputError(
            f"the batch has {answers.rows} answers for {inputs.rows} rows of input: they are joined row by row, so "
            "split the input by lines and assemble the output by lines"
        )
    named: dict[str, Column] = {}
    for place, table in (("answer", answers), ("input", inputs)):
        for name, column in table.columns.items():
            key = name if name not in named and not name.startswith("_c") else f"{place} {name}"
            named[key] = column.renamed(key)
    return Table(named, answers.rows)
