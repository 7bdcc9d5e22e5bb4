"""Native registrations against the CloudFormation schemas that cfn-lint ships.

pulumi-aws-native hands its inputs to Cloud Control as these schemas have them, in another case.
"""

import pytest

from tests.components.cloudformation import cloud_control, errors
from tests.components.mocked_runtime import Run

TYPES = {"aws-native:sagemaker:ModelQualityJobDefinition": "AWS::SageMaker::ModelQualityJobDefinition"}


def test_every_native_resource_is_checked(any_stack: Run) -> None:
    assert {item.type for item in any_stack.resources if item.type.startswith("aws-native:")} <= set(TYPES)


@pytest.mark.parametrize(("token", "kind"), TYPES.items())
def test_valid(any_stack: Run, token: str, kind: str) -> None:
    for resource in any_stack.of_type(token):
        assert errors(cloud_control(resource.inputs), kind) == []


def test_there_is_something_to_check(full: Run) -> None:
    assert all(len(full.of_type(token)) == 1 for token in TYPES)


def test_the_check_finds_what_is_wrong(full: Run) -> None:
    [(token, kind)] = TYPES.items()
    properties = cloud_control(full.one(token).inputs)
    for change in (
        {"JobDefinitionName": "with_underscore"},
        {"Misspelt": 1},
        {"StoppingCondition": {"MaxRuntimeInSeconds": 0}},
        {"RoleArn": "arn:aws:iam::1:role/monitor"},
    ):
        assert len(errors(properties | change, kind)) == 1, change
