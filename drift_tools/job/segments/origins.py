"""Segments by where a record came from, which no column of it says: the endpoint's variant, by the folder of its
capture, and the target model, where the caller tells it in `InferenceId`.

Source: developer guide, "Capture data from a real-time endpoint": `{destination}/{endpoint}/{variant}/yyyy/mm/dd/hh/`.
What capture writes of the target of a multi-model endpoint or of an inference component is not documented; a caller's
`InferenceId` is in each record, so that `model-a:4711` names the target `model-a`.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from contract.segment_origins import SEPARATOR, TARGET_MODEL, VARIANT
from drift_tools.capture import capture_files, numbered_lines, read_captures
from drift_tools.job.inputs.dataset import capture_options
from drift_tools.job.segments.cut import MOST_VALUES, Segment
from drift_tools.job.settings import DatasetSettings
from drift_tools.tables import Table

_FOLDERS: Final = 2  # the endpoint's and the variant's


def by_origin(dataset: DatasetSettings, origin: str, columns: list[str]) -> tuple[dict[Segment, Table], int]:
    """The rows of each variant or target, the ten with the most records, and how many there are beyond these. Records
    that do not tell theirs are in none.
    """
    lines: dict[str, list[bytes]] = defaultdict(list)
    for path in capture_files(dataset.source):
        for _, line in numbered_lines(path):
            if isinstance(line, bytes) and (value := _TOLD[origin](dataset.source, path, line)):
                lines[value].append(line)
    ordered = sorted(lines, key=lambda value: (-len(lines[value]), value))
    options = capture_options(dataset)
    found = {
        Segment(origin, value): read_captures(iter(lines[value]), columns=columns, **options).data
        for value in ordered[:MOST_VALUES]
    }
    return found, max(len(ordered) - MOST_VALUES, 0)


def _variant(source: Path, path: Path, line: bytes) -> str | None:
    del line
    folders = path.relative_to(source).parts[:-1] if source.is_dir() else ()
    return folders[_FOLDERS - 1] if len(folders) >= _FOLDERS else None


def _target(source: Path, path: Path, line: bytes) -> str | None:
    del source, path
    try:
        record: Any = json.loads(line)
        identifier = record["eventMetadata"]["inferenceId"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    target, told, _ = str(identifier).partition(SEPARATOR)
    return target if told else None


_TOLD: Final[Mapping[str, Callable[[Path, Path, bytes], str | None]]] = {VARIANT: _variant, TARGET_MODEL: _target}
