"""Doing something once though the event that asks for it comes twice, and never zero times though the doer may die.

A marker object in S3, made by a conditional write, says who is at work. Its life:

    (none) --acquire--> in-progress --finish--> done
                         |       ^
                         release |  acquire (released, or its lease has run out)
                         v       |
                        released-+

Every lease writes a word of its own into the marker. S3's answer to the write may get lost, and the client, which sends
it again, then hears that there is a marker already: its own. The invocation's id would not do, since Lambda's retries
have the same one.

A holder's lease outlives its Lambda invocation, so a holder whose lease has run out is dead for certain. The one gap
is inherent: one who dies between publishing and marking leaves a marker that says in-progress, and the message goes out
a second time. Twice is better than never.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from contract.bucket_layout import SMALL_WINDOWS_FOLDER
from functions.common.aws_clients import error_code

IN_PROGRESS, DONE, RELEASED = "in-progress", "done", "released"
# S3's answers to a conditional write that lost: the condition did not hold; another write was under way; it is gone.
_LOST = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey", "404"})
# A turn is given up after a tenth of a second or so: whoever waits looks again soon, and then ever less often.
_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.05, 0.4


def small_window_key(state_prefix: str, endpoint: str, job: str) -> str:
    """Key of the marker of a run that a function does in place of the processing job `job`."""
    return "/".join(part for part in (state_prefix, SMALL_WINDOWS_FOLDER, endpoint, f"{job}.json") if part)


class StillInProgressError(RuntimeError):
    """Another delivery holds the marker and has not finished within this invocation's time. To be retried later."""


@dataclass(frozen=True)
class Clock:
    """Time as the function sees it, in seconds; a test gives its own."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Lease:
    """The right to act on a marker; `etag` is the version of the marker that this lease wrote, `nonce` its own word.

    `taken_over` is True if somebody had it before and died without a word.
    """

    key: str
    etag: str
    nonce: str
    taken_over: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    """What whoever had it before has noted."""


@dataclass(frozen=True)
class _Found:
    """A marker as it lies there."""

    state: str
    lease_ends: float
    nonce: str | None
    etag: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class IdempotencyStore:
    """The markers below a prefix of a bucket, on behalf of one invocation.

    `owner` is named in the markers for whoever reads them. `deadline` (seconds since the epoch) is when the invocation
    is killed at the latest; leases end then, with some allowance for clocks that differ.
    """

    s3: Any
    bucket: str
    owner: str
    deadline: float
    clock: Clock = Clock()

    _ALLOWANCE_SECONDS = 5.0
    _RESERVE_SECONDS = 3.0

    def acquire(self, key: str) -> Lease | None:
        """The right to act, or None if it is done already.

        Waits for another holder to finish. Raises StillInProgressError when this invocation's time runs out before, and
        AWS's own error when the marker can be neither written nor read.
        """
        nonce = uuid.uuid4().hex
        taken_over = False
        pause = _FIRST_POLL_SECONDS
        while True:
            etag = self._write(key, IN_PROGRESS, nonce, condition={"IfNoneMatch": "*"})
            if etag is not None:
                return Lease(key, etag, nonce)
            found = self._read(key)
            if found is None:
                continue  # it went away after the write that met it
            if found.state == DONE:
                return None
            if found.nonce == nonce:
                # A write of this lease did hold; its answer was lost.
                return Lease(key, found.etag, nonce, taken_over, found.facts)
            if found.state == RELEASED or found.lease_ends <= self.clock.now():
                taken_over = found.state == IN_PROGRESS
                etag = self._write(key, IN_PROGRESS, nonce, condition={"IfMatch": found.etag}, facts=found.facts)
                if etag is not None:
                    return Lease(key, etag, nonce, taken_over, found.facts)
            if self.clock.now() + pause > self.deadline - self._RESERVE_SECONDS:
                raise StillInProgressError(f"another delivery is at work on {key}")
            self.clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_POLL_SECONDS)

    def note(self, lease: Lease, facts: Mapping[str, str]) -> Lease:
        """Keeps facts for whoever may have to take over; the lease from now on.

        Raises StillInProgressError if it has run out and another delivery has its own.
        """
        noted = {**lease.facts, **facts}
        etag = self._write(lease.key, IN_PROGRESS, lease.nonce, condition={"IfMatch": lease.etag}, facts=noted)
        if etag is None:
            raise StillInProgressError(f"another delivery has taken over {lease.key}")
        return replace(lease, etag=etag, facts=noted)

    def finish(self, lease: Lease, facts: Mapping[str, str]) -> None:
        """Marks it done, for good; `facts` are kept in the marker."""
        self._write(lease.key, DONE, lease.nonce, condition={"IfMatch": lease.etag}, facts=facts)

    def release(self, lease: Lease, facts: Mapping[str, str]) -> None:
        """Gives the right back after a failure, so that a retry need not wait for the lease to end."""
        kept = {**lease.facts, **facts}
        self._write(lease.key, RELEASED, lease.nonce, condition={"IfMatch": lease.etag}, facts=kept)

    def _write(
        self, key: str, state: str, nonce: str, *, condition: Mapping[str, str], facts: Mapping[str, str] | None = None
    ) -> str | None:
        """The new object's ETag, or None if the condition did not hold."""
        marker = {
            "state": state,
            "owner": self.owner,
            "nonce": nonce,
            "lease_ends": self.deadline + self._ALLOWANCE_SECONDS,
            "facts": dict(facts or {}),
        }
        try:
            answer = self.s3.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=json.dumps(marker).encode(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error_code(error) in _LOST:
                return None
            raise
        return str(answer["ETag"])

    def _read(self, key: str) -> _Found | None:
        """None if there is no such marker. One that is no JSON counts as released."""
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error_code(error) in ("NoSuchKey", "404"):
                return None
            raise
        etag = str(answer["ETag"])
        try:
            marker = json.loads(answer["Body"].read())
            facts = {str(name): str(value) for name, value in marker.get("facts", {}).items()}
            return _Found(str(marker["state"]), float(marker["lease_ends"]), marker.get("nonce"), etag, facts)
        except (ValueError, KeyError, TypeError, AttributeError):
            return _Found(RELEASED, 0.0, None, etag, {})
