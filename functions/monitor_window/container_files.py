"""A processing job's inputs and outputs, as SageMaker would bring and fetch them."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from contract.object_keys import is_plain, named
from functions.common.event_fields import BadEventError
from functions.common.s3_objects import list_keys, read_json, split_location, split_uri

_AT_ONCE = 8
_LOCAL_ROOT = "/opt/ml/"


def place(ml_root: Path, local_path: str) -> Path:
    """A path of the container as a path here; BadEventError if it is not below /opt/ml/processing."""
    inside = PurePosixPath(local_path)
    if not local_path.startswith(f"{_LOCAL_ROOT}processing/") or ".." in inside.parts:
        raise BadEventError(f"the job's local path {local_path} does not begin with /opt/ml/processing/")
    return ml_root / inside.relative_to(_LOCAL_ROOT)


class OutOfTimeError(RuntimeError):
    """The files could not be brought in the time that there was."""


def fetch_inputs(s3: Any, job: Mapping[str, Any], ml_root: Path, *, seconds_left: Callable[[], float]) -> int:
    """Bring every input to its place; the number of files. OutOfTimeError if no seconds are left before the last one.

    Otherwise a slow S3 would use up the function's time, and Lambda kill it before it could say so.
    """
    files = [
        (bucket, key, place(ml_root, item["S3Input"]["LocalPath"]) / inside)
        for item in job.get("ProcessingInputs", [])
        for bucket, key, inside in _objects(s3, item["S3Input"])
    ]
    for folder in {target.parent for _, _, target in files}:
        folder.mkdir(parents=True, exist_ok=True)

    def fetch(file: tuple[str, str, Path]) -> None:
        if seconds_left() <= 0:
            raise OutOfTimeError(f"there was no time left to bring all of the job's {len(files)} files")
        bucket, key, path = file
        s3.download_file(bucket, key, str(path))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(fetch, files):
            pass
    return len(files)


def _objects(s3: Any, source: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Bucket, key and path below the input's local path of each of its objects."""
    if source["S3DataType"] == "ManifestFile":
        yield from _manifest(read_json(s3, *split_uri(source["S3Uri"])), source["S3Uri"])
        return
    bucket, prefix = split_location(source["S3Uri"])
    for key in list_keys(s3, bucket, prefix):
        # As SageMaker: of a prefix that is an object's key the file itself, of a folder what is below it.
        inside = key.removeprefix(prefix).lstrip("/") or PurePosixPath(key).name
        if not key.endswith("/") and is_plain(inside):
            yield bucket, key, inside


def _manifest(document: Any, uri: str) -> Iterator[tuple[str, str, str]]:
    try:
        first, *entries = document
        bucket, prefix = split_location(first["prefix"])
        base = f"{prefix}/" if prefix else ""
        odd = [entry for entry in entries if not is_plain(entry)]
        if odd:  # start_monitor lists none
            raise BadEventError(f"{uri} lists keys that cannot be files', such as {', '.join(named(odd))}")
        yield from ((bucket, base + entry, entry) for entry in entries)
    except BadEventError:
        raise
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise BadEventError(
            f'{uri} is no manifest: it must be [{{"prefix": "s3://bucket/prefix/"}}, "key", …]'
        ) from error


def store_outputs(s3: Any, job: Mapping[str, Any], ml_root: Path) -> int:
    """Upload every output; the number of files."""
    files = [
        (path, *split_location(output["S3Output"]["S3Uri"]), path.relative_to(folder).as_posix())
        for output in job["ProcessingOutputConfig"]["Outputs"]
        for folder in [place(ml_root, output["S3Output"]["LocalPath"])]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    for path, bucket, prefix, inside in files:
        s3.upload_file(str(path), bucket, f"{prefix}/{inside}" if prefix else inside)
    return len(files)


def lay_out(job: Mapping[str, Any], ml_root: Path) -> None:
    """The folders and files that SageMaker makes before a job begins."""
    for name in ("config", "output/metrics/cloudwatch", "processing"):
        (ml_root / name).mkdir(parents=True)
    (ml_root / "config/processingjobconfig.json").write_text(json.dumps(job))
    (ml_root / "config/resourceconfig.json").write_text('{"current_host":"algo-1","hosts":["algo-1"]}')
    for output in job["ProcessingOutputConfig"]["Outputs"]:
        place(ml_root, output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
