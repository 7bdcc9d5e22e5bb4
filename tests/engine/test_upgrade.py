"""Stacks that an earlier version deployed get today's program: nothing that people hold on to is replaced."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import EngineEvent

from tests.engine import states
from tests.engine.lab import Lab

# The data, the address that customers call, and what people have confirmed by mail.
HELD = (
    "aws:s3/bucket:Bucket",
    "aws:sagemaker/endpoint:Endpoint",
    "aws:sns/topic:Topic",
    "aws:sns/topicSubscription:TopicSubscription",
)
STACKS = [("31f1ef0", "dev"), ("31f1ef0", "both")]


@pytest.mark.parametrize(("version", "stack"), STACKS)
def test_an_upgrade_leaves_bucket_endpoint_topics_and_subscriptions_where_they_are(
    lab: Lab, version: str, stack: str
) -> None:
    state = states.load(version, stack)
    _take_over(lab, version, stack, state)
    steps: dict[str, str] = {}

    def note(event: EngineEvent) -> None:
        if event.resource_pre_event:
            steps[event.resource_pre_event.metadata.urn] = event.resource_pre_event.metadata.op.value

    lab.in_process(stack).preview(on_event=note)
    held = _held(state)
    assert {kind for kind, _ in held} == set(HELD)
    # Step by step, and by the URN that it has in the old state: one that a program no longer knows would be deleted.
    assert {
        urn: steps.get(urn, "is not in the program") for _, urn in held if steps.get(urn) not in ("same", "update")
    } == {}
    new = {urn for urn, op in steps.items() if op == "create" and urn.split("::")[2].rsplit("$", 1)[-1] in HELD}
    assert {urn for urn in new if urn.split("::")[2].endswith(HELD[:2])} == set()


@pytest.mark.matrix
@pytest.mark.parametrize(("version", "stack"), STACKS)
def test_an_upgrade_arrives(lab: Lab, tmp_path: Path, version: str, stack: str) -> None:
    state = states.build(states.load(version, stack), lab.cloud, tmp_path)
    # What stands for the old stack's files is no table, as jobs say that make a baseline of it again, and no code.
    lab.breaks = ("columns are baseline-data/", "a baseline of data without rows", "No module named 'handler'")
    before = dict(_identifiers(state))
    _take_over(lab, version, stack, state)
    environment = lab.environment(stack)
    assert environment.up().changed > 0
    after = dict(_identifiers(lab.state(stack)))
    assert {urn: after.get(urn) for urn in before} == before
    assert environment.preview().changed == 0
    environment.destroy()


def _take_over(lab: Lab, version: str, stack: str, state: dict[str, Any]) -> None:
    (lab.program / f"Pulumi.{stack}.yaml").write_text(states.settings(version, stack))
    lab.pulumi("stack", "init", stack)
    exported = lab.folder / "state.json"
    exported.write_text(json.dumps(state))
    lab.pulumi("stack", "import", "--stack", stack, "--file", str(exported))


def _held(state: dict[str, Any]) -> list[tuple[str, str]]:
    found = [(resource["type"], resource["urn"]) for resource in state["deployment"]["resources"]]
    return [(kind, urn) for kind, urn in found if kind in HELD]


def _identifiers(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for resource in state["deployment"]["resources"]:
        if resource["type"] in HELD:
            yield resource["urn"], resource["id"]
