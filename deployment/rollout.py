"""A roll-out over many accounts and regions: `python -m deployment.rollout up|preview|destroy TARGETS.yaml`.

Wave after wave, several targets of a wave at a time; a failure ends the roll-out with its wave. `preview` asks all
targets, changes nothing, and says which have drifted from the program. To do it again changes nothing where nothing is
to be changed.

Exit status 0: all done (preview: nothing to change); 1: a target failed, or preview found something to change; 2:
nothing was begun; 130: cancelled.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deployment.cli import TURN_SECONDS, cancelled_together
from deployment.display import CANCELLED, cancelling
from deployment.errors import AutomationError, UnusableError
from deployment.operations import Environment
from deployment.targets import Plan, Target, read_plan, with_outputs

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
WAITING, RUNNING, DONE, BROKEN, LEFT = "waiting", "running", "done", "failed", "not begun"
OPERATIONS: Final = ("up", "preview", "destroy")
_COLOURS: Final = {DONE: "green", BROKEN: "red", RUNNING: "cyan", LEFT: "yellow"}

Variables = Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """How far a target is."""

    target: Target
    state: str = WAITING
    changes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""

    @property
    def changed(self) -> int:
        """How many resources were changed, or would be."""
        return sum(number for kind, number in self.changes.items() if kind not in {"same", "read", "refresh"})

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        target = self.target
        return {
            "target": target.name,
            "wave": target.wave,
            "account": target.account,
            "region": target.region,
            "state": self.state,
            "changes": dict(self.changes),
            "changed": self.changed,
            "seconds": round(self.seconds, 1),
            "error": self.error,
        }


def assume(target: Target) -> Variables:
    """Credentials for a target, as environment variables: under its role, or the caller's own.

    Raises `AutomationError` if the role cannot be assumed, or the credentials are of another account: nothing of one
    account's may be deployed into another.
    """
    import boto3  # noqa: PLC0415 - for roll-outs only
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    found: dict[str, str] = {"AWS_REGION": target.region, "AWS_DEFAULT_REGION": target.region}
    try:
        if target.role_arn is not None:
            request: dict[str, Any] = {"RoleArn": target.role_arn, "RoleSessionName": "model-monitoring-rollout"}
            if target.external_id_variable is not None:
                request["ExternalId"] = os.environ[target.external_id_variable]
            keys = boto3.client("sts", region_name=target.region).assume_role(**request)["Credentials"]
            found["AWS_ACCESS_KEY_ID"] = keys["AccessKeyId"]
            found["AWS_SECRET_ACCESS_KEY"] = keys["SecretAccessKey"]
            found["AWS_SESSION_TOKEN"] = keys["SessionToken"]
        caller = boto3.client(
            "sts",
            region_name=target.region,
            aws_access_key_id=found.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=found.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=found.get("AWS_SESSION_TOKEN"),
        ).get_caller_identity()["Account"]
    except KeyError as error:
        raise AutomationError(f"the environment variable {error.args[0]} with the external id is not set") from error
    except (BotoCoreError, ClientError) as error:
        raise AutomationError(f"{target.role_arn or 'the credentials'}: {' '.join(str(error).split())}") from error
    if caller != target.account:
        raise AutomationError(f"the credentials are of account {caller}, the target is {target.account}: give role_arn")
    return found


def _variable(name: str) -> str:
    if not os.environ.get(name):
        raise AutomationError(f"the environment variable {name} is not set: it holds a secret of the target")
    return os.environ[name]


class Rollout:
    """One operation on all targets of a plan.

    Parameters
    ----------
    plan
        from `read_plan`.
    credentials
        gives a target's environment variables; `assume` by default.
    told
        is called with all outcomes when one changes, from any thread, one call at a time.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        credentials: Callable[[Target], Variables] = assume,
        told: Callable[[Sequence[Outcome]], None] = lambda _: None,
    ) -> None:
        self._plan, self._credentials, self._told = plan, credentials, told
        self._outcomes = {target.name: Outcome(target) for target in plan.targets}
        self._lock = threading.Lock()
        self._is_cancelled = False
        self.outputs: dict[str, Mapping[str, Any]] = {}
        """Of each target that an `up` has ended on, by its name."""

    @property
    def outcomes(self) -> list[Outcome]:
        """The outcomes in the plan's order."""
        return list(self._outcomes.values())

    def run(self, operation: str, *, parallel: int = 4) -> list[Outcome]:
        """Do it, wave by wave; `up` and `destroy` stop after a wave in which a target failed. `preview` changes nothing
        and asks all targets at once. What is deployed in order is destroyed in the opposite one.
        """
        waves = [self._plan.targets] if operation == "preview" else list(self._plan.waves)
        for wave in reversed(waves) if operation == "destroy" else waves:
            with ThreadPoolExecutor(parallel) as pool:
                begun = [pool.submit(self._one, operation, target) for target in wave]
                # In turns: a signal that another thread gets does not end a wait of the main one, which has to hear it.
                while wait(begun, timeout=TURN_SECONDS).not_done:
                    continue
                for one in begun:
                    one.result()
            failed = any(self._outcomes[target.name].state == BROKEN for target in wave)
            if failed and operation != "preview":
                break
        for name, outcome in self._outcomes.items():
            if outcome.state == WAITING:
                self._set(name, replace(outcome, state=LEFT))
        return self.outcomes

    def _one(self, operation: str, target: Target) -> None:
        began = time.monotonic()
        if self._is_cancelled:
            return
        self._set(target.name, Outcome(target, RUNNING))
        try:
            environment = Environment(target.name, project=self._plan.program, variables=self._credentials(target))
            if operation != "destroy":
                secrets = {key: _variable(name) for key, name in target.secret_variables.items()}
                config = {"aws:region": target.region, **with_outputs(target.config, self._output)}
                environment.set_objects(config, secrets, create=True)
            result = {"up": environment.up, "preview": environment.preview, "destroy": environment.destroy}[operation]()
        except AutomationError as error:
            self._set(target.name, Outcome(target, BROKEN, {}, time.monotonic() - began, str(error)))
            return
        except KeyboardInterrupt:  # of this target's CLI, which has ended
            self._is_cancelled = True
            self._set(target.name, Outcome(target, BROKEN, {}, time.monotonic() - began, CANCELLED))
            return
        self.outputs[target.name] = result.outputs
        self._set(target.name, Outcome(target, DONE, result.changes, time.monotonic() - began))

    def _output(self, name: str, output: str) -> Any:
        """An output of an earlier target: of this roll-out, or of the one before."""
        if name not in self.outputs:
            target = self._outcomes[name].target
            environment = Environment(name, project=self._plan.program, variables=self._credentials(target))
            self.outputs[name] = environment.outputs()
        if self.outputs[name].get(output) is None:
            raise AutomationError(f"{name} has no output {output}: deploy it first")
        return self.outputs[name][output]

    def _set(self, name: str, outcome: Outcome) -> None:
        with self._lock:
            self._outcomes[name] = outcome
            self._told(self.outcomes)


def table(outcomes: Sequence[Outcome], operation: str) -> Table:
    """The progress of all targets."""
    would = "would change" if operation == "preview" else "changed"
    found = Table(title=f"{operation} of {len(outcomes)} targets", title_justify="left", box=None, pad_edge=False)
    for name in ("wave", "target", "account", "region", "state", would, "seconds", ""):
        found.add_column(name, justify="right" if name in (would, "seconds") else "left", overflow="fold")
    for outcome in outcomes:
        target = outcome.target
        ended = outcome.state in (DONE, BROKEN)
        found.add_row(
            target.wave,
            target.name,
            target.account,
            target.region,
            Text(outcome.state, style=_COLOURS.get(outcome.state, "")),
            str(outcome.changed) if outcome.state == DONE else "",
            f"{outcome.seconds:.0f}" if ended else "",
            Text(outcome.error),
        )
    return found


def status_of(outcomes: Sequence[Outcome], operation: str) -> int:
    """The exit status."""
    if any(outcome.state != DONE for outcome in outcomes):
        return FAILED
    return FAILED if operation == "preview" and any(outcome.changed for outcome in outcomes) else OK


def main(arguments: Sequence[str] | None = None, *, credentials: Callable[[Target], Variables] = assume) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m deployment.rollout", description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("operation", choices=OPERATIONS)
    parser.add_argument("targets", metavar="TARGETS.yaml", type=Path)
    parser.add_argument("--parallel", metavar="N", type=int, default=4, help="targets at a time (default: 4)")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="of what is written at the end")
    options = parser.parse_args(arguments)
    console = Console(stderr=True)
    try:
        plan = read_plan(options.targets)
        with (
            cancelled_together(lambda times: console.print(cancelling(times), soft_wrap=True)) as cancelled,
            Live(console=console, refresh_per_second=4, transient=True) as live,
        ):
            rollout = Rollout(
                plan, credentials=credentials, told=lambda found: live.update(table(found, options.operation))
            )
            outcomes = rollout.run(options.operation, parallel=max(1, options.parallel))
            is_cancelled = cancelled() > 0
    except UnusableError as error:
        sys.stderr.write(f"deployment.rollout: {error}\n")
        return UNUSABLE
    if options.format == "json":
        sys.stdout.write(json.dumps([outcome.to_dict() for outcome in outcomes], indent=2) + "\n")
    else:
        Console().print(table(outcomes, options.operation))
    if is_cancelled:
        sys.stderr.write("cancelled: the targets under way have finished their steps\n")
        return INTERRUPTED
    return status_of(outcomes, options.operation)


if __name__ == "__main__":
    sys.exit(main())
