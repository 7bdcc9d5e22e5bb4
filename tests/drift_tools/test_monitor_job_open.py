"""The job under the open engine's environment: the verdict, its metrics, late records, labels, hostile windows."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from drift_tools.comparison import compare
from drift_tools.job import Job
from drift_tools.job import cloudwatch as job_metrics
from drift_tools.job.kinds import data_quality
from drift_tools.job.settings import MetricSettings
from drift_tools.tables import read_table
from tests.drift_tools.open_box import (
    BASELINE,
    HOUR,
    NAMES,
    NAMESPACE,
    QUALITY,
    SKETCH,
    Box,
    captured,
    make_baseline,
    rows,
)
from tests.drift_tools.records import label, record, side, write


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    box = Box(tmp_path_factory.mktemp("baseline") / "ml")
    make_baseline(box)
    return box.processing


@pytest.fixture
def box(baseline: Path, tmp_path: Path) -> Box:
    box = Box(tmp_path / "ml")
    for inside in (
        "baseline/constraints/constraints.json",
        "baseline/stats/statistics.json",
        "input/baseline_data/baseline.csv",
    ):
        target = box.processing / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((baseline / inside).read_bytes())
    return box


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield boto3.client("cloudwatch")


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


def test_metrics_beside_model_monitors_names(box: Box, cloudwatch: Any) -> None:
    captured(box, rows(600, 1, shift=1.5))
    assert box.scheduled(metric_namespace=NAMESPACE) == 0, box.message
    metrics = box.metrics()
    drift = box.drift["features"]
    for name in NAMES:
        assert metrics[f"feature_psi_{name}"]["Value"] == drift[name]["psi"]
        assert metrics[f"feature_p_value_adjusted_{name}"]["Value"] == drift[name]["p_value_adjusted"]
        assert f"feature_baseline_drift_{name}" in metrics
    assert metrics["feature_ks_amount"]["Value"] == drift["amount"]["ks"]["statistic"]
    assert "feature_ks_code" not in metrics
    published = cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert {metric["MetricName"] for metric in published} == set(metrics)
    dimensions = {(item["Name"], item["Value"]) for metric in published for item in metric["Dimensions"]}
    assert dimensions == {("Endpoint", "ep"), ("MonitoringSchedule", "ep-data-quality")}
    (point,) = cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="feature_psi_amount",
        Dimensions=metrics["feature_psi_amount"]["Dimensions"],
        StartTime="2026-01-01T10:00:00Z",
        EndTime="2026-01-01T10:01:00Z",
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert point["Maximum"] == drift["amount"]["psi"]


def test_metrics_that_cannot_be_published_are_said_and_the_verdict_stands(
    box: Box, cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, operation: str, arguments: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, operation)

    captured(box, rows(300, 1))
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    assert box.scheduled(metric_namespace=NAMESPACE) == 0
    assert box.message.startswith("Completed")
    assert f"The metrics were not published to {NAMESPACE} (An error occurred (AccessDenied)" in box.message
    assert (box.output / "statistics.json").is_file()
    assert "cloudwatch:PutMetricData" in box.message
    assert "\n" not in box.message
    assert box.metrics()  # the file is there all the same
    assert box.scheduled(metric_namespace=NAMESPACE, publish_cloudwatch_metrics="Disabled") == 0


@pytest.mark.parametrize("features", ["findings", "none", "all", None])
def test_metrics_of_features_are_of_those_that_were_asked_for(box: Box, features: str | None) -> None:
    """Each is 0.30 USD a month; a feature in which nothing was found need not have one."""
    captured(box, rows(300, 1, shift=5.0))
    assert box.scheduled(feature_metrics=features) == 0
    # Without any metric there is no file of them.
    names = set() if features == "none" else set(box.metrics())
    assert (box.root / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl").is_file() is bool(names)
    of_features = {name for name in names if name.startswith("feature_")}
    document = json.loads((box.output / "constraint_violations.json").read_bytes())
    found = {item["feature_name"] for item in document["violations"]} & set(NAMES)
    assert found, "the rows are shifted"
    with_metrics = {name for name in NAMES if any(metric.endswith(f"_{name}") for metric in of_features)}
    assert with_metrics == {"findings": found, "none": set()}.get(features or "all", set(NAMES))
    assert names - of_features == ({"features_not_checked"} if features in {"all", None} else set())


def test_without_credentials_the_verdict_stands_too(box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    captured(box, rows(300, 1))
    assert box.scheduled(metric_namespace=NAMESPACE) == 0
    assert "The metrics were not published" in box.message
    assert "region" in box.message


def entry(name: str, value: float = 1.0) -> dict[str, Any]:
    return job_metrics.Metrics("ep", "s", "2026-01-01T10:00:00Z").entry(name, {"Value": value, "Unit": "None"})


def test_a_request_holds_a_thousand_metrics_or_less_than_a_megabyte() -> None:
    short = [entry(f"f{index}") for index in range(2500)]
    assert [len(batch) for batch in job_metrics.batches(short)] == [1000, 1000, 500]
    long = [entry(f"{index:04d}" + "x" * 251) for index in range(2500)]
    found = list(job_metrics.batches(long))
    assert [item for batch in found for item in batch] == long
    assert max(len(json.dumps(batch)) for batch in found) < 500_000
    assert all(len(batch) > 800 for batch in found[:-1])
    assert list(job_metrics.batches([])) == []


def test_metric_names_are_legal_and_differ() -> None:
    names = ["feature_psi_" + name for name in ("a b", "größe", "x" * 300, "x" * 299 + "y", "値" * 40, "a\tb", "100%")]
    legal = [job_metrics.metric_name(name) for name in names]
    assert legal[0] == names[0]
    assert legal[1] == "feature_psi_gr%C3%B6%C3%9Fe"
    assert legal[6] == names[6]
    assert len(set(legal)) == len(names)
    assert all(len(name) <= 255 and name.isascii() and name.isprintable() for name in legal)
    assert legal[2][:246] == names[2][:246]


def test_numbers_that_cloudwatch_does_not_take_do_not_take_others_along(
    cloudwatch: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    job_metrics.emit(Job(tmp_path, {}), MetricSettings(namespace=NAMESPACE), [entry("good"), entry("bad", 1e200)])
    assert [metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]] == ["good"]
    assert "bad" in caplog.text


def test_a_window_of_more_than_two_weeks_ago_is_published_as_of_now(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Labels may come three weeks late; CloudWatch looks back two."""
    asked: list[Any] = []

    def answer(self: object, operation: str, arguments: Any) -> dict[str, Any]:
        asked.append(arguments)
        if "Timestamp" in arguments["MetricData"][0]:
            message = "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks."
            raise ClientError({"Error": {"Code": "InvalidParameterValue", "Message": message}}, operation)
        return {}

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", answer)
    job = Job(tmp_path, {"AWS_REGION": "eu-west-1"})
    job_metrics.emit(job, MetricSettings(namespace=NAMESPACE), [entry("a"), entry("b")])
    assert [[item.get("Timestamp") for item in request["MetricData"]] for request in asked] == [
        ["2026-01-01T10:00:00Z"] * 2,
        [None, None],
    ]
    assert "two weeks" in caplog.text


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AWS_DEFAULT_REGION": "eu-west-3", "AWS_REGION": "eu-west-1"}, "eu-west-3"),
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({}, "eu-central-1"),
    ],
)
def test_a_job_acts_in_the_region_that_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    """A container has AWS_REGION, and its job's ARN; boto3 knows neither."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").mkdir()
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:processing-job/a"
    (tmp_path / "config" / "processingjobconfig.json").write_text(json.dumps({"ProcessingJobArn": arn}))
    assert Job(tmp_path, variables).client("s3").meta.region_name == expected


def test_late_records_count_in_the_run_that_gets_their_file(box: Box) -> None:
    times = ["2026-01-01T07:59:59Z", "2026-01-01T08:00:00Z", "2026-01-01T09:30:00Z", "2026-01-01T10:00:00Z"]
    for time in times:
        captured(box, rows(30, 1), hour=f"ep/Primary/2026/01/01/{time[11:13]}", time=time)
    write(box.captured / HOUR / "next.jsonl", [record("0,01", "1,0.5", time="2026-01-01T11:00:00Z")])
    assert box.scheduled() == 0
    assert (box.drift["records"]["used"], box.drift["records"]["outside"]) == (30, 91)
    assert box.scheduled(late_from="2026-01-01T08:00:00Z") == 0
    assert (box.drift["records"]["used"], box.drift["records"]["outside"]) == (90, 31)
    assert box.drift["window"]["late_from"] == "2026-01-01T08:00:00Z"
    assert box.scheduled(late_from="soon") == 1
    assert box.message == "Error: late_from is 'soon': give an ISO 8601 time such as 2026-01-31T12:00:00Z"


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


def test_a_hostile_window_is_counted_record_by_record(box: Box) -> None:
    def encoded(text: str) -> dict[str, Any]:
        return side(base64.b64encode(text.encode()).decode(), "BASE64")

    row = "0.5,01"
    good = [record(given, out) for out, given in rows(200, 1)]
    usable = [
        record(encoded(row), encoded("1,0.5")),  # BASE64 on both sides
        record(side('{"amount": 0.5, "code": "01"}', "JSON", "application/json"), "1,0.5"),  # mixed encodings
        record("0.5,01\n0.7,02", "1,0.5\n0,0.4"),  # two rows in a request
        record(row, "1,0.5", inference_id="mine"),
    ]
    skipped = {
        "not JSON": "{broken",
        "not a JSON object": "[1]",
        "no captureData": json.dumps({"eventMetadata": {"inferenceTime": "2026-01-01T10:00:01Z"}}),
        "no endpointOutput": record(row, None),
        "neither endpointInput nor endpointOutput was captured": record(None, None),
        "BASE64 that holds no UTF-8 text": record(row, side("??", "BASE64")),
        "unknown encoding": record(row, side("1,0.5", "EBCDIC")),
        "numbers of rows in input and output differ": record("0.5,01\n0.7,02\n0.1,01", "1,0.5\n0,0.4"),
        "3 columns where 4 are expected": record("0.5", "1,0.5"),
        "no inferenceTime": record(row, "1,0.5", time=None),
        "inferenceTime is no time": record(row, "1,0.5", time="noon"),
        "a captured side without data": record(row, {"encoding": "CSV"}),
    }
    outside = record(row, "1,0.5", time="2026-01-01T23:00:00Z")
    write(box.captured / HOUR / "a.jsonl", [*good, *usable, *skipped.values(), outside, ""])
    assert box.scheduled(max_unreadable_share="0.2") == 0, box.message
    records = box.drift["records"]
    assert records["skipped"] == dict.fromkeys(skipped, 1)
    first = len(good) + len(usable) + 1
    assert (
        records["problems"]
        == [
            {"file": f"{HOUR}/a.jsonl", "line": first + number, "reason": reason}
            for number, reason in enumerate(skipped)
        ][:10]
    )
    assert records["used"] == len(good) + len(usable)
    assert records["rows"] == len(good) + len(usable) + 1
    assert records["read"] == len(good) + len(usable) + len(skipped)
    assert records["outside"] == 1
    assert box.scheduled(max_unreadable_share="0.01") == 1
    assert "captured records cannot be used" in box.message


def test_scripts_written_for_model_monitor_run_here_too(box: Box) -> None:
    write(
        box.processing / "input" / "preprocessor" / "pre.py",
        [
            "import os",
            "def preprocess_handler(inference_record):",
            "    given, out = inference_record.endpoint_input.data, inference_record.endpoint_output.data",
            "    if inference_record.event_metadata.event_id == 'sampled out':",
            "        return []",
            "    cells = out.split(',') + given.split(';')",
            "    return {str(index).zfill(20): cell for index, cell in enumerate(cells)}",
        ],
    )
    write(
        box.processing / "input" / "postprocessor" / "post.py",
        [
            "import json, pathlib",
            "def postprocess_handler():",
            f"    found = json.loads(pathlib.Path({str(box.output)!r}, 'drift.json').read_text())",
            f"    pathlib.Path({str(box.output)!r}, 'mine.json').write_text(json.dumps(found['drifted']))",
        ],
    )
    lines = [record(given.replace(",", ";"), out) for out, given in rows(300, 1)]
    lines += [record("0;0", "0,0", event_id="sampled out"), record("0;0", None)]
    write(box.captured / HOUR / "a.jsonl", lines)
    scripts = {
        "record_preprocessor_script": "/opt/ml/processing/input/preprocessor/pre.py",
        "post_analytics_processor_script": "/opt/ml/processing/input/postprocessor/post.py",
    }
    assert box.scheduled(**scripts) == 0, box.message
    assert box.drift["records"]["rows"] == 300
    (reason,) = box.drift["records"]["skipped"]
    assert reason == (
        "the record preprocessor raised AttributeError: 'NoneType' object has no attribute 'data' (pre.py, line 3)"
    )
    assert box.drift["drifted_features"] == []
    assert json.loads((box.output / "mine.json").read_bytes()) is False


def test_labels_are_joined_in_the_same_run(box: Box, cloudwatch: Any) -> None:
    lines = [
        record("1,2", f"{index % 2},{0.7 if index % 2 else 0.3}", event_id=f"e{index}", inference_id=f"i{index}")
        for index in range(40)
    ]
    write(box.captured / HOUR / "a.jsonl", [*lines, "{broken", record("1,2", "1,0.9", event_id="no label")])
    truths = [label(f"i{index}", str(index % 2 if index < 30 else 1 - index % 2)) for index in range(38)]
    write(box.processing / "input" / "ground_truth" / "2026/01/01/12/labels.jsonl", [*truths, "[]"])
    assert box.scheduled(**QUALITY) == 0, box.message
    statistics = json.loads((box.output / "statistics.json").read_bytes())["binary_classification_metrics"]
    assert statistics["accuracy"]["value"] == pytest.approx(30 / 38)
    assert box.drift["records"] == {
        "read": 42,
        "used": 38,
        "rows": 38,
        "outside": 0,
        "skipped": {"no groundTruthData": 3, "not JSON": 1},
        "problems": [{"file": f"{HOUR}/a.jsonl", "line": 41, "reason": "not JSON"}],
        "labels": {
            "read": 38,
            "unreadable": 1,
            "repeated": 0,
            "contradicted": 0,
            "coverage": pytest.approx(38 / 41),
            "coverage_by_age": [{"from_hours": 0, "to_hours": 6, "predictions": 41, "labelled": 38, "share": 38 / 41}],
        },
        "excluded_variants": [],
    }
    constraints = box.processing / "baseline" / "constraints" / "constraints.json"
    constraints.write_bytes((box.output / "constraints.json").read_bytes())
    checked = QUALITY | {"baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json"}
    assert box.scheduled(**checked) == 0, box.message
    assert box.message.startswith("Completed: Job completed successfully with no violations.")
    published = cloudwatch.list_metrics(Namespace="ModelMonitoring/Endpoints/model-metrics")["Metrics"]
    assert {"accuracy", "label_coverage"} <= {metric["MetricName"] for metric in published}
    ages = [
        dimension["Value"]
        for metric in published
        for dimension in metric["Dimensions"]
        if metric["MetricName"] == "label_coverage" and dimension["Name"] == "LabelAge"
    ]
    assert ages == ["0h-6h"]
    low, high = (box.drift["quality"]["accuracy"][end] for end in ("low", "high"))
    assert low < 30 / 38 < high


def test_labels_that_name_nobody(box: Box) -> None:
    captured(box, rows(30, 1))
    write(box.processing / "input" / "ground_truth" / "labels.jsonl", [label("somebody", "1")])
    assert box.scheduled(**QUALITY) == 1
    assert box.message.startswith("Error: none of 30 captured records has a label")


def test_a_feature_that_emits_nothing_has_no_metrics_of_the_verdict(box: Box) -> None:
    path = box.processing / "baseline" / "constraints" / "constraints.json"
    constraints = json.loads(path.read_bytes())
    constraints["features"][2]["monitoring_config_overrides"] = {"emit_metrics": "Disabled"}
    path.write_text(json.dumps(constraints))
    captured(box, rows(300, 1))
    assert box.scheduled() == 0
    assert "feature_psi_amount" not in box.metrics()
    assert "feature_psi_code" in box.metrics()
    assert "amount" in box.drift["features"]


def test_features_that_are_left_out(box: Box) -> None:
    captured(box, rows(300, 1, shift=3))
    for environment in ({}, SKETCH):
        assert box.scheduled(exclude_features_attribute="amount, code", **environment) == 0, box.message
        assert list(box.drift["features"]) == ["prediction", "probability"]


def test_without_anything_to_compare_with_there_is_no_verdict(box: Box) -> None:
    captured(box, rows(300, 1))
    assert box.scheduled(**SKETCH | {"baseline_statistics": None}) == 0, box.message
    assert box.drift.keys() == {"version", "window", "records", "engine", "rules"}
