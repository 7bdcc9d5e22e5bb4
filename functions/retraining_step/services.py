"""What the steps ask AWS for, and how they tell people."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from contract.notification_kinds import RETRAINING, runbook
from functions.common.aws_clients import error_code
from functions.common.json_logging import log

OUTLIVED: Final = "a step outlived its execution"
_SUBJECT = 100
_MISSING: Final = ("Could not find", "does not exist")
# The short form has no more characters.
_CHAT = 400


@dataclass(frozen=True)
class Services:
    """Clients, and the time."""

    s3: Any
    sagemaker: Any
    states: Any
    sns: Any
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


def is_running(execution: str, services: Services) -> bool:
    """Whether it still runs: a step may outlive its execution, and must undo then what nobody else will."""
    status = services.states.describe_execution(executionArn=execution)["status"]
    if status != "RUNNING":
        log("WARNING", OUTLIVED, execution=execution, status=status)
    return bool(status == "RUNNING")


def gone(delete: Callable[[], object]) -> None:
    """Delete what another step may have deleted before."""
    try:
        delete()
    except ClientError as error:
        if not any(word in str(error) for word in _MISSING):
            raise
        log("DEBUG", "already gone", code=error_code(error))


def tell(services: Services, settings: Mapping[str, Any], subject: str, lines: list[str]) -> None:
    """One message to people, with its short form."""
    plain = subject.encode("ascii", "replace").decode()
    where = f"Runbook: {runbook(RETRAINING, os.environ.get('RUNBOOK_URL') or None)}"
    plain = plain if len(plain) <= _SUBJECT else plain[: _SUBJECT - 3] + "..."
    room = _CHAT - len(where) - len(plain) - 2
    chat = "\n".join([plain, *([lines[0][:room]] if lines and room > 0 else []), where])
    services.sns.publish(
        TopicArn=settings["notification_topic_arn"],
        Subject=plain,
        Message="\n".join([*lines, "", where]) + "\n",
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in (("kind", RETRAINING), ("chat", chat))
        },
    )
