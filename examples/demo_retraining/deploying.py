"""The stack with retraining, deployed by Pulumi's engine where there is one, so that `up` can be asked again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import local_aws
from deployment.checkout import checkout
from deployment.operations import Environment
from examples.demo.console import Steps
from examples.demo.deploying import DESTROY, PROJECT, STACK, search_path, variables, version_of_cli
from local_aws.apply import deploy, load_settings
from local_aws.provider import Plugins

Again = Callable[[], int | None]


@contextmanager
def deployed(
    cloud: local_aws.LocalAws, steps: Steps, overrides: Mapping[str, Any]
) -> Iterator[tuple[dict[str, str], int, Again]]:
    """The stack for as long as this is open: its outputs, how many resources, and what `up` changes when asked again.

    Without a CLI the last answers None: nobody can ask.
    """
    if version_of_cli() is None:
        with steps.step("deploy: __main__.py with Pulumi.dev.yaml") as step:
            made = deploy(PROJECT / "__main__.py", load_settings(PROJECT, STACK, overrides), cloud)
            step.result = f"{made.created} resources"
        yield made.outputs, made.created, lambda: None
        with steps.step(DESTROY) as step:
            step.result = f"{len(made.destroy().deleted)} resources deleted"
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="demo-retraining-")))
        plugins = stack.enter_context(Plugins(cloud, folder))
        found = {
            "PATH": f"{plugins.path}:{search_path()}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of a state that goes with the demo",
        }
        stack.enter_context(variables(found))
        with steps.step("deploy: pulumi up --stack dev") as step:
            environment = Environment(STACK, project=checkout(PROJECT, folder / "program"))
            environment.configure(dict(flat(overrides)))
            result = environment.up()
            step.result = f"{result.changed} resources"
        yield dict(result.outputs), result.changed, lambda: environment.up().changed
        with steps.step(DESTROY) as step:
            step.result = f"{environment.destroy().changed} resources deleted"


def flat(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by their paths, as `pulumi config set --path` takes them."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(values, list):
        for place, value in enumerate(values):
            yield from flat(value, f"{path}[{place}]")
    else:
        yield path, values
