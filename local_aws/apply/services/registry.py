"""SageMaker: pipelines and model package groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.reading import answer_or_none, exists
from local_aws.apply.resource_types import (
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    by_arn,
    by_id,
    keys,
    tagger,
    with_tags,
)

_PIPELINE = {
    "pipelineName": "PipelineName",
    "pipelineDisplayName": "PipelineDisplayName",
    "pipelineDescription": "PipelineDescription",
    "pipelineDefinition": "PipelineDefinition",
    "roleArn": "RoleArn",
}


def _create_pipeline(request: Request) -> Created:
    name = request.inputs["pipelineName"]
    body = {wire: request.inputs.get(key) for key, wire in _PIPELINE.items()}
    # What makes a second try with the same token none: the name is one of ours, and unique.
    token = f"{name}-{'0' * 32}"[:128]
    answer = request.api("sagemaker", "CreatePipeline", **body, ClientRequestToken=token, Tags=request.tag_list())
    return Created(name, {"pipelineName": name, "arn": answer["PipelineArn"], "tagsAll": request.tags})


def _update_pipeline(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    body = {wire: request.inputs.get(key) for key, wire in _PIPELINE.items() if key != "pipelineName"}
    request.api("sagemaker", "UpdatePipeline", PipelineName=existing.id, **body)
    return {}


def _read_pipeline(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "sagemaker", "DescribePipeline", PipelineName=existing.id)
    if answer is None:
        return None
    has = {key: answer.get(wire) for key, wire in _PIPELINE.items()}
    return Found({key: value for key, value in has.items() if value != existing.inputs.get(key)})


def _delete_pipeline(existing: Existing) -> None:
    token = f"{existing.id}-{'0' * 32}"[:128]
    existing.api("sagemaker", "DeletePipeline", PipelineName=existing.id, ClientRequestToken=token)


def _create_group(request: Request) -> Created:
    inputs = request.inputs
    name = inputs["modelPackageGroupName"]
    answer = request.api(
        "sagemaker",
        "CreateModelPackageGroup",
        ModelPackageGroupName=name,
        ModelPackageGroupDescription=inputs.get("modelPackageGroupDescription"),
        Tags=request.tag_list(),
    )
    arn = answer["ModelPackageGroupArn"]
    return Created(name, {"modelPackageGroupName": name, "arn": arn, "tagsAll": request.tags})


def _delete_group(existing: Existing) -> None:
    existing.api("sagemaker", "DeleteModelPackageGroup", ModelPackageGroupName=existing.id)


_retag = tagger("sagemaker", "AddTags", "DeleteTags", by_arn("ResourceArn"))
TYPES = (
    ResourceType(
        kind="aws:sagemaker/pipeline:Pipeline",
        inputs=keys("pipelineName pipelineDisplayName pipelineDescription pipelineDefinition roleArn tags"),
        create=_create_pipeline,
        delete=_delete_pipeline,
        read=_read_pipeline,
        update=with_tags(_retag, rest=_update_pipeline),
    ),
    ResourceType(
        kind="aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        inputs=keys("modelPackageGroupName modelPackageGroupDescription tags"),
        create=_create_group,
        delete=_delete_group,
        read=exists("sagemaker", "DescribeModelPackageGroup", by_id("ModelPackageGroupName")),
        update=with_tags(_retag),
    ),
)
