"""What the scikit-learn container can install without a network; tests/container runs AWS's own packages."""

from pathlib import Path

import pytest

from local_aws.sagemaker.hosting.script_install import install_problem

NEW, OLD = (f"683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:{tag}" for tag in ("1.9-0", "1.2-1"))
PROGRAM = {"SAGEMAKER_PROGRAM": "inference.py"}
IN_TREE = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.mark.parametrize("value", [None, "1", "true", "yes", ""])
def test_an_isolated_build_needs_a_network(tmp_path: Path, value: str | None) -> None:
    variables = PROGRAM | ({} if value is None else {"PIP_NO_BUILD_ISOLATION": value})
    problem = install_problem(NEW, variables, tmp_path, isolated=True)
    assert problem is not None
    assert "InstallModuleError" in problem
    assert install_problem(NEW, variables, tmp_path, isolated=False) is None


@pytest.mark.parametrize("value", ["0", "false", "False", "no", "off"])
def test_this_variable_switches_isolation_off(tmp_path: Path, value: str) -> None:
    assert install_problem(NEW, {**PROGRAM, "PIP_NO_BUILD_ISOLATION": value}, tmp_path, isolated=True) is None


def test_an_older_pip_isolates_nothing(tmp_path: Path) -> None:
    assert install_problem(OLD, PROGRAM, tmp_path, isolated=True) is None


def test_a_container_without_a_script_installs_nothing(tmp_path: Path) -> None:
    assert install_problem(NEW, {}, tmp_path, isolated=True) is None


def test_requirements_are_downloaded_whatever_the_build_does(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("lightgbm\n", encoding="utf-8")
    offline = {**PROGRAM, "PIP_NO_BUILD_ISOLATION": "0"}
    assert "requirements.txt" in str(install_problem(NEW, offline, tmp_path, isolated=True))
    assert install_problem(NEW, {**offline, "PIP_FIND_LINKS": "wheels"}, tmp_path, isolated=True) is None


def test_a_script_with_a_backend_of_its_own_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(IN_TREE, encoding="utf-8")
    assert install_problem(NEW, PROGRAM, tmp_path, isolated=True) is None
    (tmp_path / "pyproject.toml").write_text(IN_TREE.replace("[]", '["setuptools"]'), encoding="utf-8")
    assert install_problem(NEW, PROGRAM, tmp_path, isolated=True) is not None
