"""The fast reader of captured lines beside the careful one."""

import numpy as np

from drift_tools.capture import Captures, iterate_captures, read_captures


def assert_same(lines: list[str]) -> Captures:
    """The fast reader's answer, which is the careful one's, also where the types are asked for beforehand."""
    careful, fast = read_captures(lines, fast=False), read_captures(lines)
    typed = next(iterate_captures(lines, typed=True, batch_rows=10**6))
    for found in (fast, typed):
        assert (found.read, found.used, found.skipped) == (careful.read, careful.used, careful.skipped)
        assert found.origins == careful.origins
        assert found.data.names == careful.data.names
        for name, column in found.data.columns.items():
            other = careful.data.columns[name]
            numbers, wrong = column.as_numbers()
            assert (len(column), column.present, wrong) == (len(other), other.present, other.as_numbers()[1])
            assert np.array_equal(numbers.view(np.int64), other.as_numbers()[0].view(np.int64)), name
            assert column.types == other.types, name
            assert column.as_texts().tolist() == other.as_texts().tolist(), name
            assert column.is_mostly_numerical == other.is_mostly_numerical, name
    return fast
