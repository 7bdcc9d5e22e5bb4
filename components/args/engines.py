"""Who runs the monitoring jobs."""

from typing import Final

MODEL_MONITOR: Final = "model-monitor"
OPEN: Final = "open"
BOTH: Final = "both"
ENGINES: Final = (MODEL_MONITOR, OPEN, BOTH)
