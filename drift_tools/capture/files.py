"""Capture files as blocks of whole lines, plain or gzip, never more than a few blocks in memory."""

import io
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture.limits import EXPANDS, LINE_BYTES, TOO_LONG, UNPACKED_BYTES, UNPACKED_RATIO
from drift_tools.errors import InputError

# Large enough that what is done once a block does not count, small enough that a few of them do not either.
BLOCK_BYTES = 8 << 20
_READ_BYTES = 1 << 18
_MANIFEST_BYTES = 1 << 10
_PAGE_BYTES = 1 << 12
_LINES_BYTES = 1 << 21
_FOLDS = 16
_MOST_FOLDS = 1 / 8
_GZIP = b"\x1f\x8b"
_NEWLINE = 10
# What files may be called in messages, beside captured data.
LABELS = "labels"
DAMAGED = "gzip file is cut short or damaged"


class DamagedError(Exception):
    """A gzip file that cannot, or must not, be unpacked to its end; the message says why."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of one source, `count` of them. `is_last`: the source ends here, perhaps within a line.

    The content is valid until the reader takes its memory for a later block (`blocks_of`, `keep`).
    """

    source: str
    first_line: int
    count: int
    content: memoryview | bytes
    is_last: bool = False
    problem: str | None = None
    """Why its one line was not read: it has no content."""
    ends: NDArray[np.intp] | None = None
    """Where the line breaks are, if they have been looked for."""

    @property
    def ends_in_line(self) -> bool:
        """Whether the last line has no line break."""
        return len(self.content) > 0 and self.content[-1] != _NEWLINE


def capture_files(path: Path, *, what: str = "captured data") -> list[Path]:
    """List the JSON Lines files at a path, in the order of their names, which is the order of time.

    Raises `InputError` if there is none; it says what is there in their place, and calls the files `what`.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    files = files_below(path, (".jsonl", ".jsonl.gz"))
    if not files:
        raise InputError(f"{path}: no {what} (*.jsonl) in this folder: {_what_is_there(path, what)}")
    return files


def _what_is_there(folder: Path, what: str) -> str:
    """What a folder holds in place of captures or labels, and what to do about it."""
    files = files_below(folder, ("",))
    if not files:
        return "it is empty: check the window, the endpoint's name and variant"
    endings = Counter(file.suffix.lower() or file.name for file in files)
    there = ", ".join(f"{count} {ending}" for ending, count in endings.most_common(3))
    advice = "name a folder with the endpoint's captures, or the file itself if it holds JSON Lines"
    if what == LABELS:
        advice = "labels are JSON Lines, which drift_tools ground-truth writes of a CSV: name a folder with those"
    elif any(_is_manifest(file) for file in files if file.suffix.lower() == ".json"):
        advice = "these are manifests of a batch transform, which name its files: give the files themselves as a table"
    elif ".out" in endings:
        advice = "*.out is what a batch transform answered: compare it as a table"
    return f"there are {there}: {advice}"


def _is_manifest(path: Path) -> bool:
    """Whether a file is a manifest as batch transform's capture writes it: `[{"prefix": "s3://…"}, "file", …]`."""
    try:
        with path.open("rb") as file:
            return file.read(_MANIFEST_BYTES).lstrip().replace(b" ", b"").startswith(b'[{"prefix":')
    except OSError:
        return False


def files_below(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """The files whose names end so, in small or capital letters, in the order of their names.

    Raises `InputError` if one of the folders may not be read: its files would be left out without a word.
    """

    def refuse(error: OSError) -> None:
        if isinstance(error, PermissionError):
            raise InputError(f"{error.filename}: this folder may not be read: ask for the permission") from error

    found = (Path(parent, name) for parent, _, names in os.walk(folder, onerror=refuse) for name in names)
    return sorted(file for file in found if file.name.lower().endswith(endings) and file.is_file())


def blocks_of(path: Path, *, block_bytes: int = BLOCK_BYTES, keep: int = 1) -> Iterator[Block]:
    """The blocks of a file; after the last of them `DamagedError` if it is a gzip file that ends early, is damaged, or
    unpacks to more than is reasonable. A line that is too long is a block with a `problem`, without content.

    What was unpacked until there is in the blocks, but for its last line, of which nobody can say whether it is whole.
    The last `keep` blocks that were taken are valid: later ones are read into the memory of earlier ones, because fresh
    memory costs more than reading into it.
    """
    with path.open("rb", buffering=0) as file:
        is_packed = file.read(2) == _GZIP
        file.seek(0)
        source: _Reader = _Gzip(file) if is_packed else _Plain(file)
        buffers = [_room(block_bytes)]
        line, turn = 1, 0
        rest = b""
        while True:
            if turn == len(buffers) and turn < keep:
                buffers.append(_room(block_bytes))
            place = turn % keep
            if len(buffers[place]) < 2 * len(rest):  # a line as long as that
                buffers[place] = _room(max(2 * len(buffers[place]), len(rest)))
            buffer = buffers[place]
            buffer[: len(rest)] = rest
            filled = len(rest) + source.fill(buffer[len(rest) :])
            is_last = filled < len(buffer)
            end = _last_break(buffer[:filled]) + 1 if not is_last or source.is_damaged else filled
            if not end and not is_last:
                if len(buffer) < LINE_BYTES:
                    rest = bytes(buffer)
                    continue
                yield Block(str(path), line, 1, b"", problem=TOO_LONG)
                line += 1
                rest = source.after_line(buffer)
                continue
            if end:
                content = buffer[:end].toreadonly()
                ends = line_ends(content)
                count = len(ends) + (content[-1] != _NEWLINE)
                yield Block(str(path), line, count, content, is_last and not source.is_damaged, ends=ends)
                line += count
                turn += 1
            if is_last:
                break
            rest = bytes(buffer[end:filled])
    if source.is_damaged:
        raise DamagedError(source.damage)


def _room(size: int) -> memoryview:
    """Memory to read into. numpy's is of large pages, and nobody fills it with zeros first.

    It begins where a page does: the kernel copies whole pages, three times as fast into these as next to their begins.
    """
    room = np.empty(size + _PAGE_BYTES, dtype=np.uint8)
    begin = -room.ctypes.data % _PAGE_BYTES
    return room[begin : begin + size].data.cast("B")


def _last_break(content: memoryview) -> int:
    """The place of the last line break; -1 if there is none."""
    length = 1 << 12
    while (place := bytes(content[-length:]).rfind(b"\n")) < 0 and length < len(content):
        length *= 8
    return place if place < 0 else place + max(len(content) - length, 0)


def line_ends(block: memoryview | bytes | NDArray[np.uint8]) -> NDArray[np.intp]:
    """Where the line breaks are."""
    content = np.frombuffer(block, dtype=np.uint8)
    starts = range(0, len(content), _LINES_BYTES)
    return np.concatenate([_breaks(content[at : at + _LINES_BYTES]) + at for at in starts])


def _breaks(content: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The same of a part. It is folded, and only where the smallest byte of a fold may be a line break are its bytes
    looked at one by one.
    """
    width = len(content) // _FOLDS
    folds = content[: width * _FOLDS].reshape(_FOLDS, width)
    columns = np.flatnonzero(np.minimum.reduce(folds, axis=0) <= _NEWLINE)
    if len(columns) > _MOST_FOLDS * width:  # short lines
        return np.flatnonzero(content == _NEWLINE)
    found = np.flatnonzero(folds.take(columns, axis=1) == _NEWLINE)
    rows = found // max(len(columns), 1)
    rest = np.flatnonzero(content[folds.size :] == _NEWLINE) + folds.size
    return np.concatenate([columns[found - rows * len(columns)] + rows * width, rest])


class _Reader:
    """What fills buffers."""

    damage = ""

    @property
    def is_damaged(self) -> bool:
        """Whether nothing more can be had of it, though there is more."""
        return bool(self.damage)

    def after_line(self, buffer: memoryview) -> bytes:
        """What was read behind the next line break, or nothing if there is none; `buffer` is room for it."""
        while filled := self.fill(buffer):
            content = bytes(buffer[:filled])
            end = content.find(b"\n")
            if end >= 0:
                return content[end + 1 :]
        return b""

    def fill(self, buffer: memoryview) -> int:
        """Read until the buffer is full or nothing is left; how many bytes it was."""
        filled = 0
        while filled < len(buffer) and (count := self.some(buffer[filled:])):
            filled += count
        return filled

    def some(self, buffer: memoryview) -> int:
        raise NotImplementedError


class _Plain(_Reader):
    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    def some(self, buffer: memoryview) -> int:
        return self._file.readinto(buffer) or 0


class _Gzip(_Reader):
    """All members of a gzip file."""

    def __init__(self, file: BinaryIO | io.FileIO) -> None:
        self._file = file
        self._unpacker = zlib.decompressobj(wbits=31)
        self._packed = b""
        self._bytes_in, self._bytes_out = 0, 0

    def some(self, buffer: memoryview) -> int:
        while not self.is_damaged:
            if not self._packed:
                self._packed = self._file.read(_READ_BYTES) or b""
                self._bytes_in += len(self._packed)
            if self._unpacker.eof:
                self._packed = self._packed.lstrip(b"\0")  # padding between members is allowed
                if self._packed:
                    self._unpacker = zlib.decompressobj(wbits=31)
            if not self._packed:
                self.damage = "" if self._unpacker.eof else DAMAGED
                break
            try:
                piece = self._unpacker.decompress(self._packed, min(len(buffer), _READ_BYTES))
            except zlib.error:
                self.damage = DAMAGED
                break
            self._bytes_out += len(piece)
            if self._bytes_out > max(UNPACKED_BYTES, UNPACKED_RATIO * self._bytes_in):
                self.damage = EXPANDS
                break
            ended = self._unpacker.eof
            self._packed = self._unpacker.unused_data if ended else self._unpacker.unconsumed_tail
            if piece:
                buffer[: len(piece)] = piece
                return len(piece)
        return 0
