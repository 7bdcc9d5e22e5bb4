"""Where a component is deployed into."""

from contextvars import ContextVar
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class AwsContext:
    """Partition, region and account that a component is deployed into."""

    partition: str
    region: str
    account_id: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    def bucket_arn(self, bucket: str, *path: str) -> str:
        return "/".join((f"arn:{self.partition}:s3:::{bucket}", *path))


# Of the program that runs, by provider (None is the default one): some thirty places of a stack want to know, and each
# would ask AWS three questions.
_found: ContextVar[dict[pulumi.ProviderResource | None, pulumi.Output[AwsContext]]] = ContextVar("found")


def look_up_context(parent: pulumi.Resource) -> pulumi.Output[AwsContext]:
    """What the provider of `parent` deploys into; asked once."""
    found = _found.get(None)
    if found is None:
        _found.set(found := {})
    provider = parent.get_provider("aws:index/getRegion:getRegion")
    if provider not in found:
        found[provider] = _look_up(pulumi.InvokeOptions(parent=parent))
    return found[provider]


def _look_up(options: pulumi.InvokeOptions) -> pulumi.Output[AwsContext]:
    return pulumi.Output.all(
        partition=aws.get_partition_output(opts=options).partition,
        region=aws.get_region_output(opts=options).region,
        account_id=aws.get_caller_identity_output(opts=options).account_id,
    ).apply(lambda found: AwsContext(**found))
