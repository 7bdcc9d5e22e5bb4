"""The embedded AWS is a project of its own: its wheel, from its folder alone, and what it imports."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from contract.monitor_kinds import KINDS
from local_aws.sagemaker import jobs, schedules
from tests.distribution.conftest import PROJECT, build


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source") / "local_aws"
    shutil.copytree(PROJECT / "local_aws", source, ignore=shutil.ignore_patterns("__pycache__"))
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


def test_every_source_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    folder = PROJECT / "local_aws"
    files = [path for path in folder.rglob("*") if path.suffix in {".py", ".json"} and "__pycache__" not in path.parts]
    assert names == {f"local_aws/{path.relative_to(folder).as_posix()}" for path in files}


def test_it_needs_nothing_of_the_repository(wheel: Path, tmp_path: Path) -> None:
    """Imported from the wheel, from another folder: both modules that know the kinds of monitors among it."""
    program = "import local_aws, local_aws.sagemaker.jobs, local_aws.sagemaker.schedules; print(local_aws.__file__)"
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(wheel)!r}); {program}"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"PATH": ""},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert str(wheel) in ran.stdout


WITHOUT_PULUMI = """
import sys
for name in ("pulumi", "pulumi_aws", "pulumi_aws_native", "grpc"):
    sys.modules[name] = None  # as if it were not installed
sys.path.insert(0, sys.argv.pop(1))
from local_aws import command
command._wait = lambda cloud, stop: print(cloud.client("s3").list_buckets()["Buckets"])
sys.exit(command.main())
"""


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["--no-stack"], 0, "Ctrl-C stops it.\n[]\n"),
        ([], 1, "local_aws: a stack needs Pulumi, which is not here: install local-aws-model-monitoring[pulumi]"),
    ],
)
def test_the_command_without_pulumi(wheel: Path, tmp_path: Path, args: list[str], status: int, said: str) -> None:
    """A plain install has none of it."""
    with zipfile.ZipFile(wheel) as archive:  # the server is a process of its own, which takes files
        archive.extractall(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_PULUMI, str(tmp_path), *args],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, said in ran.stdout + ran.stderr) == (status, True), ran.stdout + ran.stderr
    assert "pulumi up" not in ran.stdout


def test_it_knows_the_kinds_of_monitors_as_the_contract_does() -> None:
    of_aws = [kind for kind in KINDS.values() if kind.monitoring_type]
    assert {kind.monitoring_type: kind.model_monitor_namespace for kind in of_aws} == jobs._NAMESPACES
    analyses = {kind.monitoring_type: kind.analysis_type for kind in of_aws if kind.monitoring_type != "DataQuality"}
    assert analyses == schedules._ANALYSES
