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


def test_it_knows_the_kinds_of_monitors_as_the_contract_does() -> None:
    of_aws = [kind for kind in KINDS.values() if kind.monitoring_type]
    assert {kind.monitoring_type: kind.model_monitor_namespace for kind in of_aws} == jobs._NAMESPACES
    analyses = {kind.monitoring_type: kind.analysis_type for kind in of_aws if kind.monitoring_type != "DataQuality"}
    assert analyses == schedules._ANALYSES
