"""Labels that arrive after the prediction, in the form that Model Monitor's ground-truth merge job reads.

JSON Lines under `{output}/yyyy/mm/dd/hh/`, where the hour (UTC) is the one in which the labels were collected, one
object a label: `{"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "..."},
"eventVersion": "0"}`. `eventId` is the `InferenceId` that the request was sent with, or else the `eventId` of its
capture. Source: SageMaker developer guide, "Ingest ground truth labels and merge them with predictions".
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drift_tools.aws import join, write_parts
from drift_tools.errors import InputError
from drift_tools.tables import read_table

ID_COLUMNS = ("inference_id", "event_id", "id")
LABEL_COLUMNS = ("label", "ground_truth", "target")
# InvokeEndpoint takes these as an InferenceId; a label with another id could never be joined.
_INFERENCE_ID = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,63}")


@dataclass(frozen=True)
class Labels:
    """Labels by id, in the order of the file, and how many rows had none yet."""

    by_id: dict[str, str]
    unlabelled: int = 0

    def __repr__(self) -> str:
        return f"Labels({len(self.by_id)} labels, {self.unlabelled} rows without one)"


def read_labels(file: str | Path, *, id_column: str | None = None, label_column: str | None = None) -> Labels:
    """Read labels from a CSV (with a header) or Parquet file.

    `id_column` and `label_column` are, by default, the first of `inference_id`, `event_id`, `id` and of `label`,
    `ground_truth`, `target` that the file has. A row whose label is empty has none yet and is counted in
    `unlabelled`. Raises InputError for a file that cannot be read, a column that it lacks, an empty id, and an id
    with two different labels.
    """
    table = read_table(file)
    ids = table.columns[_column(file, table.names, id_column, ID_COLUMNS, "--id-column")].as_texts()
    texts = table.columns[_column(file, table.names, label_column, LABEL_COLUMNS, "--label-column")].as_texts()
    labels: dict[str, str] = {}
    unlabelled = 0
    for row, (identifier, label) in enumerate(zip(ids, texts, strict=True), start=1):
        if label is None or not label.strip():
            unlabelled += 1
        elif identifier is None:
            raise InputError(
                f"{file}, row {row}: a label without an id cannot be joined: fill the id in or drop the row"
            )
        elif labels.setdefault(identifier, label) != label:
            raise InputError(
                f"{file}, row {row}: id {identifier!r} is {label!r} here and {labels[identifier]!r} above: keep one"
            )
    return Labels(labels, unlabelled)


def _column(file: str | Path, names: list[str], asked: str | None, usual: tuple[str, ...], option: str) -> str:
    for name in (asked,) if asked else usual:
        if name in names:
            return name
    raise InputError(
        f"{file}: has no column {asked or ' or '.join(usual)}: name one of {', '.join(names)} with {option}"
    )


def ground_truth_lines(labels: Mapping[str, str]) -> Iterator[str]:
    r"""Yield one JSON line a label, with its line end, in the order of the mapping.

    A label is written as one CSV cell, in quotes where it holds a comma, a quote or a line break, or begins or ends
    with a blank. Blanks around a cell are no part of it, so that such a label is read back without them.

    >>> next(ground_truth_lines({"id-1": "1"}))
    '{"groundTruthData":{"data":"1","encoding":"CSV"},"eventMetadata":{"eventId":"id-1"},"eventVersion":"0"}\n'
    """
    for identifier, label in labels.items():
        record = {
            "groundTruthData": {"data": _csv_cell(label), "encoding": "CSV"},
            "eventMetadata": {"eventId": identifier},
            "eventVersion": "0",
        }
        yield json.dumps(record, separators=(",", ":")) + "\n"


def _csv_cell(label: str) -> str:
    if label.strip() == label and not set(label) & set(',"\r\n'):
        return label
    return '"' + label.replace('"', '""') + '"'


def write_ground_truth(
    labels: Mapping[str, str], output: str | Path, *, collected: datetime | None = None, client: Any = None
) -> str:
    """Write the labels for the merge job and return the path or URI of the file.

    `output` is a folder or an `s3://` prefix below which the hour's folders are made, or, if it ends in `.jsonl`, the
    file itself. `collected` is when the labels were collected (default: now); a time without a zone is UTC. The
    file's name is a hash of its content, so that writing the same labels again replaces them and never counts them
    twice.
    """
    if not labels:
        raise InputError(f"{output}: there are no labels to write; the labels file has none")
    _check_ids(labels)
    target = str(output)
    if not target.endswith(".jsonl"):
        digest = hashlib.sha256()
        for line in ground_truth_lines(labels):
            digest.update(line.encode())
        target = join(target, hour_folder(collected or datetime.now(UTC)), f"labels-{digest.hexdigest()[:16]}.jsonl")
    write_parts(target, ground_truth_lines(labels), client=client)
    return target


def _check_ids(identifiers: Iterable[str]) -> None:
    for identifier in identifiers:
        if not _INFERENCE_ID.fullmatch(identifier):
            raise InputError(
                f"id {identifier!r}: is no id of a request (1 to 64 printable ASCII characters): give the InferenceId"
            )


def hour_folder(moment: datetime) -> str:
    """`yyyy/mm/dd/hh` in UTC, as captures and ground truth are filed; a time without a zone is UTC.

    >>> hour_folder(datetime(2026, 1, 31, 13, 59))
    '2026/01/31/13'
    """
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return utc.strftime("%Y/%m/%d/%H")
