"""The program itself, on the mocked runtime.

Configuration is put together here as Pulumi does it: the defaults of Pulumi.yaml, then the stack's own file.
"""

import copy
import functools
import json
import runpy
from pathlib import Path
from typing import Any

import yaml

from tests.components.mocked_runtime import Run, run_program

PROJECT = Path(__file__).resolve().parents[2]
PREFIX = "model-monitoring:"
STACKS = ("dev", "staging", "prod", "local")


@functools.cache
def _yaml(name: str) -> Any:
    return yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))


def read(name: str) -> dict[str, Any]:
    """What a file of the project says; it is the caller's to change."""
    loaded: dict[str, Any] = copy.deepcopy(_yaml(name))
    return loaded


def stack_config(stack: str) -> dict[str, Any]:
    """Values by full key: `model-monitoring:engine`."""
    declared = {
        PREFIX + key: entry["default"] for key, entry in read("Pulumi.yaml")["config"].items() if "default" in entry
    }
    return {**declared, **read(f"Pulumi.{stack}.yaml")["config"]}


def on_the_wire(config: dict[str, Any]) -> dict[str, str]:
    """As the engine hands configuration to a program: text as it is, everything else as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def run_main(stack: str = "dev", *, preview: bool = False, **overrides: Any) -> Run:
    """With Model Monitor, unless an override says otherwise: what it has, most of what follows is about."""
    overrides = {"engine": "model-monitor", **overrides}
    config = stack_config(stack) | {PREFIX + key: value for key, value in overrides.items()}
    kept = {key: value for key, value in config.items() if value is not None}
    return run_program(
        lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__"),
        config=on_the_wire(kept),
        stack=stack,
        preview=preview,
    )


def baseline_jobs(run: Run) -> list[str]:
    """The jobs that the deployment starts, by the resources that start them."""
    names = [item.name for item in run.of_type("aws:lambda/invocation:Invocation")]
    return [name for name in names if name.endswith("-baseline")]
