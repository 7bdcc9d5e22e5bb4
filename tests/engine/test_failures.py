"""A deployment that fails half-way, and the two things that people try: the same again, and the way back.

Whatever step fails, one more `up` ends well, nothing that is in use is lost, and after it there is nothing to do.
"""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployment.errors import AutomationError
from deployment.operations import Environment
from tests.engine.lab import Lab
from tests.engine.use import assert_all_that_is_in_use_is_there

Change = Callable[[Lab], dict[str, Any]]


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
@pytest.mark.parametrize("again", [True, False], ids=["the same again", "the way back"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_failure_at_every_step(lab: Lab, change: str, again: bool) -> None:
    """The steps are found by failing each resource in turn that the change touches, until none is left to fail."""
    environment, settings = deployed(lab, "both")
    wanted = CHANGES[change](lab)
    tried: set[tuple[str, str]] = set()
    while True:
        environment.configure(wanted)
        with lab.failing(_first_untried(tried)) as failed, contextlib.suppress(AutomationError):
            environment.up()
        if not failed:
            break
        if not again:
            restore(lab, settings)
        environment.up()
        assert_all_that_is_in_use_is_there(lab.cloud)
        assert environment.preview().changed == 0, f"{change} failed at {sorted(tried)[-1]}"
        restore(lab, settings)
        environment.up()
        assert_all_that_is_in_use_is_there(lab.cloud)
    assert len(tried) > 1
    environment.destroy()


def _first_untried(tried: set[tuple[str, str]]) -> Callable[[str, str], bool]:
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
    """The stack dev with an engine, and a copy of its settings."""
    environment = lab.environment("dev")
    environment.configure({"engine": engine})
    environment.up()
    kept = lab.folder / "settings.yaml"
    shutil.copy(lab.program / "Pulumi.dev.yaml", kept)
    return environment, kept


def restore(lab: Lab, settings: Path) -> None:
    """`git checkout Pulumi.dev.yaml`."""
    shutil.copy(settings, lab.program / "Pulumi.dev.yaml")
