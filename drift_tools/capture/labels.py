"""Labels as they were handed over: JSON Lines in Model Monitor's ground-truth form, a reason for each line of no use.

Format: SageMaker developer guide, "Ingest ground truth labels and merge them with predictions": one object a line,
`{"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "…"}, "eventVersion": "0"}`.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.json_fields import TwiceError, once
from drift_tools.capture.files import LABELS, DamagedError, blocks_of, capture_files
from drift_tools.capture.read import KEPT_PROBLEMS, Problem
from drift_tools.capture.records import GROUND_TRUTH, payload
from drift_tools.errors import InputError, UnusableError
from drift_tools.tables import json_cell

# Labels with more values than this are measurements: of those hardly two are alike.
_MOST_CLASSES = 1000
_FIELDS = tuple(f'"{name}"'.encode() for name in (GROUND_TRUTH, "data", "encoding", "eventMetadata", "eventId"))
_ENCODINGS = ("CSV", "JSON", "BASE64")
# How files of other forms begin: Parquet, zip, and UTF-16 in either order of bytes.
_NO_TEXTS = (b"PAR1", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")
_A_FIELD = re.compile(r'"[^"]{0,200}"\s*:')
_LIKE_CSV = "CSV, it seems: drift_tools ground-truth writes labels of it"
_NAMED, _NAMED_LENGTH = 5, 30


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels by the id that they name. `skipped`: the lines that hold none, by reason; `problems`: the first of them,
    with file and line.
    """

    by_id: Mapping[str, Any]
    skipped: Mapping[str, int]
    problems: tuple[Problem, ...]
    lines: int
    path: Path
    """The file or folder that they were read from."""
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

    def places(self, identifiers: Collection[str]) -> dict[str, tuple[str, int]]:
        """File and line of the labels for these ids, of several for one id of that which counts.

        The files are read once more: to keep a place for each of a million labels would cost more than the labels.
        """
        wanted = frozenset(identifiers)
        found: dict[str, tuple[str, int]] = {}
        for file in capture_files(self.path, what=LABELS) if wanted else ():
            for number, line in numbered_lines(file):
                with suppress(UnusableError):
                    identifier, label = _label(line)
                    if identifier in wanted and _checked(label):
                        found[identifier] = (str(file), number)
        return found

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
    for file in capture_files(path, what=LABELS):
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
    return Labels(by_id, dict(skipped), tuple(problems), lines, path, repeated, contradicted)


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
        # Looking at each field costs a quarter of the reading: only where a name stands twice.
        twice = any(line.count(name) > 1 for name in _FIELDS)
        document = json.loads(line, object_pairs_hook=once if twice else None)
    except TwiceError as error:
        raise UnusableError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise UnusableError(_why_not_json(line)) from error
    if isinstance(document, list):
        raise UnusableError("a JSON array: write one label a line")
    if not isinstance(document, dict):
        raise UnusableError("not a JSON object")
    if "captureData" in document:
        raise UnusableError("a captured record, and no label")
    identifier = _identifier(document)
    if document.get(GROUND_TRUTH) is None:
        raise UnusableError(f"a line without {GROUND_TRUTH}{_in_its_place(document)}")
    return identifier, document[GROUND_TRUTH]


def _identifier(document: dict[str, Any]) -> str:
    """The id of the record that a label is for."""
    metadata = document.get("eventMetadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    found = metadata.get("eventId")
    if "eventId" not in metadata:
        if "inferenceId" in metadata.keys() | document:
            raise UnusableError("no eventMetadata.eventId, and an inferenceId, which belongs there")
        if "eventId" in document:
            raise UnusableError("no eventMetadata.eventId, and an eventId outside of eventMetadata, where it belongs")
        raise UnusableError(f"no eventMetadata.eventId{_in_its_place(metadata or document)}")
    if isinstance(found, bool) or not isinstance(found, str | int) or not str(found).strip():
        raise UnusableError("eventMetadata.eventId is neither text nor a whole number: write the id as text")
    return str(found)


def _in_its_place(document: dict[str, Any]) -> str:
    """What there is, for who looks for what there is not."""
    names = sorted(map(str, document))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f": there are {', '.join(name[:_NAMED_LENGTH] for name in names[:_NAMED])}{more}" if names else ""


def _why_not_json(line: bytes) -> str:
    """What a line looks like that should be a JSON object."""
    if b"\0" in line or line.startswith(_NO_TEXTS):
        return "no text (UTF-16, Parquet or an archive?): write JSON Lines in UTF-8"
    try:
        text = line.removeprefix(b"\xef\xbb\xbf").strip().decode()
    except UnicodeDecodeError:
        return "not UTF-8: write JSON Lines in UTF-8"
    return _why_no_object(text)


def _why_no_object(text: str) -> str:
    if text.startswith("{'"):
        return "Python's own text of a dictionary: write it with json.dumps"
    if text == "{" or text.startswith(("[", "}", "]")) or text.endswith((",", "[")) or _A_FIELD.match(text):
        return "JSON over several lines, or an array: write one label a line"
    if not text.startswith("{"):
        return _LIKE_CSV if any(delimiter in text for delimiter in ",;\t") else "not JSON"
    try:
        json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return "not JSON" if text.endswith("}") else "JSON that ends early: was the file cut short?"
    return "several JSON objects in one line: write one label a line"


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
    if label["encoding"] not in _ENCODINGS:
        raise UnusableError(f"the encoding {label['encoding']!r:.40}: write one of {', '.join(_ENCODINGS)}")
    if isinstance(label["data"], list | dict):
        kind = "array" if isinstance(label["data"], list) else "object"
        raise UnusableError(f"data is a JSON {kind}: write it as text, with json.dumps, and the encoding JSON")
    if isinstance(label["data"], bool | int | float):
        label = {**label, "data": json_cell(label["data"]) or ""}
    checked: dict[str, Any] = label
    block = payload(checked)
    if block is None or not any(cell is not None for row in block[1] for cell in row):
        raise UnusableError("an empty label")
    if len(block[0]) > 1:
        raise UnusableError("a label of several columns: quote a text that holds a comma")
    return checked
