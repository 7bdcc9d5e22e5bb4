"""The Pulumi program of this repository from other scripts: preview, up, refresh, destroy and outputs by environment.

As a command: `python automation.py --help`. From Python:

    import automation

    dev = automation.Environment("dev")
    dev.configure({"engine": "open", "monitoring.data_quality.instance_type": "ml.m5.large"})
    result = dev.up()
    print(result.changes, result.outputs["endpoint_name"])

Every method raises `AutomationError` with one line that says what is wrong and what fixes it; `UnusableError` if
nothing was begun. `Environment(..., progress=Progress(on_step=...))` hears of each step as it ends. It needs the Pulumi
CLI, 3.200 or newer, on the PATH.
"""

import sys

from deployment.__main__ import main
from deployment.cli import Cli
from deployment.errors import AutomationError, UnusableError
from deployment.events import Progress, Step
from deployment.operations import Environment, Result

__all__ = ["AutomationError", "Cli", "Environment", "Progress", "Result", "Step", "UnusableError", "main"]

if __name__ == "__main__":
    sys.exit(main())
