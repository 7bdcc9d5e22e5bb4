"""Tells people of a dead letter: an event that one of the stack's functions failed at every attempt to handle.

It stands beside the responder, which cannot report its own death, and shares nothing with it but the topic: no state,
no results, no marker. CloudWatch itself cannot publish to people's topic, since that is encrypted with a key of AWS's
that CloudWatch may not use.

Permissions and environment variables: functions/README.md.
"""

import json
import os
from typing import Any

from contract.metrics import DEAD_LETTERS
from contract.notification_kinds import DEAD_LETTER, runbook
from functions.common.aws_clients import client
from functions.common.environment import required
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.json_logging import log

# SNS's limit of a subject.
_SUBJECT = 100
# Of the short form's 400 characters.
_MOST_LINK = 200


def notification(alarm: Any, runbook_url: str | None = None) -> dict[str, Any] | None:
    """What people are told of an alarm's message; None for one of another kind, or for its end."""
    fields = mapping(alarm, "the alarm's message")
    name = text(fields, "AlarmName", "the alarm's message")
    trigger = mapping(fields.get("Trigger") or {}, "the alarm's Trigger")
    if trigger.get("MetricName") != DEAD_LETTERS or fields.get("NewStateValue") != "ALARM":
        return None
    what = name.rpartition("-dead-letters")[0] or name
    description = str(fields.get("AlarmDescription") or "")
    where = str(runbook(DEAD_LETTER, runbook_url))[:_MOST_LINK]
    body = "\n".join(
        [
            f"{what} could not handle an event, at any of its attempts: what it should have done is missing.",
            "",
            description,
            "",
            f"Alarm: {name}",
            f"Since: {fields.get('StateChangeTime', 'unknown')}",
            f"What to do: look into the function's log for the reason, fix it, and send the letter again ({where}).",
        ]
    )
    chat = f"Dead letter: {what[:_SUBJECT]}. Look into its log, fix the reason, send the letter again: {where}"
    return {
        "Subject": f"Dead letter: {what}"[:_SUBJECT],
        "Message": body,
        "MessageAttributes": {
            key: {"DataType": "String", "StringValue": value}
            for key, value in (("state", "ALARM"), ("kind", DEAD_LETTER), ("severity", "critical"), ("chat", chat))
        },
    }


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    """Lambda's entry: an SNS event of the alarm topic."""
    topic = required(os.environ, "NOTIFICATION_TOPIC_ARN")
    published = 0
    records = mapping(event, "the event").get("Records")
    if not isinstance(records, list) or not records:
        raise BadEventError("the event has no Records: this function is for SNS events")
    for record in records:
        try:
            alarm = json.loads(text(mapping(record, "a record").get("Sns") or {}, "Message", "a record's Sns"))
        except ValueError as error:
            raise BadEventError(f"a record's Message is no JSON: {error}") from error
        message = notification(alarm, os.environ.get("RUNBOOK_URL") or None)
        if message is not None:
            client("sns").publish(TopicArn=topic, **message)
            published += 1
            log("INFO", "told of a dead letter", alarm=alarm["AlarmName"])
    return {"published": published}
