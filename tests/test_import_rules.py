"""Who may import whom (the design's import rules; no test another test), and one rule about annotations.

`components`, `functions` and `drift_tools` may import `contract`, which imports nothing, and nothing else of each
other; `local_aws` is a project of its own and imports none of them; the components ship the others' files. Only tests,
examples and the demo see everything.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.statements import statements

PROJECT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "components",
    "contract",
    "drift_tools",
    "functions",
    "local_aws",
    "model",
    "examples",
    "benchmarks",
    "policy",
    "deployment",
    "tests",
)
# Everything of ours that a package may import besides itself.
ALLOWED: dict[str, set[str]] = {
    "contract": set(),
    "components": {"contract"},
    "drift_tools": {"contract"},
    "functions": {"contract"},
    "local_aws": set(),
    "model": set(),
    "deployment": set(),
    "policy": set(),
}
# The one function that computes has the statistics of streams in its archive.
COMPUTING = PROJECT / "functions" / "stream_drift"
# drift_tools knows nothing of Pulumi, local_aws nothing of statistics, components no AWS API.
FORBIDDEN_LIBRARIES = {
    "components": {"boto3", "botocore", "numpy", "scipy", "pyarrow", "moto", "ministack", "yaml"},
    "drift_tools": {"pulumi", "pulumi_aws", "pulumi_aws_native", "moto", "ministack", "flask"},
    # boto3 takes the roles of other accounts for a roll-out, which no engine does for it.
    "deployment": {"numpy", "pulumi_aws", "moto", "ministack"},
    "functions": {"numpy", "scipy", "pyarrow", "pulumi", "rich", "moto", "ministack", "yaml"},
}


def sources(package: str) -> list[Path]:
    return sorted(path for path in (PROJECT / package).rglob("*.py") if "__pycache__" not in path.parts)


def imported(source: str) -> Iterator[str]:
    """Top-level names of every import, wherever in the file it stands; relative ones are the package's own."""
    tree = ast.parse(source)
    for node in statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]
    if "import_module" not in source:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"importlib.import_module", "import_module"}:
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value.split(".")[0]


@cache
def imported_by(path: Path) -> frozenset[str]:
    """The same of a file, which several rules ask for."""
    return frozenset(imported(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_they_may(package: str) -> None:
    others = set(PACKAGES) - {package} - ALLOWED[package]
    found = {
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in sources(package)
        for name in imported_by(path)
        if name in others and not (name == "drift_tools" and path.is_relative_to(COMPUTING))
    }
    assert found == set()


@pytest.mark.parametrize("package", FORBIDDEN_LIBRARIES)
def test_packages_keep_out_of_others_trades(package: str) -> None:
    found = {
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in sources(package)
        for name in imported_by(path)
        if name in FORBIDDEN_LIBRARIES[package]
    }
    assert found == set()


def test_the_contract_takes_the_standard_library_only() -> None:
    """It travels in every archive."""
    names = {name for path in sources("contract") for name in imported_by(path)}
    assert names - {"contract"} <= sys.stdlib_module_names


def test_the_program_sees_components_and_the_contract_and_computes_with_drift_tools_only() -> None:
    names = imported_by(PROJECT / "__main__.py")
    assert names & set(PACKAGES) == {"components", "contract", "drift_tools"}


def test_components_keep_their_annotations() -> None:
    """Pulumi reads the annotations of components and their arguments; as text they cannot be read."""
    for path in [*sources("components"), PROJECT / "__main__.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        future = [node for node in statements(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        assert future == [], path


def test_packages_are_there() -> None:
    """An empty list of files would hold every rule."""
    for package in ("components", "contract", "drift_tools", "functions", "local_aws"):
        assert len(sources(package)) >= 5


def imported_tests(source: str) -> list[str]:
    """Test modules that are imported, wherever in the file it stands."""
    names: list[str] = []
    for node in statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module or ''}.{alias.name}" for alias in node.names]
    return [name for name in names if re.match(r"(tests\.(\w+\.)*|\.)?test_", name)]


def test_no_test_is_imported() -> None:
    """What two tests need stands in a module beside them: who changes a test need not look who else lives on it."""
    found = {
        str(path.relative_to(PROJECT)): imported_tests(path.read_text(encoding="utf-8")) for path in sources("tests")
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_the_reader_of_imports_finds_every_form() -> None:
    source = (
        "import a.b\nfrom c.d import e\nfrom . import f\nfrom .g import h\n"
        "def x():\n    import i\n    importlib.import_module('j.k')\n"
    )
    assert list(imported(source)) == ["a", "c", "i", "j"]
    source = (
        "import test_a\nfrom tests.b.test_c import D\nfrom tests.e import test_f\nfrom . import test_g\n"
        "def x():\n    from .test_h import i\nfrom tests.j.doubles import k\nfrom library import test_value\n"
    )
    assert imported_tests(source) == ["test_a", "tests.b.test_c.D", "tests.e.test_f", ".test_g", "test_h.i"]


def test_mypy_reads_every_service_that_is_used() -> None:
    """A service that its settings leave out would be `Any`, and no argument of its resources checked.

    Amazon QuickSight's is left out on purpose: components/fleet/quicksight.py says why.
    """
    overrides = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    read = {name for part in overrides if part.get("follow_imports") == "normal" for name in part["module"]}
    used = set()
    for package in ("components", "deployment", "examples", "policy"):
        for path in sources(package):
            source = path.read_text(encoding="utf-8")
            for library, alias in re.findall(r"^import (pulumi_aws(?:_native)?)(?: as (\w+))?$", source, re.MULTILINE):
                used |= {
                    f"{library}.{name}.*"
                    for name in re.findall(rf"\b{alias or library}\.([a-z]\w*)(?:\.[A-Za-z]|, )", source)
                }
    assert {"pulumi_aws.sagemaker.*", "pulumi_aws_native.sagemaker.*"} <= used
    assert used - read == {"pulumi_aws_native.quicksight.*"}
