"""From a command's name to its module, which is loaded when it is chosen: what it imports is slow to load."""

import argparse
from collections.abc import Mapping
from importlib import import_module
from typing import Final

_MODULES: Final[Mapping[str, str]] = {
    name: f"drift_tools.cli.commands.{name.replace('-', '_')}"
    for name in (
        "compare",
        "baseline",
        "monitor",
        "traffic",
        "ground-truth",
        "cross-check",
        "validate",
        "migrate",
        "bias",
        "attribution",
        "estimate",
        "report",
        "acknowledge",
        "fleet",
        "result-tables",
        "stream",
        "rebaseline",
        "retrain",
        "redrive",
        "approve",
        "reject",
    )
}


def run_command(options: argparse.Namespace) -> int:
    """Run the command that was chosen; return the exit status."""
    status: int = import_module(_MODULES[options.command]).run(options)
    return status
