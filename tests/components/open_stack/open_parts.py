"""What the open engine adds to a stack: its schedules, what they start, and the roles of both."""

import json
from typing import Any

from tests.components.mocked_runtime import Registration, Run
from tests.components.registered import statements
from tests.components.resource_types import SCHEDULE

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
KINDS = ("data-quality", "model-quality")


def arn(run: Run, kind: str, name_end: str) -> str:
    return str(run.one(kind, name_end).outputs["arn"])


def target_input(run: Run, kind: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(run.one(SCHEDULE, f"-open-{kind}").inputs["target"]["input"])
    return loaded


def plan(run: Run, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = target_input(run, kind)["plan"]
    return found


def of_role(run: Run, role: str) -> dict[str, dict[str, Any]]:
    """A role's statements by their Sid."""
    return {item["Sid"]: item for name, item in statements(run) if name == f"churn-{role}-policy"}


def monitors_of(run: Run) -> list[Registration]:
    """The open engine's schedules, without that of the watch over them."""
    return [item for item in run.of_type(SCHEDULE) if "-open-" in item.name]
