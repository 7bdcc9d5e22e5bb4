"""What a model's archive answers to the hold-out: its own inference.py, in a process without rights or network."""

import csv
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from drift_tools.errors import InputError
from drift_tools.monitors.attribution import ModelProcess
from drift_tools.retraining.evaluation import REGRESSION, Answers
from drift_tools.retraining.settings import Retraining
from drift_tools.tables import Column, Table

_AT_ONCE: Final = 1000


def ask(archive: Path, features: Table, settings: Retraining) -> tuple[Answers, list[list[str]]]:
    """Ask for every row; returns the answers and the rows of the model's output columns, as texts.

    Raises
    ------
    InputError
        If the archive cannot be opened, the model raises, or an answer has not the columns that `outputs` names.
    """
    if not archive.is_file() or not tarfile.is_tarfile(archive):
        raise InputError(f"{archive}: no model.tar.gz")
    answered: list[list[str]] = []
    with ModelProcess(archive) as model:
        for body, rows in _bodies(features):
            answer, _ = model.ask(body)
            lines = [line for line in csv.reader(io.StringIO(answer.decode())) if line]
            if len(lines) != rows or any(len(line) != len(settings.outputs) for line in lines):
                values = len(lines[0]) if lines else 0
                raise InputError(
                    f"{archive.name}: {rows} rows are answered with {len(lines)} lines of {values} values, where each "
                    f"must have {len(settings.outputs)}: {', '.join(settings.outputs)}"
                )
            answered += lines
    labels = [line[settings.outputs.index(settings.prediction)] for line in answered]
    if settings.problem_type == REGRESSION:
        return Answers(labels=Column.from_cells("prediction", labels).as_numbers()[0]), answered
    scores = None
    if settings.probability is not None:
        texts = [line[settings.outputs.index(settings.probability)] for line in answered]
        scores, wrong = Column.from_cells("probability", texts).as_numbers()
        if wrong or np.isnan(scores).any():
            raise InputError(f"{archive.name}: {settings.probability} is not a number in every answer")
    return Answers(labels=np.array([plain(label) for label in labels]), scores=scores), answered


def plain(label: str | None) -> str:
    """A class as it is compared: 1, 1.0 and "1" are one."""
    text = "" if label is None else label.strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def _bodies(features: Table) -> Iterator[tuple[bytes, int]]:
    columns = [column.as_texts() for column in features.columns.values()]
    for start in range(0, features.rows, _AT_ONCE):
        stop = min(start + _AT_ONCE, features.rows)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([["" if c[at] is None else c[at] for c in columns] for at in range(start, stop)])
        yield text.getvalue().encode(), stop - start
