"""The program under the real engine, against the embedded AWS: what a user has who runs `pulumi up -s local`."""

import contextlib
import functools
import json
import os
import runpy
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi.automation import LocalWorkspaceOptions, Stack, create_or_select_stack

import local_aws
from deployment.checkout import checkout
from deployment.cli import Cli
from deployment.events import Progress
from deployment.operations import Environment
from local_aws.apply.catalogue import resource_type
from local_aws.apply.errors import ApplyError
from local_aws.apply.providers import configured
from local_aws.apply.resource_types import Existing
from local_aws.provider import BUILT_CLI, Plugins, Serving

PROJECT = Path(__file__).resolve().parents[2]
# What a stack of a test needs to know about no machine but this one.
PASSPHRASE = "only for tests"
NO_CHECKPOINTS = "PULUMI_SKIP_CHECKPOINTS"


def find_cli() -> str | None:
    """The Pulumi CLI: the one on the PATH, or the one that `make pulumi` has built."""
    return shutil.which("pulumi", path=f"{os.environ.get('PATH', '')}{os.pathsep}{BUILT_CLI}")


@functools.cache
def cli() -> Cli:
    """Asked for its version once."""
    return Cli()


@dataclass
class Lab:
    """A checkout of the program in a folder of its own, with a state of its own."""

    folder: Path
    cloud: local_aws.LocalAws
    serving: Serving
    plugins: Plugins
    secrets_provider: str = ""
    """What keeps the secrets of its stacks; the passphrase, if nothing is said."""

    breaks: tuple[str, ...] = ()
    """Parts of what AWS says of what a test breaks on purpose; nothing else may fail."""

    def __post_init__(self) -> None:
        self.program = checkout(PROJECT, self.folder / "program")
        (self.folder / "state").mkdir()

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the CLI."""
        return {
            **self.cloud.environment(),
            **self.serving.environment,
            # The executables are only found, and spare the CLI a search on the network; the servers answer.
            "PATH": f"{self.plugins.path}{os.pathsep}{os.environ['PATH']}{os.pathsep}{BUILT_CLI}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The state is written once, at the end of an operation, and not at each of its hundred steps.
            NO_CHECKPOINTS: "true",
            # A process that ends in seconds need not look for garbage as often as one that stays.
            "GOGC": "400",
        }

    def environment(self, name: str, *, in_process: bool = False) -> Environment:
        """A stack, as `automation.py` has it.

        A program that runs in this process costs neither a start nor imports; to the engine it is the same.
        """
        environment = Environment(name, project=self.program, progress=Progress(), command=cli())
        environment._workspace.secrets_provider = self.secrets_provider or None
        if in_process:
            environment._workspace.program = self._main()
        return environment

    def in_process(self, name: str) -> Stack:
        """A stack whose program runs in this process."""
        workspace = LocalWorkspaceOptions(
            work_dir=str(self.program), pulumi_command=cli(), secrets_provider=self.secrets_provider or None
        )
        return create_or_select_stack(name, "model-monitoring", program=self._main(), opts=workspace)

    def _main(self) -> Callable[[], None]:
        main: Callable[[], None] = runpy.run_path(str(self.program / "__main__.py"), run_name="program")["main"]
        return main

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the CLI in the program's folder, as a person would."""
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        done = subprocess.run(command, cwd=self.program, capture_output=True, text=True, check=False)
        if check:
            assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done

    def state(self, name: str) -> dict[str, Any]:
        """What `pulumi stack export` says."""
        exported: dict[str, Any] = json.loads(self.pulumi("stack", "export", "--stack", name).stdout)
        return exported

    def resources(self, name: str) -> list[dict[str, Any]]:
        """The resources in a stack's state."""
        found: list[dict[str, Any]] = self.state(name)["deployment"].get("resources", [])
        return found

    def delete(self, token: str, identifier: str, inputs: Mapping[str, Any]) -> None:
        """Delete by its name what no state knows, as a person would."""
        api = configured("aws", {}, self.cloud).api
        resource_type(token).delete(Existing(token, identifier, identifier, inputs, inputs, api))

    @contextlib.contextmanager
    def failing(
        self, fails: Callable[[str, str], bool], words: str = "Throttling: Rate exceeded"
    ) -> Iterator[list[str]]:
        """While it lasts, steps fail for which `fails(method, urn)` is true. Yields the URNs of those that did."""
        failed: list[str] = []

        def before(method: str, urn: str) -> None:
            if fails(method, urn):
                failed.append(urn)
                raise ApplyError(words)

        for servicer in self.serving.servicers.values():
            servicer.before = before
        try:
            yield failed
        finally:
            for servicer in self.serving.servicers.values():
                servicer.before = lambda _method, _urn: None
