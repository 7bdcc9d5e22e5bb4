"""Columns to compare."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.drift_tools.comparison.verdicts import N


@pytest.fixture(scope="module")
def normal() -> Callable[..., Any]:
    rng = np.random.default_rng(3)

    def draw(size: int = N, shift: float = 0.0) -> Any:
        return rng.normal(shift, size=size)

    return draw
