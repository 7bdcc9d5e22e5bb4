"""A container of the open engine with a baseline."""

from pathlib import Path

import pytest

from tests.drift_tools.open_box import Box, make_baseline


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path / "ml")
    make_baseline(box)
    return box
