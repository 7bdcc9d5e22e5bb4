"""The command: `python automation.py COMMAND STACK`, or `python -m deployment`.

Exit status 0: done; 1: it was begun and failed, or was not confirmed; 2: nothing was begun (unusable arguments, no CLI,
no such stack), with one line on standard error; 130: cancelled.
"""

import argparse
import getpass
import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from rich.console import Console

from deployment.cli import Cli, ends_raise
from deployment.display import CANCELLED, Display, outputs_table, summary
from deployment.operations import PROJECT, AutomationError, Environment, Result, UnusableError

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
PROGRAM: Final = "automation.py"


class _Parser(argparse.ArgumentParser):
    """argparse, with errors of one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The parser; the chosen command's name is in `command`."""
    top = _Parser(
        prog=PROGRAM,
        description="Deploy a monitored endpoint with Pulumi, from a script or by hand.",
        epilog="STACK is dev, staging, prod or any other stack's name. Progress goes to standard error, results to "
        "standard output. Exit status: 0 done, 1 failed, 2 nothing was begun, 130 cancelled.",
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    settable = _Parser(add_help=False)
    settable.add_argument(
        "--config",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="set before the operation, and kept in Pulumi.STACK.yaml; KEY may be a path (monitoring.tags.team)",
    )
    settable.add_argument(
        "--secret",
        metavar="KEY[=VALUE]",
        action="append",
        default=[],
        help="likewise, encrypted; give KEY alone and the value is asked for, or read as a line from standard input, "
        "and shows in no list of processes",
    )
    settable.add_argument("--create", action="store_true", help="make the stack even without a settings file")
    shared = _Parser(add_help=False)
    shared.add_argument("stack", metavar="STACK")
    shared.add_argument("--json", action="store_true", help="print the result as a JSON object")
    shared.add_argument("--project", metavar="DIR", type=Path, default=PROJECT, help="folder of Pulumi.yaml")
    shared.add_argument("--verbose", action="store_true", help="print what the engine says about errors in full")
    confirmed = _Parser(add_help=False)
    confirmed.add_argument("--yes", action="store_true", help="do not preview and ask first")
    for name, parents, text in (
        ("preview", [shared, settable], "what up would do"),
        ("up", [shared, settable, confirmed], "create or update everything"),
        ("refresh", [shared], "record what AWS has"),
        ("destroy", [shared, confirmed], "delete everything but what retain_data keeps"),
        ("outputs", [shared], "the outputs of the last deployment"),
    ):
        command = commands.add_parser(name, parents=parents, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name == "refresh":
            command.add_argument(
                "--clear-pending-creates",
                action="store_true",
                help="forget what an interrupted operation was creating; delete what AWS has of it first",
            )
        if name == "outputs":
            command.add_argument("--show-secrets", action="store_true", help="print secret outputs")
    return top


def main(arguments: Sequence[str] | None = None, *, command: Cli | None = None) -> int:
    """Run one command and return the exit status."""
    options = parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without a letter is no failure of what was done
    display = Display(Console(stderr=True, highlight=False), verbose=options.verbose)
    try:
        with ends_raise():
            environment = Environment(
                options.stack, project=options.project, command=command, progress=display.progress
            )
            environment.command.on_interrupt = display.interrupted
            return COMMANDS[options.command](options, environment, display)
    except AutomationError as error:
        if not error.known and not options.verbose:
            for text in error.details:
                display.console.print(text, soft_wrap=True, highlight=False, markup=False)
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return UNUSABLE if isinstance(error, UnusableError) else FAILED
    except KeyboardInterrupt:
        print(f"{PROGRAM}: {CANCELLED}", file=sys.stderr)
        return INTERRUPTED


def _preview(options: argparse.Namespace, environment: Environment, display: Display) -> int:
    _configure(options, environment)
    return _report(options, _shown(display, "preview", environment, lambda: environment.preview(create=options.create)))


def _up(options: argparse.Namespace, environment: Environment, display: Display) -> int:
    _must_be_confirmable(options)
    _configure(options, environment)
    if not options.yes:
        plan = _shown(display, "preview", environment, lambda: environment.preview(create=options.create))
        print(summary(plan), file=sys.stderr)
        if not _asked(f"Deploy {options.stack}? [y/N] ", {"y", "yes"}):
            return FAILED
    return _report(options, _shown(display, "up", environment, lambda: environment.up(create=options.create)))


def _refresh(options: argparse.Namespace, environment: Environment, display: Display) -> int:
    return _report(
        options,
        _shown(
            display,
            "refresh",
            environment,
            lambda: environment.refresh(clear_pending_creates=options.clear_pending_creates),
        ),
    )


def _destroy(options: argparse.Namespace, environment: Environment, display: Display) -> int:
    _must_be_confirmable(options)
    if not options.yes:
        plan = _shown(display, "preview_destroy", environment, environment.preview_destroy)
        print(summary(plan), file=sys.stderr)
        question = f"This cannot be undone. Type {options.stack} to destroy it: "
        if not _asked(question, {options.stack.lower()}):
            return FAILED
    return _report(options, _shown(display, "destroy", environment, environment.destroy))


def _outputs(options: argparse.Namespace, environment: Environment, _display: Display) -> int:
    found = environment.outputs(show_secrets=options.show_secrets)
    if options.json:
        _print_json(found)
    else:
        Console(highlight=False, soft_wrap=True).print(outputs_table(found))
    return OK


COMMANDS: Final[dict[str, Callable[[argparse.Namespace, Environment, Display], int]]] = {
    "preview": _preview,
    "up": _up,
    "refresh": _refresh,
    "destroy": _destroy,
    "outputs": _outputs,
}


def _shown(display: Display, name: str, environment: Environment, act: Callable[[], Result]) -> Result:
    with display.operation(name, environment.name):
        return act()


def _report(options: argparse.Namespace, result: Result) -> int:
    if options.json:
        _print_json(result.to_dict())
        return OK
    print(summary(result))
    if result.outputs:
        Console(highlight=False, soft_wrap=True).print(outputs_table(result.outputs))
    return OK


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, indent=2, sort_keys=True))


def _configure(options: argparse.Namespace, environment: Environment) -> None:
    config = dict(_pair("--config", text) for text in options.config)
    secrets = dict(_secret(text) for text in options.secret)
    twice = sorted({*config} & {*secrets})
    if twice:
        raise UnusableError(f"{twice[0]} is given with --config and with --secret: keep one of them")
    if config or secrets:
        environment.configure(config, secrets, create=options.create)


def _pair(option: str, text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise UnusableError(f"{option} {text}: write KEY=VALUE")
    return key, value


def _secret(text: str) -> tuple[str, str]:
    if "=" in text:
        key, value = text.split("=", 1)
    else:
        key = text
        value = getpass.getpass(f"{key}: ") if _somebody_is_there() else _line().rstrip("\n")
    if not key or not value:
        raise UnusableError(f"--secret {key}: it has no value; write KEY=VALUE, or give a line on standard input")
    return key, value


def _must_be_confirmable(options: argparse.Namespace) -> None:
    if not options.yes and not _somebody_is_there():
        raise UnusableError(f"{options.command} asks before it goes on, and nobody is there to answer: add --yes")


def _somebody_is_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()  # None where it was closed (`<&-`)


def _line() -> str:
    return sys.stdin.readline() if sys.stdin is not None else ""


def _asked(question: str, agreeing: set[str]) -> bool:
    print(question, end="", file=sys.stderr, flush=True)
    answer = _line().strip().lower()
    if answer in agreeing:
        return True
    print(f"{PROGRAM}: not confirmed; nothing was changed", file=sys.stderr)
    return False


if __name__ == "__main__":
    sys.exit(main())
