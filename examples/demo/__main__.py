"""`make demo`: an interruption ends it in one line, from the first import on."""

import gc
import signal
import sys

from local_aws.interruption import interrupted_afterwards

INTERRUPTED = 130


def _terminated(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run the demo; the exit status."""
    # As in the program, which says why (__main__.py of the repository): here it is a tenth of the time.
    gc.disable()
    try:
        with interrupted_afterwards():  # Pulumi takes a second, in which people see that they are in the wrong folder
            from examples.demo import program  # noqa: PLC0415

        gc.freeze()
        gc.set_threshold(max(100_000, gc.get_threshold()[0]))
        gc.enable()
        signal.signal(signal.SIGTERM, _terminated)
        return program.main()
    except KeyboardInterrupt:
        print("\nstopped; the embedded AWS and everything in it are gone", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
