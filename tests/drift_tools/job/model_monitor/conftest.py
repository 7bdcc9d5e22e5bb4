"""A container's /opt/ml, without and with a baseline."""

from pathlib import Path

import pytest

from tests.drift_tools.job.model_monitor.model_monitor_box import Box, rows
from tests.drift_tools.open_box import CSV
from tests.drift_tools.records import write


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "ml")


@pytest.fixture
def with_baseline(box: Box) -> Box:
    lines = [
        "prediction,probability,feature_1,feature_2,feature_3",
        *(f"{out},{given}" for out, given in rows(0, 1, 1000)),
    ]
    write(box.processing / "input" / "baseline.csv", lines)
    assert box.run(dataset_format=CSV) == 0
    (box.processing / "input" / "baseline.csv").unlink()
    box.keep_baseline()
    return box
