"""The distribution, built from a copy of the sources."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.sagemaker.archives import unpack

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = ("components", "contract", "drift_tools", "functions", "model", "pyproject.toml", "README.md", "LICENSE")


def build(kind: str, source: Path, target: Path) -> Path:
    """A `wheel` or `sdist` of the sources, as a frontend would have setuptools build it; the file."""
    command = f"from setuptools.build_meta import build_{kind}; build_{kind}({str(target)!r})"
    ran = subprocess.run([sys.executable, "-c", command], cwd=source, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    [built] = target.iterdir()
    return built


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy: a build leaves files behind, and takes along those that an earlier one has left."""
    folder = tmp_path_factory.mktemp("source")
    for name in SHIPPED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def sdist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", source, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, as an index builds it for whoever takes no wheel: what the one lacks, the other lacks."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    unpack(sdist.read_bytes(), unpacked)
    [folder] = unpacked.iterdir()
    return build("wheel", folder, tmp_path_factory.mktemp("wheel"))
