"""Which shards of which mappings are read now, under whose rights, and what is published of it."""

import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import seams
from local_aws.activity import Activity
from local_aws.clock import VirtualClock
from local_aws.identity import Identity
from local_aws.streams.destinations import invocation_record, tell
from local_aws.streams.mapping import READ_ACTIONS, destination, settings_problem
from local_aws.streams.shard_reader import Discarded, Outside, Position, ShardReader

log = logging.getLogger("local_aws.streams")

_LOOK_SECONDS: Final = 0.2


class StreamPoller:
    """Starts a thread for every shard of an enabled mapping whose parents are read to their ends.

    Positions are sequence numbers, kept by mapping and shard; a shard that a mapping has not seen begins at its first
    record, but for those that were there when the mapping was made: `StartingPosition` says where they begin.
    """

    def __init__(self, clock: VirtualClock, identity: Identity, activity: Activity) -> None:
        self._clock, self._identity, self._activity = clock, identity, activity
        self._positions: dict[str, dict[str, Position]] = {}
        self._readers: dict[tuple[str, str], tuple[ShardReader, threading.Thread]] = {}
        self._stop = threading.Event()
        self._outside = Outside(clock.time, self._may_read, self._discarded, self._done, self._invoke)

    def connect(self) -> None:
        """Take over from ministack and begin to look for mappings."""
        seams.take_over_stream_mappings(self._problem, self._clock.time)
        threading.Thread(target=self._run, name="stream-mappings", daemon=True).start()

    def close(self) -> None:
        """Stop all reading and wait for it."""
        self._stop.set()
        for reader, thread in list(self._readers.values()):
            reader.stop.set()
            thread.join(5)

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            try:
                self._look()
            except Exception:
                log.exception("the mappings could not be looked at")

    def _look(self) -> None:
        mappings = {mapping["UUID"]: mapping for mapping in seams.stream_mappings()}
        for gone in set(self._positions) - set(mappings):
            del self._positions[gone]
        for key, (reader, thread) in list(self._readers.items()):
            if key[0] not in mappings:
                reader.stop.set()
            if not thread.is_alive():
                del self._readers[key]
        for mapping in mappings.values():
            if mapping.get("State") == "Enabled":
                self._read(mapping)

    def _read(self, mapping: seams.Mapped) -> None:
        shards = seams.stream_shards(mapping["EventSourceArn"])
        if not shards:
            return
        known = self._positions.get(mapping["UUID"])
        if known is None:
            known = self._positions[mapping["UUID"]] = {
                shard.name: Position(self._beginning(mapping, shard)) for shard in shards
            }
        for shard in shards:
            position = known.setdefault(shard.name, Position(""))
            parents = (known.get(parent) for parent in shard.parents)
            key = (mapping["UUID"], shard.name)
            if position.ended or key in self._readers or not all(parent is None or parent.ended for parent in parents):
                continue
            reader = ShardReader(mapping, shard.name, position, self._outside)
            thread = threading.Thread(target=self._in_scope, args=(reader,), name=shard.name, daemon=True)
            self._readers[key] = (reader, thread)
            thread.start()

    def _in_scope(self, reader: ShardReader) -> None:
        with seams.of_stream(reader.mapping["EventSourceArn"]):
            reader.run()

    def _beginning(self, mapping: seams.Mapped, shard: seams.Shard) -> str:
        where = mapping.get("StartingPosition")
        if where == "TRIM_HORIZON":
            return ""
        before = float(mapping["StartingPositionTimestamp"]) if where == "AT_TIMESTAMP" else mapping[seams.MADE]
        return seams.last_sequence(mapping["EventSourceArn"], shard.name, before)

    def _problem(self, settings: Mapping[str, Any], role_arn: str) -> str | None:
        """What Lambda refuses a mapping for."""
        found = settings_problem(settings)
        if found or not role_arn:  # without a function Lambda has its own answer
            return found
        stream = settings["EventSourceArn"]
        if not seams.stream_exists(stream):
            return f"Stream not found: {stream}"
        key = self._identity.session(role_arn, "mapping")["AWS_ACCESS_KEY_ID"]
        try:
            if self._read_refusal(key, stream):
                return (
                    f"Cannot access stream {stream}. Please ensure the role can perform the GetRecords, "
                    "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
                )
            target = destination(settings)
            if target:
                action = "sns:Publish" if ":sns:" in target else "sqs:SendMessage"
                if self._identity.key_refusal(key, action, target):
                    name = action.partition(":")[2]
                    return f"The provided execution role does not have permissions to call {name} on {target}"
        finally:
            seams.close_role_session(key)
        return None

    def _read_refusal(self, access_key: str, stream: str) -> str | None:
        asked = [(action, stream) for action in READ_ACTIONS]
        key = seams.stream_key(stream)
        arn = seams.key_arn(key) if key else ""  # empty for AWS's own
        if arn:
            asked.append(("kms:Decrypt", arn))
        refusals = (self._identity.key_refusal(access_key, action, resource) for action, resource in asked)
        return next((refused for refused in refusals if refused), None)

    def _may_read(self, mapping: seams.Mapped) -> bool:
        """As at every call of GetRecords: what the role has lost since, the mapping has lost."""
        credentials = seams.function_credentials(mapping)
        if credentials is None:
            return False
        if not self._identity.enforce:
            return True
        refused = self._read_refusal(credentials["AWS_ACCESS_KEY_ID"], mapping["EventSourceArn"])
        if refused:
            mapping["LastProcessingResult"] = f"PROBLEM: {refused}"
        return refused is None

    def _invoke(self, mapping: seams.Mapped, event: dict[str, Any]) -> tuple[Any, str]:
        with self._activity.during():
            return seams.invoke_mapped(mapping, event)

    def _discarded(self, mapping: seams.Mapped, discarded: Discarded) -> None:
        target = destination(mapping)
        if not target:
            return
        environment = (seams.function_credentials(mapping) or {}) | {
            "AWS_REGION": target.split(":")[3],
            "AWS_ENDPOINT_URL": self._identity.endpoint_url,
        }
        record = invocation_record(mapping["FunctionArn"], mapping["EventSourceArn"], discarded, self._clock.time())
        try:
            tell(target, record, environment)
        except (ClientError, BotoCoreError) as refused:
            log.warning("%s was not told of a discarded batch: %s", target, refused)

    def _done(self, mapping: seams.Mapped, last: seams.StreamRecord) -> None:
        age = max(0.0, (self._clock.time() - last.arrived) * 1000)
        statistics = {"SampleCount": 1.0, "Sum": age, "Minimum": age, "Maximum": age}
        name = mapping["FunctionArn"].split(":")[6]
        seams.record_metric("AWS/Lambda", "IteratorAge", {"FunctionName": name}, "Milliseconds", statistics)
