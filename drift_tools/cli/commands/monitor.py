"""`monitor`: run the monitor job on a window of captured data."""

import argparse
from contextlib import ExitStack

from drift_tools.aws import s3_paths
from drift_tools.cli.shared import OK, check_window, keep, say
from drift_tools.job import VIOLATIONS, monitor_captures
from drift_tools.report import activity, console, rows_table, show


def run(options: argparse.Namespace) -> int:
    """Run the monitor job on a window of captured data. Returns the exit status."""
    check_window(options)
    keep(options.baseline, options.output)
    with ExitStack() as stack:
        tell = stack.enter_context(activity())
        tell(f"reading {options.captured}", 0, 0)
        captured = stack.enter_context(s3_paths.local_copy(options.captured))
        baseline = stack.enter_context(s3_paths.local_copy(options.baseline))
        output = stack.enter_context(s3_paths.output_folder(options.output, replaces=(VIOLATIONS,)))
        tell("monitoring", 0, 0)
        share = {} if options.max_unreadable_share is None else {"max_unreadable_share": options.max_unreadable_share}
        result = monitor_captures(captured, baseline, output, start=options.start, end=options.end, **share)
    out = console()
    if result.violations:
        rows = [(violation.subject, violation.check, violation.description.strip()) for violation in result.violations]
        show(out, rows_table(("feature", "check", "what is wrong"), rows))
    say(f"{result.rows:,} rows. {result.message}")
    return OK
