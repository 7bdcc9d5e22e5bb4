"""One embedded AWS and one provider for all tests of a worker; a program and a state for each test.

Tests that begin with the stack dev deployed, and leave it so, share one (`dev`).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

import local_aws
from components.archives import numpy_layer
from examples.demo.deploying import environment_variables
from local_aws.apply import inventory
from local_aws.provider import Plugins, Serving, serve
from tests.engine.deployed import Deployed, Shared
from tests.engine.lab import NO_CHECKPOINTS, Lab, find_cli
from tests.engine.programs import programs_here

NO_LAYER = "the layer for small windows is not there: `make layer`, where there is a package index"
NO_CLI = "the Pulumi CLI is not on this machine, and `make pulumi` has not built it"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    own = [item for item in items if item.nodeid.startswith("tests/engine/")]  # the paths of all take ten times as long
    if own and (missing := _missing()):
        for item in own:
            item.add_marker(pytest.mark.skip(reason=missing))

    def turn(item: pytest.Item) -> int:
        if not item.nodeid.startswith("tests/engine/"):
            return 0
        return ("dev" in getattr(item, "fixturenames", ())) + 2 * (item.get_closest_marker("destroys_dev") is not None)

    items.sort(key=turn)  # any order will do; in this one the shared stack is deployed once


def _missing() -> str:
    if find_cli() is None:
        return NO_CLI
    return "" if numpy_layer.place().exists() else NO_LAYER


@pytest.fixture(scope="session")
def shared_cloud() -> Iterator[local_aws.LocalAws]:
    """The running embedded AWS, with IAM enforced."""
    with local_aws.start(enforce_iam=True) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def serving(shared_cloud: local_aws.LocalAws) -> Iterator[Serving]:
    """Both providers, in this process."""
    with serve(shared_cloud) as serving:
        yield serving


@pytest.fixture(scope="session")
def plugins(shared_cloud: local_aws.LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugins]:
    """The executables that `make local-aws` makes."""
    with Plugins(shared_cloud, tmp_path_factory.mktemp("plugins")) as plugins:
        yield plugins


@pytest.fixture(scope="session")
def secrets_provider(shared_cloud: local_aws.LocalAws) -> str:
    """A key of KMS, as teams have it; from a passphrase the CLI computes a fifth of a second each time it starts."""
    key = shared_cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    return f"awskms:///{key}?region=us-east-1"


@pytest.fixture
def lab(
    tmp_path: Path, shared_cloud: local_aws.LocalAws, serving: Serving, plugins: Plugins, secrets_provider: str
) -> Iterator[Lab]:
    """The program with an empty state. AWS is as empty afterwards as it was before; on the way nothing failed."""
    before, failed = inventory(shared_cloud), len(shared_cloud.failures())
    made = Lab(tmp_path, shared_cloud, serving, plugins, secrets_provider)
    with environment_variables(made.variables), programs_here():
        yield made
    assert inventory(shared_cloud) == before
    assert shared_cloud.invalid_requests() == []
    told = shared_cloud.failures()[failed:]
    assert [line for line in told if not any(part in line for part in made.breaks)] == []


@pytest.fixture
def checkpoints(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine writes the state at every step, as it does for users: for tests of what it has when it ends there."""
    assert lab
    monkeypatch.delenv(NO_CHECKPOINTS)


@pytest.fixture(scope="session")
def shared_dev(
    shared_cloud: local_aws.LocalAws,
    serving: Serving,
    plugins: Plugins,
    secrets_provider: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shared]:
    """The stack dev that tests share; nothing is deployed until one uses it."""
    shared = Shared(Lab(tmp_path_factory.mktemp("dev"), shared_cloud, serving, plugins, secrets_provider))
    yield shared
    shared.end()


@pytest.fixture
def dev(shared_dev: Shared) -> Iterator[Deployed]:
    """The stack dev, deployed. A test leaves it as it found it, or destroys it."""
    with shared_dev.used() as stack:
        yield stack
