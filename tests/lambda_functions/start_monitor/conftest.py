"""A delivery of the open engine's schedule, on AWS in memory."""

import copy
from typing import Any

import pytest

from tests.lambda_functions.fakes import FakeCloudWatch, FakeLambda, FakeS3, FakeSageMaker
from tests.lambda_functions.start_monitor.deliveries import EVENT, MODULES, SETTINGS


@pytest.fixture
def functions() -> FakeLambda:
    return FakeLambda()


@pytest.fixture
def deliver(s3: FakeS3, sagemaker: FakeSageMaker, functions: FakeLambda, cloudwatch: FakeCloudWatch) -> Any:
    def deliver(**changes: Any) -> Any:
        event = copy.deepcopy(EVENT)
        event["scheduled_time"] = changes.pop("scheduled_time", event["scheduled_time"])
        timing = {name: changes.pop(name) for name in ("deadline", "clock") if name in changes}
        event["plan"] |= changes
        return MODULES.handler.process(
            event,
            SETTINGS,
            s3=s3,
            sagemaker=sagemaker,
            functions=functions,
            cloudwatch=cloudwatch,
            **timing,
        )

    return deliver
