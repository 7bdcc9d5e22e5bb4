"""boto3 clients with which the embedded AWS's own parts act under a role, through the front door."""

import functools
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session

from local_aws.launcher import client_config

# One session for all: it keeps the service models that it has loaded, which is most of the time that a client takes.
_session = botocore.session.Session()
_lock = threading.Lock()


# What a client needs of `Identity.session`'s environment variables.
_VARIABLES = (
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
_KEPT = 32  # sessions of jobs and schedules are soon over


def client(service: str, environment: Mapping[str, str]) -> Any:
    """A client with the credentials, region and endpoint of `Identity.session`'s environment variables."""
    return _client(service, *(environment[name] for name in _VARIABLES))


@functools.lru_cache(_KEPT)  # ten milliseconds to make one, and an endpoint's captures are written every second
def _client(service: str, region: str, endpoint: str, *keys: str) -> Any:
    access_key, secret_key, token = keys
    with _lock:
        return _session.create_client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=token,
            config=client_config(),
        )


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://bucket/key` URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def list_keys(s3: Any, uri: str) -> list[str]:
    """The keys of all objects whose key begins with the URI's."""
    bucket, prefix = split_uri(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def upload(s3: Any, directory: Path, uri: str, **settings: str) -> int:
    """Copy a directory's files to a URI; returns the number of files. A symbolic link is refused, as on SageMaker.

    `settings` are further parameters of PutObject.
    """
    bucket, prefix = split_uri(uri)
    count = 0
    for path in sorted(directory.rglob("*")):
        if path.is_symlink():
            raise ValueError(f"{path.relative_to(directory)} is a symbolic link; outputs may have none")
        if path.is_file():
            key = "/".join(part for part in (prefix.rstrip("/"), path.relative_to(directory).as_posix()) if part)
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), **settings)
            count += 1
    return count
