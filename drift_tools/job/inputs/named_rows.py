"""The rows of a run under the names of the model's inputs, with its answers apart: what Clarify's kinds look at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from drift_tools.capture import GROUND_TRUTH, Counts, LabelCoverage, Labels, iterate_captures
from drift_tools.errors import InputError
from drift_tools.job.container import Job
from drift_tools.job.inputs.dataset import capture_options, captured_source, labels_of, plain_table
from drift_tools.job.inputs.labels import with_labels_named
from drift_tools.job.inputs.shared_rows import shared_rows
from drift_tools.job.settings import DatasetSettings, MonitorSettings
from drift_tools.tables import Column, Table, concatenate

_POSITIONAL: Final = re.compile(r"_c\d+")


@dataclass(frozen=True, slots=True)
class NamedRows:
    """`table`: the model's inputs by name, its answers, and the labels; `answers`: the names of the columns of its
    answers, in their order; `label`: that of the labels' column, if there are any; `counts`: None for a plain file.
    """

    table: Table
    answers: tuple[str, ...]
    label: str | None
    counts: Counts | None = None
    labels: Labels | None = None
    coverage: LabelCoverage | None = None
    inputs: int = 0
    """How many inputs stand in front of the answers: what transform jobs write is counted from the first of them on."""

    def answer(self, name_or_position: str, variable: str) -> Column:
        """A column of the answers, by its name or its position as digits.

        Raises `InputError` if they have no such column; `variable` is who asks.
        """
        column = self.table.columns.get(name_or_position)
        if column is not None:
            return column
        if name_or_position.isdecimal():
            position = int(name_or_position)
            position -= self.inputs if position >= self.inputs else 0
            if position < len(self.answers):
                return self.table.columns[self.answers[position]]
        if not self.table.rows:
            return Column.from_cells(name_or_position, [])
        raise InputError(
            f"{variable} is {name_or_position!r}: the answers have {len(self.answers)} columns, "
            f"{', '.join(self.answers) or 'none'}; name one, or its position from 0"
        )


def named_rows(
    job: Job,
    settings: MonitorSettings,
    features: Sequence[str],
    label: str | None,
    attributes: Sequence[str | None] = (),
) -> NamedRows | None:
    """Read all rows of a run; None on instances that have handed their share over.

    Parameters
    ----------
    job, settings
        the run.
    features
        the model's inputs, in the order of its requests.
    label
        the column of the labels in a plain file, and what those that were joined with captured records are called.
    attributes
        what is wanted of the answers: names, positions or JMESPaths (`predictions[0].score`), which then are the names
        of columns; None is none.
    """
    dataset = settings.dataset
    if not dataset.is_captured:
        table = plain_table(dataset)
        if not dataset.options.get("header", True) and not set(features) & set(table.names):
            # What a transform job wrote, with its input joined in front of it.
            return _split(table, features, outputs_first=False)
        answers = tuple(name for name in table.names if name not in {*features, label})
        return NamedRows(_with(table, features), answers, label if label in table.columns else None)
    labels = labels_of(dataset)
    if labels is not None:
        labels.require_readable(dataset.max_unreadable_share)
    wanted, coverage = [name for name in attributes if name is not None], LabelCoverage()
    if settings.shards is not None and settings.is_sharded(job):
        found = shared_rows(job, settings.shards, lambda: _captured(dataset, labels, wanted, coverage))
    else:
        found = _captured(dataset, labels, wanted, coverage)
    if found is None:
        return None
    table, counts = found
    rows = _split(table, features, outputs_first=capture_options(dataset)["outputs_first"])
    if dataset.has_labels and label is not None and GROUND_TRUTH in rows.table.columns:
        names = [label if name == GROUND_TRUTH else name for name in rows.table.names]
        rows = replace(rows, table=rows.table.renamed(names), label=label)
    return replace(rows, counts=counts, labels=labels, coverage=None if labels is None else coverage)


def captured_rows(
    dataset: DatasetSettings,
    labels: Labels | None,
    features: Sequence[str],
    attributes: Sequence[str],
    coverage: LabelCoverage,
) -> tuple[NamedRows, Counts]:
    """All captured rows of this instance, joined with labels, and what was read; the parameters as of `named_rows`."""
    table, counts = _captured(dataset, labels, attributes, coverage)
    return _split(table, features, outputs_first=capture_options(dataset)["outputs_first"]), counts


def _captured(
    dataset: DatasetSettings, labels: Labels | None, attributes: Sequence[str], coverage: LabelCoverage
) -> tuple[Table, Counts]:
    tables, counts = [], Counts()
    source = captured_source(dataset, labels, coverage)
    for batch in iterate_captures(source, attributes=attributes, **capture_options(dataset)):
        tables.append(batch.data)
        counts = counts.add(batch)
    filled = [table for table in tables if table.rows] or tables[:1]
    return concatenate(filled, ["captured data"] * len(filled)), with_labels_named(counts, labels)


def _split(table: Table, features: Sequence[str], *, outputs_first: bool) -> NamedRows:
    """The columns by what they are: JSON names its own, of CSV the inputs are the last ones (the first, outputs last).

    Where the inputs are CSV and the answers JSON, only the inputs have positions.
    """
    names = [name for name in table.names if not name.startswith(GROUND_TRUTH)]
    if set(features) <= set(names) or not table.rows:
        return NamedRows(table, tuple(name for name in names if name not in features), None)
    plain = [name for name in names if _POSITIONAL.fullmatch(name)]
    answers = len(plain) - len(features)
    if not answers and outputs_first:  # all columns have names, those of the answer among them
        named_table = table.renamed([dict(zip(plain, features, strict=True)).get(name, name) for name in table.names])
        return NamedRows(named_table, tuple(features), None)
    if answers < 0:
        raise InputError(
            f"captured records have the {len(names)} columns {', '.join(names[:20])}: the model has {len(features)} "
            f"inputs, {', '.join(features[:20])}; name them as the requests do"
        )
    ours = [f"answer_{position}" for position in range(answers)]
    order = dict(zip(plain, [*ours, *features] if outputs_first else [*features, *ours], strict=True))
    named = tuple(name for name in names if name not in order)
    table = table.renamed([order.get(name, name) for name in table.names])
    return NamedRows(table, (*named, *ours), None, inputs=0 if outputs_first else len(features))


def _with(table: Table, features: Sequence[str]) -> Table:
    missing = [name for name in features if name not in table.columns]
    if missing:
        raise InputError(f"there is no column {missing[0]!r}: there are {', '.join(table.names)}")
    return table
