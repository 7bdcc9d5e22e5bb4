"""What `pip install` of this repository gives: built, installed and used as a program elsewhere would."""

import json
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.archives.function import FUNCTIONS, function_files
from components.archives.model import model_archive
from components.archives.monitor import job_archive, job_sources
from components.archives.sources import source_files
from components.naming import content_hash

PROJECT = Path(__file__).resolve().parents[2]
MAPPED = {"functions": "components/function_sources", "model": "components/sample_model"}

# The mocked runtime, and what it imports of the tests.
RECORDER = ("tests/components/mocked_runtime.py", "tests/quiet_sdk.py")
PROGRAM = """
import json
import sys

import pulumi
from tests.components.mocked_runtime import run_program  # the tests' recorder, copied beside this program

import components
import drift_tools
from components.archives import asset_bytes, job_archive
from components.naming import content_hash

# Nothing but a baseline: the model is the sample, from the distribution.
run = run_program(
    lambda: components.ModelMonitoringStack("churn", {"baseline": {"data": pulumi.FileAsset(sys.argv[1])}})
)
[model] = [item for item in run.of_type("aws:s3/bucketObjectv2:BucketObjectv2") if item.name.endswith("-archive")]
functions = {
    item.name: {name: content_hash(asset_bytes(asset)) for name, asset in item.inputs["code"].assets.items()}
    for item in run.of_type("aws:lambda/function:Function")
}
json.dump(
    {
        "components": components.__file__,
        "drift_tools": drift_tools.__file__,
        "resources": len(run.resources),
        "functions": functions,
        "model": content_hash(asset_bytes(model.inputs["source"])),
        "job_code": content_hash(job_archive()),
    },
    sys.stdout,
)
"""


@dataclass(frozen=True)
class Installed:
    """An environment that has the distribution, and of its dependencies what the tests' own environment has."""

    python: Path
    packages: Path
    wheel: Path

    def run(self, *arguments: str, folder: Path) -> str:
        ran = subprocess.run(
            [str(self.python), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "", "XDG_CACHE_HOME": str(folder / "cache")},
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Unpacked into site-packages, which is all that installing a wheel without scripts is."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installed(folder / "bin" / "python", packages, wheel)


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_every_source_is_in_the_wheel(wheel: Path) -> None:
    """A new folder or kind of file must be named in pyproject.toml."""
    expected = {
        f"{MAPPED.get(package, package)}/{inside}"
        for package in ("components", "contract", "drift_tools", "functions", "model")
        for inside, _ in source_files(PROJECT / package)
        if inside not in {"README.md", "requirements.txt"} and not inside.endswith(".csv")
    }
    assert names(wheel) == expected


def test_both_packages_say_that_they_have_types(wheel: Path) -> None:
    assert {"components/py.typed", "drift_tools/py.typed"} <= names(wheel)


def test_name_and_requirements(wheel: Path) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with zipfile.ZipFile(wheel) as archive:
        [path] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(path).decode()
    assert metadata.startswith("Metadata-Version: ")
    assert f"\nName: {project['name']}\nVersion: {project['version']}\n" in metadata
    required = [line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if "Requires-Dist" in line]
    assert len([line for line in required if "extra ==" not in line]) == len(project["dependencies"])


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in RECORDER:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    (folder / "baseline.csv").write_text("prediction,age\n1,41\n0,23\n", encoding="utf-8")
    return folder


def test_a_program_elsewhere_builds_the_stack(installed: Installed, elsewhere: Path) -> None:
    found: dict[str, Any] = json.loads(installed.run("program.py", str(elsewhere / "baseline.csv"), folder=elsewhere))
    for package in ("components", "drift_tools"):
        assert Path(found[package]).is_relative_to(installed.packages)
    assert found["resources"] > 40
    # The same bytes as from the repository, or a deployment from the other place would replace everything.
    assert found["job_code"] == content_hash(job_archive())
    assert found["model"] == content_hash(model_archive(PROJECT / "model" / "artifact"))
    assert len(found["functions"]) >= 3
    for name, files in found["functions"].items():
        [folder] = [
            path.parent.name
            for path in FUNCTIONS.glob("*/handler.py")
            if name.endswith(path.parent.name.replace("_", "-"))
        ]
        mine = {inside: content_hash(path.read_bytes()) for inside, path in function_files(folder).items()}
        assert mine.items() <= files.items()


def test_the_command_line_and_the_plugin_run(installed: Installed, tmp_path: Path) -> None:
    assert "compare" in installed.run("-m", "drift_tools", "--help", folder=tmp_path)
    schema = json.loads(installed.run("-m", "components", "--schema", folder=tmp_path))
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert schema["version"] == project["version"]


def test_job_sources_are_there(installed: Installed) -> None:
    for inside, path in job_sources():
        assert (installed.packages / inside).read_bytes() == path.read_bytes()


TYPED_PROGRAM = """
import drift_tools
from components import ModelMonitoringStack, ModelMonitoringStackArgs

args: ModelMonitoringStackArgs = {"engine": "model-monitor", "retain_data": False}  # line 5
ModelMonitoringStack("churn", {"retain_dta": True})  # line 6
reveal_type(ModelMonitoringStack.__init__)
reveal_type(drift_tools.compare)
"""
# The dependencies' own types are not what this is about, and pulumi_aws's alone take minutes. Nor is there a second run
# that a cache would be for.
MYPY_SETTINGS = """
[mypy]
strict = true
cache_dir = /dev/null
[mypy-boto3.*,botocore.*,jinja2.*,matplotlib.*,numpy.*,pulumi_aws.*,pulumi_aws_native.*,pyarrow.*,rich.*,scipy.*]
follow_imports = skip
follow_imports_for_stubs = true
ignore_missing_imports = true
"""


def test_type_checkers_see_the_types(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(TYPED_PROGRAM, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(MYPY_SETTINGS, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", str(installed.python), "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ran.stdout.splitlines()
    assert any(line.startswith("program.py:6: error:") and "retain_dta" in line for line in lines), ran.stdout
    [init, compare] = [line for line in lines if "Revealed type" in line]
    assert "components.args.stack.ModelMonitoringStackArgs" in init
    assert "drift_tools" in compare
    assert "Any" not in init
    # Nothing else is wrong: neither in the program nor, as it is told, in the packages.
    assert {line.split(": error:")[0] for line in lines if ": error:" in line} <= {"program.py:5", "program.py:6"}
