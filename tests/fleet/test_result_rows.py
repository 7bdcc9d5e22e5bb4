"""A run's files as lines of tables: exact rows, and the same ones whoever writes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from contract.result_tables import TABLES
from drift_tools.__main__ import main as cli_main
from drift_tools.errors import InputError
from drift_tools.fleet import compact_tables, fill_tables, open_store
from drift_tools.job import result_tables
from drift_tools.result_rows import Documents, RunIdentity, object_name, read_lines, rows_of
from tests.drift_tools.open_box import Box, captured, make_baseline, rows
from tests.fleet.runs import bias_files, drift_document, leave, quality_statistics, violations_document

IDENTITY = RunIdentity(
    endpoint="churn",
    schedule="churn-data-quality",
    window_end="2026-01-31T13:00:00Z",
    kind="data-quality",
    account="111122223333",
    region="eu-west-1",
    team="payments",
    variant="Primary",
    version="churn/7",
    results_uri="s3://bucket/r",
)
RUN = {
    "account": "111122223333",
    "region": "eu-west-1",
    "team": "payments",
    "endpoint": "churn",
    "variant": "Primary",
    "version": "churn/7",
    "schedule": "churn-data-quality",
    "kind": "data-quality",
    "window_start": "2026-01-31T12:00:00Z",
    "window_end": "2026-01-31T13:00:00Z",
}


def read_table(tables: Path, name: str) -> list[dict[str, Any]]:
    return [
        row for path in sorted((tables / name).rglob("*.json*")) for row in read_lines(path.read_bytes(), str(path))
    ]


def test_rows_of_a_run_that_found_drift() -> None:
    documents = Documents(drift_document(["amount"]), violations_document(["amount"])["violations"], {})
    found = rows_of(IDENTITY, documents)
    assert found["runs"] == [
        RUN
        | {
            "status": "violations",
            "engine": "open",
            "judged_by": "own windows",
            "row_count": 600,
            "records_read": 610,
            "records_used": 600,
            "feature_count": 2,
            "drifted_count": 1,
            "drifted_features": ["amount"],
            "violation_count": 1,
            "metrics": {},
            "results_uri": "s3://bucket/r",
        }
    ]
    measured = {"feature_kind": "numerical", "ks": 0.5, "jensen_shannon": 0.25, "wasserstein": None}
    measured |= {"l_infinity": 0.125, "p_value_adjusted": 0.0625}
    assert found["features"] == [
        RUN
        | measured
        | {"feature": "amount", "psi": 1.25, "drifted": True, "state": "drift"}
        | {"since": "2026-01-31T09:00:00Z", "reason": "moved"},
        RUN
        | measured
        | {"feature": "age", "psi": 0.02, "drifted": False, "state": "no drift", "since": None, "reason": "as before"},
    ]
    finding = {"subject": "amount", "check_type": "baseline_drift_check", "description": "Distance: 0.5 exceeds 0.1"}
    assert found["findings"] == [RUN | finding]
    assert found["metrics"] == []
    assert object_name("runs", IDENTITY) == (
        "runs/day=2026-01-31/111122223333_eu-west-1_churn_churn-data-quality_20260131T130000Z.json"
    )


def test_rows_of_a_quality_run_have_its_metrics_and_which_was_called() -> None:
    drift = {
        "engine": "open",
        "window": {"start": "2026-01-31T00:00:00Z"},
        "records": {"read": 310, "used": 300, "rows": 300},
        "judgement": {"by": "rows", "tests": {"f1": {"value": 0.71, "threshold": 0.8, "p_value": 0.003}}},
    }
    documents = Documents(drift, violations_document(["f1"], "metric_name")["violations"], quality_statistics(0.71))
    identity = RunIdentity(endpoint="churn", schedule="churn-model-quality", window_end="2026-01-31T13:00:00Z")
    found = rows_of(identity, documents)
    assert found["runs"][0]["kind"] == "model-quality"
    assert (found["runs"][0]["row_count"], found["runs"][0]["metrics"]) == (300, {"f1": 0.71})
    assert [
        (row["metric"], row["value"], row["standard_deviation"], row["threshold"], row["p_value"], row["called"])
        for row in found["metrics"]
    ] == [("f1", 0.71, 0.01, 0.8, 0.003, True), ("auc", None, None, None, None, False)]
    for name, table in TABLES.items():
        for row in found.get(name, []):
            assert tuple(row) == table.names


def test_rows_of_other_kinds_have_what_they_measured_of_the_model() -> None:
    files = bias_files(0.4)
    violations = files["constraint_violations.json"]["violations"]
    documents = Documents(files["drift.json"], violations, analysis=files["analysis.json"])
    identity = RunIdentity(endpoint="churn", schedule="churn-bias", window_end="2026-01-31T13:00:00Z")
    found = rows_of(identity, documents)
    assert (found["runs"][0]["kind"], found["runs"][0]["metrics"]) == ("bias", {"DPPL of age > 40": 0.4})
    (row,) = found["metrics"]
    assert (row["metric"], row["p_value"], row["called"]) == ("DPPL of age > 40", 0.25, True)
    assert [row["subject"] for row in found["findings"]] == ["DPPL of age > 40"]
    judgement = {"by": "ranking", "ndcg": 0.7, "standard_error": 0.05, "threshold": 0.9}
    attribution = Documents(
        {"judgement": judgement}, [{"metric_name": "shap", "label": "label0"}], analysis={"explanations": {}}
    )
    (row,) = rows_of(identity, attribution)["metrics"]
    assert attribution.kind == "attribution"
    assert (row["metric"], row["value"], row["threshold"], row["called"]) == (
        "feature_attribution_ndcg", 0.7, 0.9, True,
    )  # fmt: skip
    custom = Documents({"custom": {"orders": {"numbers": {"mean": 12.5, "none": None}, "reasons": {}}}})
    assert custom.kind == "custom"
    assert rows_of(identity, custom)["runs"][0]["metrics"] == {"orders_mean": 12.5}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A run of the open engine's job that wrote its tables, on traffic that moved by 1.5 standard deviations."""
    box = Box(tmp_path_factory.mktemp("ran") / "ml")
    make_baseline(box)
    captured(box, rows(600, 1, shift=1.5))
    assert box.scheduled(result_tables_uri="/opt/ml/processing/tables/", team="payments", model_version="7") == 0
    return box


def test_the_job_writes_what_the_command_writes_of_its_files(ran: Box, tmp_path: Path) -> None:
    tables = ran.processing / "tables"
    (run,) = read_table(tables, "runs")
    assert (run["team"], run["version"], run["drifted_features"]) == ("payments", "7", ran.drift["drifted_features"])
    assert [row["feature"] for row in read_table(tables, "features")] == list(ran.drift["features"])
    results = tmp_path / "results"
    files = {path.name: json.loads(path.read_bytes()) for path in ran.output.glob("*.json")}
    leave(results, "ep", "data-quality", "2026/01/01/11", files)
    filled = fill_tables(open_store(str(results)), open_store(str(tmp_path / "t"), must_exist=False), {})
    assert (filled.runs, filled.lines["features"]) == (1, 4)
    for name in ("features", "findings"):
        ours = [row | {"team": "payments", "version": "7"} for row in read_table(tmp_path / "t", name)]
        assert ours == read_table(tables, name)
        assert len(ours) > 0


def test_a_fleets_job_publishes_by_version(ran: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        result_tables, "publish", lambda _job, namespace, entries: told.append((namespace, list(entries)))
    )
    more = {"model_version": "churn/8", "publish_cloudwatch_metrics": "Enabled", "metric_namespace": "N"}
    monkeypatch.setattr("drift_tools.job.cloudwatch.publish", lambda *_: None)
    place = "/opt/ml/processing/by-version"
    assert ran.scheduled(result_tables_uri=place, **more) == 0
    assert told == []
    assert ran.scheduled(result_tables_uri=place, version_metrics="Enabled", model_variant="Blue", **more) == 0
    ((namespace, entries),) = told
    drifted = len(ran.drift["drifted_features"]) / len(ran.drift["features"])
    violations = len(json.loads((ran.output / "constraint_violations.json").read_bytes())["violations"])
    assert namespace == "N"
    assert {entry["MetricName"]: entry["Value"] for entry in entries} == {
        "version_findings": violations, "version_drifted_share": drifted,
    }  # fmt: skip
    dimensions = {item["Name"]: item["Value"] for item in entries[0]["Dimensions"]}
    assert dimensions == {"Endpoint": "ep", "Variant": "Blue", "Version": "churn/8"}


def test_tables_that_cannot_be_written_fail_no_run(ran: Box) -> None:
    (ran.processing / "blocked").write_text("a file where a folder should be")
    assert ran.scheduled(result_tables_uri="/opt/ml/processing/blocked/tables") == 0
    assert ran.message.startswith("CompletedWithViolations: ")
    assert "The tables of results at /opt/ml/processing/blocked/tables lack this run" in ran.message
    assert ran.drift["drifted_features"] != []


def test_filling_twice_and_compacting_lose_and_double_nothing(tmp_path: Path) -> None:
    results, place = tmp_path / "results", tmp_path / "tables"
    for hour in ("2026/01/31/12", "2026/01/31/13", "2026/02/01/01"):
        files = {
            "drift.json": drift_document(["amount"]),
            "constraint_violations.json": violations_document(["amount"]),
        }
        leave(results, "churn", "data-quality", hour, files)
    leave(results, "churn", "data-quality", "not/a/run/folder", {"drift.json": drift_document([])})
    source, tables = open_store(str(results)), open_store(str(place), must_exist=False)
    assert fill_tables(source, tables, {}).lines == {
        "runs": 3, "features": 6, "findings": 3, "metrics": 0, "acknowledgements": 0,
    }  # fmt: skip
    before = {name: read_table(place, name) for name in TABLES}
    fill_tables(source, tables, {})
    assert {name: read_table(place, name) for name in TABLES} == before
    assert compact_tables(tables, before="2026-02-01") == 6
    assert sorted(path.name for path in (place / "runs/day=2026-01-31").iterdir()) == ["all.json.gz"]
    assert len(list((place / "runs/day=2026-02-01").iterdir())) == 1
    assert {name: read_table(place, name) for name in TABLES} == before
    assert compact_tables(tables, before="2026-02-01") == 0
    # A run that is done again takes the place of its older lines.
    leave(results, "churn", "data-quality", "2026/01/31/13", {"drift.json": drift_document([])})
    fill_tables(source, tables, {})
    compact_tables(tables, before="2026-02-01")
    again = {row["window_end"]: row["drifted_count"] for row in read_table(place, "runs")}
    assert again == {"2026-01-31T12:00:00Z": 1, "2026-01-31T13:00:00Z": 0, "2026-02-01T01:00:00Z": 1}
    assert len(read_table(place, "runs")) == 3


def test_two_batches_of_one_hour_are_two_runs(tmp_path: Path) -> None:
    results, place = tmp_path / "results", tmp_path / "tables"
    for folder in ("2026/01/31/12/0530-nightly", "2026/01/31/12/4001-again"):
        leave(results, "churn", "batch", folder, {"drift.json": drift_document([])})
    fill_tables(open_store(str(results)), open_store(str(place), must_exist=False), {})
    ends = sorted(row["window_end"] for row in read_table(place, "runs"))
    assert ends == ["2026-01-31T12:05:30Z", "2026-01-31T12:40:01Z"]


def test_acknowledgements_become_lines(tmp_path: Path) -> None:
    place = tmp_path / "acknowledged" / "churn"
    place.mkdir(parents=True)
    record = {"by": "ann", "at": "2026-01-31T14:05:00+00:00", "note": "new form"}
    (place / "churn-data-quality.json").write_text(json.dumps(record))
    arguments = ["--acknowledged", str(tmp_path / "acknowledged"), "--tables", str(tmp_path / "t")]
    assert cli_main(["result-tables", "fill", *arguments]) == 0
    assert read_table(tmp_path / "t", "acknowledgements") == [
        {
            "endpoint": "churn",
            "schedule": "churn-data-quality",
            "acknowledged_by": "ann",
            "acknowledged_at": "2026-01-31T14:05:00+00:00",
            "note": "new form",
        }
    ]


def test_damaged_results_and_tables_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = leave(tmp_path / "results", "churn", "data-quality", "2026/01/31/13", {})
    (folder / "drift.json").write_text("{")
    assert cli_main(["result-tables", "fill", str(tmp_path / "results"), "--tables", str(tmp_path / "t")]) == 2
    assert "churn/churn-data-quality/2026/01/31/13/drift.json: is no JSON" in capsys.readouterr().err
    assert cli_main(["result-tables", "fill", str(tmp_path), "--tables", str(tmp_path / "results")]) == 2
    with pytest.raises(InputError, match=r"x: line 2 is no JSON object"):
        list(read_lines(b"{}\n[]\n", "x"))
