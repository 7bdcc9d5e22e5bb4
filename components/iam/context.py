"""Where a component is deployed into."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

_PARTITION: Final = "aws:index/getPartition:getPartition"


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


_looked_up: ContextVar[dict[pulumi.ProviderResource | None, pulumi.Output[AwsContext]] | None] = ContextVar(
    "looked_up", default=None
)


def look_up_context(parent: pulumi.Resource) -> pulumi.Output[AwsContext]:
    """What the provider of `parent` deploys into; a program asks each provider once, however many roles it makes."""
    found = _looked_up.get()
    if found is None:
        found = {}
        _looked_up.set(found)  # Pulumi runs every program in a task, and every task has a context of its own
    provider = parent.get_provider(_PARTITION)
    if provider not in found:
        options = pulumi.InvokeOptions(parent=parent)
        found[provider] = pulumi.Output.all(
            partition=aws.get_partition_output(opts=options).partition,
            region=aws.get_region_output(opts=options).region,
            account_id=aws.get_caller_identity_output(opts=options).account_id,
        ).apply(lambda place: AwsContext(**place))
    return found[provider]
