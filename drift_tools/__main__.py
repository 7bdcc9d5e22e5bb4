"""The command line: `python -m drift_tools COMMAND`.

Exit status 0: it ran, drift or not; 1: drift, with `--fail-on-drift`, or a validation step that failed; 2: unusable
input or arguments, with one line on standard error; 130: interrupted.
"""

import contextlib
import os
import sys
from collections.abc import Sequence

from drift_tools.arguments import UNUSABLE, parser
from drift_tools.commands import COMMANDS, OK
from drift_tools.errors import InputError
from drift_tools.storage import one_line

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    _write_what_the_terminal_cannot()
    options = parser().parse_args(arguments)
    try:
        status = COMMANDS[options.command](options)
        sys.stdout.flush()
    except InputError as error:
        return _unusable(one_line(error))
    except BrokenPipeError:  # the reader of standard output has gone (`| head`)
        _drop_standard_output()
        return OK
    except OSError as error:
        if error.filename is None:
            _drop_standard_output()
        reason = error.strerror or one_line(error)
        return _unusable(f"{error.filename or 'standard output'}: {reason}: check the path, its space and permissions")
    except MemoryError:
        return _unusable("out of memory: compare fewer columns or rows, or a shorter window")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return status


def _unusable(line: str) -> int:
    print(f"drift_tools: {line}", file=sys.stderr)
    return UNUSABLE


def _drop_standard_output() -> None:
    """What is still to be written goes nowhere; Python would complain once more at exit, when it flushes."""
    with contextlib.suppress(OSError, ValueError):  # standard output is no file, as in a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_what_the_terminal_cannot() -> None:
    """A terminal whose encoding lacks a character of the data or of the tables (χ²) gets its escape, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
