"""AWS's images that Model Monitor runs its kinds in."""

from typing import Final

import pulumi
import pulumi_aws as aws

ANALYZER: Final = "sagemaker-model-monitor-analyzer"
CLARIFY: Final = "sagemaker-clarify-processing"
# Of images that customers name with a tag; AWS's analyzer has none.
_TAGS: Final = {CLARIFY: "1.0"}


def image_uri(repository: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The image of a repository in the stack's region."""
    tag = _TAGS.get(repository)
    path = aws.sagemaker.get_prebuilt_ecr_image_output(
        repository_name=repository, image_tag=tag, opts=pulumi.InvokeOptions(parent=parent)
    ).registry_path
    return path if tag is not None else path.apply(without_tag)


def without_tag(image_uri: str) -> str:
    """AWS's analyzer has no tags that customers name; SageMaker's own clients give its URI bare."""
    registry, _, image = image_uri.partition("/")
    return f"{registry}/{image.split(':')[0]}"
