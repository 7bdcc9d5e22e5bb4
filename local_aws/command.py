"""`python -m local_aws`: an AWS on this machine with the stack in it, until Ctrl-C.

`python -m local_aws --advance 1h`, from another shell, moves the clock of one that is running.
"""

import argparse
import importlib.util
import json
import os
import re
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from local_aws.apply import ApplyError, Deployment, Event, SettingsError, load_settings
from local_aws.launcher import LocalAws, LocalAwsError, ServerStopped, control, start

# An AWS with nothing in it needs no Pulumi; a stack does, and so do the providers that are served to the CLI.
HAS_PULUMI: Final = importlib.util.find_spec("pulumi") is not None
if HAS_PULUMI:
    from local_aws.apply import deploy
    from local_aws.provider import Plugins

PROJECT = Path(__file__).resolve().parent.parent
FAILED, WRONG_ARGUMENTS = 1, 2
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
CHECK_SECONDS = 0.5
_CONTROL_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")


def main() -> int:
    """Run the command; returns the exit status: 1 if something failed, 2 if an argument or a setting is wrong.

    Raises KeyboardInterrupt for Ctrl-C and SIGTERM before the stack is up; after that, they end it with status 0.
    """
    args = _parser().parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if args.advance:
            print(f"The clock says {_advance(args.advance).isoformat()}.")
            return 0
        return _serve(args)
    except (ApplyError, LocalAwsError) as error:
        print(f"local_aws: {error}", file=sys.stderr)
        return WRONG_ARGUMENTS if isinstance(error, SettingsError) else FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="dev", help="the stack to apply (default: dev)")
    parser.add_argument("--no-stack", action="store_true", help="start with nothing in it")
    parser.add_argument("--project", type=Path, default=PROJECT, help="where Pulumi.yaml is (default: this project)")
    parser.add_argument(
        "--advance",
        metavar="TIME",
        type=_duration,
        help="move the clock of the AWS at $AWS_ENDPOINT_URL by 30m, 1h or 2d: captured records are written, schedules"
        " that fall due run, alarms are evaluated",
    )
    return parser


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d+)([mhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 30m, 1h or 2d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _serve(args: argparse.Namespace) -> int:
    console = Console(highlight=False, soft_wrap=True)
    if not (args.no_stack or HAS_PULUMI):
        raise LocalAwsError(
            "a stack needs Pulumi, which is not here: install local-aws-model-monitoring[pulumi], or give --no-stack"
        )
    settings = None if args.no_stack else load_settings(args.project, args.stack)
    with console.status("starting the embedded AWS …"):
        cloud = start(enforce_iam=True, region=_region(settings.config if settings else {}))
    with cloud:
        deployment = None
        if settings is not None:
            with console.status("applying …") as status:
                deployment = deploy(
                    args.project / "__main__.py",
                    settings,
                    cloud,
                    on_event=lambda event: status.update(_progress(event)),
                )
        with _stop_event() as stop, _plugins(cloud) as exports:
            # The signals are an event from before the first line that invites one: an exception in the middle of
            # these lines would skip the destroy below.
            _explain(console, {**_quoted(cloud.environment()), **exports}, cloud, deployment)
            _wait(cloud, stop)
        console.print("\nStopping.")
        if deployment is not None:
            with console.status("destroying …") as status:
                result = deployment.destroy(
                    on_event=lambda event: status.update(_progress(event)), exclude_protected=True
                )
            console.print(f"Destroyed {len(result.deleted)} resources in {result.seconds:.1f} s.")
            if kept := [*result.retained, *result.protected]:
                names = ", ".join(resource.name for resource in kept)
                console.print(f"The stack would keep, but this AWS takes with it: {names}")
    return 0


def _region(config: Mapping[str, str]) -> str:
    return config.get("aws:region", "us-east-1")


def _progress(event: Event) -> str:
    of = f"/{event.total}" if event.total else ""
    return f"{event.action} {event.index}{of}: {event.type.rsplit(':', 1)[1]} {event.name}"


@contextmanager
def _stop_event() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, instead of raising KeyboardInterrupt."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _plugins(cloud: LocalAws) -> Iterator[Mapping[str, str]]:
    """Serve the providers to a CLI; the variables by which it finds them, none without Pulumi."""
    with ExitStack() as stack:
        if not HAS_PULUMI:
            yield {}
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="local-aws-")))
        yield stack.enter_context(Plugins(cloud, folder)).exports()


def _wait(cloud: LocalAws, stop: threading.Event) -> None:
    """Wait until `stop` is set; ServerStopped if the server dies by itself."""
    while not stop.wait(CHECK_SECONDS):
        if not cloud.running:
            raise ServerStopped(f"the embedded AWS has stopped; its log ends:\n{cloud.log_tail()}")


def _quoted(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: shlex.quote(value) for name, value in variables.items()}


def _explain(console: Console, variables: Mapping[str, str], cloud: LocalAws, deployment: Deployment | None) -> None:
    console.print(
        f"An AWS is running at {cloud.endpoint_url}: account {cloud.account_id}, IAM enforced; nothing leaves this"
        " machine."
    )
    if deployment is not None:
        console.print(
            f"Stack {deployment.stack} is in it: {deployment.created} resources, applied in {deployment.seconds:.1f} s."
        )
    console.print("\nIn another shell:\n")
    for name, words in variables.items():
        console.print(f"export {name}={words}", markup=False)
    if deployment is not None and deployment.outputs:
        console.print("\nThe stack's outputs:\n")
        width = max(map(len, deployment.outputs))
        for name, value in deployment.outputs.items():
            shown = (
                "[secret]"
                if name in deployment.secret_outputs
                else value
                if isinstance(value, str)
                else json.dumps(value)
            )
            console.print(f"  {name:<{width}}  {shown}", markup=False)
    console.print("\nThen try:\n")
    for line in _examples(deployment.outputs if deployment else {}):
        console.print(f"  {line}", markup=False)
    console.print("\nCtrl-C destroys the stack and stops." if deployment else "\nCtrl-C stops it.")


def _examples(outputs: Mapping[str, Any]) -> list[str]:
    """Commands that show something, for what the stack has."""
    lines = ["aws sts get-caller-identity"]
    if HAS_PULUMI:
        up = "pulumi stack select --create local && pulumi up -s local"
        lines.insert(0, f"{up}   # Pulumi's own engine (`make pulumi` builds it)")
    if bucket := outputs.get("bucket_name"):
        lines.append(f"aws s3 ls --recursive s3://{bucket}")
    if endpoint := outputs.get("endpoint_name"):
        call = f"invoke_endpoint(EndpointName={endpoint!r}, ContentType='text/csv', Body='0.5,0.5,0.5')['Body'].read()"
        lines += [
            f"""python -c "import boto3; print(boto3.client('sagemaker-runtime').{call})\"""",
            f"python -m drift_tools traffic baseline --endpoint {endpoint}",
        ]
    lines.append("python -m local_aws --advance 1h   # captures are written, monitors run, alarms are evaluated")
    if schedule := outputs.get("data_quality_schedule_name"):
        lines.append(f"aws sagemaker list-monitoring-executions --monitoring-schedule-name {schedule}")
    if alarm := outputs.get("constraint_violations_alarm_name"):
        lines.append(f"aws cloudwatch describe-alarms --alarm-names {alarm}")
    return lines


def _advance(by: timedelta) -> datetime:
    missing = [name for name in _CONTROL_VARIABLES if not os.environ.get(name)]
    if missing:
        raise LocalAwsError(f"{missing[0]} is not set: run the export lines that `python -m local_aws` prints")
    url = os.environ["AWS_ENDPOINT_URL"]
    if not url.startswith(("http://127.0.0.1:", "http://localhost:")):
        raise LocalAwsError(f"AWS_ENDPOINT_URL is {url}, which is no embedded AWS on this machine")
    try:
        return datetime.fromisoformat(control(os.environ, "POST", "clock", {"advance_by": by.total_seconds()})["now"])
    except OSError as error:
        raise LocalAwsError(f"nothing answers at {url}: {error}") from error
