"""The command line's arguments: what may be written, and what is refused before anything is read."""

import argparse
from typing import Any, NoReturn

import drift_tools
from drift_tools.cli.fleet_arguments import add_fleet, add_result_tables
from drift_tools.cli.values import delimiter, kind, moment, named, place, positive, probability, share, whole, width

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


def _examples(*lines: str) -> str:
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The parser; the chosen command's name is in `command`."""
    top = _Parser(
        prog="python -m drift_tools",
        usage="%(prog)s [-h] COMMAND [options]",
        description="Find out whether data have drifted, and drive a monitored endpoint.",
        epilog="A PATH is a file, a folder, an s3:// URI, or - for standard input; "
        "tables are CSV (any delimiter, plain or gzip) or Parquet. "
        "AWS's endpoint, region and credentials come from the environment. Exit status: 0 ran, 1 drift (with "
        "--fail-on-drift) or a failed validation step, 2 unusable input or arguments, 130 interrupted. "
        "COMMAND --help has examples.",
    )
    top.add_argument("--version", action="version", version=f"drift_tools {drift_tools.__version__}")
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
        _add_bias,
        _add_attribution,
        _add_estimate,
        _add_acknowledge,
        add_fleet,
        add_result_tables,
        _add_stream,
        _add_rebaseline,
        _add_retrain,
        _add_approve,
        _add_reject,
    ):
        add(commands)
    return top


Commands = Any  # argparse keeps the class of add_subparsers() private


def _add_compare(commands: Commands) -> None:
    parser = commands.add_parser(
        "compare",
        help="compare two data sets, feature by feature",
        description="All measures and the verdict, feature by feature. A feature has drifted if the difference is "
        "significant (p-values adjusted over all features) and material (PSI 0.1 above what chance explains).",
        epilog=_examples(
            "%(prog)s baseline.csv today.csv",
            "%(prog)s baseline.parquet s3://bucket/captured-data/endpoint --format html --output report.html",
            "%(prog)s baseline.csv week.csv --time-column when --window 1d",
            "%(prog)s train.csv today.csv --exclude id --exclude label",
            "%(prog)s baseline.csv today.csv --kind ZIP=categorical --threshold AGE=0.25 --fail-on-drift",
        ),
    )
    parser.add_argument("baseline", metavar="BASELINE", help="the data that are known to be good")
    parser.add_argument("current", metavar="CURRENT", help="the data to check: a table, or captured data (*.jsonl)")
    _add_output(parser, ("table", "json", "html"))
    parser.add_argument("--fail-on-drift", action="store_true", help="exit with status 1 if a feature has drifted")

    which = parser.add_argument_group("which columns")
    which.add_argument(
        "--columns", metavar="NAME", action="append", help="compare this column, and no other that is not named so too"
    )
    which.add_argument(
        "--exclude", metavar="NAME", action="append", default=[], help="leave this column out, such as a label or an id"
    )

    how = parser.add_argument_group("how to decide")
    _add_alpha(how)
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
        epilog=_examples(
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
        epilog=_examples(
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
    _add_window(parser)
    parser.set_defaults(command="monitor")


def _add_traffic(commands: Commands) -> None:
    parser = commands.add_parser(
        "traffic",
        help="send requests to an endpoint",
        description="One row a request, as text/csv.",
        epilog=_examples(
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
        epilog=_examples("%(prog)s --labels labels.csv --output s3://bucket/ground-truth/my-endpoint"),
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


def _add_acknowledge(commands: Commands) -> None:
    parser = commands.add_parser(
        "acknowledge",
        help="say that somebody has seen an alarm",
        description="Recorded in the stack's bucket; further messages on the same episode say who has seen it.",
        epilog=_examples(
            '%(prog)s --bucket my-bucket --endpoint my-endpoint --schedule my-data-quality --note "new form, ticket 7"'
        ),
    )
    parser.add_argument("--bucket", metavar="NAME", required=True, help="the stack's bucket")
    parser.add_argument("--endpoint", metavar="NAME", required=True, help="as the message names it")
    parser.add_argument("--schedule", metavar="NAME", required=True, help="as the message names it")
    parser.add_argument("--note", metavar="TEXT", default="", help="what is known of it")
    parser.add_argument("--by", metavar="NAME", help="who has seen it (default: this machine's user)")
    parser.add_argument(
        "--tables",
        metavar="URI",
        type=place,
        help="where the result tables are, for people who ask who acknowledged what (default: the bucket's own)",
    )
    parser.add_argument(
        "--bad-from", metavar="T", type=moment, help="and that the windows from then on were bad: none is learnt from"
    )
    parser.add_argument("--bad-to", metavar="T", type=moment, help="until then")
    parser.set_defaults(command="acknowledge")


def _add_rebaseline(commands: Commands) -> None:
    parser = commands.add_parser(
        "rebaseline",
        help="say that what a monitor sees now is the new normal",
        description="Recorded in the stack's bucket; the next run forgets the windows before, and learns anew.",
        epilog=_examples(
            '%(prog)s --bucket my-bucket --schedule my-data-quality --note "the new form, ticket 7"',
            "%(prog)s --bucket my-bucket --schedule my-data-quality --since 2026-03-01T12:00:00Z",
        ),
    )
    parser.add_argument("--bucket", metavar="NAME", required=True, help="the stack's bucket")
    parser.add_argument("--schedule", metavar="NAME", required=True, help="as the message names it")
    parser.add_argument(
        "--since", metavar="T", type=moment, help="the first normal window (default: the present episode's first)"
    )
    parser.add_argument("--note", metavar="TEXT", default="", help="why")
    parser.add_argument("--by", metavar="NAME", help="who says so (default: this machine's user)")
    parser.set_defaults(command="rebaseline")


def _add_retrain(commands: Commands) -> None:
    parser = commands.add_parser(
        "retrain",
        help="ask for a retraining of the endpoint's model",
        description="Asks the stack's function, which says no while one runs or a candidate waits. Exit status 1: no.",
        epilog=_examples(
            '%(prog)s --function my-stack-start-retraining-1a2b3c4 --reason "new tariff since March"',
            "%(prog)s --function my-stack-start-retraining-1a2b3c4 --parameter HyperparameterMaxDepth=4",
        ),
    )
    parser.add_argument("--function", metavar="NAME", required=True, help="the stack's output retraining_function_name")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the record")
    parser.add_argument(
        "--parameter", metavar="NAME=VALUE", action="append", default=[], help="a parameter of the pipeline"
    )
    parser.set_defaults(command="retrain")


def _add_approve(commands: Commands) -> None:
    _add_answer(commands, "approve", "let a retrained model be deployed")


def _add_reject(commands: Commands) -> None:
    _add_answer(commands, "reject", "refuse a retrained model")


def _add_answer(commands: Commands, name: str, does: str) -> None:
    parser = commands.add_parser(
        name,
        help=does,
        description=f"Answers for a model package that waits: {does}.",
        epilog=_examples(
            "%(prog)s arn:aws:sagemaker:us-east-1:123456789012:model-package/my-stack-models/3 --note reviewed"
        ),
    )
    parser.add_argument("package", metavar="ARN", help="the model package, as the notification names it")
    parser.add_argument("--note", metavar="TEXT", default="", help="kept with the package")
    parser.set_defaults(command=name)


def _add_cross_check(commands: Commands) -> None:
    parser = commands.add_parser(
        "cross-check",
        help="hold the monitor's violations against the local measures",
        description="Is the monitor right? Each feature that it or the local measures call, and what either says.",
        epilog=_examples(
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
    _add_output(parser, ("table", "json", "html"))
    _add_window(parser)
    _add_alpha(parser)
    parser.set_defaults(command="cross-check")


def _add_validate(commands: Commands) -> None:
    parser = commands.add_parser(
        "validate",
        help="check a deployed stack, step by step",
        description="Asks every part of the chain, from capture to notification. Exit status 1 if a step failed.",
        epilog=_examples("pulumi stack output --json > outputs.json", "%(prog)s --outputs outputs.json --no-publish"),
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
        epilog=_examples(
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


def _add_bias(commands: Commands) -> None:
    parser = commands.add_parser(
        "bias",
        help="measure whether labels and predictions favour a group",
        description="SageMaker Clarify's bias metrics with 95 % intervals, of every group of every facet. With a "
        "baseline a metric has drifted if it is farther from neutral than there, surely and by an amount that matters.",
        epilog=_examples(
            "%(prog)s people.csv --label employed --positive 1 --facet SEX=2 --predicted prediction",
            "%(prog)s people.csv --label employed --positive 1 --facet SEX --format json --output analysis.json",
            "%(prog)s today.csv --label employed --positive 1 --facet SEX --baseline analysis.json --fail-on-drift",
        ),
    )
    parser.add_argument("data", metavar="DATA", help="a table with labels and, perhaps, predictions")
    parser.add_argument("--label", metavar="NAME", required=True, help="the column of true labels")
    parser.add_argument(
        "--positive",
        metavar="VALUE",
        action="append",
        required=True,
        help="a label that is the favourable outcome; of a continuous label the threshold above which it is",
    )
    parser.add_argument(
        "--facet",
        metavar="NAME[=VALUE]",
        action="append",
        required=True,
        help="a column and the group of it (of a continuous one: the threshold above which it is); without a value "
        "every value is a group",
    )
    parser.add_argument("--predicted", metavar="NAME", help="the column of predicted labels")
    parser.add_argument(
        "--group-variable", metavar="NAME", help="the column whose values are the strata of CDDL, CDDPL"
    )
    parser.add_argument(
        "--baseline", metavar="FILE", help="the analysis.json of a baseline, of Clarify's or of this command"
    )
    _add_output(parser, ("table", "json"))
    _add_alpha(parser)
    parser.add_argument("--fail-on-drift", action="store_true", help="exit with status 1 if a metric has drifted")
    parser.set_defaults(command="bias")


def _add_attribution(commands: Commands) -> None:
    parser = commands.add_parser(
        "attribution",
        help="find which features a model's scores come from",
        description="SHAP values of the model's own archive, asked in a process without network or credentials, and "
        "how far the ranking of the features is from a baseline's (nDCG; below 0.9 it has drifted).",
        epilog=_examples(
            "%(prog)s baseline.csv --model model.tar.gz --exclude prediction --format json --output analysis.json",
            "%(prog)s today.csv --model model.tar.gz --exclude prediction --baseline analysis.json --fail-on-drift",
        ),
    )
    parser.add_argument("data", metavar="DATA", help="a table with the model's inputs in the order of its requests")
    parser.add_argument("--model", metavar="PATH", required=True, help="the endpoint's model.tar.gz, or its folder")
    parser.add_argument("--program", metavar="NAME", default="inference.py", help="its script (default: %(default)s)")
    parser.add_argument(
        "--exclude", metavar="NAME", action="append", default=[], help="a column that is no input, such as a prediction"
    )
    parser.add_argument(
        "--score",
        metavar="N",
        type=whole,
        default=0,
        help="which column of the answer is the score (default: 0, the first)",
    )
    parser.add_argument("--baseline", metavar="FILE", help="the analysis.json of a baseline")
    _add_output(parser, ("table", "json"))
    parser.add_argument("--fail-on-drift", action="store_true", help="exit with status 1 if the ranking has drifted")
    parser.set_defaults(command="attribution")


def _add_stream(commands: Commands) -> None:
    parser = commands.add_parser(
        "stream",
        help="replay captured records as a stream, into Kinesis or right here",
        description="Puts captured records into a Kinesis stream in the order of their files, for tests and back-fill; "
        "or watches them here as the stream's function would, by the records' own times, and says what changed when.",
        epilog=_examples(
            "%(prog)s s3://bucket/captured-data/endpoint/Primary/2026/01/31 --stream churn-requests --rate 500",
            "%(prog)s captured --baseline baseline/statistics.json --format json",
        ),
    )
    parser.add_argument("captured", metavar="PATH", help="captured data (*.jsonl)")
    parser.add_argument("--stream", metavar="NAME", help="the Kinesis stream to put them into")
    parser.add_argument("--rate", metavar="R", type=positive, help="records a second, at most (default: all at once)")
    parser.add_argument("--baseline", metavar="FILE", help="statistics.json: watch the records here, against it")
    parser.add_argument(
        "--window", metavar="S", type=whole, default=5, help="seconds of a window (default: %(default)s)"
    )
    parser.add_argument("--false-alarms-per-year", metavar="N", type=positive, default=1.0, help="default: %(default)s")
    _add_output(parser, ("table", "json"))
    _add_window(parser)
    parser.set_defaults(command="stream")


def _add_estimate(commands: Commands) -> None:
    parser = commands.add_parser(
        "estimate",
        help="estimate a model's quality before its labels come",
        description="What the quality of predictions without labels is likely to be, from a baseline with labels: of "
        "a classification by its calibrated probabilities, of a regression by a second model that learns how large "
        "errors are. An estimate holds while the same answers mean the same; where the rows are of a kind that the "
        "baseline has not, it says that it must not be trusted.",
        epilog=_examples(
            "%(prog)s validation.csv today.csv --problem-type BinaryClassification --inference prediction "
            "--probability probability",
            "%(prog)s validation.parquet today.parquet --problem-type Regression --inference price --label paid",
        ),
    )
    parser.add_argument("baseline", metavar="BASELINE", help="rows with labels that did not train the model")
    parser.add_argument("current", metavar="CURRENT", help="rows without labels; with labels both are shown")
    parser.add_argument(
        "--problem-type",
        required=True,
        choices=("BinaryClassification", "MulticlassClassification", "Regression"),
        help="what the model does",
    )
    parser.add_argument("--label", metavar="NAME", default="label", help="the column of labels (default: %(default)s)")
    parser.add_argument("--inference", metavar="NAME", help="the column of predictions")
    parser.add_argument("--probability", metavar="NAME", help="the column of the positive class's probabilities")
    parser.add_argument(
        "--class-probability",
        metavar="CLASS=NAME",
        action="append",
        default=[],
        help="of several classes: the column of this one's probabilities",
    )
    parser.add_argument("--positive", metavar="CLASS", help="the positive class (default: 1, true or yes)")
    parser.add_argument(
        "--threshold",
        metavar="P",
        type=probability,
        help="from which probability on the prediction is the positive class, without --inference (default: 0.5)",
    )
    _add_output(parser, ("table", "json"))
    parser.set_defaults(command="estimate")


def _add_output(parser: argparse.ArgumentParser, formats: tuple[str, ...]) -> None:
    parser.add_argument("--format", choices=formats, default="table", help="default: %(default)s")
    parser.add_argument(
        "--output", metavar="FILE", type=place, help="write there instead of to standard output; may be an s3:// URI"
    )


def _add_alpha(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    parser.add_argument(
        "--alpha",
        metavar="A",
        type=probability,
        help="share of runs without drift that may raise a false alarm (default: 0.05)",
    )


def _add_window(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--start", metavar="T", type=moment, help="first moment of the window, such as 2026-01-31T12:00Z"
    )
    parser.add_argument("--end", metavar="T", type=moment, help="moment at which the window ends (not in it)")
