"""Rows of transform jobs whose input or output is JSON, each as the captured record that an endpoint would have left:
one set of rules says what the columns of a payload are, wherever it was answered.

Source: API reference, DataProcessing: an object that is joined has its answer under `SageMakerOutput` beside its own
members; what is no object stands under `SageMakerInput`.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from drift_tools.capture import read_captures
from drift_tools.errors import InputError
from drift_tools.job.inputs.batch_records import ID, TIME
from drift_tools.job.inputs.dataset import plain_files
from drift_tools.tables import Table, read_bytes

_ANSWER: Final = "SageMakerOutput"
_INPUT: Final = "SageMakerInput"
_CSV, _JSON = "CSV", "JSON"


def json_rows(
    outputs: Path, inputs: Path | None, names: Sequence[str], *, output_format: str, input_format: str, has_ids: bool
) -> Table:
    """The rows, under the names that they give their columns themselves, or the baseline's `names`, answers first.

    `inputs` lies beside the outputs, line by line, where these do not have it. Raises `InputError`.
    """
    pairs = _beside(outputs, inputs) if inputs is not None else ((line, None) for line in _lines(outputs))
    records = (_record(answer, given, output_format, input_format, has_ids) for answer, given in pairs)
    captures = read_captures(records, columns=names)
    if captures.skipped:
        problem = captures.problems[0]
        raise InputError(f"{outputs}, row {problem.line}: {problem.reason}")
    return captures.data


def _lines(place: Path) -> Iterator[str]:
    for path in plain_files(place):
        yield from (line for line in read_bytes(path).decode("utf-8-sig", "replace").splitlines() if line.strip())


def _beside(outputs: Path, inputs: Path) -> Iterator[tuple[str, str | None]]:
    for answer, given in zip_longest(_lines(outputs), _lines(inputs)):
        if answer is None or given is None:
            raise InputError(
                "the batch has not as many answers as rows of input: they are joined row by row, so split the input by "
                "lines and assemble the output by lines"
            )
        yield answer, given


def _record(line: str, beside: str | None, output_format: str, input_format: str, has_ids: bool) -> str:
    """A captured record of one row. A row that is one object with all columns is taken as it is."""
    answer, given = (line, output_format), None if beside is None else (beside, input_format)
    if output_format == _JSON.lower():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"a row is no JSON ({error}): {line[:80]!r}") from error
        if isinstance(row, dict):
            if has_ids:
                row = {name: value for name, value in row.items() if name not in (ID, TIME)}
            answer, given = _parted(row, given)
    elif has_ids:
        answer = (line.rsplit(",", 2)[0], output_format)
    sides = {"endpointInput": given, "endpointOutput": answer}
    data = {
        side: {"data": text, "encoding": encoding.upper()}
        for side, found in sides.items()
        if found is not None
        for text, encoding in [found]
    }
    return json.dumps({"captureData": data})


def _parted(row: dict[str, Any], beside: tuple[str, str] | None) -> tuple[tuple[str, str], tuple[str, str] | None]:
    """Answer and input of an object that may have both."""
    if beside is not None or _ANSWER not in row:
        return (json.dumps(row), "json"), beside
    given = row[_INPUT] if set(row) == {_INPUT, _ANSWER} else {key: row[key] for key in row if key != _ANSWER}
    return (json.dumps(row[_ANSWER]), "json"), (json.dumps(given), "json")
