"""docs/limits.md, row by row: each has a test of what happens beyond it, and says the number that the code has.

A test says which row it holds: `@pytest.mark.limit("a gzip file")`.
"""

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "limits.md"
MIB = 1 << 20
GIB = 1 << 30
# By row: where the code has its limit, what it is there, and how the page writes it.
NUMBERS: Mapping[str, tuple[tuple[str, Any, str], ...]] = {
    "a captured line, a line of labels": (("drift_tools.capture.limits:LINE_BYTES", 64 * MIB, "64 MiB"),),
    "a gzip file": (
        ("drift_tools.capture.limits:UNPACKED_BYTES", GIB, "1 GiB"),
        ("drift_tools.capture.limits:UNPACKED_RATIO", 200, "200 times"),
    ),
    "columns of a record": (("drift_tools.capture.limits:MOST_COLUMNS", 20_000, "20,000"),),
    "names that the baseline does not have, in a window": (
        ("drift_tools.capture.limits:MOST_NEW_NAMES", 1000, "1,000"),
    ),
    "nesting of JSON": (),
    "problems that are named": (("drift_tools.capture.read:KEPT_PROBLEMS", 1000, "1,000"),),
    "keys of captures and labels": (("contract.object_keys:_SEGMENT_BYTES", 255, "255 bytes"),),
    "a window that a function looks at": (("functions.start_monitor.plan:_MAX_FILES", 2000, "2,000 files"),),
    "a facet without `values`": (("drift_tools.monitors.bias.facets:LARGEST_NUMBER_OF_VALUES", 100, "100 values"),),
    "rows that attribution explains": (
        ("drift_tools.monitors.attribution.explain:MOST_ROWS", 1000, "1,000"),
        ("drift_tools.monitors.attribution.check:FEWEST_ROWS", 50, "fewer than 50"),
    ),
    "segments of a window": (
        ("drift_tools.job.segments:MOST_VALUES", 10, "10 values"),
        ("drift_tools.job.segments:FEWEST_ROWS", 50, "fewer than 50"),
        ("drift_tools.job.segments.results:MOST_CALLED", 3, "3 ring"),
    ),
    "a custom monitor": (
        ("components.args.kinds.custom:_MOST", 10, "10 scripts"),
        ("components.args.kinds.custom:_MOST_BYTES", 64 * 1024, "64 KiB"),
        ("drift_tools.monitors.custom.measure:_MOST_NUMBERS", 50, "50 numbers"),
    ),
    "rows an estimate is made from": (
        ("drift_tools.job.kinds.data_quality:EXACT_BYTES", 256 * MIB, "256 MB"),
        ("drift_tools.monitors.model_quality.estimation:FEWEST_ROWS", 50, "at least 50"),
    ),
    "rows of the flip test (FT)": (("drift_tools.monitors.bias.measure:MOST_ROWS_OF_FLIP_TEST", 20_000, "20,000"),),
    "a model that is asked": (
        ("drift_tools.monitors.attribution.model_process:LARGEST_ARCHIVE", 2 * GIB, "2 GiB"),
        ("drift_tools.monitors.attribution.model_process:LARGEST_ANSWER", 256 * MIB, "256 MiB"),
        ("drift_tools.monitors.attribution.model_process:ModelProcess.seconds", 300, "300 s"),
    ),
    "categories that only one side has, in a result": (("drift_tools.comparison.feature:MOST_NAMED", 1000, "1,000"),),
    "keys below a prefix that is downloaded": (),
    "JSON that a function reads": (
        ("functions.common.s3_objects:MAX_JSON_BYTES", 8 * MIB, "8 MiB"),
        ("functions.start_monitor.run_ledger:_MAX_BYTES", 64 * MIB, "64 MiB"),
    ),
    "a violation's description, and names in it": (
        ("functions.common.violations:_DESCRIPTION_CHARACTERS", 1000, "1,000"),
        ("functions.common.violations:_NAME_CHARACTERS", 256, "256 characters"),
    ),
    "models on the fleet's page, days, findings in a report": (
        ("drift_tools.fleet:MOST_MODELS", 1000, "1,000"),
        ("drift_tools.cli.commands.fleet:_MOST_DAYS", 366, "366"),
        ("drift_tools.report.fleet.page:_FINDINGS", 20, "20 a model"),
    ),
    "metrics that the fleet's watch reads": (("functions.fleet_watch.handler:MOST_METRICS", 30_000, "30,000"),),
    "a query over the tables of results": (),
    "targets of a roll-out": (("deployment.targets:MOST_TARGETS", 500, "500"),),
    "a record of the stream": (
        ("drift_tools.stream.records:LARGEST_RECORD", MIB, "1 MiB"),
        ("drift_tools.stream.records:MOST_ROWS_OF_RECORD", 10_000, "10,000 rows"),
    ),
    "features of a stream": (("drift_tools.stream:MOST_FEATURES", 2000, "2,000"),),
    "a stream's baseline, and its shared state": (
        ("functions.stream_drift.baselines:_MOST_BYTES", 64 * MIB, "64 MiB"),
        ("functions.stream_drift.shared_state:_MOST_BYTES", 64 * MIB, "64 MiB"),
    ),
    "records that a producer holds": (("drift_tools.stream:Producer.capacity", 10_000, "10,000"),),
    "model packages that a retraining looks at": (("functions.retraining_step.ending:_PACKAGES", 100, "newest 100"),),
    "a trained model, unpacked, and an answer of it": (
        ("drift_tools.monitors.attribution.model_process:LARGEST_ARCHIVE", 2 * GIB, "2 GiB"),
        ("drift_tools.monitors.attribution.model_process:LARGEST_ANSWER", 256 * MIB, "256 MiB"),
    ),
    "labels that the guard counts": (("functions.start_retraining.handler:_MOST_LABEL_BYTES", 64 * MIB, "64 MiB"),),
    "a request to the embedded AWS": (
        ("local_aws.front_door:_BODY_LIMIT", 256 * MIB, "256 MiB"),
        ("local_aws.sagemaker.hosting.runtime:_BODY_LIMIT", 25 * MIB, "25 MiB"),
    ),
    "what the embedded AWS writes down for tests": (
        ("local_aws.journal:MOST_ENTRIES", 10_000, "10,000 entries"),
        ("local_aws.journal:LONGEST_TEXT", 2048, "2,048 characters"),
        ("local_aws.journal:LONGEST_CHANGE", 8192, "8,192"),
    ),
}


def rows() -> dict[str, list[str]]:
    """The page's first table: what, limit, beyond it, where."""
    table = PAGE.read_text(encoding="utf-8").split("|---|---|---|---|\n")[1].split("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]
    return {line[0].strip(): line[1:] for line in cells}


def held() -> dict[str, list[str]]:
    """By row, the tests that say that they hold it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in (PROJECT / "tests").rglob("test_*.py"):
        if path == Path(__file__) or "mark.limit" not in (text := path.read_text(encoding="utf-8")):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                for row in _marks(node):
                    found[row].append(f"{path.relative_to(PROJECT)}::{node.name}")
    return found


def _marks(node: ast.FunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.limit":
            assert node.name.startswith("test_"), node.name
            yield str(ast.literal_eval(decorator.args[0]))


def value(place: str) -> Any:
    """A constant of a module, or the default of a class's argument (`module:Class.argument`)."""
    module, _, name = place.partition(":")
    owner, _, argument = name.partition(".")
    found = getattr(import_module(module), owner)
    return inspect.signature(found).parameters[argument].default if argument else found


HELD = held()


@pytest.mark.parametrize("row", list(rows()))
def test_a_limit_has_a_test_and_its_number(row: str) -> None:
    assert HELD[row], f"no test says @pytest.mark.limit({row!r}): what happens beyond it is held by nothing"
    limit, beyond, where = rows()[row]
    assert beyond
    for place, expected, words in NUMBERS[row]:
        assert value(place) == expected, place
        assert words in limit
    path = where.strip("`")
    assert path == "same" or (PROJECT / path).exists()


def test_no_test_and_no_number_is_of_a_row_that_is_gone() -> None:
    assert set(HELD) == set(NUMBERS) == set(rows())
