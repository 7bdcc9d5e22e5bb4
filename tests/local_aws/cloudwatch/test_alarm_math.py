"""Alarms on metric math, and the dead man's switch: an alarm that rings because nothing came."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.cloudwatch.alarm_bench import AlarmBench

HOUR = 3600


@pytest.fixture
def alarms(cloud: Any) -> AlarmBench:
    return AlarmBench(cloud)


def stat(bench: AlarmBench, identifier: str, name: str, **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "Tests", "MetricName": name, "Dimensions": [{"Name": "Endpoint", "Value": bench.name}]}
    return {
        "Id": identifier,
        "MetricStat": {"Metric": metric, "Period": HOUR, "Stat": "Sum"},
        "ReturnData": False,
    } | more


def put(bench: AlarmBench, *queries: dict[str, Any], **changes: Any) -> None:
    settings = {
        "AlarmName": bench.name, "EvaluationPeriods": 1, "Threshold": 0.5, "AlarmActions": [bench.topic],
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching", "Metrics": list(queries),
    }  # fmt: skip
    bench.cloudwatch.put_metric_alarm(**(settings | changes))


def measure(bench: AlarmBench, name: str, value: float) -> None:
    dimensions = [{"Name": "Endpoint", "Value": bench.name}]
    datum = {"MetricName": name, "Dimensions": dimensions, "Value": value}
    bench.cloudwatch.put_metric_data(Namespace="Tests", MetricData=[datum])


def test_a_share_of_two_metrics_rings(alarms: AlarmBench) -> None:
    share = {"Id": "share", "Expression": "failed / FILL(runs, 1)", "ReturnData": True}
    put(alarms, share, stat(alarms, "failed", "Failed"), stat(alarms, "runs", "Runs"))
    described = alarms.cloudwatch.describe_alarms(AlarmNames=[alarms.name])["MetricAlarms"][0]
    assert [query["Id"] for query in described["Metrics"]] == ["share", "failed", "runs"]
    assert alarms.state() == "OK"
    measure(alarms, "Runs", 10)
    measure(alarms, "Failed", 3)
    assert alarms.state() == "OK"
    measure(alarms, "Failed", 4)
    assert alarms.state() == "ALARM"
    assert "0.7" in alarms.cloudwatch.describe_alarms(AlarmNames=[alarms.name])["MetricAlarms"][0]["StateReason"]
    alarms.cloud.clock.advance(timedelta(hours=2))
    assert alarms.state() == "OK"


def test_an_expression_of_an_expression(alarms: AlarmBench) -> None:
    put(
        alarms,
        {"Id": "bad", "Expression": "IF(silent, 1, 0)", "ReturnData": True},
        {"Id": "silent", "Expression": "FILL(runs, 0) < 1", "ReturnData": False},
        stat(alarms, "runs", "Runs"),
    )
    assert alarms.state() == "ALARM"
    measure(alarms, "Runs", 1)
    assert alarms.state() == "OK"


@pytest.mark.parametrize(
    ("expression", "changes", "message"),
    [
        ("ANOMALY_DETECTION_BAND(runs, 2)", {}, "ANOMALY_DETECTION_BAND"),
        ("runs / all_runs", {}, "refer to all_runs, which no Id is"),
        ("share + 1", {}, "or to each other in a circle"),
        ("runs", {"ThresholdMetricId": "share"}, "anomaly detection is not evaluated"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    alarms: AlarmBench, expression: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        put(alarms, {"Id": "share", "Expression": expression}, stat(alarms, "runs", "Runs"), **changes)
    assert alarms.cloudwatch.describe_alarms(AlarmNames=[alarms.name])["MetricAlarms"] == []


def test_silence_for_two_periods_rings_by_itself(alarms: AlarmBench) -> None:
    measure(alarms, "ConstraintViolations", 0)
    alarms.alarm(TreatMissingData="breaching", EvaluationPeriods=2, DatapointsToAlarm=2, Statistic="SampleCount",
                 ComparisonOperator="LessThanThreshold", Threshold=1)  # fmt: skip
    assert alarms.state() == "OK"
    alarms.cloud.clock.advance(timedelta(minutes=61))
    assert alarms.state() == "OK"  # one period without data
    alarms.cloud.clock.advance(timedelta(minutes=61))
    assert alarms.state() == "ALARM"
    alarms.measure(0)
    assert alarms.state() == "OK"
