"""Dev, staging, prod and their center with IAM enforced: what must work between them, what must not, each tried."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components import FleetMember, ModelMonitoringFleet, ResultTables
from components.fleet import FleetCenterArgs, FleetMemberArgs
from drift_tools.fleet import fill_tables, open_store
from examples.fleet import boundaries
from examples.fleet.models import FleetModel, Monitors, alarm_on
from examples.fleet.program import count_models
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
    accounts,
)
from local_aws import LocalAwsError
from local_aws.apply import Settings, deploy
from local_aws.cloudwatch.observability import ObservabilityError, matches
from tests.fleet.runs import drift_document, leave, violations_document


def _deploy(world: World, folder: Path) -> dict[str, dict[str, Any]]:
    """The center, and its members, as the program in fleet/ declares them."""
    outputs: dict[str, dict[str, Any]] = {}

    def center() -> None:
        args: FleetCenterArgs = {"organization_id": world.organization_id}
        fleet = ModelMonitoringFleet("fleet", {"tables": {"retain_data": False}, "center": args})
        _export({"sink_arn": fleet.sink_arn, "event_bus_arn": fleet.event_bus_arn, "topic_arn": fleet.topic_arn})

    def member() -> None:
        tables = ResultTables("fleet", {"retain_data": False})
        made = FleetMember(
            "fleet",
            {
                **linked,
                "event_bus_arn": outputs["center"]["event_bus_arn"],
                "readers": [world.reader_arn],
                "external_id": EXTERNAL_ID,
                "bucket_name": tables.bucket_name,
                "database_name": tables.database_name,
                "workgroup_name": tables.workgroup_name,
            },
        )
        _export({"reader_role_arn": made.reader_role_arn})

    targets = {"center": CENTER, **MEMBERS, PROD_EU: PROD}
    for name, account in targets.items():
        region = SECOND_REGION if name == PROD_EU else world.cloud.region
        linked: FleetMemberArgs = {} if name in ("center", PROD_EU) else {"sink_arn": outputs["center"]["sink_arn"]}
        settings = Settings("fleet", name, {"aws:region": region}, directory=folder)
        program = center if name == "center" else member
        outputs[name] = dict(deploy(program, settings, world.accounts[account]).outputs)
    return outputs


def _export(values: dict[str, Any]) -> None:
    import pulumi  # noqa: PLC0415 - inside of a program

    for name, value in values.items():
        pulumi.export(name, value)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with accounts() as found:
        found.outputs = _deploy(found, folder)
        monitors = Monitors(found, folder, folder)
        for name, account in (("jobs", PROD), ("jobs-staging", STAGING), ("jobs-dev", DEV)):
            files = {
                "drift.json": drift_document(["amount"]),
                "constraint_violations.json": violations_document(["amount"]),
            }
            leave(folder / account, name, "data-quality", "2026/01/31/13", files)
            client = found.accounts[account].client("s3")
            tables = open_store(f"s3://{found.bucket(account)}/result-tables", client=client)
            fill_tables(open_store(str(folder / account)), tables, {"account": account})
            monitors.job_role(account)
            model = FleetModel(name=name, account=account, team="jobs", days=[])
            alarm_on(found, model)
            _publish(found, model)
        found.cloud.clock.advance(timedelta(minutes=2))
        yield found
        assert found.cloud.failures() == []


def _publish(world: World, model: FleetModel) -> None:
    dimensions = [{"Name": "Endpoint", "Value": model.name}, {"Name": "MonitoringSchedule", "Value": model.schedule}]
    world.accounts[model.account].client("cloudwatch").put_metric_data(
        Namespace=f"ModelMonitoring/{model.name}",
        MetricData=[
            {"MetricName": name, "Dimensions": dimensions, "Value": value}
            for name, value in (("ConstraintViolations", 1.0), ("JobFailures", 0.0), ("HoursSilent", 0.0))
        ],
    )


def test_everything_is_as_intended(world: World) -> None:
    tried = boundaries.attempts(world)
    assert [(one.who, one.does, one.said) for one in tried if not one.is_as_intended] == []
    assert sum(one.intended for one in tried) == 15
    assert sum(not one.intended for one in tried) == 44


def test_a_reader_of_encrypted_tables_has_a_grant(world: World, tmp_path: Path) -> None:
    """The key's policy names its administrator alone: the reader's own policy counts for nothing there."""
    account, bucket = world.accounts[STAGING], world.bucket(STAGING, SECOND_REGION)
    kms, s3 = (account.client(service, region=SECOND_REGION) for service in ("kms", "s3"))
    admin = {"AWS": f"arn:aws:iam::{STAGING}:role/OrganizationAccountAccessRole"}
    allowed = {"Effect": "Allow", "Principal": admin, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    key = kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]

    def member() -> None:
        tables = ResultTables("fleet", {"retain_data": False, "kms_key_arn": key})
        made = FleetMember(
            "fleet",
            {
                "readers": [world.reader_arn],
                "external_id": EXTERNAL_ID,
                "bucket_name": tables.bucket_name,
                "database_name": tables.database_name,
                "workgroup_name": tables.workgroup_name,
                "kms_key_arn": key,
            },
        )
        _export({"reader_role_arn": made.reader_role_arn})

    settings = Settings("fleet", "encrypted", {"aws:region": SECOND_REGION}, directory=tmp_path)
    outputs = dict(deploy(member, settings, account).outputs)
    s3.put_object(Bucket=bucket, Key="result-tables/runs/day=2026-01-01/x.json", Body=b"{}\n")
    reader = World(world.cloud, world.accounts, world.organization_id, {"encrypted": outputs})

    def read() -> bytes:
        client = reader.session(reader.read_in("encrypted"), "s3")
        content: bytes = client.get_object(Bucket=bucket, Key="result-tables/runs/day=2026-01-01/x.json")["Body"].read()
        return content

    assert read() == b"{}\n"
    (grant,) = kms.list_grants(KeyId=key)["Grants"]
    assert grant["Operations"] == ["Decrypt", "GenerateDataKey"]
    kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    with pytest.raises(ClientError, match="kms:Decrypt"):
        read()


def test_the_center_counts_the_models_of_its_members(world: World) -> None:
    counted = count_models(world)
    assert (counted["Models"], counted["DriftingModels"], counted["DriftingShare"]) == (3.0, 3.0, 1.0)
    assert counted["drifting"] == [f"{DEV}/jobs-dev", f"{STAGING}/jobs-staging", f"{PROD}/jobs"]
    assert (counted["SilentModels"], counted["FailingModels"]) == (0.0, 0.0)
    points = world.accounts[CENTER].client("cloudwatch").list_metrics(Namespace="ModelMonitoring/Fleet")["Metrics"]
    assert {point["MetricName"] for point in points} == {
        "Models", "DriftingModels", "DriftingShare", "SilentModels", "FailingModels",
    }  # fmt: skip


def test_the_composite_alarm_rings_when_many_drift(world: World) -> None:
    count_models(world)
    world.cloud.clock.advance(timedelta(minutes=2))
    alarms = world.accounts[CENTER].client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    states = {alarm["AlarmName"].rsplit("-", 1)[0]: alarm["StateValue"] for alarm in alarms["MetricAlarms"]}
    assert states["fleet-fleet-many-drift"] == "ALARM"
    assert states["fleet-fleet-silent"] == "OK"
    (composite,) = alarms["CompositeAlarms"]
    assert (composite["AlarmName"], composite["StateValue"]) == ("fleet-fleet", "ALARM")


def test_a_member_of_no_organisation_is_none_of_it(world: World) -> None:
    assert world.accounts[STRANGER].organization_id is None
    assert world.accounts[DEV].organization_id == world.organization_id
    with pytest.raises(LocalAwsError, match="'12' is no account: give twelve digits as text"):
        world.cloud.account("12")


def test_what_a_links_filter_lets_through() -> None:
    text = "Namespace LIKE 'ModelMonitoring/%' OR Namespace = 'AWS/SageMaker' OR Namespace IN ('A', 'B')"
    names = ("ModelMonitoring/churn", "AWS/SageMaker", "B", "Payments", "AWS/SageMakerX")
    assert [matches(text, name) for name in names] == [True, True, True, False, False]
    with pytest.raises(ObservabilityError, match="is not valid"):
        matches("Namespace = A", "A")


def test_the_log_of_the_center_has_whole_events(world: World) -> None:
    logs = world.accounts[CENTER].client("logs").filter_log_events(logGroupName="/aws/events/fleet-findings")["events"]
    found = [json.loads(event["message"]) for event in logs]
    assert {(event["account"], event["source"], event["detail-type"]) for event in found} == {
        (DEV, "aws.cloudwatch", "CloudWatch Alarm State Change"),
        (STAGING, "aws.cloudwatch", "CloudWatch Alarm State Change"),
        (PROD, "aws.cloudwatch", "CloudWatch Alarm State Change"),
    }
