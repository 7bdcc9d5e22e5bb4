"""Stacks that the open engine runs."""

from collections.abc import Callable

import pytest

from tests.components.mocked_runtime import Run


@pytest.fixture(scope="module")
def one(run_variant: Callable[..., Run]) -> Run:
    """A stack that the open engine runs."""
    return run_variant("open")


@pytest.fixture(scope="module")
def both(run_variant: Callable[..., Run]) -> Run:
    """Both engines, with everything that they can be asked for."""
    return run_variant("both")


@pytest.fixture(scope="module")
def adopted(run_variant: Callable[..., Run]) -> Run:
    """The open engine on an endpoint that existed."""
    return run_variant("open, adopted")
