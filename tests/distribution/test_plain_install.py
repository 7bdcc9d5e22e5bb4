"""A plain `pip install`: the wheel and what it says that it needs, nothing else. No Pulumi, no boto3."""

import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .conftest import PROJECT

AWAY = ("pulumi", "pulumi_aws", "boto3", "botocore", "yaml", "pyspark")


def needed(requirements: list[str], found: dict[str, Distribution]) -> dict[str, Distribution]:
    """The distributions that requirements without an extra lead to, by name; the tests' own environment has them."""
    for line in requirements:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found[name] = distribution(name)
            needed(found[name].requires or [], found)
    return found


def top_level(package: Distribution) -> Iterator[Path]:
    """What a distribution has in site-packages, each once."""
    files = package.files or []
    for name in sorted({file.parts[0] for file in files if file.parts[0] not in {"..", "__pycache__"}}):
        yield Path(str(package.locate_file(name)))


@dataclass(frozen=True)
class Environment:
    """A virtual environment that knows nothing of the tests' own."""

    folder: Path

    def run(self, *command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "bin" / command[0]), *command[1:]],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "", "XDG_CACHE_HOME": str(folder / "cache")},
        )


@pytest.fixture(scope="module")
def plain(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """pip installs the wheel; what it needs is linked, so that no test waits for a network."""
    folder = tmp_path_factory.mktemp("plain")
    venv.create(folder, with_pip=False, symlinks=True)
    install = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*install, "--no-index", "--no-deps", str(wheel)], check=True, capture_output=True)
    [packages] = folder.glob("lib/python*/site-packages")
    [metadata] = packages.glob("model_monitoring-*.dist-info")
    for package in needed(Distribution.at(metadata).requires or [], {}).values():
        for path in top_level(package):
            (packages / path.name).symlink_to(path)
    return Environment(folder)


def test_the_command_says_its_version(plain: Environment, tmp_path: Path) -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert plain.run("drift-tools", "--version", folder=tmp_path).stdout == f"drift_tools {version}\n"


def test_it_compares_without_pulumi_or_aws(plain: Environment, tmp_path: Path) -> None:
    """Every reader and writer of a local file works: what they import is among the requirements."""
    generator = np.random.default_rng(1)
    for name, shift in (("baseline", 0.0), ("same", 0.0), ("shifted", 1.0)):
        rows = [f"{value:.6f}" for value in generator.normal(shift, size=500)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["amount", *rows, ""]), encoding="utf-8")

    def status(current: str, *options: str) -> int:
        command = ("drift-tools", "compare", "baseline.csv", f"{current}.csv", "--fail-on-drift", *options)
        ran = plain.run(*command, folder=tmp_path)
        assert ran.returncode in (0, 1), ran.stderr
        return ran.returncode

    assert [status("same"), status("shifted")] == [0, 1]
    assert status("shifted", "--format", "html", "--output", "report.html") == 1
    assert "amount" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_is_not_asked_for_is_not_there(plain: Environment, tmp_path: Path) -> None:
    program = f"""
from importlib.util import find_spec
import contract, drift_tools
print([name for name in {AWAY} if find_spec(name)])
"""
    ran = plain.run("python", "-c", program, folder=tmp_path)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "s3://bucket/baseline.csv", "s3://bucket/today.csv"),
        ("migrate", "--schedule", "churn"),
        ("validate", "--outputs", "outputs.json"),
    ],
    ids=lambda command: command[0],
)
def test_a_command_that_needs_aws_names_the_extra(plain: Environment, tmp_path: Path, command: tuple[str, ...]) -> None:
    ran = plain.run("drift-tools", *command, folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    [line] = ran.stderr.splitlines()
    assert line.startswith("drift_tools: ")
    assert line.endswith("is not installed: pip install 'model-monitoring[aws]'")


def test_the_components_name_the_extra(plain: Environment, tmp_path: Path) -> None:
    ran = plain.run("python", "-c", "import components", folder=tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].endswith("the components need Pulumi: pip install 'model-monitoring[pulumi]'")
