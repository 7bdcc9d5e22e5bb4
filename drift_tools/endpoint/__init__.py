"""What talks to a deployed stack: traffic, labels, validation, and the way over from Model Monitor."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drift_tools.endpoint.acknowledgement import acknowledge
    from drift_tools.endpoint.dead_letters import redrive
    from drift_tools.endpoint.label_upload import read_labels, write_ground_truth
    from drift_tools.endpoint.migration import migrate
    from drift_tools.endpoint.new_normal import mark_bad, rebaseline
    from drift_tools.endpoint.retraining import approve, reject, retrain
    from drift_tools.endpoint.traffic import Request, anomalous_requests, baseline_requests, send
    from drift_tools.endpoint.validate import Check, all_ok, read_outputs, validate_stack

__all__ = [
    "Check",
    "Request",
    "acknowledge",
    "all_ok",
    "anomalous_requests",
    "approve",
    "baseline_requests",
    "mark_bad",
    "migrate",
    "read_labels",
    "read_outputs",
    "rebaseline",
    "redrive",
    "reject",
    "retrain",
    "send",
    "validate_stack",
    "write_ground_truth",
]

_HOMES = {
    "drift_tools.endpoint.acknowledgement": ("acknowledge",),
    "drift_tools.endpoint.dead_letters": ("redrive",),
    "drift_tools.endpoint.label_upload": (
        "read_labels",
        "write_ground_truth",
    ),
    "drift_tools.endpoint.migration": ("migrate",),
    "drift_tools.endpoint.new_normal": (
        "mark_bad",
        "rebaseline",
    ),
    "drift_tools.endpoint.retraining": ("approve", "reject", "retrain"),
    "drift_tools.endpoint.traffic": (
        "Request",
        "anomalous_requests",
        "baseline_requests",
        "send",
    ),
    "drift_tools.endpoint.validate": (
        "Check",
        "all_ok",
        "read_outputs",
        "validate_stack",
    ),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
