"""What every test may rely on."""

import gc
import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

# One thread for linear algebra, in the tests and in whatever they start: two workers with two threads each wait for
# each other in busy loops (tests/drift_tools/significance/test_multivariate.py: 7 s of processor time instead of 40).
# Set before numpy is imported, which reads it once.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Mocked deployments make tens of thousands of objects each, on top of the millions that the SDK is: looking through
# them for garbage after every 700 new ones takes a fifth of the tests' processor time.
gc.set_threshold(1_000_000, 20, 20)

try:
    from hypothesis import settings
except ModuleNotFoundError:  # Spark's own environment has no more than its tests need
    pass
else:
    # Without deadlines: a machine that is busy is no failure.
    # The same examples on every machine and every day: a run that fails is no surprise of the day. New ones are looked
    # for with `pytest -m hypothesis --hypothesis-profile=explore`, and what they find becomes an `@example`.
    settings.register_profile("fixed", derandomize=True, deadline=None)
    settings.register_profile("explore", print_blob=True)
    settings.load_profile("fixed")


def pytest_configure() -> None:
    # A shell that starts the tests in the background has them ignore Ctrl-C, and a process that ignores a signal hands
    # that down to whatever it starts. The tests that interrupt a program need it to listen.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    if not find_spec("hypothesis"):
        return
    from hypothesis import given, strategies  # noqa: PLC0415 - not in Spark's environment

    @given(strategies.none())
    def nothing(_: None) -> None:
        """Before a process's first test Hypothesis looks among all objects for holders of its random numbers: here
        there are few; after the collection it takes a second and a half.
        """

    nothing()


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    # All tests have ended: looking through a worker's objects for garbage again, and at the interpreter's end,
    # takes seconds each, after which xdist takes the worker for stuck and interrupts it.
    gc.freeze()


# Longest first, as measured, so that two workers end together.
FIRST = (
    "tests/engine/",
    "tests/demo/",
    "tests/components/",
    "tests/local_aws/",
    "tests/open_engine/",
    "tests/distribution/",
    "tests/apply/",
    "tests/fleet/",
)


# Set by `make test-engine`.
MATRIX = "MODEL_MONITORING_ENGINE_MATRIX"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((at for at, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))

    items.sort(key=place)
    for item in items:
        if item.get_closest_marker("matrix") and not os.environ.get(MATRIX):
            item.add_marker(pytest.mark.skip(reason="minutes: `make test-engine` runs it"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.scheduling import TogetherScheduling  # noqa: PLC0415 - xdist, which Spark's environment does not have

    return TogetherScheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def sdk_files_are_read_once() -> None:
    """Every test that mocks AWS makes sessions of its own, which would read the descriptions of services again."""
    if find_spec("boto3") is None:  # Spark's own environment
        return
    from local_aws.sdk_files import read_files_once  # noqa: PLC0415 - boto3, which that environment does not have

    read_files_once()


@pytest.fixture(scope="session", autouse=True)
def layer_for_small_windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test of a program downloads 42 MB of wheels: the layer that a deployment makes is there, and small."""
    if find_spec("pulumi") is None:  # Spark's own environment
        yield
        return
    from components.archives import numpy_layer  # noqa: PLC0415 - Pulumi, which that environment does not have
    from tests.fake_layer import write_layer  # noqa: PLC0415 - and with it this

    folder: Path = tmp_path_factory.mktemp("layers")
    write_layer(numpy_layer.place(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numpy_layer.built, "__defaults__", (folder, numpy_layer.REQUIREMENTS))
        yield
