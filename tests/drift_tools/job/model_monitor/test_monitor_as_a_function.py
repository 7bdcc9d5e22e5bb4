"""The monitor as a function of files: what was not checked is no silence, and a baseline that is none is named."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drift_tools.errors import InputError
from drift_tools.job import suggest_baseline
from drift_tools.job.kinds import data_quality
from drift_tools.tables import Table, read_csv_text
from tests.drift_tools.job.model_monitor.model_monitor_box import Box, rows
from tests.drift_tools.open_box import CSV, HOUR
from tests.drift_tools.records import record, write


def test_the_monitor_as_a_function(with_baseline: Box, tmp_path: Path) -> None:
    captured, output = tmp_path / "captured", tmp_path / "results"
    write(captured / HOUR / "a.jsonl", [record(given, out) for out, given in rows(10, 20)])
    baseline = tmp_path / "baseline"
    baseline.mkdir()
    for name in ("constraints/constraints.json", "stats/statistics.json"):
        (with_baseline.processing / "baseline" / name).rename(baseline / Path(name).name)
    result = data_quality.monitor_captures(captured, baseline, output)
    assert (result.rows, len(result.violations)) == (300, 5)
    assert result.message == "CompletedWithViolations: Job completed successfully with 5 violations."
    with pytest.raises(InputError, match="Job inputs had no data"):
        data_quality.monitor_captures(captured, baseline, output, start=datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture
def files(with_baseline: Box, tmp_path: Path) -> tuple[Path, Path]:
    """Captured data, and the folder of a baseline."""
    captured, baseline = tmp_path / "captured", tmp_path / "baseline"
    write(captured / HOUR / "a.jsonl", [record(given, out) for out, given in rows(0, 1, seed=1)])
    baseline.mkdir()
    for name in ("constraints/constraints.json", "stats/statistics.json"):
        (with_baseline.processing / "baseline" / name).rename(baseline / Path(name).name)
    return captured, baseline


def test_drift_that_was_not_checked_is_no_silence(files: tuple[Path, Path], tmp_path: Path) -> None:
    captured, baseline = files
    quiet = "Completed: Job completed successfully with no violations."
    assert data_quality.monitor_captures(captured, baseline, tmp_path / "out").message == quiet
    statistics = json.loads((baseline / "statistics.json").read_bytes())
    statistics["features"] = statistics["features"][1:]
    (baseline / "statistics.json").write_text(json.dumps(statistics))
    message = data_quality.monitor_captures(captured, baseline, tmp_path / "out").message
    assert message == f"{quiet} Drift of prediction was not checked: not in the baseline's statistics.json."
    (baseline / "statistics.json").unlink()
    message = data_quality.monitor_captures(captured, baseline, tmp_path / "out").message
    assert message == f"{quiet} Drift was not checked: the baseline has no statistics.json."
    constraints = json.loads((baseline / "constraints.json").read_bytes())
    constraints["monitoring_config"]["distribution_constraints"]["perform_comparison"] = "Disabled"
    (baseline / "constraints.json").write_text(json.dumps(constraints))
    assert data_quality.monitor_captures(captured, baseline, tmp_path / "out").message == quiet


def test_a_job_without_statistics_says_so_too(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record(given, out) for out, given in rows(0, 1, seed=1)])
    assert box.scheduled(baseline_statistics="") == 0
    assert box.message.endswith("no violations. Drift was not checked: the baseline has no statistics.json.")


@pytest.mark.parametrize("lines", [["a,b"], []])
def test_a_baseline_of_nothing_is_refused(box: Box, lines: list[str]) -> None:
    write(box.processing / "input" / "baseline.csv", lines)
    assert box.run(dataset_format=CSV) == 1
    assert not (box.output / "constraints.json").exists()


def test_a_baseline_of_no_rows_or_no_columns_says_nothing(tmp_path: Path) -> None:
    for table, what in ((read_csv_text("a\n"), "rows"), (Table({}, 3), "columns")):
        with pytest.raises(InputError) as error:
            suggest_baseline(table, tmp_path)
        assert str(error.value) == f"a baseline of data without {what} says nothing: give data that have some"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("constraints", "{}", "not a data-quality constraints.json (no 'features'): run the baseline again"),
        ("constraints", '{"features": []}', "has constraints of no feature: run the baseline again, on data that have"),
        (
            "constraints",
            '{"features":' + "[" * 100_000,
            "nested too deeply for JSON that anybody reads: write the file again",
        ),
        ("statistics", '{"dataset": {}}', "not a data-quality statistics.json (no 'features')"),
        ("statistics", '{"features": [], "dataset": {}}', "has statistics of no feature: run the baseline again"),
    ],
)
def test_a_baseline_that_is_none_is_named(
    files: tuple[Path, Path], tmp_path: Path, name: str, content: str, says: str
) -> None:
    captured, baseline = files
    (baseline / f"{name}.json").write_text(content)
    with pytest.raises(InputError) as error:
        data_quality.monitor_captures(captured, baseline, tmp_path / "out")
    assert str(error.value).startswith(f"{baseline / name}.json: {says}")


def test_where_nothing_was_captured_is_said_with_the_mend(files: tuple[Path, Path], tmp_path: Path) -> None:
    captured, baseline = files
    with pytest.raises(InputError) as error:
        data_quality.monitor_captures(captured, baseline, tmp_path / "out", start=datetime(2027, 1, 1, tzinfo=UTC))
    nothing = f"{captured}: Job inputs had no data"
    assert str(error.value) == (f"{nothing}: no captured record in the window (300 outside it): take another window")
    (captured / HOUR / "a.jsonl").write_text("")
    with pytest.raises(InputError) as error:
        data_quality.monitor_captures(captured, baseline, tmp_path / "out")
    assert str(error.value) == f"{nothing}: its files are empty: name captured data that hold records"
