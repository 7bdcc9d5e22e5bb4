"""The regions of both providers and of what exists already, and secrets that stay secret."""

import functools
import runpy
from typing import Any

import pulumi
import pytest

from components import ArgumentError
from tests.components.mocked_runtime import Run, run_program
from tests.program.running import PREFIX, PROJECT, on_the_wire, stack_config

SECRET = "4dabf18193072939515e22adb298388d"  # Pulumi's wire format marks a secret with this key


def run_in(regions: dict[str, str], **overrides: Any) -> Run:
    config = {key: value for key, value in stack_config("dev").items() if not key.endswith(":region")}
    overrides = {"engine": "model-monitor", **overrides}
    config |= regions | {PREFIX + key: value for key, value in overrides.items()}
    return run_program(
        lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__"), config=on_the_wire(config)
    )


@pytest.fixture
def no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)


@pytest.mark.usefixtures("no_region")
@pytest.mark.parametrize("regions", [{}, {"aws-native:region": "us-east-1"}])
def test_both_providers_need_the_same_region(regions: dict[str, str]) -> None:
    """The second one reads `aws-native:region` and the environment, and never `aws:region`."""
    with pytest.raises(ArgumentError) as caught:
        run_in({"aws:region": "eu-west-1", **regions})
    assert str(caught.value) == (
        f"aws-native:region is {regions.get('aws-native:region')!r} and aws:region 'eu-west-1': model_quality needs "
        "both providers in one region; pulumi config set aws-native:region eu-west-1"
    )


@pytest.mark.usefixtures("no_region")
def test_regions_that_are_good_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_in({"aws:region": "eu-west-1", "aws-native:region": "eu-west-1"}).exports["bucket_name"]
    assert run_in({"aws:region": "eu-west-1"}, engine="open").exports["bucket_name"]  # nothing is aws-native's
    assert run_in({}).exports["bucket_name"]  # from a profile: the providers decide
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert run_in({"aws:region": "eu-west-1"}).exports["bucket_name"]


@pytest.mark.usefixtures("no_region")
def test_a_key_of_another_region_is_refused() -> None:
    key = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    monitoring = {**stack_config("dev")[f"{PREFIX}monitoring"], "kms_key_arn": key}
    with pytest.raises(ArgumentError) as caught:
        run_in({"aws:region": "us-east-1", "aws-native:region": "us-east-1"}, monitoring=monitoring)
    assert str(caught.value) == (
        "kms_key_arn is a key of us-west-2 and the stack is in us-east-1: give a key of us-east-1 (of a "
        "multi-Region key, its replica there)"
    )


@pytest.mark.usefixtures("no_region")
@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        (
            {
                "existing": {
                    "name": "churn",
                    "capture_uri": "s3://bucket/captures",
                    "kms_key_arn": "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                }
            },
            "endpoint.existing.kms_key_arn is a key of us-west-2 and the stack is in us-east-1: give a key of",
        ),
        (
            {"image_uri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/model:1"},
            "endpoint.image_uri is an image of eu-west-1 and the stack is in us-east-1: SageMaker takes images of its",
        ),
    ],
)
def test_what_lies_in_another_region_is_refused(endpoint: dict[str, Any], says: str) -> None:
    monitoring = {**stack_config("dev")[f"{PREFIX}monitoring"], "endpoint": endpoint}
    with pytest.raises(ArgumentError) as caught:
        run_in({"aws:region": "us-east-1", "aws-native:region": "us-east-1"}, monitoring=monitoring)
    assert str(caught.value).startswith(says)


@functools.cache
def run_with_secrets(*keys: str) -> Run:
    monitoring = {**stack_config("dev")[f"{PREFIX}monitoring"]}
    monitoring["endpoint"] = {**monitoring["endpoint"], "environment": {"TOKEN": "t0ken"}}
    telephone = {"protocol": "sms", "endpoint": "+4917012345678", "name": "on-call"}
    monitoring["alerting"] = {"subscriptions": [telephone]}
    config = stack_config("dev") | {f"{PREFIX}monitoring": monitoring, f"{PREFIX}alert_emails": ["a@example.com"]}

    def program() -> None:
        pulumi.runtime.set_all_config(on_the_wire(config), [f"{PREFIX}{key}" for key in keys])
        runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__")

    return run_program(program, config=on_the_wire(config))


@pytest.mark.parametrize(
    ("key", "kind", "name", "argument"),
    [
        ("monitoring", "aws:sagemaker/model:Model", "", "primaryContainer"),
        ("monitoring", "aws:sns/topicSubscription:TopicSubscription", "model-monitoring-dev-sms-on-call", "endpoint"),
        (
            "alert_emails",
            "aws:sns/topicSubscription:TopicSubscription",
            "model-monitoring-dev-email-address-0",
            "endpoint",
        ),
    ],
)
def test_what_was_set_as_a_secret_stays_one(key: str, kind: str, name: str, argument: str) -> None:
    """In the stack's state it would be readable for everybody."""
    item = run_with_secrets(key).one(kind, name)
    assert (
        kind != "aws:sns/topicSubscription:TopicSubscription"
        or name.endswith("address-0")
        or (list(item.request.additionalSecretOutputs) == ["endpoint"])
    )
    assert SECRET in str(dict(item.request.object.fields)[argument])
    plain = run_with_secrets().of_type(kind)
    assert not any(SECRET in str(dict(item.request.object.fields)[argument]) for item in plain)


def test_an_address_that_becomes_a_secret_keeps_its_subscription() -> None:
    kind = "aws:sns/topicSubscription:TopicSubscription"
    [plain] = [item for item in run_with_secrets().of_type(kind) if item.inputs["protocol"] == "email"]
    secret = run_with_secrets("alert_emails").one(kind, "model-monitoring-dev-email-address-0")
    assert [alias.spec.name for alias in secret.request.aliases] == [plain.name]
