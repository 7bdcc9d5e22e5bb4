"""The stack of each environment, as its program registers it."""

import functools
import runpy
from pathlib import Path

from local_aws.apply.settings import load_settings
from tests.components.mocked_runtime import Registration, Run, run_program

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("dev", "staging", "prod", "local")


@functools.cache
def environment(name: str, *, preview: bool = False) -> Run:
    """Everything that `pulumi up` (or `preview`) would register in an environment, with somebody to be told.

    With Model Monitor; every engine, with every argument, is in test_policy_variants.
    """
    overrides = {"alert_emails": ["risk@example.com"], "engine": "model-monitor"}
    settings = load_settings(PROJECT, name, overrides)
    return run_program(
        lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__"),
        config=settings.config,
        stack=name,
        preview=preview,
    )


def resources(run: Run) -> list[Registration]:
    """What the engine asks a policy pack about: everything that a provider makes."""
    return [item for item in run.resources if item.request.custom]
