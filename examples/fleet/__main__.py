"""`make demo-fleet`."""

import sys

from local_aws.interruption import interrupted_afterwards

INTERRUPTED = 130


def main() -> int:
    """Run the demo; the exit status."""
    try:
        with interrupted_afterwards():
            from examples.fleet import program  # noqa: PLC0415 - Pulumi takes a second

        return program.main()
    except KeyboardInterrupt:
        print("\nstopped; the embedded AWS and everything in it are gone", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
