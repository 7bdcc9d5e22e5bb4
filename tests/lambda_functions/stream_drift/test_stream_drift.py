"""The function that watches a stream, called as Lambda calls it: by shard, in windows, again after a failure."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from drift_tools.stream import MOST_FEATURES, FeatureBins, StreamBaseline, encode_record
from functions.common.event_fields import BadEventError
from functions.stream_drift.shared_state import OutOfTimeError
from tests.lambda_functions.functions import enter
from tests.lambda_functions.stream_drift.stream_world import (
    ENVIRONMENT,
    START,
    STATE,
    STATISTICS,
    World,
    statistics,
)


@pytest.fixture
def world() -> World:
    return World()


def test_normal_windows_cost_nothing_and_a_break_is_one_finding(world: World) -> None:
    for window in range(6):
        world.window(window, world.batch(300), world.batch(200))
    assert world.findings() == []
    # The first window waits for two later ones: which shards there are is not known yet.
    assert world.metric("StreamRecords") == [1500.0, 500.0, 500.0, 500.0]
    assert set(world.metric("DriftingFeatures")) == {0.0}
    for window in range(6, 12):
        world.window(window, world.batch(500, shift=1.0))
    (finding,) = world.findings()
    assert list(finding["features"]) == ["x"]
    assert finding["since"] == START + 60
    assert finding["found_at"] <= START + 80
    assert finding["features"]["x"]["psi"] > 0.5
    assert finding["features"]["x"]["over"] is None
    assert world.metric("DriftingFeatures")[-4:] == [1.0] * 4
    resolutions = {
        datum["MetricName"]: datum.get("StorageResolution")
        for request in world.cloudwatch.requests("PutMetricData")
        for datum in request["MetricData"]
    }
    assert resolutions == {"StreamRecords": None, "UnreadableRecords": None, "DriftingFeatures": 1}
    for window in range(12, 20):
        world.window(window, world.batch(500))
    (finding,) = world.findings()
    assert finding["is_open"] is False
    assert world.metric("DriftingFeatures")[-1] == 0.0
    assert sum(world.metric("StreamRecords")) == 500 * 20


def test_a_batch_that_comes_again_changes_nothing(world: World) -> None:
    batch = world.batch(300)
    first = world.call(0, batch, {})
    assert world.s3.keys("stream-state/") == []  # nothing is written until the window ends
    again = world.call(0, batch, {})
    assert again == first
    final = world.event(0, [], first["state"], final=True)
    world.function.process(final, world.now + 60)
    world.function.process(final, world.now + 60)  # the answer was lost
    tally = world.s3.json(STATE)["tally"]
    assert tally["waiting"][str(START)]["counts"]["records"] == 300
    assert tally["handed_in"] == {"shardId-0": ["300", START]}


def test_copies_of_a_record_count_once_and_poison_is_counted_as_such(world: World) -> None:
    batch = world.batch(100)
    copies = [{"kinesis": {**one["kinesis"], "sequenceNumber": str(1000 + at)}} for at, one in enumerate(batch[:40])]
    poison = [world.kinesis(data) for data in (b"{", b"\xff\xfe", b'{"captureData": 7}')]
    poison = [{"kinesis": {**one["kinesis"], "sequenceNumber": str(2000 + at)}} for at, one in enumerate(poison)]
    first = world.call(0, batch, {})
    second = world.call(0, [*copies, *poison], first["state"])
    counts = second["state"]["counts"]
    assert (counts["records"], counts["rows"], second["state"]["repeated"]) == (103, 100, 40)
    assert sum(counts["skipped"].values()) == 3
    assert second["batchItemFailures"] == []


def test_shards_are_merged_in_whatever_order_they_end(world: World) -> None:
    for window in range(8):
        shift = 1.2 if window >= 5 else 0.0
        order = ("a", "b", "c") if window % 2 else ("c", "a", "b")
        for shard in order:
            world.window(window, world.batch(150, shift=shift), shard=shard)
    assert sum(world.metric("StreamRecords")) == 450 * 8
    (finding,) = world.findings()
    assert finding["since"] == START + 50


def test_a_shard_that_was_split_holds_up_nothing(world: World) -> None:
    for window in range(4):
        for shard in ("parent", "other"):
            world.window(window, world.batch(100), shard=shard)
    for window in range(4, 9):
        for shard in ("child-1", "child-2", "other"):
            world.window(window, world.batch(100), shard=shard)
    waiting = world.s3.json(STATE)["tally"]["waiting"]
    assert sum(world.metric("StreamRecords")) + sum(w["counts"]["records"] for w in waiting.values()) == 8 * 100 + 1500
    assert waiting == {}


def test_a_late_shard_is_counted_with_a_later_window(world: World) -> None:
    for window in range(4):
        world.window(window, world.batch(100), shard="fast")
    world.window(0, world.batch(70), shard="late")
    world.window(4, world.batch(100), shard="fast")
    world.window(5, world.batch(100), shard="fast")
    state = world.s3.json(STATE)["tally"]
    assert state["late"] == 70
    waiting = sum(window["counts"]["records"] for window in state["waiting"].values())
    assert sum(world.metric("StreamRecords")) + waiting == 670


def test_a_new_version_and_a_new_baseline(world: World) -> None:
    for window in range(4):
        world.window(window, world.batch(500, shift=0.0))
    world.function = world.fresh()  # goes on with what lies in the bucket
    for window in range(4, 7):
        world.window(window, world.batch(500, shift=1.0))
    assert len(world.findings()) == 1
    changed = statistics()
    changed["features"] = changed["features"][1:]
    half = world.call(7, world.batch(10), {})
    world.s3.put(STATISTICS, changed)
    world.now += 301
    world.call(7, [], half["state"], final=True)  # in other bins: dropped, and nothing fails
    row = encode_record(
        received=b"0.1", received_type="text/csv", answered=b"", answered_type="", event_id="n", inference_id=None,
        at=datetime(2027, 1, 15, tzinfo=UTC),
    )  # fmt: skip
    answer = world.call(8, [world.kinesis(row)], {})
    assert len(answer["state"]["counts"]["counts"]) == 1
    world.call(8, [], answer["state"], final=True)
    assert world.s3.json(STATE)["tally"]["detector"]["features"] == ["x"]


def test_two_shards_that_write_at_once_lose_nothing(world: World) -> None:
    world.window(0, world.batch(50), shard="a")
    answer = world.call(0, world.batch(60), {}, shard="b")
    world.s3.fail("PutObject", "PreconditionFailed", "ConditionalRequestConflict")
    world.call(0, [], answer["state"], shard="b", final=True)
    assert world.s3.json(STATE)["tally"]["waiting"][str(START)]["counts"]["records"] == 110
    answer = world.call(1, world.batch(10), {}, shard="b")
    world.s3.fail("PutObject", *["PreconditionFailed"] * 500)
    with pytest.raises(OutOfTimeError, match="changed at every try"):
        world.call(1, [], answer["state"], shard="b", final=True)


def test_a_batch_that_takes_too_long_is_reported_from_where_it_stopped(world: World) -> None:
    batch = world.batch(1200)
    answer = world.function.process(world.event(0, batch, {}), world.now + 4)  # less than is kept in reserve
    assert answer["batchItemFailures"] == [{"itemIdentifier": "501"}]
    assert answer["state"]["counts"]["records"] == 500
    rest = world.call(0, batch[500:], answer["state"])
    assert rest["state"]["counts"]["records"] == 1200
    assert rest["batchItemFailures"] == []


def test_before_there_is_a_baseline_records_are_only_told_of(world: World) -> None:
    kept = world.s3.objects.pop(STATISTICS)
    assert world.call(0, world.batch(20), {}) == {"state": {}, "batchItemFailures": []}
    assert world.call(0, [], {}, final=True)["state"] == {}
    assert world.metric("StreamRecords") == [20.0]
    world.s3.put(STATISTICS, kept)
    world.window(1, world.batch(20))
    assert STATE in world.s3.objects


def test_two_hundred_features_fit_and_two_thousand_do(world: World) -> None:
    rng = np.random.default_rng(1)
    for number in (200, MOST_FEATURES):
        features = [FeatureBins.of_numbers(f"f{at}", rng.normal(size=500)) for at in range(number)]
        baseline = StreamBaseline(features)
        world.s3.put("baseline-data/results/stream.json", baseline.to_dict())
        world.now += 301
        rows = rng.normal(size=(40, number))
        records = [
            world.kinesis(
                encode_record(
                    received=",".join(f"{value:.4f}" for value in row).encode(), received_type="text/csv",
                    answered=b"", answered_type="", event_id=f"{number}-{at}", inference_id=None,
                    at=datetime(2027, 1, 15, tzinfo=UTC),
                )
            )
            for at, row in enumerate(rows)
        ]  # fmt: skip
        state = world.call(number, records, {})["state"]
        assert (state["counts"]["rows"], len(state["counts"]["counts"])) == (40, number)
        assert len(json.dumps(state)) < 1_000_000 / 2


def test_an_event_without_windows_is_refused(world: World) -> None:
    with pytest.raises(BadEventError, match="TumblingWindowInSeconds"):
        world.function.process({"Records": []}, 0.0)


def test_the_handler_itself_ends_well(world: World) -> None:
    clients = {"s3": world.s3, "cloudwatch": world.cloudwatch}
    batch = world.event(0, [*world.batch(200), world.kinesis(b"no record")], {})
    answer, log = enter("stream_drift", batch, clients, ENVIRONMENT)
    assert (answer["batchItemFailures"], log) == ([], [])
    answer, log = enter("stream_drift", world.event(0, [], answer["state"], final=True), clients, ENVIRONMENT)
    assert (log[-1]["message"], log[-1]["records"]) == ("records that cannot be read", 1)
    assert world.s3.json(STATE)
