"""Between accounts: the center that is told, and what a member account lets out.

A member's alarms are told on the center's event bus, its metrics are linked to the center's sink, and its results stay
where they are: whoever the member names may read them through a role. The teams' own topics stay theirs.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.args import ArgumentError, check_component_name, common_settings
from components.fleet import accounts_policies as policies
from components.fleet.event_log import event_log
from components.fleet.tables import ATHENA_RESULTS
from components.iam import look_up_context, service_role, trust

ORGANIZATION: Final = re.compile(r"o-[a-z0-9]{10,32}")
ACCOUNT: Final = re.compile(r"\d{12}")
METRICS: Final = "AWS::CloudWatch::Metric"
LEAST_SECRET: Final = 8


class FleetCenterArgs(TypedDict):
    """Who may send to the center, and who is told."""

    organization_id: NotRequired[str]
    """All accounts of this organisation may send, such as `o-abcdefghij`."""
    accounts: NotRequired[Sequence[str]]
    """Or these accounts, where there is no organisation."""
    emails: NotRequired[Sequence[pulumi.Input[str]]]
    """Addresses that are told of every alarm of every account. Default none."""
    log_retention_in_days: NotRequired[int]
    """Of what the bus was told. Default 30."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds every role."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for topic, bus and log; its policy must admit CloudWatch, EventBridge and CloudWatch Logs."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class FleetMemberArgs(TypedDict):
    """What an account lets out, and to whom."""

    sink_arn: NotRequired[pulumi.Input[str]]
    """The center's sink, to which this account's metrics are linked. Default none: no metrics leave."""
    event_bus_arn: NotRequired[pulumi.Input[str]]
    """The center's event bus, which is told of this account's alarms. Default none."""
    readers: NotRequired[Sequence[str]]
    """ARNs of the principals of other accounts that may read the tables of results. Default none: nobody may."""
    external_id: NotRequired[pulumi.Input[str]]
    """The secret that readers must know. Needed with `readers`."""
    bucket_name: NotRequired[pulumi.Input[str]]
    """The bucket of the account's `ResultTables`. Needed with `readers`; so are the next two."""
    database_name: NotRequired[pulumi.Input[str]]
    """Of the account's tables of results."""
    workgroup_name: NotRequired[pulumi.Input[str]]
    """Of Athena, through which they are asked."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds every role."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key of the tables; readers are granted its use."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


def members_of(args: FleetCenterArgs) -> tuple[str | None, list[str]]:
    """The organisation, or the accounts.

    Raises
    ------
    ArgumentError
        If neither is given, or both, or one is none.
    """
    organization, accounts = args.get("organization_id"), list(args.get("accounts") or [])
    if (organization is None) == (not accounts):
        raise ArgumentError("center needs organization_id or accounts, one of them: who may send")
    if organization is not None and not ORGANIZATION.fullmatch(organization):
        raise ArgumentError(f"center.organization_id is {organization!r}: give one such as o-abcdefghij")
    for account in accounts:
        if not ACCOUNT.fullmatch(account):
            raise ArgumentError(f"center.accounts has {account!r}: an account is twelve digits")
    return organization, accounts


class FleetCenter(pulumi.ComponentResource):
    """The account that is told: a bus for findings, a log of them, a topic for people, a sink for metrics."""

    event_bus_arn: pulumi.Output[str]
    sink_arn: pulumi.Output[str]
    topic_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: FleetCenterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        organization, accounts = members_of(args)
        common = common_settings(args)
        super().__init__("model-monitoring:index:FleetCenter", name, {}, opts)
        self._stem, self._common = name, common
        bus = aws.cloudwatch.EventBus(
            f"{name}-findings",
            name=f"{name}-findings",
            description="Alarms on models of all accounts",
            kms_key_identifier=common.kms_key_arn,
            tags=common.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        policy = aws.cloudwatch.EventBusPolicy(
            f"{name}-findings-policy",
            event_bus_name=bus.name,
            policy=bus.arn.apply(lambda arn: json.dumps(policies.bus_policy(arn, organization, accounts))),
            opts=self._child,
        )
        # Known once members may send: their rules are tried by EventBridge when they are made.
        self.event_bus_arn = pulumi.Output.all(bus.arn, policy.id).apply(lambda found: str(found[0]))
        self._tell(bus, args.get("emails") or [])
        sink = aws.oam.Sink(f"{name}-metrics", name=f"{name}-metrics", tags=common.tags, opts=self._child)
        admitted = aws.oam.SinkPolicy(
            f"{name}-metrics-policy",
            sink_identifier=sink.arn,
            policy=json.dumps(policies.sink_policy(organization, accounts)),
            opts=self._child,
        )
        self.sink_arn = pulumi.Output.all(sink.arn, admitted.id).apply(lambda found: str(found[0]))
        self.register_outputs(
            {
                "event_bus_arn": self.event_bus_arn,
                "sink_arn": self.sink_arn,
                "topic_arn": self.topic_arn,
                "log_group_name": self.log_group_name,
            }
        )

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _tell(self, bus: aws.cloudwatch.EventBus, emails: Sequence[pulumi.Input[str]]) -> None:
        """What arrives on the bus is kept in a log, and people are told."""
        name, common, context = self._stem, self._common, look_up_context(self)
        logs, admitted = event_log(f"{name}-findings", self, common)
        topic = aws.sns.Topic(
            f"{name}-findings", kms_master_key_id=common.kms_key_arn, tags=common.tags, opts=self._child
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-findings",
            event_bus_name=bus.name,
            description="What members' alarms say",
            event_pattern=json.dumps(policies.alarm_pattern(), sort_keys=True),
            tags=common.tags,
            opts=self._child,
        )
        topic_policy = aws.sns.TopicPolicy(
            f"{name}-findings-topic-policy",
            arn=topic.arn,
            policy=pulumi.Output.all(context, topic.arn, rule.arn).apply(
                lambda found: json.dumps(policies.center_topic_policy(found[0], found[1], name, found[2]))
            ),
            opts=self._child,
        )
        for suffix, arn, ready in (("log", logs.arn, admitted), ("topic", topic.arn, topic_policy)):
            aws.cloudwatch.EventTarget(
                f"{name}-findings-{suffix}",
                rule=rule.name,
                event_bus_name=bus.name,
                target_id=suffix,
                arn=arn,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[ready], delete_before_replace=True),
            )
        for index, email in enumerate(emails):
            aws.sns.TopicSubscription(
                f"{name}-findings-email-{index}", topic=topic.arn, protocol="email", endpoint=email, opts=self._child
            )
        self.topic_arn = pulumi.Output.all(topic.arn, topic_policy.id).apply(lambda found: str(found[0]))
        self.log_group_name = logs.name


class FleetMember(pulumi.ComponentResource):
    """An account of models: links its metrics, tells of its alarms, and lets named readers at its results."""

    reader_role_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: FleetMemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        readers = _readers(args)
        common = common_settings(args)
        super().__init__("model-monitoring:index:FleetMember", name, {}, opts)
        self._stem, self._common, self._args = name, common, args
        if "sink_arn" in args:
            aws.oam.Link(
                f"{name}-metrics",
                label_template="$AccountName",
                resource_types=[METRICS],
                sink_identifier=args["sink_arn"],
                link_configuration=aws.oam.LinkLinkConfigurationArgs(
                    metric_configuration=aws.oam.LinkLinkConfigurationMetricConfigurationArgs(
                        filter=policies.LINK_FILTER
                    )
                ),
                tags=common.tags,
                opts=self._child,
            )
        if "event_bus_arn" in args:
            self._forward(args["event_bus_arn"])
        self.reader_role_arn = self._reader(readers) if readers else None
        self.register_outputs({"reader_role_arn": self.reader_role_arn})

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _forward(self, bus_arn: pulumi.Input[str]) -> None:
        name = self._stem
        role = service_role(
            f"{name}-forward-role",
            parent=self,
            description=f"Tells the fleet's center of the alarms of {name}",
            trust=lambda context: trust(
                "events.amazonaws.com", {"StringEquals": {"aws:SourceAccount": context.account_id}}
            ),
            policy=pulumi.Output.from_input(bus_arn).apply(policies.forward_policy),
            common=self._common,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-forward",
            description="Alarms on models, for the fleet's center",
            event_pattern=json.dumps(policies.alarm_pattern(), sort_keys=True),
            tags=self._common.tags,
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-forward",
            rule=rule.name,
            target_id="center",
            arn=bus_arn,
            role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _reader(self, readers: Sequence[str]) -> pulumi.Output[str]:
        name, args, key = self._stem, self._args, self._common.kms_key_arn
        external = pulumi.Output.secret(args["external_id"])
        role = aws.iam.Role(
            f"{name}-results-reader",
            description=f"Reads the results of the models of {name}, from another account",
            assume_role_policy=external.apply(lambda secret: json.dumps(policies.reader_trust(readers, secret))),
            permissions_boundary=self._common.permissions_boundary_arn,
            max_session_duration=3600,
            tags=self._common.tags,
            opts=self._child,
        )
        aws.iam.RolePolicy(
            f"{name}-results-reader-policy",
            role=role.name,
            policy=pulumi.Output.all(
                context=look_up_context(self),
                bucket=args["bucket_name"],
                database=args["database_name"],
                workgroup=args["workgroup_name"],
                kms_key_arn=key,
            ).apply(
                lambda found: json.dumps(
                    policies.reader_policy(found.pop("context"), answers_prefix=ATHENA_RESULTS, **found)
                )
            ),
            opts=self._child,
        )
        if key is not None:
            aws.kms.Grant(
                f"{name}-results-reader-key",
                key_id=key,
                grantee_principal=role.arn,
                operations=["Decrypt", "GenerateDataKey"],
                opts=self._child,
            )
        return role.arn


def _readers(args: FleetMemberArgs) -> list[str]:
    """ARNs of the readers, with what they need beside them."""
    readers = list(args.get("readers") or [])
    for reader in readers:
        if not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/.+", reader):
            raise ArgumentError(f"readers has {reader!r}: give ARNs of roles or users, never a whole account or *")
    if readers:
        given: Mapping[str, Any] = args
        missing = [key for key in ("external_id", "bucket_name", "database_name", "workgroup_name") if key not in given]
        if missing:
            raise ArgumentError(f"readers is given and {missing[0]} is not: readers need it")
        secret = args["external_id"]
        if isinstance(secret, str) and len(secret) < LEAST_SECRET:
            raise ArgumentError(f"external_id has {len(secret)} characters: give at least {LEAST_SECRET}, by chance")
    return readers
