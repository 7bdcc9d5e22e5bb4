"""One embedded AWS, with IAM enforced, for all tests of a worker; each test removes what it creates."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import local_aws
from local_aws.apply import Settings, inventory


@pytest.fixture(scope="session")
def shared_cloud() -> Iterator[local_aws.LocalAws]:
    """The running embedded AWS."""
    with local_aws.start(enforce_iam=True) as cloud:
        yield cloud


@pytest.fixture
def cloud(shared_cloud: local_aws.LocalAws) -> Iterator[local_aws.LocalAws]:
    """The embedded AWS, which must be as empty after the test as it was before."""
    before = inventory(shared_cloud)
    yield shared_cloud
    assert inventory(shared_cloud) == before


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a stack without configuration."""
    return Settings("tests", "dev", directory=tmp_path)
