"""The command line: its arguments, its commands, and how they read what they are given."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drift_tools.cli.arguments import UNUSABLE, parser
    from drift_tools.cli.dispatch import run_command

__all__ = [
    "UNUSABLE",
    "parser",
    "run_command",
]

_HOMES = {
    "drift_tools.cli.arguments": (
        "UNUSABLE",
        "parser",
    ),
    "drift_tools.cli.dispatch": ("run_command",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
