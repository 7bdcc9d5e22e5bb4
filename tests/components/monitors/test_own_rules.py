"""Rules where AWS's models are silent: SageMaker accepts a request by its shape, and refuses it at run time.

Each rule is shown to find what it is for; then every variant of the stack is held against all of them.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.components.mocked_runtime import Run
from tests.components.resource_types import MODEL_MONITORS

# "Supported cron expressions" of CreateMonitoringSchedule's ScheduleConfig: hourly, daily, and every N hours.
CRON = re.compile(r"cron\(0 (\*|([01]?\d|2[0-3])(/([1-9]|1\d|2[0-4]))?) \? \* \* \*\)")
LIMITS = {"hourly": {"DataQuality": 3600, "ModelQuality": 1800}}


def schedule_problems(inputs: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a monitoring schedule."""
    config = inputs["monitoringScheduleConfig"]
    expression = config["scheduleConfig"]["scheduleExpression"]
    if not CRON.fullmatch(expression):
        yield f"{expression} is no schedule that SageMaker takes"
    given = [key for key in ("monitoringJobDefinition", "monitoringJobDefinitionName") if config.get(key)]
    if len(given) != 1:
        yield f"a schedule needs a definition or the name of one, and has {given}"
    if not re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", inputs.get("name", "x")):
        yield f"{inputs['name']} is no name of SageMaker's"


def definition_problems(kind: str, definition: dict[str, Any], expression: str) -> Iterator[str]:
    """What is wrong with a definition beyond its shape."""
    runtime = definition["stoppingCondition"]["maxRuntimeInSeconds"]
    limit = LIMITS["hourly"][kind] if expression == "cron(0 * ? * * *)" else 86400
    if runtime > limit:
        yield f"{runtime} s is longer than SageMaker lets a {kind} job of {expression} run"
    for path in paths(definition):
        if not path.startswith("/opt/ml/processing/"):
            yield f"{path} is not below /opt/ml/processing, where alone a container finds its files"
    for uri in uris(definition):
        if uri.endswith("/") or "//" in uri.removeprefix("s3://"):
            yield f"{uri} has an empty part: S3 takes it for a folder without a name"


def values(node: Any, key: str) -> Iterator[str]:
    if isinstance(node, dict):
        for name, item in node.items():
            if name == key and isinstance(item, str):
                yield item
            yield from values(item, key)
    elif isinstance(node, list):
        for item in node:
            yield from values(item, key)


def paths(node: Any) -> Iterator[str]:
    return values(node, "localPath")


def uris(node: Any) -> Iterator[str]:
    return values(node, "s3Uri")


GOOD: dict[str, Any] = {
    "name": "churn-data-quality",
    "monitoringScheduleConfig": {
        "monitoringJobDefinitionName": "churn-1a2b3c",
        "scheduleConfig": {"scheduleExpression": "cron(0 * ? * * *)"},
    },
}


def changed(**config: Any) -> dict[str, Any]:
    return {**GOOD, "monitoringScheduleConfig": {**GOOD["monitoringScheduleConfig"], **config}}


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        (changed(monitoringJobDefinitionName=None), "needs a definition or the name of one"),
        (changed(monitoringJobDefinition={"x": 1}), "needs a definition or the name of one"),
        (changed(scheduleConfig={"scheduleExpression": "cron(0 * * * ? *)"}), "no schedule that SageMaker takes"),
        (changed(scheduleConfig={"scheduleExpression": "cron(15 * ? * * *)"}), "no schedule that SageMaker takes"),
        (changed(scheduleConfig={"scheduleExpression": "rate(1 hour)"}), "no schedule that SageMaker takes"),
        ({**GOOD, "name": "n" * 64}, "no name of SageMaker's"),
        ({**GOOD, "name": "churn_quality"}, "no name of SageMaker's"),
    ],
)
def test_rules_of_schedules_find_what_they_are_for(inputs: dict[str, Any], problem: str) -> None:
    assert list(schedule_problems(GOOD)) == []
    [found] = schedule_problems(inputs)
    assert problem in found


def test_rules_of_definitions_find_what_they_are_for() -> None:
    wrong = {
        "stoppingCondition": {"maxRuntimeInSeconds": 1801},
        "input": {"localPath": "/tmp/x"},
        "output": [{"s3Uri": "s3://bucket/results/"}, {"s3Uri": "s3://bucket//results"}],
    }
    assert len(list(definition_problems("ModelQuality", wrong, "cron(0 * ? * * *)"))) == 4
    assert len(list(definition_problems("ModelQuality", wrong, "cron(0 6 ? * * *)"))) == 3


def test_every_schedule(any_stack: Run) -> None:
    schedules = any_stack.of_type(MODEL_MONITORS)
    assert schedules or any_stack.of_type("aws:scheduler/schedule:Schedule"), "something must run the monitors"
    assert [problem for item in schedules for problem in schedule_problems(item.inputs)] == []


def test_every_definition(any_stack: Run) -> None:
    expressions = {
        item.inputs["monitoringScheduleConfig"]["monitoringType"]: item.inputs["monitoringScheduleConfig"][
            "scheduleConfig"
        ]["scheduleExpression"]
        for item in any_stack.of_type(MODEL_MONITORS)
    }
    definitions = {
        "DataQuality": any_stack.of_type("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition"),
        "ModelQuality": any_stack.of_type("aws-native:sagemaker:ModelQualityJobDefinition"),
    }
    checked = [
        (kind, list(definition_problems(kind, item.inputs, expressions[kind])))
        for kind, found in definitions.items()
        for item in found
    ]
    assert sorted(kind for kind, _ in checked) == sorted(expressions)
    assert [problems for _, problems in checked if problems] == []


def test_a_schedule_names_a_definition_of_the_same_stack(any_stack: Run) -> None:
    names = {
        item.outputs.get("jobDefinitionName", item.outputs.get("name"))
        for item in any_stack.resources
        if item.type.endswith("JobDefinition")
    }
    for item in any_stack.of_type(MODEL_MONITORS):
        assert item.inputs["monitoringScheduleConfig"]["monitoringJobDefinitionName"] in names


def test_every_policy_fits(any_stack: Run) -> None:
    """IAM counts 10,240 characters of inline policy a role, without white space; S3 takes 20 KB, SNS 30 KB."""
    for item in any_stack.resources:
        for key, limit in (("policy", 10_240), ("assumeRolePolicy", 2048)):
            if key in item.inputs:
                assert len(json.dumps(json.loads(item.inputs[key]), separators=(",", ":"))) <= limit, item.name


def test_every_function_environment_fits(run_variant: Callable[..., Run]) -> None:
    """Lambda takes 4 KB of it."""
    for item in run_variant("everything").of_type("aws:lambda/function:Function"):
        variables = item.inputs.get("environment", {}).get("variables", {})
        assert sum(len(key) + len(value) for key, value in variables.items()) <= 4096, item.name
