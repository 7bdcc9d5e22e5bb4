"""End to end with the real CLI, where there is one. What needs an AWS account says so."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from automation import Environment, Result

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on this machine"),
    pytest.mark.skipif(
        not os.environ.get("MODEL_MONITORING_AWS_TEST"),
        reason="set MODEL_MONITORING_AWS_TEST=preview (or =deploy, which costs money) with AWS credentials",
    ),
]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """A stack of this test's own, its state in a folder; the program is a copy, so that no settings file changes."""
    project = tmp_path / "program"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "build", "__pycache__", ".mypy_cache", ".ruff_cache", "node_modules"
    )
    shutil.copytree(PROJECT, project, ignore=ignored)
    (project / ".venv").symlink_to(PROJECT / ".venv")
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "state").as_uri())
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "only for this test")
    made = Environment(f"test-{os.getpid()}", project=project)
    made.configure(
        {"aws:region": os.environ.get("AWS_REGION", "us-east-1"), "retain_data": False},
        {"monitoring.tags.secret": "hush-hush"},
        create=True,
    )
    yield made
    if os.environ["MODEL_MONITORING_AWS_TEST"] == "deploy":
        made.destroy()


def test_preview(environment: Environment) -> None:
    result = environment.preview()
    assert result.changes.get("create", 0) > 40
    assert set(result.changes) == {"create"}
    settings = (environment.project / f"Pulumi.{environment.name}.yaml").read_text(encoding="utf-8")
    assert "hush-hush" not in settings
    assert "secure:" in settings


@pytest.mark.skipif(
    os.environ.get("MODEL_MONITORING_AWS_TEST") != "deploy", reason="MODEL_MONITORING_AWS_TEST=deploy deploys for real"
)
def test_up_again_refresh_and_destroy(environment: Environment) -> None:
    environment.configure({"engine": os.environ.get("MODEL_MONITORING_ENGINE", "open")})
    first = environment.up()
    assert first.outputs["endpoint_name"] == environment.outputs()["endpoint_name"]
    assert changes_nothing(environment.up())
    assert changes_nothing(environment.refresh())
    assert set(environment.destroy().changes) == {"delete"}


def changes_nothing(result: Result) -> bool:
    return result.changed == 0
