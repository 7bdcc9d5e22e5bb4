"""A container of the open engine with a baseline, and CloudWatch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.drift_tools.open_box import Box, make_baseline


@pytest.fixture(scope="session")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    box = Box(tmp_path_factory.mktemp("baseline") / "ml")
    make_baseline(box)
    return box.processing


@pytest.fixture
def box(baseline: Path, tmp_path: Path) -> Box:
    box = Box(tmp_path / "ml")
    for inside in (
        "baseline/constraints/constraints.json",
        "baseline/stats/statistics.json",
        "input/baseline_data/baseline.csv",
    ):
        target = box.processing / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((baseline / inside).read_bytes())
    return box


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield boto3.client("cloudwatch")
