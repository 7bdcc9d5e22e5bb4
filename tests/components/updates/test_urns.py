"""Every environment's resources keep their URNs.

Pulumi knows a resource by its URN (the types of its parents, its own type, its name). Under another one it is another
resource: the old one is deleted, with what it holds. `urns.json` has those of a released program; what moves since
needs an alias, or has to be listed here with the reason why it may be made anew.

`python -m tests.components.updates.test_urns` records them again, once somebody has decided to break with them.
"""

import itertools
import json
import runpy
from pathlib import Path
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pytest

from local_aws.apply.settings import load_settings
from tests.components.mocked_runtime import Registration, Run, run_program

PROJECT: Final = Path(__file__).resolve().parents[3]
RECORDED: Final = Path(__file__).with_name("urns.json")
STACKS: Final = ("dev", "staging", "prod", "local")
ENGINES: Final = ("model-monitor", "open", "both")
# What holds data, serves customers, or has been confirmed by a person: never made anew.
LASTING: Final = (
    "aws:s3/bucket:Bucket",
    "aws:sagemaker/endpoint:Endpoint",
    "aws:sns/topic:Topic",
    "aws:sns/topicSubscription:TopicSubscription",
)
# Other resources that may be deleted and made anew: the end of their URN, and why that does no harm.
MADE_ANEW: Final[dict[str, str]] = {
    "-announced": "an invocation that published a first sign of life, for which the watch over the monitors now stands",
    "-lost-events": "an alarm on lost events, in whose place one on the dead-letter queue of every function stands",
    "-start-monitor-dead-letters": "a queue that is empty unless something is wrong; the queue of runs has its letters",
}


def program(stack: str, engine: str) -> Run:
    """Everything that the program registers in a stack, with somebody to be told."""
    settings = load_settings(PROJECT, stack, {"alert_emails": ["risk@example.com"], "engine": engine})
    return run_program(
        lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__"), config=settings.config, stack=stack
    )


def urns(run: Run, stack: str) -> dict[str, set[str]]:
    """URN of each resource, and the URNs that it would take over: without project, and `{stack}` for the stack."""
    registered = {
        f"{item.parent.split('::')[2].rsplit('$', 1)[-1]}${item.type}::{item.name}": item for item in run.resources
    }

    def own(item: Registration) -> str:
        parent = registered.get(item.parent.split("::", 2)[2])
        above = f"{own(parent).split('::')[0]}$" if parent is not None else ""
        return f"{above}{item.type}::{item.name}".replace(stack, "{stack}")

    found = {
        own(item): {_alias(own(item), alias).replace(stack, "{stack}") for alias in item.request.aliases}
        for item in run.resources
    }
    assert len(found) == len(run.resources), "two resources have the same URN"
    return found


def _alias(urn: str, alias: Any) -> str:
    """The URN that an alias stands for: its own, or this resource's with another name, type or parent."""
    if alias.urn:
        return str(alias.urn).split("::", 2)[2].removeprefix("pulumi:pulumi:Stack$")
    types, name = urn.split("::", 1)
    above, _, kind = types.rpartition("$")
    if alias.spec.noParent:
        above = ""
    elif alias.spec.parentUrn:
        above = str(alias.spec.parentUrn).split("::")[2].removeprefix("pulumi:pulumi:Stack$")
    return f"{above}{'$' if above else ''}{alias.spec.type or kind}::{alias.spec.name or name}"


def recorded(stack: str, engine: str) -> set[str]:
    groups = json.loads(RECORDED.read_text(encoding="utf-8"))
    return {urn for group in groups if stack in group["stacks"] and engine in group["engines"] for urn in group["urns"]}


@pytest.mark.parametrize(("stack", "engine"), list(itertools.product(STACKS, ENGINES)))
def test_resources_keep_their_urns(stack: str, engine: str) -> None:
    before = recorded(stack, engine)
    assert len(before) >= 60
    now = urns(program(stack, engine), stack)
    moved = before - now.keys() - set().union(*now.values())
    assert {urn for urn in moved if not urn.endswith(tuple(MADE_ANEW) or "\n")} == set()


def test_nothing_that_lasts_is_made_anew() -> None:
    every = {urn for stack, engine in itertools.product(STACKS, ENGINES) for urn in recorded(stack, engine)}
    assert {kind for kind in LASTING if any(f"{kind}::" in urn for urn in every)} == set(LASTING)
    for end, reason in MADE_ANEW.items():
        assert any(urn.endswith(end) for urn in every), f"{end} is nothing that was recorded"
        assert not any(urn.endswith(end) and kind in urn for urn in every for kind in LASTING), end
        assert len(reason) > 20, end


def test_aliases_carry_a_resource_over() -> None:
    """Held to a program in which a topic has moved into a component and been renamed."""

    class Topics(pulumi.ComponentResource):
        def __init__(self, opts: pulumi.ResourceOptions | None = None) -> None:
            super().__init__("test:index:Topics", "topics", None, opts)
            alias = pulumi.Alias(name="before", parent=pulumi.ROOT_STACK_RESOURCE)
            aws.sns.Topic("after", opts=pulumi.ResourceOptions(parent=self, aliases=[alias]))
            urn = "urn:pulumi:dev::model-monitoring::aws:sns/topic:Topic::by-urn"
            aws.sns.Topic("urn", opts=pulumi.ResourceOptions(parent=self, aliases=[urn]))

    assert urns(run_program(Topics), "dev") == {
        "test:index:Topics::topics": set(),
        "test:index:Topics$aws:sns/topic:Topic::after": {"aws:sns/topic:Topic::before"},
        "test:index:Topics$aws:sns/topic:Topic::urn": {"aws:sns/topic:Topic::by-urn"},
    }


def record() -> None:
    """Write urns.json: URNs by the stacks and engines that have them."""
    having: dict[str, list[tuple[str, str]]] = {}
    for stack, engine in itertools.product(STACKS, ENGINES):
        for urn in urns(program(stack, engine), stack):
            having.setdefault(urn, []).append((stack, engine))
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for urn, where in having.items():
        stacks, engines = (tuple(dict.fromkeys(part)) for part in zip(*where, strict=True))
        assert len(where) == len(stacks) * len(engines), f"{urn} is in no rectangle of stacks and engines: {where}"
        groups.setdefault((stacks, engines), []).append(urn)
    written = [
        {"stacks": stacks, "engines": engines, "urns": sorted(found)}
        for (stacks, engines), found in sorted(groups.items())
    ]
    RECORDED.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
