"""The resource types that can be applied, one module for each service. A new module is added to ``MODULES``."""

from __future__ import annotations

from local_aws.apply.resource_types import ResourceType
from local_aws.apply.services import (
    athena,
    autoscaling,
    cloudwatch,
    events,
    functions,
    glue,
    iam,
    kinesis,
    kms,
    layers,
    logs,
    mappings,
    oam,
    registry,
    s3,
    sagemaker,
    scheduler,
    sns,
    sqs,
    states,
)

MODULES = (
    *(athena, autoscaling, cloudwatch, events, functions, glue, iam, kinesis, kms, layers, logs, mappings, oam),
    *(registry, s3, sagemaker, scheduler, sns, sqs, states),
)

TYPES: dict[str, ResourceType] = {item.kind: item for module in MODULES for item in module.TYPES}
