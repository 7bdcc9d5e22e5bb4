"""Values of arguments: parsed, or refused with the reason, before anything is read."""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any


def place(text: str) -> str:
    """Take where to write; nothing is no place."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; name where to write")
    return text


def moment(text: str) -> datetime:
    """Parse an ISO 8601 time; one without a zone is of UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 2026-01-31T12:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def whole(text: str) -> int:
    """Parse a whole number, 0 or more."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def positive(text: str) -> float:
    """Parse a number above 0."""
    value = _float(text)
    if value == float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not finite")
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0")
    return value


def probability(text: str) -> float:
    """Parse a number between 0 and 1, neither of them."""
    value = _float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return value


Named = tuple[str, Any]


def named(value: Callable[[str], Any]) -> Callable[[str], Named]:
    """FEATURE=VALUE; the feature's name may hold equals signs, the value may not."""

    def parse(text: str) -> Named:
        name, equals, rest = text.rpartition("=")
        if not equals or not name:
            raise argparse.ArgumentTypeError(f"{text!r} is not FEATURE=VALUE")
        return name, value(rest)

    return parse


def kind(text: str) -> str:
    """Parse the kind of a feature."""
    if text not in ("numerical", "categorical"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither numerical nor categorical")
    return text


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def width(text: str) -> timedelta:
    """Parse the width of a window: 15m, 1h, 1d, 1w."""
    short = text.removesuffix("in") if text.endswith("min") else text  # `15min` is how `compare_windows` spells it
    unit = _UNITS.get(short[-1:])
    try:
        width = timedelta(**{unit: float(short[:-1])}) if unit else timedelta(0)
    except (ValueError, OverflowError):
        width = timedelta(0)
    if width <= timedelta(0):
        raise argparse.ArgumentTypeError(f"{text!r} is no width of a window; write 15m, 1h, 1d or 1w")
    return width


def delimiter(text: str) -> str:
    r"""Parse a delimiter: one character, `tab`, or one by its code, `\x01`."""
    character = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if re.fullmatch(r"\\x[0-9a-fA-F]{2}", text):
        character = chr(int(text[2:], 16))
    if len(character) != 1 or character in '"\r\n':
        raise argparse.ArgumentTypeError(f"{text!r} is no delimiter; give one character, such as ';'")
    return character


def share(text: str) -> float:
    """Parse a number from 0 to 1."""
    value = _float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return value


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
