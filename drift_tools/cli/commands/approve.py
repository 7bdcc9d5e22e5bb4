"""`approve`: say yes to a retrained model."""

import argparse

from drift_tools.cli.shared import OK, say
from drift_tools.endpoint import approve


def run(options: argparse.Namespace) -> int:
    """Approve the package. Returns the exit status."""
    say(f"{approve(options.package, note=options.note)}: approved; it is deployed now")
    return OK
