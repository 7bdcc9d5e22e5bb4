"""The verdict of a run: drift.json, with the baseline's rows and without, and what it is not about."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drift_tools.comparison import compare
from drift_tools.job.kinds import data_quality
from drift_tools.tables import read_table
from tests.drift_tools.open_box import BASELINE, NAMES, SKETCH, Box, captured, rows
from tests.drift_tools.records import write


def test_drift_json_is_compares_answer_with_the_run_around_it(box: Box) -> None:
    captured(box, rows(600, 1, shift=1.5))
    assert box.scheduled(excluded_variants="shadow-1,canary") == 0, box.message
    drift = box.drift
    current = write(box.root / "current.csv", [",".join(NAMES), *(f"{o},{g}" for o, g in rows(600, 1, shift=1.5))])
    alone = compare(
        read_table(box.baseline_data),
        read_table(current),
        kinds={"code": "categorical"},
        false_alarms_per_year=1,
        runs_per_year=8760,
    ).to_dict()
    assert {name: drift[name] for name in alone} == json.loads(json.dumps(alone))
    assert drift["drifted_features"] == ["prediction", "probability", "amount"]
    assert drift["features"]["code"]["kind"] == "categorical"
    assert drift["alpha"] == pytest.approx(1 / 8760)
    assert drift["window"] == {"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T11:00:00Z", "late_from": None}
    assert drift["records"] == {
        "read": 600,
        "used": 600,
        "rows": 600,
        "outside": 0,
        "skipped": {},
        "excluded_variants": ["canary", "shadow-1"],
    }
    assert (drift["version"], drift["engine"], drift["method"]) == (1, "open", "exact")
    assert "method_reason" not in drift


def test_what_whoever_started_the_run_left_out_stands_in_the_message_and_in_drift_json(box: Box) -> None:
    captured(box, rows(600, 2))
    said = "Left out: 1 x a file that was written again after it was taken (a.jsonl)."
    assert box.scheduled(left_out=said) == 0
    assert box.message.endswith(said)
    assert box.drift["records"]["left_out"] == said


@pytest.mark.parametrize("method", ["exact", "sketch"])
def test_undrifted_data_do_not_drift_by_either_method(box: Box, method: str) -> None:
    captured(box, rows(600, 2))
    assert box.scheduled(**(SKETCH if method == "sketch" else {})) == 0, box.message
    assert box.drift["method"] == method
    assert box.drift["drifted_features"] == []


def test_without_the_baselines_rows_its_sketches_decide(box: Box) -> None:
    captured(box, rows(600, 1, shift=1.5, code="09"))
    assert box.scheduled(**SKETCH) == 0, box.message
    drift = box.drift
    assert drift["method"] == "sketch"
    assert (drift["baseline_rows"], drift["current_rows"]) == (2000, 600)
    assert drift["drifted_features"] == NAMES
    assert drift["features"]["code"]["kind"] == "categorical"
    assert 'category "09" appeared (100 % of values)' in drift["features"]["code"]["summary"]
    by_sketch = drift["features"]["amount"]["psi"]
    assert box.scheduled() == 0
    assert box.drift["features"]["amount"]["psi"] == pytest.approx(by_sketch, abs=1e-9)  # 2,000 values: the data itself


def test_a_window_too_large_for_memory_is_compared_by_profiles(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    captured(box, rows(600, 1, shift=1.5))
    monkeypatch.setattr(data_quality, "EXACT_BYTES", 1000)
    assert box.scheduled() == 0
    assert box.drift["method"] == "sketch"
    assert box.drift["method_reason"] == "the window is larger than what is kept in memory"
    assert box.drift["drifted_features"] == ["prediction", "probability", "amount"]


def test_a_parquet_baseline_needs_pyarrow_or_the_sketches(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    captured(box, rows(600, 1))
    path = box.baseline_data.with_suffix(".parquet")
    table = read_table(box.baseline_data).to_arrow()
    pq.write_table(table.set_column(3, "code", pa.array([f"0{code}" for code in table["code"].to_pylist()])), path)
    parquet = BASELINE.replace(".csv", ".parquet")
    assert box.scheduled(baseline_dataset=parquet) == 0, box.message
    assert box.drift["method"] == "exact"
    assert box.drift["drifted_features"] == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert box.scheduled(baseline_dataset=parquet) == 0, box.message
    assert box.drift["method"] == "sketch"
    assert box.drift["method_reason"] == "baseline.parquet is a Parquet file, and there is no pyarrow here"


def test_a_baseline_without_a_header_takes_the_names_of_its_constraints(box: Box) -> None:
    captured(box, rows(600, 1))
    lines = box.baseline_data.read_text().splitlines()
    write(box.baseline_data, lines[1:])
    assert box.scheduled() == 0, box.message
    assert box.drift["baseline_rows"] == 2000
    assert box.drift["drifted_features"] == []
    write(box.baseline_data, ["prediction,other", "1,2"])
    assert box.scheduled() == 1
    assert box.message.endswith(
        "baseline.csv: has no column 'probability', which its constraints have: give the rows that they were made from"
    )


def test_model_monitors_environment_gets_model_monitors_files(box: Box) -> None:
    captured(box, rows(300, 1))
    assert box.scheduled(baseline_dataset=None) == 0
    assert sorted(path.name for path in box.output.iterdir()) == ["constraints.json", "statistics.json"]
    assert not any(name.startswith(("feature_psi_", "feature_ks_", "feature_p_value")) for name in box.metrics())


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"runs_per_year": "often"}, "Error: runs_per_year is 'often': give a number"),
        ({"false_alarms_per_year": "0"}, "Error: false_alarms_per_year is 0.0: give a number above 0"),
    ],
)
def test_levels_that_make_no_sense(box: Box, environment: dict[str, str], message: str) -> None:
    captured(box, rows(30, 1))
    assert box.scheduled(**environment) == 1
    assert box.message == message


def test_features_that_are_left_out(box: Box) -> None:
    captured(box, rows(300, 1, shift=3))
    for environment in ({}, SKETCH):
        assert box.scheduled(exclude_features_attribute="amount, code", **environment) == 0, box.message
        assert list(box.drift["features"]) == ["prediction", "probability"]


def test_without_anything_to_compare_with_there_is_no_verdict(box: Box) -> None:
    captured(box, rows(300, 1))
    assert box.scheduled(**SKETCH | {"baseline_statistics": None}) == 0, box.message
    assert box.drift.keys() == {"version", "window", "records", "engine", "rules"}
