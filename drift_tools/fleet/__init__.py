"""Many models: results as tables, and one overview of them all."""

from importlib import import_module
from typing import TYPE_CHECKING

from drift_tools.fleet.fill import Filled, compact_tables, fill_acknowledgements, fill_tables
from drift_tools.fleet.overview import Fleet, Model, overview_of
from drift_tools.fleet.reading import MOST_MODELS, read_fleet
from drift_tools.fleet.store import Store, open_store

if TYPE_CHECKING:
    from drift_tools.fleet.page import render_fleet
    from drift_tools.fleet.terminal import fleet_document, print_fleet

__all__ = [
    "MOST_MODELS",
    "Filled",
    "Fleet",
    "Model",
    "Store",
    "compact_tables",
    "fill_acknowledgements",
    "fill_tables",
    "fleet_document",
    "open_store",
    "overview_of",
    "print_fleet",
    "read_fleet",
    "render_fleet",
]

# What draws is loaded when it is asked for: jinja2 and rich are slow to load.
_HOMES = {
    "fleet_document": "drift_tools.fleet.terminal",
    "print_fleet": "drift_tools.fleet.terminal",
    "render_fleet": "drift_tools.fleet.page",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
