"""One JSON object a line on standard output, which Lambda forwards to the function's log group."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def log(level: str, message: str, **fields: Any) -> None:
    """Writes one log line. `fields` are names, counts and reasons; payload data does not belong in logs."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    line = {"timestamp": f"{moment}Z", "level": level, "message": message, **fields}
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


def attempt(what: str, action: Callable[[], object], **fields: Any) -> bool:
    """Do one of several things of which none may keep the others from being done; a failure is logged as `what`."""
    try:
        action()
    except Exception as problem:
        log("ERROR", what, problem=f"{type(problem).__name__}: {problem}", **fields)
        return False
    return True
