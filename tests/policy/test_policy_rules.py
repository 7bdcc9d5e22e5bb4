"""Each rule on its own: what it refuses, in which words, and the nearest thing that it lets pass."""

import inspect
import json
from pathlib import Path
from typing import Any

import cfnlint
import pulumi_aws
import pulumi_aws_native
import pytest

from components.iam.statements import ANY_RESOURCE
from policy.guard_rails import identity
from policy.guard_rails.catalogue import RULES, STACK_RULES
from policy.guard_rails.documents import statements
from policy.guard_rails.keys import KEY_PATHS
from policy.guard_rails.rule import Level, StackResource
from policy.guard_rails.tags import TAGGABLE
from tests.policy.damage import DAMAGE
from tests.policy.environments import ENVIRONMENTS, environment, resources
from tests.policy.judged import PASSED, REFUSED, ROLE_POLICY, ROOT, TOPIC_POLICY, document


def check(rule: str, kind: str, inputs: dict[str, Any], **settings: Any) -> list[str]:
    [found] = [item for item in RULES if item.name == rule]
    return found.check(kind, inputs, **settings)


@pytest.mark.parametrize(("rule", "kind", "inputs", "message"), REFUSED)
def test_refused(rule: str, kind: str, inputs: dict[str, Any], message: str) -> None:
    assert check(rule, kind, inputs) == [message]


@pytest.mark.parametrize(("rule", "kind", "inputs"), PASSED)
def test_passed(rule: str, kind: str, inputs: dict[str, Any]) -> None:
    assert check(rule, kind, inputs) == []


def test_each_rule_is_shown_to_fire() -> None:
    assert {rule for rule, *_ in REFUSED} | set(DAMAGE) == {rule.name for rule in RULES}


def test_names_of_tags_are_a_setting() -> None:
    inputs = {"tags": {"project": "x", "environment": "y"}}
    assert check("required-tags", "aws:sns/topic:Topic", inputs) == []
    assert check("required-tags", "aws:sns/topic:Topic", inputs, names=["owner"]) == [
        "tag owner is missing: add it to tags, or to the provider's default_tags"
    ]


@pytest.mark.parametrize("rule", [*RULES, *STACK_RULES], ids=lambda rule: rule.name)
def test_rules_say_what_they_are_for(rule: Any) -> None:
    for text in (rule.title, rule.description, rule.fix, rule.check.__doc__):
        assert text
        assert "\n" not in text.split("\n\n")[0]
    assert rule.level in Level


def test_names_of_rules_are_unique() -> None:
    names = [rule.name for rule in RULES] + [rule.name for rule in STACK_RULES]
    assert len(names) == len(set(names)) == 25


def test_actions_without_resources_have_none_at_aws() -> None:
    """Against AWS's Service Authorization Reference, in the copy that cfn-lint ships."""
    file = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    reference = json.loads(file.read_text(encoding="utf-8"))
    for name in identity.ANY_RESOURCE:
        service, action = name.lower().split(":")
        resources = reference[service]["Actions"][action].get("Resources", [])
        # Data sets are for metrics in OpenTelemetry's form, which nothing here uses.
        # A list of packages is asked of a group, for which IAM has no resource in that call.
        known = dict.fromkeys(
            ("cloudwatch:PutMetricData", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics"), "dataset"
        )
        known["sagemaker:ListModelPackages"] = "model-package"
        assert resources == ([known[name]] if name in known else []), name
    assert "Resources" in reference["s3"]["Actions"]["getobject"]


def test_the_stack_needs_no_more_than_the_pack_allows() -> None:
    assert set(ANY_RESOURCE) <= set(identity.ANY_RESOURCE)


def sdk_class(token: str) -> Any:
    """The SDK's class of a type token."""
    package, module, name = token.split(":")
    sdk = {"aws": pulumi_aws, "aws-native": pulumi_aws_native}[package]
    module = module.split("/")[0]
    return getattr(getattr(sdk, {"lambda": "lambda_"}.get(module, module)), name)


def has_tags(token: str) -> bool:
    return "tags" in inspect.signature(sdk_class(token)._internal_init).parameters


@pytest.mark.parametrize("token", sorted(TAGGABLE))
def test_what_must_have_tags_can_have_them(token: str) -> None:
    assert has_tags(token)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_whatever_the_stack_makes_and_can_have_tags_must(name: str) -> None:
    types = {item.type for item in resources(environment(name))} - {"aws:s3/bucketObjectv2:BucketObjectv2"}
    assert {token for token in types if has_tags(token)} == types & TAGGABLE


@pytest.mark.parametrize("token", sorted(KEY_PATHS))
def test_where_keys_are_named_the_provider_has_them(token: str) -> None:
    first = KEY_PATHS[token][0]
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in first)
    assert snake in inspect.signature(sdk_class(token)._internal_init).parameters


def test_statements_of_what_is_no_document() -> None:
    assert list(statements(ROLE_POLICY, {"policy": "no JSON"})) == []
    assert list(statements(ROLE_POLICY, {"policy": '["a list"]'})) == []
    assert list(statements(ROLE_POLICY, {"policy": '{"Statement": ["text"]}'})) == []


def resource(kind: str, urn: str, references: dict[str, str] | None = None, **properties: Any) -> StackResource:
    found = {key: frozenset({value}) for key, value in (references or {}).items()}
    return StackResource(type=kind, urn=urn, name=urn, properties=properties, references=found)


def test_a_companion_is_known_by_what_it_was_made_from_or_by_its_name() -> None:
    [rule] = [rule for rule in STACK_RULES if rule.name == "buckets-complete"]
    kinds = [
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketVersioning:BucketVersioning",
    ]
    bucket = resource("aws:s3/bucket:Bucket", "bucket", bucket="b-1")
    by_reference = [resource(kind, kind, {"bucket": "bucket"}) for kind in kinds]
    by_name = [resource(kind, kind, bucket="b-1") for kind in kinds]
    of_another = [resource(kind, kind, {"bucket": "other"}, bucket="b-2") for kind in kinds]
    assert rule.check([bucket, *by_reference]) == []
    assert rule.check([bucket, *by_name]) == []
    assert [finding.urn for finding in rule.check([bucket, *of_another])] == ["bucket"] * 5


@pytest.mark.parametrize(
    ("key", "principal", "messages"),
    [
        ("alias/aws/sns", {"Service": "cloudwatch.amazonaws.com"}, ["alarms cannot publish"]),
        ("arn:aws:kms:us-east-1:1:key/x", {"Service": "cloudwatch.amazonaws.com"}, []),
        (None, {"Service": "cloudwatch.amazonaws.com"}, []),
        (None, {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}, ["the topic is not encrypted"]),
        (None, ROOT, ["the topic is not encrypted"]),
        ("alias/aws/sns", ROOT, []),
    ],
)
def test_keys_of_topics(key: str | None, principal: dict[str, Any], messages: list[str]) -> None:
    [rule] = [rule for rule in STACK_RULES if rule.name == "topics-encrypted"]
    topic = resource("aws:sns/topic:Topic", "topic", kmsMasterKeyId=key)
    allowed = document(Action="sns:Publish", Principal=principal, Resource="x")
    policy = resource(TOPIC_POLICY, "policy", {"arn": "topic"}, **allowed)
    found = rule.check([topic, policy])
    assert len(found) == len(messages)
    assert all(finding.message.startswith(start) for finding, start in zip(found, messages, strict=True))
