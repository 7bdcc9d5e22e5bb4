"""One embedded AWS with IAM enforced for the tests of a fleet."""

from collections.abc import Iterator

import pytest

import local_aws
from local_aws.apply import Settings


@pytest.fixture(scope="session")
def fleet_cloud() -> Iterator[local_aws.LocalAws]:
    """The running embedded AWS."""
    with local_aws.start(enforce_iam=True) as cloud:
        yield cloud
        assert cloud.failures() == []


@pytest.fixture(scope="session")
def fleet_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a stack without configuration."""
    return Settings("fleet", "dev", directory=tmp_path_factory.mktemp("settings"))
