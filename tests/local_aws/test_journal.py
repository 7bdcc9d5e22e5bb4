"""What is written down of failures that no caller is told of."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local_aws import LocalAws, journal
from local_aws.clock import VirtualClock
from local_aws.control import Control
from local_aws.journal import Journal, Warnings
from local_aws.sagemaker.job_log import store_log


def test_a_warning_is_one_line_with_the_exception_that_it_is_about() -> None:
    written, log = Journal(), logging.Logger("a part")
    log.addHandler(Warnings(written))
    log.info("all is well")
    log.warning("%s:\n  lost", "a letter")
    try:
        raise ValueError("no")
    except ValueError:
        log.exception("a job")
    assert Told(written).failures() == ["a letter: lost", "a job: ValueError('no')"]


class Told(LocalAws):
    """What a caller is told of a journal, without a server."""

    def __init__(self, written: Journal) -> None:
        async def advance(_: object) -> None: ...

        self._control = Control(VirtualClock(), written, advance, dict[str, Any], "us-east-1")

    def control(self, method: str, name: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        assert body is None
        status, answer = asyncio.run(self._control.handle(method, f"/_local/{name}", b""))
        assert status == 200, answer
        told: dict[str, Any] = json.loads(answer)
        return told


ROLE = "arn:aws:sts::123456789012:assumed-role/r/s"
SAID = "3 more were dropped: the first 2 are kept"
# Of each kind: how an entry is written, how all are asked for, and what says that some were dropped.
KINDS: list[tuple[Callable[[Journal, str], None], Callable[[LocalAws], list[Any]], Any]] = [
    (lambda to, n: to.failed(n), LocalAws.failures, SAID),
    (lambda to, n: to.failed(f"{n} on purpose"), lambda cloud: cloud.failures(but=["on purpose", "dropped"]), SAID),
    (
        lambda to, n: to.denied(ROLE, "s3:GetObject", n),
        LocalAws.denied_calls,
        {"principal": "", "action": "", "resource": SAID},
    ),
    (
        lambda to, n: to.used(ROLE, "s3:GetObject", n),
        LocalAws.used_actions,
        {"role": "", "action": "", "resource": SAID, "calls": 0},
    ),
    (lambda to, n: to.observe("s3", f"Get{n}", {}), LocalAws.invalid_requests, SAID),
    (
        lambda to, n: to.observe("sns", "CreateTopic", {"Name": n}),
        LocalAws.changes,
        {"operation": SAID, "parameters": {}},
    ),
    (lambda to, n: to.unread("s3", "GET", n), LocalAws.unread_requests, SAID),
]


@pytest.mark.limit("what the embedded AWS writes down for tests")
@pytest.mark.parametrize(("write", "ask", "said"), KINDS)
def test_no_list_is_empty_because_entries_were_dropped(
    write: Callable[[Journal, str], None],
    ask: Callable[[LocalAws], list[Any]],
    said: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "MOST_ENTRIES", 2)
    written = Journal()
    cloud = Told(written)
    for number in range(2):
        write(written, f"n{number}")
    whole = ask(cloud)
    assert said not in whole
    for number in range(2, 5):
        write(written, f"n{number}")
    assert ask(cloud) == [*whole, said]


def test_uses_that_are_known_are_counted_when_there_is_no_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_ENTRIES", 1)
    written = Journal()
    for resource in ("one", "other", "one"):
        written.used(ROLE, "s3:GetObject", resource)
    known, dropped = Told(written).used_actions()
    assert known == {"role": "r", "action": "s3:GetObject", "resource": "one", "calls": 2}
    assert dropped["resource"] == "1 more were dropped: the first 1 are kept"


@pytest.mark.limit("what the embedded AWS writes down for tests")
def test_an_entry_is_no_longer_than_its_limit() -> None:
    long, written = "x" * 100_000, Journal()
    written.failed(long)
    written.denied(ROLE, long, long)
    written.used(ROLE, long, long)
    written.unread("s3", "GET", long)
    written.observe("sns", long, {"Name": long})
    cloud = Told(written)
    entries: list[list[Any]] = [cloud.failures(), cloud.denied_calls(), cloud.used_actions()]
    entries += [cloud.unread_requests(), cloud.invalid_requests(), cloud.changes()]
    assert [len(one) for one in entries] == [1] * 6
    assert all(len(json.dumps(one)) < 3 * 2_048 for one in entries)
    assert cloud.observed_operations() == {}  # there is no such operation


@pytest.mark.limit("what the embedded AWS writes down for tests")
def test_a_change_of_many_values_keeps_the_parameters_that_have_room() -> None:
    written = Journal()
    written.observe("sns", "CreateTopic", {"Tags": [{"Key": str(n), "Value": "v"} for n in range(1000)], "Name": "n"})
    written.observe("sns", "CreateTopic", {str(n): n for n in range(10_000)})
    brief, many = (change["parameters"] for change in Told(written).changes())
    assert brief == {"Name": "n", "(longer ones, dropped)": 1}
    assert len(json.dumps(many)) < 8_192 + 100
    assert many["(longer ones, dropped)"] + len(many) - 1 == 10_000


class Logs:
    """A group that another job has made between the look and the making."""

    class exceptions:  # noqa: N801 - botocore's name
        class ResourceNotFoundException(Exception):  # noqa: N818 - AWS's name
            pass

        class ResourceAlreadyExistsException(Exception):  # noqa: N818 - AWS's name
            pass

    def __init__(self) -> None:
        self.streams: list[str] = []
        self.lines: list[str] = []
        self.is_there = False

    def create_log_group(self, logGroupName: str) -> None:  # noqa: N803 - boto3's name
        self.is_there = True
        raise self.exceptions.ResourceAlreadyExistsException(logGroupName)

    def create_log_stream(self, logGroupName: str, logStreamName: str) -> None:  # noqa: N803 - boto3's names
        if not self.is_there:
            raise self.exceptions.ResourceNotFoundException(logGroupName)
        self.streams.append(logStreamName)

    def put_log_events(self, logEvents: list[dict[str, str]], **_: str) -> None:  # noqa: N803 - boto3's name
        self.lines += [event["message"] for event in logEvents]


def test_two_jobs_that_end_at_once_both_keep_their_logs(caplog: pytest.LogCaptureFixture) -> None:
    logs = Logs()
    store_log(logs, "/aws/sagemaker/ProcessingJobs", "job/algo-1", "one\n\ntwo\n", 0)
    assert (logs.streams, logs.lines, caplog.records) == (["job/algo-1"], ["one", "two"], [])
