"""The command: what it prints, asks and returns."""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console

from deployment.__main__ import main
from deployment.display import Display, summary
from deployment.events import Step
from deployment.operations import Environment, Result
from tests.automation.played_cli import Failure, Played, PlayedCli, done, failed, said, summed

BUCKET, SCHEDULE = "aws:s3/bucket:Bucket", "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
UP = Played([*done("create", BUCKET, "dev-data"), *done("delete", SCHEDULE, "old"), summed(create=1, delete=1, same=5)])


class Answer(io.StringIO):
    """Standard input with somebody at it, or nobody."""

    def __init__(self, text: str, *, terminal: bool) -> None:
        super().__init__(text)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def at_the_terminal(monkeypatch: pytest.MonkeyPatch, text: str, *, terminal: bool = True) -> None:
    monkeypatch.setattr("sys.stdin", Answer(text, terminal=terminal))


def test_up(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["up", "dev", "--yes", "--project", str(project)], command=PlayedCli("dev", up=UP))
    out, err = capsys.readouterr()
    assert status == 0
    first, *outputs = out.splitlines()
    assert first.startswith("up of dev: 1 created, 1 deleted, 5 unchanged, in ")
    assert [line.split() for line in outputs] == [
        ["endpoint_name", "churn-endpoint-1"],
        ["model_quality_schedule_name", "-"],
    ]
    lines = err.splitlines()
    assert lines[0] == "up of dev ..."
    assert lines[1].startswith("+ created dev-data aws:s3/bucket:Bucket ")
    assert lines[2].startswith("- deleted old aws:sagemaker/monitoringSchedule:MonitoringSchedule ")
    assert "\x1b" not in out + err


def test_what_a_destroy_keeps_is_not_said_to_be_deleted(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = [
        *done("delete", "aws:s3/bucket:Bucket", "dev-data", retained=True),
        *done("delete", "aws:sns/topic:Topic", "dev-alarms"),
        summed(delete=2),
    ]
    cli = PlayedCli("dev", preview_destroy=Played([summed(delete=2)]), destroy=Played(gone))
    assert main(["destroy", "dev", "--yes", "--project", str(project)], command=cli) == 0
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("= kept dev-data aws:s3/bucket:Bucket ") for line in lines)
    assert any(line.startswith("- deleted dev-alarms aws:sns/topic:Topic ") for line in lines)


def test_letters_that_the_terminal_has_not(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done was done: exit status 1 said that it had failed."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    cli = PlayedCli("dev", up=UP)
    cli.outputs = {"team": "Prüfung"}
    assert main(["up", "dev", "--yes", "--project", str(project)], command=cli) == 0
    sys.stdout.flush()
    assert b"Pr\\xfcfung" in written.getvalue()


@pytest.mark.parametrize("arguments", [["up", "dev"], ["up", "dev", "--yes", "--secret", "engine"]])
def test_a_standard_input_that_is_closed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert main([*arguments, "--project", str(project)], command=PlayedCli("dev", up=UP)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_in_another_thread(project: Path) -> None:
    """It hears of no signal there, and cannot ask for one."""
    arguments = ["up", "dev", "--yes", "--project", str(project)]
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(main, arguments, command=PlayedCli("dev", up=UP)).result() == 0


def test_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "dev", "--yes", "--json", "--project", str(project)], command=PlayedCli("dev", up=UP)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("seconds") >= 0
    assert found == {
        "operation": "up",
        "stack": "dev",
        "changes": {"create": 1, "delete": 1, "same": 5},
        "outputs": {"endpoint_name": "churn-endpoint-1", "model_quality_schedule_name": None},
    }


def test_outputs_as_drift_tools_validate_reads_them(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same object as `pulumi stack output --json`."""
    assert main(["outputs", "dev", "--json", "--project", str(project)], command=PlayedCli("dev")) == 0
    assert json.loads(capsys.readouterr().out) == {
        "endpoint_name": "churn-endpoint-1",
        "model_quality_schedule_name": None,
    }


def test_secret_outputs_are_shown_only_when_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = PlayedCli("dev", up=UP)
    cli.secret_outputs = {"slack": "hush-hush"}
    for arguments in (["outputs", "dev"], ["up", "dev", "--yes"], ["up", "dev", "--yes", "--json"]):
        assert main([*arguments, "--project", str(project)], command=cli) == 0
        out, err = capsys.readouterr()
        assert "[secret]" in out
        assert "hush-hush" not in out + err
    assert main(["outputs", "dev", "--show-secrets", "--project", str(project)], command=cli) == 0
    assert "hush-hush" in capsys.readouterr().out


def test_settings_come_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_terminal(monkeypatch, "from a pipe\n", terminal=False)
    cli = PlayedCli("dev", preview=Played([summed(same=3)]))
    arguments = [
        "preview",
        "dev",
        "--config",
        "engine=open",
        "--config",
        "monitoring.tags.a=b=c",
        "--secret",
        "engine2",
    ]
    assert main([*arguments, "--project", str(project)], command=cli) == 2
    assert cli.calls == []
    at_the_terminal(monkeypatch, "from a pipe\n", terminal=False)
    arguments[-1] = "monitoring.alerting.slack"
    assert main([*arguments, "--project", str(project)], command=cli) == 0
    assert cli.commands() == [
        "stack select",
        "config set-all",
        "config set-all",
        "config set",
        "preview",
    ]
    assert cli.one("config set").text == "from a pipe"
    assert "monitoring.tags.a=b=c" in cli.calls[2].args


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "engine"], "--config engine: write KEY=VALUE"),
        (["--config", "=x"], "--config =x: write KEY=VALUE"),
        (["--secret", "engine="], "--secret engine: it has no value; write KEY=VALUE"),
        (["--secret", "engine=a", "--config", "engine=b"], "engine is given with --config and with --secret"),
        (["--config", "engin=b"], "engin is not a setting of model-monitoring: did you mean engine?"),
    ],
)
def test_unusable_arguments(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    cli = PlayedCli("dev")
    assert main(["preview", "dev", *arguments, "--project", str(project)], command=cli) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"automation.py: {message}")
    assert cli.calls == []


@pytest.mark.parametrize("arguments", [[], ["up"], ["fly", "dev"], ["up", "dev", "--what"]])
def test_arguments_that_argparse_refuses(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("--help")


def test_destroy_shows_what_it_deletes_and_asks_for_the_name(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Played([*done("delete", BUCKET, "dev-data"), summed(delete=53)])
    cli = PlayedCli("dev", preview_destroy=plan, destroy=plan)
    for answer, status in (("", 1), ("y\n", 1), ("prod\n", 1), ("dev\n", 0)):
        cli.calls.clear()
        at_the_terminal(monkeypatch, answer)
        assert main(["destroy", "dev", "--project", str(project)], command=cli) == status
        err = capsys.readouterr().err
        assert "- delete dev-data aws:s3/bucket:Bucket\n" in err
        assert "preview of the destruction of dev: 53 to delete" in err
        assert "This cannot be undone. Type dev to destroy it: " in err
        assert len([call for call in cli.calls if "--yes" in call.args]) == (1 if status == 0 else 0)
        assert ("not confirmed; nothing was changed" in err) is (status == 1)


def test_up_asks_after_a_preview(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = PlayedCli("dev", preview=Played([summed(create=2)]), up=UP)
    at_the_terminal(monkeypatch, "n\n")
    assert main(["up", "dev", "--project", str(project)], command=cli) == 1
    assert "up" not in cli.commands()
    at_the_terminal(monkeypatch, "yes\n")
    assert main(["up", "dev", "--project", str(project)], command=cli) == 0
    assert "preview of dev: 2 to create" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "destroy"])
def test_nobody_there_to_answer(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    at_the_terminal(monkeypatch, "", terminal=False)
    cli = PlayedCli("dev")
    assert main([command, "dev", "--project", str(project)], command=cli) == 2
    assert capsys.readouterr().err == (
        f"automation.py: {command} asks before it goes on, and nobody is there to answer: add --yes\n"
    )
    assert cli.calls == []


def test_a_known_failure_is_one_line_after_the_list(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = (
        "operation error SageMaker: CreateMonitoringSchedule, api error ValidationException: closed to new customers"
    )
    cli = PlayedCli("dev", up=Played(failed("create", SCHEDULE, "dev-dq", f"boom\n{message}"), Failure("error: x")))
    assert main(["up", "dev", "--yes", "--project", str(project)], command=cli) == 1
    out, err = capsys.readouterr()
    assert out == ""
    [_, step, line] = err.splitlines()
    assert step == f"x failed to create dev-dq {SCHEDULE}"
    assert line.endswith("pulumi config set model-monitoring:engine open --stack dev")


def test_an_unknown_failure_is_printed_in_full(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = PlayedCli("dev", up=Played([said("error", "one [red]thing[/red]\nand more")], Failure("error: x")))
    assert main(["up", "dev", "--yes", "--project", str(project)], command=cli) == 1
    err = capsys.readouterr().err
    assert "one [red]thing[/red]\nand more\n" in err
    assert err.splitlines()[-1] == "automation.py: one [red]thing[/red]"


def test_verbose_prints_errors_as_they_come(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = PlayedCli("dev", up=Played([said("error", "No valid credential sources found\nat all")], Failure()))
    assert main(["up", "dev", "--yes", "--verbose", "--project", str(project)], command=cli) == 1
    assert "model-monitoring-dev: error: No valid credential sources found\nat all\n" in capsys.readouterr().err


def test_a_terminal_gets_a_live_list(project: Path) -> None:
    """Drawn while a step runs: what is done, to what, for how long."""
    screen = io.StringIO()
    display = Display(Console(file=screen, force_terminal=True, width=120, color_system=None))
    drawn: list[str] = []

    begun = [done("create", BUCKET, f"bucket-{number}")[0] for number in range(15)]
    ended = [event for number in range(15) for event in done("create", BUCKET, f"bucket-{number}")[1:]]
    seen = display.progress.on_step

    def on_step(step: Step, seconds: float | None) -> None:
        drawing = io.StringIO()
        Console(file=drawing, width=120, color_system=None).print(display.running())
        drawn.append(drawing.getvalue())
        seen(step, seconds)

    display.progress.on_step = on_step
    cli = PlayedCli("dev", up=Played([*begun, *ended, summed(create=15)]))
    with display.operation("up", "dev"):
        Environment("dev", project=project, command=cli, progress=display.progress).up()
    first = drawn[0]
    assert first.count("+ creating") == 12
    assert "and 2 more" in first
    assert "bucket-1 " in first
    assert "up of dev" in first
    assert screen.getvalue().count("+ created bucket-") == 15


@pytest.mark.parametrize(
    ("changes", "seconds", "text"),
    [
        ({}, 0.04, "up of dev: nothing to do, in 0.0 s"),
        ({"same": 3}, 12.3, "up of dev: 3 unchanged, in 12 s"),
        (
            {"same": 3, "replace": 1, "create": 2, "odd": 1},
            192,
            "up of dev: 2 created, 1 replaced, 3 unchanged, 1 odd, in 3 min 12 s",
        ),
    ],
)
def test_summary(changes: dict[str, int], seconds: float, text: str) -> None:
    assert summary(Result(operation="up", stack="dev", changes=changes, seconds=seconds)) == text
