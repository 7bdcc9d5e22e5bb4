"""The virtual clock in what services say of time."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from tests.local_aws.bench import Bench, wait_until

NEAR = timedelta(seconds=30)


def test_objects_are_as_old_as_the_clock_says(bench: Bench) -> None:
    bench.cloud.clock.advance(timedelta(days=20))
    bench.put("early", "1")
    before = bench.cloud.clock.now()
    bench.cloud.clock.advance(timedelta(hours=2))
    bench.put("late", "2")
    found = {item["Key"]: item["LastModified"] for item in bench.s3.list_objects_v2(Bucket=bench.bucket)["Contents"]}
    assert abs(found["early"] - before) < NEAR
    assert timedelta(hours=2) - NEAR < found["late"] - found["early"] < timedelta(hours=2) + NEAR
    head = bench.s3.head_object(Bucket=bench.bucket, Key="late")
    assert head["LastModified"] == found["late"]
    assert parsedate_to_datetime(head["ResponseMetadata"]["HTTPHeaders"]["last-modified"]) == found["late"]


def test_messages_carry_the_clock_s_time(bench: Bench) -> None:
    sns, sqs = bench.cloud.client("sns"), bench.cloud.client("sqs")
    topic = sns.create_topic(Name=bench.name)["TopicArn"]
    queue = sqs.create_queue(QueueName=bench.name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    bench.cloud.clock.advance(timedelta(days=3))
    sns.publish(TopicArn=topic, Message="now")

    def received() -> list[Any]:
        return list(sqs.receive_message(QueueUrl=queue).get("Messages", []))

    (message,) = wait_until(received)
    told = datetime.strptime(json.loads(message["Body"])["Timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert abs(told - bench.cloud.clock.now()) < NEAR
