"""What docs/architecture.md says of adding things: the files that it names are there, each list has all that is to be
in it, and nothing else names what was added. A measure has its own: tests/drift_tools/measures/test_measures_list.py.
"""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from components.args.kinds import KIND_ARGUMENTS
from components.monitors import MONITOR_KINDS
from contract.monitor_kinds import KINDS
from drift_tools.endpoint.migrated_kinds import MIGRATED
from drift_tools.job.kinds import run_of
from drift_tools.report import sections
from functions.alarm_responder import kinds as alarm_kinds
from functions.alarm_responder import monitor_words

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
PRODUCT = ("components", "contract", "drift_tools", "functions")


def modules_of(package: str) -> set[str]:
    return {path.stem for path in (PROJECT / package).glob("*.py")} - {"__init__"}


def imported_by(package: str) -> set[str]:
    """The modules of a package that its own door or list imports by name."""
    tree = ast.parse((PROJECT / package / "__init__.py").read_text(encoding="utf-8"))
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in froms if node.module == package.replace("/", ".") for alias in node.names}


@cache
def kinds_by_file() -> dict[str, set[str]]:
    """The names of kinds that each of the product's files imports, of those that import any."""
    found = {}
    for package in PRODUCT:
        for path in (PROJECT / package).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if "monitor_kinds" not in source:
                continue
            froms = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
            names = {alias.name for node in froms if node.module == "contract.monitor_kinds" for alias in node.names}
            found[str(path.relative_to(PROJECT))] = names
    return found


def naming(constant: str) -> set[str]:
    """The product's files that import the name of a kind."""
    return {file for file, names in kinds_by_file().items() if constant in names}


def test_the_files_that_the_page_names_are_there() -> None:
    named = re.findall(r"`((?:contract|components|drift_tools|functions|local_aws|tests|docs)/[\w./]*)`", PAGE)
    assert len(named) > 20
    assert [name for name in named if not (PROJECT / name).exists()] == []


def test_every_list_has_every_kind_of_monitor() -> None:
    assert list(KIND_ARGUMENTS) == [kind.kind.name for kind in MONITOR_KINDS] == list(KINDS)
    assert all(callable(run_of(kind)) for kind in KINDS)
    assert {kind.monitoring_type for kind in KINDS.values() if kind.monitoring_type} == set(MIGRATED)


def test_a_kind_of_monitor_is_named_by_the_lists_and_its_own_rooms_alone() -> None:
    """Custom monitors came last."""
    assert naming("CUSTOM") == {
        "components/args/kinds/__init__.py",
        "components/monitors/custom/kind.py",
        "drift_tools/job/kinds/__init__.py",
        "drift_tools/result_rows/rows.py",
    }


@pytest.mark.parametrize("constant", ["BIAS", "ATTRIBUTION", "CUSTOM"])
def test_the_stack_names_none_that_came_later(constant: str) -> None:
    assert naming("MODEL_QUALITY") & {"components/stack/stack.py"}  # the first two are outputs of their own
    assert not naming(constant) & {"components/stack/stack.py"}


def test_pages_have_the_sections_of_every_module() -> None:
    helpers = {"runs", "section"}
    listed = {kind.__module__.rpartition(".")[2] for kind in sections._KINDS}
    assert listed == modules_of("drift_tools/report/sections") - helpers


def test_every_kind_of_alarm_is_answered() -> None:
    package = "functions/alarm_responder/kinds"
    answered = {import_module(f"functions.alarm_responder.kinds.{name}").KIND for name in imported_by(package)}
    assert imported_by(package) == modules_of(package)
    assert answered == set(alarm_kinds.KINDS.values())


def test_every_check_of_its_own_kind_has_words() -> None:
    package = "functions/alarm_responder/monitor_words"
    assert imported_by(package) == modules_of(package)
    assert len(monitor_words.CHECK_WORDS) == len(modules_of(package))
