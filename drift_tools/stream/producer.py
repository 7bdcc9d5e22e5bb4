"""Put what an endpoint is asked and answers into a stream, beside the request and never in its way."""

import atexit
import io
import logging
import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from drift_tools.stream.records import LARGEST_RECORD, encode_record

log = logging.getLogger("drift_tools.stream")

# Kinesis' limits of one PutRecords call.
_RECORDS_OF_CALL: Final = 500
_BYTES_OF_CALL: Final = 5 << 20
_TRIES: Final = 4
_PAUSE: Final = 0.2  # seconds before the second try; twice as long before each further one
_METRIC_SECONDS: Final = 60.0
NAMESPACE: Final = "ModelMonitoring/Stream"


class Producer:
    r"""Wraps a client's `invoke_endpoint` and puts each exchange into a Kinesis stream, in batches, in the background.

    It never raises into a request and never makes one wait: the queue is bounded, and what does not fit, or what
    Kinesis refuses, is dropped, counted by reason in `dropped`, and published as the metric `DroppedRecords`.

    Parameters
    ----------
    stream:
        The stream's name.
    runtime, kinesis, cloudwatch:
        boto3 clients of `sagemaker-runtime`, `kinesis` and `cloudwatch`; made with the defaults where none is given.
    capacity:
        Records that may wait; at 2 kB each the default takes 20 MB.
    seconds:
        How long a record may wait for others to fill its batch.
    clock:
        The time of an answer, with its zone.

    Examples
    --------
    ::

        producer = Producer("churn-stream")
        response = producer.invoke_endpoint(EndpointName="churn", ContentType="text/csv", Body="1,2\n")
    """

    def __init__(
        self,
        stream: str,
        *,
        runtime: Any = None,
        kinesis: Any = None,
        cloudwatch: Any = None,
        capacity: int = 10_000,
        seconds: float = 1.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        import boto3  # noqa: PLC0415 - everything else in the package works without it

        self._stream, self._seconds, self._clock = stream, seconds, clock
        self._runtime = runtime or boto3.client("sagemaker-runtime")
        self._kinesis = kinesis or boto3.client("kinesis")
        self._cloudwatch = cloudwatch or boto3.client("cloudwatch")
        self._queue: queue.Queue[tuple[str, bytes] | None] = queue.Queue(capacity)
        self._lock = threading.Lock()
        self.sent = 0
        self.dropped: Counter[str] = Counter()
        self._published = 0
        self._publish_at = time.monotonic() + _METRIC_SECONDS
        self._thread = threading.Thread(target=self._run, name="drift-stream", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def __enter__(self) -> "Producer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def invoke_endpoint(self, **arguments: Any) -> Mapping[str, Any]:
        """Invoke the endpoint as the wrapped client does: its arguments, its answer, its errors.

        The answer's `Body` is read for the record and given back as a stream that can be read again.
        """
        response: dict[str, Any] = self._runtime.invoke_endpoint(**arguments)
        answered = response["Body"].read()
        response["Body"] = _streaming(answered)
        body = arguments.get("Body", b"")
        self.put(
            received=body.encode() if isinstance(body, str) else bytes(body),
            received_type=arguments.get("ContentType", "application/json"),
            answered=answered,
            answered_type=response.get("ContentType", ""),
            inference_id=arguments.get("InferenceId"),
        )
        return response

    def put(
        self,
        *,
        received: bytes,
        received_type: str,
        answered: bytes,
        answered_type: str,
        inference_id: str | None = None,
    ) -> bool:
        """Queue one exchange; whether it found a place. For who invokes the endpoint in another way."""
        try:
            event_id = str(uuid.uuid4())
            record = encode_record(
                received=received,
                received_type=received_type,
                answered=answered,
                answered_type=answered_type,
                event_id=event_id,
                inference_id=inference_id,
                at=self._clock(),
            )
            if len(record) > LARGEST_RECORD - len(event_id):
                return self._drop("larger than 1 MiB")
            self._queue.put_nowait((event_id, record))
        except queue.Full:
            return self._drop("queue full")
        except Exception:
            # The request has been answered: no fault of its record may reach the one who asked.
            log.exception("an exchange could not be recorded")
            return self._drop("not recordable")
        return True

    def close(self, seconds: float = 10.0) -> None:
        """Send what waits, for so many seconds at the most; what is left then is dropped and counted."""
        atexit.unregister(self.close)
        if not self._thread.is_alive():
            return
        try:
            self._queue.put(None, timeout=seconds)
            self._thread.join(seconds)
        except queue.Full:
            log.warning("the stream %s takes nothing: %s records are dropped", self._stream, self._queue.qsize())

    def _drop(self, reason: str, number: int = 1) -> bool:
        with self._lock:
            self.dropped[reason] += number
        return False

    def _run(self) -> None:
        """Gather batches and send them until `close`."""
        is_open = True
        while is_open:
            batch: list[tuple[str, bytes]] = []
            size, until = 0, time.monotonic() + self._seconds
            while len(batch) < _RECORDS_OF_CALL and size < _BYTES_OF_CALL - LARGEST_RECORD:
                try:
                    item = self._queue.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    break
                if item is None:
                    is_open = False
                    break
                batch.append(item)
                size += len(item[1])
            if batch:
                self._send(batch)
            if not is_open or time.monotonic() >= self._publish_at:
                self._publish()

    def _send(self, batch: list[tuple[str, bytes]]) -> None:
        waiting = [{"PartitionKey": key, "Data": data} for key, data in batch]
        reason = ""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE * 2 ** (attempt - 1))
            try:
                answer = self._kinesis.put_records(StreamName=self._stream, Records=waiting)
            except Exception as error:
                reason = getattr(error, "response", {}).get("Error", {}).get("Code") or type(error).__name__
                continue
            results = answer["Records"]
            refused = [record for record, result in zip(waiting, results, strict=True) if "ErrorCode" in result]
            self.sent += len(waiting) - len(refused)
            if not refused:
                return
            reason = next(result["ErrorCode"] for result in results if "ErrorCode" in result)
            waiting = refused
        self._drop(reason, len(waiting))

    def _publish(self) -> None:
        """Publish what was dropped since the last time; a refusal is logged, and the number is told the next time."""
        self._publish_at = time.monotonic() + _METRIC_SECONDS
        with self._lock:
            number = self.dropped.total()
        try:
            self._cloudwatch.put_metric_data(
                Namespace=NAMESPACE,
                MetricData=[
                    {
                        "MetricName": "DroppedRecords",
                        "Dimensions": [{"Name": "Stream", "Value": self._stream}],
                        "Value": number - self._published,
                        "Unit": "Count",
                    }
                ],
            )
        except Exception as error:
            # One line: what is wrong is AWS's to say or the connection's, and no trace of ours tells more of it.
            reason = (str(error).splitlines() or [""])[0]
            log.warning("the number of dropped records could not be published: %s: %s", type(error).__name__, reason)
            return
        self._published = number


def _streaming(body: bytes) -> Any:
    from botocore.response import StreamingBody  # noqa: PLC0415 - boto3 was needed to come here

    return StreamingBody(io.BytesIO(body), len(body))
