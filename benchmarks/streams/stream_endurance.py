"""100,000 records through the embedded Kinesis and Lambda: poison, copies, disorder, a reshard, a crash; what is lost.

python -m benchmarks stream_endurance [--records 100000] [--rate 2000]
"""

import argparse
import io
import json
import sys
import tempfile
import time
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

import local_aws
from benchmarks.shared.publishing import DOCS, markdown_table, publish
from components.archives import function_files
from components.archives.monitor import job_sources
from components.iam import AwsContext
from components.real_time.policies import stream_policy
from contract import metrics
from drift_tools.profiles import Profile
from drift_tools.stream import encode_record
from drift_tools.tables import as_table
from functions.stream_drift.window_state import DIGEST_BYTES, digest_of

FEATURES: Final = 20
NAME: Final = "endurance"
NAMESPACE: Final = "ModelMonitoring/endurance"
WINDOW: Final = 5
POISON, COPIES, DISORDER = 0.01, 0.05, 60.0
# The header of a library for another machine: the embedded AWS takes its own numpy in its place.
_FOREIGN: Final = b"\x7fELF\x02\x01\x01" + bytes(9) + (3).to_bytes(2, "little") + (8).to_bytes(2, "little")
# Dies once, in the middle: the process, and not the call. And it notes which records each hand-in counts, by the digest
# that the function knows them by; which of these were merged stands in the state itself, written with the counts.
_CRASHING: Final = """
import os, uuid
from functions.stream_drift import handler as own
from functions.stream_drift.shared_state import STREAM_STATE_FILE, SharedState

calls, merged, current = 0, [], ""
read, put, hand_in = SharedState._read, SharedState._put, own.StreamDrift._hand_in

def _read(self):
    global merged
    etag, written = read(self)
    merged = (written or {{}}).get("merged", [])
    return etag, written

def _put(self, name, document, **condition):
    if name == STREAM_STATE_FILE:
        document = {{**document, "merged": [*merged, current]}}
    put(self, name, document, **condition)

def _hand_in(self, fields, state, loaded, deadline):
    global current
    current = uuid.uuid4().hex
    with open(os.path.join({notes!r}, current), "wb") as file:
        file.write(b"".join(state.known))
    hand_in(self, fields, state, loaded, deadline)

SharedState._read, SharedState._put, own.StreamDrift._hand_in = _read, _put, _hand_in

def handler(event, context):
    global calls
    calls += 1
    if calls == 12 and not os.path.exists({mark!r}):
        open({mark!r}, "w").close()
        os._exit(3)
    return own.handler(event, context)
"""


class Stack:
    """What the component would make of the stream, by hand, with a function that dies once."""

    def __init__(self, cloud: local_aws.LocalAws, mark: Path) -> None:
        self.cloud, self.notes = cloud, mark.parent / "notes"
        self.s3, self.kinesis, self.sqs = (cloud.client(name) for name in ("s3", "kinesis", "sqs"))
        self.cloudwatch, self.functions = cloud.client("cloudwatch"), cloud.client("lambda")
        self.bucket = f"bucket-of-{NAME}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.kinesis.create_stream(StreamName=NAME, ShardCount=2)
        described = self.kinesis.describe_stream_summary(StreamName=NAME)["StreamDescriptionSummary"]
        self.stream: str = described["StreamARN"]
        self.letters, letters_arn = self._queue("letters")
        self.told, told_arn = self._queue("told")
        self._function(mark, letters_arn)
        self._alarm(told_arn)
        self.mapping = self.functions.create_event_source_mapping(
            FunctionName=NAME,
            EventSourceArn=self.stream,
            StartingPosition="TRIM_HORIZON",
            BatchSize=1000,
            MaximumBatchingWindowInSeconds=1,
            TumblingWindowInSeconds=WINDOW,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            BisectBatchOnFunctionError=True,
            MaximumRetryAttempts=3,
            MaximumRecordAgeInSeconds=3600,
            DestinationConfig={"OnFailure": {"Destination": letters_arn}},
        )["UUID"]

    def _queue(self, name: str) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=f"{NAME}-{name}")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return url, attributes["QueueArn"]

    def _function(self, mark: Path, letters_arn: str) -> None:
        account = self.stream.split(":")[4]
        # As the component does: the function's role may write into its group and make none.
        self.cloud.client("logs").create_log_group(logGroupName=f"/aws/lambda/{NAME}")
        context = AwsContext(account_id=account, region="us-east-1", partition="aws")
        statistics = f"s3://{self.bucket}/baseline-data/results/statistics.json"
        policy = stream_policy(
            context,
            bucket=self.bucket,
            stream_arn=self.stream,
            queue_arn=letters_arn,
            metric_namespace=NAMESPACE,
            log_group_arn=context.arn("logs", f"log-group:/aws/lambda/{NAME}"),
            baseline_uris=[statistics],
        )
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        iam = self.cloud.client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        iam.put_role_policy(RoleName=NAME, PolicyName="p", PolicyDocument=json.dumps(policy))
        layer = {f"python/numpy/{name}": data for name, data in (("__init__.py", b""), ("_core.so", _FOREIGN))}
        arn = self.functions.publish_layer_version(LayerName=NAME, Content={"ZipFile": _zip(layer)})["LayerVersionArn"]
        files = {**function_files("stream_drift"), **dict(job_sources())}
        code = {inside: path.read_bytes() for inside, path in files.items()}
        self.notes.mkdir()
        code["crashing.py"] = _CRASHING.format(mark=str(mark), notes=str(self.notes)).encode()
        self.functions.create_function(
            FunctionName=NAME,
            Runtime="python3.13",
            Architectures=["arm64"],
            Role=role,
            Handler="crashing.handler",
            Code={"ZipFile": _zip(code)},
            Layers=[arn],
            Timeout=60,
            MemorySize=1769,
            Environment={
                "Variables": {
                    "ENDPOINT_NAME": NAME,
                    "STREAM_MONITOR_NAME": f"{NAME}-stream",
                    "METRIC_NAMESPACE": NAMESPACE,
                    "BUCKET_NAME": self.bucket,
                    "STATE_PREFIX": "stream-state",
                    "BASELINE_URIS": statistics,
                    "WINDOW_SECONDS": str(WINDOW),
                    "FALSE_ALARMS_PER_YEAR": "0.5",
                }
            },
        )

    def _alarm(self, told_arn: str) -> None:
        sns = self.cloud.client("sns")
        topic = sns.create_topic(Name=NAME)["TopicArn"]
        allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allowed, "Resource": told_arn}]})
        self.sqs.set_queue_attributes(QueueUrl=self.told, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told_arn)
        dimensions = metrics.of_schedule(NAME, f"{NAME}-stream")
        self.cloudwatch.put_metric_alarm(
            AlarmName=NAME,
            Namespace=NAMESPACE,
            MetricName=metrics.DRIFTING_FEATURES,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            Statistic="Maximum",
            Period=10,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="ignore",
            AlarmActions=[topic],
        )

    def state(self) -> dict[str, Any]:
        key = f"stream-state/{NAME}/state.json"
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=key).get("Contents")
        if not found:
            return {"tally": {"records": 0, "waiting": {}, "late": 0}, "merged": []}
        state: dict[str, Any] = json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        return state

    def counted(self) -> int:
        tally = self.state()["tally"]
        return int(tally["records"]) + sum(int(one["counts"]["records"]) for one in tally["waiting"].values())

    def identities(self) -> Counter[bytes]:
        """How often each record is among the counts, by its digest."""
        notes = [(self.notes / name).read_bytes() for name in self.state()["merged"]]
        return Counter(note[at : at + DIGEST_BYTES] for note in notes for at in range(0, len(note), DIGEST_BYTES))

    def messages(self, url: str) -> int:
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    def split(self) -> None:
        shard = next(
            one
            for one in self.kinesis.list_shards(StreamName=NAME)["Shards"]
            if "EndingSequenceNumber" not in one["SequenceNumberRange"]
        )
        low, high = (int(shard["HashKeyRange"][f"{side}HashKey"]) for side in ("Starting", "Ending"))
        self.kinesis.split_shard(
            StreamName=NAME, ShardToSplit=shard["ShardId"], NewStartingHashKey=str((low + high) // 2)
        )


def _zip(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, data in files.items():
            archive.writestr(inside, data)
    return stream.getvalue()


def records(number: int, rng: np.random.Generator, first: int = 0, *, breaks: bool = True) -> Iterator[dict[str, Any]]:
    """The records in the order of their arrival: poison among them, times out of order, a break after the half."""
    began = datetime.now(UTC)
    for at in range(number):
        key = str(uuid.UUID(int=first + at))
        if rng.random() < POISON:
            yield {"PartitionKey": key, "Data": rng.bytes(40) + f'"eventId":"{key}"'.encode()}
            continue
        row = rng.normal(size=FEATURES - 1)
        row[0] += 1.0 if breaks and at >= number // 2 else 0.0
        data = encode_record(
            received=",".join(f"{value:.4f}" for value in row).encode(),
            received_type="text/csv",
            answered=(b"yes", b"no")[int(rng.integers(2))],
            answered_type="text/csv",
            event_id=key,
            inference_id=None,
            at=began + timedelta(seconds=float(rng.uniform(-DISORDER, 0))),
        )
        yield {"PartitionKey": key, "Data": data}


def write_baseline(stack: Stack, rng: np.random.Generator) -> None:
    """Put the baseline that the function holds records against where it looks for it."""
    columns: dict[str, Any] = {"answer": rng.choice(["yes", "no"], 5000)}
    columns |= {f"f{at}": rng.normal(size=5000) for at in range(FEATURES - 1)}
    document = Profile.of(as_table(columns)).statistics().to_dict()
    key = "baseline-data/results/statistics.json"
    stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=json.dumps(document))


def run(number: int, rate: float) -> tuple[dict[str, Any], float]:
    """Everything that is measured, and the seconds that it took."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, local_aws.start(enforce_iam=True) as cloud:
        mark = Path(folder) / "crashed"
        stack = Stack(cloud, mark)
        write_baseline(stack, rng)
        copies, batch, sent, began = 0, list[dict[str, Any]](), 0, time.monotonic()
        expected = set[bytes]()
        for at, record in enumerate(records(number, rng)):
            batch.append(record)
            expected.add(digest_of(record["Data"]))
            if rng.random() < COPIES:
                batch.append(record)  # as a call that is sent again does it
                copies += 1
            if at == int(0.4 * number):
                stack.split()
            if len(batch) >= 490 or at == number - 1:
                answer = stack.kinesis.put_records(StreamName=NAME, Records=batch)
                if answer["FailedRecordCount"]:
                    raise RuntimeError(f"{answer['FailedRecordCount']} records were refused")
                sent, batch = sent + len(batch), []
                time.sleep(max(0.0, began + sent / rate - time.monotonic()))
        put = time.monotonic() - began
        until(lambda: stack.counted() >= number)
        time.sleep(2 * WINDOW)  # whatever would be counted twice, or told a second time
        tally, seen = stack.state()["tally"], stack.identities()
        found = {
            "records": number,
            "copies": copies,
            "counted": stack.counted(),
            "identified": seen.total(),
            "lost": len(expected - seen.keys()),
            "twice": sum(times - 1 for times in seen.values()),
            "foreign": len(seen.keys() - expected),
            "late": int(tally["late"]),
            "crashed": mark.exists(),
            "told": stack.messages(stack.told),
            "letters": stack.messages(stack.letters),
            "shards": len(stack.kinesis.list_shards(StreamName=NAME)["Shards"]),
            "denied": cloud.denied_calls(),
            "failures": cloud.failures(),
        }
        return found, put


def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for a condition, so long at most."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.5)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it once and say what was lost, counted twice and told twice."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks stream_endurance", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000, help="default: 100000")
    parser.add_argument("--rate", type=float, default=2000.0, help="records a second, at most (default: 2000)")
    parser.add_argument("--publish", action="store_true", help="write the table into docs/stream.md")
    options = parser.parse_args(argv)
    found, seconds = run(options.records, options.rate)
    lines = [
        ["records put, beside their copies", f"{found['records']:,} + {found['copies']:,}"],
        ["put in", f"{seconds:.0f} s, {(found['records'] + found['copies']) / seconds:,.0f} a second"],
        ["counted", f"{found['counted']:,}"],
        ["of these told apart by their digests", f"{found['identified']:,}"],
        ["lost: records that are not among the counts", str(found["lost"])],
        ["counted twice: copies on both sides of a window's end", str(found["twice"])],
        ["counted with a later window", str(found["late"])],
        ["shards at the end, the split one among them", str(found["shards"])],
        ["the function died in the middle", "yes" if found["crashed"] else "no"],
        ["batches that were given up", str(found["letters"])],
        ["notifications of the break", str(found["told"])],
    ]
    table = markdown_table(["", "seen"], lines)
    sys.stdout.write(table + "\n")
    if options.publish:
        publish(DOCS / "stream.md", {"stream-endurance": table})
    well = found["counted"] == found["identified"] and not found["lost"] and not found["foreign"]
    well = well and found["told"] == 1 and not found["letters"] and not found["denied"]
    # The one that is provoked: the function dies in the middle.
    well = well and len(found["failures"]) == found["crashed"]
    if not well:
        sys.stdout.write(f"NOT as it should be: {found}\n")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
