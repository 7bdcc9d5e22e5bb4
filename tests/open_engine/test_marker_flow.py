"""Partitions with a marker on the embedded AWS, as Spark writes them: no file starts a run, the marker above does, of
each partition that was written since the last one.
"""

from datetime import timedelta
from typing import Any

import pytest

from drift_tools.endpoint import anomalous_requests, baseline_requests
from examples.demo.waiting import wait_until
from tests.open_engine.batches import team_bucket
from tests.open_engine.conftest import lived
from tests.open_engine.partitions import BUCKET, ROWS, documents, runs, scored, write
from tests.open_engine.watched import at

pytestmark = pytest.mark.matrix


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """Violations by partition, how often the function was invoked, and the books."""
    batch = {
        "output_uri": f"s3://{BUCKET}/scores",
        "partitions": {"keys": ["dt", "hour"], "marker": "_SUCCESS"},
        "exclude_features": ["id"],
    }
    overrides = {"engine": "open", "monitoring": {"batch": batch}}
    seen: dict[str, Any] = {"violations": {}}
    with (
        lived(overrides, start=at(4), grace=timedelta(minutes=5)) as (stack, books),
        team_bucket(stack, BUCKET, sends_events=True),
    ):
        stack.wait_for_baseline()
        s3 = stack.cloud.client("s3")
        stack.go_to(at(4, 6))
        write(stack, "dt=2026-11-24/hour=03", scored(stack, baseline_requests(ROWS, seed=7)))
        write(stack, "dt=2026-11-24/hour=04", scored(stack, anomalous_requests(ROWS, seed=8)))
        assert runs(stack) == []
        s3.put_object(Bucket=BUCKET, Key="scores/_SUCCESS", Body=b"")
        wait_until("both runs", lambda: True if len(runs(stack)) >= 2 else None, seconds=90)
        for job in runs(stack):
            files = documents(stack, job)
            name = files["drift.json"]["batch"].rpartition("-")[0]
            seen["violations"][name] = len(files.get("constraint_violations.json", {}).get("violations", []))
        seen["invocations"] = [line["key"] for line in stack.logged("start-monitor", "monitoring run") if "key" in line]
    seen["books"] = books[0]
    return seen


def test_the_marker_alone_starts_the_runs(found: dict[str, Any]) -> None:
    assert found["invocations"] == ["scores/_SUCCESS"]


def test_drift_is_found_in_the_partition_that_has_it(found: dict[str, Any]) -> None:
    assert set(found["violations"]) == {"dt=2026-11-24,hour=03", "dt=2026-11-24,hour=04"}
    assert found["violations"]["dt=2026-11-24,hour=03"] == 0
    assert found["violations"]["dt=2026-11-24,hour=04"] >= 3


def test_nothing_was_refused_and_nothing_is_left(found: dict[str, Any]) -> None:
    books = found["books"]
    assert (books.denied, books.invalid, books.left) == ([], [], {})
