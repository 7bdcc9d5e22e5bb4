"""A deployment that fails half-way, and the two things that people try: the same again, and the way back.

Whatever step fails, one more `up` ends well, nothing that is in use is lost, and after it there is nothing to do.
"""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import CommandError, OpType, Stack

from deployment.errors import AutomationError
from deployment.operations import Environment
from tests.engine.lab import Lab
from tests.engine.use import assert_all_that_is_in_use_is_there

Change = Callable[[Lab], dict[str, Any]]
Steps = set[tuple[str, str]]


def _model(lab: Lab) -> dict[str, Any]:
    """Another model: the same with a file beside it."""
    other = lab.folder / "model"
    shutil.copytree(lab.program / "model" / "artifact", other)
    (other / "note.txt").write_text("another model")
    return {"model_artifact": str(other)}


def _baseline(lab: Lab) -> dict[str, Any]:
    other = lab.folder / "baseline.csv"
    text = (lab.program / "model" / "baseline.csv").read_text()
    other.write_text(text + text.splitlines()[-1] + "\n")
    return {"baseline_data": str(other)}


def _instance(_lab: Lab) -> dict[str, Any]:
    return {
        "monitoring.data_quality.instance_type": "ml.m5.2xlarge",
        "monitoring.model_quality.instance_type": "ml.m5.2xlarge",
    }


def _thresholds(_lab: Lab) -> dict[str, Any]:
    return {
        "monitoring.alerting.violations_threshold": 2,
        "monitoring.data_quality.schedule_expression": "cron(0 6 ? * * *)",
    }


def _count(_lab: Lab) -> dict[str, Any]:
    return {"monitoring.endpoint.instance_count": 2}


CHANGES: dict[str, Change] = {
    "model": _model,
    "baseline": _baseline,
    "instance": _instance,
    "thresholds": _thresholds,
    "count": _count,
}
# What the change does not touch is left out: each resource costs at every step.
ENGINES = {"model": "open", "count": "open"}
ONE_STEP = [
    ("model-monitor", "model", "aws:sagemaker/model:Model"),
    pytest.param("both", "instance", "aws:sagemaker/monitoringSchedule:MonitoringSchedule", marks=pytest.mark.matrix),
]


@pytest.mark.parametrize(("engine", "change", "fails_at"), ONE_STEP)
def test_the_way_back_after_a_step_failed(lab: Lab, engine: str, change: str, fails_at: str) -> None:
    environment, settings = deployed(lab, engine)
    with lab.failing(lambda method, urn: method != "read" and urn.split("::")[2].endswith(f"${fails_at}")) as failed:
        environment.configure(CHANGES[change](lab))
        with pytest.raises(AutomationError, match="Rate exceeded"):
            environment.up()
    assert failed
    restore(lab, settings)
    environment.up()
    assert_all_that_is_in_use_is_there(lab.cloud)
    assert environment.refresh().changed == 0
    assert environment.preview().changed == 0
    environment.destroy()


@pytest.mark.matrix
@pytest.mark.parametrize("change", CHANGES)
def test_a_failure_at_every_step_then_the_same_again(
    lab: Lab, change: str, record_property: Callable[[str, object], None]
) -> None:
    """There and back, again and again: each way fails at the next step of its own, until none is left to fail.

    The steps are what the engine touches; the same again ends where the next way begins, so that nothing is repeated.
    """
    stack, settings = prepared(lab, ENGINES.get(change, "both"))
    environment, wanted = lab.environment("dev"), CHANGES[change](lab)
    tried: tuple[Steps, Steps] = set(), set()
    ended = [False, False]
    back = False
    while not all(ended):
        if back:
            restore(lab, settings)
        else:
            environment.configure(wanted)
        with lab.failing(_first_untried(tried[back])) as failed, contextlib.suppress(CommandError):
            stack.up()
        ended[back] = not failed
        if failed:
            converge(lab, stack, f"{change}{', back,' if back else ''} failed at {sorted(tried[back])}")
        back = not back
    assert min(map(len, tried)) > 1
    record_property("steps there, back", f"{len(tried[0])}, {len(tried[1])}")
    stack.destroy()


@pytest.mark.matrix
@pytest.mark.parametrize("change", CHANGES)
def test_a_failure_at_every_step_then_the_way_back(
    lab: Lab, change: str, record_property: Callable[[str, object], None]
) -> None:
    stack, settings = prepared(lab, ENGINES.get(change, "both"))
    environment, wanted = lab.environment("dev"), CHANGES[change](lab)
    tried: Steps = set()
    while True:
        environment.configure(wanted)
        with lab.failing(_first_untried(tried)) as failed, contextlib.suppress(CommandError):
            stack.up()
        if not failed:
            break
        restore(lab, settings)
        converge(lab, stack, f"{change} failed at {sorted(tried)}")
    assert len(tried) > 1
    record_property("steps", len(tried))
    stack.destroy()


def prepared(lab: Lab, engine: str) -> tuple[Stack, Path]:
    """The stack dev, deployed by a program in this process, which costs no start and no imports; and its settings."""
    environment = lab.environment("dev")
    environment.configure({"engine": engine})
    kept = lab.folder / "settings.yaml"
    shutil.copy(lab.program / "Pulumi.dev.yaml", kept)
    stack = lab.in_process("dev")
    stack.up()
    return stack, kept


def converge(lab: Lab, stack: Stack, after: str) -> None:
    """One `up` ends well, all that is in use is there, and nothing is left to do."""
    stack.up()
    assert_all_that_is_in_use_is_there(lab.cloud)
    changes = stack.preview().change_summary
    assert set(changes) == {OpType.SAME}, f"{after}: {changes}"


def _first_untried(tried: Steps) -> Callable[[str, str], bool]:
    """Fails the first step that was not failed before, and no other."""
    chosen: list[tuple[str, str]] = []

    def fails(method: str, urn: str) -> bool:
        if method == "read" or chosen or (method, urn) in tried:
            return False
        chosen.append((method, urn))
        tried.add((method, urn))
        return True

    return fails


def deployed(lab: Lab, engine: str) -> tuple[Environment, Path]:
    """The stack dev with an engine, deployed by a program in this process; and a copy of its settings."""
    environment = lab.environment("dev", in_process=True)
    environment.configure({"engine": engine})
    environment.up()
    kept = lab.folder / "settings.yaml"
    shutil.copy(lab.program / "Pulumi.dev.yaml", kept)
    return environment, kept


def restore(lab: Lab, settings: Path) -> None:
    """`git checkout Pulumi.dev.yaml`."""
    shutil.copy(settings, lab.program / "Pulumi.dev.yaml")
