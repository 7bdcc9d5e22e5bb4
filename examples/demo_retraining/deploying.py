"""The stack with retraining, deployed by Pulumi's engine where there is one, so that `up` can be asked again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import local_aws
from examples.demo.console import Steps
from examples.demo.deploying import DESTROY, PROJECT, STACK, flattened, pulumi_environment, version_of_cli
from local_aws.apply import deploy, load_settings

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
    with pulumi_environment(cloud) as environment:
        with steps.step("deploy: pulumi up --stack dev") as step:
            environment.configure(flattened(overrides))
            result = environment.up()
            step.result = f"{result.changed} resources"
        yield dict(result.outputs), result.changed, lambda: environment.up().changed
        with steps.step(DESTROY) as step:
            step.result = f"{environment.destroy().changed} resources deleted"
