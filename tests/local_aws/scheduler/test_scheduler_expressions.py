"""Schedule expressions: every kind, time zones and daylight saving, and what is refused."""

from datetime import UTC, datetime

import pytest

from local_aws.scheduler.expressions import ExpressionError, parse
from local_aws.seams import next_cron_time


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


START = utc("2026-01-05T09:10:00")


@pytest.mark.parametrize(
    ("text", "zone", "after", "expected"),
    [
        ("cron(7 * ? * * *)", "UTC", "2026-01-05T09:10:00", "2026-01-05T10:07:00"),
        ("cron(7 * ? * * *)", "UTC", "2026-01-05T10:07:00", "2026-01-05T11:07:00"),
        ("cron(30 6 * * ? *)", "UTC", "2026-01-05T06:29:59", "2026-01-05T06:30:00"),
        ("cron(0 9 ? * MON-FRI *)", "UTC", "2026-01-09T10:00:00", "2026-01-12T09:00:00"),
        ("cron(0 0 L * ? *)", "UTC", "2026-02-01T00:00:00", "2026-02-28T00:00:00"),
        ("cron(0 9 * * ? 2025)", "UTC", "2026-01-05T09:10:00", None),
        # Berlin is an hour ahead in winter, two in summer.
        ("cron(0 6 * * ? *)", "Europe/Berlin", "2026-01-05T09:10:00", "2026-01-06T05:00:00"),
        ("cron(0 6 * * ? *)", "Europe/Berlin", "2026-07-05T09:10:00", "2026-07-06T04:00:00"),
        # 02:30 on 2026-03-29 does not exist in Berlin; on 2026-10-25 there are two of them.
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T12:00:00", "2026-03-30T00:30:00"),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00", "2026-10-25T00:30:00"),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T00:30:00", "2026-10-26T01:30:00"),
        ("rate(1 hour)", "UTC", "2026-01-05T09:09:59", "2026-01-05T09:10:00"),
        ("rate(1 hour)", "UTC", "2026-01-05T09:10:00", "2026-01-05T10:10:00"),
        ("rate(90 minutes)", "UTC", "2026-01-05T12:00:00", "2026-01-05T12:10:00"),
        ("rate(2 days)", "UTC", "2026-01-06T00:00:00", "2026-01-07T09:10:00"),
        ("at(2026-01-05T12:00:00)", "UTC", "2026-01-05T09:10:00", "2026-01-05T12:00:00"),
        ("at(2026-01-05T12:00:00)", "America/New_York", "2026-01-05T09:10:00", "2026-01-05T17:00:00"),
        ("at(2026-01-05T12:00:00)", "UTC", "2026-01-05T12:00:00", None),
    ],
)
def test_the_next_time(text: str, zone: str, after: str, expected: str | None) -> None:
    found = parse(text, zone, START, next_cron_time).next_after(utc(after))
    assert found == (utc(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "zone", "message"),
    [
        ("hourly", "UTC", r"^Invalid Schedule Expression hourly: write at\("),
        ("rate(0 hours)", "UTC", "Invalid Schedule Expression rate"),
        ("rate(5 seconds)", "UTC", "Invalid Schedule Expression rate"),
        ("cron(0 * * * *)", "UTC", r"cron\(0 \* \* \* \*\): a cron expression has six fields"),
        ("cron(0 9 * * * *)", "UTC", "one of day-of-month and day-of-week being"),
        ("cron(0 9 ? * * *) ", "UTC", "Invalid Schedule Expression"),
        ("at(2026-13-05T12:00:00)", "UTC", "Invalid Schedule Expression at"),
        ("rate(1 hour)", "Europe/Atlantis", "Invalid ScheduleExpressionTimezone Europe/Atlantis"),
    ],
)
def test_what_is_refused(text: str, zone: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        parse(text, zone, START, next_cron_time)
