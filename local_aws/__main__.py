"""`python -m local_aws`: an interruption ends it in one line, from the first import on."""

import sys

from local_aws.interruption import interrupted_afterwards

INTERRUPTED = 130


def main() -> int:
    """Run the command; the exit status."""
    try:
        with interrupted_afterwards():  # boto3 and Pulumi take a second
            from local_aws import command  # noqa: PLC0415
        return command.main()
    except KeyboardInterrupt:
        print("\nlocal_aws: stopped; nothing of it is left", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
