"""One embedded AWS, with IAM enforced, for all tests of a worker; each test removes what it creates."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import local_aws
from local_aws.apply import Settings, inventory

# Posted is only on this machine; a team's queue has no policy.
_INTENDED = ("https://hooks.example.com/", "SNS fanout: queue policy denies delivery")


@pytest.fixture(scope="session")
def shared_cloud() -> Iterator[local_aws.LocalAws]:
    """The running embedded AWS."""
    with local_aws.start(enforce_iam=True) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def left(shared_cloud: local_aws.LocalAws) -> dict[str, frozenset[str]]:
    """What the test before left behind; at first what a new AWS has."""
    return inventory(shared_cloud)


@pytest.fixture
def cloud(shared_cloud: local_aws.LocalAws, left: dict[str, frozenset[str]]) -> Iterator[local_aws.LocalAws]:
    """The embedded AWS, which must be as empty after the test as it was before; nothing failed in it."""
    failed = len(shared_cloud.failures(but=_INTENDED))
    yield shared_cloud
    before = dict(left)
    left.clear()
    left.update(inventory(shared_cloud))
    assert left == before
    assert shared_cloud.failures(but=_INTENDED)[failed:] == []


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a stack without configuration."""
    return Settings("tests", "dev", directory=tmp_path)
