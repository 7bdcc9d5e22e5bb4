"""SNS delivers at least once: give the responder an alarm that it has already handled."""

import json
from typing import Any

from examples.demo.mailbox import Message
from examples.demo.monitored import Monitored
from examples.demo.waiting import DemoError


def deliver_again(stack: Monitored, alarm: Message) -> str:
    """Invoke the responder with the alarm's own SNS envelope; what it answered, in one line."""
    event = {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": alarm.envelope}]}
    answer = stack.cloud.client("lambda").invoke(
        FunctionName=stack.outputs["responder_function_name"], Payload=json.dumps(event).encode()
    )
    body: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DemoError(f"the responder failed on a second delivery: {body}")
    return f"it answers: {', '.join(handled['outcome'] for handled in body['handled'])}"
