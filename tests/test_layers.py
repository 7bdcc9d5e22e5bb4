"""Inside of a package: who may import whom (pyproject.toml, `tool.importlinter`), through which door, and how much one
has to know to find one's way: floors, modules in a package, lines in a module.
"""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tests.statements import statements

PROJECT = Path(__file__).resolve().parents[1]
PACKAGES = ("components.", "drift_tools.")
# What a process starts by its name.
PROGRAMS = {"drift_tools.job.program", "drift_tools.job.inputs.merge", "drift_tools.job.spark"}
BUILT = ("components", "contract", "deployment", "drift_tools", "functions", "local_aws", "policy")
MOST_FLOORS = 9
MOST_MODULES = 25
MOST_LINES = 400
REASON = f"\nLonger than {MOST_LINES} lines"


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
    for node in statements(ast.parse(source)):
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


def rooms_below(package: str) -> dict[str, set[str]]:
    """What each module and package right inside of `package` imports of the others; the front door is none of them, for
    nobody inside goes through it.
    """
    graph = grimp.build_graph(package, cache_dir=None)
    assert graph.find_modules_that_directly_import(package) == set()
    rooms: dict[str, set[str]] = {room: set() for room in graph.find_children(package)}
    for module in graph.modules - {package}:
        room = ".".join(module.split(".")[:2])
        below = {".".join(other.split(".")[:2]) for other in graph.find_modules_directly_imported_by(module)}
        rooms[room] |= below - {room}
    return rooms


def floors(rooms: Mapping[str, set[str]]) -> dict[str, int]:
    """On which floor each room stands: one above the highest that it imports. A circle raises `CycleError`."""
    heights: dict[str, int] = {}
    for room in TopologicalSorter(rooms).static_order():
        heights[room] = 1 + max((heights[below] for below in rooms[room]), default=0)
    return heights


@pytest.mark.parametrize("package", BUILT)
def test_no_house_has_more_than_nine_floors(package: str) -> None:
    heights = floors(rooms_below(package))
    assert heights
    assert {room: height for room, height in heights.items() if height > MOST_FLOORS} == {}


def test_floors_are_counted() -> None:
    assert floors({"roof": {"cellar", "hall"}, "hall": {"cellar"}, "cellar": set(), "shed": set()}) == {
        "roof": 3, "hall": 2, "cellar": 1, "shed": 1,
    }  # fmt: skip


@pytest.mark.parametrize("package", [*BUILT, "benchmarks", "examples", "tests"])
def test_packages_are_small(package: str) -> None:
    paths = (PROJECT / package).rglob("*.py")
    modules = Counter(path.parent for path in paths if "node_modules" not in path.parts)  # the compiler of TypeScript's
    assert modules
    assert {folder: count for folder, count in modules.items() if count > MOST_MODULES} == {}


def has_room_or_reason(source: str) -> bool:
    """A module is short, or says at its top why it is not."""
    return source.count("\n") <= MOST_LINES or REASON in (ast.get_docstring(ast.parse(source)) or "")


@pytest.mark.parametrize("folder", [*BUILT, "tests"])
def test_a_long_module_says_why(folder: str) -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (PROJECT / folder).rglob("*.py")}
    assert sources
    assert [path.relative_to(PROJECT) for path, source in sources.items() if not has_room_or_reason(source)] == []


def test_a_reason_stands_at_the_top_in_one_form() -> None:
    lines = "x = 1\n" * MOST_LINES
    assert has_room_or_reason(lines)
    assert not has_room_or_reason(lines + "x = 1\n")
    assert not has_room_or_reason(f'"""A table."""\n# Longer than {MOST_LINES} lines: a table.\n{lines}')
    assert has_room_or_reason(f'"""A table.\n\nLonger than {MOST_LINES} lines: a line a type.\n"""\n{lines}')
