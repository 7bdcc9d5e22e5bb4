"""By whose rules the open engine judges: its own, under the budget of false alarms, or Model Monitor's."""

from typing import Final, Literal, TypeAlias

from drift_tools.errors import InputError

Rules: TypeAlias = Literal["calibrated", "model-monitor"]
CALIBRATED: Final[Rules] = "calibrated"
MODEL_MONITOR: Final[Rules] = "model-monitor"


def rules_named(name: str | None) -> Rules:
    """The rules of this name, `calibrated` if nobody says; raises `InputError` for any other name."""
    if name is None or name == CALIBRATED:
        return CALIBRATED
    if name == MODEL_MONITOR:
        return MODEL_MONITOR
    raise InputError(f"rules is {name!r}: give {CALIBRATED} or {MODEL_MONITOR}")
