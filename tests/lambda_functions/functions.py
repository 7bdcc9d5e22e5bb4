"""The modules of a function, and the events that the tests send."""

import functools
import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

FUNCTIONS = Path(__file__).parents[2] / "functions"
EVENTS = Path(__file__).parent / "events"


@functools.cache
def load(function: str) -> Any:
    """The modules of a function, by name."""
    names = sorted(path.stem for path in (FUNCTIONS / function).glob("[!_]*.py"))
    return SimpleNamespace(**{name: importlib.import_module(f"functions.{function}.{name}") for name in names})


def common(module: str) -> Any:
    """The module functions/common/<module>.py."""
    return importlib.import_module(f"functions.common.{module}")


def event(name: str) -> Any:
    """A fresh copy of events/<name>.json."""
    return json.loads((EVENTS / f"{name}.json").read_text())
