"""Waiting for what happens elsewhere: a condition, a limit, and a plain word on what did not come."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PAUSE_SECONDS = 0.05


class DemoError(RuntimeError):
    """The demo cannot go on; one line that says what was expected and what was seen."""


def wait_until(what: str, ask: Callable[[], T | None], *, seconds: float = 30.0) -> T:
    """The first answer of `ask` that is not None. Raises DemoError after `seconds`."""
    limit = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer is not None:
            return answer
        if time.monotonic() > limit:
            raise DemoError(f"waited {seconds:g} s for {what}, which did not come")
        time.sleep(_PAUSE_SECONDS)
