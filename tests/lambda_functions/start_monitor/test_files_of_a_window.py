"""Which files a window takes: late ones, odd ones, rewritten ones, and each by one job."""

import dataclasses
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.lambda_functions.conftest import ManualClock
from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker
from tests.lambda_functions.functions import common
from tests.lambda_functions.start_monitor.deliveries import (
    CAPTURED,
    EVENT,
    MODULES,
    NAMESPACE,
    STATE,
    files_of_jobs,
    published,
)


def test_without_captures_there_is_no_job_but_a_metric(
    deliver: Any, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    answer = deliver()
    assert (answer["route"], answer["started"]) == ("none", None)
    assert sagemaker.calls == []
    (request,) = cloudwatch.requests("PutMetricData")
    assert request["Namespace"] == NAMESPACE
    dimensions = [
        {"Name": "Endpoint", "Value": "churn-endpoint"},
        {"Name": "MonitoringSchedule", "Value": "churn-endpoint-data-quality"},
    ]
    assert request["MetricData"] == [{"MetricName": "NoData", "Dimensions": dimensions, "Value": 1.0, "Unit": "Count"}]


def test_a_late_file_is_taken_once_by_the_next_run(deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/08/10-00-000-before-the-monitor.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    assert deliver()["late_files"] == 0  # what was captured before there was a monitor was not missed
    s3.put(f"{CAPTURED}/2026/11/23/09/59-00-000-late.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/10/10-00-000-b.jsonl", b"{}\n")
    second = deliver(scheduled_time="2026-11-23T11:20:00Z")
    assert (second["files"], second["late_files"]) == (1, 1)
    request = sagemaker.requests("CreateProcessingJob")[1]
    assert request["Environment"]["late_from"] == "2026-11-23T09:00:00Z"
    assert s3.json(f"{STATE}/2026/11/23/11.captured.manifest")[1:] == [
        "churn-endpoint/Primary/2026/11/23/09/59-00-000-late.jsonl",
        "churn-endpoint/Primary/2026/11/23/10/10-00-000-b.jsonl",
    ]
    s3.put(f"{CAPTURED}/2026/11/23/11/10-00-000-c.jsonl", b"{}\n")
    third = deliver(scheduled_time="2026-11-23T12:20:00Z")
    assert (third["files"], third["late_files"]) == (1, 0)
    assert "late_from" not in sagemaker.requests("CreateProcessingJob")[2]["Environment"]


def test_windows_that_overlap_take_no_file_again_as_late(deliver: Any, s3: FakeS3) -> None:
    rolling = {"start_offset": "-P1D"}
    s3.put(f"{CAPTURED}/2026/11/23/10/10-00-000-a.jsonl", b"{}\n")
    assert deliver(scheduled_time="2026-11-23T11:20:00Z", **rolling)["files"] == 1
    s3.put(f"{CAPTURED}/2026/11/23/10/59-00-000-late.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/10/59-30-000-later.jsonl", b"{}\n")
    second = deliver(scheduled_time="2026-11-23T12:20:00Z", **rolling)
    assert (second["files"], second["late_files"]) == (3, 0)  # within its own window a file is not late
    s3.put(f"{CAPTURED}/2026/11/23/10/59-40-000-latest.jsonl", b"{}\n")  # and this one no window had
    last = deliver(scheduled_time="2026-11-24T11:20:00Z", **rolling)
    assert (last["files"], last["late_files"]) == (0, 1)


def test_an_hour_that_was_never_looked_at_is_made_up_for(deliver: Any, s3: FakeS3) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    deliver()
    s3.put(f"{CAPTURED}/2026/11/23/10/10-00-000-b.jsonl", b"{}\n")  # whose delivery never came
    answer = deliver(scheduled_time="2026-11-23T12:20:00Z")
    assert (answer["files"], answer["late_files"]) == (0, 1)


def test_records_of_earlier_hours_are_read_once_and_again_when_they_have_changed(
    deliver: Any, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULES.run_ledger, "_kept", {})  # other tests' are of the same bucket
    first, second, third = (f"2026-11-23T{hour}:20:00Z" for hour in (10, 11, 12))
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    deliver(scheduled_time=first, late_hours=4)
    record = next(request["Key"] for request in s3.requests("PutObject") if request["Key"].endswith("/10.json"))

    def reads() -> int:
        return sum(request["Key"] == record for request in s3.requests("GetObject"))

    for scheduled in (second, third):
        assert deliver(scheduled_time=scheduled, late_hours=4)["late_files"] == 0
        assert reads() == 1
    s3.objects[record] = b'{"of": "an earlier version"}'
    deliver(scheduled_time="2026-11-23T13:20:00Z", late_hours=4)
    assert reads() > 1


def listed(s3: FakeS3, below: str) -> list[str]:
    """Prefixes that were listed below a place, in order; each once, however many pages it has."""
    prefixes = [request["Prefix"] for request in s3.requests("ListObjectsV2") if "Delimiter" not in request]
    return [prefix.removeprefix(below) for prefix in dict.fromkeys(prefixes) if prefix.startswith(below)]


def test_hours_of_one_day_are_listed_at_once_from_the_first_to_the_last(deliver: Any, s3: FakeS3) -> None:
    outside = ["2026/10/24/09/59-59-000-before.jsonl", "2026/11/23/10/00-00-000-after.jsonl", "2026/11/01/stray.jsonl"]
    outside += ["2026/11/23/09-x/stray.jsonl"]
    for key in (*outside, "2026/11/01/00/10-00-000-b.jsonl", "2026/11/23/09/10-00-000-c.jsonl"):
        s3.put(f"{CAPTURED}/{key}", b"{}\n")
    answer = deliver(start_offset="-P30D", late_hours=0)
    assert answer["files"] == 2
    days = listed(s3, f"{CAPTURED}/")
    assert (days[0], days[1], days[-1]) == ("2026/10/24/", "2026/10/25/", "2026/11/23/")
    assert len(days) == 31


def test_of_a_day_of_many_captures_only_the_pages_of_the_wanted_hours_are_listed(deliver: Any, s3: FakeS3) -> None:
    s3.page = 4
    for hour in range(24):
        for number in range(4):
            s3.put(f"{CAPTURED}/2026/11/23/{hour:02}/{number}.jsonl", b"{}\n")
    assert deliver(start_offset="-PT3H", late_hours=0)["files"] == 3 * 4
    pages = [request for request in s3.requests("ListObjectsV2") if request["Prefix"] == f"{CAPTURED}/2026/11/23/"]
    assert len(pages) == 3 + 1  # the last one brings the first key that is too late


def test_an_hour_is_not_looked_for_in_its_whole_day(deliver: Any, s3: FakeS3) -> None:
    deliver()
    assert listed(s3, f"{CAPTURED}/") == ["2026/11/23/09/"]


def test_a_day_of_a_file_a_second_is_recorded_and_read_again(deliver: Any, s3: FakeS3) -> None:
    chance = random.Random(7)
    keys = [
        f"churn-endpoint/Primary/2026/11/22/{second // 3600:02d}/{second // 60 % 60:02d}-{second % 60:02d}-"
        f"{chance.randrange(1000):03d}-{uuid.UUID(int=chance.getrandbits(128))}.jsonl"
        for second in range(86_400)
    ]
    end = datetime(2026, 11, 23, 10, tzinfo=UTC)
    records = MODULES.run_ledger.Records.of(s3, MODULES.plan.parse(EVENT))
    deliver()
    run = dataclasses.replace(records.read(end), files=tuple(keys))
    records.keep(end + timedelta(hours=1), run)
    assert records.read(end + timedelta(hours=1)) == run
    # The responder reads records, too, and of one no more than so much.
    assert len(s3.objects[f"{STATE}/2026/11/23/11.json"]) < common("s3_objects").MAX_JSON_BYTES / 2


def test_records_of_an_earlier_version_stop_no_run(deliver: Any, s3: FakeS3) -> None:
    old = {
        "window_start": "2026-11-23T08:00:00Z",
        "window_end": "2026-11-23T09:00:00Z",
        "files": [f"{CAPTURED}/2026/11/23/08/10-00-000-a.jsonl"],
        "late_files": [],
    }
    s3.put(f"{STATE}/2026/11/23/09.json", old)
    s3.put(f"{CAPTURED}/2026/11/23/08/10-00-000-a.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-b.jsonl", b"{}\n")
    answer = deliver()
    assert (answer["files"], answer["late_files"]) == (1, 0)


ODD = [
    "../../../../../../../ground_truth/zz.jsonl",
    "./a.jsonl",
    "a//b.jsonl",
    "a\\b.jsonl",
    "a\n.jsonl",
    "\u202ea.jsonl",
]


@pytest.mark.limit("keys of captures and labels")
@pytest.mark.parametrize("key", ODD, ids=ascii)
def test_an_odd_key_is_left_out_counted_and_named_and_the_window_runs(
    key: str,
    deliver: Any,
    s3: FakeS3,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-ü 😀%2F+&.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/09/{key}", b"{}\n")
    answer = deliver()
    assert (answer["files"], answer["odd_keys"], answer["route"]) == (1, 1, "job")
    manifest = s3.json(f"{STATE}/2026/11/23/10.captured.manifest")
    assert manifest[1:] == ["churn-endpoint/Primary/2026/11/23/09/10-00-000-ü 😀%2F+&.jsonl"]
    said = answer["left_out"]
    shown = ascii(f"churn-endpoint/Primary/2026/11/23/09/{key}")[1:-1][:120]
    assert said == f"Left out: 1 x a key that cannot be a file's ({shown})."
    (request,) = sagemaker.requests("CreateProcessingJob")
    assert request["Environment"]["left_out"] == said[:256]
    assert published(cloudwatch) == [{"LeftOutFiles": 1.0}]


def test_a_capture_that_was_written_again_is_named_once_by_the_next_run(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    """What is new in it cannot be told from what was counted."""
    key = f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl"
    clock = ManualClock(datetime(2026, 11, 23, 10, 20, tzinfo=UTC).timestamp())
    once = common("idempotency")
    turned = once.Clock(now=clock.now, sleep=clock.sleep)
    s3.now = lambda: datetime.fromtimestamp(clock.now(), UTC)
    s3.put(key, b"{}\n")
    assert deliver(clock=turned)["files"] == 1
    for hour in (11, 12, 13):
        clock.sleep(1800)
        if hour == 11:
            s3.put(key, b"{}\n{}\n{}\n")
        clock.sleep(1800)
        s3.put(f"{CAPTURED}/2026/11/23/{hour - 1}/10-00-000-{hour}.jsonl", b"{}\n")
        answer = deliver(scheduled_time=f"2026-11-23T{hour}:20:00Z", clock=turned)
        assert (answer["files"], answer["late_files"]) == (1, 0)
        assert answer.get("replaced") == (1 if hour == 11 else None)
    named = f"Left out: 1 x a file that was written again after it was taken ({key.removeprefix('captured-data/')})."
    assert [request["Environment"].get("left_out") for request in sagemaker.requests("CreateProcessingJob")] == [
        None,
        named,
        None,
        None,
    ]
    assert published(cloudwatch) == [{"LeftOutFiles": 1.0}]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"due": 1}', b'{"due": "x", "files": "AAAA"}'])
def test_a_damaged_record_is_set_aside_and_todays_run_goes_on(
    content: bytes, deliver: Any, s3: FakeS3, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/08/a.jsonl", b"{}\n")
    deliver(scheduled_time="2026-11-23T09:20:00Z")
    s3.put(f"{STATE}/2026/11/23/09.json", content)
    s3.put(f"{CAPTURED}/2026/11/23/09/b.jsonl", b"{}\n")
    assert deliver()["files"] == 1
    assert s3.objects[f"{STATE}/2026/11/23/09.json.damaged"] == content
    capsys.readouterr()
    assert deliver(scheduled_time="2026-11-23T11:20:00Z")["route"] == "none"
    assert capsys.readouterr().out == ""  # said once


def test_a_windows_own_damaged_record_is_replaced(deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/a.jsonl", b"{}\n")
    s3.put(f"{STATE}/2026/11/23/10.json", b"{")
    assert deliver()["files"] == 1
    assert deliver()["files"] == 1
    assert len(sagemaker.jobs) == 1
    assert s3.json(f"{STATE}/2026/11/23/10.json")["due"] == "2026-11-23T10:00:00Z"


@pytest.mark.parametrize("seed", range(6))
def test_windows_that_come_at_once_give_each_file_to_one_job(
    seed: int, s3: FakeS3, sagemaker: FakeSageMaker, deliver: Any
) -> None:
    """Three windows, each delivered twice, by six threads whose calls of S3 take their turns at random."""
    turns = random.Random(seed)
    hasty = common("idempotency").Clock(sleep=lambda _seconds: time.sleep(turns.random() / 1000.0))
    s3.put(f"{CAPTURED}/2026/11/23/08/a.jsonl", b"{}\n")
    deliver(scheduled_time="2026-11-23T09:20:00Z")
    keys = [f"2026/11/23/{hour:02}/{minute}.jsonl" for hour in (8, 9, 10, 11) for minute in range(3)]
    for key in keys:
        s3.put(f"{CAPTURED}/{key}", b"{}\n")
    windows = [f"2026-11-23T{hour}:20:00Z" for hour in (10, 11, 12)] * 2
    turns.shuffle(windows)
    everybody = threading.Barrier(len(windows))

    def one(scheduled: str) -> Any:
        everybody.wait()
        return deliver(scheduled_time=scheduled, clock=hasty)

    with ThreadPoolExecutor(len(windows)) as pool:
        list(pool.map(one, windows))
    expected = [f"churn-endpoint/Primary/{key}" for key in ["2026/11/23/08/a.jsonl", *keys]]
    assert files_of_jobs(s3, sagemaker) == sorted(expected)
