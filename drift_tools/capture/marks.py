"""Whether texts hold what could end or escape a JSON string: a quote, a backslash or a control character."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture.templates import Template
from drift_tools.capture.zones import Bytes, Content, NotUniformError
from drift_tools.tables import content_of

try:
    import pyarrow as pa
except ImportError:  # a Lambda function has no room for it; everything is then read with care
    pa = None

_SCAN_BYTES = 1 << 19
_SPACE, _QUOTE, _BACKSLASH, _NOT_ASCII = b' "\\\x80'


def has_only_the_templates_marks(template: Template, content: Content, count: int) -> bool:
    """Whether there are as many quotes, backslashes and control characters as the constants of so many lines have: then
    there are none in the holes, which could end or escape a string. All lines must have the constants.
    """
    constants = b",".join(piece.before + piece.after for piece in template.pieces)
    every, backslashes = np.frombuffer(content, dtype=np.uint8), constants.count(b"\\") * count
    # Mostly payloads are of digits, of which no byte is as large as a backslash.
    if (backslashes or int(every.max()) >= _BACKSLASH) and _count(every, _BACKSLASH) != backslashes:
        return False
    low = sum(byte <= _QUOTE for byte in constants)  # blanks too, which holes mostly have none of
    if sum(int(np.count_nonzero(part <= _QUOTE)) for part in _scans(every)) == count * (low + 1):
        return True
    controls = sum(int(np.count_nonzero(part < _SPACE)) for part in _scans(every))
    return controls == count and _count(every, _QUOTE) == constants.count(b'"') * count


def are_strings(content: Content, count: int) -> bool:
    """Whether each of so many lines may stand in a JSON string; False too if more is escaped than quotes."""
    text = bytes(content)
    if not text.count(b'\\"') == text.count(b'"') == text.count(b"\\"):
        return False
    try:
        return all(character >= " " for character in set(text.decode()) - {"\n"}) and text.count(b"\n") == count
    except UnicodeDecodeError:
        return False


def _count(every: Bytes, byte: int) -> int:
    return sum(int(np.count_nonzero(part == byte)) for part in _scans(every))


def plain_texts(array: Any) -> Any:
    """A `pyarrow.BinaryArray` as texts. Raises `NotUniformError` if one has a quote, a backslash or a control
    character, or is no UTF-8.
    """
    every, texts = content_of(array), array.view(pa.string())
    if every.min(initial=_NOT_ASCII) <= _QUOTE and ((every < _SPACE).any() or (every == _QUOTE).any()):
        raise NotUniformError
    if (every == _BACKSLASH).any():
        raise NotUniformError
    if every.max(initial=0) >= _NOT_ASCII:
        try:
            texts.validate(full=True)
        except pa.ArrowInvalid as error:
            raise NotUniformError from error
    return texts


def _scans(content: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The content in parts that the processor's cache holds together with what is made of them."""
    for start in range(0, len(content), _SCAN_BYTES):
        yield content[start : start + _SCAN_BYTES]
