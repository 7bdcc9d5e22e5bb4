"""Alarms of the running service: dimensions, periods, missing data, actions, on the virtual clock."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.local_aws.bench import wait_until
from tests.local_aws.cloudwatch.alarm_bench import ALARM, AlarmBench


@pytest.fixture
def alarms(cloud: Any) -> AlarmBench:
    return AlarmBench(cloud)


def test_only_its_own_dimensions_count(alarms: AlarmBench) -> None:
    alarms.alarm()
    assert alarms.state() == "OK"
    alarms.measure(5, endpoint="another")
    assert alarms.state() == "OK"
    alarms.measure(5)
    assert alarms.state() == "ALARM"


def test_the_maximum_of_the_period_counts_and_then_missing_data(alarms: AlarmBench) -> None:
    alarms.alarm()
    alarms.measure(3)
    alarms.measure(0)
    assert alarms.state() == "ALARM"
    alarms.cloud.clock.advance(timedelta(minutes=30))
    assert alarms.state() == "ALARM"
    before = alarms.cloud.clock.now()
    alarms.cloud.clock.advance(timedelta(days=3))
    assert alarms.changes() == ["INSUFFICIENT_DATA to OK", "OK to ALARM", "ALARM to OK"]
    described = alarms.cloudwatch.describe_alarms(AlarmNames=[alarms.name])["MetricAlarms"][0]
    # The change is dated when the point left the period, not when the clock was looked at.
    assert timedelta(minutes=28) < described["StateUpdatedTimestamp"] - before < timedelta(minutes=33)
    assert described["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 1 period and "
        "1 missing datapoint was treated as [NonBreaching]."
    )


def test_several_periods_of_which_some_must_breach(alarms: AlarmBench) -> None:
    alarms.alarm(Period=60, EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="missing")
    assert alarms.state() == "INSUFFICIENT_DATA"
    states = []
    for value in (5, 0, 5, 0, 0):
        alarms.measure(value)
        states.append(alarms.state())
        alarms.cloud.clock.advance(timedelta(seconds=60))
    assert states == ["INSUFFICIENT_DATA", "OK", "ALARM", "OK", "OK"]


@pytest.mark.parametrize(
    ("statistic", "threshold", "state"),
    [("Sum", 6.0, "ALARM"), ("Average", 3.1, "OK"), ("Minimum", 2.0, "OK"), ("SampleCount", 3.0, "ALARM")],
)
def test_statistics(alarms: AlarmBench, statistic: str, threshold: float, state: str) -> None:
    alarms.alarm(Statistic=statistic, Threshold=threshold)
    alarms.measure(1)
    alarms.measure(2)
    alarms.measure(3)
    assert alarms.state() == state


def test_a_unit_of_the_alarm_is_a_filter(alarms: AlarmBench) -> None:
    alarms.alarm(Unit="Count")
    alarms.measure(5, Unit="Seconds")
    assert alarms.state() == "OK"
    alarms.measure(5, Unit="Count")
    assert alarms.state() == "ALARM"


def test_a_metric_of_the_past_is_in_its_own_period(alarms: AlarmBench) -> None:
    alarms.alarm()
    alarms.measure(5, Timestamp=alarms.cloud.clock.now() - timedelta(hours=2))
    assert alarms.state() == "OK"


def test_metrics_without_a_time_get_the_clock_s(alarms: AlarmBench) -> None:
    alarms.measure(5)
    now = alarms.cloud.clock.now()
    points = alarms.cloudwatch.get_metric_statistics(
        Namespace="Tests",
        MetricName="ConstraintViolations",
        Dimensions=[{"Name": "Endpoint", "Value": alarms.name}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [point["Sum"] for point in points] == [5.0]


def test_the_notification_is_cloudwatch_s(alarms: AlarmBench) -> None:
    alarms.alarm()
    wait_until(alarms.messages)  # the transition to OK
    alarms.measure(7)
    (message,) = wait_until(alarms.messages)
    assert message["Subject"] == f'ALARM: "{alarms.name}" in US East (N. Virginia)'
    told = json.loads(message["Message"])
    assert told["AlarmArn"] == f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{alarms.name}"
    assert (told["OldStateValue"], told["NewStateValue"], told["AWSAccountId"]) == ("OK", "ALARM", "123456789012")
    assert told["StateChangeTime"].startswith(alarms.cloud.clock.now().strftime("%Y-%m-%dT"))
    assert told["StateChangeTime"].endswith("+0000")
    assert told["NewStateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [7.0 (")
    assert told["NewStateReason"].endswith(
        "was greater than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert told["Trigger"] == {
        "MetricName": "ConstraintViolations",
        "Namespace": "Tests",
        "StatisticType": "Statistic",
        "Statistic": "MAXIMUM",
        "Unit": None,
        "Dimensions": [{"value": alarms.name, "name": "Endpoint"}],
        "Period": 3600,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1.0,
        "TreatMissingData": "notBreaching",
        "EvaluateLowSampleCountPercentile": "",
    }


def test_a_state_that_is_set_notifies_and_is_evaluated_away(alarms: AlarmBench) -> None:
    alarms.alarm()
    wait_until(alarms.messages)
    alarms.cloudwatch.set_alarm_state(AlarmName=alarms.name, StateValue="ALARM", StateReason="a test")
    (message,) = wait_until(alarms.messages)
    assert json.loads(message["Message"])["NewStateReason"] == "a test"
    alarms.cloud.clock.advance(timedelta(0))
    assert alarms.state() == "OK"


def test_actions_can_be_switched_off(alarms: AlarmBench) -> None:
    alarms.alarm(ActionsEnabled=False)
    alarms.measure(5)
    assert alarms.state() == "ALARM"
    assert alarms.messages() == []


def test_a_topic_encrypted_with_aws_s_own_key_gets_nothing(alarms: AlarmBench) -> None:
    alarms.sns.set_topic_attributes(
        TopicArn=alarms.topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"
    )
    alarms.alarm()
    alarms.measure(5)
    assert alarms.state() == "ALARM"
    assert alarms.messages() == []
    denied = {"principal": "cloudwatch.amazonaws.com", "action": "kms:GenerateDataKey", "resource": alarms.topic}
    assert denied in alarms.cloud.denied_calls()


def test_an_action_that_is_not_there_is_written_down(alarms: AlarmBench) -> None:
    gone = f"{alarms.topic}-gone"
    alarms.alarm(AlarmActions=[gone])
    alarms.measure(5)
    assert alarms.state() == "ALARM"
    assert f"alarm {alarms.name}: its action {gone} is not there" in alarms.cloud.failures()


def test_a_transition_is_an_event(alarms: AlarmBench) -> None:
    events = alarms.cloud.client("events")
    pattern = {"source": ["aws.cloudwatch"], "resources": [{"suffix": f":alarm:{alarms.name}"}]}
    events.put_rule(Name=alarms.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=alarms.name, Targets=[{"Id": "1", "Arn": alarms.queue_arn}])
    alarms.alarm(AlarmActions=[], OKActions=[])
    (event,) = wait_until(alarms.messages)
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert (event["detail"]["alarmName"], event["detail"]["state"]["value"]) == (alarms.name, "OK")


def test_a_letter_in_a_queue_is_a_metric_as_sqs_publishes_it(alarms: AlarmBench) -> None:
    name = f"{alarms.name}-letters"
    url = alarms.sqs.create_queue(QueueName=name)["QueueUrl"]
    depth = {"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Period": 60}
    queue = [{"Name": "QueueName", "Value": name}]
    alarms.cloudwatch.put_metric_alarm(
        AlarmName=alarms.name, AlarmActions=[alarms.topic], **(ALARM | depth), Dimensions=queue
    )
    alarms.sqs.send_message(QueueUrl=url, MessageBody="a letter")
    alarms.cloud.clock.advance(timedelta(minutes=2))
    assert alarms.state() == "ALARM"
    alarms.sqs.purge_queue(QueueUrl=url)
    alarms.cloud.clock.advance(timedelta(minutes=5))
    assert alarms.state() == "OK"
