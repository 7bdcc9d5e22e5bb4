"""Native registrations against the CloudFormation schemas that cfn-lint ships.

pulumi-aws-native hands its inputs to Cloud Control as these schemas have them, in another case.
"""

from typing import Any

import pytest
from cfnlint.jsonschema import StandardValidator
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.components.mocked_runtime import Run

TYPES = {"aws-native:sagemaker:ModelQualityJobDefinition": "AWS::SageMaker::ModelQualityJobDefinition"}


def schema(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return found


def cloud_control(value: Any) -> Any:
    """Properties as CloudFormation spells them: `s3Uri` is `S3Uri`, `volumeSizeInGb` is `VolumeSizeInGB`."""
    if isinstance(value, dict):
        return {_spelt(key): cloud_control(item) for key, item in value.items()}
    return [cloud_control(item) for item in value] if isinstance(value, list) else value


def _spelt(key: str) -> str:
    if key == "publish_cloudwatch_metrics":
        return key  # a key of the environment, not a property
    return (key[0].upper() + key[1:]).replace("InGb", "InGB")


def errors(properties: dict[str, Any], kind: str) -> list[str]:
    found = StandardValidator(schema(kind)).iter_errors(properties)
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in found]


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
