"""Bytes that are read several times: of a large file they are never held as a whole."""

import io
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from drift_tools.errors import InputError


class Content(Protocol):
    """What a file holds."""

    def opened(self, at: int = 0) -> BinaryIO:
        """A stream of it from byte `at` on, which is nobody else's."""

    def forget(self) -> None:
        """Let go what is as large as the content, where it can be had again; it is still there for who asks."""


class HeldContent:
    """Bytes in memory; `again` makes them once more, so that they can be let go."""

    def __init__(self, content: bytes, again: Callable[[], bytes] | None = None) -> None:
        self._content: bytes | None = content
        self._again = again

    def opened(self, at: int = 0) -> BinaryIO:
        """As `Content` says."""
        content = self._content
        if content is None:
            if self._again is None:
                raise ValueError("content that was let go and cannot be made again")
            content = self._again()
        return cast(BinaryIO, io.BufferedReader(_Places(memoryview(content), at)))

    def forget(self) -> None:
        """As `Content` says."""
        if self._again is not None:
            self._content = None


class FileContent:
    """A file, which is read again also when its name is gone by then (a copy of an object of S3).

    Reading it again raises `InputError` if it has changed in between. `skip`: bytes in front that are none of it.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.skip = path, 0
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        self._before = os.fstat(self._descriptor)

    @property
    def size(self) -> int:
        """Its size in bytes, as it is on the disk."""
        return self._before.st_size

    def opened(self, at: int = 0) -> BinaryIO:
        """As `Content` says."""
        now = os.fstat(self._descriptor)
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            raise InputError(f"{self._path}: has changed since it was read: run this again once nobody writes to it")
        return cast(BinaryIO, io.BufferedReader(_Places(self, self.skip + at)))

    def read_at(self, place: int, most: int) -> bytes:
        """Read at most so many bytes from this place on, whoever else reads."""
        return os.pread(self._descriptor, most, place)

    def forget(self) -> None:
        """As `Content` says: nothing is held."""


class _Places(io.RawIOBase):
    """A stream over a file or over memory, with a place of its own."""

    def __init__(self, source: FileContent | memoryview, place: int) -> None:
        self._source, self._place = source, place

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as there is something."""
        if isinstance(self._source, memoryview):
            part: bytes | memoryview = self._source[self._place : self._place + len(buffer)]
        else:
            part = self._source.read_at(self._place, len(buffer))
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)
