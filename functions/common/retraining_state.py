"""What is known of a stack's retrainings: objects in its bucket, written so that two writers cannot both win."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from contract.retraining import DECISIONS, DECLARED, LAST, LOCK, POINTER, WAITING
from functions.common.aws_clients import error_code
from functions.common.s3_objects import exists, read_json_or_none

_LOST = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
_GONE = frozenset({"NoSuchKey", "404"})


@dataclass(frozen=True)
class State:
    """The objects of one stack."""

    s3: Any
    bucket: str

    def running(self) -> tuple[dict[str, Any], str] | None:
        """What holds the lock, with the object's version; None if nothing does."""
        return self._read(LOCK)

    def take_lock(self, content: Mapping[str, Any], instead_of: str | None = None) -> bool:
        """Hold the lock from now on; False if somebody else was faster. `instead_of`: the version that is replaced."""
        condition = {"IfMatch": instead_of} if instead_of else {"IfNoneMatch": "*"}
        return self._write(LOCK, content, **condition)

    def release_lock(self, execution: str) -> None:
        """Give the lock back if this execution holds it."""
        held = self.running()
        if held is not None and held[0].get("execution") == execution:
            self.s3.delete_object(Bucket=self.bucket, Key=LOCK)

    def last(self) -> dict[str, Any]:
        """How the last execution ended; empty if there was none."""
        found = self._read(LAST)
        return {} if found is None else found[0]

    def pointer(self) -> dict[str, Any]:
        """What the monitors compare with since the last deployment; empty before the first."""
        found = self._read(POINTER)
        return {} if found is None else found[0]

    def declared(self) -> dict[str, str] | None:
        """What the endpoint was declared with; None if nobody has noted it."""
        found = self._read(DECLARED)
        return None if found is None else found[0]

    def decide(self, execution: str, content: Mapping[str, Any]) -> bool:
        """Write down how an execution ended, once; False if that was written before."""
        return self._write(decision_key(execution), content, IfNoneMatch="*")

    def decided(self, execution: str) -> bool:
        """Whether it is written how an execution ended."""
        return exists(self.s3, self.bucket, decision_key(execution))

    def undecide(self, execution: str) -> None:
        """Take back what `decide` wrote: nobody could be told of it."""
        self.s3.delete_object(Bucket=self.bucket, Key=decision_key(execution))

    def write_last(self, content: Mapping[str, Any]) -> None:
        """Write how the last execution ended."""
        self.write(LAST, content)

    def wait_for(self, package: str, content: Mapping[str, Any]) -> None:
        """Remember the task token of a candidate."""
        self.write(waiting_key(package), content)

    def waiting(self, package: str) -> dict[str, Any] | None:
        """What waits for this candidate's approval; None if nothing does."""
        found = self._read(waiting_key(package))
        return None if found is None else found[0]

    def stop_waiting(self, package: str) -> None:
        """Forget the task token."""
        self.s3.delete_object(Bucket=self.bucket, Key=waiting_key(package))

    def write(self, key: str, content: Mapping[str, Any]) -> None:
        """Write an object, whatever is there."""
        self._write(key, content)

    def _read(self, key: str) -> tuple[dict[str, Any], str] | None:
        """An object and its version; None if there is none. In one request: who asked first whether it is there would
        fail where another invocation deletes it in between.
        """
        return read_json_or_none(self.s3, self.bucket, key)

    def _write(self, key: str, content: Mapping[str, Any], **condition: str) -> bool:
        body = json.dumps(content, sort_keys=True).encode()
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", **condition)
        except ClientError as error:
            if condition and error_code(error) in _LOST | _GONE:
                return False
            raise
        return True


def decision_key(execution: str) -> str:
    """The key under which it is written how an execution ended."""
    return f"{DECISIONS}/{execution.rsplit(':', 1)[-1]}.json"


def waiting_key(package: str) -> str:
    """The key of a candidate's task token, by its ARN's group and version."""
    return f"{WAITING}/{package.partition(':model-package/')[2].replace('/', '-')}.json"
