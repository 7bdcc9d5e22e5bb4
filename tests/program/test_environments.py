"""What the program makes of each environment's configuration, and what their files may say."""

import functools
import json
import runpy
from collections import Counter
from typing import Any

import pytest

from tests.components.mocked_runtime import Run
from tests.program.running import PREFIX, PROJECT, STACKS, read, run_main, stack_config
from tests.stack_outputs import OUTPUTS

# Row of the stack's table -> what the program makes for it.
ROWS = {
    "storage": {
        "aws:s3/bucket:Bucket": 1,
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 1,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 1,
        "aws:s3/bucketVersioning:BucketVersioning": 1,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1,
        "aws:s3/bucketPolicy:BucketPolicy": 1,
    },
    "identity": {"aws:iam/role:Role": 9, "aws:iam/rolePolicy:RolePolicy": 9},
    "model": {"aws:sagemaker/model:Model": 1},
    "endpoint": {
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration": 1,
        "aws:sagemaker/endpoint:Endpoint": 1,
    },
    # The model's archive, and the data of two baselines; two jobs, started by one function.
    "baseline": {"aws:s3/bucketObjectv2:BucketObjectv2": 3, "aws:lambda/invocation:Invocation": 3},
    "data quality": {"aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": 1},
    "model quality": {"aws-native:sagemaker:ModelQualityJobDefinition": 1},
    "schedules": {"aws:sagemaker/monitoringSchedule:MonitoringSchedule": 2},
    "watch": {"aws:scheduler/schedule:Schedule": 1},
    "alerting": {
        "aws:sns/topic:Topic": 2,
        "aws:sns/topicPolicy:TopicPolicy": 2,
        "aws:sns/topicSubscription:TopicSubscription": 2,
    },
    # Responder, metrics and the starter of baselines; the last is invoked and waited for, and needs no queue.
    "functions": {
        "aws:lambda/function:Function": 6,
        "aws:cloudwatch/logGroup:LogGroup": 6,
        "aws:sqs/queue:Queue": 4,
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": 4,
        "aws:lambda/permission:Permission": 3,
    },
    "metrics": {"aws:cloudwatch/eventRule:EventRule": 1, "aws:cloudwatch/eventTarget:EventTarget": 1},
    "alarms": {"aws:cloudwatch/metricAlarm:MetricAlarm": 11},
    "dashboard": {"aws:cloudwatch/dashboard:Dashboard": 1},
}


@functools.cache
def environment(stack: str, engine: str | None = "model-monitor", *, preview: bool = False) -> Run:
    """The program with the settings of an environment; each run once, which tests look at and leave as it is."""
    return run_main(stack, preview=preview, engine=engine)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("engine", ["open", None])
def test_a_deployment_that_names_no_engine_works_in_every_account(stack: str, engine: str | None) -> None:
    """Model Monitor is closed to new customers: neither the environments' files nor the program ask for it."""
    key = f"{PREFIX}engine"
    assert stack_config(stack)[key] == "open"
    run = environment(stack, engine)
    assert len(run.of_type("aws:scheduler/schedule:Schedule")) == 3  # two monitors, and the watch
    kinds = {item.type for item in run.resources}
    assert not {kind for kind in kinds if "JobDefinition" in kind or "MonitoringSchedule" in kind or "native" in kind}


@pytest.fixture(scope="module")
def dev() -> Run:
    return environment("dev")


@pytest.fixture(scope="module")
def prod() -> Run:
    return environment("prod")


def counted(run: Run) -> Counter[str]:
    return Counter(item.type for item in run.resources if item.request.custom)


@pytest.mark.parametrize("row", ROWS)
def test_resources_of_each_row(dev: Run, row: str) -> None:
    found = counted(dev)
    assert {kind: found[kind] for kind in ROWS[row]} == ROWS[row]


def test_and_nothing_else(dev: Run) -> None:
    expected = Counter({kind: number for row in ROWS.values() for kind, number in row.items()})
    assert counted(dev) == expected
    assert expected.total() == 82


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("preview", [False, True])
def test_every_environment_runs(stack: str, preview: bool) -> None:
    run = environment(stack, preview=preview)
    assert set(run.exports) == OUTPUTS
    [top] = [item for item in run.resources if item.type.endswith(":ModelMonitoringStack")]
    assert top.name == f"model-monitoring-{stack}"


def test_outputs(dev: Run) -> None:
    def one(kind: str, end: str = "") -> dict[str, Any]:
        return dev.one(kind, end).outputs

    alarm = "aws:cloudwatch/metricAlarm:MetricAlarm"
    bucket, endpoint = one("aws:s3/bucket:Bucket")["bucket"], one("aws:sagemaker/endpoint:Endpoint")["name"]
    exports = dict(dev.exports)
    statistics, constraints = exports.pop("statistics_uri"), exports.pop("constraints_uri")
    assert exports == {
        "bucket_name": bucket,
        "endpoint_name": endpoint,
        "endpoint_config_name": one("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "-config")["name"],
        "schedule_names": {kind: f"{endpoint}-{kind}" for kind in ("data-quality", "model-quality")},
        "data_quality_schedule_name": f"{endpoint}-data-quality",
        "model_quality_schedule_name": f"{endpoint}-model-quality",
        "alarm_topic_arn": one("aws:sns/topic:Topic", "-alarms")["arn"],
        "notification_topic_arn": one("aws:sns/topic:Topic", "-notifications")["arn"],
        "responder_function_name": one("aws:lambda/function:Function", "-alarm-responder")["name"],
        "constraint_violations_alarm_name": one(alarm, "-data-quality-violations")["name"],
        "job_failures_alarm_name": one(alarm, "-data-quality-job-failures")["name"],
        "dashboard_name": f"{endpoint}-monitoring-us-east-1",
        "dashboard_url": "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        f"#dashboards/dashboard/{endpoint}-monitoring-us-east-1",
    }
    results = statistics.removesuffix("/statistics.json")
    assert results.startswith(f"s3://{bucket}/baseline-data/results/")
    assert constraints == f"{results}/constraints.json"


def test_dev_is_the_recipe(dev: Run) -> None:
    configuration = dev.one("aws:sagemaker/endpointConfiguration:EndpointConfiguration").inputs
    [variant] = configuration["productionVariants"]
    assert (variant["variantName"], variant["initialInstanceCount"], variant["instanceType"]) == (
        "Primary",
        1,
        "ml.t2.medium",
    )
    assert configuration["dataCaptureConfig"]["initialSamplingPercentage"] == 100
    kind = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
    assert {
        item.inputs["monitoringScheduleConfig"]["monitoringType"]: item.inputs["monitoringScheduleConfig"][
            "scheduleConfig"
        ]["scheduleExpression"]
        for item in dev.of_type(kind)
    } == {"DataQuality": "cron(0 * ? * * *)", "ModelQuality": "cron(0 6 ? * * *)"}
    assert dev.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is True


def test_prod_keeps_its_data_and_waits_for_labels(prod: Run) -> None:
    bucket = prod.one("aws:s3/bucket:Bucket")
    assert bucket.inputs["forceDestroy"] is False
    assert bucket.request.retainOnDelete
    [variant] = prod.one("aws:sagemaker/endpointConfiguration:EndpointConfiguration").inputs["productionVariants"]
    assert (variant["initialInstanceCount"], variant["instanceType"]) == (2, "ml.m5.large")
    native = prod.one("aws-native:sagemaker:ModelQualityJobDefinition").inputs["modelQualityJobInput"]["endpointInput"]
    assert (native["startTimeOffset"], native["endTimeOffset"]) == ("-P2D", "-P1D")


def test_what_a_destroy_keeps_by_environment(dev: Run, prod: Run) -> None:
    def kept(run: Run) -> dict[str, tuple[bool, bool]]:
        found = (run.one("aws:s3/bucket:Bucket"), run.one("aws:sagemaker/endpoint:Endpoint"))
        return {item.type.split(":")[-1]: (item.request.protect, item.request.retainOnDelete) for item in found}

    assert kept(dev) == {"Bucket": (False, False), "Endpoint": (False, False)}
    assert kept(prod) == {"Bucket": (True, True), "Endpoint": (True, False)}
    assert kept(environment("staging")) == kept(dev)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("engine", ["open", "both"])
def test_every_environment_with_every_engine(stack: str, engine: str) -> None:
    run = environment(stack, engine)
    names = {key: run.exports[key] for key in ("data_quality_schedule_name", "model_quality_schedule_name")}
    kind = "monitoringSchedule:MonitoringSchedule" if engine == "both" else "scheduler/schedule:Schedule"
    made = {item.inputs["name"] for item in run.resources if item.type.endswith(kind) and "name" in item.inputs}
    assert set(names.values()) == made
    assert len(run.of_type("aws:scheduler/schedule:Schedule")) == 3  # two monitors, and the watch


def test_emails(dev: Run) -> None:
    run = run_main("dev", alert_emails=["a@example.com", "b@example.com"])
    kind = "aws:sns/topicSubscription:TopicSubscription"
    emails = [item.inputs["endpoint"] for item in run.of_type(kind) if item.inputs["protocol"] == "email"]
    assert sorted(emails) == ["a@example.com", "b@example.com"]
    assert [item.inputs["protocol"] for item in dev.of_type(kind)] == ["lambda", "lambda"]


@pytest.mark.parametrize("stack", STACKS)
def test_stack_files_have_only_what_is_declared(stack: str) -> None:
    declared = {PREFIX + key for key in read("Pulumi.yaml")["config"]} | {f"{PREFIX}monitoring"}
    declared |= {"aws:region", "aws-native:region"}
    assert set(read(f"Pulumi.{stack}.yaml")["config"]) <= declared


def test_the_schema_and_the_program_know_the_same_keys() -> None:
    program = runpy.run_path(str(PROJECT / "__main__.py"), run_name="program")
    assert set(program["KEYS"]) == {*read("Pulumi.yaml")["config"], program["MONITORING"]}
    declared = read("Pulumi.yaml")["config"]
    assert program["FILES"] == {key: declared[key]["default"] for key in program["FILES"]}


def test_the_schema_has_types_defaults_and_descriptions() -> None:
    types = {"string": str, "boolean": bool, "integer": int, "array": list}
    for key, entry in read("Pulumi.yaml")["config"].items():
        assert isinstance(entry["default"], types[entry["type"]]), key
        assert len(entry["description"]) > 20, key


def test_the_engine_checks_no_types() -> None:
    """Pulumi would run mypy over the whole directory before every preview, functions and build/ included.

    It fails there (mypy checks the functions one by one, `make lint`), and requirements.txt has no mypy.
    """
    assert "typechecker" not in read("Pulumi.yaml")["runtime"]["options"]


def test_environments_differ_and_say_why() -> None:
    values = {stack: json.dumps(read(f"Pulumi.{stack}.yaml")["config"], sort_keys=True) for stack in STACKS}
    assert len(set(values.values())) == len(STACKS)
    for stack in STACKS:
        text = (PROJECT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert text.count("#") >= 4
