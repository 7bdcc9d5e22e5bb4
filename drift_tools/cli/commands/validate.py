"""`validate`: ask a deployed stack whether it works."""

import argparse
import json
from contextlib import suppress

from drift_tools.cli.shared import DRIFT, OK, say
from drift_tools.endpoint import Check, all_ok, read_outputs, validate_stack
from drift_tools.report import activity, console, mark, plain_table, show


def run(options: argparse.Namespace) -> int:
    """Ask a deployed stack whether it works. Returns the exit status."""
    outputs = read_outputs(options.outputs)
    with activity() as tell:
        tell("asking the stack", 0, 0)
        answered: list[Check] = []

        def answer(check: Check) -> None:
            answered.append(check)
            tell(f"asking the stack; {check.name}: {'ok' if check.ok else 'failed'}", len(answered), 0)

        checks = validate_stack(outputs, publish=not options.no_publish, on_check=answer)
    if options.format == "json":
        say(json.dumps([{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks], indent=2))
    else:
        table = plain_table("step", "result", "detail")
        for check in checks:
            table.add_row(check.name, mark(check.ok), check.detail)
        with suppress(BrokenPipeError):
            show(console(), table)
    return OK if all_ok(checks) else DRIFT
