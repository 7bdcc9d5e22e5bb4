"""The command line's arguments: what may be written, and what is refused before anything is read."""

import argparse
from typing import Any, NoReturn

from drift_tools.cli.answer_arguments import (
    add_acknowledge,
    add_approve,
    add_rebaseline,
    add_redrive,
    add_reject,
    add_retrain,
)
from drift_tools.cli.fleet_arguments import add_fleet, add_result_tables
from drift_tools.cli.model_arguments import add_attribution, add_bias, add_estimate, add_report, add_stream
from drift_tools.cli.options import Commands, add_alpha, add_output, add_window, examples
from drift_tools.cli.values import delimiter, kind, moment, named, place, positive, share, whole, width
from drift_tools.version import __version__

UNUSABLE = 2


class _Formatter(argparse.HelpFormatter):
    """Room for the longest command's name, and examples as they were written."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


class _Parser(argparse.ArgumentParser):
    """argparse, with errors of one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Formatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The parser; the chosen command's name is in `command`."""
    top = _Parser(
        prog="python -m drift_tools",
        usage="%(prog)s [-h] COMMAND [options]",
        description="Find out whether data have drifted, and drive a monitored endpoint.",
        epilog="A PATH is a file, a folder, an s3:// URI, or - for standard input; "
        "tables are CSV (any delimiter, plain or gzip), Parquet or JSON Lines. "
        "AWS's endpoint, region and credentials come from the environment. Exit status: 0 ran, 1 drift (with "
        "--fail-on-drift) or a failed validation step, 2 unusable input or arguments, 130 interrupted. "
        "COMMAND --help has examples.",
    )
    top.add_argument("--version", action="version", version=f"drift_tools {__version__}")
    commands = top.add_subparsers(title="commands", prog=top.prog, metavar="COMMAND [options]", required=True)
    for add in (
        _add_compare,
        _add_baseline,
        _add_monitor,
        _add_traffic,
        _add_ground_truth,
        _add_cross_check,
        _add_validate,
        _add_migrate,
        add_bias,
        add_attribution,
        add_estimate,
        add_report,
        add_acknowledge,
        add_fleet,
        add_result_tables,
        add_stream,
        add_rebaseline,
        add_retrain,
        add_redrive,
        add_approve,
        add_reject,
    ):
        add(commands)
    return top


def _add_compare(commands: Commands) -> None:
    parser = commands.add_parser(
        "compare",
        help="compare two data sets, feature by feature",
        description="All measures and the verdict, feature by feature. A feature has drifted if the difference is "
        "significant (p-values adjusted over all features) and material (PSI 0.1 above what chance explains).",
        epilog=examples(
            "%(prog)s baseline.csv today.csv",
            "%(prog)s baseline.parquet s3://bucket/captured-data/endpoint --format html --output report.html",
            "%(prog)s baseline.csv week.csv --time-column when --window 1d",
            "%(prog)s train.csv today.csv --exclude id --exclude label",
            "%(prog)s baseline.csv today.csv --kind ZIP=categorical --threshold AGE=0.25 --fail-on-drift",
        ),
    )
    parser.add_argument("baseline", metavar="BASELINE", help="the data that are known to be good")
    parser.add_argument("current", metavar="CURRENT", help="the data to check: a table, or captured data (*.jsonl)")
    add_output(parser, ("table", "json", "html"))
    parser.add_argument("--fail-on-drift", action="store_true", help="exit with status 1 if a feature has drifted")

    which = parser.add_argument_group("which columns")
    which.add_argument(
        "--columns", metavar="NAME", action="append", help="compare this column, and no other that is not named so too"
    )
    which.add_argument(
        "--exclude", metavar="NAME", action="append", default=[], help="leave this column out, such as a label or an id"
    )

    how = parser.add_argument_group("how to decide")
    add_alpha(how)
    how.add_argument(
        "--false-alarms-per-year",
        metavar="N",
        type=positive,
        help="runs a year that may raise a false alarm; with --runs-per-year, in place of --alpha (default: 1)",
    )
    how.add_argument(
        "--runs-per-year", metavar="N", type=positive, help="how often this comparison is made: 8760 for hourly"
    )
    how.add_argument(
        "--threshold",
        metavar="FEATURE=X",
        type=named(positive),
        action="append",
        default=[],
        help="the effect (PSI less its expectation) from which this feature's difference counts (default: 0.1)",
    )
    how.add_argument(
        "--kind",
        metavar="FEATURE=KIND",
        type=named(kind),
        action="append",
        default=[],
        help="take this feature for numerical or categorical, whatever its values look like",
    )
    how.add_argument(
        "--block-column",
        metavar="NAME",
        help="rows with the same value here (an hour, a customer) depend on each other: tests resample such blocks",
    )
    how.add_argument(
        "--multivariate", action="store_true", help="also look for a change that no single feature shows (slower)"
    )

    windows = parser.add_argument_group("windows over time: when did it begin?")
    windows.add_argument(
        "--time-column", metavar="NAME", help="the column with each row's time (captured data have their own)"
    )
    windows.add_argument(
        "--window", metavar="WIDTH", type=width, help="how long a window is: 15m, 1h, 1d, 1w (default: 1h)"
    )

    files = parser.add_argument_group("files")
    files.add_argument(
        "--delimiter", metavar="C", type=delimiter, help="the CSV files' (default: found out; \\t is a tab)"
    )
    files.add_argument(
        "--decimal", metavar="C", choices=(".", ","), default=".", help="what the CSV files' numbers have: . or ,"
    )
    parser.set_defaults(command="compare")


def _add_baseline(commands: Commands) -> None:
    parser = commands.add_parser(
        "baseline",
        help="suggest statistics.json and constraints.json for a data set",
        description="Describe data that are known to be good, for the monitor to hold others against.",
        epilog=examples(
            "%(prog)s train.csv --output baseline/", "%(prog)s train.parquet --output s3://bucket/baseline"
        ),
    )
    parser.add_argument("data", metavar="DATA", help="the data that are known to be good")
    parser.add_argument(
        "--output", metavar="DIR", type=place, required=True, help="folder or s3:// prefix for the two files"
    )
    parser.set_defaults(command="baseline")


def _add_monitor(commands: Commands) -> None:
    parser = commands.add_parser(
        "monitor",
        help="run the monitor job on captured data",
        description="What the scheduled job does, on captured data of your choice: statistics.json, constraints.json "
        "and constraint_violations.json, as Model Monitor writes them.",
        epilog=examples(
            "%(prog)s --captured captured/ --baseline baseline/ --output results/",
            "%(prog)s --captured s3://bucket/captured-data/endpoint/AllTraffic --baseline s3://bucket/baseline "
            "--output results/ --start 2026-01-31T12:00Z --end 2026-01-31T13:00Z",
        ),
    )
    parser.add_argument("--captured", metavar="PATH", required=True, help="captured data (*.jsonl)")
    parser.add_argument(
        "--baseline", metavar="DIR", required=True, help="where statistics.json and constraints.json are"
    )
    parser.add_argument(
        "--output", metavar="DIR", type=place, required=True, help="folder or s3:// prefix for the results"
    )
    parser.add_argument(
        "--max-unreadable-share",
        metavar="S",
        type=share,
        help="more of the records unreadable than this, 0 … 1, is an error of the run (default: 0.1)",
    )
    add_window(parser)
    parser.set_defaults(command="monitor")


def _add_traffic(commands: Commands) -> None:
    parser = commands.add_parser(
        "traffic",
        help="send requests to an endpoint",
        description="One row a request, as text/csv.",
        epilog=examples(
            "%(prog)s baseline --endpoint my-endpoint --requests 600 --seed 1",
            "%(prog)s replay --endpoint my-endpoint --data rows.csv --id-column id --rate 20",
        ),
    )
    parser.add_argument(
        "kind",
        choices=("baseline", "anomalous", "replay"),
        help="uniform 0 … 1, uniform 10 … 20, or the rows of --data in their order",
    )
    parser.add_argument("--endpoint", metavar="NAME", required=True)
    parser.add_argument("--requests", metavar="N", type=whole, help="how many (default: 500; replay: all rows)")
    parser.add_argument(
        "--rate", metavar="R", type=positive, help="requests a second, at most (default: as fast as answers come)"
    )
    parser.add_argument("--seed", metavar="S", type=whole, help="makes the random rows repeatable")
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
        type=whole,
        default=3,
        help="baseline, anomalous: values a row (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", metavar="N", type=whole, default=4, help="requests at the same time (default: %(default)s)"
    )
    parser.set_defaults(command="traffic")


def _add_ground_truth(commands: Commands) -> None:
    parser = commands.add_parser(
        "ground-truth",
        help="write labels for model quality",
        description="Labels in the form that the merge job reads.",
        epilog=examples("%(prog)s --labels labels.csv --output s3://bucket/ground-truth/my-endpoint"),
    )
    parser.add_argument("--labels", metavar="FILE", required=True, help="a table with an id and a label a row")
    parser.add_argument(
        "--output",
        metavar="URI",
        type=place,
        required=True,
        help="folder or s3:// prefix; the hour's folders are made below it",
    )
    parser.add_argument("--id-column", metavar="NAME", help="default: inference_id, event_id or id")
    parser.add_argument("--label-column", metavar="NAME", help="default: label, ground_truth or target")
    parser.add_argument("--time", metavar="T", type=moment, help="when the labels were collected (default: now)")
    parser.set_defaults(command="ground-truth")


def _add_cross_check(commands: Commands) -> None:
    parser = commands.add_parser(
        "cross-check",
        help="hold the monitor's violations against the local measures",
        description="Is the monitor right? Each feature that it or the local measures call, and what either says.",
        epilog=examples(
            "%(prog)s --results results/2026/01/31/13 --captured captured/2026/01/31/12 --baseline-data train.csv",
            "%(prog)s --results results/ --captured captured/ --baseline-data train.csv --format html "
            "--output report.html",
        ),
    )
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
    add_output(parser, ("table", "json", "html"))
    add_window(parser)
    add_alpha(parser)
    parser.set_defaults(command="cross-check")


def _add_validate(commands: Commands) -> None:
    parser = commands.add_parser(
        "validate",
        help="check a deployed stack, step by step",
        description="Asks every part of the chain, from capture to notification. Exit status 1 if a step failed.",
        epilog=examples("pulumi stack output --json > outputs.json", "%(prog)s --outputs outputs.json --no-publish"),
    )
    parser.add_argument("--outputs", metavar="FILE", required=True, help="what `pulumi stack output --json` printed")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="default: %(default)s")
    parser.add_argument("--no-publish", action="store_true", help="send no test message to the notification topic")
    parser.set_defaults(command="validate")


def _add_migrate(commands: Commands) -> None:
    parser = commands.add_parser(
        "migrate",
        help="read a Model Monitor schedule, write the open engine's configuration",
        description="Prints the stack configuration that gives the same monitoring with `engine: open`, with a list of "
        "what differs. Reads the account and changes nothing in it.",
        epilog=examples(
            "%(prog)s --schedule churn-data-quality",
            "%(prog)s --schedule churn-data-quality --schedule churn-model-quality --output Pulumi.prod.yaml",
        ),
    )
    parser.add_argument(
        "--schedule",
        metavar="NAME",
        action="append",
        required=True,
        help="a monitoring schedule; once more for the other one of the same endpoint",
    )
    parser.add_argument("--output", metavar="FILE", type=place, help="write there instead of to standard output")
    parser.set_defaults(command="migrate")
