"""The short form of a message, for chats and text messages."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import event, load

functions = load("alarm_responder")
notification = functions.notification


@given(st.lists(st.text(max_size=500), min_size=1, max_size=6))
def test_never_longer_than_a_chat_takes_and_one_line_a_part(lines: list[str]) -> None:
    text = notification.chat_text(lines)
    assert len(text) <= 400
    assert text.split("\n")[0] == notification.clip(lines[0], 400)
    assert len(text.split("\n")) <= len(lines)


def test_what_does_not_fit_is_left_out_whole() -> None:
    assert notification.chat_text(["what", "x" * 396, "where"]) == "what\nwhere"
    assert notification.chat_text(["what", "x" * 395]) == "what\n" + "x" * 395
    assert notification.chat_text(["y" * 500, "where"]) == "y" * 397 + "..."


@pytest.mark.parametrize(
    ("name", "first"),
    [
        (
            "alarm_job_failures",
            "churn-endpoint: a monitoring job failed. Until a run succeeds, nobody would notice drift.",
        ),
        ("alarm_composite", "The alarm churn-anything fired."),
        ("alarm_violations", "[ALARM] churn-endpoint: the monitor found violations"),
    ],
)
def test_every_message_has_one(s3: FakeS3, sns: FakeSns, new_responder: Any, name: str, first: str) -> None:
    functions.handler.respond_to_all(event(name), new_responder())
    attributes = sns.published[0]["MessageAttributes"]
    assert attributes["chat"]["StringValue"].split("\n")[0] == first
    assert len(attributes) <= 10  # SQS leaves a message with more out where delivery is raw
