"""Labels: where they are looked for, and captures that wait for them."""

from typing import Any

import pytest

from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker
from tests.lambda_functions.start_monitor.deliveries import CAPTURED, QUALITY, published


def test_labels_without_captures_are_no_window(deliver: Any, s3: FakeS3) -> None:
    s3.put("ground-truth/2026/11/23/09/labels.jsonl", b"{}\n")
    answer = deliver(**QUALITY)
    assert (answer["route"], answer["started"]) == ("none", None)


def test_labels_that_take_days_are_found_where_they_were_collected(deliver: Any, s3: FakeS3) -> None:
    s3.put(f"{CAPTURED}/2026/11/21/09/10-00-000-a.jsonl", b"{}\n")
    collected = ["2026/11/21/08", "2026/11/21/09", "2026/11/22/23", "2026/11/23/09", "2026/11/23/10", "2026/11/23/11"]
    for hour in collected:
        s3.put(f"ground-truth/{hour}/labels.jsonl", b"{}\n")
    moved_back = {**QUALITY, "start_offset": "-P2DT1H", "end_offset": "-P2D"}
    assert deliver(**moved_back)["route"] == "job"
    state = "monitor-state/churn-endpoint/churn-endpoint-model-quality/2026/11/21"
    first = s3.json(f"{state}/10.ground-truth.manifest")
    # What came before the window cannot be about it; what comes after the run's hour, another delivery would not see.
    assert first[1:] == [f"{hour}/labels.jsonl" for hour in collected[1:-1]]
    assert s3.json(f"{state}/10.json")["due"] == "2026-11-23T10:00:00Z"
    deliver(**moved_back)
    assert s3.json(f"{state}/10.ground-truth.manifest") == first


def test_captures_without_labels_wait_for_the_next_run(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    answer = deliver(**QUALITY)
    assert answer["route"] == "none"
    waits = (
        "1 captured files wait for labels: there are none (*.jsonl) below s3://churn-data/ground-truth in the hours "
        "2026/11/23/09 to 2026/11/23/10."
    )
    assert answer["left_out"] == waits
    assert published(cloudwatch) == [{"NoData": 1.0}]
    s3.put("ground-truth/2026/11/23/09/labels.jsonl", b"{}\n")
    answer = deliver(scheduled_time="2026-11-23T11:20:00Z", **QUALITY)
    assert (answer["route"], answer["late_files"]) == ("job", 1)


@pytest.mark.parametrize("name", ["labels.csv", "labels.json", "labels.JSONL", "labels.jsonl.zip", "part-0.parquet"])
def test_labels_in_another_form_are_named(
    name: str, deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    """Whoever wrote a CSV there would wait for a measurement that never comes."""
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put(f"ground-truth/2026/11/23/09/{name}", b"id,label\n")
    answer = deliver(**QUALITY)
    named = f"Left out: 1 x a file of labels that is no *.jsonl (2026/11/23/09/{name})."
    assert answer["route"] == "none"
    assert answer["left_out"].endswith(f" to 2026/11/23/10. {named}")
    assert published(cloudwatch) == [{"NoData": 1.0, "LeftOutFiles": 1.0}]
    s3.put("ground-truth/2026/11/23/10/labels.jsonl", b"{}\n")
    answer = deliver(scheduled_time="2026-11-23T11:20:00Z", **QUALITY)
    assert (answer["route"], answer["left_out"]) == ("job", named)  # the others' labels are measured, and it is said
    assert sagemaker.requests("CreateProcessingJob")[0]["Environment"]["left_out"] == named
