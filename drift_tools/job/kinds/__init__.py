"""The kinds of monitors as jobs. A kind that is added here is run."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final

from contract.monitor_kinds import ATTRIBUTION, BATCH, BIAS, CUSTOM, DATA_QUALITY, MODEL_QUALITY
from drift_tools.job.container import Job
from drift_tools.job.results import Found
from drift_tools.job.settings import MonitorSettings

Run = Callable[[Job, MonitorSettings], Found | None]
# By name and not imported: a run of one kind loads nothing of the others, some of which need scipy.
_MODULES: Final[Mapping[str, str]] = {
    DATA_QUALITY: "drift_tools.job.kinds.data_quality",
    MODEL_QUALITY: "drift_tools.job.kinds.model_quality",
    BIAS: "drift_tools.job.kinds.bias",
    ATTRIBUTION: "drift_tools.job.kinds.attribution",
    BATCH: "drift_tools.job.kinds.batch",
    CUSTOM: "drift_tools.job.kinds.custom",
}


def run_of(kind: str) -> Run:
    """What runs a kind: `run` of its module takes the job and its settings, returns the metrics and the message, or
    None on instances that have handed their share over.
    """
    run: Run = import_module(_MODULES[kind]).run
    return run
