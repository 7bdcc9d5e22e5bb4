"""`acknowledge`: say that somebody has seen an alarm."""

import argparse
import getpass

from drift_tools.cli.shared import OK, say
from drift_tools.endpoint import acknowledge, mark_bad
from drift_tools.errors import InputError


def run(options: argparse.Namespace) -> int:
    """Record it in the stack's bucket. Returns the exit status."""
    by = options.by or getpass.getuser()
    if (options.bad_from is None) != (options.bad_to is None):
        raise InputError("--bad-from, --bad-to: one is given without the other: give both ends of the bad windows")
    written = acknowledge(
        options.bucket, options.endpoint, options.schedule, by=by, note=options.note, tables=options.tables
    )
    say(f"{written}: acknowledged by {by}")
    if options.bad_from is not None:
        span = options.bad_from, options.bad_to
        marked = mark_bad(options.bucket, options.schedule, span, by=by, note=options.note)
        say(f"{marked}: nothing is learnt from these windows")
    return OK
