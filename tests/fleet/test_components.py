"""The fleet's components: what they declare, who may do what, and QuickSight under CloudFormation's schemas."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cfnlint.jsonschema import StandardValidator
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from components import ArgumentError, FleetMember, FleetQuickSight, FleetWatch, ModelMonitoringFleet, ResultTables
from components.fleet.quicksight import runs_sql
from components.iam import AwsContext
from components.iam.statements import ANY_RESOURCE
from components.monitors.open_engine.policies import run_policy, tables_place
from contract.result_tables import TABLES
from tests.components.mocked_runtime import Run, run_program

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
READER = "arn:aws:iam::999988887777:role/analysts"
CENTER = {"organization_id": "o-abcdefghij", "emails": ["on-call@example.com"]}
QUICKSIGHT = {"owner_group": "platform", "teams": {"jobs": "jobs-people"}}
NATIVE = {
    "aws-native:quicksight:DataSource": ("AWS::QuickSight::DataSource", 1),
    "aws-native:quicksight:DataSet": ("AWS::QuickSight::DataSet", 2),
    "aws-native:quicksight:RefreshSchedule": ("AWS::QuickSight::RefreshSchedule", 2),
    "aws-native:quicksight:Dashboard": ("AWS::QuickSight::Dashboard", 2),
}


def of(**values: Any) -> Any:
    """Arguments put together from pieces, which the type checker cannot follow."""
    return values


@pytest.fixture(scope="module")
def fleet() -> Run:
    tags = {"Team": "platform"}
    return run_program(lambda: ModelMonitoringFleet("own", of(center=CENTER, quicksight=QUICKSIGHT, tags=tags)))


def spelt(value: Any) -> Any:
    """Properties as CloudFormation spells them."""
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: spelt(item) for key, item in value.items()}
    return [spelt(item) for item in value] if isinstance(value, list) else value


def errors(properties: Any, kind: str) -> list[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return [f"{'.'.join(map(str, e.path))}: {e.message}" for e in StandardValidator(schema).iter_errors(properties)]


@pytest.mark.parametrize("token", NATIVE)
def test_quicksight_is_valid_by_cloudformations_schemas(fleet: Run, token: str) -> None:
    kind, number = NATIVE[token]
    found = fleet.of_type(token)
    assert len(found) == number
    for resource in found:
        properties = spelt(resource.inputs)
        assert errors(properties, kind) == []
        assert len(errors(properties | {"Misspelt": 1}, kind)) == 1


def test_a_team_of_quicksight_sees_its_own_models_alone(fleet: Run) -> None:
    sql = {
        item.name: next(iter(item.inputs["physicalTableMap"].values()))["customSql"]["sqlQuery"]
        for item in fleet.of_type("aws-native:quicksight:DataSet")
    }
    assert sql["own-runs-jobs"].endswith(" AND team = 'jobs'")
    assert "team =" not in sql["own-runs-all"]
    (dashboard,) = (item for item in fleet.of_type("aws-native:quicksight:Dashboard") if "jobs" in item.name)
    groups = {entry["principal"].rsplit("/", 1)[1]: len(entry["actions"]) for entry in dashboard.inputs["permissions"]}
    assert groups == {"jobs-people": 3, "platform": 8}
    # A team's name is text in the query, whatever it holds.
    assert runs_sql("db", "o'neill").endswith("AND team = 'o''neill'")


def test_tables_are_those_of_the_contract(fleet: Run) -> None:
    found = {item.inputs["name"]: item.inputs for item in fleet.of_type("aws:glue/catalogTable:CatalogTable")}
    assert found.keys() == TABLES.keys()
    place = "s3://model-monitoring-results-123456789012-us-east-1/result-tables"
    for name, table in TABLES.items():
        columns = found[name]["storageDescriptor"]["columns"]
        assert [(column["name"], column["type"]) for column in columns] == [(c.name, c.type) for c in table.columns]
        assert found[name]["storageDescriptor"]["location"] == f"{place}/{name}/"
        assert found[name]["parameters"]["storage.location.template"] == f"{place}/{name}/day=${{day}}/"
        assert found[name]["parameters"]["projection.day.range"] == "NOW-800DAYS,NOW+1DAYS"


def test_alarm_states_are_on_the_dashboard_without_a_center() -> None:
    run = run_program(lambda: ModelMonitoringFleet("own", {"log_retention_in_days": 7}))
    logs = run.one("aws:cloudwatch/logGroup:LogGroup", "own-alarms-log").inputs
    assert (logs["name"], logs["retentionInDays"]) == ("/aws/events/own-alarms", 7)
    rule = run.one("aws:cloudwatch/eventRule:EventRule", "own-alarms").inputs
    assert "eventBusName" not in rule  # the account's own, where CloudWatch tells of alarms
    pattern = json.loads(rule["eventPattern"])["detail"]["configuration"]["metrics"]["metricStat"]["metric"]
    assert pattern == {"namespace": [{"prefix": "ModelMonitoring/"}]}
    assert run.one("aws:cloudwatch/eventTarget:EventTarget", "own-alarms-log").inputs["targetId"] == "log"
    text = [item.inputs["dashboardBody"] for item in run.of_type("aws:cloudwatch/dashboard:Dashboard")]
    assert sum("SOURCE '/aws/events/own-alarms'" in body for body in text) == 1


def test_one_alarm_tells_people_of_all(fleet: Run) -> None:
    alarms = fleet.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    # The runtime does not promise an order.
    assert sorted(item.name for item in alarms) == [
        "own-fleet-failing", "own-fleet-many-drift", "own-fleet-not-counted", "own-fleet-silent",
    ]  # fmt: skip
    assert all("alarmActions" not in item.inputs for item in alarms)
    composite = fleet.one("aws:cloudwatch/compositeAlarm:CompositeAlarm").inputs
    assert composite["alarmRule"].count("ALARM(") == 4
    assert len(composite["alarmActions"]) == 1


def documents(run: Run) -> list[dict[str, Any]]:
    return [
        json.loads(item.inputs[key])
        for item in run.resources
        for key in ("policy", "assumeRolePolicy", "policyDocument")
        if isinstance(item.inputs.get(key), str)
    ]


def test_a_star_has_a_written_reason(fleet: Run) -> None:
    for document in documents(fleet):
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow" and statement.get("Resource") == ["*"]:
                assert set(statement["Action"]) <= set(ANY_RESOURCE)
            if statement["Effect"] == "Allow" and statement.get("Principal") == "*":
                assert statement["Condition"]["StringEquals"] == {"aws:PrincipalOrgID": "o-abcdefghij"}


def test_a_bucket_of_results_denies_other_accounts(fleet: Run) -> None:
    (policy,) = (json.loads(item.inputs["policy"]) for item in fleet.of_type("aws:s3/bucketPolicy:BucketPolicy"))
    by_sid = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert set(by_sid) == {"DenyInsecureTransport", "DenyOtherAccounts"}
    assert by_sid["DenyOtherAccounts"]["Condition"] == {
        "StringNotEqualsIfExists": {"aws:PrincipalAccount": "123456789012"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }


def test_a_member_without_arguments_lets_nothing_out() -> None:
    run = run_program(lambda: FleetMember("own", {}))
    assert [item.type for item in run.resources] == ["model-monitoring:index:FleetMember"]


def test_a_member_lets_out_what_it_names() -> None:
    given = of(
        sink_arn="arn:aws:oam:us-east-1:999988887777:sink/1",
        event_bus_arn="arn:aws:events:us-east-1:999988887777:event-bus/fleet-findings",
        readers=[READER],
        external_id="a-long-secret",
        bucket_name="results",
        database_name="own_results",
        workgroup_name="own-results",
        kms_key_arn=KEY,
    )
    run = run_program(lambda: FleetMember("own", given))
    link = run.one("aws:oam/link:Link").inputs
    assert link["resourceTypes"] == ["AWS::CloudWatch::Metric"]
    assert link["linkConfiguration"]["metricConfiguration"]["filter"] == (
        "Namespace LIKE 'ModelMonitoring/%' OR Namespace = 'AWS/SageMaker'"
    )
    trust = json.loads(run.one("aws:iam/role:Role", "results-reader").inputs["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"AWS": [READER]}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "a-long-secret"}}
    policy = json.loads(run.one("aws:iam/rolePolicy:RolePolicy", "results-reader-policy").inputs["policy"])
    actions = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert not {
        action for action in actions if action.startswith(("s3:Delete", "glue:Update", "iam:", "athena:Create"))
    }
    assert run.one("aws:kms/grant:Grant").inputs["operations"] == ["Decrypt", "GenerateDataKey"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ModelMonitoringFleet("own", of(center={})), "center needs organization_id or accounts"),
        (lambda: ModelMonitoringFleet("own", of(center={"organization_id": "x"})), "center.organization_id is 'x'"),
        (lambda: ModelMonitoringFleet("own", of(center={"accounts": ["1"]})), "an account is twelve digits"),
        (lambda: ModelMonitoringFleet("own", of(monitors=500)), "give at least 5 groups"),
        (lambda: FleetMember("own", of(readers=["arn:aws:iam::999988887777:root"])), "never a whole account or *"),
        (lambda: FleetMember("own", of(readers=[READER])), "readers is given and external_id is not"),
        (lambda: FleetMember("own", of(readers=[READER], external_id="short", bucket_name="bbb", database_name="d",
                                       workgroup_name="w")), "external_id has 5 characters"),
        (lambda: FleetQuickSight("own", of(owner_group="a b")), "quicksight.owner_group is 'a b'"),
        (lambda: FleetQuickSight("own", of(owner_group="a", refresh_at="6")), "quicksight.refresh_at is '6'"),
        (lambda: ResultTables("own", of(most_gigabytes=1)), "tables.most_gigabytes is not an argument"),
        (lambda: FleetWatch("Own", {}), "the component's name is 'Own'"),
    ],
)  # fmt: skip
def test_refusals(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        make()
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_where_a_stacks_lines_go() -> None:
    context = AwsContext(partition="aws", region="eu-west-1", account_id="111122223333")
    assert tables_place(context, "own", None) == "s3://own/result-tables"
    fleet_place = "s3://model-monitoring-results-111122223333-eu-west-1/result-tables"
    assert tables_place(context, "own", "account") == fleet_place
    assert tables_place(context, "own", "s3://other/tables") == "s3://other/tables"
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1"

    def written(result_tables: str | None) -> set[str]:
        policy = run_policy(context, bucket="own", image_uri=image, result_tables=result_tables)
        return {
            resource
            for statement in policy["Statement"]
            if statement["Action"] == ["s3:PutObject"]
            for resource in statement["Resource"]
            if "result" in resource
        }

    assert written(None) == {"arn:aws:s3:::own/monitoring-results/*", "arn:aws:s3:::own/result-tables/*"}
    assert written("account") == {
        "arn:aws:s3:::own/monitoring-results/*",
        "arn:aws:s3:::model-monitoring-results-111122223333-eu-west-1/result-tables/*",
    }
