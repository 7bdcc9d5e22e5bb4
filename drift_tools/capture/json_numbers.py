"""JSON payloads that hold nothing but numbers between constants: with blanks for the constants they are CSV."""

import re
from dataclasses import dataclass

import numpy as np

from drift_tools.capture.templates import Template
from drift_tools.capture.zones import Bytes, Content, NotUniformError, stand_at
from drift_tools.tables import JSON_NUMBER, Order, are_json_numbers

_NEWLINE, _SPACE, _COMMA, _LAST_OF_PLAIN = b"\n ,9"
_JSON_NUMBER = re.compile(JSON_NUMBER[1:-1].encode())
# Above this share of numbers with an exponent, strings are made of all of them.
_MOST_EXPONENTS = 0.05


@dataclass(frozen=True, eq=False, slots=True)
class NumbersAlone:
    """Payloads with blanks for what is the same in all lines, and where the numbers begin and end, line by line."""

    content: Bytes
    starts: Order
    ends: Order


def numbers_alone(template: Template, content: Content, count: int) -> NumbersAlone | None:
    """The numbers of payloads; None if there may be more than numbers, as JSON writes them, between constants."""
    every: Bytes = np.array(np.frombuffer(content, dtype=np.uint8))
    width = len(template.pieces)
    borders = np.flatnonzero((every == _COMMA) | (every == _NEWLINE))
    if len(borders) != count * width:
        return None
    ends = borders.reshape(count, width)
    if not (every[ends[:, -1]] == _NEWLINE).all():
        return None
    starts = np.append(0, borders[:-1] + 1).reshape(count, width)
    befores = np.array([len(piece.before) for piece in template.pieces])
    afters = np.array([len(piece.after) for piece in template.pieces])
    inside_starts, inside_ends = starts + befores, ends - afters
    if (inside_starts >= inside_ends).any():
        return None
    for index, piece in enumerate(template.pieces):
        for constant, places in ((piece.before, starts[:, index]), (piece.after, inside_ends[:, index])):
            if constant and not stand_at(constant, every, places).all():
                raise NotUniformError
    for index, piece in enumerate(template.pieces):
        for constant, places in ((piece.before, starts[:, index]), (piece.after, inside_ends[:, index])):
            if constant:
                _blank(every, places, len(constant))
    blanks = count * int(befores.sum() + afters.sum())
    if int(np.count_nonzero(every == _SPACE)) != blanks or not _are_json(every, borders, inside_starts, inside_ends):
        return None
    return NumbersAlone(every, inside_starts.ravel(), inside_ends.ravel())


def _are_json(every: Bytes, borders: Order, starts: Order, ends: Order) -> bool:
    """Whether what stands there are numbers as JSON writes them."""
    spelt = _with_letters(every, borders, starts.ravel(), ends.ravel())
    if spelt is None or not all(map(_JSON_NUMBER.fullmatch, spelt.values())):
        return False
    return are_json_numbers(every, starts.ravel(), ends.ravel())


def _with_letters(every: Bytes, borders: Order, starts: Order, ends: Order) -> dict[int, bytes] | None:
    """The cells that hold more than digits, signs and points, an exponent mostly; None if they are many."""
    cells = np.unique(np.searchsorted(borders, np.flatnonzero(every > _LAST_OF_PLAIN)))
    if len(cells) > _MOST_EXPONENTS * len(borders):
        return None
    return {cell: bytes(every[starts[cell] : ends[cell]]) for cell in cells.tolist()}


def _blank(every: Bytes, places: Order, length: int) -> None:
    spots = np.ndarray((len(every) - length + 1,), dtype=f"V{length}", buffer=every, strides=(1,))
    spots[places] = np.full(length, _SPACE, dtype=np.uint8).view(f"V{length}")[0]
