"""The stream beside the recipe: every request also goes into Kinesis, and a break rings in seconds."""

import json
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from drift_tools.stream import Producer
from examples.demo.loop import Loop
from examples.demo.mailbox import Message
from examples.demo.page import Streamed
from examples.demo.waiting import DemoError, wait_until

# As real time would pass, and quicker: the stream's windows take five seconds, and CloudWatch looks every ten.
_STEP: Final = timedelta(seconds=2)
_LIMIT: Final = timedelta(minutes=5)
_PAUSE_SECONDS: Final = 0.5
_WINDOW: Final = 5
_TOLD: Final = "changed in the stream"
# The header of a library for a machine that this one is not: the embedded AWS takes its own numpy in its place.
_FOREIGN: Final = b"\x7fELF\x02\x01\x01" + bytes(9) + (3).to_bytes(2, "little") + (8).to_bytes(2, "little")


def layer_for_here(folder: Path) -> Path:
    """A layer that stands for numpy's arm64 wheel, which a deployment to AWS downloads and checks by its hash."""
    path = folder / "numpy-layer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("python/numpy/__init__.py", "")
        archive.writestr("python/numpy/_core.cpython-313-aarch64-linux-gnu.so", _FOREIGN)
    return path


class Stream:
    """The stack's stream: what was put into it, what it told, and how soon."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        cloud = loop.stack.cloud
        self._producer = Producer(
            loop.stack.outputs["stream_name"],
            runtime=cloud.client("sagemaker-runtime"),
            kinesis=cloud.client("kinesis"),
            cloudwatch=cloud.client("cloudwatch"),
            seconds=0.2,
            clock=self._now,
        )
        loop.stack.runtime = self._producer
        self._put = 0
        self._asked, self._ahead = float("-inf"), timedelta()
        self._delay: timedelta | None = None

    def _now(self) -> datetime:
        """The stack's clock, asked once a second: every answer of the endpoint is stamped with it."""
        if time.monotonic() > self._asked + 1:
            self._ahead = self._loop.stack.cloud.clock.now() - datetime.now(UTC)
            self._asked = time.monotonic()
        return datetime.now(UTC) + self._ahead

    def close(self) -> None:
        """Send what waits and stop."""
        self._producer.close()

    def settle(self, number: int) -> None:
        """Let seconds pass until so many more records are counted: only then may the clock go on by an hour."""
        self._put += number
        clock = self._loop.stack.cloud.clock
        wait_until("the producer's records", lambda: self._producer.sent >= self._put or None)
        now = clock.now()
        clock.advance_to(now + timedelta(seconds=_WINDOW - now.timestamp() % _WINDOW))
        wait_until("the stream's counts", lambda: self._counted() >= self._put or None, seconds=60)

    def wait_for_notification(self, number: int, began: datetime) -> None:
        """Let seconds pass until people are told of what began then, unless they are already. One step."""
        loop, clock = self._loop, self._loop.stack.cloud.clock
        with loop.steps.step("the stream: seconds pass until its notification") as step:
            self.settle(number)
            limit = clock.now() + _LIMIT
            while (message := self._message()) is None:
                if clock.now() > limit:
                    raise DemoError(f"the stream told nobody within {_LIMIT}; see the log of the function stream-drift")
                time.sleep(_PAUSE_SECONDS)
                clock.advance(_STEP)
            # By SNS's own word: a mailbox sees a message when somebody looks.
            told = datetime.fromisoformat(message.envelope["Timestamp"])
            self._delay = told - began
            loop.note("the stream's notification has arrived", key=True, at=told)
            step.result = f"{self._delay.total_seconds():.0f} s after the first anomalous request: {message.subject!r}"

    def _message(self) -> Message | None:
        return next((message for message in self._loop.messages() if _TOLD in message.subject), None)

    def result(self, told: int) -> Streamed:
        """What the stream counted and told; `told` are all rings, the monitor's among them."""
        if self._delay is None:
            raise DemoError("the stream has told nobody")
        counted = self._counted()
        return Streamed(counted, self._put - counted, self._delay.total_seconds(), told)

    def _counted(self) -> int:
        """Records that were looked at, and those of windows that wait for others."""
        stack, s3 = self._loop.stack, self._loop.stack.cloud.client("s3")
        key = f"stream-state/{stack.outputs['endpoint_name']}/state.json"
        bucket = stack.outputs["bucket_name"]
        if not s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents"):
            return 0
        tally = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["tally"]
        waiting = sum(window["counts"]["records"] for window in tally["waiting"].values())
        return int(tally["records"]) + int(waiting)


@contextmanager
def streaming(loop: Loop) -> Iterator[Stream]:
    """Every request of the scenario also goes into the stream for as long as this is open."""
    stream = Stream(loop)
    try:
        yield stream
    finally:
        stream.close()


@contextmanager
def layer_folder() -> Iterator[Path]:
    """Where the layer lies while the demo runs."""
    with tempfile.TemporaryDirectory(prefix="demo-layer-") as folder:
        yield layer_for_here(Path(folder))
