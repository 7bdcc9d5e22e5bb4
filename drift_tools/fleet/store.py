"""Where results are: a folder, or a prefix in S3. Names are relative to it, with slashes."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from drift_tools.aws import one_line, s3_paths
from drift_tools.errors import InputError

_AT_ONCE: Final = 32


class Store(Protocol):
    """A place with objects in it."""

    @property
    def where(self) -> str:
        """The place, as people gave it."""

    def names(self, prefix: str = "") -> list[str]:
        """All names that begin with `prefix` (a folder's, or none), sorted."""

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents of these, in their order."""

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write objects, each whole or not at all."""

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on this machine."""

    path: Path

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.path)

    def names(self, prefix: str = "") -> list[str]:
        """All files below it."""
        start = self.path / prefix
        return sorted(
            (Path(folder) / file).relative_to(self.path).as_posix()
            for folder, _, files in os.walk(start)
            for file in files
            if not file.startswith(".")
        )

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents of files."""
        for name in names:
            yield (self.path / name).read_bytes()

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write files."""
        for name, content in contents.items():
            target = self.path / name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                part = target.with_name(f".{target.name}.part")
                part.write_bytes(content)
                part.replace(target)
            except OSError as error:
                raise InputError(f"{target}: cannot be written ({error.strerror}): name another place") from error

    def delete(self, names: Sequence[str]) -> None:
        """Delete files."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix in S3."""

    uri: s3_paths.S3Uri
    client: Any

    @property
    def where(self) -> str:
        """The URI."""
        return str(self.uri)

    def _key(self, name: str) -> str:
        return f"{self.uri.key.rstrip('/')}/{name}" if self.uri.key else name

    def names(self, prefix: str = "") -> list[str]:
        """All keys below it."""
        base = self._key("")
        with _errors(self.where):
            keys = s3_paths.list_keys(s3_paths.S3Uri(self.uri.bucket, self._key(prefix)), client=self.client)
        return [key.removeprefix(base) for key in keys if not key.endswith("/")]

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents of objects, many at a time."""

        def get(name: str) -> bytes:
            answer: bytes = self.client.get_object(Bucket=self.uri.bucket, Key=self._key(name))["Body"].read()
            return answer

        with _errors(self.where), ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(get, names)

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write objects, many at a time."""

        def put(item: tuple[str, bytes]) -> None:
            self.client.put_object(
                Bucket=self.uri.bucket, Key=self._key(item[0]), Body=item[1], ContentType="application/json"
            )

        with _errors(self.where), ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(put, contents.items()))

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects, a thousand at a time."""
        with _errors(self.where):
            for first in range(0, len(names), 1000):
                keys = [{"Key": self._key(name)} for name in names[first : first + 1000]]
                answer = self.client.delete_objects(Bucket=self.uri.bucket, Delete={"Objects": keys, "Quiet": True})
                for problem in answer.get("Errors", ())[:1]:
                    raise InputError(
                        f"s3://{self.uri.bucket}/{problem['Key']}: {problem['Code']}: allow s3:DeleteObject"
                    )


def open_store(place: str, *, client: Any = None, must_exist: bool = True) -> Store:
    """The store at a folder or an `s3://` URI. Raises `InputError` for a folder that is not there."""
    if s3_paths.is_s3(place):
        return Prefix(s3_paths.S3Uri.parse(place), client or s3_paths.s3_client())
    path = Path(place)
    if must_exist and not path.is_dir():
        raise InputError(f"{place}: no such folder; name a folder of results or of their tables, or an s3:// URI")
    return Folder(path)


@contextmanager
def _errors(where: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 is optional

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"{where}: {one_line(error)}; check the name and the credentials") from error
