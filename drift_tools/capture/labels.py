"""Labels as they were handed over: JSON Lines in Model Monitor's ground-truth form, a reason for each line of no use.

Format: SageMaker developer guide, "Ingest ground truth labels and merge them with predictions": one object a line,
`{"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "…"}, "eventVersion": "0"}`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drift_tools.capture.files import DamagedError, blocks_of, capture_files
from drift_tools.capture.read import KEPT_PROBLEMS, Problem
from drift_tools.capture.records import GROUND_TRUTH, payload
from drift_tools.errors import InputError, UnusableError
from drift_tools.tables import json_cell

# Labels with more values than this are measurements: of those hardly two are alike.
_MOST_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels by the id that they name. `skipped`: the lines that hold none, by reason; `problems`: the first of them,
    with file and line.
    """

    by_id: Mapping[str, Any]
    skipped: Mapping[str, int]
    problems: tuple[Problem, ...]
    lines: int
    repeated: int = 0
    """Labels that said again what another one had said."""
    contradicted: int = 0
    """Labels that a later one contradicts, which counts in their place."""

    @property
    def unreadable(self) -> int:
        """How many lines hold no label."""
        return sum(self.skipped.values())

    @property
    def summary(self) -> str:
        """A sentence on the lines that hold no label, with the first place; empty if all do."""
        if not self.problems:
            return ""
        reasons = ", ".join(f"{count} x {reason}" for reason, count in self.skipped.items())
        first = self.problems[0]
        return (
            f"{self.unreadable} of {self.lines} lines of the labels cannot be read ({reasons}); the first is "
            f"{first.source}, line {first.line}"
        )

    @property
    def disagreement(self) -> str:
        """A sentence on labels that later ones contradict; empty if none are."""
        if not self.contradicted:
            return ""
        return f"{self.contradicted} labels were contradicted by later ones for the same ids, which count"

    def of(self, record: Mapping[str, Any]) -> Any:
        """The label of a captured record: by its `inferenceId`, or else its `eventId`; None if there is none."""
        metadata = record.get("eventMetadata")
        if not isinstance(metadata, dict):
            return None
        return self.by_id.get(str(metadata.get("inferenceId") or metadata.get("eventId")))

    def require_readable(self, max_unreadable_share: float) -> None:
        """Raise `InputError` if none of the lines holds a label, or more than this share of them (0 … 1) do not."""
        if self.unreadable > max_unreadable_share * self.lines or (self.unreadable and not self.by_id):
            raise InputError(f"{self.summary}: fix the labels' files, or write them with drift_tools ground-truth")


def read_labels(path: Path) -> Labels:
    """Read the labels in a file or folder; of several for one id the last, in the order of the files' names, which
    under `yyyy/mm/dd/hh` is that in which they were collected. So a file that is handed over twice changes nothing.

    A label is of one column and, where the request held several rows, of as many. A number or truth as `data` is taken
    as its text. Raises `InputError` if there is no file.
    """
    by_id: dict[str, Any] = {}
    alike: dict[str, Any] = {}
    skipped: Counter[str] = Counter()
    problems: list[Problem] = []
    lines = repeated = contradicted = 0
    for file in capture_files(path, what="labels"):
        for number, line in numbered_lines(file):
            lines += 1
            try:
                identifier, label = _label(line)
                found = _once(label, alike)
                before = by_id.get(identifier)
                repeated += before is not None and before == found
                contradicted += before is not None and before != found
                by_id[identifier] = found
            except UnusableError as error:
                skipped[str(error)] += 1
                if len(problems) < KEPT_PROBLEMS:
                    problems.append(Problem(str(error), str(file), number))
    return Labels(by_id, dict(skipped), tuple(problems), lines, repeated, contradicted)


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes | UnusableError]]:
    """The lines of a file that are not blank, with their numbers; an error that says why in place of a line that is too
    long, and of what is left of a damaged file.
    """
    following = 1
    try:
        for block in blocks_of(path):
            following = block.first_line + block.count
            if block.problem is not None:
                yield block.first_line, UnusableError(block.problem)
                continue
            for number, line in enumerate(bytes(block.content).split(b"\n"), start=block.first_line):
                if line.strip():
                    yield number, line
    except DamagedError as damaged:
        yield following, UnusableError(str(damaged))


def _label(line: bytes | UnusableError) -> tuple[str, Any]:
    """The id that a line names, and its label as it is written."""
    if isinstance(line, UnusableError):
        raise line
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnusableError(_why_not_json(line)) from error
    if isinstance(document, list):
        raise UnusableError("a JSON array: write one label a line")
    if not isinstance(document, dict):
        raise UnusableError("not a JSON object")
    metadata = document.get("eventMetadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if metadata.get("eventId") is None:
        found = ", and an inferenceId, which belongs there" if {"inferenceId"} & (metadata.keys() | document) else ""
        raise UnusableError(f"no eventMetadata.eventId{found}")
    if document.get(GROUND_TRUTH) is None:
        raise UnusableError(f"a line without {GROUND_TRUTH}")
    return str(metadata["eventId"]), document[GROUND_TRUTH]


def _why_not_json(line: bytes) -> str:
    text = line.removeprefix(b"\xef\xbb\xbf").strip()
    if text == b"{" or text.startswith(b"[") or text.endswith(b","):
        return "JSON over several lines, or an array: write one label a line"
    if text.startswith(b"{'"):
        return "Python's own text of a dictionary: write it with json.dumps"
    if text.startswith(b"{"):
        try:
            json.JSONDecoder().raw_decode(text.decode())
        except (ValueError, RecursionError):
            return "not JSON"
        return "several JSON objects in one line: write one label a line"
    return "not JSON"


def _once(label: Any, alike: dict[str, Any]) -> Any:
    """The label, checked, as one object for all that are alike: a million labels are mostly of a few classes."""
    if len(alike) >= _MOST_CLASSES:
        return _checked(label)
    key = json.dumps(label)
    if key not in alike:
        alike[key] = _checked(label)
    return alike[key]


def _checked(label: Any) -> dict[str, Any]:
    """A label that can be read where it will stand, beside a prediction."""
    if not isinstance(label, dict):
        raise UnusableError(f'{GROUND_TRUTH} is no object: write {{"data": "1", "encoding": "CSV"}}')
    if label.get("data") is None:
        raise UnusableError(f"{GROUND_TRUTH} without data")
    if label.get("encoding") is None:
        raise UnusableError(f'{GROUND_TRUTH} without an encoding: write "encoding": "CSV" beside the data')
    if isinstance(label["data"], bool | int | float):
        label = {**label, "data": json_cell(label["data"])}
    checked: dict[str, Any] = label
    block = payload(checked)
    if block is None or not any(cell is not None for row in block[1] for cell in row):
        raise UnusableError("an empty label")
    if len(block[0]) > 1:
        raise UnusableError("a label of several columns: quote a text that holds a comma")
    return checked
