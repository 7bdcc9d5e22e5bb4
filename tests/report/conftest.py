"""Comparisons of every kind that a report has to show."""

import numpy as np
import pytest

from drift_tools import Comparison, compare

ROWS = 2000
Columns = dict[str, "np.ndarray[tuple[int], np.dtype[np.float64]] | list[str | None]"]


def columns(seed: int, shift: float = 0.0, codes: tuple[str, ...] = ("1", "2", "3"), missing: float = 0.0) -> Columns:
    generator = np.random.default_rng(seed)
    number = generator.normal(shift, 1, ROWS)
    holes = generator.random(ROWS) < missing
    letters: list[str | None] = [
        None if hole else str(code) for code, hole in zip(generator.choice(codes, ROWS), holes, strict=True)
    ]
    return {"number": number, "code": letters, "other": generator.normal(0, 1, ROWS)}


@pytest.fixture(scope="session")
def quiet() -> Comparison:
    """Nothing drifted."""
    return compare(columns(1), columns(2))


@pytest.fixture(scope="session")
def loud() -> Comparison:
    """`number` moved far out of its range; `code` has a new category and missing values; `other` is the same."""
    return compare(columns(1), columns(2, shift=30, codes=("1", "2", "9"), missing=0.2))


@pytest.fixture(scope="session")
def short() -> Comparison:
    """Five rows a side."""
    return compare({"number": np.arange(5.0)}, {"number": np.arange(5.0)})
