"""A baseline with times tells a stream what each hour of the day, or of the week, is like."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from drift_tools.job import suggest_baseline
from drift_tools.job.stream_hours import write_stream_hours
from drift_tools.stream import Detector, StreamBaseline
from drift_tools.tables import Table, as_table


def baseline(folder: Path, *, days: int, an_hour: int, weekend: float = 0.0) -> Table:
    rng = np.random.default_rng(0)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [
        start + timedelta(hours=hour, seconds=3600 / an_hour * at) for hour in range(24 * days) for at in range(an_hour)
    ]
    level = np.array(
        [2.0 * np.cos(2 * np.pi * moment.hour / 24) + weekend * (moment.weekday() > 4) for moment in times]
    )
    columns = {
        "x": rng.normal(level),
        "kind": rng.choice(["a", "b"], len(times)),
        "when": np.array([f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in times]),
    }
    suggest_baseline(as_table({name: values for name, values in columns.items() if name != "when"}), folder)
    return as_table(columns)


def test_each_hour_has_its_counts(tmp_path: Path) -> None:
    rows = baseline(tmp_path, days=3, an_hour=100)
    assert write_stream_hours(rows, tmp_path, time_column="when")
    document = json.loads((tmp_path / "stream.json").read_bytes())
    made = StreamBaseline.from_dict(document, "stream.json")
    assert made.hours is not None
    assert [hour[0].counts.sum() for hour in made.hours] == [300.0] * 24
    together = np.sum([hour[0].counts for hour in made.hours], axis=0)
    x = next(feature for feature in made.features if feature.name == "x")
    assert np.abs(together / together.sum() - x.counts / x.counts.sum()).max() < 0.01
    # At night the values are high, at noon low: neither is a change in its own hour, and both are in the other's.
    detector = Detector(made.features, looks_per_year=1e6, false_alarms_per_year=0.5, hours=made.hours)
    rng = np.random.default_rng(1)
    place = [feature.name for feature in made.features].index("x")

    def look(hour: int, level: float) -> list[str]:
        counts = np.zeros((2, detector.bins))
        counts[place, : len(x.counts)] = x.count(rng.normal(level, 1, 200))
        return [change.what for change in detector.update(counts, hour * 3600.0, hour * 3600.0 + 5)]

    assert [look(hour, 2.0 * np.cos(2 * np.pi * hour / 24)) for hour in range(24)] == [[]] * 24
    assert look(12, 2.0) == ["values are higher"]


def test_too_little_of_an_hour_or_one_day_is_no_season(tmp_path: Path) -> None:
    assert not write_stream_hours(baseline(tmp_path, days=3, an_hour=60), tmp_path, time_column="when")
    assert not write_stream_hours(baseline(tmp_path, days=1, an_hour=250), tmp_path, time_column="when")
    assert not (tmp_path / "stream.json").exists()


def test_two_weeks_tell_weekends_from_weekdays(tmp_path: Path) -> None:
    assert write_stream_hours(baseline(tmp_path, days=14, an_hour=100, weekend=2.0), tmp_path, time_column="when")
    made = StreamBaseline.from_dict(json.loads((tmp_path / "stream.json").read_bytes()), "stream.json")
    assert made.hours is not None
    assert [hour[0].counts.sum() for hour in made.hours] == [200.0] * 168
    x = next(feature for feature in made.features if feature.name == "x")
    place, rng = [feature.name for feature in made.features].index("x"), np.random.default_rng(1)

    def found(day: int, level: float) -> list[str]:
        detector = Detector(made.features, looks_per_year=1e6, false_alarms_per_year=0.5, hours=made.hours)
        counts = np.zeros((2, detector.bins))
        counts[place, : len(x.counts)] = x.count(rng.normal(level, 1, 400))
        noon = datetime(2026, 2, day, 12, tzinfo=UTC).timestamp()
        return [change.what for change in detector.update(counts, noon, noon + 5)]

    friday, sunday = 6, 8
    assert (found(friday, -2.0), found(sunday, 0.0)) == ([], [])
    assert (found(friday, 0.0), found(sunday, -2.0)) == (["values are higher"], ["values are lower"])
