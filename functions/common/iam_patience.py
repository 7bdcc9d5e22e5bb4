"""Waiting for IAM: a role or a right that was written a moment ago is not seen everywhere yet.

AWS documents that as "eventual consistency" of a few seconds (IAM user guide, "Changes that I make are not always
immediately visible"). A deployment calls functions seconds after it has written their rights, and the roles that they
pass on.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

from functions.common.aws_clients import error_code
from functions.common.json_logging import log

# Together a minute; the functions that wait have a longer time limit.
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
_INVALID = frozenset({"ValidationException", "ValidationError", "InvalidParameterValueException"})

Answer = TypeVar("Answer")


def patiently(action: Callable[[], Answer], *, sleep: Callable[[float], None] | None = None) -> Answer:
    """Do `action`, for up to a minute again while AWS does not see the rights yet; then its error is raised."""
    wait = sleep or time.sleep
    for pause in PAUSES:
        try:
            return action()
        except ClientError as error:
            if not _may_pass(error):
                raise
            log("INFO", "waiting for IAM", code=error_code(error), seconds=pause)
        wait(pause)
    return action()


def _may_pass(error: ClientError) -> bool:
    """A right that is missing, or a role that cannot be assumed: what SageMaker says for a role that is too new."""
    code, message = error_code(error), str(error.response.get("Error", {}).get("Message", "")).lower()
    return code in _DENIED or (code in _INVALID and "role" in message)
