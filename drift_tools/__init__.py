"""Statistics over captured requests: whether they are still what the model was trained on.

`compare` says which features drifted, `compare_windows` since when, `read_captures` turns an endpoint's captured data
into a table, `read_table` reads a CSV or Parquet file, `render_comparison` makes the report. Importing the package
costs nothing; numpy and the rest are loaded with the first name that is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drift_tools.capture import Captures, iterate_captures, read_captures
    from drift_tools.comparison import Baseline, Comparison, compare, prepare_baseline
    from drift_tools.errors import InputError
    from drift_tools.report import render_comparison
    from drift_tools.significance import MultivariateTest, alpha_per_run, block_p_value, two_sample_test
    from drift_tools.tables import read_table
    from drift_tools.timeline import Onset, Timeline, compare_windows, split_by_time
    from drift_tools.version import __version__

__all__ = [
    "Baseline",
    "Captures",
    "Comparison",
    "InputError",
    "MultivariateTest",
    "Onset",
    "Timeline",
    "__version__",
    "alpha_per_run",
    "block_p_value",
    "compare",
    "compare_windows",
    "iterate_captures",
    "prepare_baseline",
    "read_captures",
    "read_table",
    "render_comparison",
    "split_by_time",
    "two_sample_test",
]

_HOMES = {
    "drift_tools.capture": ("Captures", "iterate_captures", "read_captures"),
    "drift_tools.comparison": ("Baseline", "Comparison", "compare", "prepare_baseline"),
    "drift_tools.errors": ("InputError",),
    "drift_tools.report": ("render_comparison",),
    "drift_tools.significance": ("MultivariateTest", "alpha_per_run", "block_p_value", "two_sample_test"),
    "drift_tools.tables": ("read_table",),
    "drift_tools.timeline": ("Onset", "Timeline", "compare_windows", "split_by_time"),
    "drift_tools.version": ("__version__",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
