"""Many models: results as tables, and one overview of them all."""

from drift_tools.fleet.fill import Filled, compact_tables, fill_acknowledgements, fill_tables
from drift_tools.fleet.overview import (
    DRIFTING,
    LEARNING,
    SILENT,
    STATES,
    STEADY,
    WORSE,
    FeatureNow,
    Fleet,
    Model,
    VersionView,
    overview_of,
)
from drift_tools.fleet.reading import MOST_MODELS, read_fleet
from drift_tools.fleet.store import Store, open_store

__all__ = [
    "DRIFTING",
    "LEARNING",
    "MOST_MODELS",
    "SILENT",
    "STATES",
    "STEADY",
    "WORSE",
    "FeatureNow",
    "Filled",
    "Fleet",
    "Model",
    "Store",
    "VersionView",
    "compact_tables",
    "fill_acknowledgements",
    "fill_tables",
    "open_store",
    "overview_of",
    "read_fleet",
]
