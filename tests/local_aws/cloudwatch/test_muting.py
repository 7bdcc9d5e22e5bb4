"""Alarm mute rules: actions are held back in the window, and made up for at its end if they are still due."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.bench import wait_until
from tests.local_aws.cloudwatch.alarm_bench import AlarmBench


@pytest.fixture
def alarms(cloud: Any) -> AlarmBench:
    bench = AlarmBench(cloud)
    now = cloud.clock.now()
    # Ten minutes past the next full hour; the rules below begin on the hour.
    cloud.clock.advance_to(now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1, minutes=10))
    return bench


def mute(bench: AlarmBench, expression: str, duration: str, **more: Any) -> None:
    schedule = {"Expression": expression, "Duration": duration} | more.pop("Schedule", {})
    bench.cloudwatch.put_alarm_mute_rule(
        Name=bench.name, Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": [bench.name]}, **more
    )


def status(bench: AlarmBench) -> str:
    return str(bench.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName=bench.name)["Status"])


def test_a_muted_alarm_rings_at_the_end_if_it_still_does(alarms: AlarmBench) -> None:
    hour = alarms.cloud.clock.now().replace(minute=0)
    alarms.alarm(Period=86400, OKActions=[])
    mute(alarms, f"cron(0 {hour.hour} * * *)", "PT50M")
    assert status(alarms) == "ACTIVE"
    alarms.measure(1)
    assert alarms.state() == "ALARM"
    assert alarms.messages() == []
    alarms.cloud.clock.advance_to(hour + timedelta(minutes=51))
    assert status(alarms) == "SCHEDULED"
    (message,) = wait_until(alarms.messages)
    assert message["Subject"].startswith(f'ALARM: "{alarms.name}"')
    alarms.cloud.clock.advance(timedelta(minutes=5))
    assert alarms.messages() == []


def test_what_is_over_by_then_is_told_to_nobody(alarms: AlarmBench) -> None:
    hour = alarms.cloud.clock.now().replace(minute=0)
    alarms.alarm(Period=60, OKActions=[])
    mute(alarms, f"at({hour:%Y-%m-%dT%H:%M})", "PT2H")
    alarms.measure(1)
    assert alarms.state() == "ALARM"
    alarms.cloud.clock.advance(timedelta(minutes=10))
    assert alarms.state() == "OK"
    alarms.cloud.clock.advance(timedelta(hours=3))
    assert status(alarms) == "EXPIRED"
    assert alarms.changes()[-2:] == ["OK to ALARM", "ALARM to OK"]
    assert alarms.messages() == []


def test_a_rule_mutes_only_its_alarms_and_hours_and_goes(alarms: AlarmBench) -> None:
    hour = alarms.cloud.clock.now()
    weekday = (hour.isoweekday() + 1) % 7  # tomorrow's, Sunday being 0
    alarms.alarm(OKActions=[])
    mute(alarms, f"cron(0 * * * {weekday})", "PT1H", Schedule={"Timezone": "UTC"})
    assert status(alarms) == "SCHEDULED"
    alarms.measure(1)
    assert len(wait_until(alarms.messages)) == 1
    listed = alarms.cloudwatch.list_alarm_mute_rules(AlarmName=alarms.name)["AlarmMuteRuleSummaries"]
    (rule,) = listed
    assert rule["AlarmMuteRuleArn"].endswith(f":alarm-mute-rule:{alarms.name}")
    alarms.cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName=alarms.name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        alarms.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName=alarms.name)


@pytest.mark.parametrize(
    ("expression", "duration", "message"),
    [
        ("cron(0 22 * * ? *)", "PT9H", r"write cron\(Minutes Hours Day-of-month Month Day-of-week\)"),
        ("cron(0/5 22 * * *)", "PT9H", "Invalid expression"),
        ("at(2026-01-05T22:00:00)", "PT9H", "Invalid expression"),
        ("cron(0 22 * * *)", "9 hours", "Invalid offset"),
        ("cron(0 22 * * *)", "P16D", "is not between PT1M and P15D"),
    ],
)
def test_what_is_wrong_is_refused(alarms: AlarmBench, expression: str, duration: str, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        mute(alarms, expression, duration)
