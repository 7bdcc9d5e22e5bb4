"""The arguments of the commands that look at a model's answers: bias, attribution, estimated quality, the stream."""

from drift_tools.cli.options import Commands, add_alpha, add_output, add_window, examples
from drift_tools.cli.values import positive, probability, whole


def add_bias(commands: Commands) -> None:
    """`bias`."""
    parser = commands.add_parser(
        "bias",
        help="measure whether labels and predictions favour a group",
        description="SageMaker Clarify's bias metrics with 95 % intervals, of every group of every facet. With a "
        "baseline a metric has drifted if it is farther from neutral than there, surely and by an amount that matters.",
        epilog=examples(
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
    add_output(parser, ("table", "json"))
    add_alpha(parser)
    parser.add_argument("--fail-on-drift", action="store_true", help="exit with status 1 if a metric has drifted")
    parser.set_defaults(command="bias")


def add_attribution(commands: Commands) -> None:
    """`attribution`."""
    parser = commands.add_parser(
        "attribution",
        help="find which features a model's scores come from",
        description="SHAP values of the model's own archive, asked in a process without network or credentials, and "
        "how far the ranking of the features is from a baseline's (nDCG; below 0.9 it has drifted).",
        epilog=examples(
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
    parser.add_argument(
        "--use-logit", action="store_true", help="explain the log-odds of a probability, which more models have exactly"
    )
    parser.add_argument("--baseline", metavar="FILE", help="the analysis.json of a baseline")
    add_output(parser, ("table", "json"))
    parser.add_argument("--fail-on-drift", action="store_true", help="exit with status 1 if the ranking has drifted")
    parser.set_defaults(command="attribution")


def add_estimate(commands: Commands) -> None:
    """`estimate`."""
    parser = commands.add_parser(
        "estimate",
        help="estimate a model's quality before its labels come",
        description="What the quality of predictions without labels is likely to be, from a baseline with labels: of "
        "a classification by its calibrated probabilities, of a regression by a second model that learns how large "
        "errors are. An estimate holds while the same answers mean the same; where the rows are of a kind that the "
        "baseline has not, it says that it must not be trusted.",
        epilog=examples(
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
    add_output(parser, ("table", "json"))
    parser.set_defaults(command="estimate")


def add_report(commands: Commands) -> None:
    """`report`."""
    parser = commands.add_parser(
        "report",
        help="show what a monitor's runs found, on one page",
        description="What runs of the open engine left in their folders: features, quality, estimates, bias, "
        "attribution and custom numbers, beside the baseline and run by run. A RESULTS is the folder of one run.",
        epilog=examples(
            "%(prog)s s3://BUCKET/monitoring-results/ENDPOINT/bias/2026/01/31/06 --format html --output bias.html",
            "%(prog)s monday/ tuesday/ wednesday/ --fail-on-drift",
        ),
    )
    parser.add_argument("results", metavar="RESULTS", nargs="+", help="folders of runs, in the order of time")
    add_output(parser, ("table", "json", "html"))
    parser.add_argument("--fail-on-drift", action="store_true", help="exit with status 1 if a run has violations")
    parser.set_defaults(command="report")


def add_stream(commands: Commands) -> None:
    """`stream`."""
    parser = commands.add_parser(
        "stream",
        help="replay captured records as a stream, into Kinesis or right here",
        description="Puts captured records into a Kinesis stream in the order of their files, for tests and back-fill; "
        "or watches them here as the stream's function would, by the records' own times, and says what changed when.",
        epilog=examples(
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
    add_output(parser, ("table", "json"))
    add_window(parser)
    parser.set_defaults(command="stream")
