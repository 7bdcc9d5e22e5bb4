"""Several instances and one result: each reads its share of the captures, one merges what they kept of it.

The instances of a processing job have no disk in common, and what they write to their output is in S3 at the job's end
only. They could speak over the network; but in a VPC that takes a security group that lets them, and outside of
SageMaker there are no such host names. S3 they can reach in every job that has captures to read: so each puts its part
below `shards_uri`, where the job's role may write, and the first instance waits until all are there. One that fails
puts its reason there instead.
"""

import gzip
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drift_tools.capture import Counts, Problem
from drift_tools.errors import InputError
from drift_tools.job.container import Job

_SECONDS_BETWEEN_LOOKS = 2.0
# Of the job's time, for what comes after the last part.
_RESERVE = 0.1
_LONGEST_WAIT = 3600.0


def gather(job: Job, shards: tuple[str, str], read: Callable[[], Mapping[str, Any]]) -> list[Mapping[str, Any]] | None:
    """Read this instance's part, and bring all parts together: JSON objects, in the order of the hosts. None on all
    instances but the first, which have handed theirs over, to the bucket and below the prefix of `shards`.

    Raises `InputError` if another instance failed, or has not handed over its part in time.
    """
    exchange = _Exchange(job.client("s3"), *shards)
    if job.is_leader:
        return _collect(exchange, job, read())
    try:
        part = {"part": dict(read())}
    except Exception as error:
        # Whatever it is: the first instance would wait for it in vain.
        kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
        exchange.put(job.host, {"error": f"{kind}{error}"})
        raise
    exchange.put(job.host, part)
    return None


def _collect(exchange: "_Exchange", job: Job, own: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    parts: dict[str, Mapping[str, Any]] = {job.host: own}
    limit = _seconds_to_wait(job)
    started = time.monotonic()
    while missing := [host for host in job.hosts if host not in parts]:
        arrived = exchange.arrived()
        for host in [host for host in missing if host in arrived]:
            document = exchange.get(host)
            if "error" in document:
                raise InputError(f"instance {host} failed: {document['error']}")
            parts[host] = document["part"]
        if len(parts) == len(job.hosts):
            break
        if time.monotonic() - started > limit:
            late = ", ".join(host for host in job.hosts if host not in parts)
            raise InputError(
                f"no part of the captures came from {late} within {limit:.0f} s: its log says why; if it was only "
                "slow, give the job more time or more instances"
            )
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return [parts[host] for host in job.hosts]


def _seconds_to_wait(job: Job) -> float:
    """How long there is until shortly before the platform would end the job without a word of why."""
    limit = (job.configuration.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
    return float(limit) * (1 - _RESERVE) if limit else _LONGEST_WAIT


class _Exchange:
    """A prefix in S3, with one object for each instance."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix

    def _key(self, host: str) -> str:
        return f"{self._prefix}/{host}.json.gz"

    def put(self, host: str, document: Mapping[str, Any]) -> None:
        body = gzip.compress(json.dumps(document, allow_nan=False, separators=(",", ":")).encode(), mtime=0)
        self._client.put_object(Bucket=self._bucket, Key=self._key(host), Body=body, ContentType="application/json")

    def arrived(self) -> set[str]:
        # By listing: of an object that is not there yet, S3 tells a role that may not list the whole bucket "denied".
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{self._prefix}/")
        names = [item["Key"].rpartition("/")[2] for page in pages for item in page.get("Contents", [])]
        return {name.removesuffix(".json.gz") for name in names}

    def get(self, host: str) -> Mapping[str, Any]:
        body = self._client.get_object(Bucket=self._bucket, Key=self._key(host))["Body"].read()
        document: Mapping[str, Any] = json.loads(gzip.decompress(body))
        return document


def counts_to_dict(counts: Counts) -> dict[str, Any]:
    """Counts as a JSON object."""
    return {
        "rows": counts.rows,
        "read": counts.read,
        "used": counts.used,
        "skipped": dict(counts.skipped),
        "outside": counts.outside,
        "problems": [[problem.reason, problem.source, problem.line] for problem in counts.problems],
    }


def counts_from_dict(document: Mapping[str, Any]) -> Counts:
    """What `counts_to_dict` wrote."""
    problems: Sequence[Sequence[Any]] = document["problems"]
    return Counts(**{**document, "problems": tuple(Problem(*problem) for problem in problems)})
