"""Records that are late or hostile, scripts that see them, and labels that are joined in the same run."""

import base64
import json
from typing import Any

import pytest

from tests.drift_tools.open_box import HOUR, QUALITY, Box, captured, rows
from tests.drift_tools.records import label, record, side, write


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
