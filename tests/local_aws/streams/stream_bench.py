"""A bench with a stream."""

from typing import Any

import local_aws
from tests.local_aws.bench import Bench


class StreamBench(Bench):
    def __init__(self, cloud: local_aws.LocalAws) -> None:
        super().__init__(cloud)
        self.kinesis = cloud.client("kinesis")

    def stream(self, **options: Any) -> str:
        self.kinesis.create_stream(StreamName=self.name, **({"ShardCount": 1} | options))
        arn: str = self.summary()["StreamARN"]
        return arn

    def summary(self) -> Any:
        return self.kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]

    def shards(self) -> Any:
        return self.kinesis.list_shards(StreamName=self.name)["Shards"]

    def send(self, *bodies: str, key: str | None = None) -> list[Any]:
        records = [{"Data": body.encode(), "PartitionKey": key or body} for body in bodies]
        answer = self.kinesis.put_records(StreamName=self.name, Records=records)
        assert answer["FailedRecordCount"] == 0
        return list(answer["Records"])

    def read(self, shard: str) -> tuple[list[str], Any]:
        """What a shard holds, and the last answer."""
        iterator = self.kinesis.get_shard_iterator(
            StreamName=self.name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        answer = self.kinesis.get_records(ShardIterator=iterator)
        return [record["Data"].decode() for record in answer["Records"]], answer
