"""Sends dead letters again: the events on which a stack's function failed at every attempt."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from drift_tools.aws import aws_client, one_line
from drift_tools.errors import InputError

# A function may take five minutes, and SQS waits as long for who holds a letter.
_SECONDS: Final = 320
_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True)
class Resent:
    """A letter: its id, and why the function failed on it again; None if it was handled, and the letter is gone."""

    letter: str
    failure: str | None


def redrive(queue: str, function: str, *, only: str | None = None) -> Iterator[Resent]:
    """Give a function the events in its queue of dead letters, one by one; who was handled is deleted, others stay.

    Parameters
    ----------
    queue
        The queue's name, as its alarm's description has it, or its URL.
    function
        The function's name; every function of a stack may be given the same event twice.
    only
        A key that an event must have, where a queue has several functions' letters; the others are left alone.

    Raises
    ------
    InputError
        If the queue cannot be read, or the function cannot be called.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 is optional

    sqs = aws_client("sqs")
    functions = aws_client("lambda", read_timeout=_SECONDS, retries={"total_max_attempts": 1})
    stay: dict[str, str] = {}
    try:
        url = queue if "/" in queue else sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        try:
            for letter in _letters(sqs, url, stay):
                stay[letter["MessageId"]] = letter["ReceiptHandle"]
                if only is not None and only not in _keys(letter["Body"]):
                    continue
                failure = _handle(functions, function, letter["Body"])
                if failure is None:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=stay.pop(letter["MessageId"]))
                yield Resent(str(letter["MessageId"]), failure)
        finally:  # hidden until now, so that each came once
            for receipt in stay.values():
                sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"{queue}, {function}: {one_line(error)}") from error


def _letters(sqs: Any, queue: str, known: Collection[str]) -> Iterator[Any]:
    """The letters, until there is none but those that are known."""
    while True:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=_AT_ONCE, VisibilityTimeout=_SECONDS)
        new = [letter for letter in found.get("Messages", []) if letter["MessageId"] not in known]
        if not new:
            return
        yield from new


def _keys(body: str) -> set[str]:
    try:
        event = json.loads(body)
    except ValueError:
        return set()
    return set(event) if isinstance(event, dict) else set()


def _handle(functions: Any, function: str, body: str) -> str | None:
    answer = functions.invoke(FunctionName=function, Payload=body.encode())
    if not answer.get("FunctionError"):
        return None
    try:
        said = json.loads(answer["Payload"].read())
    except ValueError:
        return "it failed, and did not say why; its log has more"
    return str(said.get("errorMessage") or said) if isinstance(said, dict) else str(said)
