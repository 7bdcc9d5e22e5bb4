"""`retrain`: ask for a retraining by hand."""

import argparse

from drift_tools.cli.shared import OK, say
from drift_tools.endpoint import retrain
from drift_tools.errors import InputError

NOT_STARTED = 1


def run(options: argparse.Namespace) -> int:
    """Start it; exit status 1 if the guard says no."""
    parameters = dict(_pair(text) for text in options.parameter)
    answer = retrain(options.function, reason=options.reason, parameters=parameters)
    if answer["started"] is None:
        say(f"not started: {answer['reason']}")
        return NOT_STARTED
    say(f"started: {answer['started']}")
    return OK


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InputError(f"--parameter {text!r}: write NAME=VALUE, as the pipeline has it")
    return name, value
