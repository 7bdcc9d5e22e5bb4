"""Reading small JSON objects from S3, and saying plainly why one cannot be read."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.common.aws_clients import error_code

# The functions have 256 to 512 MB; parsed JSON takes about ten times its size.
MAX_JSON_BYTES = 8 * 1024 * 1024


class UnreadableError(Exception):
    """An object could not be read; the text says which and why, in words for a person."""


class DamagedError(UnreadableError):
    """An object could be read, and is not what it should be."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://bucket/key` URI; ValueError if it is none."""
    match = re.fullmatch(r"s3://([^/]+)/(.+)", uri)
    if match is None:
        raise ValueError(f"{uri!r} is not of the form s3://bucket/key")
    return match[1], match[2]


def split_location(uri: str) -> tuple[str, str]:
    """Bucket and prefix of an `s3://bucket` or `s3://bucket/prefix` URI; ValueError if it is none."""
    match = re.fullmatch(r"s3://([^/]+)(?:/(.*?))?/?", uri)
    if match is None:
        raise ValueError(f"{uri!r} is not of the form s3://bucket/prefix")
    return match[1], match[2] or ""


@dataclass(frozen=True)
class ListedObject:
    """An object as a listing has it; `size` in bytes, `modified` in seconds since the epoch."""

    key: str
    size: int
    modified: float = 0.0
    etag: str = ""


def list_objects(s3: Any, bucket: str, prefix: str, *, after: str = "") -> Iterator[ListedObject]:
    """All objects below `prefix`, in their order, beginning after the key `after`.

    UnreadableError if the bucket cannot be listed.
    """
    for page in _pages(s3, bucket, prefix, **({"StartAfter": after} if after else {})):
        for item in page.get("Contents", []):
            modified = item["LastModified"].timestamp()
            yield ListedObject(item["Key"], int(item["Size"]), modified, item.get("ETag", ""))


def list_keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """The keys of all objects below `prefix`, in their order; UnreadableError if the bucket cannot be listed."""
    for item in list_objects(s3, bucket, prefix):
        yield item.key


def list_folders(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """Names of the folders right below `prefix` (which ends in a slash); UnreadableError as for `list_objects`."""
    for page in _pages(s3, bucket, prefix, Delimiter="/"):
        for item in page.get("CommonPrefixes", []):
            yield item["Prefix"].removeprefix(prefix).rstrip("/")


def _pages(s3: Any, bucket: str, prefix: str, **options: str) -> Iterator[Any]:
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix, **options}
    while True:
        try:
            page = s3.list_objects_v2(**request)
        except (ClientError, BotoCoreError) as error:
            raise UnreadableError(f"s3://{bucket}/{prefix} cannot be listed ({error_code(error)})") from error
        yield page
        if not page.get("IsTruncated"):
            return
        request["ContinuationToken"] = page["NextContinuationToken"]


def exists(s3: Any, bucket: str, key: str) -> bool:
    """Whether there is such an object.

    Asks the listing rather than the object: to a role whose s3:ListBucket is limited by prefix, GetObject and
    HeadObject of a missing key say 403, which is not to be told from a missing permission.
    """
    return key in list_keys(s3, bucket, key)


_MISSING = frozenset({"NoSuchKey", "404", "AccessDenied", "403"})


def get_or_none(s3: Any, bucket: str, key: str, *, max_bytes: int) -> tuple[str, bytes] | None:
    """An object's ETag and content; None if there is none. UnreadableError if it is forbidden or larger."""
    where = f"s3://{bucket}/{key}"
    try:
        answer = _get(s3, bucket, key)
        data: bytes = answer["Body"].read(max_bytes + 1) if answer else b""
    except (ClientError, BotoCoreError) as error:
        raise UnreadableError(f"{where} cannot be read ({error_code(error)})") from error
    if answer is None:
        return None
    if len(data) > max_bytes:
        raise UnreadableError(f"{where} is larger than {max_bytes // 1024**2} MB, too large to read here")
    return str(answer["ETag"]), data


def _get(s3: Any, bucket: str, key: str) -> Any:
    try:
        return s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) not in _MISSING:
            raise
    # What is missing and what is forbidden have one answer (see `exists`).
    if not exists(s3, bucket, key):
        return None
    return s3.get_object(Bucket=bucket, Key=key)  # forbidden still, or written by another invocation since


def read_json(s3: Any, bucket: str, key: str, *, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """The parsed object. UnreadableError if it is missing, forbidden, larger than `max_bytes` or no JSON."""
    where = f"s3://{bucket}/{key}"
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        data = body.read(max_bytes + 1)
    except (ClientError, BotoCoreError) as error:
        raise UnreadableError(f"{where} cannot be read ({error_code(error)})") from error
    if len(data) > max_bytes:
        raise UnreadableError(f"{where} is larger than {max_bytes // 1024**2} MB, too large to read here")
    return _parsed(data, where)


def read_json_or_none(s3: Any, bucket: str, key: str) -> tuple[Any, str] | None:
    """The parsed object and its ETag; None if there is none, also if it goes in the moment in which it is read.

    UnreadableError if it is forbidden, too large or no JSON.
    """
    found = get_or_none(s3, bucket, key, max_bytes=MAX_JSON_BYTES)
    if found is None:
        return None
    etag, data = found
    return _parsed(data, f"s3://{bucket}/{key}"), etag


def _parsed(data: bytes, where: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{where} is no valid JSON ({error})") from error
