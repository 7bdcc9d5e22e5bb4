"""The monitor as a processing job: what its container gives it, what it writes, and what it publishes."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drift_tools.job.baseline_files import suggest_baseline
    from drift_tools.job.container import Job, run_job, run_program
    from drift_tools.job.inputs.dataset import load_json
    from drift_tools.job.kinds.data_quality import monitor_captures
    from drift_tools.job.results import VIOLATIONS

__all__ = ["VIOLATIONS", "Job", "load_json", "monitor_captures", "run_job", "run_program", "suggest_baseline"]

_HOMES = {
    "drift_tools.job.baseline_files": ("suggest_baseline",),
    "drift_tools.job.container": ("Job", "run_job", "run_program"),
    "drift_tools.job.inputs.dataset": ("load_json",),
    "drift_tools.job.kinds.data_quality": ("monitor_captures",),
    "drift_tools.job.results": ("VIOLATIONS",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
