"""The fleet's watch counts models by what is wrong with them, from its own entry on."""

from datetime import UTC, datetime
from typing import Any

from tests.lambda_functions.fakes import FakeCloudWatch
from tests.lambda_functions.functions import enter

NOW = datetime(2026, 11, 29, 12, 50, tzinfo=UTC)
VALUES = {
    "calm": {"ConstraintViolations": 0.0, "JobFailures": 0.0, "HoursSilent": 1.0},
    "drifts": {"ConstraintViolations": 3.0, "JobFailures": 0.0, "HoursSilent": 1.0},
    "fails": {"ConstraintViolations": 0.0, "JobFailures": 1.0, "HoursSilent": 30.0},
}
ENVIRONMENT = {"FLEET_NAME": "models", "LINKED_ACCOUNTS": "false", "SILENT_HOURS": "26"}


def dimensions(endpoint: str) -> list[dict[str, str]]:
    return [{"Name": "Endpoint", "Value": endpoint}, {"Name": "MonitoringSchedule", "Value": "dq"}]


class CloudWatch(FakeCloudWatch):
    """The metrics of three models, all of them published now."""

    def get_paginator(self, operation: str) -> Any:
        self.operation = operation
        return self

    def paginate(self, **request: Any) -> Any:
        if self.operation == "list_metrics":
            self._enter("ListMetrics", request)
            metric = {"Namespace": "ModelMonitoring/churn", "MetricName": request["MetricName"]}
            return [{"Metrics": [metric | {"Dimensions": dimensions(endpoint)} for endpoint in VALUES]}]
        self._enter("GetMetricData", request)
        return [{"MetricDataResults": [
            {"Id": query["Id"], "Timestamps": [NOW], "Values": [self._value(query["MetricStat"]["Metric"])]}
            for query in request["MetricDataQueries"]
        ]}]  # fmt: skip

    @staticmethod
    def _value(metric: dict[str, Any]) -> float:
        return VALUES[metric["Dimensions"][0]["Value"]][metric["MetricName"]]


def test_the_handler_itself_ends_well() -> None:
    cloudwatch = CloudWatch()
    event = {"scheduled_time": NOW.isoformat()}
    answer, log = enter("fleet_watch", event, {"cloudwatch": cloudwatch}, ENVIRONMENT)
    assert (answer["drifting"], answer["failing"], answer["silent"]) == (["drifts"], ["fails"], ["fails"])
    assert answer.items() <= log[-1].items()
    (request,) = cloudwatch.requests("PutMetricData")
    published = {datum["MetricName"]: datum["Value"] for datum in request["MetricData"]}
    assert published == {name: value for name, value in answer.items() if name in published}
    assert published["Models"] == 3.0
