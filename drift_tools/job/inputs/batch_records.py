"""Rows of transform jobs as captured records: what labels are joined with by the ids that such a job may write.

Source: API reference, BatchDataCaptureConfig: with `GenerateInferenceId` a CSV row ends in an id and the time at which
the job began; a JSON object has `SageMakerInferenceId` and `SageMakerInferenceTime`.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from drift_tools.tables import read_bytes

ID: Final = "SageMakerInferenceId"
TIME: Final = "SageMakerInferenceTime"
_OUT: Final = ".out"


def batch_outputs(folder: Path) -> list[Path]:
    """The files that transform jobs wrote, below a folder."""
    return sorted(path for path in folder.rglob(f"*{_OUT}") if path.is_file()) if folder.is_dir() else []


def batch_lines(path: Path) -> Iterator[bytes | None]:
    """Each row of such a file as the line of a captured record; None for one that has no id."""
    for line in read_bytes(path).decode("utf-8", "replace").splitlines():
        if line.strip():
            yield _record(line)


def _record(line: str) -> bytes | None:
    if line.lstrip().startswith("{"):
        try:
            row = json.loads(line)
            identifier, moment = row.pop(ID), row.pop(TIME, None)
        except (ValueError, KeyError, AttributeError):
            return None
        return _captured(json.dumps(row), "JSON", identifier, moment)
    cells = next(csv.reader([line]))
    if len(cells) < 3:
        return None
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells[:-2])
    return _captured(text.getvalue(), "CSV", cells[-2], cells[-1])


def _captured(data: str, encoding: str, identifier: Any, moment: Any) -> bytes:
    side = {"data": data, "encoding": encoding, "mode": "OUTPUT"}
    about = {"eventId": identifier, **({"inferenceTime": moment} if moment else {})}
    record = {"captureData": {"endpointOutput": side}, "eventMetadata": about, "eventVersion": "0"}
    return json.dumps(record, separators=(",", ":")).encode()
