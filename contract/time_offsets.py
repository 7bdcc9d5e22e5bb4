"""Time as schedules count it."""

import re
from datetime import timedelta
from typing import Final

HOURS_PER_YEAR: Final = 8760  # 365 days
OFFSET_PATTERN: Final = r"-P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?)?"


def parse_offset(text: str) -> timedelta:
    """A duration back in time as Model Monitor writes it, `-P1D` or `-PT6H`, as a negative timedelta.

    Raises
    ------
    ValueError
        For anything else.
    """
    match = re.fullmatch(OFFSET_PATTERN, text)
    if match is None:
        raise ValueError(f"{text!r} is no offset: write -P1D, -PT6H or -PT0H")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return -timedelta(days=days, hours=hours, minutes=minutes)
