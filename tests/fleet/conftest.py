"""One embedded AWS with IAM enforced for the tests of a fleet."""

from collections.abc import Iterator

import pytest

import local_aws
from local_aws.apply import Settings


@pytest.fixture(scope="session")
def fleet_cloud() -> Iterator[local_aws.LocalAws]:
    """The running embedded AWS, in which nothing fails but two queries that are meant to."""
    with local_aws.start(enforce_iam=True) as cloud:
        yield cloud
        assert cloud.failures(but=("SYNTAX_ERROR: ", "Bytes scanned limit was exceeded")) == []


@pytest.fixture(scope="session")
def fleet_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a stack without configuration."""
    return Settings("fleet", "dev", directory=tmp_path_factory.mktemp("settings"))
