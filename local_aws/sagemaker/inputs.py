"""The inputs of a processing job: which objects an instance gets, and where they go.

Source: API reference, ProcessingS3Input: `S3Prefix` is every object below a prefix, `ManifestFile` an object that lists
`[{"prefix": "s3://bucket/some/prefix/"}, "relative/key", ...]`, of which the relative keys are kept below the local
path. `ShardedByS3Key` gives every instance its share of the objects; how AWS deals them out is not published: here in
turn, in the order of the keys or of the manifest.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws import clients


class InputFailed(Exception):  # noqa: N818 - the name of what happened
    """An input that cannot be had; the message is its reason."""


@dataclass(frozen=True)
class Share:
    """Which instance of how many; the first is 0."""

    index: int
    of: int


@dataclass(frozen=True)
class _Object:
    bucket: str
    key: str
    path: str  # below the local path


def fetch(item: Mapping[str, Any], s3: Any, directory: Path, share: Share) -> None:
    """Copy what an instance gets of a ProcessingInput into a directory."""
    name, source = item["InputName"], item.get("S3Input")
    if source is None:
        raise InputFailed(f"the input {name} has no S3Input; other sources are not supported here")
    if source.get("S3InputMode", "File") != "File":
        raise InputFailed(f"the input {name} has S3InputMode {source['S3InputMode']}; only File works here")
    if source.get("S3CompressionType", "None") != "None":
        raise InputFailed(f"the input {name} has S3CompressionType {source['S3CompressionType']}; only None works here")
    found = _listed(source, s3) if source["S3DataType"] == "ManifestFile" else _below(source["S3Uri"], s3)
    if not found:
        raise InputFailed(
            "Data download failed:Failed to download data. No S3 objects found under S3 URL "
            f'"{source["S3Uri"]}" given in input data source. Please ensure that the bucket exists in the selected '
            'region, that objects exist under that S3 prefix, and that the role has "s3:ListBucket" permissions'
        )
    if source.get("S3DataDistributionType") == "ShardedByS3Key":
        found = found[share.index :: share.of]
    directory.mkdir(parents=True, exist_ok=True)
    for wanted in found:
        path = (directory / wanted.path).resolve()
        if not path.is_relative_to(directory.resolve()):
            raise InputFailed(f"the key {wanted.key!r} would be written outside of the input's path")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket=wanted.bucket, Key=wanted.key)["Body"].read())


def _below(uri: str, s3: Any) -> list[_Object]:
    """What is at or under a URI. An object of exactly this key keeps its base name, others the rest of it."""
    bucket, prefix = clients.split_uri(uri)
    folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    return [
        _Object(bucket, key, key.removeprefix(folder) if key.startswith(folder) else key.rpartition("/")[2])
        for key in clients.list_keys(s3, uri)
        if not key.endswith("/")
    ]


def _listed(source: Mapping[str, Any], s3: Any) -> list[_Object]:
    """What a manifest lists."""
    bucket, key = clients.split_uri(source["S3Uri"])
    try:
        manifest = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        (prefix, *names) = manifest
        root, below = clients.split_uri(prefix["prefix"])
        well_formed = prefix["prefix"].startswith("s3://") and all(isinstance(name, str) and name for name in names)
    except (ValueError, TypeError, KeyError) as error:
        raise InputFailed(f"the manifest {source['S3Uri']} cannot be read: {error!r}") from error
    if not well_formed:
        raise InputFailed(f'the manifest {source["S3Uri"]} is not [{{"prefix": "s3://bucket/prefix/"}}, "key", ...]')
    return [_Object(root, below + name, name) for name in names]
