"""`acknowledge`: say that somebody has seen an alarm."""

import argparse
import getpass

from drift_tools.cli.shared import OK, say
from drift_tools.endpoint import acknowledge


def run(options: argparse.Namespace) -> int:
    """Record it in the stack's bucket. Returns the exit status."""
    by = options.by or getpass.getuser()
    written = acknowledge(
        options.bucket, options.endpoint, options.schedule, by=by, note=options.note, tables=options.tables
    )
    say(f"{written}: acknowledged by {by}")
    return OK
