"""aws-native resources: CloudFormation types, created through the AWS operation that stands behind them.

A type such as ``aws-native:sagemaker:ModelQualityJobDefinition`` needs no code of its own if CloudFormation's
schema agrees with the ``Create…`` and ``Delete…`` operations of its service, as it does for most of SageMaker.
Inputs are held against the CloudFormation schema (the one that cfn-lint ships) before the request is held against
botocore's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import botocore.exceptions
import botocore.model
from cfnlint.jsonschema import StandardValidator
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local_aws.apply.errors import ApplyError, UnsupportedError
from local_aws.apply.reading import answer_or_none
from local_aws.apply.resource_types import AutoName, Created, Existing, Found, Request, ResourceType, keys
from local_aws.apply.shapes import camel, input_shape
from local_aws.validation import service_model

SCHEMA_REGION = "us-east-1"  # cfn-lint keeps the schemas by region; this one has every type
# CloudFormation properties that the Create operation does not take, with the reason why they may be left out.
NOT_IN_API = {
    (
        "AWS::SageMaker::ModelQualityJobDefinition",
        "EndpointName",
    ),  # repeats the endpoint input, for CloudFormation's tags
    ("AWS::SageMaker::DataQualityJobDefinition", "EndpointName"),
    ("AWS::SageMaker::ModelBiasJobDefinition", "EndpointName"),
    ("AWS::SageMaker::ModelExplainabilityJobDefinition", "EndpointName"),
}


@functools.cache
def resource_type(token: str) -> ResourceType:
    """The ResourceType of an aws-native token. Raises UnsupportedError if no schema or no Create operation fits it."""
    native = NativeType(token)
    return ResourceType(
        kind=token,
        inputs=keys(" ".join(native.inputs)),
        create=native.create,
        delete=native.delete,
        read=native.read,
        auto_name=AutoName(native.name_limit, property=native.name_input) if native.name_input else None,
    )


class NativeType:
    """One CloudFormation type: its schema, and the operations of its service."""

    def __init__(self, token: str) -> None:
        parts = re.fullmatch(r"aws-native:(\w+):(\w+)", token)
        if parts is None:
            raise UnsupportedError(f"{token} is no aws-native resource type")
        self.service, self.resource = parts[1], parts[2]
        self.schema, self.name = self._schema()
        self.create_operation = self._operation("Create")
        self.delete_operation = self._operation("Delete")
        shape = input_shape(self.service, self.create_operation)
        required = [name for name in shape.required_members if name not in self.schema.get("required", [])]
        # The API wants a name that CloudFormation does not: the provider makes one up.
        self.name_property = next((name for name in required if name.endswith("Name")), None)
        limit = shape.members[self.name_property].metadata.get("max", 255) if self.name_property else 0
        self.name_limit = int(limit)
        self.inputs = {camel(name): name for name in self.schema["properties"] if name not in self.read_only}
        self.name_input = camel(self.name_property) if self.name_property else ""

    @property
    def read_only(self) -> set[str]:
        """Properties that only AWS sets."""
        return {path.rsplit("/", 1)[1] for path in self.schema.get("readOnlyProperties", [])}

    def create(self, request: Request) -> Created:
        """Create the resource; its read-only properties become outputs."""
        properties = self._convert(self.schema, request.inputs, request.type)
        if tags := request.default_tags:
            properties.setdefault("Tags", []).extend(
                {"Key": key, "Value": value} for key, value in sorted(tags.items())
            )
        problems = [
            f"{'.'.join(map(str, error.path)) or self.name}: {error.message}"
            for error in StandardValidator(self.schema).iter_errors(properties)
        ]
        if problems:
            raise ApplyError(f"{self.name}: CloudFormation's schema refuses it: {'; '.join(problems)}")
        members = input_shape(self.service, self.create_operation).members
        unknown = [key for key in properties if key not in members and (self.name, key) not in NOT_IN_API]
        if unknown:
            raise UnsupportedError(
                f"{self.name}: {self.service} {self.create_operation} does not take {', '.join(unknown)}"
            )
        body = {key: value for key, value in properties.items() if key in members}
        answer = request.api(self.service, self.create_operation, **body)
        identity = {key: (body | answer).get(key) for key in self._delete_members()}
        request.keep("|".join(str(value) for value in identity.values()), identity=identity)
        outputs = {
            camel(key): value
            for key, value in (self._described(request, body) | answer).items()
            if key in self.read_only
        }
        identifier = "|".join(
            str(outputs.get(camel(key), properties.get(key)))
            for key in (path.rsplit("/", 1)[1] for path in self.schema["primaryIdentifier"])
        )
        texts = {
            key: value if isinstance(value, str | int | float | bool) else str(value) for key, value in outputs.items()
        }
        return Created(identifier, {**texts, "identity": identity})

    def read(self, existing: Existing) -> Found | None:
        """Whether it is still there, where the Describe operation wants what the Delete operation wants."""
        operation, identity = f"Describe{self.resource}", existing.outputs["identity"]
        if operation not in service_model(self.service).operation_names:
            return Found()
        return None if answer_or_none(existing.api, self.service, operation, **identity) is None else Found()

    def delete(self, existing: Existing) -> None:
        """Delete it by the members that its Delete operation requires."""
        existing.api(self.service, self.delete_operation, **existing.outputs["identity"])

    def _schema(self) -> tuple[dict[str, Any], str]:
        wanted = f"AWS::{self.service}::{self.resource}".lower()
        for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(SCHEMA_REGION):
            if name.lower() == wanted:
                return PROVIDER_SCHEMA_MANAGER.get_resource_schema(SCHEMA_REGION, name).schema, name
        raise UnsupportedError(f"CloudFormation has no type AWS::{self.service}::{self.resource} (cfn-lint's schemas)")

    def _operation(self, verb: str) -> str:
        operation = f"{verb}{self.resource}"
        try:
            service_model(self.service).operation_model(operation)
        except (botocore.exceptions.UnknownServiceError, botocore.model.OperationNotFoundError) as error:
            raise UnsupportedError(
                f"{self.name}: {self.service} has no operation {operation};"
                " write a handler for it under local_aws/apply/services"
            ) from error
        return operation

    def _delete_members(self) -> list[str]:
        return list(input_shape(self.service, self.delete_operation).required_members)

    def _described(self, request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the Describe operation says of the new resource, where there is one that needs no more than its name."""
        operation = f"Describe{self.resource}"
        if operation not in service_model(self.service).operation_names:
            return {}
        required = input_shape(self.service, operation).required_members
        if not all(key in body for key in required):
            return {}
        return request.api(self.service, operation, **{key: body[key] for key in required})

    def _convert(self, schema: Mapping[str, Any], value: Any, where: str) -> Any:
        """Property names as CloudFormation spells them, and numbers as integers where it wants integers."""
        while "$ref" in schema:
            schema = self.schema["definitions"][schema["$ref"].rsplit("/", 1)[1]]
        if isinstance(value, Mapping) and "properties" in schema:
            names = {camel(name): name for name in schema["properties"]}
            result = {}
            for key, item in value.items():
                if item is None or key == "region":
                    continue
                if key not in names:
                    raise UnsupportedError(f"{where} has no property {key!r}; it has {', '.join(sorted(names))}")
                result[names[key]] = self._convert(schema["properties"][names[key]], item, f"{where}.{key}")
            return result
        if isinstance(value, list) and "items" in schema:
            return [self._convert(schema["items"], item, f"{where}[{i}]") for i, item in enumerate(value)]
        if isinstance(value, float) and value.is_integer() and schema.get("type") == "integer":
            return int(value)
        return value
