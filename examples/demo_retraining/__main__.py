"""`make demo-retraining`: an interruption ends it in one line, from the first import on."""

import signal
import sys

from local_aws.interruption import interrupted_afterwards

INTERRUPTED = 130


def _terminated(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run the demo; the exit status."""
    try:
        with interrupted_afterwards():
            from examples.demo_retraining import program  # noqa: PLC0415

        signal.signal(signal.SIGTERM, _terminated)
        return program.main()
    except KeyboardInterrupt:
        print("\nstopped; the embedded AWS and everything in it are gone", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
