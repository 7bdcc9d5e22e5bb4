"""The arguments of the commands about many models."""

from drift_tools.cli.options import Commands, examples
from drift_tools.cli.values import moment, place, whole


def add_fleet(commands: Commands) -> None:
    """`fleet`."""
    parser = commands.add_parser(
        "fleet",
        help="show all models on one page, the worst first",
        description="Which models drift, which are silent, and how their versions compare: 1 to 1,000 models on one "
        "page that needs no network. A PLACE is a folder or s3:// prefix of result tables, or of monitoring results.",
        epilog=examples(
            "%(prog)s s3://model-monitoring-results-111122223333-eu-west-1/result-tables",
            "%(prog)s s3://one/monitoring-results s3://two/monitoring-results --format html --output fleet.html",
            "%(prog)s results/ --team payments --days 30 --format json",
        ),
    )
    parser.add_argument(
        "places", metavar="PLACE", nargs="+", help="result tables, or results; several are put together"
    )
    parser.add_argument("--days", metavar="N", type=whole, default=90, help="how far back (default: %(default)s)")
    parser.add_argument("--until", metavar="T", type=moment, help="the moment that the page is of (default: now)")
    parser.add_argument("--team", metavar="NAME", help="only the models of this team: the tag Team of their stacks")
    parser.add_argument("--format", choices=("table", "json", "html"), default="table", help="default: %(default)s")
    parser.add_argument(
        "--output", metavar="FILE", type=place, help="write there instead of to standard output; may be an s3:// URI"
    )
    parser.set_defaults(command="fleet")


def add_result_tables(commands: Commands) -> None:
    """`result-tables`."""
    parser = commands.add_parser(
        "result-tables",
        help="write the result tables of older runs, or put a day's objects together",
        description="Monitoring jobs write lines for Athena as they run. `fill` writes those of runs that did not; "
        "`compact` puts the objects of each day that is over together into one, which Athena reads faster.",
        epilog=examples(
            "%(prog)s fill s3://bucket/monitoring-results --tables s3://bucket/result-tables --team payments",
            "%(prog)s compact --tables s3://bucket/result-tables",
        ),
    )
    parser.add_argument("what", choices=("fill", "compact"))
    parser.add_argument("results", metavar="RESULTS", nargs="?", help="fill: monitoring-results of a stack's bucket")
    parser.add_argument("--tables", metavar="PLACE", type=place, required=True, help="where the tables are")
    parser.add_argument("--acknowledged", metavar="PLACE", help="fill: responder-state/acknowledged of the bucket")
    parser.add_argument("--before", metavar="T", type=moment, help="compact: days before this one (default: today)")
    about = parser.add_argument_group("fill: what the results do not say of their models")
    for name in ("account", "region", "team", "variant", "version"):
        about.add_argument(f"--{name}", metavar="NAME")
    parser.set_defaults(command="result-tables")
