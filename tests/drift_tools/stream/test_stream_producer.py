"""The producer: beside the request, bounded, and never raising into it."""

import io
import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from drift_tools.stream import producer as module
from drift_tools.stream.producer import Producer


class Runtime:
    def invoke_endpoint(self, **arguments: Any) -> dict[str, Any]:
        if arguments["Body"] == b"bad":
            raise ClientError({"Error": {"Code": "ModelError"}}, "InvokeEndpoint")
        return {
            "Body": StreamingBody(io.BytesIO(b"1\n"), 2),
            "ContentType": "text/csv",
            "InvokedProductionVariant": "A",
        }


class Kinesis:
    """Takes what it is given; `refuse` says which of the next calls fail and how."""

    def __init__(self, *refuse: str) -> None:
        self.refuse = list(refuse)
        self.calls: list[int] = []
        self.taken: list[dict[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.gate.wait(10)
        self.calls.append(len(Records))
        how = self.refuse.pop(0) if self.refuse else None
        if how == "raise":
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutRecords")
        half = len(Records) // 2 if how == "half" else len(Records)
        self.taken += Records[:half]
        results = [{"SequenceNumber": "1"}] * half
        return {"Records": results + [{"ErrorCode": "ProvisionedThroughputExceededException"}] * (len(Records) - half)}


class Metrics:
    def __init__(self) -> None:
        self.values: list[float] = []

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's names
        self.values.append(MetricData[0]["Value"])


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)


def made(kinesis: Kinesis, **arguments: Any) -> tuple[Producer, Metrics]:
    metrics = Metrics()
    producer = Producer("s", runtime=Runtime(), kinesis=kinesis, cloudwatch=metrics, seconds=0.01, **arguments)
    return producer, metrics


def test_the_answer_is_the_endpoints_and_the_record_reaches_the_stream() -> None:
    kinesis = Kinesis()
    producer, metrics = made(kinesis)
    with producer:
        response = producer.invoke_endpoint(EndpointName="e", Body="5,6\n", ContentType="text/csv", InferenceId="7")
        assert response["Body"].read() == b"1\n"
        assert response["InvokedProductionVariant"] == "A"
    (record,) = [json.loads(each["Data"]) for each in kinesis.taken]
    assert record["captureData"]["endpointInput"]["data"] == "5,6\n"
    assert record["captureData"]["endpointOutput"]["data"] == "1\n"
    assert record["eventMetadata"]["inferenceId"] == "7"
    assert (producer.sent, producer.dropped.total(), metrics.values) == (1, 0, [0])


def test_the_endpoints_own_errors_are_the_callers() -> None:
    producer, _ = made(Kinesis())
    with producer, pytest.raises(ClientError, match="ModelError"):
        producer.invoke_endpoint(EndpointName="e", Body=b"bad")
    assert producer.sent == 0


def test_what_is_refused_is_sent_again_and_only_that() -> None:
    kinesis = Kinesis("half", "raise")
    kinesis.gate.clear()
    producer, _ = made(kinesis)
    for number in range(8):
        producer.put(received=b"%d" % number, received_type="text/csv", answered=b"1", answered_type="text/csv")
    kinesis.gate.set()
    producer.close()
    assert sorted(json.loads(each["Data"])["captureData"]["endpointInput"]["data"] for each in kinesis.taken) == list(
        "01234567"
    )
    assert producer.sent == 8
    assert producer.dropped == {}


def test_a_stream_that_refuses_for_good_costs_records_and_no_request() -> None:
    kinesis = Kinesis(*["raise"] * 100)
    producer, metrics = made(kinesis)
    with producer:
        for _ in range(3):
            assert producer.invoke_endpoint(EndpointName="e", Body=b"1")["Body"].read() == b"1\n"
    assert producer.dropped == {"AccessDeniedException": 3}
    assert metrics.values[-1] + sum(metrics.values[:-1]) == 3


def test_a_lost_connection_to_cloudwatch_is_one_line_and_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    class Lost:
        def put_metric_data(self, **_: Any) -> None:
            raise ConnectionError("nobody answers; the log ends:\nand goes on")

    producer = Producer("s", runtime=Runtime(), kinesis=Kinesis(), cloudwatch=Lost(), seconds=0.01)
    producer.close()
    [record] = caplog.records
    assert record.exc_info is None
    assert record.getMessage() == (
        "the number of dropped records could not be published: ConnectionError: nobody answers; the log ends:"
    )


@pytest.mark.limit("records that a producer holds")
def test_a_full_queue_drops_and_counts() -> None:
    kinesis = Kinesis()
    kinesis.gate.clear()
    producer, _ = made(kinesis, capacity=5)
    taken = [
        producer.put(received=b"x", received_type="text/csv", answered=b"1", answered_type="text/csv")
        for _ in range(600)
    ]
    kinesis.gate.set()
    producer.close()
    assert producer.sent == sum(taken)
    assert producer.dropped == {"queue full": 600 - sum(taken)}
    assert sum(taken) < 600


@pytest.mark.limit("a record of the stream")
def test_a_record_that_is_too_large_is_dropped() -> None:
    producer, _ = made(Kinesis())
    with producer:
        assert not producer.put(
            received=b"x" * (1 << 20), received_type="text/csv", answered=b"", answered_type="text/csv"
        )
    assert producer.dropped == {"larger than 1 MiB": 1}


def test_batches_keep_kinesis_limits() -> None:
    kinesis = Kinesis()
    kinesis.gate.clear()
    producer, _ = made(kinesis)
    for _ in range(1200):
        producer.put(received=b"1", received_type="text/csv", answered=b"1", answered_type="text/csv")
    kinesis.gate.set()
    producer.close()
    assert max(kinesis.calls) <= 500
    assert sum(kinesis.calls) == 1200 == len(kinesis.taken)
