"""Plays the Pulumi CLI behind the SDK: keeps what it is asked, answers as the CLI does, and sends the engine's events.

The shapes are those of the CLI's `--json` answers and of its event log (sdk/go/common/apitype/events.go in pulumi's
repository).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from pulumi.automation import CommandResult, OnOutput
from pulumi.automation.errors import create_command_error
from pulumi.runtime.proto import events_pb2, events_pb2_grpc
from semver import VersionInfo

from deployment.cli import Cli

Event = dict[str, Any]
STACK_URN = "urn:pulumi:dev::model-monitoring::pulumi:pulumi:Stack::model-monitoring-dev"
# From 3.205 on the SDK has events sent to a server, before that it reads a growing file.
SERVED, READ = "3.220.0", "3.205.0"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::model-monitoring::model-monitoring:index:ModelMonitoringStack${kind}::{name}"


def step(event: str, operation: str, kind: str, name: str, *, custom: bool = True, retained: bool = False) -> Event:
    """`event` is resourcePreEvent, resOutputsEvent or resOpFailedEvent."""
    where = urn(kind, name)
    state = {"type": kind, "urn": where, "id": "", "parent": STACK_URN, "provider": "", "custom": custom}
    state |= {"retainOnDelete": True} if retained else {}
    states = {"old": state} if operation.startswith("delete") else {"new": state}
    return {event: {"metadata": {"op": operation, "urn": where, "type": kind, "provider": "", **states}}}


def done(operation: str, kind: str, name: str, *, custom: bool = True, retained: bool = False) -> list[Event]:
    events = ("resourcePreEvent", "resOutputsEvent")
    return [step(event, operation, kind, name, custom=custom, retained=retained) for event in events]


def failed(operation: str, kind: str, name: str, message: str) -> list[Event]:
    return [
        step("resourcePreEvent", operation, kind, name),
        said("error", message, urn(kind, name)),
        step("resOpFailedEvent", operation, kind, name),
    ]


def said(severity: str, message: str, where: str = STACK_URN) -> Event:
    text = f"<{{%reset%}}>{message}<{{%reset%}}>\n"
    return {"diagnosticEvent": {"urn": where, "message": text, "color": "raw", "severity": severity}}


def summed(**changes: int) -> Event:
    kinds = {kind.replace("_", "-"): number for kind, number in changes.items()}
    return {"summaryEvent": {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": kinds, "PolicyPacks": {}}}


@dataclass(frozen=True)
class Call:
    """One run of the CLI."""

    args: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    text: str | None = None

    @property
    def command(self) -> str:
        """Its first words: `stack select`, `config set`, `up`."""
        words = []
        for arg in self.args:
            if arg.startswith("-"):
                break
            words.append(arg)
        return " ".join(words[: 2 if words[0] in {"stack", "config"} else 1])


@dataclass
class Failure:
    """What the CLI writes to standard error before it ends with a status of its own."""

    stderr: str = ""
    stdout: str = ""
    code: int = 255


@dataclass
class Played:
    """What an operation does."""

    events: list[Event] = field(default_factory=list)
    failure: Failure | None = None
    on_start: Callable[[], None] | None = None


class PlayedCli(Cli):
    """A CLI that is played; `stacks` exist, `operations` and `fails` say what happens by the command's name."""

    def __init__(self, *stacks: str, version: str = SERVED, **operations: Played) -> None:
        # Not Cli's: it would look for the program.
        self.command = "pulumi"
        self.version = VersionInfo.parse(version)
        self.on_interrupt: Callable[[int], None] = lambda _times: None
        self.stacks = set(stacks)
        self.operations = operations
        self.outputs: dict[str, Any] = {"endpoint_name": "churn-endpoint-1", "model_quality_schedule_name": None}
        self.secret_outputs: dict[str, Any] = {}
        self.calls: list[Call] = []
        self.fails: dict[str, Failure] = {}

    def commands(self) -> list[str]:
        return [call.command for call in self.calls]

    def one(self, command: str) -> Call:
        [call] = [call for call in self.calls if call.command == command]
        return call

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        return self._play(Call(tuple(args), cwd, dict(additional_env)))

    def run_with_input(self, args: list[str], cwd: str, additional_env: Mapping[str, str], text: str) -> CommandResult:
        return self._play(Call(tuple(args), cwd, dict(additional_env), text))

    def _play(self, call: Call) -> CommandResult:
        self.calls.append(call)
        plays: dict[str, Callable[[Call], str]] = {
            "stack select": lambda _call: "",
            "stack init": self._init,
            "stack output": self._output,
            "stack history": self._history,
            "config set": lambda _call: "",
            "config set-all": lambda _call: "",
        }
        play = plays.get(call.command, self._operate)
        if call.command != "stack init":
            self._select(call)  # the first thing that the CLI does, whatever is asked
        if call.command in self.fails:
            self._fail(self.fails[call.command])
        return CommandResult(stdout=play(call), stderr="", code=0)

    def _select(self, call: Call) -> None:
        name = call.args[call.args.index("--stack") + 1]
        if name not in self.stacks:
            self._fail(Failure(f"error: no stack named '{name}' found"))

    def _init(self, call: Call) -> str:
        self.stacks.add(call.args[2])
        return f"Created stack '{call.args[2]}'"

    def _output(self, call: Call) -> str:
        shown = "--show-secrets" in call.args
        secret = {name: value if shown else "[secret]" for name, value in self.secret_outputs.items()}
        return json.dumps({**self.outputs, **secret})

    def _history(self, call: Call) -> str:
        ran = next(done for done in reversed(self.calls) if done.command in {"up", "refresh", "destroy"})
        sums = [event for event in self.operations[ran.command].events if "summaryEvent" in event]
        changes = sums[-1]["summaryEvent"]["resourceChanges"] if sums else {}
        update = {
            "kind": ran.command,
            "startTime": "2026-11-23T12:00:00.000Z",
            "endTime": "2026-11-23T12:01:00.000Z",
            "message": "",
            "environment": {},
            "config": {},
            "result": "succeeded",
            "resourceChanges": changes,
        }
        return json.dumps([update])

    def _operate(self, call: Call) -> str:
        name = call.command
        if name == "destroy" and "--preview-only" in call.args:
            name = "preview_destroy"
        played = self.operations[name]
        if played.on_start:
            played.on_start()
        numbered = [{"sequence": number, "timestamp": 0, **event} for number, event in enumerate(played.events)]
        lines = [json.dumps(event) for event in [*numbered, {"sequence": 10_000, "timestamp": 0, "cancelEvent": {}}]]
        self._send(call.args[call.args.index("--event-log") + 1], lines)
        if played.failure:
            self._fail(played.failure)
        return "Updating (dev)"

    @staticmethod
    def _send(log: str, lines: list[str]) -> None:
        if not log.startswith("tcp://"):
            with Path(log).open("a", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
            return
        with grpc.insecure_channel(log.removeprefix("tcp://")) as channel:
            requests: Iterator[Any] = iter([events_pb2.EventRequest(event=line) for line in lines])
            events_pb2_grpc.EventsStub(channel).StreamEvents(requests, timeout=30)

    @staticmethod
    def _fail(failure: Failure) -> None:
        raise create_command_error(CommandResult(stdout=failure.stdout, stderr=failure.stderr, code=failure.code))
