"""What the real CLI says where an operation cannot begin, in a small project: played words could be old ones."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from deployment.errors import AutomationError, UnusableError
from deployment.operations import Environment
from examples.demo.deploying import environment_variables
from tests.engine.lab import PASSPHRASE, cli, find_cli
from tests.engine.programs import programs_here

PROJECT_FILE = "name: small\nruntime: python\nconfig:\n  word: {type: string}\n  number: {type: integer, default: 1}\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project with a settings file for dev, and an empty state beside it."""
    folder = tmp_path / "program"
    (tmp_path / "state").mkdir()
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(PROJECT_FILE, encoding="utf-8")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  small:word: one\n", encoding="utf-8")
    found = find_cli()
    assert found is not None
    variables = {
        "PATH": f"{Path(found).parent}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    with environment_variables(variables), programs_here():
        yield folder


def program() -> None:
    pulumi.export("word", pulumi.Config().require("word"))
    pulumi.export("hidden", pulumi.Output.secret("hush-hush"))


def environment(project: Path) -> Environment:
    made = Environment("dev", project=project, command=cli())
    made._workspace.program = program
    return made


def remove(project: Path, *options: str) -> None:
    """`pulumi stack rm`, by somebody else."""
    cli().run(["stack", "rm", "dev", "--yes", "--force", *options], str(project), {})


def test_a_stack_that_was_removed_meanwhile(project: Path) -> None:
    dev = environment(project)
    assert dev.up().changes == {"create": 1}
    remove(project, "--preserve-config")
    assert dev.up().changes == {"create": 1}
    kept = shutil.copy(project / "Pulumi.dev.yaml", project.parent)
    remove(project)
    with pytest.raises(UnusableError, match=r"^stack dev was removed meanwhile, and Pulumi.dev.yaml is not there"):
        dev.up()
    shutil.copy(kept, project)
    assert dev.up().outputs["word"] == "one"


def test_what_keeps_an_operation_from_its_beginning(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dev = environment(project)
    dev.configure({"word": "two"}, {"word": "hush-hush"})

    def line() -> str:
        with pytest.raises(AutomationError) as caught:
            dev.preview()
        assert "\n" not in str(caught.value)
        assert caught.value.known
        return str(caught.value)

    with monkeypatch.context() as patch:
        patch.setenv("PULUMI_CONFIG_PASSPHRASE", "another")
        assert line().startswith("the stack's secrets cannot be read: set PULUMI_CONFIG_PASSPHRASE")
        patch.delenv("PULUMI_CONFIG_PASSPHRASE")
        assert line().startswith("the stack's secrets cannot be read: set PULUMI_CONFIG_PASSPHRASE")
        patch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "/nope/x")
        assert line().startswith("the passphrase's file cannot be read: /nope/x: ")
    with monkeypatch.context() as patch:
        patch.setenv("PULUMI_BACKEND_URL", "file:///nope/x")
        assert line().startswith(
            "Pulumi's state cannot be opened: stat /nope/x: no such file or directory: mkdir -p /n"
        )
    cli().run(["config", "rm", "word", "--stack", "dev"], str(project), {})
    assert line() == "word is not set: pulumi config set word VALUE --stack dev"
    dev.configure({"word": "two", "number": "many"})
    assert line() == "number must be of type integer: pulumi config set number VALUE --stack dev"


def test_secrets_are_shown_to_who_asks(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_OPTION_SHOW_SECRETS", "true")
    dev = environment(project)
    assert dev.up().outputs["hidden"] == "[secret]"
    assert dev.outputs()["hidden"] == "[secret]"
    assert dev.outputs(show_secrets=True)["hidden"] == "hush-hush"


def test_a_lock_says_whose_it_is(project: Path) -> None:
    dev = environment(project)
    lines: list[str] = []

    def meanwhile() -> None:
        with pytest.raises(AutomationError) as caught:
            Environment("dev", project=project, command=cli()).refresh()
        lines.append(str(caught.value))

    dev._workspace.program = meanwhile
    dev.up()
    assert len(lines) == 1
    assert lines[0].startswith("stack dev is locked by another update (")
    assert ", process " in lines[0]
    assert lines[0].endswith("if none is running any more: pulumi cancel --stack dev")
