"""`reject`: say no to a retrained model."""

import argparse

from drift_tools.cli.shared import OK, say
from drift_tools.endpoint import reject


def run(options: argparse.Namespace) -> int:
    """Reject the package. Returns the exit status."""
    say(f"{reject(options.package, note=options.note)}: rejected; the old model stays")
    return OK
