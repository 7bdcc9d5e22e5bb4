"""The modules of a function, and the events that the tests send."""

import contextlib
import functools
import importlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

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


def enter(
    function: str, event: Any, clients: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[Any, list[dict[str, Any]]]:
    """Run a function by its own entry, from its first line to its last, as Lambda does: its answer and its log.

    What comes before and after `process` is run by nothing else: Lambda does an event again whose last line failed, and
    the second time the work is found done.
    """
    handler, said = load(function).handler, io.StringIO()
    for cached in (getattr(handler, name) for name in ("_clients", "_stream_drift") if hasattr(handler, name)):
        cached.cache_clear()
    context = SimpleNamespace(
        aws_request_id="first",
        invoked_function_arn=f"arn:aws:lambda:eu-central-1:111122223333:function:{function}",
        get_remaining_time_in_millis=lambda: 60_000,
    )
    with (
        patch.object(handler, "client", clients.__getitem__),
        patch.dict(os.environ, environment),
        contextlib.redirect_stdout(said),
    ):
        answer = handler.handler(event, context)
    return json.loads(json.dumps(answer)), [json.loads(line) for line in said.getvalue().splitlines()]
