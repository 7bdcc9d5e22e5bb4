"""A server that no test outside of this folder moves, and a monitor on it."""

from collections.abc import Iterator

import pytest

import local_aws
from tests.local_aws.bench import START
from tests.local_aws.schedules.monitored import Monitored


@pytest.fixture(scope="session")
def own_cloud() -> Iterator[local_aws.LocalAws]:
    """A server whose clock and schedules are these tests': each begins at whatever hour the last one left."""
    with local_aws.start(at=START) as cloud:
        yield cloud


@pytest.fixture
def emptied_cloud(own_cloud: local_aws.LocalAws) -> Iterator[local_aws.LocalAws]:
    """The same, whose schedules go with the test: another test's hours must not run them."""
    yield own_cloud
    sagemaker = own_cloud.client("sagemaker")
    for schedule in sagemaker.list_monitoring_schedules(MaxResults=100)["MonitoringScheduleSummaries"]:
        sagemaker.delete_monitoring_schedule(MonitoringScheduleName=schedule["MonitoringScheduleName"])


@pytest.fixture
def monitored(emptied_cloud: local_aws.LocalAws) -> Monitored:
    return Monitored(emptied_cloud)
