"""The stack of a scenario, deployed and destroyed: by Pulumi's own engine where there is a CLI."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import local_aws
from deployment.checkout import checkout
from deployment.events import Progress
from deployment.operations import Environment
from examples.demo.console import Steps
from local_aws.apply import Event, deploy, load_settings
from local_aws.provider import BUILT_CLI, Plugins

PROJECT: Final = Path(__file__).resolve().parents[2]
STACK: Final = "dev"
DESTROY: Final = "destroy: schedules, job definitions, endpoint, configuration, model, the rest"


def search_path() -> str:
    """Where a CLI may be: on the PATH, or where `make pulumi` has built one."""
    return f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{BUILT_CLI}"


def version_of_cli() -> str | None:
    """The version of the Pulumi CLI; None where there is none, or no usable one."""
    if shutil.which("pulumi", path=search_path()) is None:
        return None
    with environment_variables({"PATH": search_path()}):
        return str(Environment(STACK).command.version)


@contextmanager
def pulumi_environment(cloud: local_aws.LocalAws) -> Iterator[Environment]:
    """The environment that the CLI deploys, its state and its plugins in a folder that goes when this is left."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="demo-")))
        plugins = stack.enter_context(Plugins(cloud, folder))
        found = {
            "PATH": f"{plugins.path}{os.pathsep}{search_path()}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of a state that goes with the demo",
            # Written at the end of an operation, not at each of its hundred steps: what would be left of a demo that
            # stopped half-way is gone with its AWS.
            "PULUMI_SKIP_CHECKPOINTS": "true",
        }
        stack.enter_context(environment_variables(found))
        yield Environment(STACK, project=checkout(PROJECT, folder / "program"))


@contextmanager
def by_pulumi(
    cloud: local_aws.LocalAws, steps: Steps, overrides: Mapping[str, Any]
) -> Iterator[tuple[dict[str, str], int]]:
    """Deploy with the Pulumi CLI for as long as this is open. Yields the outputs and the number of resources."""
    with pulumi_environment(cloud) as environment:
        done: list[str] = []
        with steps.step("deploy: pulumi up --stack dev") as step:
            environment.progress = _progress(done, "created", step.detail)
            environment.configure(flattened(overrides))
            outputs = environment.up().outputs
            step.result = f"{len(done)} resources"
        yield dict(outputs), len(done)
        with steps.step(DESTROY) as step:
            done.clear()
            environment.progress = _progress(done, "deleted", step.detail)
            environment.destroy()
            step.result = f"{len(done)} resources deleted"


def flattened(value: Any, path: str = "") -> dict[str, Any]:
    """An object by the paths of its members, as `pulumi config set --path` takes them."""
    if isinstance(value, Mapping):
        members = [(f"{path}.{key}" if path else str(key), member) for key, member in value.items()]
    elif isinstance(value, list):
        members = [(f"{path}[{at}]", member) for at, member in enumerate(value)]
    else:
        return {path: value}
    return {key: found for name, member in members for key, found in flattened(member, name).items()}


@contextmanager
def by_hand(
    cloud: local_aws.LocalAws, steps: Steps, overrides: Mapping[str, Any]
) -> Iterator[tuple[dict[str, str], int]]:
    """The same without a CLI: the program on Pulumi's mocked runtime, applied by ``local_aws.apply``."""
    with steps.step("deploy: __main__.py with Pulumi.dev.yaml") as step:
        settings = load_settings(PROJECT, STACK, overrides)
        deployment = deploy(PROJECT / "__main__.py", settings, cloud, on_event=_show(step.detail))
        step.result = f"{deployment.created} resources"
    yield deployment.outputs, deployment.created
    with steps.step(DESTROY) as step:
        destroyed = deployment.destroy(on_event=_show(step.detail))
        step.result = f"{len(destroyed.deleted)} resources deleted"


def _progress(done: list[str], verb: str, detail: Callable[[str], None]) -> Progress:
    """Keeps the steps that ended well, and shows each."""

    def ended(name: str, seconds: float | None) -> None:
        if seconds is not None:
            done.append(name)
            detail(f"{verb} {name}")

    return Progress(on_step=lambda step, seconds: ended(step.name, seconds))


def _show(detail: Callable[[str], None]) -> Callable[[Event], None]:
    return lambda event: detail(f"{event.action} {event.name}")


@contextmanager
def environment_variables(values: Mapping[str, str]) -> Iterator[None]:
    """The process's environment with these values for a while: Pulumi's SDK takes them from nowhere else."""
    saved = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
