"""What must work between the accounts and what must be denied, each tried: dev, staging and prod are boundaries."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from contract.metrics import CONSTRAINT_VIOLATIONS
from examples.fleet.world import (
    CENTER,
    DEV,
    EXTERNAL_ID,
    MEMBERS,
    PROD,
    PROD_EU,
    SECOND_REGION,
    STAGING,
    STRANGER,
    World,
)

# AWS says of what is another account's that it is not there, where it does not say that one may not.
DENIALS: Final = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "InvalidRequestException",
        "KMSAccessDeniedException",
        "NotAuthorizedForSourceException",
        "NotFound",
        "NotFoundException",
        "ResourceNotFoundException",
    }
)
ALARM: Final = "CloudWatch Alarm State Change"
ADMINS: Final = {name: f"{name}'s administrator" for name in MEMBERS}
DEV_ADMIN, STAGING_ADMIN, PROD_ADMIN = ADMINS.values()
CENTER_ADMIN: Final = "the center's administrator"
THE_READER, READER_IN_PROD, A_STRANGER = "the center's reader", "the center's reader in prod", "a stranger"


@dataclass(frozen=True)
class Attempt:
    """Who tries what. `intended`: it must be allowed; `allowed`: it was; `said`: AWS's code, or what came back."""

    who: str
    does: str
    intended: bool
    allowed: bool
    said: str

    @property
    def is_as_intended(self) -> bool:
        return self.intended == self.allowed


class DeniedError(Exception):
    """An answer that is a refusal, though no error: a failed entry, an empty list."""


def attempts(world: World) -> list[Attempt]:
    """Try everything."""
    return [_try(*row) for row in _table(world)]


def _try(who: str, does: str, intended: bool, call: Callable[[], Any]) -> Attempt:
    try:
        said = str(call())
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if code not in DENIALS:
            raise  # a mistake in the attempt is no denial
        return Attempt(who, does, intended, False, code)
    except DeniedError as error:
        return Attempt(who, does, intended, False, str(error))
    return Attempt(who, does, intended, True, said)


Row = tuple[str, str, bool, Callable[[], Any]]


def _table(world: World) -> Iterator[Row]:
    yield from _environments(world)
    yield from _results(world)
    yield from _regions(world)
    yield from _roles(world)
    yield from _events(world)
    yield from _metrics(world)


def _objects(s3: Any, bucket: str) -> str:
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="result-tables/runs/", MaxKeys=5)
    keys = [item["Key"] for item in listed.get("Contents", [])]
    s3.get_object(Bucket=bucket, Key=keys[0])["Body"].read()
    return f"{len(keys)} objects"


def _objects_as_reader(world: World, member: str) -> str:
    return _objects(world.session(world.read_in(member), "s3"), world.bucket(MEMBERS[member]))


def _environments(world: World) -> Iterator[Row]:
    """Each environment's administrator and its jobs: at home, and in each of the others."""
    for name, account in MEMBERS.items():
        s3 = world.accounts[account].client("s3")
        for other, its in MEMBERS.items():
            yield ADMINS[name], f"reads {other}'s results", name == other, partial(_objects, s3, world.bucket(its))
        role = f"arn:aws:iam::{account}:role/models-job"
        keys = world.accounts[account].client("sts").assume_role(RoleArn=role, RoleSessionName="tries")["Credentials"]
        for other, its in MEMBERS.items():
            if other != name:
                job = world.session(keys, "s3")
                yield f"a job of {name}'s", f"reads {other}'s results", False, partial(_objects, job, world.bucket(its))
    for name in MEMBERS:
        yield (
            THE_READER,
            f"reads {name}'s results through {name}'s role",
            True,
            partial(_objects_as_reader, world, name),
        )
    for name, other in (("dev", "staging"), ("staging", "prod"), ("dev", "prod")):
        sts = world.session(world.read_in(name), "sts")
        yield (
            f"the center's reader in {name}",
            f"goes on into {other}",
            False,
            partial(sts.assume_role, RoleArn=world.reader_role(other), RoleSessionName="tries", ExternalId=EXTERNAL_ID),
        )


def _regions(world: World) -> Iterator[Row]:
    """Prod's second region: its own tables and its own role; the boundary is the same."""
    bucket, key = world.bucket(PROD, SECOND_REGION), "result-tables/runs/day=2026-01-01/x.json"
    prod, dev = (world.accounts[account].client("s3", region=SECOND_REGION) for account in (PROD, DEV))
    yield (
        PROD_ADMIN,
        "writes a line into the tables of prod's second region",
        True,
        lambda: prod.put_object(Bucket=bucket, Key=key, Body=b"{}\n")["ETag"],
    )
    yield (
        THE_READER,
        "reads it through that region's role",
        True,
        lambda: _objects(world.session(world.read_in(PROD_EU), "s3"), bucket),
    )
    yield DEV_ADMIN, "reads the results of prod's second region", False, partial(_objects, dev, bucket)
    yield (
        READER_IN_PROD,
        "reads the results of prod's second region",
        False,
        lambda: _objects(world.session(world.read_in("prod"), "s3"), bucket),
    )


def _results(world: World) -> Iterator[Row]:
    """Results: at home, through the reader's role, and not otherwise."""
    dev, prod = (world.accounts[account].client("s3") for account in (DEV, PROD))
    of_prod = world.bucket(PROD)
    key = prod.list_objects_v2(Bucket=of_prod, Prefix="result-tables/runs/")["Contents"][0]["Key"]
    one = {"Bucket": of_prod, "Key": key}
    yield DEV_ADMIN, "lists prod's results", False, lambda: dev.list_objects_v2(Bucket=of_prod)
    yield (
        DEV_ADMIN,
        "reads an object of prod's",
        False,
        lambda: dev.get_object(**one),
    )
    yield (
        DEV_ADMIN,
        "writes into prod's tables",
        False,
        lambda: dev.put_object(Bucket=of_prod, Key="result-tables/runs/day=2026-01-01/x.json", Body=b"{}"),
    )
    yield (
        DEV_ADMIN,
        "deletes an object of prod's",
        False,
        lambda: dev.delete_object(**one),
    )
    stranger = world.accounts[STRANGER].client("s3")
    yield A_STRANGER, "reads prod's results", False, lambda: _objects(stranger, of_prod)
    center = world.accounts[CENTER].client("s3")
    yield (
        CENTER_ADMIN,
        "reads prod's results directly",
        False,
        lambda: _objects(center, of_prod),
    )
    yield (
        THE_READER,
        "asks prod's Athena through prod's role",
        True,
        lambda: world.session(world.read_in("prod"), "athena").start_query_execution(
            QueryString="SELECT count(*) FROM runs",
            WorkGroup="fleet-results",
            QueryExecutionContext={"Database": "fleet_results"},
        )["QueryExecutionId"],
    )
    in_prod = world.session(world.read_in("prod"), "s3")
    yield (
        READER_IN_PROD,
        "deletes a result",
        False,
        lambda: in_prod.delete_object(**one),
    )
    yield (
        READER_IN_PROD,
        "writes a result",
        False,
        lambda: in_prod.put_object(**one, Body=b"{}"),
    )
    yield (
        READER_IN_PROD,
        "reads the models' own bucket",
        False,
        lambda: in_prod.list_objects_v2(Bucket=f"models-of-{PROD}"),
    )
    yield (
        READER_IN_PROD,
        "publishes a metric in prod",
        False,
        lambda: world.session(world.read_in("prod"), "cloudwatch").put_metric_data(
            Namespace="ModelMonitoring/jobs", MetricData=[{"MetricName": CONSTRAINT_VIOLATIONS, "Value": 0.0}]
        ),
    )


def _roles(world: World) -> Iterator[Row]:
    """The role with the external id: for whom it names, and who knows it."""

    def assume(account: str, role: str, **more: str) -> str:
        sts = world.accounts[account].client("sts")
        return str(sts.assume_role(RoleArn=role, RoleSessionName="tries", **more)["AssumedRoleUser"]["Arn"])

    prod, known = world.reader_role("prod"), {"ExternalId": EXTERNAL_ID}
    reader = world.session(world.as_reader(), "sts")
    for who, account in ((DEV_ADMIN, DEV), (STAGING_ADMIN, STAGING)):
        yield who, "takes prod's role, knowing the id", False, partial(assume, account, prod, **known)
    yield (
        A_STRANGER,
        "takes prod's role, knowing the id",
        False,
        lambda: assume(STRANGER, prod, **known),
    )
    yield (
        CENTER_ADMIN,
        "takes prod's role, knowing the id",
        False,
        lambda: assume(CENTER, prod, **known),
    )
    yield (
        THE_READER,
        "takes prod's role without the id",
        False,
        lambda: reader.assume_role(RoleArn=prod, RoleSessionName="tries"),
    )
    yield (
        THE_READER,
        "takes prod's role with another id",
        False,
        lambda: reader.assume_role(RoleArn=prod, RoleSessionName="tries", ExternalId="a-guess-of-somebody"),
    )
    yield (
        THE_READER,
        "takes the role that administers prod",
        False,
        lambda: reader.assume_role(
            RoleArn=f"arn:aws:iam::{PROD}:role/OrganizationAccountAccessRole", RoleSessionName="tries"
        ),
    )


def _events(world: World) -> Iterator[Row]:
    """Findings: of members' alarms, and nothing that anybody makes up."""
    bus = str(world.outputs["center"]["event_bus_arn"])

    def put(account: str, source: str, kind: str) -> str:
        entry = {"EventBusName": bus, "Source": source, "DetailType": kind, "Detail": json.dumps({"alarmName": "x"})}
        answer = world.accounts[account].client("events").put_events(Entries=[entry])["Entries"][0]
        if "ErrorCode" in answer:
            raise DeniedError(answer["ErrorCode"])
        return str(answer["EventId"])

    yield "prod's alarm", "is told to the center's bus", True, lambda: _told(world, "jobs-violations")
    for name in ("dev", "staging"):
        alarm = f"jobs-{name}-violations"
        yield f"{name}'s alarm", "is told to the center's bus", True, partial(_told, world, alarm)
    yield DEV_ADMIN, "puts an event of its own on the bus", False, lambda: put(DEV, "my.app", "Order")
    yield (
        DEV_ADMIN,
        "puts an event that pretends to be CloudWatch's",
        False,
        lambda: put(DEV, "aws.cloudwatch", ALARM),
    )
    yield (
        A_STRANGER,
        "puts an event on the bus",
        False,
        lambda: put(STRANGER, "my.app", ALARM),
    )
    topic = str(world.outputs["center"]["topic_arn"])
    for who, account in ((DEV_ADMIN, DEV), (A_STRANGER, STRANGER)):
        yield (
            who,
            "publishes to the center's topic",
            False,
            partial(world.accounts[account].client("sns").publish, TopicArn=topic, Message="hello"),
        )


def _told(world: World, alarm: str) -> str:
    """The last state of an alarm in the center's log."""
    logs = world.accounts[CENTER].client("logs")
    events = logs.filter_log_events(logGroupName="/aws/events/fleet-findings")["events"]
    found = [json.loads(event["message"]) for event in events]
    states = [item["detail"]["state"]["value"] for item in found if item["detail"]["alarmName"] == alarm]
    if not states:
        raise DeniedError("nothing arrived")
    return f"{states[-1]} from account {next(i['account'] for i in found if i['detail']['alarmName'] == alarm)}"


def _metrics(world: World) -> Iterator[Row]:
    """Metrics: the models' own, of members, in the center."""
    center, dev = (world.accounts[account].client("cloudwatch") for account in (CENTER, DEV))

    def owners(cloudwatch: Any, name: str) -> Sequence[str]:
        return list(cloudwatch.list_metrics(MetricName=name, IncludeLinkedAccounts=True).get("OwningAccounts", []))

    def sees(cloudwatch: Any, account: str, name: str) -> str:
        found = owners(cloudwatch, name)
        if account not in found:
            raise DeniedError("not listed")
        return f"{found.count(account)} metrics"

    world.accounts[PROD].client("cloudwatch").put_metric_data(
        Namespace="Payments/Orders", MetricData=[{"MetricName": "Turnover", "Value": 1.0}]
    )
    for name, account in MEMBERS.items():
        found = partial(sees, center, account, CONSTRAINT_VIOLATIONS)
        yield "the center", f"sees metrics of {name}'s models", True, found
    yield "the center", "sees prod's other metrics", False, lambda: sees(center, PROD, "Turnover")
    for name, its in (("staging", STAGING), ("prod", PROD)):
        yield DEV_ADMIN, f"sees metrics of {name}'s models", False, partial(sees, dev, its, CONSTRAINT_VIOLATIONS)
    sink = str(world.outputs["center"]["sink_arn"])
    yield (
        A_STRANGER,
        "links its metrics to the center",
        False,
        lambda: (
            world.accounts[STRANGER]
            .client("oam")
            .create_link(LabelTemplate="$AccountName", ResourceTypes=["AWS::CloudWatch::Metric"], SinkIdentifier=sink)
        ),
    )
    yield (
        DEV_ADMIN,
        "links its logs to the center",
        False,
        lambda: dev_link(world, sink),
    )


def dev_link(world: World, sink: str) -> Any:
    """A link of something else than metrics, which the sink's policy does not take."""
    return (
        world.accounts[DEV]
        .client("oam")
        .create_link(LabelTemplate="$AccountName", ResourceTypes=["AWS::Logs::LogGroup"], SinkIdentifier=sink)
    )
