"""`make demo`: an interruption ends it in one line, from the first import on."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hear Ctrl-C at the end: in the midst of loading, extension modules make an ImportError of it."""
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


def _terminated(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run the demo; the exit status."""
    try:
        with _uninterrupted():  # Pulumi takes a second, in which people see that they are in the wrong folder
            from examples.demo import program  # noqa: PLC0415

        signal.signal(signal.SIGTERM, _terminated)
        return program.main()
    except KeyboardInterrupt:
        print("\nstopped; the embedded AWS and everything in it are gone", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
