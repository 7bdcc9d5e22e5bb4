"""One command says that an alarm has been seen."""

import json
from datetime import UTC, datetime

import boto3
import pytest

from contract.acknowledgement import Acknowledgement
from drift_tools.__main__ import main


def said(bucket: str, *more: str) -> int:
    return main(["acknowledge", "--bucket", bucket, "--endpoint", "e", "--schedule", "s", *more])


def test_it_is_recorded_where_the_responder_looks(bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    assert said(bucket, "--by", "ann", "--note", "new form") == 0
    key = "responder-state/acknowledged/e/s.json"
    assert capsys.readouterr().out == f"s3://{bucket}/{key}: acknowledged by ann\n"
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    record = Acknowledgement.of(json.loads(body))
    assert (record.by, record.note) == ("ann", "new form")
    assert before <= datetime.fromisoformat(record.at) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--note", "x" * 501), "--note: has 501 characters: give at most 500"),
        (("--schedule", "a/b"), "--schedule 'a/b': is no name: give one without slashes"),
        (("--by", " "), "--by ' ': is no name"),
    ],
)
def test_what_is_refused(bucket: str, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], message: str) -> None:
    assert said(bucket, *more) == 2
    assert message in capsys.readouterr().err


def test_a_bucket_that_is_not_there_is_one_line(bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(f"{bucket}-not", "--by", "ann") == 2
    assert "NoSuchBucket" in capsys.readouterr().err
