"""Requests to an endpoint: the baseline's, anomalous ones, and the rows of a file in their order.

One request carries one row as `text/csv`: a monitor counts the columns of a captured record, and several rows in one
request look like one column to Model Monitor.
"""

import csv
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from drift_tools.aws import aws_client, one_line
from drift_tools.errors import InputError
from drift_tools.tables import read_table

CONTENT_TYPE = "text/csv"
BASELINE_RANGE = (0.0, 1.0)
ANOMALOUS_RANGE = (10.0, 20.0)
# The error codes with which SageMaker and the API in front of it say "slower, please".
_THROTTLING = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "429"}
)
# What may go wrong with one request and right with the next: the model refused the row, or a server stumbled.
_OF_ONE_REQUEST = frozenset(
    {"ModelError", "InternalFailure", "InternalDependencyException", "ServiceUnavailable", "500", "503"}
)
_PROGRESS_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Request:
    """One row: its CSV text without a line end, and the id under which its label will arrive, if any."""

    payload: str
    inference_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the endpoint said to the request at `index` (0 is the first that was sent)."""

    index: int
    body: str


@dataclass(frozen=True)
class TrafficResult:
    """What was sent.

    `sent` requests were answered, `failed` were not; `failures` counts the latter by reason. `first` and `last` are
    the times (UTC, this machine's clock) at which the first request was sent and the last answer arrived, None when
    there was no request. `answers` are in the order of the rows, and empty unless they were asked for.
    """

    sent: int
    failed: int
    throttled: int
    first: datetime | None
    last: datetime | None
    answers: tuple[Answer, ...] = field(repr=False)
    failures: dict[str, int] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it took from the first request to the last answer."""
        return (self.last - self.first).total_seconds() if self.first and self.last else 0.0


def baseline_requests(number: int, *, features: int = 3, seed: int | None = None) -> Iterator[Request]:
    """`number` rows of `features` values, uniform over 0 … 1. The same seed gives the same rows.

    >>> next(baseline_requests(1, features=2, seed=1))
    Request(payload='0.5118216247002567,0.9504636963259353', inference_id=None)
    """
    return _uniform(number, features, BASELINE_RANGE, seed)


def anomalous_requests(number: int, *, features: int = 3, seed: int | None = None) -> Iterator[Request]:
    """`number` rows of `features` values, uniform over 10 … 20: none of them could be the baseline's."""
    return _uniform(number, features, ANOMALOUS_RANGE, seed)


def _uniform(number: int, features: int, bounds: tuple[float, float], seed: int | None) -> Iterator[Request]:
    if number < 0 or features < 1:
        raise InputError(f"{number} requests of {features} features: give at least one feature and no negative number")
    generator = np.random.default_rng(seed)
    return (Request(",".join(map(repr, generator.uniform(*bounds, features).tolist()))) for _ in range(number))


def replay_requests(
    file: str | Path, *, number: int | None = None, columns: Sequence[str] | None = None, id_column: str | None = None
) -> list[Request]:
    """The rows of a CSV (with a header) or Parquet file, in their order and as they are written there.

    Parameters
    ----------
    file
        its columns are the model's, or more.
    number
        at most so many rows; all by default.
    columns
        the columns to send, in this order, which is the model's; by default all but `id_column`.
    id_column
        the column whose value becomes the request's `InferenceId`, to which a label is joined later.

    Raises
    ------
    InputError
        a file that is neither, a row with more or fewer values than the header, a column that the file does not have.
    """
    table = read_table(file)
    sent = list(columns) if columns else [name for name in table.names if name != id_column]
    missing = [name for name in [*sent, *([id_column] if id_column else [])] if name not in table.columns]
    if missing:
        raise InputError(f"{file}: has no column {missing[0]!r}; its columns are {', '.join(table.names)}")
    cells = [table.columns[name].as_texts() for name in sent]
    ids = table.columns[id_column].as_texts() if id_column else None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="")

    def request(row: int) -> Request:
        text.seek(0)
        text.truncate()
        writer.writerow([column[row] for column in cells])  # None, a missing cell, is written as nothing
        return Request(text.getvalue(), None if ids is None else ids[row])

    return [request(row) for row in range(table.rows if number is None else min(number, table.rows))]


def runtime_client(threads: int) -> Any:
    """A `sagemaker-runtime` client that `threads` threads may share.

    It retries nothing by itself: botocore's retries would repeat requests that were perhaps answered, and a request
    that is answered twice is captured twice. One client for all threads is as fast as one each: signing holds the
    interpreter's lock either way.
    """
    return aws_client(
        "sagemaker-runtime",
        max_pool_connections=threads,
        retries={"total_max_attempts": 1},
        connect_timeout=10,
        read_timeout=70,  # SageMaker gives a model 60 s
    )


def send(
    requests: Iterable[Request],
    *,
    endpoint: str,
    client: Any = None,
    threads: int = 4,
    rate: float | None = None,
    attempts: int = 8,
    keep_answers: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> TrafficResult:
    """Send each request to the endpoint and wait for all answers.

    Parameters
    ----------
    endpoint
        the endpoint's name.
    client
        a boto3 `sagemaker-runtime` client, by default `runtime_client(threads)`.
    requests
        read as they are sent, so that they may be more than fit in memory. Requests start in this order.
    threads
        requests on the way at the same time, at most.
    rate
        requests a second, at most; without it as fast as answers come.
    attempts
        times that a throttled request is sent before it counts as failed, with growing pauses. Nothing but throttling
        is retried: any other request may have been captured already.
    keep_answers
        keep what the endpoint said.
    on_progress
        called in this thread about ten times a second, and at the end, with the numbers sent and failed.

    Raises
    ------
    InputError
        nothing can be sent at all: no such endpoint, access refused, no connection. Failures of single requests are
        counted instead.
    """
    if threads < 1 or attempts < 1 or (rate is not None and not rate > 0):
        raise InputError(f"threads {threads}, attempts {attempts}, rate {rate}: all must be positive")
    sender = _Sender(
        requests, endpoint, client or runtime_client(threads), rate=rate, attempts=attempts, keep_answers=keep_answers
    )
    with ThreadPoolExecutor(threads, thread_name_prefix="traffic") as pool:
        # Whatever ends the start or the watch, Ctrl-C too, ends the workers after their present request.
        try:
            workers = {pool.submit(sender.work) for _ in range(threads)}
            _watch(workers, sender, on_progress)
        finally:
            sender.stop.set()
    return sender.result()


def _watch(workers: set[Future[None]], sender: "_Sender", on_progress: Callable[[int, int], None] | None) -> None:
    while workers:
        done, workers = wait(workers, timeout=_PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
        for worker in done:
            worker.result()
        if on_progress:
            on_progress(sender.sent, sender.failed)


class _Sender:
    """What the threads of one `send` share. One lock guards the rows and the counts; no request is made under it."""

    def __init__(
        self,
        requests: Iterable[Request],
        endpoint: str,
        client: Any,
        *,
        rate: float | None,
        attempts: int,
        keep_answers: bool,
    ) -> None:
        self._rows = enumerate(requests)
        self._endpoint = endpoint
        self._client = client
        self._pause = 1 / rate if rate else 0.0
        self._attempts = attempts
        self._keep_answers = keep_answers
        self._lock = threading.Lock()
        self._answers: list[Answer] = []
        self._failures: Counter[str] = Counter()
        self._next_start = time.monotonic()
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._throttled = 0
        self.sent = 0
        self.stop = threading.Event()

    @property
    def failed(self) -> int:
        return self._failures.total()

    def work(self) -> None:
        """Send rows until there are none, or until `stop`. An error that concerns all requests stops the other
        threads as well.
        """
        try:
            while (taken := self._take()) is not None:
                self._send(*taken)
        except BaseException:
            self.stop.set()
            raise

    def _take(self) -> tuple[int, Request] | None:
        """The next row, at its time."""
        with self._lock:
            if self.stop.is_set():
                return None
            taken = next(self._rows, None)
            if taken is None:
                return None
            now = time.monotonic()
            start = max(self._next_start, now)
            self._next_start = start + self._pause
            self._first = self._first or datetime.now(UTC)
        if start > now and self.stop.wait(start - now):
            return None
        return taken

    def _send(self, index: int, request: Request) -> None:
        arguments: dict[str, Any] = {
            "EndpointName": self._endpoint,
            "ContentType": CONTENT_TYPE,
            "Body": request.payload.encode(),
        }
        if request.inference_id is not None:
            arguments["InferenceId"] = request.inference_id
        for attempt in range(1, self._attempts + 1):
            try:
                body = self._client.invoke_endpoint(**arguments)["Body"].read()
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _THROTTLING and attempt < self._attempts:
                    self._count_throttled()
                    # The pause doubles up to 10 s; the row's number spreads the threads over the second half of it.
                    self.stop.wait(min(0.1 * 2**attempt, 10.0) * (0.5 + (index % 8) / 16))
                    continue
                if code in _THROTTLING or code in _OF_ONE_REQUEST:
                    return self._count_failed(f"{code}: {one_line(error)}")
                raise InputError(
                    f"{self._endpoint}: {one_line(error)}; check the endpoint's name and status, and the credentials"
                ) from error
            except (ConnectTimeoutError, ReadTimeoutError) as error:
                return self._count_failed(f"{type(error).__name__}: no answer in time")
            except BotoCoreError as error:
                raise InputError(
                    f"{self._endpoint}: {one_line(error)}; check the credentials, the region and AWS_ENDPOINT_URL"
                ) from error
            return self._count_sent(index, body)
        return None

    def _count_sent(self, index: int, body: bytes) -> None:
        answer = Answer(index, body.decode("utf-8", "replace")) if self._keep_answers else None
        with self._lock:
            self.sent += 1
            self._last = datetime.now(UTC)
            if answer:
                self._answers.append(answer)

    def _count_failed(self, reason: str) -> None:
        with self._lock:
            self._failures[reason] += 1
            self._last = datetime.now(UTC)

    def _count_throttled(self) -> None:
        with self._lock:
            self._throttled += 1

    def result(self) -> TrafficResult:
        return TrafficResult(
            sent=self.sent,
            failed=self.failed,
            throttled=self._throttled,
            first=self._first,
            last=self._last,
            answers=tuple(sorted(self._answers, key=lambda answer: answer.index)),
            failures=dict(self._failures),
        )
