"""Where the parts of captured lines that differ stand, found without cutting the lines.

Most of a captured line is the same in every line of its layout. What differs stands in a few *zones*: the payloads, the
ids, the time. A zone in a JSON string ends at the next quote, mostly as far from its beginning as in the line that the
template was made of, and the longest zone is what is left between the others. So the constants are compared where
they must stand, for all lines at once, and only the zones are read further.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture import templates as layouts
from drift_tools.capture.templates import Hole, Layout, NoTemplateError, Template
from drift_tools.tables import Order

Bytes: TypeAlias = NDArray[np.uint8]
Places: TypeAlias = tuple[Order, Order]
_NEWLINE, _QUOTE = 10, 34
# A zone of another length than the template's is followed so many characters; the longest may have any length.
_FARTHEST = 64
# So many bytes next to a zone tell whether it may be as long as the template's; one word of the processor.
_WORD = 8
_AT_ONCE = 1 << 12


class NotUniformError(Exception):
    """The lines are not all of the template's kind."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A run of holes and what stands between them. `length`, `quotes`: of the template's line."""

    template: Template
    length: int
    quotes: int

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
            zones.append(Zone(template, len(text), text.count(b'"')))
            constants.append(line[done:start])
            done = end
        constants.append(line[done:])
        longest = max(range(len(zones)), key=lambda index: zones[index].length)
        return cls(tuple(zones), tuple(constants), longest)

    def locate(self, content: Bytes, starts: Order, ends: Order) -> list[Places]:
        """Where each zone begins and ends in each of the lines. Raises `NotUniformError` if a line has other constants.

        What stands in a zone is not looked at: it may hold a quote, or end the line.
        """
        # A few lines at a time, which the processor's cache holds while their constants are looked at one by one.
        parts = [
            self._locate(content, starts[at : at + _AT_ONCE], ends[at : at + _AT_ONCE])
            for at in range(0, len(starts), _AT_ONCE)
        ]
        return [
            (np.concatenate([begins for begins, _ in zone]), np.concatenate([ends for _, ends in zone]))
            for zone in zip(*parts, strict=True)
        ]

    def _locate(self, content: Bytes, starts: Order, ends: Order) -> list[Places]:
        if (ends - starts).min() < sum(map(len, self.constants)):
            raise NotUniformError
        _require(self.constants[0], content, starts)
        before: list[Places] = []
        edge = starts + len(self.constants[0])
        for zone, constant in zip(self.zones[: self.longest], self.constants[1:], strict=False):
            end = _ends(zone, constant, content, edge, ends)
            before.append((edge, end))
            edge = end + len(constant)
        behind: list[Places] = []
        far = ends - len(self.constants[-1])
        _require(self.constants[-1], content, far)
        for index in range(len(self.zones) - 1, self.longest, -1):
            constant = self.constants[index]
            begin = _begins(self.zones[index], constant, content, far, starts)
            behind.append((begin, far))
            far = begin - len(constant)
        if (far < edge).any():
            raise NotUniformError
        return [*before, (edge, far), *reversed(behind)]


def _belong_together(hole: Hole, other: Hole, line: bytes) -> bool:
    """Whether holes are of one payload, or of one string that nobody reads."""
    if not hole.role or not other.role:
        return hole.role == other.role and line[hole.end : other.start] == b","
    payload, _, cell = hole.role.rpartition(" ")
    return bool(cell) and bool(payload) and payload == other.role.rpartition(" ")[0]


def _ends(zone: Zone, constant: bytes, content: Bytes, begins: Order, limits: Order) -> Order:
    """Where zones end that begin there, and `constant` follows."""
    lead = constant.find(b'"')
    ends = begins + zone.length
    others = np.flatnonzero(~stand_at(constant[:_WORD], content, ends))
    if len(others):
        ends[others] = _walked(content, begins[others], 1, zone.quotes, lead) - lead
    _require(constant, content, ends)
    if (ends < begins).any() or (ends + len(constant) > limits).any():
        raise NotUniformError
    return ends


def _begins(zone: Zone, constant: bytes, content: Bytes, ends: Order, limits: Order) -> Order:
    """Where zones begin that end there, and `constant` precedes."""
    last = constant.rfind(b'"')
    begins = ends - zone.length
    near = constant[-_WORD:]
    others = np.flatnonzero(~stand_at(near, content, begins - len(near)))
    if len(others):
        begins[others] = _walked(content, ends[others] - 1, -1, zone.quotes, last) + len(constant) - last
    _require(constant, content, begins - len(constant))
    if (begins > ends).any() or (begins - len(constant) < limits).any():
        raise NotUniformError
    return begins


def _walked(content: Bytes, places: Order, step: int, quotes: int, place_in_constant: int) -> Order:
    """The first quote from each place on, but for so many that the zone has itself."""
    if place_in_constant < 0:
        raise NotUniformError  # the constant has none, at which the zone would end
    places = places.copy()
    seen = np.zeros(len(places), dtype=np.intp)
    left = np.arange(len(places))
    for _ in range(_FARTHEST):
        now = places[left]
        if now.min() < 0 or now.max() >= len(content):
            raise NotUniformError
        seen[left] += content[now] == _QUOTE
        left = left[seen[left] <= quotes]
        if not len(left):
            return places
        places[left] += step
    raise NotUniformError


def _require(constant: bytes, content: Bytes, places: Order) -> None:
    if not stand_at(constant, content, places).all():
        raise NotUniformError


def stand_at(constant: bytes, content: Bytes, places: Order) -> NDArray[np.bool_]:
    """At which of the places the constant stands in the content."""
    length, last = len(constant), len(content) - len(constant)
    if not length or not len(places):
        return np.ones(len(places), dtype=np.bool_)
    if places.min() < 0 or places.max() > last:
        fits = (places >= 0) & (places <= last)
        fits[fits] = stand_at(constant, content, places[fits])
        return fits
    # Whole words of the processor, and then the last one, which may overlap with the one before.
    whole = length // _WORD * _WORD or length
    stands = _are_there(constant[:whole], content, places)
    if whole < length:
        stands &= _are_there(constant[-_WORD:], content, places + (length - _WORD))
    return stands


def _are_there(constant: bytes, content: Bytes, places: Order) -> NDArray[np.bool_]:
    """The same, of a constant that fits."""
    length, unit = len(constant), np.uint64 if len(constant) % _WORD == 0 else np.uint8
    spots = np.ndarray((len(content) - length + 1,), dtype=f"V{length}", buffer=content, strides=(1,))
    found = spots[places].view(unit)
    same = found == np.frombuffer(constant * len(places), dtype=unit)
    if same.all():
        return np.ones(len(places), dtype=np.bool_)
    stand: NDArray[np.bool_] = same if len(same) == len(places) else same.reshape(len(places), -1).all(axis=1)
    return stand


def gathered(content: Any, begins: Order, ends: Order) -> Any:
    """What stands there, as a `pyarrow.BinaryArray`; the places are in order."""
    import pyarrow as pa  # noqa: PLC0415 - optional: the careful reader works without it

    lengths = ends - begins
    length, last = int(lengths[0]), len(content) - int(lengths[0])
    if not length or (lengths != length).any():
        return _every_other(pa, content, (begins, ends))
    spots = np.ndarray((last + 1,), dtype=f"V{length}", buffer=content, strides=(1,))
    offsets = np.arange(0, length * (len(begins) + 1), length, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(spots[begins])]
    return pa.BinaryArray.from_buffers(pa.binary(), len(begins), buffers)


def gathered_lines(content: Any, begins: Order, ends: Order) -> Any:
    """What stands there, each part with a line break in place of the byte behind it, as a buffer."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    lines = _every_other(pa, content, (begins, ends + 1))
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[: len(begins) + 1]
    block = lines.buffers()[2]
    np.frombuffer(block, dtype=np.uint8)[offsets[1:] - 1] = _NEWLINE  # it is new, and nobody else's
    return block.slice(0, int(offsets[-1]))


def _every_other(pa: Any, content: Any, borders: Places) -> Any:
    offsets = np.column_stack(borders).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content)]
    array = pa.BinaryArray.from_buffers(pa.binary(), offsets.size - 1, buffers)
    return array.take(pa.array(np.arange(0, offsets.size, 2, dtype=np.int32)))
