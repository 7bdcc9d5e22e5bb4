"""Texts that occur once in all rows of both sides, told by their hashes: a table of a million texts takes ten times as
long as sorting as many numbers.

Equal texts have equal hashes; texts whose hash is not the only one of its kind are left to whoever counts texts
themselves, so that two texts with one hash are never taken for the same.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Words: TypeAlias = NDArray[np.uint64]
# Rows that are hashed at once, so that what is made of them stays in the processor's cache.
_ROWS: Final = 1 << 15
_SAMPLE: Final = 1000
# Above, so many rows share their text with others that all may as well be counted.
_MOST_SHARED: Final = 0.05
_WORD: Final = 8
# Candidates for each of the first texts that are no trouble to sort.
_MANY: Final = 16
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
# A word's bytes that belong to a text of which so many are left.
_KEPT = np.array([(1 << (8 * left)) - 1 for left in range(_WORD + 1)], dtype=np.uint64)


class Texts(NamedTuple):
    """An Arrow array of strings, and the first eight bytes of each as a number that is in the order of the texts."""

    array: Any
    beginnings: _Words


class Divided(NamedTuple):
    """A side's texts: `single` ones, which no other row of either side has, and all `others` (Arrow's arrays)."""

    single: list[Texts]
    others: list[Any]


def divided(first: Any, second: Any) -> tuple[Divided, Divided] | None:
    """The texts of both sides (Arrow's chunked columns of strings, none missing); None if many of them are shared."""
    sides = [_chunks(side) for side in (first, second)]
    if any(map(_repeats, sides)):
        return None
    hashes = np.empty(sum(len(chunk) for side in sides for chunk in side), dtype=np.uint64)
    texts, place = [], 0
    for chunk in (chunk for side in sides for chunk in side):
        texts.append(_hashed(chunk, hashes[place : place + len(chunk)]))
        place += len(chunk)
    shared = _shared(hashes)
    if shared is None:
        return None
    border = len(sides[0])
    return _divide(texts[:border], shared), _divide(texts[border:], shared)


def smallest(texts: Sequence[Texts], count: int) -> Any:
    """The `count` first of texts no two of which are equal, in order, as one Arrow array."""
    import pyarrow as pa  # noqa: PLC0415 - optional, and there, since these are its arrays
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    some = [part.array.take(pa.array(_candidates(part, count))) for part in texts]
    together = pa.concat_arrays(some) if some else pa.array([], type=pa.string())
    return together.take(pc.sort_indices(together)[:count])


def _chunks(texts: Any) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    # A copy is needed only where the texts are not one after the other in memory.
    plain = texts if texts.type in (pa.string(), pa.large_string()) else texts.cast(pa.large_string())
    return [chunk for chunk in getattr(plain, "chunks", [plain]) if len(chunk)]


def _repeats(chunks: Sequence[Any]) -> bool:
    """Whether some of the texts, from all over the column, show that many occur again."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    rows = sum(map(len, chunks))
    step = rows // _SAMPLE + 1
    some = [chunk.take(pa.array(np.arange(0, len(chunk), step))) for chunk in chunks]
    seen = sum(map(len, some))
    return bool(pc.count_distinct(pa.chunked_array(some)).as_py() < (1 - _MOST_SHARED) * seen) if seen else True


def _shared(hashes: _Words) -> _Words | None:
    """The hashes that come more than once, in order; None if many rows have one of them."""
    hashes.sort()
    again = hashes[1:] == hashes[:-1]
    if np.count_nonzero(again) > _MOST_SHARED * len(hashes):
        return None
    return np.unique(hashes[1:][again])


def _divide(side: Sequence[Texts], shared: _Words) -> Divided:
    import pyarrow as pa  # noqa: PLC0415 - as above

    if not len(shared):
        return Divided(list(side), [])
    single, others = [], []
    for array, beginnings in side:
        _hashed(array, hashes := np.empty(len(array), dtype=np.uint64))
        places = np.minimum(np.searchsorted(shared, hashes), len(shared) - 1)
        is_shared = shared[places] == hashes
        single.append(Texts(array.filter(pa.array(~is_shared)), beginnings[~is_shared]))
        others.append(array.filter(pa.array(is_shared)))
    return Divided(single, others)


def _hashed(array: Any, hashes: _Words) -> Texts:
    """The texts of an Arrow array; `hashes` becomes a hash of each."""
    offsets, content = bytes_of(array)
    beginnings = np.empty(len(array), dtype=np.uint64)
    for start in range(0, len(array), _ROWS):
        part = hashes[start : start + _ROWS]
        words, starts, lengths = _words(offsets[start : start + len(part) + 1], content)
        first = _word(words, starts, lengths)
        np.copyto(beginnings[start : start + _ROWS], first.byteswap())
        np.multiply(lengths, _FIRST, out=part, dtype=np.uint64, casting="unsafe")
        part ^= first
        _mix(part)
        longest, shortest = int(lengths.max()), int(lengths.min())
        for place in range(_WORD, longest, _WORD):
            if place < shortest:
                part ^= _word(words, starts + place, lengths - place)
                _mix(part)
            else:
                rows = np.flatnonzero(lengths > place)
                some = part[rows] ^ _word(words, starts[rows] + place, lengths[rows] - place)
                _mix(some)
                part[rows] = some
    return Texts(array, beginnings)


def bytes_of(array: Any) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Where each text begins, and the last one ends, in the bytes of them all; and these."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    _, positions, content = array.buffers()
    kind = np.int64 if pa.types.is_large_string(array.type) else np.int32
    offsets = np.frombuffer(positions, dtype=kind)[array.offset : array.offset + len(array) + 1]
    return offsets, np.frombuffer(b"" if content is None else content, dtype=np.uint8)


def _words(
    offsets: NDArray[Any], content: NDArray[np.uint8]
) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]:
    """Eight bytes from each place on, where each text begins among these places, and how long it is."""
    base, end = int(offsets[0]), int(offsets[-1])
    places = np.subtract(offsets, base, dtype=np.intp)
    room = np.empty(end - base + _WORD, dtype=np.uint8)
    room[:-_WORD], room[-_WORD:] = content[base:end], 0
    # As bytes, since numbers are taken one by one where they do not stand at multiples of eight.
    words = np.ndarray((len(room) - _WORD + 1,), dtype="S8", buffer=room, strides=(1,))
    return words, places[:-1], np.diff(places)


def _word(words: NDArray[Any], starts: NDArray[np.intp], left: NDArray[np.intp]) -> _Words:
    """The eight bytes from each start on, of which `left` are the text's own; the others are zero."""
    found: _Words = words.take(starts).view("<u8")
    if left.min(initial=_WORD) < _WORD:
        found &= _KEPT.take(left, mode="clip")
    return found


def _mix(hashes: _Words) -> None:
    """Spread each bit; what is alike all the same is looked at as text."""
    hashes *= _SECOND
    hashes ^= hashes >> _HALF


def _candidates(texts: Texts, count: int) -> NDArray[np.intp]:
    """Rows among which the `count` first texts are, not many more than these."""
    keys = texts.beginnings
    if len(keys) <= count:
        return np.arange(len(keys))
    some = keys[:: len(keys) // (_MANY * count) + 1]
    if len(some) < len(keys):  # a limit that surely lies behind the last of them, if the texts begin in many ways
        limit = np.partition(some, place := 2 * count * len(some) // len(keys))[place]
        rows = np.flatnonzero(keys <= limit)
        if count <= len(rows) <= _MANY * count:
            return rows
    return _by_word(texts, count)


def _by_word(texts: Texts, count: int) -> NDArray[np.intp]:
    """The same, eight bytes at a time, as long as they leave it open which the first texts are."""
    offsets, content = bytes_of(texts.array)
    lengths = np.diff(offsets)
    rows, keys, chosen, place = np.arange(len(lengths)), texts.beginnings, [np.empty(0, dtype=np.intp)], 0
    while True:
        last = np.partition(keys, count - 1)[count - 1]
        below = keys < last
        chosen.append(rows[below])
        count -= int(np.count_nonzero(below))
        rows, place = rows[keys == last], place + _WORD
        if len(rows) <= count or not (lengths[rows] > place).any():
            return np.concatenate([*chosen, rows])
        keys = _keys(offsets, content, rows, place)


def _keys(offsets: NDArray[Any], content: NDArray[np.uint8], rows: NDArray[np.intp], place: int) -> _Words:
    """Eight bytes of each of these rows (in order) from `place` on, as numbers that are in the order of the texts."""
    parts = []
    for start in range(0, len(offsets) - 1, _ROWS):
        begin, end = np.searchsorted(rows, (start, start + _ROWS))
        if begin < end:
            words, starts, lengths = _words(offsets[start : start + _ROWS + 1], content)
            own = rows[begin:end] - start
            left = np.maximum(lengths[own] - place, 0)
            parts.append(_word(words, np.where(left > 0, starts[own] + place, 0), left).byteswap())
    return np.concatenate(parts)
