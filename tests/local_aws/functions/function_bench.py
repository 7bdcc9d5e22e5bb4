"""A bench that deploys functions."""

from typing import Any

from tests.local_aws.bench import Bench, statement, zipped


class FunctionBench(Bench):
    """A bench that makes functions, topics and queues."""

    def __init__(self, cloud: Any) -> None:
        super().__init__(cloud)
        self.functions, self.sqs, self.sns = (cloud.client(name) for name in ("lambda", "sqs", "sns"))
        self.queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        self.queue_arn = attributes["QueueArn"]

    def function(self, source: str, **changes: Any) -> str:
        role = changes.pop("Role", None) or self.role(
            "function",
            statement("s3:PutObject", f"arn:aws:s3:::{self.bucket}/seen/*"),
            statement("sqs:SendMessage", self.queue_arn),
            service="lambda.amazonaws.com",
        )
        arn: str = self.functions.create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Architectures=["arm64"],
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": zipped(source)},
            Environment={"Variables": {"BUCKET": self.bucket}},
            Timeout=20,
            **changes,
        )["FunctionArn"]
        return arn

    def topic(self, function: str, *, permit: bool = True) -> str:
        topic: str = self.sns.create_topic(Name=self.name)["TopicArn"]
        self.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
        if permit:
            self.functions.add_permission(
                FunctionName=self.name,
                StatementId="sns",
                Action="lambda:InvokeFunction",
                Principal="sns.amazonaws.com",
                SourceArn=topic,
            )
        return topic

    def letters(self) -> list[Any]:
        return list(self.sqs.receive_message(QueueUrl=self.queue, MessageAttributeNames=["All"]).get("Messages", []))
