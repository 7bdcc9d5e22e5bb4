"""The CLI as a process: what it is given, and what a Ctrl-C does to it; with a program that plays it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pulumi.automation import CommandError, PulumiCommand, StackNotFoundError

from deployment.cli import Cli

PROJECT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 60.0
# Written to `calls`: one JSON object a run. `up` waits for Ctrl-C, as the CLI does while a step is under way.
PROGRAM = """#!{python}
import json, os, signal, sys, time

arguments = [argument for argument in sys.argv[1:] if argument != "--non-interactive"]
if arguments[0] == "version":
    print("v3.220.0")
    sys.exit()
interrupts = []
signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
folder = os.path.dirname(os.path.abspath(__file__))

def note(**more):
    environment = {{key: value for key, value in os.environ.items() if key.startswith(("PULUMI", "no_grpc_proxy"))}}
    with open(os.path.join(folder, "calls"), "a") as file:
        call = {{"arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": environment, **more}}
        file.write(json.dumps(call) + "\\n")

if arguments[0] == "fail":
    print("said", file=sys.stdout)
    print("error: no stack named 'x' found", file=sys.stderr)
    sys.exit(6)
if arguments[0] != "up":
    note(input=sys.stdin.read())
    print("one\\ntwo")
    if arguments[0] == "long":
        print("x" * 1_000_000)
        note(recorded=True)
    sys.exit()
note(began=True)
print("updating", flush=True)
until = 1 if "twice" not in os.environ.get("PLAY", "") else 2
end = time.monotonic() + {limit}
heard = 0
while heard < until and time.monotonic() < end:
    if len(interrupts) > heard:
        heard = len(interrupts)
        note(heard=heard)
    time.sleep(0.01)
note(interrupts=len(interrupts), recorded=True)
print("error: update cancelled", file=sys.stderr)
sys.exit(255)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable, limit=LIMIT_SECONDS), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program.parent


@pytest.fixture(autouse=True)
def _hang_up_is_heard() -> Iterator[None]:
    """Also where the tests run under `nohup`: what a process ignores, those that it starts ignore."""
    if os.name != "posix":
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def calls(folder: Path) -> list[dict[str, object]]:
    path = folder / "calls"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def test_the_cli_is_run_as_the_sdk_runs_it(folder: Path, tmp_path: Path) -> None:
    """Same arguments, environment and working directory, and the same result."""
    lines: list[str] = []
    mine = Cli().run(["config", "get", "--", "x"], str(tmp_path), {"PULUMI_A": "1"}, lines.append)
    sdks = PulumiCommand().run(["config", "get", "--", "x"], str(tmp_path), {"PULUMI_A": "1"})
    first, second = calls(folder)
    assert first.pop("input") == ""
    second.pop("input")
    assert first == second
    assert first["arguments"] == ["--non-interactive", "config", "get", "--", "x"]
    assert (mine.stdout, mine.stderr, mine.code) == (sdks.stdout, sdks.stderr, sdks.code) == ("one\ntwo", "", 0)
    assert lines == ["one", "two"]


@pytest.mark.parametrize(
    ("variables", "spared"),
    [
        ({}, None),
        ({"https_proxy": "http://proxy:3128"}, "127.0.0.1,localhost,::1"),
        ({"http_proxy": "http://proxy:3128", "no_proxy": ".corp, 127.0.0.1"}, ".corp,127.0.0.1,localhost,::1"),
        ({"http_proxy": "http://proxy:3128", "no_grpc_proxy": "a", "no_proxy": "b"}, "a,127.0.0.1,localhost,::1"),
    ],
)
def test_no_proxy_is_asked_for_this_machine(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], spared: str | None
) -> None:
    """With a proxy, no Python program reached its engine."""
    for name in ("grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    Cli().run(["whoami"], str(tmp_path), variables)
    [call] = calls(folder)
    environment = call["environment"]
    assert isinstance(environment, dict)
    assert environment.get("no_grpc_proxy") == spared


def test_secrets_are_shown_to_who_asks_and_not_by_a_variable(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_OPTION_SHOW_SECRETS", "true")
    Cli().run(["stack", "output"], str(tmp_path), {})
    [call] = calls(folder)
    assert "PULUMI_OPTION_SHOW_SECRETS" not in str(call["environment"])


def test_a_text_arrives_on_standard_input_only(folder: Path, tmp_path: Path) -> None:
    Cli().run_with_input(["config", "set", "key", "--secret"], str(tmp_path), {}, "hush-hush")
    [call] = calls(folder)
    assert call.pop("input") == "hush-hush"
    assert "hush-hush" not in json.dumps(call)


def test_a_text_that_is_not_read(folder: Path, tmp_path: Path) -> None:
    """More than a pipe holds: the CLI's own error is raised, not one about the pipe."""
    assert folder.is_dir()
    with pytest.raises(CommandError):
        Cli().run_with_input(["fail"], str(tmp_path), {}, "x" * 1_000_000)


def test_a_listener_that_fails_does_not_end_the_cli(folder: Path, tmp_path: Path) -> None:
    """As `print` does on a terminal without the letter, or into a pipe that is closed: it is raised at the end."""
    heard: list[str] = []

    def listen(line: str) -> None:
        heard.append(line)
        raise UnicodeEncodeError("ascii", "ü", 0, 1, "no such letter")

    with pytest.raises(UnicodeEncodeError):
        Cli().run(["long"], str(tmp_path), {}, listen)
    assert heard == ["one"]
    assert calls(folder)[-1].get("recorded")


def test_a_failure_is_the_sdks_error(folder: Path, tmp_path: Path) -> None:
    assert folder.is_dir()
    with pytest.raises(StackNotFoundError, match="no stack named 'x' found"):
        Cli().run(["fail"], str(tmp_path), {})


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize(
    ("signals", "play"),
    [
        ([signal.SIGINT], "once"),
        ([signal.SIGTERM], "once"),
        ([signal.SIGHUP], "once"),  # a terminal or a connection that is closed
        ([signal.SIGINT, signal.SIGINT], "twice"),
    ],
)
def test_ctrl_c_lets_the_cli_finish(folder: Path, project: Path, signals: list[signal.Signals], play: str) -> None:
    """The command ends when the CLI has ended, and says so; the CLI hears of every Ctrl-C exactly once."""
    command = [sys.executable, str(PROJECT / "automation.py"), "up", "dev", "--yes", "--project", str(project)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PLAY": play}
    ) as process:
        wait_until(lambda: any(call.get("began") for call in calls(folder)))
        told: list[str] = []
        for count, (number, word) in enumerate(zip(signals, ("cancelling", "ending at once"), strict=False), start=1):
            process.send_signal(number)
            assert process.stderr is not None
            while word not in (line := process.stderr.readline()):
                assert line, f"it ended with {process.wait(LIMIT_SECONDS)} and never said {word}"
            told.append(line)
            # The next one only then: two signals of a kind that wait together are one.
            wait_until(lambda heard=count: any(call.get("heard") == heard for call in calls(folder)))  # type: ignore[misc]
        out, err = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "automation.py: cancelled; the same command again goes on from what was done"
    assert "the steps under way are finished and recorded first" in told[0]
    assert calls(folder)[-1]["interrupts"] == len(signals)
    assert calls(folder)[-1]["recorded"]


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_ctrl_c_that_does_not_wake_the_main_thread(folder: Path, tmp_path: Path) -> None:
    """As one that comes just before it waits for the CLI, or to another thread: here, to the one that reads lines."""
    cli = Cli()
    with pytest.raises(KeyboardInterrupt):
        cli.run(["up"], str(tmp_path), {}, lambda _line: signal.raise_signal(signal.SIGINT))
    assert (calls(folder)[-1]["interrupts"], calls(folder)[-1]["recorded"]) == (1, True)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_hang_up_that_is_ignored_stays_ignored(folder: Path, tmp_path: Path) -> None:
    """As under `nohup`."""
    assert folder.is_dir()
    meanwhile: list[object] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        Cli().run(["whoami"], str(tmp_path), {}, lambda _line: meanwhile.append(signal.getsignal(signal.SIGHUP)))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert meanwhile == [signal.SIG_IGN] * 2


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_rollout_that_is_cancelled(folder: Path, project: Path, number: signal.Signals) -> None:
    """Its CLIs run in threads, which hear of no signal: each is told, what waits is not begun, and all is reported."""
    target = {"account": "123456789012", "region": "eu-west-1"}
    waves = [
        {"targets": [{"name": name, **target} for name in ("dev", "prod")]},
        {"targets": [{"name": "last", **target}]},
    ]
    (project / "targets.yaml").write_text(json.dumps({"program": ".", "waves": waves}), encoding="utf-8")
    program = (
        "import sys; from deployment.rollout import main; "
        "sys.exit(main(['up', 'targets.yaml', '--format', 'json'], credentials=lambda target: {}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until(lambda: sum(bool(call.get("began")) for call in calls(folder)) == 2)
        process.send_signal(number)
        out, err = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 130, err
    assert [(outcome["target"], outcome["state"]) for outcome in json.loads(out)] == [
        ("dev", "failed"),
        ("prod", "failed"),
        ("last", "not begun"),
    ]
    assert json.loads(out)[0]["error"] == "cancelled; the same command again goes on from what was done"
    assert "the steps under way are finished and recorded first" in err
    assert err.splitlines()[-1] == "cancelled: the targets under way have finished their steps"
    assert sum(bool(call.get("recorded")) for call in calls(folder)) == 2


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
