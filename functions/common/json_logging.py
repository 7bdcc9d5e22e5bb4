"""One JSON object a line on standard output, which Lambda forwards to the function's log group."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def log(level: str, message: str, /, **fields: Any) -> None:
    """Write one log line. `fields` are names, counts and reasons; payload data does not belong in logs.

    A field of one of the line's own names stands beside it, with an underscore: a log line fails nothing.
    """
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    line: dict[str, Any] = {"timestamp": f"{moment}Z", "level": level, "message": message}
    line |= {f"{name}_" if name in line else name: value for name, value in fields.items()}
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
