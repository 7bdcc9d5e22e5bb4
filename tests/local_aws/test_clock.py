from datetime import UTC, datetime, timedelta

import pytest

from local_aws.clock import CalendarModule, TimeModule, VirtualClock, floor_hour, iso, parse_time

START = datetime(2026, 1, 5, 9, 10, tzinfo=UTC)


class Real:
    """A real clock that stands still until it is told."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


def test_it_starts_where_it_is_told_and_runs_with_real_time() -> None:
    real = Real()
    clock = VirtualClock(START, real)
    assert clock.now() == START
    real.seconds += 90
    assert clock.now() == START + timedelta(seconds=90)


def test_without_a_start_it_is_real_time() -> None:
    assert VirtualClock(real=Real()).time() == 1_000_000.0


def test_it_moves_forward_only() -> None:
    clock = VirtualClock(START, Real())
    clock.move_to(START + timedelta(hours=3))
    clock.move_to(START)
    assert clock.now() == START + timedelta(hours=3)


def test_the_stand_in_for_the_time_module_has_the_rest_of_it() -> None:
    module = TimeModule(VirtualClock(START, Real()))
    assert module.time() == START.timestamp()
    assert callable(module.sleep)


def test_calendar_time_alone_can_be_virtual() -> None:
    module = CalendarModule(VirtualClock(START, Real()))
    assert module.gmtime()[:5] == (2026, 1, 5, 9, 10)
    assert module.gmtime(0)[:3] == (1970, 1, 1)
    assert callable(module.time)


def test_times_are_read_as_utc_and_need_an_offset() -> None:
    assert parse_time("2026-01-05T10:10:00+01:00") == START
    with pytest.raises(ValueError, match="no offset"):
        parse_time("2026-01-05T10:10:00")


def test_forms() -> None:
    assert iso(START) == "2026-01-05T09:10:00Z"
    assert floor_hour(START + timedelta(seconds=5)) == datetime(2026, 1, 5, 9, tzinfo=UTC)
