"""An engine that ends in the middle: by Ctrl-C, by the machine, or because another one is there first."""

import os
import re
import signal
import subprocess
import time

import pytest

from tests.engine.lab import Lab
from tests.engine.use import assert_all_that_is_in_use_is_there

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


def recover(lab: Lab) -> None:
    """What the documentation says: cancel where a lock is left, refresh, up."""
    lab.pulumi("cancel", "--stack", "dev", "--yes", check=False)
    lab.pulumi("refresh", "--stack", "dev", "--yes", "--skip-preview", "--clear-pending-creates")
    lab.pulumi("up", "--stack", "dev", "--yes", "--skip-preview")
    lab.pulumi("preview", "--stack", "dev", "--expect-no-changes")
    assert_all_that_is_in_use_is_there(lab.cloud)


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
    lab.pulumi("stack", "init", "dev")
    assert interrupted(lab, moment, signal.SIGKILL) == -signal.SIGKILL
    recover(lab)
    lab.pulumi("destroy", "--stack", "dev", "--yes", "--skip-preview")


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
