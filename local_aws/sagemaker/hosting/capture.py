"""Data capture: records of invocations in AWS's format, buffered into files per endpoint, variant and hour.

Record and key layout: developer guide, "Capture data from real-time endpoint"; the encoding of a payload follows its
content type without parameters, and what is in neither list is BASE64.
"""

import base64
import json
import logging
import random
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local_aws.clock import floor_hour, iso

log = logging.getLogger("local_aws.capture")


@dataclass(frozen=True)
class Exchange:
    """One invocation: what came in and what went out."""

    received: bytes
    received_type: str
    answered: bytes
    answered_type: str
    inference_id: str | None
    custom_attributes: str | None


@dataclass(frozen=True)
class CaptureRule:
    """An endpoint configuration's DataCaptureConfig, read once."""

    destination: str
    percentage: int
    modes: frozenset[str]
    csv_types: frozenset[str]
    json_types: frozenset[str]

    @classmethod
    def read(cls, config: Mapping[str, Any] | None) -> "CaptureRule | None":
        """The rule of a DataCaptureConfig; None if capture is off."""
        if not config or not config.get("EnableCapture", False):
            return None
        headers = config.get("CaptureContentTypeHeader") or {}
        modes: set[str] = set()
        for option in config["CaptureOptions"]:
            modes |= {"Input", "Output"} if option["CaptureMode"] == "InputAndOutput" else {option["CaptureMode"]}
        return cls(
            destination=config["DestinationS3Uri"],
            percentage=config["InitialSamplingPercentage"],
            modes=frozenset(modes),
            csv_types=frozenset(t.lower() for t in headers.get("CsvContentTypes") or []),
            json_types=frozenset(t.lower() for t in headers.get("JsonContentTypes") or []),
        )

    def payload(self, mode: str, data: bytes, content_type: str) -> dict[str, str]:
        """A payload as it stands in a record."""
        encoding = self._encoding(content_type)
        try:
            text = data.decode() if encoding != "BASE64" else base64.b64encode(data).decode()
        except UnicodeDecodeError:
            encoding, text = "BASE64", base64.b64encode(data).decode()
        return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}

    def _encoding(self, content_type: str) -> str:
        bare = content_type.partition(";")[0].strip().lower()
        if bare in self.csv_types:
            return "CSV"
        return "JSON" if bare in self.json_types else "BASE64"


@dataclass
class _Buffer:
    """Records of one endpoint, variant and hour that have no file yet."""

    endpoint: str
    first: datetime
    due: datetime
    write: Callable[[str, bytes], None]
    lines: list[str] = field(default_factory=list)


class Capture:
    """Collects records and writes them when they are due."""

    def __init__(self, delay: float) -> None:
        self._delay = timedelta(seconds=delay)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._buffers: dict[tuple[str, datetime], _Buffer] = {}
        self._samplers: dict[str, random.Random] = {}

    def record(
        self, rule: CaptureRule, place: str, exchange: Exchange, now: datetime, write: Callable[[str, bytes], None]
    ) -> None:
        """Keep an invocation, if it is in the sample.

        `place` is `{endpoint}/{variant}`; `write(s3 uri, content)` will store the file.
        """
        if rule.percentage < 100 and self._sampler(place).uniform(0, 100) >= rule.percentage:
            return
        line = json.dumps(_record(rule, exchange, now), separators=(",", ":"), ensure_ascii=False)
        key = (f"{rule.destination}/{place}", floor_hour(now))
        with self._lock:
            buffer = self._buffers.get(key)
            if buffer is None:
                buffer = self._buffers[key] = _Buffer(place.partition("/")[0], now, now + self._delay, write)
            buffer.lines.append(line)

    def next_due(self) -> datetime | None:
        """When the next file appears; None if nothing is buffered."""
        with self._lock:
            return min((buffer.due for buffer in self._buffers.values()), default=None)

    def flush(self, now: datetime) -> None:
        """Write what is due. A file that cannot be written is lost, as on AWS, and the log says so."""
        with self._writing:
            self._write(lambda buffer: buffer.due <= now)

    def finish(self, endpoint: str) -> None:
        """Write what an endpoint that is deleted has captured, and wait for what is being written.

        AWS does not say what becomes of it, only that an endpoint's role must outlive the call by minutes (API
        reference, DeleteEndpoint). Here the role and the bucket may go at once, so it is written before the answer.
        """
        with self._writing:
            self._write(lambda buffer: buffer.endpoint == endpoint)

    def _write(self, wanted: Callable[[_Buffer], bool]) -> None:
        with self._lock:
            keys = [key for key, buffer in self._buffers.items() if wanted(buffer)]
            buffers = [(key, self._buffers.pop(key)) for key in keys]
        for (prefix, hour), buffer in buffers:
            name = f"{buffer.first:%M-%S}-{buffer.first.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
            uri = f"{prefix}/{hour:%Y/%m/%d/%H}/{name}"
            try:
                buffer.write(uri, ("\n".join(buffer.lines) + "\n").encode())
            except Exception as error:
                log.error("%d captured records were lost: %s could not be written: %s", len(buffer.lines), uri, error)

    def _sampler(self, place: str) -> random.Random:
        # Seeded by the endpoint's name: the same requests give the same sample on every run.
        return self._samplers.setdefault(place, random.Random(place))  # noqa: S311 - a sample, not a secret


def _record(rule: CaptureRule, exchange: Exchange, now: datetime) -> dict[str, Any]:
    data = {}
    if "Input" in rule.modes:
        data["endpointInput"] = rule.payload("INPUT", exchange.received, exchange.received_type)
    if "Output" in rule.modes:
        data["endpointOutput"] = rule.payload("OUTPUT", exchange.answered, exchange.answered_type)
    metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
    if exchange.custom_attributes is not None:
        metadata["customAttributes"] = [exchange.custom_attributes]
    if exchange.inference_id is not None:
        metadata["inferenceId"] = exchange.inference_id
    metadata["inferenceTime"] = iso(now)
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


def hour_prefixes(start: datetime, end: datetime) -> Sequence[str]:
    """The `yyyy/mm/dd/hh` of every hour that has a part in `[start, end)`."""
    hour, hours = floor_hour(start), []
    while hour < end:
        hours.append(f"{hour:%Y/%m/%d/%H}")
        hour += timedelta(hours=1)
    return hours
