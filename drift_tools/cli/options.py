"""Options that several commands have."""

import argparse
from typing import Any

from drift_tools.cli.values import moment, place, probability

Commands = Any  # argparse keeps the class of add_subparsers() private


def examples(*lines: str) -> str:
    """The end of a help text."""
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


def add_output(parser: argparse.ArgumentParser, formats: tuple[str, ...]) -> None:
    """`--format` and `--output`."""
    parser.add_argument("--format", choices=formats, default="table", help="default: %(default)s")
    parser.add_argument(
        "--output", metavar="FILE", type=place, help="write there instead of to standard output; may be an s3:// URI"
    )


def add_alpha(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """`--alpha`."""
    parser.add_argument(
        "--alpha",
        metavar="A",
        type=probability,
        help="share of runs without drift that may raise a false alarm (default: 0.05)",
    )


def add_window(parser: argparse.ArgumentParser) -> None:
    """`--start` and `--end`."""
    parser.add_argument(
        "--start", metavar="T", type=moment, help="first moment of the window, such as 2026-01-31T12:00Z"
    )
    parser.add_argument("--end", metavar="T", type=moment, help="moment at which the window ends (not in it)")
