import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drift_tools.endpoint import Request, traffic
from drift_tools.errors import InputError

from .conftest import Answer, Endpoint


def values(requests: list[Request]) -> list[float]:
    return [float(value) for request in requests for value in request.payload.split(",")]


def test_baseline_rows_are_uniform_over_0_to_1() -> None:
    drawn = values(list(traffic.baseline_requests(2000, features=3, seed=1)))
    assert len(drawn) == 6000
    assert min(drawn) >= 0
    assert max(drawn) < 1
    assert abs(sum(drawn) / 6000 - 0.5) < 0.02
    assert abs(sum((value - 0.5) ** 2 for value in drawn) / 6000 - 1 / 12) < 0.005


def test_anomalous_rows_are_uniform_over_10_to_20() -> None:
    drawn = values(list(traffic.anomalous_requests(2000, features=3, seed=1)))
    assert min(drawn) >= 10
    assert max(drawn) < 20
    assert abs(sum(drawn) / 6000 - 15) < 0.2


def test_a_seed_repeats_its_rows_and_another_does_not() -> None:
    first = list(traffic.baseline_requests(5, seed=7))
    assert list(traffic.baseline_requests(5, seed=7)) == first
    assert list(traffic.baseline_requests(5, seed=8)) != first
    assert [row.payload.count(",") for row in traffic.baseline_requests(2, features=5)] == [4, 4]


@pytest.mark.parametrize(("number", "features"), [(-1, 3), (1, 0)])
def test_impossible_numbers_are_refused(number: int, features: int) -> None:
    with pytest.raises(InputError, match="give at least one feature"):
        traffic.baseline_requests(number, features=features)


def test_a_csv_file_is_replayed_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes('\ufeffid,a,b\n1,007,"x, y"\n\n2,1e3,\n'.encode())
    assert list(traffic.replay_requests(file)) == [Request('1,007,"x, y"'), Request("2,1e3,")]
    assert list(traffic.replay_requests(file, id_column="id")) == [Request('007,"x, y"', "1"), Request("1e3,", "2")]
    assert list(traffic.replay_requests(file, columns=["b", "a"], number=1)) == [Request('"x, y",007')]


def test_a_parquet_file_is_replayed_in_order(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    table = pa.table(
        {
            "id": range(20_000),
            "a": [float(number) for number in range(20_000)],
            "b": pa.array(["x", None] * 10_000).dictionary_encode(),
        }
    )
    pq.write_table(table, file, row_group_size=3000)
    rows = list(traffic.replay_requests(file, id_column="id"))
    assert rows[:2] == [Request("0,x", "0"), Request("1,", "1")]
    assert [row.inference_id for row in rows] == [str(number) for number in range(20_000)]


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=re.escape(f"{file}: has no column 'c'; its columns are a, b")):
        traffic.replay_requests(file, columns=["a", "c"])


def test_a_ragged_row_is_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n1,2\n3\n")
    with pytest.raises(InputError, match=re.escape(f"{file}, line 3: 1 cells")):
        list(traffic.replay_requests(file))


def test_every_row_is_one_csv_request_with_its_id(endpoint: Endpoint) -> None:
    before = datetime.now(UTC)
    result = traffic.send(
        [Request("1,2", "id-1"), Request("3,4")], endpoint="my-endpoint", threads=1, keep_answers=True
    )
    assert endpoint.requests == [
        {
            "payload": "1,2",
            "path": "/endpoints/my-endpoint/invocations",
            "content_type": "text/csv",
            "inference_id": "id-1",
        },
        {
            "payload": "3,4",
            "path": "/endpoints/my-endpoint/invocations",
            "content_type": "text/csv",
            "inference_id": "",
        },
    ]
    assert (result.sent, result.failed, result.throttled) == (2, 0, 0)
    assert [answer.body for answer in result.answers] == ["1,2", "3,4"]
    assert result.first is not None
    assert result.last is not None
    assert before <= result.first <= result.last <= datetime.now(UTC)


def test_answers_are_in_the_order_of_the_rows_whatever_the_threads_do(endpoint: Endpoint) -> None:
    rows = [Request(str(number)) for number in range(200)]
    result = traffic.send(rows, endpoint="e", threads=4, keep_answers=True)
    assert [(answer.index, answer.body) for answer in result.answers] == [
        (number, str(number)) for number in range(200)
    ]
    assert sorted(endpoint.payloads, key=int) == [row.payload for row in rows]


def test_no_more_requests_are_on_the_way_than_threads(endpoint: Endpoint) -> None:
    barrier = threading.Barrier(3, timeout=20)

    def together(payload: str, _: int) -> Answer:
        barrier.wait()  # three must be on the way at once, or this breaks and answers nothing
        return 200, "", payload

    endpoint.respond = together
    result = traffic.send([Request(str(number)) for number in range(30)], endpoint="e", threads=3)
    assert result.sent == 30
    assert endpoint.most_at_once == 3


def test_rows_are_read_only_as_they_are_sent(endpoint: Endpoint) -> None:
    taken = 0
    ahead = []

    def rows() -> Iterator[Request]:
        nonlocal taken
        for number in range(50):
            taken += 1
            ahead.append(taken - len(endpoint.requests))
            yield Request(str(number))

    traffic.send(rows(), endpoint="e", threads=2)
    assert taken == 50
    assert max(ahead) <= 3


def test_throttled_requests_are_sent_again(endpoint: Endpoint) -> None:
    endpoint.respond = lambda payload, before: (
        (429, "ThrottlingException", "Rate exceeded") if before < 1 else (200, "", payload)
    )
    result = traffic.send([Request("1"), Request("2")], endpoint="e", threads=2)
    assert (result.sent, result.failed, result.throttled) == (2, 0, 2)
    assert len(endpoint.requests) == 4


def test_a_request_that_stays_throttled_is_counted_as_failed(endpoint: Endpoint) -> None:
    endpoint.respond = lambda *_: (429, "ThrottlingException", "Rate exceeded")
    result = traffic.send([Request("1")], endpoint="e", attempts=2)
    assert (result.sent, result.failed) == (0, 1)
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(
    ("status", "code"), [(424, "ModelError"), (500, "InternalFailure"), (503, "ServiceUnavailable")]
)
def test_nothing_but_throttling_is_sent_again(endpoint: Endpoint, status: int, code: str) -> None:
    endpoint.respond = lambda payload, _: (status, code, "no") if payload == "2" else (200, "", payload)
    result = traffic.send([Request("1"), Request("2"), Request("3")], endpoint="e", threads=1)
    assert (result.sent, result.failed) == (2, 1)
    assert endpoint.payloads == ["1", "2", "3"]
    assert [reason.split(":")[0] for reason in result.failures] == [code]


def test_an_endpoint_that_does_not_exist_stops_at_once(endpoint: Endpoint) -> None:
    endpoint.respond = lambda *_: (400, "ValidationError", "Endpoint nowhere of account 1 not found.")
    with pytest.raises(InputError, match=r"nowhere: .*not found.*; check the endpoint's name"):
        traffic.send((Request(str(number)) for number in range(10_000)), endpoint="nowhere", threads=4)
    assert len(endpoint.requests) <= 8


def test_no_connection_stops_at_once(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(
        InputError, match=r"e: Could not connect .*; check the credentials, the region and AWS_ENDPOINT_URL"
    ):
        traffic.send([Request("1")], endpoint="e")
    assert endpoint.requests == []


def test_rows_that_cannot_be_made_stop_the_sending(endpoint: Endpoint) -> None:
    def rows() -> Iterator[Request]:
        yield Request("1")
        raise InputError("line 3 is broken")

    with pytest.raises(InputError, match="line 3 is broken"):
        traffic.send(rows(), endpoint="e", threads=2)
    assert endpoint.payloads in ([], ["1"])


def test_a_rate_is_kept(endpoint: Endpoint) -> None:
    result = traffic.send([Request(str(number)) for number in range(11)], endpoint="e", threads=4, rate=100)
    assert result.sent == 11
    assert result.seconds >= 0.1  # ten pauses of 10 ms


def test_progress_ends_with_the_final_numbers(endpoint: Endpoint) -> None:
    seen: list[tuple[int, int]] = []
    endpoint.respond = lambda payload, _: (424, "ModelError", "no") if payload == "3" else (200, "", payload)
    traffic.send(
        [Request(str(number)) for number in range(5)],
        endpoint="e",
        on_progress=lambda sent, failed: seen.append((sent, failed)),
    )
    assert seen[-1] == (4, 1)


def test_an_error_in_the_progress_callback_ends_the_threads(endpoint: Endpoint) -> None:
    def rows() -> Iterator[Request]:
        while True:
            yield Request("1")

    def interrupted(sent: int, failed: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        traffic.send(rows(), endpoint="e", on_progress=interrupted)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("traffic")]


def test_an_interrupt_while_threads_are_started_ends_those_that_run(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(ThreadPoolExecutor):
        def submit(self, *arguments: Any, **options: Any) -> Any:
            if self._threads:
                raise KeyboardInterrupt
            return super().submit(*arguments, **options)

    monkeypatch.setattr(traffic, "ThreadPoolExecutor", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        traffic.send([Request("1")] * 2000, endpoint="e", threads=2)
    assert len(endpoint.requests) < 1000
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("traffic")]


@pytest.mark.parametrize("arguments", [{"threads": 0}, {"rate": 0.0}, {"rate": float("nan")}, {"attempts": 0}])
def test_arguments_must_be_positive(arguments: dict[str, float]) -> None:
    with pytest.raises(InputError, match="must be positive"):
        traffic.send([], endpoint="e", **arguments)  # type: ignore[arg-type] # the point of the test


def test_no_rows_are_no_error(endpoint: Endpoint) -> None:
    result = traffic.send([], endpoint="e")
    assert (result.sent, result.failed, result.first, result.last, result.seconds) == (0, 0, None, None, 0.0)
