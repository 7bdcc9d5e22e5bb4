"""`redrive`: send the dead letters of a function again."""

import argparse

from drift_tools.cli.shared import OK, say
from drift_tools.endpoint import redrive

STAYS = 1


def run(options: argparse.Namespace) -> int:
    """Give each letter's event to the function; exit status 1 if one stays."""
    handled = stays = 0
    for one in redrive(options.queue, options.function, only=options.only):
        if one.failure is None:
            handled += 1
            say(f"{one.letter}: handled, and deleted")
        else:
            stays += 1
            say(f"{one.letter}: failed again and stays: {one.failure}")
    say(f"{handled} handled, {stays} failed again")
    return STAYS if stays else OK
