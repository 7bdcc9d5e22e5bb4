"""Streams as Kinesis' developer guide has them: what a shard held before it was closed can be read until retention."""

import pytest

import local_aws
from tests.local_aws.streams.stream_bench import StreamBench


@pytest.fixture
def streams(cloud: local_aws.LocalAws) -> StreamBench:
    return StreamBench(cloud)


def test_a_split_shard_stays_readable_and_names_its_children(streams: StreamBench) -> None:
    streams.stream()
    streams.send("a", "b", "c")
    parent = streams.shards()[0]["ShardId"]
    streams.kinesis.split_shard(StreamName=streams.name, ShardToSplit=parent, NewStartingHashKey=str(2**127))
    closed, *children = streams.shards()
    assert "EndingSequenceNumber" in closed["SequenceNumberRange"]
    assert [child["ParentShardId"] for child in children] == [parent, parent]
    assert [int(child["HashKeyRange"]["StartingHashKey"]) for child in children] == [0, 2**127]
    assert streams.summary()["OpenShardCount"] == 2
    bodies, answer = streams.read(parent)
    assert bodies == ["a", "b", "c"]
    assert "NextShardIterator" not in answer
    assert [child["ShardId"] for child in answer["ChildShards"]] == [child["ShardId"] for child in children]
    placed = {record["ShardId"] for record in streams.send(*map(str, range(40)))}
    assert placed == {child["ShardId"] for child in children}
    with pytest.raises(streams.kinesis.exceptions.ResourceNotFoundException, match="open shard"):
        streams.kinesis.split_shard(StreamName=streams.name, ShardToSplit=parent, NewStartingHashKey="7")


def test_shards_merge_and_are_counted_anew(streams: StreamBench) -> None:
    streams.stream(ShardCount=2)
    first, second = (shard["ShardId"] for shard in streams.shards())
    streams.kinesis.merge_shards(StreamName=streams.name, ShardToMerge=first, AdjacentShardToMerge=second)
    merged = streams.shards()[-1]
    assert (merged["ParentShardId"], merged["AdjacentParentShardId"]) == (first, second)
    assert int(merged["HashKeyRange"]["EndingHashKey"]) == 2**128 - 1
    streams.kinesis.update_shard_count(StreamName=streams.name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert [shard.get("ParentShardId") for shard in streams.shards()[-2:]] == [merged["ShardId"]] * 2
    assert streams.summary()["OpenShardCount"] == 2
    with pytest.raises(streams.kinesis.exceptions.ClientError, match="between half and twice 2"):
        streams.kinesis.update_shard_count(StreamName=streams.name, TargetShardCount=5, ScalingType="UNIFORM_SCALING")


def test_a_stream_on_demand_begins_with_four_shards(streams: StreamBench) -> None:
    streams.kinesis.create_stream(StreamName=streams.name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert streams.summary()["OpenShardCount"] == 4
    arrived = streams.send("x")[0]
    bodies, answer = streams.read(arrived["ShardId"])
    assert bodies == ["x"]
    told = answer["Records"][0]["ApproximateArrivalTimestamp"].timestamp()
    assert abs(told - streams.cloud.clock.now().timestamp()) < 5  # by the virtual clock
