"""Between accounts: the center that is told, and what a member account lets out.

A member's alarms are told on the center's event bus, its metrics are linked to the center's sink, and its results stay
where they are: whoever the member names may read them through a role. The teams' own topics stay theirs.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components.args import (
    ArgumentError,
    CommonSettings,
    Reader,
    argument_names,
    as_text,
    check_component_name,
    common_settings,
    email_addresses,
)
from components.fleet import accounts_policies as policies
from components.fleet.event_log import event_log
from components.fleet.tables import ATHENA_RESULTS
from components.iam import look_up_context, service_role, trust

ORGANIZATION: Final = re.compile(r"o-[a-z0-9]{10,32}")
ACCOUNT: Final = re.compile(r"\d{12}")
METRICS: Final = "AWS::CloudWatch::Metric"
LEAST_SECRET: Final = 8
MOST_SECRET: Final = 1224
# A bus's policy may have 10,240 characters, and an account takes 33 of them as AWS writes it.
MOST_ACCOUNTS: Final = 250
_SINK: Final = r"arn:aws[a-z-]*:oam:[a-z0-9-]+:\d{12}:sink/[A-Za-z0-9-]+"
_BUS: Final = r"arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus/[A-Za-z0-9._/-]{1,256}"
_READER: Final = r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+"
# What readers need, what it looks like, and how to say so. The secret is looked at apart: it is not repeated.
_OF_READERS: Final = (
    ("external_id", "", ""),
    ("bucket_name", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket"),
    ("database_name", r"[^\n\r]{1,255}", "the name of a database of Glue"),
    ("workgroup_name", r"[a-zA-Z0-9._-]{1,128}", "the name of a workgroup of Athena"),
)


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


@dataclass(frozen=True, kw_only=True)
class FleetCenterSettings:
    """`FleetCenterArgs`, checked and complete: the organisation, or else the accounts."""

    organization_id: str | None
    accounts: tuple[str, ...]
    emails: tuple[pulumi.Input[str], ...]
    common: CommonSettings

    @classmethod
    def from_args(cls, args: FleetCenterArgs, path: str = "center") -> Self:
        """Check everything; ArgumentError in one line: the argument, its value, and the fix."""
        read = Reader(path, args, argument_names(FleetCenterArgs))
        organization, accounts = read.optional_text("organization_id", None), _accounts(read)
        if (organization is None) == (not accounts):
            raise ArgumentError(f"{path} needs organization_id or accounts, one of them: who may send")
        if organization is not None and not ORGANIZATION.fullmatch(organization):
            raise read.refuse("organization_id", "give one such as o-abcdefghij")
        return cls(
            organization_id=organization,
            accounts=accounts,
            emails=email_addresses(read),
            common=common_settings(args, path),
        )


def _accounts(read: Reader) -> tuple[str, ...]:
    given = read.raw("accounts") or ()
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise read.refuse("accounts", 'must be a list such as ["111122223333"]')
    accounts = tuple(as_text(account) for account in given)
    for account in accounts:
        if not isinstance(account, str) or not ACCOUNT.fullmatch(account):
            raise ArgumentError(f"{read.name('accounts')} has {account!r}: an account is twelve digits, as text")
    if len(set(accounts)) < len(accounts):
        raise ArgumentError(f"{read.name('accounts')} names one of them twice; name each once")
    if len(accounts) > MOST_ACCOUNTS:
        raise ArgumentError(
            f"{read.name('accounts')} has {len(accounts)} entries: the policy of an event bus has room for "
            f"{MOST_ACCOUNTS}; give organization_id"
        )
    return accounts


class FleetCenter(pulumi.ComponentResource):
    """The account that is told: a bus for findings, a log of them, a topic for people, a sink for metrics."""

    event_bus_arn: pulumi.Output[str]
    sink_arn: pulumi.Output[str]
    topic_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: FleetCenterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = FleetCenterSettings.from_args(args)
        organization, accounts, common = settings.organization_id, settings.accounts, settings.common
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
        self._tell(bus, settings.emails)
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


@dataclass(frozen=True, kw_only=True)
class FleetMemberSettings:
    """`FleetMemberArgs`, checked; what only readers need is asked for where there are some."""

    sink_arn: pulumi.Input[str] | None
    event_bus_arn: pulumi.Input[str] | None
    readers: tuple[str, ...]
    common: CommonSettings

    @classmethod
    def from_args(cls, args: FleetMemberArgs, path: str = "") -> Self:
        """Check everything; ArgumentError in one line: the argument, its value, and the fix."""
        read = Reader(path, args, argument_names(FleetMemberArgs))
        readers = _readers(read)
        for key, pattern, form in _OF_READERS:
            if read.has(key) and key != "external_id":
                read.late_text(key, pattern, form)
            elif readers and not read.has(key):
                raise ArgumentError(f"{read.name('readers')} is given and {key} is not: readers need it")
        read.only_with("readers", ["external_id"])
        _check_secret(read)
        return cls(
            sink_arn=read.optional_late_text(
                "sink_arn", _SINK, "the ARN of a sink of CloudWatch, as the center has it"
            ),
            event_bus_arn=read.optional_late_text(
                "event_bus_arn", _BUS, "the ARN of an event bus, as the center has it"
            ),
            readers=readers,
            common=common_settings(args, path),
        )


def _check_secret(read: Reader) -> None:
    """Refuse an external id that STS would not take; none of it is repeated. Raises ArgumentError."""
    secret = read.raw("external_id")
    if secret is None or isinstance(secret, pulumi.Output):
        return
    name = read.name("external_id")
    if isinstance(secret, str) and not LEAST_SECRET <= len(secret) <= MOST_SECRET:
        raise ArgumentError(f"{name} has {len(secret)} characters: give {LEAST_SECRET} to {MOST_SECRET}, by chance")
    if not isinstance(secret, str) or not re.fullmatch(r"[\w+=,.@:/-]+", secret, re.ASCII):
        raise ArgumentError(f"{name} is no text that STS takes: give letters, digits and _+=,.@:/- alone")


def _readers(read: Reader) -> tuple[str, ...]:
    """ARNs of the readers. IAM takes no `*` within them."""
    given = read.raw("readers") or ()
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise read.refuse("readers", "must be a list of ARNs of roles or users")
    for reader in given:
        if not isinstance(reader, str) or not re.fullmatch(_READER, reader):
            raise ArgumentError(
                f"{read.name('readers')} has {reader!r}: give ARNs of roles or users, never a whole account or *"
            )
    if len(set(given)) < len(given):
        raise ArgumentError(f"{read.name('readers')} names one of them twice; name each once")
    return tuple(given)


class FleetMember(pulumi.ComponentResource):
    """An account of models: links its metrics, tells of its alarms, and lets named readers at its results."""

    reader_role_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: FleetMemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = FleetMemberSettings.from_args(args)
        readers, common = settings.readers, settings.common
        super().__init__("model-monitoring:index:FleetMember", name, {}, opts)
        self._stem, self._common, self._args = name, common, args
        if settings.sink_arn is not None:
            aws.oam.Link(
                f"{name}-metrics",
                label_template="$AccountName",
                resource_types=[METRICS],
                sink_identifier=settings.sink_arn,
                link_configuration=aws.oam.LinkLinkConfigurationArgs(
                    metric_configuration=aws.oam.LinkLinkConfigurationMetricConfigurationArgs(
                        filter=policies.LINK_FILTER
                    )
                ),
                tags=common.tags,
                opts=self._child,
            )
        if settings.event_bus_arn is not None:
            self._forward(settings.event_bus_arn)
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
