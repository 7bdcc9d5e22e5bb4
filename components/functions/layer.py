"""A layer of libraries for a function that computes."""

import pulumi
import pulumi_aws as aws

from components.functions.function import ARCHITECTURE, RUNTIME


def function_layer(
    name: str, parent: pulumi.Resource, *, description: str, code: pulumi.Input[pulumi.Archive]
) -> aws.lambda_.LayerVersion:
    """Make it for the runtime that all functions have."""
    return aws.lambda_.LayerVersion(
        name,
        layer_name=name,
        description=description,
        code=code,
        compatible_runtimes=[RUNTIME],
        compatible_architectures=[ARCHITECTURE],
        opts=pulumi.ResourceOptions(parent=parent),
    )
