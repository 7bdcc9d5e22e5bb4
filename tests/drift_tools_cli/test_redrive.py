"""`redrive` on queues and functions of moto's and of a stub: what is handled goes, what fails stays and says why."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from drift_tools.__main__ import main
from drift_tools.aws import aws_client
from drift_tools.endpoint import dead_letters


class Functions:
    """A function that fails on some events."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.fails: Callable[[Any], bool] = lambda _event: False

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        assert FunctionName == "responder"
        event = json.loads(Payload)
        self.events.append(event)
        if self.fails(event):
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "no topic"}')}
        return {"Payload": io.BytesIO(b"null")}


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield boto3.client("sqs").create_queue(QueueName="letters")["QueueUrl"]


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Functions:
    made, real = Functions(), aws_client
    monkeypatch.setattr(
        dead_letters, "aws_client", lambda service, **more: made if service == "lambda" else real(service, **more)
    )
    return made


def put(queue: str, *events: Any) -> None:
    for event in events:
        boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))


def left(queue: str) -> list[Any]:
    found, sqs = [], boto3.client("sqs")
    while letters := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(letter["Body"]) for letter in letters]
    return found


def test_every_letter_is_given_once_and_is_gone(queue: str, functions: Functions) -> None:
    put(queue, *({"number": number} for number in range(25)))
    assert main(["redrive", "--queue", queue, "--function", "responder"]) == 0
    assert sorted(event["number"] for event in functions.events) == list(range(25))
    assert left(queue) == []


def test_a_queue_goes_by_its_name(queue: str, functions: Functions, capsys: pytest.CaptureFixture[str]) -> None:
    """Which is what the alarm's description has."""
    put(queue, {"number": 1})
    assert main(["redrive", "--queue", "letters", "--function", "responder"]) == 0
    assert (functions.events, left(queue)) == ([{"number": 1}], [])
    assert main(["redrive", "--queue", "leters", "--function", "responder"]) == 2
    assert "leters, responder: " in capsys.readouterr().err


def test_what_fails_again_stays_and_says_why(
    queue: str, functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    put(queue, *({"number": number} for number in range(25)))
    functions.fails = lambda event: event["number"] % 2 == 0
    assert main(["redrive", "--queue", queue, "--function", "responder"]) == 1
    assert len(functions.events) == 25
    said = capsys.readouterr()
    assert (said.out + said.err).count("failed again and stays: no topic") == 13
    assert (said.out + said.err).rstrip().endswith("12 handled, 13 failed again")
    assert sorted(event["number"] for event in left(queue)) == list(range(0, 25, 2))


def test_letters_of_other_functions_are_left_alone(queue: str, functions: Functions) -> None:
    put(queue, {"plan": 1}, {"job": 2}, [3], {"plan": 4})
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody="no JSON")
    assert main(["redrive", "--queue", queue, "--function", "responder", "--only", "plan"]) == 0
    assert sorted(event["plan"] for event in functions.events) == [1, 4]
    messages = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert messages["Attributes"]["ApproximateNumberOfMessages"] == "3"


def test_a_queue_that_is_not_there_is_one_line(
    queue: str, functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    del functions
    assert main(["redrive", "--queue", f"{queue}-no", "--function", "responder"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
