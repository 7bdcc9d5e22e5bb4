"""docs/component.md's table of updates, as the engine carries them out, forward and back.

The plans are those that tests/components/test_updates.py makes without an engine.
"""

import shutil
from typing import Any

import pytest
from pulumi.automation import OpType

from deployment.events import Step
from deployment.operations import Environment
from tests.engine.lab import Lab
from tests.engine.use import assert_all_that_is_in_use_is_there

Plan = dict[str, str]

STEM = "model-monitoring-dev-"
# A step of the engine -> what it is to a resource. Of a replacement, the engine tells each part.
ACTIONS = {
    OpType.UPDATE: "update",
    OpType.CREATE: "create",
    OpType.DELETE: "delete",
    OpType.CREATE_REPLACEMENT: "replace",
    OpType.DELETE_REPLACED: "replace",
    OpType.REPLACE: "replace",
}
DATA_QUALITY_AGAIN = {"data-quality": "replace", "data-quality-schedule": "update"}
MODEL_QUALITY_AGAIN = {"model-quality": "replace", "model-quality-schedule": "update"}
BASELINES_ASKED_AGAIN = {"data-quality-baseline": "replace", "model-quality-baseline": "replace"}
ENDPOINT_CONFIGURED = {"config": "replace", "endpoint": "update", "endpoint-checked": "replace"}
CHANGES: dict[str, tuple[dict[str, Any], Plan]] = {
    "a monitor's schedule": (
        {"monitoring.data_quality.schedule_expression": "cron(0 0/6 ? * * *)"},
        # Both alarms count the schedule's periods.
        {"data-quality-schedule": "update", "data-quality-silent": "update", "data-quality-no-data": "update"},
    ),
    "a monitor's instance": ({"monitoring.data_quality.instance_type": "ml.m5.2xlarge"}, DATA_QUALITY_AGAIN),
    "an alarm's threshold": (
        {"monitoring.alerting.violations_threshold": 2},
        {"data-quality-violations": "update", "model-quality-violations": "update", "dashboard": "update"},
    ),
    "the endpoint's count": ({"monitoring.endpoint.instance_count": 2}, ENDPOINT_CONFIGURED),
    "the model": (
        {"model_artifact": "another model"},
        {"archive": "replace", "model": "replace", **ENDPOINT_CONFIGURED},
    ),
    "the network": (
        {
            "monitoring.network.subnet_ids[0]": "subnet-0a1b2c3d",
            "monitoring.network.security_group_ids[0]": "sg-0a1b2c3d",
        },
        {
            "model-role-policy": "update",
            "monitor-role-policy": "update",
            "model": "replace",
            **ENDPOINT_CONFIGURED,
            **DATA_QUALITY_AGAIN,
            **MODEL_QUALITY_AGAIN,
            **BASELINES_ASKED_AGAIN,
        },
    ),
    "what a destroy keeps": ({"retain_data": True}, {"data": "update"}),
    "protection": ({"protect": True}, {}),
}


@pytest.mark.matrix
def test_every_change_forward_and_back(lab: Lab) -> None:
    environment = lab.environment("dev")
    environment.configure({"engine": "model-monitor"})
    environment.up()
    settings = lab.folder / "settings.yaml"
    shutil.copy(lab.program / "Pulumi.dev.yaml", settings)
    another = shutil.copytree(lab.program / "model" / "artifact", lab.folder / "another")
    (another / "note.txt").write_text("another model")
    found: dict[str, tuple[Plan, Plan]] = {}
    for name, (change, _) in CHANGES.items():
        given = {key: str(another) if value == "another model" else value for key, value in change.items()}
        environment.configure(given)
        forward = carried_out(environment)
        assert_all_that_is_in_use_is_there(lab.cloud)
        shutil.copy(settings, lab.program / "Pulumi.dev.yaml")
        back = carried_out(environment)
        assert_all_that_is_in_use_is_there(lab.cloud)
        assert environment.preview().changed == 0
        found[name] = forward, back
    assert {name: forward for name, (forward, _) in found.items()} == {
        name: plan for name, (_, plan) in CHANGES.items()
    }
    assert {name: back for name, (_, back) in found.items()} == {name: plan for name, (_, plan) in CHANGES.items()}
    environment.destroy()


@pytest.mark.matrix
def test_from_engine_to_engine(lab: Lab) -> None:
    """Bucket, endpoint and topics stay as they are; what watches changes hands."""
    environment = lab.environment("dev")
    for engine in ("both", "open", "model-monitor", "both", "model-monitor", "open"):
        environment.configure({"engine": engine})
        done = carried_out(environment)
        assert done.get("data", "create") == done.get("endpoint", "create") == "create"
        assert_all_that_is_in_use_is_there(lab.cloud)
        assert environment.preview().changed == 0
    environment.destroy()


def carried_out(environment: Environment) -> Plan:
    """Deploy, and say what was done to which resource, by the engine's own events."""
    done: Plan = {}

    def ended(step: Step, seconds: float | None) -> None:
        assert seconds is not None, f"{step.name} failed"
        done[step.name.removeprefix(STEM)] = ACTIONS[step.operation]

    environment.progress.on_step = ended
    environment.up()
    environment.progress.on_step = lambda _step, _seconds: None
    return done
