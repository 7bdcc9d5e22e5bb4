"""What retraining is made from: the rest of the stack, and the settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.args import CommonSettings, NetworkSettings, RetrainingSettings
from components.iam import AwsContext
from components.retraining.declared import Declared


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """An alarm that asks for a retraining, and whose runs are counted."""

    alarm_name: pulumi.Input[str]
    kind: str
    schedule: pulumi.Input[str]
    runs: int
    threshold: float
    metric: str
    """What it reaches in each of the runs: a count of violations, or the largest effect among them."""
    hours_between_runs: int


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a stack has that retraining works with."""

    bucket_name: pulumi.Output[str]
    endpoint_name: pulumi.Output[str]
    variant_name: str
    model_role_arn: pulumi.Output[str]
    job_role_arn: pulumi.Output[str]
    """Of the monitors' jobs, under which baselines are made."""
    image_uri: pulumi.Output[str]
    code_uri: pulumi.Output[str]
    statistics_uri: pulumi.Input[str]
    metric_namespace: str
    alarm_topic_arn: pulumi.Output[str]
    notification_topic_arn: pulumi.Output[str]
    triggers: Sequence[Trigger]
    quality_floor: Mapping[str, pulumi.Input[Any]] | None
    baselines: Mapping[str, pulumi.Input[Mapping[str, Any]]]
    """By kind the request of its baseline job, with `{data}` and `{results}` where they go."""
    problem_type: str
    positive_label: str | None
    declared: pulumi.Output[Declared]
    runbook_url: pulumi.Input[str] | None = None
    """Where docs/operations.md is to be read: messages link to its section."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What every part of a stack's retraining is made from; all are children of `parent`."""

    parent: pulumi.Resource
    stem: str
    settings: RetrainingSettings
    around: Surroundings
    network: NetworkSettings
    common: CommonSettings
    place: pulumi.Output[AwsContext]

    @property
    def child(self) -> pulumi.ResourceOptions:
        """The options of most resources."""
        return pulumi.ResourceOptions(parent=self.parent)

    @property
    def fixed_name(self) -> pulumi.ResourceOptions:
        """The options of what has a name of ours, which may come again when a deployment that failed is reverted."""
        return pulumi.ResourceOptions(parent=self.parent, delete_before_replace=True)
