"""The guard rails against the whole stack, in every environment: nothing is found, and every rule has looked."""

import json
from dataclasses import replace
from typing import Any

import pytest

from policy.guard_rails.catalogue import RULES, STACK_RULES
from policy.guard_rails.rule import Level, StackResource
from tests.components.mocked_runtime import Registration, Run
from tests.policy.damage import DAMAGE
from tests.policy.environments import ENVIRONMENTS, environment, resources


def stack_resources(run: Run) -> list[StackResource]:
    return [
        StackResource(
            type=item.type,
            urn=item.request.parent + "/" + item.name,
            name=item.name,
            properties=item.outputs,
            references={},
        )
        for item in resources(run)
    ]


@pytest.mark.parametrize("name", ENVIRONMENTS)
@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.level is not Level.DISABLED], ids=lambda rule: rule.name
)
def test_nothing_is_found(rule: Any, name: str) -> None:
    found = {item.name: rule.check(item.type, item.inputs) for item in resources(environment(name))}
    assert {name: messages for name, messages in found.items() if messages} == {}


@pytest.mark.parametrize("name", ENVIRONMENTS)
@pytest.mark.parametrize("rule", STACK_RULES, ids=lambda rule: rule.name)
def test_nothing_is_found_in_the_whole(rule: Any, name: str) -> None:
    assert rule.check(stack_resources(environment(name))) == []


# Nothing in the stack is of a kind that these rules are about; test_policy_rules.py shows them fire.
ELSEWHERE = {"function-urls-authenticated"}


def copy(item: Registration) -> dict[str, Any]:
    """The inputs, deep enough to be changed; what is no JSON (assets) is of no interest to a rule."""
    copied: dict[str, Any] = json.loads(json.dumps(item.inputs, default=str))
    return copied


@pytest.mark.parametrize("name", DAMAGE)
def test_every_rule_finds_the_damage(name: str) -> None:
    [rule] = [rule for rule in RULES if rule.name == name]
    kind, end, change = DAMAGE[name]
    item = environment("dev").one(kind, end)
    inputs = copy(item)
    assert rule.check(item.type, inputs) == []
    change(inputs)
    found = rule.check(item.type, inputs)
    assert len(found) == 1
    assert ": " in found[0]


def test_no_rule_is_left_out() -> None:
    assert set(DAMAGE) | ELSEWHERE == {rule.name for rule in RULES if rule.level is not Level.DISABLED}


@pytest.mark.parametrize(
    "kind", ["bucketPublicAccessBlock", "bucketOwnershipControls", "bucketPolicy", "bucketVersioning"]
)
def test_a_bucket_without_a_companion_is_found(kind: str) -> None:
    [rule] = [rule for rule in STACK_RULES if rule.name == "buckets-complete"]
    kept = [item for item in stack_resources(environment("dev")) if not item.type.startswith(f"aws:s3/{kind}:")]
    [finding] = rule.check(kept)
    assert finding.urn.endswith("/model-monitoring-dev-data")
    assert ": add " in finding.message


def test_a_topic_for_alarms_with_the_managed_key_is_found() -> None:
    [rule] = [rule for rule in STACK_RULES if rule.name == "topics-encrypted"]
    changed = [
        replace(item, properties={**item.properties, "kmsMasterKeyId": "alias/aws/sns"})
        if item.type == "aws:sns/topic:Topic"
        else item
        for item in stack_resources(environment("dev"))
    ]
    [finding] = rule.check(changed)
    assert finding.message == (
        "alarms cannot publish to a topic that is encrypted with alias/aws/sns: use a key of your own"
    )
    assert finding.urn.endswith("-alarms")


def test_a_topic_for_people_without_a_key_is_found() -> None:
    [rule] = [rule for rule in STACK_RULES if rule.name == "topics-encrypted"]
    changed = [
        replace(item, properties={key: value for key, value in item.properties.items() if key != "kmsMasterKeyId"})
        for item in stack_resources(environment("dev"))
    ]
    [finding] = rule.check(changed)
    assert finding.message == "the topic is not encrypted: set kms_master_key_id"
    assert finding.urn.endswith("-notifications")
