"""Mappings of Kinesis streams, one test a sentence of the Lambda guide ("Using Lambda to process records from Amazon
Kinesis Data Streams" and the pages below it).
"""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

import local_aws
from tests.local_aws.bench import statement, wait_until, zipped
from tests.local_aws.streams.stream_bench import StreamBench

# Keeps each event, and does what the records' text says.
FUNCTION = """
import base64, boto3, json, os, uuid
def handler(event, context):
    texts = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
    s3, bucket = boto3.client("s3"), os.environ["BUCKET"]
    number = len(s3.list_objects_v2(Bucket=bucket, Prefix="seen/").get("Contents", []))
    s3.put_object(Bucket=bucket, Key=f"seen/{number:04d}-{uuid.uuid4().hex}", Body=json.dumps(event))
    if "bad" in texts:
        raise ValueError("a bad one")
    if "once" in texts and number == 0:
        raise ValueError("only the first time")
    failed = [record["kinesis"]["sequenceNumber"] for record, text in zip(event["Records"], texts) if text == "partial"]
    if "no state" in texts and number == 0:
        return {}
    state = {"texts": event.get("state", {}).get("texts", []) + texts}
    if "large" in texts:
        state["large"] = "x" * (1 << 20)
    return {"state": state, "batchItemFailures": [{"itemIdentifier": one} for one in failed]}
"""
READ = ["DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"]


class MappingBench(StreamBench):
    def __init__(self, cloud: local_aws.LocalAws) -> None:
        super().__init__(cloud)
        self.functions, self.sqs = cloud.client("lambda"), cloud.client("sqs")
        self.queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        self.queue_arn = attributes["QueueArn"]
        self.account = self.queue_arn.split(":")[4]
        self.stream_arn = f"arn:aws:kinesis:us-east-1:{self.account}:stream/{self.name}"

    def function(self, *statements: Any) -> str:
        role = self.role(
            "function",
            statement("s3:PutObject", f"arn:aws:s3:::{self.bucket}/seen/*"),
            statement("s3:ListBucket", f"arn:aws:s3:::{self.bucket}"),
            *(statements or self.rights()),
            service="lambda.amazonaws.com",
        )
        self.functions.create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": zipped(FUNCTION)},
            Environment={"Variables": {"BUCKET": self.bucket}},
        )
        return role

    def rights(self) -> list[Any]:
        return [
            statement([f"kinesis:{name}" for name in READ], self.stream_arn),
            statement("sqs:SendMessage", self.queue_arn),
        ]

    def mapping(self, **settings: Any) -> str:
        made = self.functions.create_event_source_mapping(
            FunctionName=self.name,
            EventSourceArn=self.stream_arn,
            **({"StartingPosition": "TRIM_HORIZON"} | settings),
        )
        return str(made["UUID"])

    def ready(self, **settings: Any) -> str:
        """A stream of one shard with a function on it."""
        self.stream()
        self.function()
        return self.mapping(**settings)

    def events(self) -> list[Any]:
        return [json.loads(self.get(key)) for key in sorted(self.keys("seen/"))]

    def seen(self) -> list[list[str]]:
        """The texts of each event, in their order."""
        return [texts(event) for event in self.events()]

    def letters(self) -> list[Any]:
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]


def texts(event: Any) -> list[str]:
    return [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]


@pytest.fixture
def bench(guarded: local_aws.LocalAws) -> MappingBench:
    return MappingBench(guarded)


def test_defaults_and_the_event(bench: MappingBench) -> None:
    bench.stream()
    role = bench.function()
    (sent,) = bench.send("one")
    mapping = bench.functions.get_event_source_mapping(UUID=bench.mapping())
    expected = {
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "TumblingWindowInSeconds": 0,
        "MaximumRetryAttempts": -1,
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "ParallelizationFactor": 1,
        "State": "Enabled",
    }
    assert {name: mapping[name] for name in expected} == expected
    (event,) = wait_until(bench.events)
    assert list(event) == ["Records"]
    (record,) = event["Records"]
    assert record["eventID"] == f"{sent['ShardId']}:{sent['SequenceNumber']}"
    assert (record["invokeIdentityArn"], record["eventSourceARN"]) == (role, bench.stream_arn)
    assert record["kinesis"]["partitionKey"] == "one"
    statistics = wait_until(
        lambda: bench.cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="IteratorAge",
            Dimensions=[{"Name": "FunctionName", "Value": bench.name}],
            StartTime=bench.cloud.clock.now() - timedelta(hours=1),
            EndTime=bench.cloud.clock.now() + timedelta(hours=1),
            Period=3600,
            Statistics=["Maximum"],
        )["Datapoints"]
    )
    assert 0 <= statistics[0]["Maximum"] < 60_000


def test_batches_follow_each_other_and_wait_for_the_batching_window(bench: MappingBench) -> None:
    bench.stream()
    bench.function()
    bench.send("1", "2", "3", "4", "5", key="same")
    bench.mapping(BatchSize=2, MaximumBatchingWindowInSeconds=300)
    wait_until(lambda: len(bench.seen()) == 2)
    assert bench.seen() == [["1", "2"], ["3", "4"]]  # the fifth waits for a sixth

    def one_more_is_seen() -> bool:
        # The window begins when the poller takes the fifth, which may be after the first of these steps.
        bench.cloud.clock.advance(timedelta(seconds=301))
        return len(bench.seen()) == 3

    wait_until(one_more_is_seen)
    assert bench.seen()[2] == ["5"]


def test_a_window_carries_its_state_and_ends_with_a_last_call(bench: MappingBench) -> None:
    bench.ready(TumblingWindowInSeconds=60, BatchSize=2)
    bench.send("1", "2", "3", key="same")
    wait_until(lambda: len(bench.seen()) == 2)
    bench.cloud.clock.advance(timedelta(seconds=60))
    wait_until(lambda: len(bench.seen()) == 3)
    first, second, last = bench.events()
    assert (first["state"], second["state"]) == ({}, {"texts": ["1", "2"]})
    assert (last["Records"], last["state"]) == ([], {"texts": ["1", "2", "3"]})
    assert [event["isFinalInvokeForWindow"] for event in (first, second, last)] == [False, False, True]
    assert {json.dumps(event["window"]) for event in (first, second, last)} == {json.dumps(first["window"])}
    assert first["shardId"] == "shardId-000000000000"
    assert (first["eventSourceARN"], first["isWindowTerminatedEarly"]) == (bench.stream_arn, False)
    bench.send("4")
    wait_until(lambda: len(bench.seen()) == 4)
    later = bench.events()[3]
    assert later["state"] == {}
    assert later["window"]["start"] >= first["window"]["end"]


def test_a_call_without_state_failed_and_too_large_a_state_ends_the_window(bench: MappingBench) -> None:
    bench.ready(TumblingWindowInSeconds=900, BatchSize=1)
    bench.send("no state", "large", key="same")
    wait_until(lambda: len(bench.seen()) == 4)
    assert bench.seen() == [["no state"], ["no state"], ["large"], []]
    last = bench.events()[3]
    assert (last["isFinalInvokeForWindow"], last["isWindowTerminatedEarly"]) == (True, True)
    assert last["state"] == {"texts": ["no state"]}


def test_what_is_reported_as_failed_is_tried_again_from_there(bench: MappingBench) -> None:
    mapping = bench.ready(
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": bench.queue_arn}},
    )
    bench.send("1", "partial", "3", key="same")
    (letter,) = wait_until(bench.letters)
    assert bench.seen() == [["1", "partial", "3"], ["partial", "3"]]
    told = [line for line in bench.cloud.failures() if line.startswith(f"mapping {mapping}: ")]
    assert [line.split(": ")[1].split(" of ")[0] for line in told] == ["record 2", "record 1", "2 records"]
    assert letter["KinesisBatchInfo"]["batchSize"] == 2


def test_a_bad_record_is_isolated_and_told_of(bench: MappingBench) -> None:
    bench.ready(
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": bench.queue_arn}},
    )
    sent = bench.send("1", "2", "bad", "4", key="same")
    (letter,) = wait_until(bench.letters)
    wait_until(lambda: ["4"] in bench.seen())
    # Halves cost no attempt; the single one has its two.
    assert bench.seen() == [["1", "2", "bad", "4"], ["1", "2"], ["bad", "4"], ["bad"], ["bad"], ["4"]]
    assert letter["requestContext"] == letter["requestContext"] | {
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 2,
        "functionArn": f"arn:aws:lambda:us-east-1:{bench.account}:function:{bench.name}",
    }
    told = letter["KinesisBatchInfo"]
    assert (told["startSequenceNumber"], told["endSequenceNumber"]) == (sent[2]["SequenceNumber"],) * 2
    assert (told["shardId"], told["batchSize"], told["streamArn"]) == (sent[2]["ShardId"], 1, bench.stream_arn)


def test_records_grow_too_old_for_another_try(bench: MappingBench) -> None:
    bench.ready(MaximumRecordAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": bench.queue_arn}})
    bench.send("bad")
    wait_until(lambda: len(bench.seen()) >= 2)
    bench.cloud.clock.advance(timedelta(seconds=61))
    (letter,) = wait_until(bench.letters)
    assert letter["KinesisBatchInfo"]["batchSize"] == 1
    bench.send("good")
    wait_until(lambda: ["good"] in bench.seen())


def test_no_record_is_lost_when_a_shard_splits(bench: MappingBench) -> None:
    bench.ready(BatchSize=500)
    for at in range(5):
        bench.send(*(f"{at}-{number}" for number in range(100)))
        if at in (1, 3):
            shard = next(s for s in bench.shards() if "EndingSequenceNumber" not in s["SequenceNumberRange"])
            start, end = (int(shard["HashKeyRange"][f"{side}HashKey"]) for side in ("Starting", "Ending"))
            bench.kinesis.split_shard(
                StreamName=bench.name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str((start + end) // 2)
            )
    wait_until(lambda: sum(map(len, bench.seen())) >= 500)
    seen = [text for batch in bench.seen() for text in batch]
    assert sorted(seen) == sorted(f"{at}-{number}" for at in range(5) for number in range(100))
    first_of = {event["Records"][0]["eventID"].split(":")[0] for event in bench.events()}
    assert len(first_of) > 1  # the children were read, too


def test_latest_begins_with_what_comes_after_the_mapping(bench: MappingBench) -> None:
    bench.stream()
    bench.function()
    bench.send("before")
    mapping = bench.mapping(StartingPosition="LATEST")
    bench.send("after")
    wait_until(bench.seen)
    assert bench.seen() == [["after"]]
    bench.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    bench.send("while off")
    bench.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    wait_until(lambda: len(bench.seen()) == 2)
    assert bench.seen()[1] == ["while off"]
    bench.functions.delete_event_source_mapping(UUID=mapping)


def test_the_role_is_asked_when_a_mapping_is_made_and_whenever_it_reads(bench: MappingBench) -> None:
    bench.stream()
    role = bench.function(statement("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:other")).rsplit("/", 1)[1]
    wrong = bench.functions.exceptions.InvalidParameterValueException
    with pytest.raises(wrong, match="Please ensure the role can perform the GetRecords"):
        bench.mapping()
    document = {"Version": "2012-10-17", "Statement": bench.rights()[:1]}
    bench.iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=json.dumps(document))
    with pytest.raises(wrong, match="does not have permissions to call SendMessage"):
        bench.mapping(DestinationConfig={"OnFailure": {"Destination": bench.queue_arn}})
    mapping = bench.mapping()
    bench.iam.delete_role_policy(RoleName=role, PolicyName="read")
    bench.send("unseen")
    result = wait_until(
        lambda: (
            r
            if "not authorized"
            in (r := bench.functions.get_event_source_mapping(UUID=mapping).get("LastProcessingResult", ""))
            else ""
        )
    )
    assert f"assumed-role/{role}" in result
    bench.functions.delete_event_source_mapping(UUID=mapping)
    assert bench.keys("seen/") == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"BatchSize": 10_001}, "BatchSize 10001 is not between 1 and 10000"),
        ({"TumblingWindowInSeconds": 901}, "TumblingWindowInSeconds 901"),
        ({"MaximumRecordAgeInSeconds": 59}, "must be -1, or at least 60"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "needs StartingPositionTimestamp"),
        ({"TumblingWindowInSeconds": 10, "ParallelizationFactor": 2}, "exclude each other"),
    ],
)
def test_wrong_settings_are_refused(cloud: local_aws.LocalAws, settings: dict[str, Any], message: str) -> None:
    bench = MappingBench(cloud)
    bench.stream()
    bench.function()
    with pytest.raises(bench.functions.exceptions.ClientError, match=message):
        bench.mapping(**settings)


def test_a_mapping_needs_its_stream(bench: MappingBench) -> None:
    bench.function()
    with pytest.raises(bench.functions.exceptions.InvalidParameterValueException, match="Stream not found"):
        bench.mapping()
