"""The fakes, and a responder around them whose clock a test turns."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker, FakeSns
from tests.lambda_functions.functions import common, load

RUN = "monitoring-results/churn-endpoint/churn-data-quality"


@dataclass
class ManualClock:
    """Seconds that pass only while someone sleeps; `on_sleep` runs then, as another invocation would."""

    seconds: float = 1_000_000.0
    sleeps: int = 0
    on_sleep: list[Any] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.seconds += seconds
        if self.on_sleep:
            self.on_sleep.pop(0)()


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def sns() -> FakeSns:
    return FakeSns()


@pytest.fixture
def cloudwatch() -> FakeCloudWatch:
    return FakeCloudWatch()


@pytest.fixture
def sagemaker() -> FakeSageMaker:
    return FakeSageMaker()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def responder_environment() -> dict[str, str]:
    return {
        "BUCKET_NAME": "churn-data",
        "RESULTS_PREFIX": "monitoring-results",
        "STATE_PREFIX": "responder-state",
        "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-central-1:111122223333:churn-notifications",
    }


@pytest.fixture
def new_responder(s3: FakeS3, sns: FakeSns, clock: ManualClock, responder_environment: dict[str, str]) -> Any:
    """Makes the responder of one invocation: `new_responder(seconds=60, owner="first", NOTIFY_ON_OK="true")`."""
    functions = load("alarm_responder")

    def make(*, seconds: float = 60.0, owner: str = "first", **environment: str) -> Any:
        settings = functions.responder.Settings.read({**responder_environment, **environment})
        store = common("idempotency").IdempotencyStore(
            s3=s3,
            bucket=settings.bucket,
            owner=owner,
            deadline=clock.now() + seconds,
            clock=common("idempotency").Clock(now=clock.now, sleep=clock.sleep),
        )
        return functions.responder.Responder(settings, s3, sns, store)

    return make


@pytest.fixture(autouse=True)
def _no_real_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that a test makes by mistake finds no credentials of this machine, and no region."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def drift(feature: str, distance: float, threshold: float = 0.1) -> dict[str, str]:
    """A drift violation as the monitor words it."""
    return {
        "feature_name": feature,
        "constraint_check_type": "baseline_drift_check",
        "description": f"Baseline drift distance: {distance} exceeds threshold: {threshold}",
    }


def numeric(name: str, mean: float, low: float, high: float, *, missing: int = 0) -> dict[str, Any]:
    """A numerical feature of statistics.json, of 200 rows."""
    return {
        "name": name,
        "inferred_type": "Fractional",
        "numerical_statistics": {
            "common": {"num_present": 200 - missing, "num_missing": missing},
            "mean": mean,
            "sum": mean * 200,
            "std_dev": 2.5,
            "min": low,
            "max": high,
            "distribution": {"kll": {"buckets": []}},
        },
    }


def categories(name: str, **counts: int) -> dict[str, Any]:
    """A string feature of statistics.json."""
    return {
        "name": name,
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": sum(counts.values()), "num_missing": 0},
            "distinct_count": float(len(counts)),
            "distribution": {
                "categorical": {"buckets": [{"value": value, "count": count} for value, count in counts.items()]}
            },
        },
    }


def statistics(*features: dict[str, Any]) -> dict[str, Any]:
    """A statistics.json."""
    return {"version": 0.0, "dataset": {"item_count": 200}, "features": list(features)}
