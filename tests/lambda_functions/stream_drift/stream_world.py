"""A stream of records, and the function that looks for drift in it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np

from drift_tools.profiles import Profile
from drift_tools.stream import encode_record
from drift_tools.tables import as_table
from functions.common.idempotency import Clock
from functions.stream_drift.baselines import Baselines
from functions.stream_drift.handler import Settings, StreamDrift
from functions.stream_drift.shared_state import SharedState
from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3

STATISTICS = "baseline-data/results/statistics.json"
START = 1_800_000_000 - 1_800_000_000 % 10
ENVIRONMENT = {
    "ENDPOINT_NAME": "churn",
    "STREAM_MONITOR_NAME": "churn-stream",
    "METRIC_NAMESPACE": "ModelMonitoring/churn",
    "BUCKET_NAME": "churn-data",
    "STATE_PREFIX": "stream-state",
    "BASELINE_URIS": f"s3://churn-data/baseline-data/results/stream.json s3://churn-data/{STATISTICS}",
    "WINDOW_SECONDS": "10",
    "FALSE_ALARMS_PER_YEAR": "0.5",
}
STATE, FINDINGS = "stream-state/churn/state.json", "stream-state/churn/findings/"


def statistics() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    table = as_table({"answer": rng.choice(["yes", "no"], 4000), "x": rng.normal(size=4000)})
    return Profile.of(table).statistics().to_dict()


def record(answer: str, x: float, number: int) -> bytes:
    return encode_record(
        received=f"{x}".encode(),
        received_type="text/csv",
        answered=answer.encode(),
        answered_type="text/csv",
        event_id=f"id-{number}",
        inference_id=None,
        at=datetime(2027, 1, 15, tzinfo=UTC),
    )


class World:
    """One stream's function, its bucket and its clock; each call is given the state that the last one returned."""

    def __init__(self) -> None:
        self.s3, self.cloudwatch = FakeS3(), FakeCloudWatch()
        self.s3.put(STATISTICS, statistics())
        self.now = float(START)
        self.sequence = 0
        self.rng = np.random.default_rng(7)
        self.function = self.fresh()

    def fresh(self) -> StreamDrift:
        """Another execution environment, as of a new version."""
        settings = Settings.read(ENVIRONMENT)
        clock = Clock(lambda: self.now, self._sleep)
        baselines = Baselines(self.s3, settings.baseline_uris, settings.window_seconds, 0.5, clock)
        shared = SharedState(self.s3, settings.bucket, "stream-state/churn", clock)
        return StreamDrift(settings, baselines, shared, self.cloudwatch, clock)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def batch(self, rows: int, *, shift: float = 0.0) -> list[dict[str, Any]]:
        values = self.rng.normal(shift, 1, rows)
        answers = self.rng.choice(["yes", "no"], rows)
        return [self.kinesis(record(str(a), float(x), self.sequence + 1)) for a, x in zip(answers, values, strict=True)]

    def kinesis(self, data: bytes) -> dict[str, Any]:
        self.sequence += 1
        return {"kinesis": {"sequenceNumber": str(self.sequence), "data": base64.b64encode(data).decode()}}

    def event(self, window: int, records: list[Any], state: Any, *, shard: str = "0", final: bool = False) -> Any:
        start = datetime.fromtimestamp(START + 10 * window, UTC)
        return {
            "Records": records,
            "window": {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": "unused"},
            "state": state,
            "shardId": f"shardId-{shard}",
            "eventSourceARN": "arn",
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": False,
        }

    def call(self, *arguments: Any, **options: Any) -> Any:
        return self.function.process(self.event(*arguments, **options), self.now + 60)

    def window(self, window: int, *batches: list[Any], shard: str = "0") -> None:
        """A whole window of a shard."""
        state: Any = {}
        for batch in batches:
            answer = self.call(window, batch, state, shard=shard)
            assert answer["batchItemFailures"] == []
            state = json.loads(json.dumps(answer["state"]))
        self.call(window, [], state, shard=shard, final=True)

    def metric(self, name: str) -> list[float]:
        return [
            datum["Value"]
            for request in self.cloudwatch.requests("PutMetricData")
            for datum in request["MetricData"]
            if datum["MetricName"] == name
        ]

    def findings(self) -> list[Any]:
        return [self.s3.json(key) for key in self.s3.keys(FINDINGS)]
