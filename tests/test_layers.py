"""Inside of a package: who may import whom (pyproject.toml, `tool.importlinter`), and through which door."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PACKAGES = ("components.", "drift_tools.")
# What a process starts by its name.
PROGRAMS = {"drift_tools.job.program", "drift_tools.job.inputs.merge", "drift_tools.job.spark"}


def test_layers() -> None:
    """In a process of its own, since import-linter sets up logging as it likes it."""
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def package_of(module: str) -> str:
    """The package that has a door: `drift_tools.tables`, or a kind of monitor of it."""
    parts = module.split(".")
    return ".".join(parts[:3] if parts[:2] == ["drift_tools", "monitors"] else parts[:2])


def inner_imports(module: str, source: str) -> Iterator[str]:
    """Rooms of other packages that a module enters, and not through the door."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGES):
            door = package_of(node.module)
            if door not in (package_of(module), node.module) and node.module not in PROGRAMS:
                yield f"{module}: {node.module}"


def test_packages_are_entered_through_their_doors() -> None:
    paths = [path for package in PACKAGES for path in (PROJECT / package.rstrip(".")).rglob("*.py")]
    modules = {".".join(path.relative_to(PROJECT).with_suffix("").parts): path for path in paths}
    assert len(modules) > 140
    entered = [inner_imports(name, path.read_text(encoding="utf-8")) for name, path in sorted(modules.items())]
    assert [found for each in entered for found in each] == []


def test_what_enters_by_another_way_is_found() -> None:
    source = (
        "from drift_tools.tables.table import Table\nfrom drift_tools.tables import Column\n"
        "def late():\n    from drift_tools.monitors.bias.check import check\n"
    )
    assert list(inner_imports("drift_tools.monitors.model_quality.columns", source)) == [
        "drift_tools.monitors.model_quality.columns: drift_tools.tables.table",
        "drift_tools.monitors.model_quality.columns: drift_tools.monitors.bias.check",
    ]
    assert next(inner_imports("drift_tools.tables.csv_fast", source)).endswith("drift_tools.monitors.bias.check")
