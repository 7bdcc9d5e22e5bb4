"""Which captured files a window has: its own hours', and those of earlier hours that came too late for their run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.objects import ListedObject, list_folders, list_objects, split_location
from window import hour_path

_SUFFIXES = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class Found:
    """Captured files below a place, by the hour in which they were captured."""

    files: tuple[ListedObject, ...]

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(file.size for file in self.files)

    @property
    def keys(self) -> tuple[str, ...]:
        """Their keys, in order."""
        return tuple(file.key for file in self.files)


def captured(s3: Any, captured_uri: str, endpoint: str, variants: Iterable[str], hours: Iterable[datetime]) -> Found:
    """The captures of `variants` in `hours`."""
    bucket, prefix = split_location(captured_uri)
    paths = [hour_path(hour) for hour in hours]
    return Found(
        tuple(
            item
            for variant in variants
            for path in paths
            for item in _json_lines(s3, bucket, _join(prefix, endpoint, variant, path) + "/")
        )
    )


def labels(s3: Any, ground_truth_uri: str, hours: Iterable[datetime]) -> Found:
    """Files of labels that were put into `hours`."""
    bucket, prefix = split_location(ground_truth_uri)
    return Found(
        tuple(item for hour in hours for item in _json_lines(s3, bucket, _join(prefix, hour_path(hour)) + "/"))
    )


def other_variants(s3: Any, captured_uri: str, endpoint: str, variants: Iterable[str]) -> tuple[str, ...]:
    """Variants (shadow ones too) that capture and are not looked at."""
    bucket, prefix = split_location(captured_uri)
    return tuple(sorted(set(list_folders(s3, bucket, _join(prefix, endpoint) + "/")) - set(variants)))


def _json_lines(s3: Any, bucket: str, prefix: str) -> Iterator[ListedObject]:
    # An empty object is a file that is still being written, or a console's "folder"; the next run will see it whole.
    return (item for item in list_objects(s3, bucket, prefix) if item.size > 0 and item.key.endswith(_SUFFIXES))


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
