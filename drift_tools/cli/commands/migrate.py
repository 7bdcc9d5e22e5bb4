"""`migrate`: print the settings that a Model Monitor schedule has here."""

import argparse
import sys

from drift_tools.aws import aws_client, s3_paths
from drift_tools.cli.shared import OK
from drift_tools.endpoint import migrate


def run(options: argparse.Namespace) -> int:
    """Print the settings that a Model Monitor schedule has here. Returns the exit status."""
    if options.output:
        s3_paths.check_writable(options.output)
    text = migrate(options.schedule, aws_client("sagemaker")).to_yaml()
    if options.output:
        s3_paths.write_text(options.output, text)
    else:
        sys.stdout.write(text)
    return OK
