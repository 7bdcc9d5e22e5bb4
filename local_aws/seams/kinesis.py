"""Kinesis: shards that stay readable after a split, four shards on demand, the virtual clock, records by position."""

import bisect
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import error_response_json, json_response, request_scope
from ministack.services import kinesis as _kinesis

from local_aws.clock import TimeModule, VirtualClock

_ON_DEMAND_SHARDS = 4  # Kinesis developer guide, "Choose the right mode": a new stream takes 4 MB/s
_ENDED = "ending_sequence_number"


@dataclass(frozen=True)
class StreamRecord:
    """A record as the stream keeps it; `data` is base64, `arrived` in seconds since 1970."""

    sequence: str
    arrived: float
    partition_key: str
    data: str


@dataclass(frozen=True)
class Shard:
    """A shard at a moment: its parents, whether it is closed, and where its records end."""

    name: str
    parents: tuple[str, ...]
    closed: bool


def keep_streams_as_aws_does(clock: VirtualClock) -> None:
    """Keep a closed shard, readable and named as its children's parent, until retention; ministack deletes it.

    Also: a stream on demand begins with four shards, and time goes by the virtual clock.
    """
    _kinesis.time = TimeModule(clock)
    _serve_creation()
    _serve_resharding()
    _serve_descriptions()
    _serve_reading()


def _serve_creation() -> None:
    create = _kinesis._create_stream

    def create_stream(data: Mapping[str, Any]) -> Any:
        on_demand = (data.get("StreamModeDetails") or {}).get("StreamMode") == "ON_DEMAND"
        return create({**data, "ShardCount": _ON_DEMAND_SHARDS} if on_demand else data)

    def expire(stream: dict[str, Any]) -> None:
        """As ministack's, without a copy of every shard at every call."""
        cutoff = _kinesis.time.time() - stream["RetentionPeriodHours"] * 3600
        for shard in stream["shards"].values():
            records = shard["records"]
            if records and records[0]["ApproximateArrivalTimestamp"] < cutoff:
                shard["records"] = [one for one in records if one["ApproximateArrivalTimestamp"] >= cutoff]

    _kinesis._create_stream = create_stream
    _kinesis._expire_records = expire


def _open(stream: Mapping[str, Any]) -> dict[str, Any]:
    return {name: shard for name, shard in stream["shards"].items() if not shard.get(_ENDED)}


def _close(stream: Mapping[str, Any], names: list[str]) -> None:
    for name in names:
        stream["shards"][name][_ENDED] = _kinesis._next_sequence_number()


def _child(stream: Mapping[str, Any], start: int, end: int, parents: list[str]) -> None:
    stream["shards"][f"shardId-{_kinesis._max_shard_index(stream) + 1:012d}"] = {
        "records": [],
        "starting_hash_key": str(start),
        "ending_hash_key": str(end),
        "starting_sequence_number": _kinesis._next_sequence_number(),
        "parent_shard_id": parents[0] if parents else None,
        "adjacent_parent_shard_id": parents[1] if len(parents) > 1 else None,
    }


def _range(shard: Mapping[str, Any]) -> tuple[int, int]:
    return int(shard["starting_hash_key"]), int(shard["ending_hash_key"])


def _serve_resharding() -> None:
    def route(hash_key: int, stream: Mapping[str, Any]) -> str:
        return next(name for name, shard in _open(stream).items() if _range(shard)[0] <= hash_key <= _range(shard)[1])

    _kinesis._split_shard, _kinesis._merge_shards, _kinesis._update_shard_count = _split, _merge, _update_count
    _kinesis._route_to_shard = route


def _refused(message: str, code: str = "ValidationException") -> Any:
    return error_response_json(code, message, 400)


def _asked(data: Mapping[str, Any], *members: str) -> Any:
    """The stream of a request that names open shards in `members`, or the error to answer with."""
    name, stream = _kinesis._resolve_stream(data)
    if not stream:
        return None, _refused(f"Stream {name} not found", "ResourceNotFoundException")
    missing = [data.get(member) for member in members if data.get(member) not in _open(stream)]
    if missing:
        return None, _refused(f"Could not find open shard {missing[0]}", "ResourceNotFoundException")
    return stream, None


def _split(data: Mapping[str, Any]) -> Any:
    stream, error = _asked(data, "ShardToSplit")
    if error:
        return error
    start, end = _range(stream["shards"][data["ShardToSplit"]])
    middle = int(data.get("NewStartingHashKey") or 0)
    if not start < middle <= end:
        return _refused(f"NewStartingHashKey {middle} must be within the shard's range {start} to {end}")
    _close(stream, [data["ShardToSplit"]])
    _child(stream, start, middle - 1, [data["ShardToSplit"]])
    _child(stream, middle, end, [data["ShardToSplit"]])
    return json_response({})


def _merge(data: Mapping[str, Any]) -> Any:
    stream, error = _asked(data, "ShardToMerge", "AdjacentShardToMerge")
    if error:
        return error
    pair = [data["ShardToMerge"], data["AdjacentShardToMerge"]]
    (low, low_end), (high, high_end) = sorted(_range(stream["shards"][name]) for name in pair)
    if low_end + 1 != high:
        return _refused(f"shards {pair[0]} and {pair[1]} are not adjacent")
    _close(stream, pair)
    _child(stream, low, high_end, pair)
    return json_response({})


def _update_count(data: Mapping[str, Any]) -> Any:
    stream, error = _asked(data)
    if error:
        return error
    target, before = int(data.get("TargetShardCount") or 0), _open(stream)
    if not max(1, (len(before) + 1) // 2) <= target <= 2 * len(before):  # UpdateShardCount, API reference
        return _refused(f"TargetShardCount {target} must be between half and twice {len(before)}")
    _close(stream, list(before))
    for start, end in _kinesis._compute_hash_ranges(target):
        low, high = int(start), int(end)
        parents = [name for name, shard in before.items() if _range(shard)[0] <= high and low <= _range(shard)[1]]
        _child(stream, low, high, parents)
    return json_response(
        {
            "StreamName": stream["StreamName"],
            "StreamARN": stream["StreamARN"],
            "CurrentShardCount": len(before),
            "TargetShardCount": target,
        }
    )


def _serve_descriptions() -> None:
    shard_out, summary = _kinesis._shard_out, _kinesis._describe_stream_summary

    def with_end(name: str, shard: Mapping[str, Any]) -> Any:
        described = shard_out(name, shard)
        if shard.get(_ENDED):
            described["SequenceNumberRange"]["EndingSequenceNumber"] = shard[_ENDED]
        return described

    def open_only(data: Mapping[str, Any]) -> Any:
        _, stream = _kinesis._resolve_stream(data)
        if not stream:
            return summary(data)
        kept = stream["shards"]
        stream["shards"] = _open(stream)  # what counts them counts the open ones
        try:
            return summary(data)
        finally:
            stream["shards"] = kept

    _kinesis._shard_out, _kinesis._describe_stream_summary = with_end, open_only


def _serve_reading() -> None:
    get = _kinesis._get_records

    def get_records(data: Mapping[str, Any]) -> Any:
        status, headers, body = get(data)
        if status != 200:
            return status, headers, body
        answer = _kinesis.json.loads(body)
        token = answer["NextShardIterator"]
        state = _kinesis._shard_iterators[token]
        shard = _kinesis._streams[state["stream"]]["shards"][state["shard_id"]]
        if not shard.get(_ENDED) or state["position"] < len(shard["records"]):
            return status, headers, body
        del _kinesis._shard_iterators[token]
        children = [
            {
                "ShardId": name,
                "ParentShards": list(_parents(child)),
                "HashKeyRange": {
                    "StartingHashKey": child["starting_hash_key"],
                    "EndingHashKey": child["ending_hash_key"],
                },
            }
            for name, child in _kinesis._streams[state["stream"]]["shards"].items()
            if state["shard_id"] in _parents(child)
        ]
        ended = {name: value for name, value in answer.items() if name != "NextShardIterator"}
        return json_response({**ended, "ChildShards": children})

    _kinesis._get_records = get_records


def _parents(shard: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(filter(None, (shard.get("parent_shard_id"), shard.get("adjacent_parent_shard_id"))))


def _stream(arn: str) -> dict[str, Any] | None:
    account, region = arn.split(":")[4], arn.split(":")[3]
    stream: dict[str, Any] | None = _kinesis._streams.get_scoped(account, region, arn.rsplit("/", 1)[-1])
    return stream if stream and stream["StreamARN"] == arn else None


def stream_shards(arn: str) -> list[Shard]:
    """All shards of a stream that are still kept, closed ones too; empty if there is no such stream."""
    stream = _stream(arn)
    shards = list((stream or {"shards": {}})["shards"].items())
    names = {name for name, _ in shards}
    return [
        Shard(name, tuple(parent for parent in _parents(shard) if parent in names), bool(shard.get(_ENDED)))
        for name, shard in shards
    ]


def stream_exists(arn: str) -> bool:
    """Whether there is a stream of this ARN."""
    return _stream(arn) is not None


def stream_key(arn: str) -> str:
    """The KMS key that a stream is encrypted with; empty without one."""
    return str((_stream(arn) or {}).get("KeyId") or "")


def records_after(arn: str, shard: str, sequence: str, limit: int) -> list[StreamRecord]:
    """Up to `limit` records of a shard behind a sequence number ("" for the first that is kept)."""
    kept = ((_stream(arn) or {"shards": {}})["shards"].get(shard) or {"records": []})["records"]
    start = bisect.bisect_right(kept, sequence, key=lambda one: one["SequenceNumber"])
    return [
        StreamRecord(one["SequenceNumber"], one["ApproximateArrivalTimestamp"], one["PartitionKey"], _text(one["Data"]))
        for one in kept[start : start + limit]
    ]


def last_sequence(arn: str, shard: str, before: float | None = None) -> str:
    """The sequence number of a shard's last record, or of the last that arrived before a time; "" without one."""
    kept = ((_stream(arn) or {"shards": {}})["shards"].get(shard) or {"records": []})["records"]
    if before is not None:
        kept = kept[: bisect.bisect_left(kept, before, key=lambda one: one["ApproximateArrivalTimestamp"])]
    return str(kept[-1]["SequenceNumber"]) if kept else ""


def _text(data: Any) -> str:
    return str(_kinesis._ensure_base64(data))


@contextlib.contextmanager
def of_stream(arn: str) -> Iterator[None]:
    """Work in the account and region of a stream."""
    with request_scope(arn.split(":")[4], arn.split(":")[3]):
        yield
