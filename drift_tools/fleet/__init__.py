"""Many models: results as tables, and one overview of them all."""

from drift_tools.fleet.fill import Filled, compact_tables, fill_acknowledgements, fill_tables
from drift_tools.fleet.overview import Fleet, Model, overview_of
from drift_tools.fleet.reading import MOST_MODELS, read_fleet
from drift_tools.fleet.store import Store, open_store

__all__ = [
    "MOST_MODELS",
    "Filled",
    "Fleet",
    "Model",
    "Store",
    "compact_tables",
    "fill_acknowledgements",
    "fill_tables",
    "open_store",
    "overview_of",
    "read_fleet",
]
