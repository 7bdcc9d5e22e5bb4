"""The kind of a column, and how many of its values are missing, as a comparison sees them."""

from typing import Any

from drift_tools.comparison import samples_of
from drift_tools.tables import as_table

NUMBER, TIME, TEXT = "numerical", "time", "categorical"


def look(data: Any, name: str = "c") -> tuple[str, int]:
    """The kind of a column and how many of its values are missing; the same on either way into a comparison."""
    found = []
    for source in (data, as_table(data)):
        sample = samples_of(source, what="data").columns[name]
        assert sample.problem is None, sample.problem
        kind = TIME if sample.is_time else NUMBER if sample.is_numerical else TEXT
        missing = sample.numbers.missing if sample.is_numerical else sample.categories.missing
        assert not sample.is_numerical or sample.numbers.wrong == 0
        found.append((kind, missing))
    assert found[0] == found[1]
    return found[0]
