"""Where files are: a path may be a local file, a local folder or an `s3://bucket/key` URI, and everything else works
on local paths.

boto3 is imported when the first `s3://` URI is met, so local work neither pays for it nor needs credentials. The
endpoint, the region and the credentials come from the environment (`AWS_ENDPOINT_URL`, `AWS_DEFAULT_REGION`, ...), as
for every AWS tool.
"""

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from contract.object_keys import is_plain, named
from drift_tools.errors import InputError

_LOGGER = logging.getLogger("drift_tools.aws")
_TRANSFERS = 8

OnBytes = Callable[[int, int], None]  # called with the bytes that are here and all that will be


@dataclass(frozen=True)
class S3Uri:
    """The two parts of `s3://bucket/key`; the key of a whole bucket is empty."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "S3Uri":
        """Split a URI. Raises InputError when there is no bucket in it."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if not bucket:
            raise InputError(f"{uri}: no bucket is named; write s3://bucket/key")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def is_s3(path: str | os.PathLike[str]) -> bool:
    """Whether the path is an `s3://` URI."""
    return str(path).startswith("s3://")


def s3_client() -> Any:
    """A boto3 S3 client with room for the transfers that run at the same time."""
    return aws_client("s3", max_pool_connections=_TRANSFERS)


def aws_client(service: str, **config: Any) -> Any:
    """A boto3 client from the environment; a missing region or set-up is a InputError of one line."""
    import boto3  # noqa: PLC0415 - local work must not pay for it (0.2 s)
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        return boto3.client(service, config=Config(**config))
    except (BotoCoreError, ValueError) as error:
        raise InputError(
            f"{service}: {one_line(error)}; set AWS_DEFAULT_REGION and credentials, as for the AWS CLI"
        ) from error


def join(base: str | os.PathLike[str], *parts: str) -> str:
    """`base` and `parts` with one slash between them; `s3://` URIs keep their two.

    >>> join("s3://bucket/", "captured-data", "/endpoint/")
    's3://bucket/captured-data/endpoint'
    """
    return "/".join([str(base).rstrip("/"), *(part.strip("/") for part in parts)])


@contextmanager
def local_copy(path: str | os.PathLike[str], *, client: Any = None, on_bytes: OnBytes | None = None) -> Iterator[Path]:
    """The path itself if it is local, else a temporary copy of the object, or of everything under the prefix.

    `on_bytes` is called while objects are copied, from any thread. Raises InputError when nothing is there.
    """
    if not is_s3(path):
        local = Path(path)
        if not local.exists():
            raise InputError(f"{path}: no such file or folder; check the path")
        yield local
        return
    with tempfile.TemporaryDirectory(prefix="drift-tools-") as folder:
        copy = download(str(path), Path(folder), client=client, on_bytes=on_bytes)
        try:
            yield copy
        except InputError as error:  # people know the URI, and not where its copy was
            raise InputError(str(error).replace(str(copy), str(path))) from error


def download(uri: str, into: Path, *, client: Any = None, on_bytes: OnBytes | None = None) -> Path:
    """Copy the object, or everything under the prefix, below `into`; returns the file or the folder.

    Names below the prefix are kept. Keys that are no file below a folder (`..` leads out of it) are left where they
    are, and a line of the log says how many and which: whoever may write captures chooses their keys. Raises InputError
    when nothing else is there or access is refused.
    """
    source = S3Uri.parse(uri)
    s3 = client or s3_client()
    with _aws_errors(uri):
        sizes = _sizes(source, s3)
        if source.key in sizes:
            target = into / PurePosixPath(source.key).name
            _download_all(s3, source.bucket, {source.key: target}, {source.key: sizes[source.key]}, on_bytes)
            return target
        prefix = f"{source.key.rstrip('/')}/" if source.key else ""
        below = {key: size for key, size in sizes.items() if key.startswith(prefix) and not key.endswith("/")}
        if not below:
            raise InputError(f"{uri}: no object has this key or lies under it; check the bucket and the prefix")
        targets = {key: into / name for key in below if is_plain(name := key.removeprefix(prefix))}
        odd = [key for key in below if key not in targets]
        said = f"{len(odd)} keys are no files below a folder (a name `..`, say): {', '.join(named(odd))}"
        if not targets:
            raise InputError(f"{uri}: its {said}; rename the objects")
        if odd:
            _LOGGER.warning("%s: %s; they are left out", uri, said)
        for target in targets.values():
            target.parent.mkdir(parents=True, exist_ok=True)
        _download_all(s3, source.bucket, targets, {key: below[key] for key in targets}, on_bytes)
    return into


def _download_all(
    s3: Any, bucket: str, targets: dict[str, Path], sizes: dict[str, int], on_bytes: OnBytes | None
) -> None:
    here, total, lock = 0, sum(sizes.values()), threading.Lock()

    def arrived(count: int) -> None:
        nonlocal here
        with lock:
            here += count
        if on_bytes:
            on_bytes(here, total)

    with ThreadPoolExecutor(_TRANSFERS) as pool:
        try:
            jobs = [
                pool.submit(s3.download_file, bucket, key, str(target), Callback=arrived)
                for key, target in targets.items()
            ]
            for job in jobs:
                job.result()
        finally:  # the first error, or Ctrl-C, and nothing more is fetched
            pool.shutdown(wait=False, cancel_futures=True)


def _sizes(source: S3Uri, s3: Any) -> dict[str, int]:
    """The objects whose keys begin with the URI's key, with their sizes in bytes, sorted as S3 sorts them."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=source.bucket, Prefix=source.key)
    return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}


def list_keys(source: S3Uri, *, client: Any = None) -> list[str]:
    """All keys that begin with the URI's key, sorted as S3 sorts them."""
    return list(_sizes(source, client or s3_client()))


def write_text(path: str | os.PathLike[str], text: str, *, client: Any = None) -> None:
    """Write UTF-8 text to a local file (folders are made) or to an S3 object."""
    write_parts(path, [text], client=client)


def write_parts(path: str | os.PathLike[str], parts: Iterable[str], *, client: Any = None) -> None:
    """As write_text, from parts, without holding all of them in memory. A failure leaves no half-written local file
    behind.
    """
    if is_s3(path):
        with tempfile.TemporaryDirectory(prefix="drift-tools-") as folder:
            local = Path(folder) / "upload"
            _write_local(local, parts)
            _upload(local, str(path), client=client)
        return
    target = Path(path)
    try:
        if (
            target.exists() and not target.is_file()
        ):  # a pipe or a device: written as it is; a folder is refused by open()
            _write_local(target, parts)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        try:
            _write_local(partial, parts)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another path") from error


def _write_local(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)


def _upload(file: Path, uri: str, *, client: Any = None) -> None:
    target = S3Uri.parse(uri)
    if not target.key or target.key.endswith("/"):
        raise InputError(f"{uri}: names a folder; name the object to write as well")
    with _aws_errors(uri):
        (client or s3_client()).upload_file(str(file), target.bucket, target.key)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise InputError if it is plain that no file can be written there, so that nobody waits for work in vain."""
    if is_s3(path):
        S3Uri.parse(str(path))
        return
    target = Path(path)
    if target.is_dir():
        raise InputError(f"{path}: is a folder and cannot be written (as a file); name a file in it")
    parent = next((folder for folder in target.absolute().parents if folder.exists()), Path("/"))
    place = target if target.exists() else parent
    if not parent.is_dir() or not os.access(place, os.W_OK):
        raise InputError(f"{path}: cannot be written ({place} is not writable); choose another path")


@contextmanager
def output_folder(path: str | os.PathLike[str], *, client: Any = None, replaces: Sequence[str] = ()) -> Iterator[Path]:
    """A temporary folder to write to, whose files go to `path` (a folder or an `s3://` prefix) when the block ends
    without an error: what is interrupted leaves nothing half-written. Other files that are there stay, but for those
    named in `replaces`: one of an earlier run goes if this run has none.
    """
    if is_s3(path):
        with tempfile.TemporaryDirectory(prefix="drift-tools-") as name:
            yield Path(name)
            for file in _files_below(Path(name)):
                _upload(file, join(path, file.relative_to(name).as_posix()), client=client)
            _delete([join(path, old) for old in replaces if not (Path(name) / old).exists()], client=client)
        return
    target = Path(path)
    try:
        made = [folder for folder in (target, *target.parents) if not folder.exists()]
        target.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=target))
    except OSError as error:
        raise InputError(f"{path}: cannot be made a folder ({error.strerror or error}); choose another path") from error
    try:
        yield partial
        for old in replaces:
            if not (partial / old).exists():
                (target / old).unlink(missing_ok=True)
        for file in _files_below(partial):
            final = target / file.relative_to(partial)
            final.parent.mkdir(parents=True, exist_ok=True)
            file.replace(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        for folder in made:  # what was made for nothing goes again
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _delete(uris: Iterable[str], *, client: Any) -> None:
    """Delete objects, where they are: who only writes new ones needs no permission to delete."""
    for uri in uris:
        source = S3Uri.parse(uri)
        with _aws_errors(uri):
            s3 = client or s3_client()
            if source.key in _sizes(source, s3):
                s3.delete_object(Bucket=source.bucket, Key=source.key)


def _files_below(folder: Path) -> list[Path]:
    return sorted(item for item in folder.rglob("*") if item.is_file())


@contextmanager
def _aws_errors(uri: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error  # noqa: PLC0415 - see aws_client
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise InputError(f"{uri}: {one_line(error)}; check the name, the credentials and AWS_ENDPOINT_URL") from error


def one_line(error: BaseException) -> str:
    """An exception's message on one line; its type where it has no message."""
    return " ".join(str(error).split()) or type(error).__name__
