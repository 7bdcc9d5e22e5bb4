"""Who watches the open engine: its alarms, and what the dashboard shows of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.components.mocked_runtime import Run
from tests.components.open_stack.open_parts import arn, monitors_of
from tests.components.registered import endpoint_name
from tests.components.resource_types import ALARM, MODEL_MONITORS, SCHEDULE


def described(alarm: dict[str, Any]) -> dict[str, Any]:
    """Of an alarm, what decides when it rings."""
    keys = (
        "metricName", "statistic", "period", "evaluationPeriods", "datapointsToAlarm", "comparisonOperator",
        "threshold", "treatMissingData",
    )  # fmt: skip
    return {key: alarm[key] for key in keys if key in alarm}


class TestHealth:
    @pytest.mark.parametrize(("kind", "hours"), [("data-quality", 2), ("model-quality", 48)])
    def test_the_dead_mans_switch(self, one: Run, kind: str, hours: int) -> None:
        """Two periods without a word; a number in every hour says so, and its own absence is told, too."""
        alarm = one.one(ALARM, f"{kind}-silent").inputs
        assert described(alarm) == {
            "metricName": "HoursSilent",
            "statistic": "Maximum",
            "period": 3600,
            "evaluationPeriods": 3,
            "datapointsToAlarm": 1,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "threshold": hours,
            "treatMissingData": "missing",
        }
        assert alarm["namespace"] == "ModelMonitoring/churn"
        assert alarm["dimensions"] == {
            "Endpoint": endpoint_name(one),
            "MonitoringSchedule": one.one(SCHEDULE, f"-open-{kind}").inputs["name"],
        }
        topic = arn(one, "aws:sns/topic:Topic", "-alarms")
        assert alarm["alarmActions"] == alarm["okActions"] == alarm["insufficientDataActions"] == [topic]
        assert alarm["alarmDescription"].endswith(". Severity: warning")

    def test_every_schedule_of_both_engines_is_watched(self, both: Run) -> None:
        silent = [item for item in both.of_type(ALARM) if item.inputs["metricName"] == "HoursSilent"]
        watched = {item.inputs["dimensions"]["MonitoringSchedule"] for item in silent}
        every = {item.inputs["name"] for item in (*monitors_of(both), *both.of_type(MODEL_MONITORS))}
        assert watched == every
        event = json.loads(both.one(SCHEDULE, "-monitor-watch").inputs["target"]["input"])
        assert set(event["schedules"]) == every
        assert sorted(event["schedules"].values()) == ["model-monitor", "model-monitor", "open", "open"]

    def test_no_data_for_a_day_or_at_once_if_asked_for(self, one: Run, both: Run) -> None:
        common = {
            "metricName": "NoData",
            "statistic": "Maximum",
            "period": 3600,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "threshold": 1,
            "treatMissingData": "notBreaching",
        }
        for kind, runs, hours in (("data-quality", 24, 24), ("model-quality", 2, 48)):
            lasting = common | {"evaluationPeriods": hours, "datapointsToAlarm": runs}
            assert described(one.one(ALARM, f"{kind}-no-data").inputs) == lasting
        assert described(both.one(ALARM, "data-quality-no-data").inputs) == common | {"evaluationPeriods": 1}

    def test_dead_letters_of_every_function_ring(self, both: Run) -> None:
        alarms = [item for item in both.of_type(ALARM) if item.name.endswith("-dead-letters")]
        queues = {item.outputs["name"] for item in both.of_type("aws:sqs/queue:Queue")}
        watched = {item.inputs["dimensions"]["QueueName"] for item in alarms}
        assert {name for name in queues if "dead-letter-notice" not in name} == watched
        assert {item.inputs["treatMissingData"] for item in alarms} == {"ignore"}
        assert all(item.inputs["alarmDescription"].endswith(". Severity: critical") for item in alarms)

    @pytest.mark.parametrize(("kind", "hours"), [("data-quality", 3), ("model-quality", 72)])
    def test_disagreement(self, one: Run, both: Run, kind: str, hours: int) -> None:
        """Three runs that disagree, among the hours in which three are due."""
        assert not [item for item in one.of_type(ALARM) if item.name.endswith("-disagreement")]
        alarm = both.one(ALARM, f"{kind}-disagreement").inputs
        assert described(alarm) == {
            "metricName": "Agreement",
            "statistic": "Minimum",
            "period": 3600,
            "evaluationPeriods": hours,
            "datapointsToAlarm": 3,
            "comparisonOperator": "LessThanThreshold",
            "threshold": 0.9,
            "treatMissingData": "notBreaching",
        }
        assert alarm["dimensions"]["MonitoringSchedule"].endswith("-open")

    def test_beside_model_monitor_the_open_engines_failures_ring_too(self, one: Run, both: Run) -> None:
        schedules = {
            item.inputs["dimensions"]["MonitoringSchedule"]
            for item in both.of_type(ALARM)
            if item.inputs["metricName"] == "JobFailures"
        }
        assert schedules == {item.inputs["name"] for item in (*monitors_of(both), *both.of_type(MODEL_MONITORS))}
        assert len([item for item in one.of_type(ALARM) if item.inputs["metricName"] == "JobFailures"]) == 2

    def test_violations_ring_once_and_for_model_monitors_schedules(self, both: Run) -> None:
        schedules = [
            item.inputs["dimensions"]["MonitoringSchedule"]
            for item in both.of_type(ALARM)
            if item.inputs["metricName"] == "ConstraintViolations"
        ]
        assert sorted(schedules) == sorted(item.inputs["name"] for item in both.of_type(MODEL_MONITORS))

    def test_cloudwatch_takes_every_alarm(self, run_stack: Callable[..., Run]) -> None:
        """Periods times evaluation periods may be a week at most where a period has an hour or more."""
        run = run_stack(
            engine="both",
            open_engine={"disagreeing_runs": 7},
            data_quality={"schedule_expression": "cron(0 6 ? * * *)"},
        )
        for item in run.of_type(ALARM):
            assert item.inputs["period"] * item.inputs["evaluationPeriods"] <= 7 * 86400, item.name


class TestDashboard:
    NOT_RUNG = ("Growing, not yet material (features, metrics)", "Learning: windows still to be seen")

    @staticmethod
    def titles(run: Run) -> list[str]:
        body = json.loads(run.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
        return [item["properties"].get("title", "") for item in body["widgets"]]

    @staticmethod
    def text(run: Run) -> str:
        return str(run.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])

    def test_rows(self, full: Run, one: Run, both: Run) -> None:
        plainly = self.titles(full)
        assert [title for title in self.titles(one) if title not in plainly] == [
            "Runs that ended",
            "Windows without data",
            *self.NOT_RUNG,
        ]
        assert [title for title in self.titles(both) if title not in plainly] == [
            "Runs that ended",
            "Windows without data",
            "Agreement of the engines (share of features)",
            *self.NOT_RUNG,
        ]

    def test_no_widget_lies_on_another(self, both: Run) -> None:
        body = json.loads(self.text(both))
        cells = [
            (x, y)
            for item in body["widgets"]
            for x in range(item["x"], item["x"] + item["width"])
            for y in range(item["y"], item["y"] + item["height"])
        ]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) == 23

    def test_metrics_per_feature_are_those_of_the_engine(self, full: Run, one: Run, both: Run) -> None:
        for run in (full, both):
            assert "aws/sagemaker/Endpoints/data-metrics" in self.text(run)
            assert '{\\"ModelMonitoring/Endpoints' not in self.text(run), "what is searched for by features"
        assert "ModelMonitoring/Endpoints/data-metrics" in self.text(one)
        assert "ModelMonitoring/Endpoints/model-metrics" in self.text(one)
        assert "aws/sagemaker/Endpoints" not in self.text(one)

    def test_logs_of_the_engines_jobs_are_shown(self, full: Run, one: Run) -> None:
        assert "/monitoring|baseline/" in self.text(full)
        assert r"/monitoring|baseline|-(dq|mq)-\\d{12}-/" in self.text(one)

    def test_every_alarm_and_every_dead_letter_queue_is_on_it(self, both: Run) -> None:
        body = self.text(both)
        assert all(item.outputs["arn"] in body for item in both.of_type(ALARM))
        queues = [item.outputs["name"] for item in both.of_type("aws:sqs/queue:Queue")]
        assert len(queues) == 5
        queues = [name for name in queues if "dead-letter-notice" not in name]  # it tells of the others, nobody of it
        assert all(name in body for name in queues)
