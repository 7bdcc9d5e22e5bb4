"""The arguments of the commands with which people answer what a monitor has said."""

from drift_tools.cli.options import Commands, examples
from drift_tools.cli.values import moment, place


def add_acknowledge(commands: Commands) -> None:
    """`acknowledge`."""
    parser = commands.add_parser(
        "acknowledge",
        help="say that somebody has seen an alarm",
        description="Recorded in the stack's bucket; further messages on the same episode say who has seen it.",
        epilog=examples(
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


def add_rebaseline(commands: Commands) -> None:
    """`rebaseline`."""
    parser = commands.add_parser(
        "rebaseline",
        help="say that what a monitor sees now is the new normal",
        description="Recorded in the stack's bucket; the next run forgets the windows before, and learns anew.",
        epilog=examples(
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


def add_retrain(commands: Commands) -> None:
    """`retrain`."""
    parser = commands.add_parser(
        "retrain",
        help="ask for a retraining of the endpoint's model",
        description="Asks the stack's function, which says no while one runs or a candidate waits. Exit status 1: no.",
        epilog=examples(
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


def add_redrive(commands: Commands) -> None:
    """`redrive`."""
    parser = commands.add_parser(
        "redrive",
        help="send a function's dead letters again",
        description="Gives the function each event on which it failed at every attempt; what it handles now is deleted "
        "from the queue, the others stay. Exit status 1: some stay.",
        epilog=examples(
            "%(prog)s --queue my-stack-alarm-responder-dead-letters-5d6e7f8"
            " --function my-stack-alarm-responder-1a2b3c4",
        ),
    )
    parser.add_argument(
        "--queue", metavar="NAME", required=True, help="the queue, as the alarm's description names it, or its URL"
    )
    parser.add_argument("--function", metavar="NAME", required=True, help="the function whose letters they are")
    parser.add_argument(
        "--only", metavar="KEY", help="letters whose event has this key, where a queue has several functions' letters"
    )
    parser.set_defaults(command="redrive")


def add_approve(commands: Commands) -> None:
    """`approve`."""
    _add_answer(commands, "approve", "let a retrained model be deployed")


def add_reject(commands: Commands) -> None:
    """`reject`."""
    _add_answer(commands, "reject", "refuse a retrained model")


def _add_answer(commands: Commands, name: str, does: str) -> None:
    parser = commands.add_parser(
        name,
        help=does,
        description=f"Answers for a model package that waits: {does}.",
        epilog=examples(
            "%(prog)s arn:aws:sagemaker:us-east-1:123456789012:model-package/my-stack-models/3 --note reviewed"
        ),
    )
    parser.add_argument("package", metavar="ARN", help="the model package, as the notification names it")
    parser.add_argument("--note", metavar="TEXT", default="", help="kept with the package")
    parser.set_defaults(command=name)
