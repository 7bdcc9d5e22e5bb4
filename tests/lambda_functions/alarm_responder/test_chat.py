"""The short form of a message, for chats and text messages."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.notification_kinds import ALARM, KINDS_OF_MESSAGES, RUNBOOK
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


RUNBOOK_URL = "https://wiki.example.com/model-monitoring/runbook"


def anchors() -> set[str]:
    """Of the runbook's headings, as pages that are made of Markdown have them."""
    text = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    titles = re.findall(r"^##+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles}


def test_each_kind_has_a_section_in_the_runbook() -> None:
    assert {anchor for _, anchor in RUNBOOK.values()} <= anchors()
    assert set(KINDS_OF_MESSAGES) - set(RUNBOOK) == {ALARM}


@pytest.mark.parametrize(
    "case",
    [
        ("alarm_violations", None, "violations-violations", "WHAT TO DO NEXT"),
        ("alarm_job_failures", None, "job-failures-job-failure", "take a larger instance type."),
        (
            "alarm_violations",
            "HoursSilent",
            "silent-monitor-silent-monitor",
            "First: is the schedule churn-data-quality",
        ),
        ("alarm_violations", "NoData", "no-data-no-data", "Does anybody call the endpoint?"),
        ("alarm_violations", "Agreement", "disagreement-disagreement-engine-both", "First: do the two read the same"),
    ],
)
@pytest.mark.parametrize("url", [RUNBOOK_URL, ""])
def test_each_message_says_what_to_do_first_and_where_the_rest_is(
    sns: FakeSns, new_responder: Any, case: tuple[str, str | None, str, str], url: str
) -> None:
    name, metric, section, step = case
    found = event(name)
    if metric is not None:
        alarm = json.loads(found["Records"][0]["Sns"]["Message"])
        alarm["Trigger"]["MetricName"] = metric
        found["Records"][0]["Sns"]["Message"] = json.dumps(alarm)
    functions.handler.respond_to_all(found, new_responder(RUNBOOK_URL=url))
    chat = sns.published[0]["MessageAttributes"]["chat"]["StringValue"]
    link = f"{url}#{section}" if url else "docs/operations.md, "
    assert sns.published[0]["Message"].count(link) == 1
    assert chat.split("\n")[-1].startswith(f"Runbook: {link}")
    assert len(chat) <= 400
    assert step in (chat if metric or "job" in name else sns.published[0]["Message"])


def test_the_end_of_an_alarm_needs_no_runbook(sns: FakeSns, new_responder: Any) -> None:
    functions.handler.respond_to_all(event("alarm_ok"), new_responder(NOTIFY_ON_OK="true", RUNBOOK_URL=RUNBOOK_URL))
    assert RUNBOOK_URL not in sns.published[0]["Message"]


@given(st.lists(st.text(max_size=500), min_size=1, max_size=6))
def test_the_link_is_there_however_much_else_there_is(lines: list[str]) -> None:
    text = notification.chat_text(lines, f"Runbook: {RUNBOOK_URL}#violations-violations")
    assert len(text) <= 400
    assert text.endswith("\nRunbook: https://wiki.example.com/model-monitoring/runbook#violations-violations")
