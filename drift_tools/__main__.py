"""The command line: `drift-tools COMMAND`, or `python -m drift_tools COMMAND`.

Exit status 0: it ran, drift or not; 1: drift, with `--fail-on-drift`, or a validation step that failed; 2: unusable
input or arguments, with one line on standard error; 130: interrupted.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from contract.plain_text import visible
from drift_tools.errors import InputError

INTERRUPTED = 130
# What the extra `aws` installs; a plain install has none of it.
_AWS_EXTRA = frozenset({"boto3", "botocore", "yaml"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    _open_what_is_closed()
    _write_what_the_terminal_cannot()
    status = 0
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except InputError as error:
        return _unusable(_one_line(error))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _AWS_EXTRA:
            raise
        return _unusable(f"{error.name} is not installed: pip install 'model-monitoring[aws]'")
    except BrokenPipeError:  # the reader of standard output has gone (`| head`)
        _drop_standard_output()
    except OSError as error:
        if error.filename is None:
            _drop_standard_output()
        reason = error.strerror or _one_line(error)
        return _unusable(f"{error.filename or 'standard output'}: {reason}: check the path, its space and permissions")
    except MemoryError:
        return _unusable("out of memory: compare fewer columns or rows, or a shorter window")
    except KeyboardInterrupt:
        _tell("interrupted")
        return INTERRUPTED
    return status


def _run(arguments: Sequence[str] | None) -> int:
    # Imported where an interruption is caught: a reader of tables takes a while to load.
    from drift_tools.cli import parser, run_command  # noqa: PLC0415

    return run_command(parser().parse_args(arguments))


def _unusable(line: str) -> int:
    from drift_tools.cli import UNUSABLE  # noqa: PLC0415

    _tell(f"drift_tools: {line}")
    return UNUSABLE


def _one_line(error: BaseException) -> str:
    from drift_tools.aws import one_line  # noqa: PLC0415

    return one_line(error)


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads standard error: the status says it all the same
        print(visible(line, keep="\n\t"), file=sys.stderr)  # names of files and columns are in it


def _open_what_is_closed() -> None:
    """A closed stream (`>&-`) takes what is written and forgets it; Python has None in its place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process


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
