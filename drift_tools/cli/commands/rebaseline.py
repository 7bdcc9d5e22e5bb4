"""`rebaseline`: say that what a monitor sees now is the new normal."""

import argparse
import getpass

from drift_tools.cli.shared import OK, say
from drift_tools.endpoint import rebaseline


def run(options: argparse.Namespace) -> int:
    """Record it in the stack's bucket. Returns the exit status."""
    by = options.by or getpass.getuser()
    written, since = rebaseline(options.bucket, options.schedule, by=by, since=options.since, note=options.note)
    say(f"{written}: normal since {since}, by {by}; the next run learns from the windows since then")
    return OK
