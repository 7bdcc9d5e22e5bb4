"""Where a program deploys into: each provider is asked once, and every program anew."""

from collections import Counter

import pulumi
import pulumi_aws as aws

from components.iam import AwsContext, look_up_context
from tests.components.mocked_runtime import ACCOUNT, REGION, Run, run_program

QUESTIONS = (
    "aws:index/getPartition:getPartition",
    "aws:index/getRegion:getRegion",
    "aws:index/getCallerIdentity:getCallerIdentity",
)


def part(name: str, provider: pulumi.ProviderResource | None = None) -> pulumi.ComponentResource:
    options = pulumi.ResourceOptions(providers=[provider] if provider else None)
    return pulumi.ComponentResource("test:index:Part", name, None, options)


def two_parts_with_a_provider_and_two_without() -> None:
    other = aws.Provider("aws-eu", region="eu-west-1")
    for parent in (part("a"), part("b"), part("c", other), part("d", other)):
        pulumi.export(parent._name, look_up_context(parent).apply(vars))


def asked(run: Run) -> Counter[tuple[str, bool]]:
    """How often each question was put, and whether to the other provider."""
    return Counter((call.token, "::aws-eu::" in call.provider) for call in run.calls)


def test_each_provider_is_asked_once_in_every_program() -> None:
    for _ in range(2):
        run = run_program(two_parts_with_a_provider_and_two_without)
        assert asked(run) == {(question, of_other): 1 for question in QUESTIONS for of_other in (False, True)}
        place = vars(AwsContext(partition="aws", region=REGION, account_id=ACCOUNT))
        assert run.exports == dict.fromkeys("abcd", place)


def test_a_stack_asks_once(full: Run) -> None:
    assert {question: count for (question, _), count in asked(full).items() if question in QUESTIONS} == dict.fromkeys(
        QUESTIONS, 1
    )
