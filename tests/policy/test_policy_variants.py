"""The guard rails against a stack with all there is: a key, a VPC, both severities, quiet hours, subscribers."""

import runpy
from typing import Any

import pytest

from local_aws.apply.settings import load_settings
from policy.guard_rails.catalogue import RULES, STACK_RULES
from policy.guard_rails.keys import KEY_PATHS
from policy.guard_rails.rule import StackResource
from tests.components.mocked_runtime import Run, run_program
from tests.policy.environments import PROJECT, resources

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
EVERYTHING: dict[str, Any] = {
    "kms_key_arn": KEY,
    "network": {"subnet_ids": ["subnet-0a1b2c3d"], "security_group_ids": ["sg-0a1b2c3d"]},
    "alerting": {
        "violations": {"warning": {}, "critical": {"effect": 2.5}},
        "job_failures": {"warning": {}, "critical": {"evaluation_periods": 2}},
        "quiet_hours": [{"schedule_expression": "cron(0 22 * * *)", "duration": "PT9H"}],
        "subscriptions": [{"protocol": "https", "endpoint": "https://events.example.com/key"}],
    },
}


@pytest.fixture(scope="module", params=["model-monitor", "open", "both"])
def everything(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    layer = tmp_path_factory.mktemp("layer")
    (layer / "python").mkdir()
    everything = {**EVERYTHING, "real_time": {"layer": str(layer)}}
    overrides: dict[str, Any] = {"engine": "model-monitor", "monitoring": everything}
    if request.param != "model-monitor":
        own = {"small_windows": {"layer": str(layer)}, "alarm_on_no_data": True}
        overrides = {"engine": request.param, "monitoring": {**everything, "open_engine": own}}
    settings = load_settings(PROJECT, "prod", overrides)
    return run_program(
        lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__"), config=settings.config, stack="prod"
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_nothing_is_found(everything: Run, rule: Any) -> None:
    """The disabled rule too: with a key of one's own, everything that can have it has it."""
    found = {item.name: rule.check(item.type, item.inputs) for item in resources(everything)}
    assert {name: messages for name, messages in found.items() if messages} == {}


@pytest.mark.parametrize("rule", STACK_RULES, ids=lambda rule: rule.name)
def test_nothing_is_found_in_the_whole(everything: Run, rule: Any) -> None:
    found = [
        StackResource(type=item.type, urn=item.name, name=item.name, properties=item.outputs, references={})
        for item in resources(everything)
    ]
    assert rule.check(found) == []


def test_it_is_everything(everything: Run) -> None:
    """Whichever engine runs it: what only the other one has is all that is missing."""
    types = {item.type for item in resources(everything)}
    missing = set(KEY_PATHS) - types
    of_model_monitor = {
        "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
        "aws-native:sagemaker:ModelQualityJobDefinition",
    }
    alarms = len(everything.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"))
    assert (missing, alarms) in [(set(), 19), (of_model_monitor, 19), (set(), 26)]
    assert "aws:cloudwatch/alarmMuteRule:AlarmMuteRule" in types
