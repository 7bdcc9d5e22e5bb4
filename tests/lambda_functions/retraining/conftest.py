"""Retraining's services, as they are before a run."""

import pytest

from tests.lambda_functions.retraining.services import World


@pytest.fixture
def world() -> World:
    return World()
