"""Two servers for the whole session, one with and one without IAM, and a bench that builds things on them."""

from collections.abc import Iterator

import pytest

import local_aws
from tests.local_aws.bench import START, Bench


@pytest.fixture(scope="session")
def cloud() -> Iterator[local_aws.LocalAws]:
    with local_aws.start(at=START) as running:
        yield running


@pytest.fixture(scope="session")
def guarded() -> Iterator[local_aws.LocalAws]:
    with local_aws.start(at=START, enforce_iam=True) as running:
        yield running


@pytest.fixture
def bench(cloud: local_aws.LocalAws) -> Bench:
    return Bench(cloud)


@pytest.fixture
def guarded_bench(guarded: local_aws.LocalAws) -> Bench:
    return Bench(guarded)
