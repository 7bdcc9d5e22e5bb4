"""Which captured files a window has: its own hours', and those of earlier hours that came too late for their run."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from contract.bucket_layout import hour_folder
from contract.object_keys import is_plain
from functions.common.s3_objects import ListedObject, list_folders, list_objects, split_location

_HOUR_PARTS = 4  # yyyy/mm/dd/hh
_SUFFIXES = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class Found:
    """Captured files below a place, by the hour in which they were captured."""

    files: tuple[ListedObject, ...]
    odd_keys: tuple[str, ...] = ()
    """Of objects that would be captures, had they a key that can be a file's: these are left where they are."""
    other_forms: tuple[str, ...] = ()
    """Keys of objects that lie where labels do, and are no JSON Lines: nobody can read them."""

    @classmethod
    def of(cls, listed: Iterable[ListedObject]) -> "Found":
        """What can be taken of what is there."""
        files, odd, other = [], [], []
        for item in listed:
            if not item.key.endswith(_SUFFIXES):
                other.append(item.key)
            elif is_plain(item.key):
                files.append(item)
            else:
                odd.append(item.key)
        return cls(tuple(files), tuple(odd), tuple(other))

    def without(self, keys: Collection[str]) -> "Found":
        """The same without the files of these keys."""
        return replace(self, files=tuple(file for file in self.files if file.key not in keys))

    def replaced(self, taken: Mapping[str, float]) -> tuple[ListedObject, ...]:
        """The files that were written again after they were taken; `taken`: when, in seconds, by key."""
        return tuple(file for file in self.files if file.modified > taken.get(file.key, math.inf))

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(file.size for file in self.files)

    @property
    def keys(self) -> tuple[str, ...]:
        """Their keys, in order."""
        return tuple(file.key for file in self.files)


def captured(s3: Any, captured_uri: str, endpoint: str, variants: Iterable[str], hours: Iterable[datetime]) -> Found:
    """The captures of `variants` in `hours`; keys are relative to `captured_uri`."""
    paths = {hour_folder(hour) for hour in hours}
    listed = (item for variant in variants for item in _objects(s3, captured_uri, f"{endpoint}/{variant}/", paths))
    return Found.of(item for item in listed if item.key.endswith(_SUFFIXES))


def labels(s3: Any, ground_truth_uri: str, hours: Iterable[datetime]) -> Found:
    """Files of labels that were put into `hours`; keys are relative to `ground_truth_uri`."""
    return Found.of(_objects(s3, ground_truth_uri, "", {hour_folder(hour) for hour in hours}))


def other_variants(s3: Any, captured_uri: str, endpoint: str, variants: Iterable[str]) -> tuple[str, ...]:
    """Variants (shadow ones too) that capture and are not looked at."""
    bucket, prefix = split_location(captured_uri)
    return tuple(sorted(set(list_folders(s3, bucket, _join(prefix, endpoint) + "/")) - set(variants)))


def manifest_input(name: str, uri: str, path: str, distribution: str = "FullyReplicated") -> Mapping[str, Any]:
    """The files of the manifest at `uri` as an input of a run, which has them at `path`."""
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": path,
            "S3DataType": "ManifestFile",
            "S3InputMode": "File",
            "S3DataDistributionType": distribution,
            "S3CompressionType": "None",
        },
    }


def _objects(s3: Any, uri: str, folder: str, hours: Collection[str]) -> Iterator[ListedObject]:
    """Objects of `hours` (paths) in a folder below `uri`, with keys relative to `uri`."""
    bucket, prefix = split_location(uri)
    base = f"{prefix}/" if prefix else ""
    for day, wanted in groupby(sorted(hours), key=lambda hour: hour.rpartition("/")[0]):
        first, *more = wanted
        last = more[-1] if more else first
        # A listing brings a thousand keys, and its call is the same for none: several hours of a day are one, from the
        # first to the last. Of an endpoint that captures every second a day is eighty pages, an hour three or four.
        below, after = (day, f"{base}{folder}{first}") if more else (first, "")
        for item in list_objects(s3, bucket, f"{base}{folder}{below}/", after=after):
            key = item.key.removeprefix(base)
            if key > f"{folder}{last}/" and not key.startswith(f"{folder}{last}/"):
                break
            hour = "/".join(key.removeprefix(folder).split("/")[:_HOUR_PARTS])
            # An empty object is a file that is still being written, or a console's "folder"; the next run will see it
            # whole.
            if hour in hours and item.size > 0:
                yield replace(item, key=key)


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
