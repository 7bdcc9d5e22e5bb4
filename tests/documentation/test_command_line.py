"""docs/command-line.md has every command and every option; the parser takes each command line of any page."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from drift_tools.cli import parser

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")), *sorted(PROJECT.glob("*/README.md"))]
OWN_PAGE = (PROJECT / "docs" / "command-line.md").read_text(encoding="utf-8")
LINE = re.compile(r"^ {4,}(?:python -m drift_tools|\.venv/bin/python -m drift_tools|drift-tools) (.+)$", re.MULTILINE)
WORDS = re.compile(r"`(?:python -m drift_tools|drift-tools) ([a-z][^`]*)`")


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Each command's parser, by its name."""
    [commands] = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    found: dict[str, argparse.ArgumentParser] = dict(commands.choices)
    return found


COMMANDS = parsers()


def options(command: str) -> set[str]:
    return {option for action in COMMANDS[command]._actions for option in action.option_strings}


def command_lines() -> list[tuple[str, str]]:
    """Those that stand by themselves, with the page; a backslash goes on with the next line."""
    pages = [(page.name, page.read_text(encoding="utf-8").replace("\\\n", " ")) for page in PAGES]
    return [(name, line.partition(" #")[0]) for name, text in pages for line in LINE.findall(text)]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_has_the_command_and_all_of_its_options(command: str) -> None:
    assert re.search(rf"^\|.*`{command}`", OWN_PAGE, re.MULTILINE), "not in the table of commands"
    asked = options(command) - {"-h", "--help"}
    assert [option for option in sorted(asked) if not re.search(rf"{option}(?![\w-])", OWN_PAGE)] == []


@pytest.mark.parametrize(("page", "line"), command_lines())
def test_the_parser_takes_what_a_page_shows(page: str, line: str) -> None:
    parser().parse_args(shlex.split(line))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_commands_within_a_sentence_have_the_options_that_it_gives_them(page: Path) -> None:
    for words in WORDS.findall(" ".join(page.read_text(encoding="utf-8").split())):
        command, *given = words.split()
        assert command in COMMANDS, words
        assert {word for word in given if word.startswith("--")} <= options(command), words


def test_there_are_command_lines() -> None:
    assert len(command_lines()) > 30
