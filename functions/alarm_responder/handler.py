"""Answers a CloudWatch alarm of the stack with one message that a person can read, published to the notification topic.

The alarm's own message says that a number crossed another one. This function finds out what that was: which features
violated what, by how much, since when; or why a job failed. A delivery that comes twice publishes once (see
common/idempotency.py).

Permissions and environment variables: functions/README.md.
"""

import os
from collections.abc import Mapping
from typing import Any

from functions.alarm_responder.alarm_event import parse_alarm, records
from functions.alarm_responder.responder import Responder, Settings
from functions.common.aws_clients import client
from functions.common.event_fields import BadEventError
from functions.common.idempotency import Clock, IdempotencyStore
from functions.common.json_logging import log

# Lambda always says how long it has; this is for a call without a context, by hand or from a test.
_DEFAULT_SECONDS = 60.0


def self_test(settings: Settings, s3: Any) -> dict[str, Any]:
    """Can this function do its work? Lists the results, publishes nothing. Raises what AWS raises if it may not."""
    page = s3.list_objects_v2(Bucket=settings.bucket, Prefix=f"{settings.results_prefix}/", MaxKeys=1)
    return {
        "ok": True,
        "bucket": settings.bucket,
        "results_prefix": settings.results_prefix,
        "results_found": bool(page.get("Contents")),
        "notification_topic_arn": settings.topic_arn,
    }


def respond_to_all(event: Any, responder: Responder) -> dict[str, Any]:
    """Answers every record. One that fails does not keep the others from it; its error is raised in the end."""
    handled: list[dict[str, str]] = []
    errors: list[Exception] = []
    for sns in records(event):
        try:
            result = responder.respond(parse_alarm(sns))
        except Exception as error:  # raised again below, once every record had its turn
            log("ERROR", "record failed", reason=repr(error), message_id=sns.get("MessageId"))
            errors.append(error)
        else:
            log("INFO", "record handled", **result)
            handled.append(result)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(errors) + len(handled)} records failed", errors)
    return {"handled": handled}


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Lambda's entry."""
    settings = Settings.read(os.environ)
    s3 = client("s3")
    if isinstance(event, Mapping) and event.get("test") is True:
        return self_test(settings, s3)
    clock = Clock()
    seconds = context.get_remaining_time_in_millis() / 1000.0 if context else _DEFAULT_SECONDS
    store = IdempotencyStore(
        s3=s3,
        bucket=settings.bucket,
        owner=getattr(context, "aws_request_id", "unknown"),
        deadline=clock.now() + seconds,
        clock=clock,
    )
    try:
        return respond_to_all(event, Responder(settings, s3, client("sns"), store))
    except BadEventError as error:
        log("ERROR", "unusable event", reason=str(error))
        raise
