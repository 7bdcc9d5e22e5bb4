"""How the first instance of a job waits for the others."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from drift_tools.capture import Counts, Problem
from drift_tools.errors import InputError
from drift_tools.job import Job, shards


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(shards, "_SECONDS_BETWEEN_LOOKS", 0.0)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="shares")
        yield


PLACE = ("shares", "p")


def instance(root: Path, number: int, count: int = 12, *, seconds: float | None = None) -> Job:
    folder = root / f"algo-{number}"
    (folder / "config").mkdir(parents=True)
    hosts = [f"algo-{one}" for one in (1, 2, 10)[:count]]
    resources = {"current_host": f"algo-{number}", "hosts": sorted(hosts)}
    (folder / "config" / "resourceconfig.json").write_text(json.dumps(resources))
    if seconds is not None:
        request = {"StoppingCondition": {"MaxRuntimeInSeconds": seconds}}
        (folder / "config" / "processingjobconfig.json").write_text(json.dumps(request))
    return Job(folder, {})


def test_parts_come_in_the_order_of_the_hosts(tmp_path: Path) -> None:
    for number in (10, 2):
        assert shards.gather(instance(tmp_path, number), PLACE, partial(dict, number=number)) is None
    parts = shards.gather(instance(tmp_path, 1), PLACE, lambda: {"number": 1})
    assert parts == [{"number": number} for number in (1, 2, 10)]


def test_a_part_that_does_not_come_is_named(tmp_path: Path) -> None:
    shards.gather(instance(tmp_path, 2, 3), PLACE, dict)
    with pytest.raises(InputError, match=r"no part of the captures came from algo-10 within 0 s: its log says why"):
        shards.gather(instance(tmp_path, 1, 3, seconds=0.001), PLACE, dict)


def test_a_failed_instances_reason_is_the_runs(tmp_path: Path) -> None:
    def fail() -> dict[str, Any]:
        raise MemoryError("too large")

    with pytest.raises(MemoryError):
        shards.gather(instance(tmp_path, 2, 2), PLACE, fail)
    with pytest.raises(InputError, match="instance algo-2 failed: MemoryError: too large"):
        shards.gather(instance(tmp_path, 1, 2), PLACE, dict)


def test_counts_survive_the_way() -> None:
    counts = Counts(3, 5, 2, {"not JSON": 3}, 7, (Problem("not JSON", "a.jsonl", 2),))
    read = shards.counts_from_dict(json.loads(json.dumps(shards.counts_to_dict(counts))))
    assert shards.counts_to_dict(read) == shards.counts_to_dict(counts)
    assert str(read.problems[0]) == "a.jsonl, line 2: not JSON"
