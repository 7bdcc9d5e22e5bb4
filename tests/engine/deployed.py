"""A stack that is deployed, and how its deployment went: one of a test's own, or one that tests share."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from components.archives import numpy_layer
from deployment.operations import Environment, Result, Scalar
from examples.demo.deploying import environment_variables
from examples.demo.waiting import wait_until
from local_aws.apply import inventory
from tests.engine.lab import Lab
from tests.engine.programs import programs_here


@dataclass
class Deployed:
    """A stack of the program, by the CLI; deployed when it is made, in the environment that the lab wants."""

    lab: Lab
    name: str
    engine: str = ""  # what the stack's file says
    environment: Environment = field(init=False)
    planned: Result = field(init=False)
    made: Result = field(init=False)
    again: Result = field(init=False)
    """What a preview said before the deployment, what that did, and what a preview said right after it."""

    is_destroyed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._empty = inventory(self.lab.cloud)
        self.environment = self.lab.environment(self.name)
        # What keeps a stack from being destroyed has tests of its own.
        settings: dict[str, Scalar] = {"protect": False, "retain_data": False}
        if self.engine != "model-monitor":
            # By default, a program in a process of its own has another layer than one in this process: the real one.
            settings["monitoring.open_engine.small_windows.layer"] = str(numpy_layer.built())
        self.environment.configure(settings | ({"engine": self.engine} if self.engine else {}))
        # In this process, which starts no program; what it plans is held to what the program then does by itself.
        self.planned = self.lab.environment(self.name, in_process=True).preview()
        self.made = self.environment.up()
        self.again = self.environment.preview()
        self._file = self.lab.program / f"Pulumi.{self.name}.yaml"
        self._settings = self._file.read_text()

    def put_back(self) -> None:
        """Deploy what the stack had at first, if a test left other settings."""
        if self._file.read_text() != self._settings:
            self._file.write_text(self._settings)
            self.environment.up()

    def destroy(self) -> Result:
        """Destroy it; AWS is as empty as it was before."""
        gone = self.environment.destroy()
        self.is_destroyed = True
        assert inventory(self.lab.cloud) == self._empty
        return gone


@dataclass
class Shared:
    """The stack dev for the tests that begin with it deployed and leave it so, whatever their order.

    After one that destroys it the next gets another.
    """

    lab: Lab
    _stack: Deployed | None = None

    @contextlib.contextmanager
    def used(self) -> Iterator[Deployed]:
        """The stack for a test, with the settings that its file has. On the way nothing failed."""
        with environment_variables(self.lab.variables), programs_here():
            if self._stack is None or self._stack.is_destroyed:
                self._stack = self._deployed()
            failed = len(self.lab.cloud.failures())
            yield self._stack
            if not self._stack.is_destroyed:
                self._stack.put_back()
        assert self.lab.cloud.invalid_requests() == []
        assert self.lab.cloud.failures()[failed:] == []

    def end(self) -> None:
        """Destroy it, if no test did."""
        if self._stack is not None and not self._stack.is_destroyed:
            with environment_variables(self.lab.variables):
                self._stack.destroy()

    def _deployed(self) -> Deployed:
        stack, running = Deployed(self.lab, "dev"), "sagemaker processing job in progress"
        # The other tests of the folder compare what is there before them with what is there after them.
        wait_until("the end of the baselines", lambda: running not in inventory(self.lab.cloud) or None, seconds=120)
        return stack
