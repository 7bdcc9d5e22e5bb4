"""A stream on Spark Structured Streaming in local mode, against one process."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drift_tools.job import spark_stream
from drift_tools.stream import FeatureBins, StreamBaseline, StreamCounts
from tests.drift_tools.records import record, write


@pytest.fixture(scope="module")
def baseline() -> StreamBaseline:
    rng = np.random.default_rng(0)
    return StreamBaseline([FeatureBins.of_numbers(name, rng.normal(size=5000)) for name in ("y", "a", "b")])


def minute(folder: Path, number: int, rng: np.random.Generator, *, shift: float = 0.0) -> None:
    rows = rng.normal([0.0, shift, 0.0], 1.0, size=(600, 3))
    write(folder / f"{number:02d}.jsonl", [*(record(f"{a},{b}", f"{y}") for y, a, b in rows), "{broken"])


def test_a_frame_is_counted_as_one_process_counts_it(session: Any, baseline: StreamBaseline, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(4):
        minute(tmp_path, number, rng)
    frame = session.read.text(str(tmp_path)).repartition(3)
    found = spark_stream.count_frame(frame, baseline)
    alone = StreamCounts.of(baseline.features)
    alone.add(line for file in sorted(tmp_path.glob("*.jsonl")) for line in file.read_text().splitlines())
    assert (found.records, found.rows, found.skipped) == (2404, 2400, {"not in the capture format": 4})
    assert found.to_dict() == alone.to_dict()


def test_a_stream_tells_of_a_change_once(session: Any, baseline: StreamBaseline, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    folder = tmp_path / "arriving"
    for number in range(6):
        minute(folder, number, rng, shift=1.5 if number >= 3 else 0.0)
        os.utime(folder / f"{number:02d}.jsonl", (1_800_000_000 + number, 1_800_000_000 + number))
    times, changes = iter(range(60, 10_000, 60)), []  # type: ignore[var-annotated]
    lines = session.readStream.option("maxFilesPerTrigger", 1).text(str(folder))
    writer = spark_stream.watch_stream(
        lines, baseline, seconds=60, false_alarms_per_year=0.5, on_change=changes.append, clock=lambda: next(times)
    )
    query = writer.option("checkpointLocation", str(tmp_path / "checkpoint")).trigger(availableNow=True).start()
    query.awaitTermination(120)
    assert query.exception() is None
    assert [(change.feature, change.what, change.is_over) for change in changes] == [("a", "values are higher", False)]
    assert changes[0].since == 180.0
