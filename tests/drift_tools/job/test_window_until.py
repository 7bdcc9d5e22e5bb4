"""Until when records count: a file that was begun in the hour is read for some minutes beyond it."""

from datetime import UTC, datetime

from drift_tools.job.settings import TimeWindow

START, END, LATER = (datetime(2026, 11, 23, hour, minute, tzinfo=UTC) for hour, minute in ((9, 0), (10, 0), (10, 5)))


def test_records_count_beyond_the_window_and_the_window_stays() -> None:
    window = TimeWindow(START, END, records_until=LATER)
    assert (window.first, window.last) == (START, LATER)
    assert window.to_dict() == {"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00Z", "late_from": None}


def test_without_it_and_never_before_the_end() -> None:
    assert TimeWindow(START, END).last == TimeWindow(START, END, records_until=START).last == END
    assert TimeWindow().last is None
