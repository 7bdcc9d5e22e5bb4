"""The merge job: captured records beside the labels that came for them.

Contract: SageMaker developer guide, "Ingest ground truth labels and merge them with predictions". A label belongs to
the record whose `inferenceId` it names, or else whose `eventId`. Run with `python -m drift_tools.job.merge`.
"""

import argparse
import json
import os
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drift_tools.capture import GROUND_TRUTH, DamagedError, blocks_of, capture_files
from drift_tools.job.container import Job, run_job

# Labels with more values than this are measurements: of those hardly two are alike.
_MOST_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels by the id that they name, and how many lines could not be read."""

    by_id: Mapping[str, Any]
    unreadable: int

    def of(self, record: Mapping[str, Any]) -> Any:
        """The label of a captured record: by its `inferenceId`, or else its `eventId`; None if there is none."""
        metadata = record.get("eventMetadata")
        if not isinstance(metadata, dict):
            return None
        return self.by_id.get(str(metadata.get("inferenceId") or metadata.get("eventId")))


@dataclass(frozen=True, slots=True)
class Merge:
    """What was merged: records read, labels read, records that found their label, and lines that could not be read."""

    captured: int
    labels: int
    merged: int
    skipped: int
    files: tuple[Path, ...]


def merge(captured: Path, ground_truth: Path, output: Path) -> Merge:
    """Join captured records with labels by id and write them under the same folders (`endpoint/variant/yyyy/mm/dd/hh`).

    Of several labels for one id the last counts, in the order of the files' names. Records without a label are left
    out.
    """
    labels = read_labels(ground_truth)
    unreadable = labels.unreadable
    captures = merged = 0
    written: list[Path] = []
    by_folder: dict[Path, list[str]] = {}
    for path in capture_files(captured):
        for line in _lines(path):
            record = _record(line)
            if record is None:
                unreadable += 1
                continue
            captures += 1
            label = labels.of(record)
            if label is not None:
                merged += 1
                folder = path.parent.relative_to(captured) if captured.is_dir() else Path()
                by_folder.setdefault(folder, []).append(_labelled(record, label))
    for number, (folder, lines) in enumerate(by_folder.items()):
        path = output / folder / f"part-{number:05d}-{uuid.uuid4()}.c000.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        written.append(path)
    return Merge(captures, len(labels.by_id), merged, unreadable, tuple(written))


def read_labels(path: Path) -> Labels:
    """The labels in a file or folder; of several for one id the last, in the order of the files' names.

    Raises `InputError` if there is no file.
    """
    by_id: dict[str, Any] = {}
    alike: dict[str, Any] = {}
    unreadable = 0
    for line in (line for file in capture_files(path) for line in _lines(file)):
        record = _record(line)
        metadata = (record or {}).get("eventMetadata")
        if record is None or not isinstance(metadata, dict) or "eventId" not in metadata or GROUND_TRUTH not in record:
            unreadable += 1
        else:
            by_id[str(metadata["eventId"])] = _once(record[GROUND_TRUTH], alike)
    return Labels(by_id, unreadable)


def _once(label: Any, alike: dict[str, Any]) -> Any:
    """The label, as one object for all that are alike: a million labels are mostly of a few classes."""
    if len(alike) >= _MOST_CLASSES:
        return label
    return alike.setdefault(json.dumps(label), label)


def labelled_lines(captured: Path, labels: Labels) -> Iterator[bytes]:
    """The lines of captured data, with its label in each that has one; the others as they are."""
    for path in capture_files(captured):
        for line in _lines(path):
            record = _record(line)
            label = None if record is None else labels.of(record)
            yield line if record is None or label is None else _labelled(record, label).encode()


def _labelled(record: dict[str, Any], label: Any) -> str:
    return json.dumps({**record, GROUND_TRUTH: label}, separators=(",", ":"))


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file that are not blank. What is left of a damaged file is a line that nobody can read."""
    try:
        for block in blocks_of(path):
            for line in bytes(block.content).split(b"\n"):
                if line.strip():
                    yield line
    except DamagedError:
        yield b"(the rest of the file is damaged)"


def _record(line: bytes) -> dict[str, Any] | None:
    """The record of a line; None if it is no JSON object."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def run(job: Job) -> str:
    """The job: folders from the environment, merged records out, a message back."""
    source, truth, output = job.path("dataset_source"), job.path("ground_truth_source"), job.path("output_path")
    result = merge(source, truth, output)
    unreadable = f", {result.skipped} unreadable lines" if result.skipped else ""
    return f"Completed: {result.merged} of {result.captured} captured records have a label{unreadable}."


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m drift_tools.job.merge", description=__doc__)
    parser.add_argument(
        "--ml-root", type=Path, default=Path("/opt/ml"), help="where the job's /opt/ml is (default: /opt/ml)"
    )
    options = parser.parse_args(arguments)
    return run_job(run, options.ml_root, os.environ if environment is None else environment)


if __name__ == "__main__":
    sys.exit(main())
