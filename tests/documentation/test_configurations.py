"""The program takes each example of its configuration that the pages show, on Pulumi's mocked runtime."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from components.args import ArgumentError
from deployment.targets import read_plan
from tests.program.running import PROJECT, run_main

PAGES = (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))
BEGIN, END = "```yaml\n", "```\n"
# Files that the examples name and everybody has of their own.
PEOPLE = "prediction,label,SEX,AGE,REGION\n1,1,1,31,4\n0,0,2,52,1\n"
FILES = {
    "baseline.csv": "prediction,probability,SEX,AGE,region\n1,0.8,1,31,north\n0,0.3,2,52,south\n",
    "labelled.csv": "prediction,probability,label,region\n1,0.8,1,north\n0,0.3,1,south\n",
    "people.csv": PEOPLE,
    "last_four_weeks.csv": "prediction,AGE,at\n1,31,2026-01-05T00:00Z\n",
    "monitors/people.py": "def measure(table):\n    return {}, {}\n",
    "training/train.py": "",
}


class Example(NamedTuple):
    """A block of YAML, and where it stands."""

    place: str
    text: str


class _Loader(yaml.SafeLoader):
    """As Pulumi reads YAML: a date is a text."""


_Loader.yaml_implicit_resolvers = {
    first: [found for found in resolvers if found[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def examples() -> Iterator[Example]:
    """Those of all pages, in their order."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        at = text.find(BEGIN)
        while at >= 0:
            end = text.index(END, at + len(BEGIN))
            line = text.count("\n", 0, at) + 1
            yield Example(f"{page.name}:{line}", text[at + len(BEGIN) : end])
            at = text.find(BEGIN, end)


def with_files(value: Any, folder: Path) -> Any:
    """The configuration with the files that it names where they are."""
    if isinstance(value, dict):
        return {key: with_files(one, folder) for key, one in value.items()}
    if isinstance(value, list):
        return [with_files(one, folder) for one in value]
    return str(folder / value) if isinstance(value, str) and value and (folder / value).exists() else value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def engine_of(config: dict[str, Any]) -> str:
    """Open, the program's default, but for what Model Monitor alone takes."""
    return "model-monitor" if "captured_uri" in config["monitoring"].get("batch", {}) else "open"


STACKS = [example for example in examples() if "waves:" not in example.text]
ROLL_OUTS = [example for example in examples() if "waves:" in example.text]


@pytest.mark.parametrize("example", STACKS, ids=lambda example: example.place)
def test_the_program_takes_it(example: Example, folder: Path) -> None:
    config = with_files(yaml.load(example.text, _Loader), folder)
    try:
        run = run_main("dev", **{"engine": engine_of(config), **config})
    except ArgumentError as error:
        pytest.fail(f"{example.place}: {error}")
    assert run.resources


def test_a_roll_out_takes_its_targets(tmp_path: Path) -> None:
    [example] = ROLL_OUTS
    (tmp_path / "fleet").symlink_to(PROJECT / "fleet")
    (tmp_path / "targets.yaml").write_text(example.text)
    assert [target.name for target in read_plan(tmp_path / "targets.yaml").targets] == ["center", "prod"]


def test_there_are_examples_of_every_argument_with_a_section() -> None:
    shown = {key for example in examples() for key in yaml.load(example.text, _Loader).get("monitoring", {})}
    assert {"alerting", "attribution", "baseline", "batch", "bias", "custom", "data_quality", "retraining"} <= shown
