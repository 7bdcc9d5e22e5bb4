"""Custom monitors: a user's own function in the job."""

import json
from pathlib import Path
from typing import Any

import pytest

from drift_tools.job.container import Job, run_job
from drift_tools.job.program import run

SCRIPT = """
import numpy as np

def measure(table):
    young = table["age"] < 18
    places = set(table["place"])
    return {"minors": float(young.mean()), "places": len(places)}, {"minors": f"{int(young.sum())} of {len(young)}"}
"""


def captured(folder: Path) -> Path:
    rows = [("1,0.9", "41,a"), ("0,0.2", "17,b"), ("0,0.1", "12,b"), ("1,0.8", "33,c")]
    lines = [
        {
            "captureData": {
                "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": given, "encoding": "CSV"},
                "endpointOutput": {
                    "observedContentType": "text/csv",
                    "mode": "OUTPUT",
                    "data": said,
                    "encoding": "CSV",
                },
            },
            "eventMetadata": {"eventId": f"{number}", "inferenceTime": "2026-01-31T12:00:00Z"},
            "eventVersion": "0",
        }
        for number, (said, given) in enumerate(rows)
    ]
    folder.mkdir()
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return folder


def job(folder: Path, monitors: dict[str, Any]) -> dict[str, str]:
    config = folder / "analysis_config.json"
    config.write_text(json.dumps({"columns": ["prediction", "probability", "age", "place"], "monitors": monitors}))
    return {
        "analysis_type": "CUSTOM",
        "analysis_config": str(config),
        "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
        "dataset_source": str(captured(folder / "captured")),
        "output_path": str(folder / "out"),
        "sagemaker_endpoint_name": "churn",
        "sagemaker_monitoring_schedule_name": "churn-custom",
    }


def test_numbers_are_published_and_thresholds_violated_with_their_reason(tmp_path: Path) -> None:
    limits = {"minors": {"above": 0.25}, "places": {"below": 2}}
    variables = job(tmp_path, {"people": {"script": SCRIPT, "thresholds": limits}})
    message = run(Job(tmp_path, variables))
    assert message == "CompletedWithViolations: Job completed successfully with 1 violations."
    found = json.loads((tmp_path / "out/constraint_violations.json").read_text())
    assert found == {
        "violations": [
            {
                "metric_name": "people.minors",
                "constraint_check_type": "custom_check",
                "description": "Metric people.minors with 0.5 is above 0.25: 2 of 4",
            }
        ]
    }
    drift = json.loads((tmp_path / "out/drift.json").read_text())
    assert drift["custom"] == {"people": {"numbers": {"minors": 0.5, "places": 3.0}, "reasons": {"minors": "2 of 4"}}}
    lines = (tmp_path / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert {entry["MetricName"]: entry["Value"] for entry in entries} == {"people_minors": 0.5, "people_places": 3.0}
    assert entries[0]["Dimensions"] == [
        {"Name": "Endpoint", "Value": "churn"},
        {"Name": "MonitoringSchedule", "Value": "churn-custom"},
    ]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("def measure(table):\n    return {'a': 1 / 0}\n", "failed in line 2: ZeroDivisionError: division by zero"),
        ("def measure(table):\n    return [1]\n", "returned list: return a dictionary"),
        ("def measure(table):\n    return {'a': 'x'}\n", "returned what is no number"),
        ("def measure(table):\n    return {'b': 1}\n", "has a threshold for 'a' and returned b"),
        ("def measure(table:\n", "its script is no Python"),
    ],
)
def test_a_script_that_fails_fails_the_run_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], script: str, words: str
) -> None:
    variables = job(tmp_path, {"mine": {"script": script, "thresholds": {"a": {"above": 1}}}})
    assert run_job(run, tmp_path, variables) == 1
    message = (tmp_path / "output/message").read_text()
    assert message.startswith("Error: custom monitor mine")
    assert words in message
    if "ZeroDivision" in words:
        assert "Traceback" in capfd.readouterr().err


def test_the_others_are_told_of_though_one_fails(tmp_path: Path) -> None:
    broken = {"script": "def measure(table):\n    raise ValueError('no')\n"}
    monitors = {"broken": broken, "people": {"script": SCRIPT, "thresholds": {"minors": {"above": 0.25}}}}
    assert run_job(run, tmp_path, job(tmp_path, monitors)) == 1
    assert len(json.loads((tmp_path / "out/constraint_violations.json").read_text())["violations"]) == 1
