"""Properties as CloudFormation's schemas have them, which cfn-lint ships.

pulumi-aws-native hands its inputs to Cloud Control as these schemas have them, in another case.
"""

from typing import Any

from cfnlint.jsonschema import StandardValidator
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER


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
