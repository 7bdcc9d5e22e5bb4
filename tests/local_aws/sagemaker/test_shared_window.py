"""One window on several instances of a job: each profiles its share of the captures, the first merges them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.archives.monitor import job_archive
from drift_tools.job import suggest_baseline
from drift_tools.tables import as_table
from tests.local_aws.bench import SKLEARN, Bench, processing_output, pull, statement, wait_until

CAPTURE = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
PLACES = {
    "code": "input/code",
    "constraints": "baseline/constraints",
    "stats": "baseline/stats",
    "endpoint": "input/endpoint",
    "truth": "input/ground_truth",
}


def records(seed: int, size: int, shift: float = 0.0) -> str:
    values = np.random.default_rng(seed).normal(shift, 1, size)
    documents = (
        {
            "captureData": {
                "endpointInput": {"data": f"{value:.6f}", "encoding": "CSV"},
                "endpointOutput": {"data": str(int(value > 0)), "encoding": "CSV"},
            },
            "eventMetadata": {"eventId": f"{seed}-{index}", "inferenceTime": "2026-01-01T10:00:01Z"},
        }
        for index, value in enumerate(values)
    )
    return "".join(json.dumps(document) + "\n" for document in documents)


def labels(seed: int, size: int) -> str:
    documents = (
        {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": f"{seed}-{index}"}}
        for index in range(size)
    )
    return "".join(json.dumps(document) + "\n" for document in documents)


@pytest.fixture
def shared(guarded_bench: Bench, tmp_path: Path) -> Bench:
    """A bucket with the monitor's code and a baseline in it."""
    values = np.random.default_rng(0).normal(size=3000)
    suggest_baseline(as_table({"answer": (values > 0).astype(float), "x": values}), tmp_path)
    guarded_bench.put("code/drift_tools.zip", job_archive())
    guarded_bench.put("constraints/constraints.json", (tmp_path / "constraints.json").read_bytes())
    guarded_bench.put("stats/statistics.json", (tmp_path / "statistics.json").read_bytes())
    return guarded_bench


def run(bench: Bench, *, count: int = 2, allowed: str = "monitor-state/shards", more: Mapping[str, str] = {}) -> Any:
    """The description of a job that ended, under the role that components.open_policies gives it."""
    role = bench.role(
        f"shared-{count}-{allowed.replace('/', '-')}",
        statement("s3:GetObject", f"arn:aws:s3:::{bench.bucket}/*"),
        statement("s3:ListBucket", f"arn:aws:s3:::{bench.bucket}"),
        statement(
            "s3:PutObject", [f"arn:aws:s3:::{bench.bucket}/{prefix}/*" for prefix in ("monitoring-results", allowed)]
        ),
        *pull(),
    )
    inputs = [
        {
            "InputName": name,
            "S3Input": {
                "S3Uri": f"s3://{bench.bucket}/{name}",
                "LocalPath": f"/opt/ml/processing/{place}",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
                "S3DataDistributionType": "ShardedByS3Key" if name == "endpoint" else "FullyReplicated",
            },
        }
        for name, place in PLACES.items()
        if bench.keys(f"{name}/")
    ]
    environment = {
        "PYTHONPATH": "/opt/ml/processing/input/code/drift_tools.zip",
        "dataset_format": CAPTURE,
        "dataset_source": "/opt/ml/processing/input/endpoint",
        "output_path": "/opt/ml/processing/output",
        "start_time": "2026-01-01T10:00:00Z",
        "end_time": "2026-01-01T11:00:00Z",
        "sagemaker_endpoint_name": "ep",
        "sagemaker_monitoring_schedule_name": "ep-data-quality",
        "metric_namespace": "ModelMonitoring/Endpoints/data-metrics",
        "publish_cloudwatch_metrics": "Disabled",
        "shards_uri": f"s3://{bench.bucket}/monitor-state/shards/{bench.name}",
    }
    if more.get("analysis_type") is None:
        environment["baseline_constraints"] = "/opt/ml/processing/baseline/constraints/constraints.json"
        environment["baseline_statistics"] = "/opt/ml/processing/baseline/stats/statistics.json"
    job = bench.job(
        "",
        role,
        AppSpecification={"ImageUri": SKLEARN, "ContainerEntrypoint": ["python3", "-m", "drift_tools.monitor"]},
        Environment={**environment, **more},
        ProcessingInputs=inputs,
        ProcessingResources={
            "ClusterConfig": {"InstanceCount": count, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        },
        StoppingCondition={"MaxRuntimeInSeconds": 120},
        ProcessingOutputConfig=processing_output(f"s3://{bench.bucket}/monitoring-results"),
    )

    def ended() -> Any:
        found = bench.sagemaker.describe_processing_job(ProcessingJobName=job)
        return found if found["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return wait_until(ended, seconds=120.0)


def result(bench: Bench, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(bench.get(f"monitoring-results/{name}"))
    return content


def test_the_shares_of_three_instances_are_one_window(shared: Bench) -> None:
    shared.put("endpoint/ep/Primary/2026/01/01/10/a.jsonl", records(1, 400, 1.0))
    shared.put("endpoint/ep/Primary/2026/01/01/10/b.jsonl", records(2, 200, 1.0) + "{broken\n")
    ended = run(shared, count=3)  # one of them has nothing to read
    assert ended["ProcessingJobStatus"] == "Completed", ended
    assert ended["ExitMessage"].startswith("CompletedWithViolations: ")
    assert "1 of 601 records were skipped: 1 x not JSON" in ended["ExitMessage"]
    drift = result(shared, "drift.json")
    assert (drift["current_rows"], drift["method"], drift["drifted_features"]) == (600, "sketch", ["answer", "x"])
    assert drift["records"]["skipped"] == {"not JSON": 1}
    assert result(shared, "statistics.json")["dataset"] == {"item_count": 600}
    handed_over = shared.keys("monitor-state/shards/")
    assert [key.rpartition("/")[2] for key in handed_over] == ["algo-2.json.gz", "algo-3.json.gz"]


def test_model_quality_of_all_instances_together(shared: Bench) -> None:
    for seed in (1, 2):
        shared.put(f"endpoint/ep/Primary/2026/01/01/10/{seed}.jsonl", records(seed, 60))
        shared.put(f"truth/{seed}.jsonl", labels(seed, 50))
    quality = {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": "BinaryClassification",
        "inference_attribute": "0",
        "ground_truth_source": "/opt/ml/processing/input/ground_truth",
    }
    ended = run(shared, more=quality)
    assert ended["ProcessingJobStatus"] == "Completed", ended
    positive = sum(int((np.random.default_rng(seed).normal(0, 1, 60)[:50] > 0).sum()) for seed in (1, 2))
    metrics = result(shared, "statistics.json")["binary_classification_metrics"]
    assert metrics["confusion_matrix"]["1"] == {"0": 100 - positive, "1": positive}
    assert result(shared, "drift.json")["records"]["skipped"] == {"no groundTruthData": 20}


@pytest.mark.parametrize("what", ["reads something else", "may not write"])
def test_an_instance_that_fails_fails_the_run_with_its_reason(shared: Bench, what: str) -> None:
    shared.put("endpoint/ep/Primary/2026/01/01/10/a.jsonl", records(1, 100))
    shared.put("endpoint/ep/Primary/2026/01/01/10/b.jsonl", records(2, 100))
    if what == "may not write":
        ended = run(shared, allowed="nowhere")
        reason = "AccessDenied"
    else:
        ended = run(shared, more={"record_preprocessor_script": "/opt/ml/processing/none.py"})
        reason = "none.py: no such Python script"
    assert ended["ProcessingJobStatus"] == "Failed"
    assert reason in ended["FailureReason"]
    assert not shared.keys("monitoring-results/")
