"""A bench with an alarm."""

import json
from typing import Any

from tests.local_aws.bench import Bench

ALARM = {
    "Namespace": "Tests",
    "MetricName": "ConstraintViolations",
    "Statistic": "Maximum",
    "Period": 3600,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}


class AlarmBench(Bench):
    """A bench with a topic, a queue on it, and alarms on its own dimension."""

    def __init__(self, cloud: Any) -> None:
        super().__init__(cloud)
        self.cloudwatch, self.sns, self.sqs = (cloud.client(name) for name in ("cloudwatch", "sns", "sqs"))
        self.topic = self.sns.create_topic(Name=self.name)["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        self.queue_arn = attributes["QueueArn"]
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=self.queue_arn)

    def alarm(self, **changes: Any) -> None:
        dimensions = [{"Name": "Endpoint", "Value": self.name}]
        actions = {"AlarmActions": [self.topic], "OKActions": [self.topic]}
        self.cloudwatch.put_metric_alarm(AlarmName=self.name, Dimensions=dimensions, **(ALARM | actions | changes))

    def measure(self, value: float, endpoint: str = "", **more: Any) -> None:
        dimensions = [{"Name": "Endpoint", "Value": endpoint or self.name}]
        datum = {"MetricName": "ConstraintViolations", "Dimensions": dimensions, "Value": value}
        self.cloudwatch.put_metric_data(Namespace="Tests", MetricData=[datum | more])

    def state(self) -> str:
        return str(self.cloudwatch.describe_alarms(AlarmNames=[self.name])["MetricAlarms"][0]["StateValue"])

    def changes(self) -> list[str]:
        items = self.cloudwatch.describe_alarm_history(AlarmName=self.name, HistoryItemType="StateUpdate")[
            "AlarmHistoryItems"
        ]
        return [item["HistorySummary"].removeprefix("Alarm updated from ") for item in items][::-1][1:]

    def messages(self) -> list[Any]:
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]
