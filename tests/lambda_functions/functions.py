"""Loads a function's modules as its bundle has them: its own folder and `shared` at the root of the import path."""

import functools
import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

FUNCTIONS = Path(__file__).parents[2] / "lambda"
EVENTS = Path(__file__).parent / "events"


@functools.cache
def load(function: str) -> Any:
    """The modules of a function, by name. They leave sys.modules again: each function has its own `handler`."""
    folder = FUNCTIONS / function
    names = sorted(path.stem for path in folder.glob("*.py"))
    before = set(sys.modules)
    sys.path[:0] = [str(folder), str(FUNCTIONS)]
    try:
        modules = {name: importlib.import_module(name) for name in names}
    finally:
        del sys.path[:2]
        for name in set(names) - before:
            sys.modules.pop(name, None)
    return SimpleNamespace(**modules)


@functools.cache
def shared(module: str) -> Any:
    """The module lambda/shared/<module>.py."""
    sys.path.insert(0, str(FUNCTIONS))
    try:
        return importlib.import_module(f"shared.{module}")
    finally:
        del sys.path[0]


def event(name: str) -> Any:
    """A fresh copy of events/<name>.json."""
    return json.loads((EVENTS / f"{name}.json").read_text())
