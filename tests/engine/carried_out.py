"""What the engine carried out, as the plan of an update has it."""

from pulumi.automation import OpType

from deployment.events import Step
from deployment.operations import Environment

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
