"""Fleets and members that cannot work, walked argument by argument: each is refused before a resource is made, in one
line with the argument's path, the value and the fix; and what must be taken.
"""

import re
import runpy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from components import (
    ArgumentError,
    FleetCenter,
    FleetDashboard,
    FleetMember,
    FleetQuickSight,
    FleetWatch,
    ModelMonitoringFleet,
    ResultTables,
)
from components.fleet import FleetDashboardSettings, FleetSubject, bodies
from tests.components.args.doors import CASES as OF_STACKS
from tests.components.mocked_runtime import Run, run_program
from tests.program.running import on_the_wire

ACCOUNT = "111122223333"
READER = f"arn:aws:iam::{ACCOUNT}:role/analysts"
SINK = f"arn:aws:oam:eu-west-1:{ACCOUNT}:sink/1a2b"
BUS = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/fleet-findings"
READERS = {
    "readers": [READER], "external_id": "by-chance-4711", "bucket_name": "results", "database_name": "own_results",
    "workgroup_name": "own-results",
}  # fmt: skip
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NAN = float("nan")
COMMON = ("tags", "log_retention_in_days", "permissions_boundary_arn", "kms_key_arn")
# Of what every component takes, the values that a stack refuses.
OF_ALL = [(path, value, says) for path, value, says in OF_STACKS if path.split(".", 1)[0] in COMMON]

FLEET: list[tuple[str, list[Any], str]] = [
    ("monitor", [100], "monitor is not an argument: did you mean 'monitors'?"),
    ("monitors", [0, -1, 1.5, "many", True, NAN, [100]], "must be"),
    ("monitors", [500], "give at least 5 groups"),
    ("usd_a_run", [-0.01, "cheap", NAN, True], "must be a number from 0.0 to 1000.0"),
    ("silent_hours", [0, -1, NAN, 9000, "day"], "must be a number from 1.0 to 8760.0"),
    ("drifting_share", [0, 25, -0.1, NAN, "25%"], "must be a number from 0.001 to 1.0"),
    ("groups", [["pay"], "pay"], "give titles and a word of their endpoints' names"),
    ("groups", [{"Payments": value} for value in ("it's", 'one "quote', 'a"b"c"')], "double ones in pairs"),
    ("groups", [{"Payments": value} for value in ("x" * 501, None, ["pay"], "a\nb")], "give a word of at most 500"),
    ("groups", [{"": "pay"}, {"a\nb": "pay"}, {"t" * 101: "pay"}], "give 1 to 100 characters in one line"),
    ("groups", [{"Pay": "pay", "Payments": "pay"}, {"a": "x-y", "b": '"x-y"'}], "name each once"),
    ("tables", ["s3://tables", [1]], "give a dictionary with most_gigabytes_a_query"),
    ("tables.keep_day", [800], "tables.keep_day is not an argument: did you mean 'keep_days'?"),
    ("tables.keep_days", [0, 4000, 1.5, "long"], "from 1 to 3650"),
    ("tables.keep_answers_days", [0, 366], "must be from 1 to 365"),
    ("tables.most_gigabytes_a_query", [0, -1, NAN, "ten"], "must be a number from 0.01 to 10000.0"),
    ("tables.retain_data", ["true", 1], "must be true or false"),
    ("center", [{}, {"accounts": []}, {"organization_id": "o-abcdefghij", "accounts": [ACCOUNT]}], "one of them: who"),
    ("center", ["o-abcdefghij", [ACCOUNT]], "give a dictionary with organization_id"),
    ("center.organization_id", ["x", "o-ABCDEFGHIJ", "o-short", "r-abcd", ""], "center.organization_id is"),
    ("center.accounts", [["1"], ["my-account"], [None], [12345]], "an account is twelve digits"),
    ("center.accounts", [ACCOUNT, 111122223333, {"a": 1}], "must be a list such as"),
    ("center.accounts", [[ACCOUNT, ACCOUNT], [ACCOUNT, int(ACCOUNT)]], "names one of them twice; name each once"),
    ("center.accounts", [[f"{at:012}" for at in range(251)]], "has 251 entries: the policy of an event bus has room"),
    ("center.emails", [["a@b.co", "A@b.co"]], "center.emails has 'a@b.co' twice"),
    ("center.emails", [["a@localhost"], ["Bob<a@b.co>"], [7]], "write an address such as team@example.com"),
    ("center.emails", ["team@example.com", {"a": 1}], "must be a list of addresses"),
    ("center.tags", [{"a*b": "c"}], "center.tags has 'a*b': AWS takes letters"),
    ("center.log_retention_in_days", [31], "center.log_retention_in_days is 31: CloudWatch takes 1, 3"),
    ("quicksight", [{}], "quicksight.owner_group is None: must be the name of a QuickSight group"),
    ("quicksight.owner_group", ["a b", "", 5, ["platform"], "a/b"], "must be the name of a QuickSight group"),
    ("quicksight.refresh_at", ["6:00", "24:00", 360, "06:00 UTC", ""], 'must be a time such as "06:00", as text'),
    ("quicksight.teams", [["jobs"], "jobs"], "give QuickSight groups by team"),
    ("quicksight.teams", [{"jobs": value} for value in ("a b", None, 5, "")], "quicksight.teams.jobs is"),
    ("quicksight.teams", [{"": "g"}, {"t" * 65: "g"}, {5: "g"}], "give the value of the tag Team"),
    ("quicksight.teams", [{"all": "g"}], "would be called as those of the owners (all)"),
    ("quicksight.teams", [{"a b": "g", "a.b": "h"}, {"jöbs": "g", "jäbs": "h"}], "so name the team otherwise"),
    ("quicksight.database_name", ["own_results"], "a fleet has tables of its own; remove it"),
    ("quicksight.workgroup_name", ["own-results"], "a fleet has tables of its own; remove it"),
]  # fmt: skip
MEMBER: list[tuple[str, list[Any], str]] = [
    ("sink", [SINK], "sink is not an argument: did you mean 'sink_arn'?"),
    ("sink_arn", ["", "sink", BUS, "arn:aws:oam:eu-west-1:1:sink/x", 5], "must be the ARN of a sink of CloudWatch"),
    ("event_bus_arn", ["", "fleet-findings", SINK, 5, ["x"]], "must be the ARN of an event bus, as the center has it"),
    ("readers", [[value] for value in (
        f"arn:aws:iam::{ACCOUNT}:root", "*", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/*", f"arn:aws:iam::{ACCOUNT}:role/",
        f"arn:aws:iam::{ACCOUNT}:group/x", f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b", 5, None)],
     "give ARNs of roles or users, never a whole account or *"),
    ("readers", [READER, {"a": READER}], "must be a list of ARNs of roles or users"),
    ("readers", [[READER, READER]], "names one of them twice; name each once"),
    *((key, [None], f"readers is given and {key} is not: readers need it") for key in READERS if key != "readers"),
    ("external_id", ["short", "x" * 1225], "characters: give 8 to 1224, by chance"),
    ("external_id", ["with blanks", "ümlaut-4711", 123456789, ["a"]], "external_id is no text that STS takes: give le"),
    ("bucket_name", ["A", "s3://results", 5], "must be the name of a bucket"),
    ("database_name", ["", 5], "must be the name of a database of Glue"),
    ("workgroup_name", ["a b", 5], "must be the name of a workgroup of Athena"),
]  # fmt: skip


def put(args: dict[str, Any], path: str, value: Any) -> Any:
    """The arguments with a value at a path."""
    *groups, last = path.split(".")
    inside = args
    for group in groups:
        inside = inside.setdefault(group, {})
    inside[last] = value
    return args


def refused(make: Callable[[], Any]) -> str:
    """What the refusal says; nothing may have been registered before."""
    runs: list[str] = []

    def program() -> None:
        with pytest.raises(ArgumentError) as caught:
            make()
        runs.append(str(caught.value))

    run = run_program(program)
    assert not run.resources
    assert "\n" not in runs[0]
    return runs[0]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [*((path, value, says) for path, values, says in FLEET for value in values), *OF_ALL],
)
def test_a_fleet_that_cannot_work_is_refused_at_the_door(path: str, value: Any, says: str) -> None:
    args: dict[str, Any] = {"quicksight": {"owner_group": "platform"}} if path.startswith("quicksight.") else {}
    if path.startswith("center.") and not path.endswith(("accounts", "organization_id")):
        args["center"] = {"organization_id": "o-abcdefghij"}
    said = refused(lambda: ModelMonitoringFleet("own", put(args, path, value)))
    assert says in said
    assert said.startswith(path.split(".", 1)[0])


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [*((path, value, says) for path, values, says in MEMBER for value in values), *OF_ALL],
)
def test_a_member_that_cannot_work_is_refused_at_the_door(path: str, value: Any, says: str) -> None:
    said = refused(lambda: FleetMember("own", put(dict(READERS), path, value)))
    assert says in said
    assert said.startswith(("readers", path.split(".", 1)[0]))


def test_a_secret_is_not_repeated_and_not_kept_for_nobody() -> None:
    for value in ("with a blank", "a-b", 123456789):
        args = put(dict(READERS), "external_id", value)
        assert str(value) not in refused(partial(FleetMember, "own", args))
    said = refused(lambda: FleetMember("own", {"external_id": "by-chance-4711"}))
    assert said == "external_id is given without readers: remove it, or give both"


PARTS: list[tuple[Callable[[Any], Any], dict[str, Any], str]] = [
    (lambda args: FleetCenter("own", args), {"acounts": [ACCOUNT]}, "center.acounts is not an argument: did you mean "),
    (lambda args: FleetDashboard("own", args), {"monitors": "x"}, "monitors is 'x': must be a whole number from 1"),
    (lambda args: FleetDashboard("own", args), {"alarm_arns": ["mine"]}, "alarm_arns has 'mine': give ARNs of alarms"),
    (lambda args: FleetDashboard("own", args), {"findings_log_group": "a b"}, "must be the name of a log group"),
    (lambda args: FleetWatch("own", args), {"drifting_share": 25}, "drifting_share is 25: must be a number from 0.001"),
    (lambda args: FleetWatch("own", args), {"topic_arn": "alarms"}, "topic_arn is 'alarms': must be the ARN of a topi"),
    (lambda args: FleetWatch("own", args), {"linked_accounts": "yes"}, "linked_accounts is 'yes': must be true or fal"),
    (lambda args: FleetQuickSight("own", args), {"owner_group": "g"}, "quicksight needs database_name and workgroup_n"),
    (lambda args: ResultTables("own", args), {"keep_days": "x"}, "tables.keep_days is 'x': must be a whole number fro"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "args", "says"), PARTS)
def test_a_part_alone_has_the_same_door(make: Callable[[Any], Any], args: dict[str, Any], says: str) -> None:
    assert says in refused(lambda: make(args))


TAKEN: list[tuple[str, Any]] = [
    ("groups", {"Payments": "pay-prod", "Account": f':aws.AccountId="{ACCOUNT}"', "All others": ""}),
    ("groups", {}),
    ("monitors", 100.0),  # Pulumi's wire format has no integers
    ("monitors", "100"),  # and `pulumi config set` keeps a decimal as text
    ("usd_a_run", 0),
    ("drifting_share", 1),
    ("silent_hours", 24 * 8),
    ("tables", None),
    ("tables", {"kms_key_arn": KEY, "tags": {"Größe 1": "a.b:/=+-@"}}),
    ("center", None),
    ("center.accounts", [ACCOUNT, 444455556666]),
    ("center", {"organization_id": "o-a1b2c3d4e5", "emails": ["team+drift@mail.example.com"], "tags": {"a": ""}}),
    ("quicksight", {"owner_group": "platform", "teams": {"jobs & pay": "jobs-people", "jöbs": "a@b.co"}}),
    ("quicksight", None),
    ("permissions_boundary_arn", "arn:aws:iam::aws:policy/PowerUserAccess"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), TAKEN)
def test_a_fleet_that_can_work_is_taken(path: str, value: Any) -> None:
    run = run_program(lambda: ModelMonitoringFleet("own", put({}, path, value)))
    assert run.of_type("aws:cloudwatch/compositeAlarm:CompositeAlarm")
    identifier = botocore.session.get_session().get_service_model("quicksight").shape_for("ShortRestrictiveResourceId")
    for dashboard in run.of_type("aws-native:quicksight:Dashboard"):
        name = dashboard.inputs["dashboardId"]
        assert re.fullmatch(identifier.metadata["pattern"], name, re.ASCII), name
        assert len(name) <= identifier.metadata["max"]


@pytest.mark.parametrize(
    "change",
    [{"sink_arn": SINK, "event_bus_arn": BUS}, {"readers": [READER, f"arn:aws-cn:iam::{ACCOUNT}:user/a/b@c"]},
     {"kms_key_arn": KEY}, {"sink_arn": None, "readers": None, "external_id": None}],
)  # fmt: skip
def test_a_member_that_can_work_is_taken(change: dict[str, Any]) -> None:
    args: Any = {**READERS, **change}
    run = run_program(lambda: FleetMember("own", args))
    assert len(run.of_type("aws:iam/role:Role")) == bool(args["readers"]) + bool(args.get("event_bus_arn"))


def test_the_longest_group_fits_into_a_search() -> None:
    groups = FleetDashboardSettings.from_args({"groups": {"t" * 100: "x" * 500}}).groups
    for body in bodies(FleetSubject(name="own", region="eu-west-1", groups=groups)).values():
        for widget in body["widgets"]:
            for row in widget["properties"].get("metrics", []):
                if isinstance(row[0], dict) and "expression" in row[0]:
                    for query in row[0]["expression"].split("SEARCH('")[1:]:
                        assert len(query.partition("'")[0]) <= 1024
                    assert len(row[0]["expression"]) <= 2048


def run_fleet(config: dict[str, Any], region: str = "eu-west-1") -> Run:
    """The program of a fleet, with a stack's configuration."""
    path = Path(__file__).resolve().parents[2] / "fleet" / "__main__.py"
    regions = {"aws:region": region, "aws-native:region": region}
    own = {key if ":" in key else f"model-monitoring:{key}": value for key, value in config.items()}
    return run_program(lambda: runpy.run_path(str(path), run_name="__main__"), config=on_the_wire({**regions, **own}))


PROGRAM: list[tuple[dict[str, Any], str]] = [
    ({"memeber": {}}, "model-monitoring:memeber is not a key of this program's configuration: did you mean 'member'?"),
    ({"fleet": [1]}, "fleet is [1]: give a dictionary with tables"),
    ({"member": {"reader": []}}, "member.reader is not an argument: did you mean 'readers'?"),
    ({"member": {"bucket_name": "mine"}}, "member.bucket_name is given: this program's fleet has tables of its own; r"),
    ({"member": {"external_id": "by-chance-4711"}}, "member.external_id is a secret: pulumi config set --secret"),
    ({"member": {"readers": [READER]}}, "member.readers is given and external_id is not: readers need it"),
    ({"member": {"readers": ["*"]}}, "member.readers has '*': give ARNs of roles or users"),
    ({"external_id": "by-chance-4711"}, "external_id is set and member.readers is not: nobody needs it; remove it, or"),
    ({"fleet": {"kms_key_arn": KEY.replace("west", "north")}}, "fleet.kms_key_arn is a key of eu-north-1 and the stac"),
    ({"fleet": {"tables": {"kms_key_arn": KEY.replace("west", "north")}}}, "fleet.tables.kms_key_arn is a key of eu-n"),
    ({"member": {"kms_key_arn": KEY.replace("west", "north")}}, "member.kms_key_arn is a key of eu-north-1 and the st"),
    ({"fleet": {"quicksight": {"owner_group": "g"}}, "aws-native:region": "us-east-1"}, "fleet.quicksight needs both "),
    ({"name": "Fleet"}, "the component's name is 'Fleet'"),
]  # fmt: skip


@pytest.mark.parametrize(("config", "says"), PROGRAM)
def test_the_program_refuses_what_cannot_work(config: dict[str, Any], says: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        run_fleet(config)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_program_takes_what_works() -> None:
    member = {"readers": [READER], "sink_arn": SINK, "kms_key_arn": KEY}
    run = run_fleet({"fleet": {"kms_key_arn": KEY}, "member": member, "external_id": "by-chance-4711"})
    assert run.exports["reader_role_arn"]
    assert isinstance(run.of_type("aws:iam/role:Role"), list)
    assert not run_fleet({}).of_type("aws:oam/link:Link")
