"""What is written down of failures that no caller is told of."""

import logging

import pytest

from local_aws.journal import Journal, Warnings
from local_aws.sagemaker.job_log import store_log


def test_a_warning_is_one_line_with_the_exception_that_it_is_about() -> None:
    journal, log = Journal(), logging.Logger("a part")
    log.addHandler(Warnings(journal))
    log.info("all is well")
    log.warning("%s:\n  lost", "a letter")
    try:
        raise ValueError("no")
    except ValueError:
        log.exception("a job")
    assert journal.failures == ["a letter: lost", "a job: ValueError('no')"]


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
