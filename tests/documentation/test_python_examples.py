"""The pages' examples in Python can be read, and import what there is; so do their commands for `python -c`."""

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")), *sorted(PROJECT.glob("*/README.md"))]
PAGES += sorted((PROJECT / "examples").glob("*/README.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r'python (-c ".*?")', re.DOTALL)


def sources(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    commands = [shlex.split(found.replace("\\\n", ""))[1] for found in COMMAND.findall(text)]
    return [*BLOCK.findall(text), *commands]


def imported(source: str) -> list[tuple[str, str | None]]:
    """Modules, and what is taken from them."""
    found: list[tuple[str, str | None]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.module, alias.name) for alias in node.names]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_the_examples_import_is_there(page: Path) -> None:
    for source in sources(page):
        for module, name in imported(source):
            assert name != "*", "whoever reads it cannot see where a name is from"
            assert name is None or hasattr(import_module(module), name), (module, name)


def test_there_are_examples() -> None:
    assert sum(len(sources(page)) for page in PAGES) > 8
