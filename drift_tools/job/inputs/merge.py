"""The merge job: captured records beside the labels that came for them.

Contract: SageMaker developer guide, "Ingest ground truth labels and merge them with predictions". A label belongs to
the record whose `inferenceId` it names, or else whose `eventId`. Run with `python -m drift_tools.job.inputs.merge`.
"""

import json
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contract.job_environment import JobEnvironment
from drift_tools.capture import (
    GROUND_TRUTH,
    Block,
    DamagedError,
    LabelCoverage,
    Labels,
    blocks_of,
    capture_files,
    numbered_lines,
    read_labels,
)
from drift_tools.job.container import OTHERS_WORDS, Job, run_program
from drift_tools.job.inputs.batch_records import batch_lines, batch_outputs
from drift_tools.job.variables import required

_TOO_DEEP = b"(nested too deeply)"  # no JSON


@dataclass(frozen=True, slots=True)
class Merge:
    """What was merged: records read, labels read, records that found their label, and lines that could not be read.
    `labels_summary`: a sentence on those of the labels.
    """

    captured: int
    labels: int
    merged: int
    skipped: int
    files: tuple[Path, ...]
    labels_summary: str = ""


def merge(captured: Path, ground_truth: Path, output: Path) -> Merge:
    """Join captured records with labels by id and write them under the same folders (`endpoint/variant/yyyy/mm/dd/hh`).

    Of several labels for one id the last counts, in the order of the files' names. Records without a label are left
    out.
    """
    labels = read_labels(ground_truth)
    labels.require_readable(1.0)
    unreadable = labels.unreadable
    captures = merged = 0
    written: list[Path] = []
    by_folder: dict[Path, list[str]] = {}
    for path, lines in _files(captured):
        for line in lines:
            try:
                record = _record(line) if isinstance(line, bytes) else None
            except RecursionError:
                record = None
            if record is None:
                unreadable += 1
                continue
            captures += 1
            label = labels.of(record)
            if label is not None:
                merged += 1
                folder = path.parent.relative_to(captured) if captured.is_dir() else Path()
                by_folder.setdefault(folder, []).append(_labelled(record, label))
    for number, (folder, rows) in enumerate(by_folder.items()):
        path = output / folder / f"part-{number:05d}-{uuid.uuid4()}.c000.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        written.append(path)
    return Merge(captures, len(labels.by_id), merged, unreadable, tuple(written), labels.summary)


def _files(captured: Path) -> Iterator[tuple[Path, Iterator[Any]]]:
    """Captured files with their lines; of transform jobs what they wrote, each row as a captured record."""
    if outputs := batch_outputs(captured):
        yield from ((path, batch_lines(path)) for path in outputs)
    else:
        yield from ((path, (line for _, line in numbered_lines(path))) for path in capture_files(captured))


def labelled_blocks(captured: Path, labels: Labels, coverage: LabelCoverage | None = None) -> Iterator[Block]:
    """The blocks of captured data, with its label in each line that has one; the others as they are, so that what
    cannot be read is told with its file and line. `coverage` is told of each record.
    """
    for path in capture_files(captured):
        try:
            for block in blocks_of(path):
                lines = (_with_label(line, labels, coverage) for line in bytes(block.content).split(b"\n"))
                yield block if block.problem is not None else replace(block, content=b"\n".join(lines), ends=None)
        except DamagedError as damaged:
            yield Block(str(path), 0, 1, b"", problem=str(damaged))


def labelled_lines(captured: Path, labels: Labels, coverage: LabelCoverage | None = None) -> Iterator[bytes]:
    """The same, line by line; the reason in brackets for a line that cannot be read."""
    for block in labelled_blocks(captured, labels, coverage):
        lines = [f"({block.problem})".encode()] if block.problem else bytes(block.content).split(b"\n")
        yield from (line for line in lines if line.strip())


def _with_label(line: bytes, labels: Labels, coverage: LabelCoverage | None) -> bytes:
    try:
        record = _record(line) if line.strip() else None
    except RecursionError:  # whoever reads it next may stand a little less deep, and would read its label
        return _TOO_DEEP
    label = None if record is None else labels.of(record)
    if coverage is not None and record is not None:
        coverage.add(record, has_label=label is not None)
    if record is None or (label is None and GROUND_TRUTH not in record):
        return line
    # Whoever may write captures may not say what was true: a label that a record came with is none.
    return _labelled({name: value for name, value in record.items() if name != GROUND_TRUTH}, label).encode()


def _labelled(record: dict[str, Any], label: Any | None) -> str:
    return json.dumps(record if label is None else {**record, GROUND_TRUTH: label}, separators=(",", ":"))


def _record(line: bytes) -> dict[str, Any] | None:
    """The record of a line; None if it is no JSON object."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def run(job: Job) -> str:
    """The job: folders from the environment, merged records out, a message back."""
    if not job.is_leader:
        return OTHERS_WORDS
    given = JobEnvironment.from_environment(job.variables)
    source = job.here(required("dataset_source", given.dataset_source))
    truth = job.here(required("ground_truth_source", given.ground_truth_source))
    output = job.here(required("output_path", given.output_path))
    result = merge(source, truth, output)
    unreadable = f", {result.skipped} unreadable lines" if result.skipped else ""
    labels = f" {result.labels_summary}." if result.labels_summary else ""
    return f"Completed: {result.merged} of {result.captured} captured records have a label{unreadable}.{labels}"


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Entry point of the job."""
    return run_program(run, "drift_tools.job.inputs.merge", __doc__, arguments, environment)


if __name__ == "__main__":
    sys.exit(main())
