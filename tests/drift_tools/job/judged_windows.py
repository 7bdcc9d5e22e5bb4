"""A window that a job judges with the windows before it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.drift_tools.open_box import Box, captured, rows
from tests.drift_tools.records import write

STATE = "/opt/ml/processing/state"
NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)


def judged(
    box: Box, shift: float = 0.0, seed: int = 1, environment: dict[str, str | None] | None = None
) -> dict[str, Any]:
    captured(box, rows(600, seed, shift=shift))
    assert box.scheduled(**{"windows_uri": STATE, **(environment or {})}) == 0, box.message
    return box.drift


def state(box: Box) -> Path:
    return box.processing / "state"


def violations(box: Box) -> list[str]:
    path = box.output / "constraint_violations.json"
    return [item["feature_name"] for item in json.loads(path.read_text())["violations"]] if path.exists() else []


def earlier_windows(box: Box, number: int) -> None:
    """Windows before this one in the store, drawn by the shares of this one."""
    own = json.loads(next(state(box).glob("2026*.json")).read_text())
    rng = np.random.default_rng(3)
    counts = np.array(own["counts"])
    for place in range(1, number + 1):
        start = NOW - timedelta(hours=place)
        drawn = np.array(
            [
                [*rng.multinomial(600, line[:13] / line[:13].sum()).tolist(), rng.binomial(600, line[13] / 600)]
                for line in counts
            ]
        )
        record = {**own, "start": int(start.timestamp()), "counts": drawn.tolist(), "called": [], "rows_called": []}
        write(state(box) / f"{start:%Y%m%dT%H%M%SZ}.json", [json.dumps(record)])
