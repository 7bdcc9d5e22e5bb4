"""Windows that are small enough for the function, by bytes, labels and files."""

import json
from typing import Any

import pytest

from tests.lambda_functions.fakes import FakeLambda, FakeS3, FakeSageMaker
from tests.lambda_functions.start_monitor.deliveries import CAPTURED, QUALITY, files_of_jobs


@pytest.mark.limit("a window that a function looks at")
@pytest.mark.parametrize(("limit", "route"), [(6, "function"), (5, "job")])
def test_a_small_window_goes_to_the_function(
    limit: int, route: str, deliver: Any, s3: FakeS3, functions: FakeLambda
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n{}\n")
    answer = deliver(small_window={"function_name": "churn-monitor-window", "max_bytes": limit})
    assert answer["route"] == route
    if route == "job":
        assert functions.calls == []
        return
    (request,) = functions.requests("Invoke")
    assert (request["FunctionName"], request["InvocationType"]) == ("churn-monitor-window", "Event")
    assert json.loads(request["Payload"])["job"]["ProcessingJobName"] == "churn-dq-202611231000-eb748a"


@pytest.mark.parametrize(("limit", "route"), [(10, "function"), (9, "job")])
def test_labels_count_where_a_window_is_called_small(limit: int, route: str, deliver: Any, s3: FakeS3) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put("ground-truth/2026/11/23/09/labels.jsonl", b"[1,2]\n\n")
    answer = deliver(**QUALITY, small_window={"function_name": "churn-monitor-window", "max_bytes": limit})
    assert answer["route"] == route


@pytest.mark.limit("a window that a function looks at")
@pytest.mark.parametrize(("files", "route"), [(2000, "function"), (2001, "job")])
def test_many_small_files_are_a_jobs(files: int, route: str, deliver: Any, s3: FakeS3, functions: FakeLambda) -> None:
    for number in range(files):
        s3.objects[f"{CAPTURED}/2026/11/23/09/{number:05}.jsonl"] = b"{}\n"
    s3.page = 1000
    assert deliver(small_window={"function_name": "f", "max_bytes": 10**6})["route"] == route
    assert len(functions.requests("Invoke")) == (route == "function")


def test_a_hundred_thousand_small_files_are_a_jobs(deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    for number in range(100_000):
        s3.objects[f"{CAPTURED}/2026/11/23/09/{number:06}-0123456789abcdef0123456789abcdef.jsonl"] = b"{}\n"
    s3.page = 1000
    answer = deliver(small_window={"function_name": "f", "max_bytes": 50 * 1024 * 1024})
    assert (answer["route"], answer["files"]) == ("job", 100_000)
    assert len(files_of_jobs(s3, sagemaker)) == 100_000
