"""The profile as a Spark job in local mode, against the profile of one process."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drift_tools.capture import iterate_captures, read_captures
from drift_tools.errors import InputError
from drift_tools.job import monitor_captures, suggest_baseline
from drift_tools.job import spark as drift_spark
from drift_tools.job.kinds.data_quality import profile_batches
from drift_tools.profiles import Profile
from drift_tools.tables import as_table
from tests.drift_tools.records import record, write


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("captured")
    rng = np.random.default_rng(0)
    for hour in range(20):
        rows = rng.normal(size=(500, 2)).tolist()
        lines = [
            record(f"{a},{b},{'xyz'[index % 3]}", f"{a + b}", time=f"2026-01-01T{hour:02d}:00:00Z")
            for index, (a, b) in enumerate(rows)
        ]
        write(folder / f"2026/01/01/{hour:02d}/a.jsonl", [*lines, "{broken"])
    return folder


def test_spark_says_what_one_process_says(session: Any, window: Path) -> None:
    # More partitions than one level of the tree merges.
    session.conf.set("spark.sql.files.maxPartitionBytes", "256k")
    profile, counts = drift_spark.profile_captures(session, [str(window)], fan_in=4)
    whole = Profile.of(read_captures(window).data)
    assert (counts.read, counts.used, counts.rows) == (10_020, 10_000, 10_000)
    assert counts.skipped == {"not JSON": 20}
    assert profile.rows == whole.rows
    assert list(profile.columns) == list(whole.columns)
    for name, column in whole.columns.items():
        merged = profile.columns[name]
        assert merged.types == column.types
        assert merged.categories.counts == column.categories.counts
        if column.numbers is None:
            continue
        assert merged.numbers is not None
        assert (merged.numbers.count, merged.numbers.min) == (column.numbers.count, column.numbers.min)
        assert merged.numbers.max == column.numbers.max
        assert merged.numbers.mean == pytest.approx(column.numbers.mean, abs=1e-12)
        assert merged.numbers.std_dev == pytest.approx(column.numbers.std_dev, rel=1e-12)
        exact = np.sort(read_captures(window).data.columns[name].as_numbers()[0])
        items, shares = merged.numbers.sketch.cumulated()
        true = np.searchsorted(exact, items, side="right") / len(exact)
        assert float(np.max(np.abs(shares - true))) < 0.005


def test_a_window_and_a_baseline(session: Any, window: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    columns = {name: rng.normal(2.0 if name == "a" else 0.0, size=2000) for name in ("y", "a", "b")}
    constraints = suggest_baseline(as_table({**columns, "k": ["x", "y"] * 1000}), tmp_path / "baseline")
    start, end = datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2026, 1, 1, 8, tzinfo=UTC)
    profile, counts = drift_spark.profile_captures(
        session, [str(window)], constraints=constraints, start=start, end=end
    )
    options: dict[str, Any] = {"columns": list(constraints.features), "start": start, "end": end}
    alone, read = profile_batches(iterate_captures(window, **options), constraints)
    assert list(profile.columns) == list(alone.columns) == ["y", "a", "b", "k"]
    assert (counts.used, counts.outside) == (read.used, read.outside) == (1500, 8500)


def test_the_command_writes_the_monitors_files(
    session: Any, window: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "stop", lambda: None)  # the other tests' session
    baseline = tmp_path / "baseline"
    assert drift_spark.main(["--captured", str(window), "--output", str(baseline)]) == 0
    assert Profile.read(baseline / "profile.json").rows == 10_000
    write(tmp_path / "moved/a.jsonl", [record(f"{i / 100},0.5,x", "7") for i in range(300)])
    command = ["--captured", str(tmp_path / "moved"), "--baseline", str(baseline), "--output", str(tmp_path / "out")]
    assert drift_spark.main(command) == 0
    found = json.loads((tmp_path / "out/constraint_violations.json").read_bytes())["violations"]
    alone = monitor_captures(tmp_path / "moved", baseline, tmp_path / "alone")
    assert [(v["feature_name"], v["constraint_check_type"]) for v in found] == [
        (v.subject, v.check) for v in alone.violations
    ]
    write(tmp_path / "bad/a.jsonl", ["{"] * 10)
    assert drift_spark.main(["--captured", str(tmp_path / "bad"), "--output", str(tmp_path / "out")]) == 2
    assert "10 of 10 captured records cannot be used (10 x not JSON)" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "message"), [({"paths": []}, "no path"), ({"fan_in": 1}, "fan_in is 1")])
def test_what_cannot_be_is_refused_before_spark_is_asked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        drift_spark.profile_captures(None, **({"paths": ["x"]} | options))
