"""Where the parts of captured lines that differ stand, found without cutting the lines.

Most of a captured line is the same in every line of its layout. What differs stands in a few *zones*: the payloads, the
ids, the time. A zone in a JSON string ends at the next quote, mostly as far from its beginning as in the line that the
template was made of, and the longest zone is what is left between the others. So the constants are compared where
they must stand, for all lines at once and without copying them, and only the zones are read further.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture import templates as layouts
from drift_tools.capture.templates import Hole, Layout, NoTemplateError, Template
from drift_tools.tables import Order

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError:  # a Lambda function has no room for it; everything is then read with care
    pa = None

Bytes: TypeAlias = NDArray[np.uint8]
Content: TypeAlias = Any  # whatever has a buffer
Places: TypeAlias = tuple[Order, Order]
_NEWLINE = 10
# So much longer or shorter than the template's a zone may be; the longest may have any length.
_FARTHEST = 64


class NotUniformError(Exception):
    """The lines are not all of the template's kind."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A run of holes and what stands between them. `length`: of the template's line."""

    template: Template
    length: int

    @property
    def hole(self) -> Hole:
        """The first hole, which is the only one but in payloads."""
        return next(piece.hole for piece in self.template.pieces if piece.hole is not None)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The zones of a line, the constants before, between and behind them, and which zone is the longest."""

    zones: tuple[Zone, ...]
    constants: tuple[bytes, ...]
    longest: int

    @classmethod
    def of(cls, layout: Layout, line: bytes, *, ignored: bool) -> "Envelope":
        """Of the line that the layout was made of; strings that nobody reads are zones if they are `ignored`, else
        they are constants. Raises `NoTemplateError` if there is no zone.
        """
        runs: list[list[Hole]] = []
        for hole in (piece.hole for piece in layout.template.pieces if piece.hole is not None):
            if not ignored and not hole.role:
                continue
            if runs and _belong_together(runs[-1][-1], hole, line):
                runs[-1].append(hole)
            else:
                runs.append([hole])
        if not runs:
            raise NoTemplateError
        zones, constants, done = [], [], 0
        for run in runs:
            start, end = run[0].start, run[-1].end
            inside = [replace(hole, start=hole.start - start, end=hole.end - start) for hole in run]
            text = line[start:end]
            template = layouts.UNREAD if not run[0].role else Template.of(text, inside)
            zones.append(Zone(template, len(text)))
            constants.append(line[done:start])
            done = end
        constants.append(line[done:])
        longest = max(range(len(zones)), key=lambda index: zones[index].length)
        return cls(tuple(zones), tuple(constants), longest)

    def locate(self, content: Bytes, starts: Order, ends: Order) -> list[Places]:
        """Where each zone begins and ends in each of the lines. Raises `NotUniformError` if a line has other constants.

        What stands in a zone is not looked at: it may hold a quote, or bytes that are no text.
        """
        if (ends - starts).min() < sum(map(len, self.constants)):
            raise NotUniformError
        _require(self.constants[0], content, starts)
        before: list[Places] = []
        edge = starts + len(self.constants[0])
        for zone, constant in zip(self.zones[: self.longest], self.constants[1:], strict=False):
            end = edge + _lengths(zone, constant, content, edge, is_before=True)
            before.append((edge, end))
            edge = end + len(constant)
            if (edge > ends).any():  # it was found in another line
                raise NotUniformError
        behind: list[Places] = []
        far = ends - len(self.constants[-1])
        _require(self.constants[-1], content, far)
        for index in range(len(self.zones) - 1, self.longest, -1):
            constant = self.constants[index]
            begin = far - _lengths(self.zones[index], constant, content, far, is_before=False)
            behind.append((begin, far))
            far = begin - len(constant)
            if (far < starts).any():
                raise NotUniformError
        if (far < edge).any():
            raise NotUniformError
        return [*before, (edge, far), *reversed(behind)]


def _belong_together(hole: Hole, other: Hole, line: bytes) -> bool:
    """Whether holes are of one payload, or of one string that nobody reads."""
    if not hole.role or not other.role:
        return hole.role == other.role and line[hole.end : other.start] == b","
    payload, _, cell = hole.role.rpartition(" ")
    return bool(cell) and bool(payload) and payload == other.role.rpartition(" ")[0]


def _lengths(zone: Zone, constant: bytes, content: Bytes, edges: Order, *, is_before: bool) -> Order:
    """How long the zone is in each line: behind its edge, and the constant follows (`is_before`: before the longest
    zone), or else before its edge, and the constant precedes. The length nearest to the template's counts; were there
    another, the zone would hold a quote.
    """
    lengths = np.full(len(edges), zone.length)
    nearest, shift = (constant[0], 0) if is_before else (constant[-1], len(constant) - 1)
    places = edges + zone.length if is_before else edges - zone.length - len(constant)
    left = np.flatnonzero(~stand_at(constant, content, places))
    for length in _nearest(zone.length):
        if not len(left):
            return lengths
        places = edges[left] + length if is_before else edges[left] - length - len(constant)
        stands = content.take(places + shift, mode="clip") == nearest
        if not np.count_nonzero(stands):
            continue
        stands[stands] = stand_at(constant, content, places[stands])
        lengths[left[stands]] = length
        left = left[~stands]
    if len(left):
        raise NotUniformError
    return lengths


@lru_cache(maxsize=256)
def _nearest(length: int) -> tuple[int, ...]:
    """Other lengths, the nearest to this one first."""
    others = range(max(0, length - _FARTHEST), length + _FARTHEST + 1)
    return tuple(sorted(others, key=lambda other: abs(other - length))[1:])


def _require(constant: bytes, content: Content, places: Order) -> None:
    if not stand_at(constant, content, places).all():
        raise NotUniformError


def stand_at(constant: bytes, content: Content, places: Order) -> NDArray[np.bool_]:
    """At which of the places, which ascend, the constant stands in the content, before the next place."""
    if not constant or not len(places):
        return np.ones(len(places), dtype=np.bool_)
    if places[0] < 0 or places[-1] > len(content):
        fits = (places >= 0) & (places <= len(content))
        fits[fits] = stand_at(constant, content, places[fits])
        return fits
    # Compared where it stands: each place begins a text that ends at the next one.
    buffers = [None, pa.py_buffer(np.append(places, len(content))), pa.py_buffer(content)]
    texts = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(places), buffers)
    stands: NDArray[np.bool_] = pc.starts_with(texts, constant).to_numpy(zero_copy_only=False)
    return stands


def gathered(content: Content, begins: Order, ends: Order) -> Any:
    """What stands there, as a `pyarrow.BinaryArray`; the places are in order."""
    lengths = ends - begins
    length, last = int(lengths[0]), len(content) - int(lengths[0])
    if not length or (lengths != length).any():
        return _every_other(content, (begins, ends))
    spots = np.ndarray((last + 1,), dtype=f"V{length}", buffer=content, strides=(1,))
    offsets = np.arange(0, length * (len(begins) + 1), length, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(spots[begins])]
    return pa.BinaryArray.from_buffers(pa.binary(), len(begins), buffers)


def gathered_lines(content: Content, begins: Order, ends: Order) -> Any:
    """What stands there, each part with a line break in place of the byte behind it, as a buffer."""
    lines = _every_other(content, (begins, ends + 1))
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[: len(begins) + 1]
    block = lines.buffers()[2]
    np.frombuffer(block, dtype=np.uint8)[offsets[1:] - 1] = _NEWLINE  # it is new, and nobody else's
    return block.slice(0, int(offsets[-1]))


def _every_other(content: Content, borders: Places) -> Any:
    """What stands between each two borders, without what stands between one pair and the next."""
    offsets = np.empty((len(borders[0]), 2), dtype=np.int32)
    offsets[:, 0], offsets[:, 1] = borders
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content)]
    array = pa.BinaryArray.from_buffers(pa.binary(), offsets.size - 1, buffers)
    # pyarrow guesses how long the texts will be, from those in between too. Its own pool would keep what was too much.
    places = np.arange(0, offsets.size, 2, dtype=np.int32)
    # Of an array of numpy's, pyarrow asks pandas whether it is one of its own: 0.2 s to import, where it is installed.
    wanted = pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)])
    return pc.take(array, wanted, memory_pool=pa.system_memory_pool())
