"""What commands share: what they refuse, and how they give what they found."""

import argparse
import io
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from drift_tools.aws import s3_paths
from drift_tools.capture import Captures
from drift_tools.cli.inputs import Data, is_data_file, skipped_line
from drift_tools.errors import InputError
from drift_tools.report import console

OK, DRIFT = 0, 1


def check_window(options: argparse.Namespace) -> None:
    """Refuse a window that ends before it starts."""
    if options.start is not None and options.end is not None and options.start >= options.end:
        raise InputError(
            f"--start {options.start.isoformat()} --end {options.end.isoformat()}: no time is between them: swap them, "
            "or widen the window"
        )


def keep(given: str, output: str) -> None:
    """Refuse to write over what the command is to read."""
    if _is_part_of(output, given):
        raise InputError(f"--output {output}: would overwrite {given}, which is read: name another place")


def _is_part_of(output: str, given: str) -> bool:
    """Whether it is the same file or folder, or one of the data files in that folder."""
    if s3_paths.is_s3(output) or s3_paths.is_s3(given):
        return output.rstrip("/") == given.rstrip("/")
    target, source = Path(output).resolve(), Path(given).resolve()
    if target == source:
        return source.is_file() or source.is_dir()  # a terminal or a pipe is not overwritten
    return target.is_file() and target.is_relative_to(source) and is_data_file(target)


def check_output(options: argparse.Namespace, *given: str) -> None:
    """Refuse before the work what could not be shown after it, or would overwrite what is given."""
    if options.output:
        for path in given:
            keep(path, options.output)
        s3_paths.check_writable(options.output)
    elif options.format == "html" and sys.stdout.isatty():
        raise InputError(f"{options.command} --format html: a page is no use on a terminal: add --output report.html")


def give(
    options: argparse.Namespace,
    document: Callable[[], Any],
    show: Callable[[Console], None],
    page: Callable[[], str] | None = None,
) -> None:
    """Write a result in the format that was asked for, to a file or to standard output; not all have a page."""
    if options.format == "table" and not options.output:
        with suppress(BrokenPipeError):  # `| head` has seen enough; the status is still what was found
            show(console())
        return
    if options.format == "json":
        text = json.dumps(document(), indent=2, allow_nan=False) + "\n"
    elif options.format == "html" and page is not None:
        text = page()
    else:
        stream = io.StringIO()
        show(console(stream))
        text = stream.getvalue()
    if options.output:
        s3_paths.write_text(options.output, text)
    else:
        with suppress(BrokenPipeError):
            sys.stdout.write(text)


def say(line: str) -> None:
    """Write a line to standard output, if anybody still reads it."""
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")


def warn(line: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(f"drift_tools: {line}\n")


def tell_skipped(path: str, captures: Captures | None) -> None:
    """Say how many captured records were skipped, if any were."""
    if captures is not None and (line := skipped_line(path, captures)):
        warn(f"{line}")


def tell_left_out(path: str, data: Data) -> None:
    """Say what of the data was left out, if anything was."""
    if data.empty_files:
        files = "1 empty file" if data.empty_files == 1 else f"{data.empty_files:,} empty files"
        warn(f"{path}: {files} left out")
    tell_skipped(path, data.captures)
