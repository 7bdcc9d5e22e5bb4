"""Ctrl-C while a program loads. Imports nothing but the standard library: it is loaded first."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupted_afterwards() -> Iterator[None]:
    """Hear Ctrl-C at the end, as KeyboardInterrupt: in the midst of loading, extension modules make an ImportError."""
    heard: list[int] = []
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.SIG_IGN:  # a shell that started this in the background wants it so
        yield
        return
    signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if heard:
        raise KeyboardInterrupt
