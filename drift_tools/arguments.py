"""The command line's arguments: what may be written, and what is refused before anything is read."""

import argparse
from datetime import UTC, datetime
from typing import Any, NoReturn

UNUSABLE = 2


class _Parser(argparse.ArgumentParser):
    """argparse, with errors of one line and room for the longest command's name."""

    def __init__(self, **options: Any) -> None:
        def formatter(prog: str) -> argparse.HelpFormatter:
            return argparse.HelpFormatter(prog, max_help_position=26)

        super().__init__(formatter_class=formatter, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"{self.prog}: {message}; see {self.prog} --help\n")


# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The parser; the chosen command's name is in `command`."""
    top = _Parser(
        prog="python -m drift_tools",
        usage="%(prog)s [-h] COMMAND [options]",
        description="Find out whether data have drifted, and drive a monitored endpoint.",
        epilog="A PATH is a file, a folder or an s3:// URI; tables are CSV or Parquet. AWS's endpoint, region and "
        "credentials come from the environment. Exit status: 0 ran, 1 drift (with --fail-on-drift) or a failed "
        "validation step, 2 unusable input.",
    )
    commands = top.add_subparsers(title="commands", prog=top.prog, metavar="COMMAND [options]", required=True)
    for add in (
        _add_compare,
        _add_baseline,
        _add_monitor,
        _add_traffic,
        _add_ground_truth,
        _add_cross_check,
        _add_validate,
    ):
        add(commands)
    return top


Commands = Any  # argparse keeps the class of add_subparsers() private


def _add_compare(commands: Commands) -> None:
    parser = commands.add_parser(
        "compare", help="compare two data sets, feature by feature", description="All measures and the verdict."
    )
    parser.add_argument("baseline", metavar="BASELINE", help="the data that are known to be good")
    parser.add_argument("current", metavar="CURRENT", help="the data to check: a table, or captured data (*.jsonl)")
    parser.add_argument("--format", choices=("table", "json", "html"), default="table", help="default: %(default)s")
    parser.add_argument(
        "--output", metavar="FILE", help="write there instead of to standard output; may be an s3:// URI"
    )
    _add_alpha(parser)
    parser.add_argument("--fail-on-drift", action="store_true", help="exit with status 1 if a feature has drifted")
    parser.set_defaults(command="compare")


def _add_baseline(commands: Commands) -> None:
    parser = commands.add_parser("baseline", help="suggest statistics.json and constraints.json for a data set")
    parser.add_argument("data", metavar="DATA", help="the data that are known to be good")
    parser.add_argument("--output", metavar="DIR", required=True, help="folder or s3:// prefix for the two files")
    parser.set_defaults(command="baseline")


def _add_monitor(commands: Commands) -> None:
    parser = commands.add_parser("monitor", help="run the monitor job on captured data")
    parser.add_argument("--captured", metavar="PATH", required=True, help="captured data (*.jsonl)")
    parser.add_argument(
        "--baseline", metavar="DIR", required=True, help="where statistics.json and constraints.json are"
    )
    parser.add_argument("--output", metavar="DIR", required=True, help="folder or s3:// prefix for the results")
    _add_window(parser)
    parser.set_defaults(command="monitor")


def _add_traffic(commands: Commands) -> None:
    parser = commands.add_parser(
        "traffic", help="send requests to an endpoint", description="One row a request, as text/csv."
    )
    parser.add_argument(
        "kind",
        choices=("baseline", "anomalous", "replay"),
        help="uniform 0 … 1, uniform 10 … 20, or the rows of --data in their order",
    )
    parser.add_argument("--endpoint", metavar="NAME", required=True)
    parser.add_argument("--requests", metavar="N", type=_whole, help="how many (default: 500; replay: all rows)")
    parser.add_argument(
        "--rate", metavar="R", type=_positive, help="requests a second, at most (default: as fast as answers come)"
    )
    parser.add_argument("--seed", metavar="S", type=_whole, help="makes the random rows repeatable")
    parser.add_argument("--data", metavar="FILE", help="replay: the table with the rows")
    parser.add_argument(
        "--columns", metavar="A,B,C", help="replay: the columns to send, in the model's order (default: all)"
    )
    parser.add_argument(
        "--id-column", metavar="NAME", help="replay: the column that becomes the InferenceId, for ground truth"
    )
    parser.add_argument(
        "--features",
        metavar="N",
        type=_whole,
        default=3,
        help="baseline, anomalous: values a row (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", metavar="N", type=_whole, default=4, help="requests at the same time (default: %(default)s)"
    )
    parser.set_defaults(command="traffic")


def _add_ground_truth(commands: Commands) -> None:
    parser = commands.add_parser(
        "ground-truth",
        help="write labels for model quality",
        description="Labels in the form that the merge job reads.",
    )
    parser.add_argument("--labels", metavar="FILE", required=True, help="a table with an id and a label a row")
    parser.add_argument(
        "--output", metavar="URI", required=True, help="folder or s3:// prefix; the hour's folders are made below it"
    )
    parser.add_argument("--id-column", metavar="NAME", help="default: inference_id, event_id or id")
    parser.add_argument("--label-column", metavar="NAME", help="default: label, ground_truth or target")
    parser.add_argument("--time", metavar="T", type=_moment, help="when the labels were collected (default: now)")
    parser.set_defaults(command="ground-truth")


def _add_cross_check(commands: Commands) -> None:
    parser = commands.add_parser("cross-check", help="hold the monitor's violations against the local measures")
    parser.add_argument(
        "--results",
        metavar="DIR",
        required=True,
        help="the results of one run (statistics.json, constraint_violations.json)",
    )
    parser.add_argument("--captured", metavar="PATH", required=True, help="the captured data that the run saw")
    parser.add_argument(
        "--baseline-data", metavar="FILE", required=True, help="the table from which the baseline was made"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="default: %(default)s")
    _add_window(parser)
    _add_alpha(parser)
    parser.set_defaults(command="cross-check")


def _add_validate(commands: Commands) -> None:
    parser = commands.add_parser("validate", help="check a deployed stack, step by step")
    parser.add_argument("--outputs", metavar="FILE", required=True, help="what `pulumi stack output --json` printed")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="default: %(default)s")
    parser.add_argument("--no-publish", action="store_true", help="send no test message to the notification topic")
    parser.set_defaults(command="validate")


def _add_alpha(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--alpha",
        metavar="A",
        type=_probability,
        default=0.05,
        help="share of runs without drift that may raise a false alarm (default: %(default)s)",
    )


def _add_window(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--start", metavar="T", type=_moment, help="first moment of the window, such as 2026-01-31T12:00Z"
    )
    parser.add_argument("--end", metavar="T", type=_moment, help="moment at which the window ends (not in it)")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 2026-01-31T12:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def _positive(text: str) -> float:
    value = _float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0")
    return value


def _probability(text: str) -> float:
    value = _float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return value


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
