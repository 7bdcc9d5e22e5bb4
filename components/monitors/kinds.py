"""The list of kinds. A kind that is added here is deployed, alarmed on and shown."""

from typing import Final

from components.args import StackSettings
from components.monitors.attribution import Attribution
from components.monitors.batch import Batch
from components.monitors.bias import Bias
from components.monitors.custom import Custom
from components.monitors.data_quality import DataQuality
from components.monitors.kind import Monitor
from components.monitors.model_quality import ModelQuality

MONITOR_KINDS: Final[tuple[type[Monitor], ...]] = (DataQuality, ModelQuality, Bias, Attribution, Batch, Custom)


def monitors_of(settings: StackSettings) -> dict[str, Monitor]:
    """The monitors of a stack that are on, by the names of their kinds."""
    found = [kind.of(settings) for kind in MONITOR_KINDS]
    return {monitor.kind.name: monitor for monitor in found if monitor is not None}
