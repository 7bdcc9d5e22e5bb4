"""An engine that ends in the middle: by Ctrl-C, by the machine, or because another one is there first."""

import os
import re
import signal
import subprocess
import time
from typing import Any

import pytest

from local_aws.apply import inventory
from local_aws.apply.catalogue import resource_type
from local_aws.provider.wire import comparable
from tests.engine.lab import Lab
from tests.engine.use import assert_all_that_is_in_use_is_there

pytestmark = pytest.mark.usefixtures("checkpoints")

# What has just been created when the signal comes: spread over a deployment of some seventy resources.
MOMENTS = (
    "Bucket",
    "Role",
    "LogGroup",
    "Topic",
    "Function",
    "Model",
    "EndpointConfiguration",
    "BucketObjectv2",
    "Dashboard",
    "MetricAlarm",
)


def interrupted(lab: Lab, moment: str, how: signal.Signals) -> int:
    """An `up` of dev that gets a signal when the first resource of a type has been created; its exit status."""
    command = ["pulumi", "up", "--stack", "dev", "--yes", "--skip-preview", "--non-interactive", "--color", "never"]
    with subprocess.Popen(
        command, cwd=lab.program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as engine:
        assert engine.stdout is not None
        for line in engine.stdout:
            if re.search(rf":{moment}\b.* created", line):
                if how == signal.SIGKILL:
                    os.killpg(engine.pid, how)  # as a machine that goes down: plugins and program go with it
                else:
                    engine.send_signal(how)
                break
        else:
            pytest.fail(f"no {moment} was created")
        engine.stdout.read()
        return engine.wait()


def remove_torn_attributes(lab: Lab) -> None:
    """What docs/component.md says of "failed to load checkpoint: EOF"; whether a kill leaves any is chance."""
    for attributes in (lab.folder / "state" / ".pulumi" / "stacks").rglob("*.attrs"):
        if not attributes.stat().st_size:
            attributes.unlink()


def noted_names(under_way: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is called anything in AWS, by the name that the engine noted before it was created."""
    resources = [item["resource"] for item in under_way if item["resource"].get("custom")]
    named = [(resource_type(resource["type"]).auto_name, resource) for resource in resources]
    return {resource["inputs"][auto.property]: resource for auto, resource in named if auto}


def left(lab: Lab, before: dict[str, frozenset[str]]) -> set[str]:
    """What AWS has and had not."""
    return {name for what, names in inventory(lab.cloud).items() for name in names - before.get(what, frozenset())}


def recover(lab: Lab) -> str:
    """Cancel where a lock is left, up, and drop the notes of what it made anew. Returns what `up` said."""
    lab.pulumi("cancel", "--stack", "dev", "--yes", check=False)
    said = lab.pulumi("up", "--stack", "dev", "--yes", "--skip-preview").stdout
    lab.pulumi("refresh", "--stack", "dev", "--yes", "--skip-preview", "--clear-pending-creates")
    lab.pulumi("preview", "--stack", "dev", "--expect-no-changes")
    assert_all_that_is_in_use_is_there(lab.cloud)
    return said


@pytest.mark.matrix
@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_and_the_same_command_again(lab: Lab, moment: str) -> None:
    lab.pulumi("stack", "init", "dev")
    assert interrupted(lab, moment, signal.SIGINT) != 0
    # Nothing is pending: the steps under way were finished and recorded.
    assert not lab.state("dev")["deployment"].get("pending_operations")
    lab.pulumi("up", "--stack", "dev", "--yes", "--skip-preview")
    lab.pulumi("preview", "--stack", "dev", "--expect-no-changes")
    assert_all_that_is_in_use_is_there(lab.cloud)
    lab.pulumi("destroy", "--stack", "dev", "--yes", "--skip-preview")


@pytest.mark.matrix
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_machine_that_goes_down(lab: Lab, moment: str) -> None:
    """All that AWS has is noted, or is one of the creations that were noted as under way, by the name noted there."""
    before = inventory(lab.cloud)
    lab.pulumi("stack", "init", "dev")
    assert interrupted(lab, moment, signal.SIGKILL) == -signal.SIGKILL
    remove_torn_attributes(lab)
    under_way = lab.state("dev")["deployment"].get("pending_operations", [])
    assert {operation["type"] for operation in under_way} <= {"creating"}
    warned = recover(lab)
    assert all(operation["resource"]["urn"] in warned for operation in under_way)
    lab.pulumi("destroy", "--stack", "dev", "--yes", "--skip-preview")
    for name in left(lab, before):
        [resource] = [resource for noted, resource in noted_names(under_way).items() if noted in name]
        lab.delete(resource["type"], name, comparable(resource["inputs"]))
    assert left(lab, before) == set()


@pytest.mark.matrix
def test_attributes_that_a_kill_left_empty(lab: Lab) -> None:
    """The state beside them is whole, and is read again as soon as they are gone."""
    lab.pulumi("stack", "init", "dev")
    before = lab.state("dev")
    [attributes] = (lab.folder / "state" / ".pulumi" / "stacks").rglob("dev.json.attrs")
    attributes.write_bytes(b"")
    refused = lab.pulumi("stack", "export", "--stack", "dev", check=False)
    assert "failed to load checkpoint: EOF" in refused.stdout + refused.stderr
    remove_torn_attributes(lab)
    assert lab.state("dev") == before


@pytest.mark.matrix
def test_two_engines_at_once(lab: Lab) -> None:
    """The second is refused, and the first ends as if it had been alone."""
    lab.pulumi("stack", "init", "dev")
    command = ["pulumi", "up", "--stack", "dev", "--yes", "--skip-preview", "--non-interactive"]
    with subprocess.Popen(
        command, cwd=lab.program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as first:
        locks = lab.folder / "state" / ".pulumi" / "locks"
        deadline = time.monotonic() + 60
        while not list(locks.rglob("*.json")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        second = lab.pulumi("up", "--stack", "dev", "--yes", "--skip-preview", check=False)
        said = first.communicate()[0]
    assert first.returncode == 0, said
    assert second.returncode != 0
    assert "locked by" in second.stdout + second.stderr
    lab.pulumi("preview", "--stack", "dev", "--expect-no-changes")
    lab.pulumi("destroy", "--stack", "dev", "--yes", "--skip-preview")
