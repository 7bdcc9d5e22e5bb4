from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.sagemaker.cron import Cron, CronError, parse, parse_offset

NINE_TEN = datetime(2026, 1, 5, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "cron"),
    [
        ("cron(0 * ? * * *)", Cron(0, 1)),
        ("cron(0 6 ? * * *)", Cron(6, 24)),
        ("cron(0 0 ? * * *)", Cron(0, 24)),
        ("cron(0 17/6 ? * * *)", Cron(17, 6)),
        ("NOW", None),
    ],
)
def test_documented_forms(expression: str, cron: Cron | None) -> None:
    assert parse(expression) == cron


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 * * * ? *)",  # the older form: the question mark is in the wrong field
        "cron(15 * ? * * *)",
        "cron(0 24 ? * * *)",
        "cron(0 0/25 ? * * *)",
        "cron(0 0/0 ? * * *)",
        "cron(0 */2 ? * * *)",
        "cron(0 6 ? * MON *)",
        "rate(1 hour)",
        "cron(0 6 ? * * *) ",
        "every hour",
    ],
)
def test_anything_else_is_refused(expression: str) -> None:
    with pytest.raises(CronError, match="Invalid ScheduleExpression"):
        parse(expression)


@pytest.mark.parametrize(
    ("cron", "following"),
    [
        (Cron(0, 1), datetime(2026, 1, 5, 10, tzinfo=UTC)),
        (Cron(6, 24), datetime(2026, 1, 6, 6, tzinfo=UTC)),
        (Cron(9, 24), datetime(2026, 1, 6, 9, tzinfo=UTC)),
        (Cron(17, 6), datetime(2026, 1, 5, 17, tzinfo=UTC)),
        (Cron(0, 6), datetime(2026, 1, 5, 12, tzinfo=UTC)),
    ],
)
def test_next_run(cron: Cron, following: datetime) -> None:
    assert cron.next_after(NINE_TEN) == following


@given(st.integers(0, 23), st.integers(1, 24), st.integers(0, 100_000))
def test_next_run_is_after_on_the_hour_and_within_a_day(start: int, step: int, minutes: int) -> None:
    moment = NINE_TEN + timedelta(minutes=minutes)
    following = Cron(start, step).next_after(moment)
    assert moment < following <= moment + timedelta(hours=25)
    assert (following.minute, following.second) == (0, 0)
    assert following.hour >= start
    assert (following.hour - start) % step == 0


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("-P8D", timedelta(days=-8)),
        ("-PT1H", timedelta(hours=-1)),
        ("P1DT2H30M", timedelta(days=1, hours=2, minutes=30)),
        ("-PT0H", timedelta(0)),
    ],
)
def test_offsets(text: str, length: timedelta) -> None:
    assert parse_offset(text) == length


@pytest.mark.parametrize("text", ["", "P", "1D", "-P1W", "PT", "-P1.5D"])
def test_unreadable_offsets(text: str) -> None:
    with pytest.raises(CronError, match="ISO 8601"):
        parse_offset(text)
