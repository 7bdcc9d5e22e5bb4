"""The rows of the demo: the years as the feed sends them, with their labels, ten people a request."""

import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from drift_tools.endpoint import Request
from examples.employment.feed import Row, as_sent

HERE = Path(__file__).resolve().parents[1] / "employment"
DATA = HERE / "data" / "retraining.parquet"
A_REQUEST = 10
FAULTY_OF_2017 = 3  # every third row of 2017 is kept for the hour in which the feed is broken


def years(path: Path = DATA) -> dict[int, list[Row]]:
    """The rows of each year, in the order of the source."""
    found: dict[int, list[Row]] = {}
    for record in pq.read_table(path).to_pylist():
        found.setdefault(record["year"], []).append(as_sent(record))
    return found


def batches(rows: Sequence[Row], label: str) -> Iterator[tuple[Request, str]]:
    """Requests of several rows, and the labels of each, a line a row."""
    for number, start in enumerate(range(0, len(rows), A_REQUEST)):
        batch = rows[start : start + A_REQUEST]
        payload = "\n".join(row.payload for row in batch)
        yield Request(payload, f"{label}-{number}"), "\n".join(str(row.employed) for row in batch)


def upload_labels(s3: Any, bucket: str, labels: dict[str, str], now: datetime) -> None:
    """Write labels as Model Monitor's merge format has them: one line a request, of as many rows as it had."""
    lines = [
        json.dumps(
            {
                "groundTruthData": {"data": labels_of, "encoding": "CSV"},
                "eventMetadata": {"eventId": identity},
                "eventVersion": "0",
            }
        )
        for identity, labels_of in labels.items()
    ]
    key = f"ground-truth/{now:%Y/%m/%d/%H}/{next(iter(labels))}.jsonl"
    s3.put_object(Bucket=bucket, Key=key, Body="\n".join(lines).encode())


def training_source(target: Path) -> Path:
    """The folder that becomes the training job's source: the script, and what the endpoint will run."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "training" / "train.py", target / "train.py")
    shutil.copy(HERE / "artifact" / "code" / "inference.py", target / "inference.py")
    return target
