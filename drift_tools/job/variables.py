"""The value of one variable of a job's environment. None for one that is not set; InputError names it and the fix."""

from datetime import UTC, datetime
from typing import Final

from drift_tools.errors import InputError

_SWITCH: Final = {"enabled": True, "disabled": False}


def required(name: str, text: str | None) -> str:
    """Return the value of a variable that a job cannot do without. Raises `InputError` if it is not set."""
    if text is None:
        raise InputError(f"the environment variable {name} is not set: see the monitor's container contract")
    return text


def names(text: str | None) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def switch(name: str, text: str | None) -> bool:
    """Read a switch that is on unless it is off; what is neither is refused, and turns nothing off."""
    if text is not None and text.lower() not in _SWITCH:
        raise InputError(f"{name} is {text!r}: give Enabled or Disabled")
    return text is None or _SWITCH[text.lower()]


def number(name: str, text: str | None, what: str = "a number") -> float | None:
    """`what`: how the error says what to give."""
    try:
        return None if text is None else float(text)
    except ValueError as error:
        raise InputError(f"{name} is {text!r}: give {what}") from error


def moment(name: str, text: str | None) -> datetime | None:
    """A time; without a zone it is in UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{name} is {text!r}: give an ISO 8601 time such as 2026-01-31T12:00:00Z") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def place(name: str, uri: str | None) -> tuple[str, str] | None:
    """Bucket and prefix."""
    if uri is None:
        return None
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not prefix:
        raise InputError(f"{name} is {uri!r}: give a place such as s3://bucket/prefix")
    return bucket, prefix.rstrip("/")
