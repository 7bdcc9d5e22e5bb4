"""One command says what is normal from now on, another which windows were bad."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from contract.bad_windows import BadWindows
from contract.new_normal import NewNormal
from drift_tools.__main__ import main


def said(bucket: str, *more: str) -> int:
    return main(["rebaseline", "--bucket", bucket, "--schedule", "s", "--by", "ann", *more])


def recorded(bucket: str, prefix: str) -> list[bytes]:
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"monitor-windows/s/{prefix}").get("Contents", [])
    return [s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in found]


def windows(bucket: str, called: list[bool]) -> datetime:
    """Hourly windows, the last one an hour ago; the start of the first."""
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=len(called))
    for place, is_called in enumerate(called):
        start = first + timedelta(hours=place)
        record = {"start": int(start.timestamp()), "called": ["amount"] if is_called else []}
        key = f"monitor-windows/s/{start:%Y%m%dT%H%M%SZ}.json"
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(record).encode())
    return first


def test_the_present_episode_is_the_new_normal(bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = windows(bucket, [True, False, False, True, True])
    assert said(bucket, "--note", "ticket 7") == 0
    (content,) = recorded(bucket, "normal-")
    record = NewNormal.of(json.loads(content))
    since = f"{first + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    assert (record.since, record.by, record.note) == (since, "ann", "ticket 7")
    out = capsys.readouterr().out
    assert out.startswith(f"s3://{bucket}/monitor-windows/s/{record.name}: normal since {since}, by ann")


def test_after_a_calm_window_it_is_what_comes(bucket: str) -> None:
    windows(bucket, [True, False])
    before = datetime.now(UTC).replace(microsecond=0)
    assert said(bucket) == 0
    (content,) = recorded(bucket, "normal-")
    assert before <= datetime.fromisoformat(json.loads(content)["since"]) <= datetime.now(UTC)


def test_any_window_may_be_named(bucket: str) -> None:
    assert said(bucket, "--since", "2026-03-01T12:00:00+02:00") == 0
    (content,) = recorded(bucket, "normal-")
    assert json.loads(content)["since"] == "2026-03-01T10:00:00Z"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--since", "2999-01-01T00:00:00Z"), "is in the future: name a window that was seen"),
        (("--schedule", "a/b"), "--schedule 'a/b': is no name: give one without slashes"),
        (("--note", "x" * 501), "--note: has 501 characters: give at most 500"),
        (("--bucket", "no-such-bucket-at-all"), "NoSuchBucket"),
    ],
)
def test_what_is_refused(bucket: str, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], message: str) -> None:
    assert said(bucket, *more) == 2
    assert message in capsys.readouterr().err


def test_bad_windows_are_marked_with_an_acknowledgement(bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["acknowledge", "--bucket", bucket, "--endpoint", "e", "--schedule", "s", "--by", "ann"]
    span = ["--bad-from", "2026-03-01T12:00:00Z", "--bad-to", "2026-03-02T00:00:00Z"]
    assert main([*place, *span]) == 0
    (content,) = recorded(bucket, "bad-")
    mark = BadWindows.of(json.loads(content))
    assert (mark.start, mark.end) == ("2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z")
    assert "nothing is learnt from these windows" in capsys.readouterr().out
    assert main([*place, *span[:2]]) == 2
    assert "one is given without the other" in capsys.readouterr().err
    assert main([*place, *span[:2], "--bad-to", "2026-03-01T00:00:00Z"]) == 2
    assert "give one that ends later" in capsys.readouterr().err
