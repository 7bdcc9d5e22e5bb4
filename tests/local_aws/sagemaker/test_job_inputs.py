"""Processing jobs with several instances, manifests, source archives, and what they may not have."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from tests.local_aws.bench import SKLEARN, Bench, processing_input, processing_output, statement

# Writes, as the instance that it is, what it was given.
TELL = """
import json, os, pathlib
root = pathlib.Path(os.environ["root"])
hosts = json.loads((root / "config/resourceconfig.json").read_text())
me = hosts["current_host"]
files = sorted(str(p.relative_to(root / "processing")) for p in (root / "processing/in").rglob("*") if p.is_file())
(root / f"processing/output/{me}.json").write_text(json.dumps({"hosts": hosts["hosts"], "files": files}))
(root / "output/message").write_text(f"I am {me}")
"""


def cluster(count: int) -> dict[str, Any]:
    return {"ClusterConfig": {"InstanceCount": count, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}}


def tell(bench: Bench, source: dict[str, Any], *, count: int, script: str = TELL) -> Any:
    """The description of a job that ran TELL with an input at /opt/ml/processing/in."""
    code = bench.put("code/tell.py", script)
    job = bench.job(
        "",
        bench.monitor_role(),
        AppSpecification={"ImageUri": SKLEARN, "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/tell.py"]},
        Environment={"root": "/opt/ml"},
        ProcessingInputs=[
            processing_input("code", code, "/opt/ml/processing/code"),
            {"InputName": "in", "S3Input": {"LocalPath": "/opt/ml/processing/in", "S3InputMode": "File"} | source},
        ],
        ProcessingResources=cluster(count),
        ProcessingOutputConfig=processing_output(f"s3://{bench.bucket}/monitoring-results"),
    )
    return bench.finished(job)


def told(bench: Bench) -> dict[str, Any]:
    return {key.rpartition("/")[2]: json.loads(bench.get(key)) for key in bench.keys("monitoring-results/")}


@pytest.mark.parametrize(
    ("distribution", "first", "second"),
    [
        ("ShardedByS3Key", ["a", "c", "deep/e"], ["b", "d"]),
        ("FullyReplicated", ["a", "b", "c", "d", "deep/e"], ["a", "b", "c", "d", "deep/e"]),
    ],
)
def test_every_instance_is_a_process_with_its_share(
    bench: Bench, distribution: str, first: list[str], second: list[str]
) -> None:
    for name in ("a", "b", "c", "d", "deep/e"):
        bench.put(f"data/{name}", name)
    source = {"S3Uri": f"s3://{bench.bucket}/data", "S3DataType": "S3Prefix", "S3DataDistributionType": distribution}
    description = tell(bench, source, count=2)
    assert description["ProcessingJobStatus"] == "Completed", description
    assert description["ExitMessage"] == "I am algo-1"
    hosts = ["algo-1", "algo-2"]
    assert told(bench) == {
        "algo-1.json": {"hosts": hosts, "files": [f"in/{name}" for name in first]},
        "algo-2.json": {"hosts": hosts, "files": [f"in/{name}" for name in second]},
    }


def test_a_manifest_names_the_files(bench: Bench) -> None:
    for name in ("ep/Primary/01/a.jsonl", "ep/Primary/01/b.jsonl", "ep/Primary/02/c.jsonl"):
        bench.put(f"captured/{name}", name)
    names = ["Primary/02/c.jsonl", "Primary/01/a.jsonl"]
    manifest = [{"prefix": f"s3://{bench.bucket}/captured/ep/"}, *names]
    uri = bench.put("state/manifest.json", json.dumps(manifest))
    source = {"S3Uri": uri, "S3DataType": "ManifestFile", "S3DataDistributionType": "ShardedByS3Key"}
    assert tell(bench, source, count=2)["ProcessingJobStatus"] == "Completed"
    assert {name: found["files"] for name, found in told(bench).items()} == {
        "algo-1.json": ["in/Primary/02/c.jsonl"],
        "algo-2.json": ["in/Primary/01/a.jsonl"],
    }


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('["a"]', "cannot be read"),
        ('[{"prefix": "here/"}, "a"]', "is not [{"),
        ('[{"prefix": "s3://{bucket}/"}, 3]', "is not [{"),
        ('[{"prefix": "s3://{bucket}/"}, "../../../outside"]', "outside of the input's path"),
        ('[{"prefix": "s3://{bucket}/"}, "missing"]', "NoSuchKey"),
        ('[{"prefix": "s3://{bucket}/"}]', "No S3 objects found"),
    ],
)
def test_a_bad_manifest_fails_the_job(bench: Bench, manifest: str, reason: str) -> None:
    bench.put("outside", "")
    uri = bench.put("state/manifest.json", manifest.replace("{bucket}", bench.bucket))
    description = tell(bench, {"S3Uri": uri, "S3DataType": "ManifestFile"}, count=1)
    assert description["ProcessingJobStatus"] == "Failed"
    assert reason in description["FailureReason"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"S3InputMode": "Pipe"}, "S3InputMode Pipe; only File works here"),
        ({"S3CompressionType": "Gzip"}, "S3CompressionType Gzip; only None works here"),
    ],
)
def test_what_is_not_carried_out_is_said(bench: Bench, source: dict[str, Any], reason: str) -> None:
    uri = bench.put("data/a", "a")
    description = tell(bench, {"S3Uri": uri, "S3DataType": "S3Prefix"} | source, count=1)
    assert reason in description["FailureReason"]


def test_one_instance_that_fails_ends_the_job(bench: Bench) -> None:
    script = TELL.replace('(root / "output', 'if me == "algo-1":\n    import time; time.sleep(60)\n(root / "output')
    script += 'raise SystemExit(4 if me == "algo-2" else 0)\n'
    uri = bench.put("data/a", "a")
    description = tell(bench, {"S3Uri": uri, "S3DataType": "S3Prefix"}, count=2, script=script)
    assert description["ProcessingJobStatus"] == "Failed"
    assert description["FailureReason"] == "AlgorithmError: I am algo-2, exit code: 4"


# Takes the place of this project's drift_tools: what is imported must be the archive's.
MONITOR = """
import argparse, boto3, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--ml-root", type=pathlib.Path, default="/opt/ml")
root = parser.parse_args().ml_root
boto3.client("cloudwatch", os.environ["AWS_REGION"]).put_metric_data(
    Namespace="Mine", MetricData=[{"MetricName": os.environ["name"], "Value": 3.0}]
)
(root / "output/message").write_text("from " + __file__.replace(str(root), "/opt/ml"))
"""


def test_a_source_archive_is_what_runs_and_its_metrics_are_on_the_clock(bench: Bench) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("drift_tools/__init__.py", "")
        archive.writestr("drift_tools/monitor.py", MONITOR)
    code = bench.put("job-code/abc/drift_tools.zip", stream.getvalue())
    bench.cloud.clock.advance(timedelta(days=30))  # farther than any clock of this machine
    job = bench.job(
        "",
        bench.role("job", statement("*", "*")),
        AppSpecification={"ImageUri": SKLEARN, "ContainerEntrypoint": ["python3", "-m", "drift_tools.monitor"]},
        Environment={"PYTHONPATH": "/opt/ml/processing/input/code/drift_tools.zip", "name": bench.name},
        ProcessingInputs=[processing_input("code", code, "/opt/ml/processing/input/code")],
    )
    description = bench.finished(job)
    assert description["ProcessingJobStatus"] == "Completed", description
    assert description["ExitMessage"] == "from /opt/ml/processing/input/code/drift_tools.zip/drift_tools/monitor.py"
    now = bench.cloud.clock.now()
    (point,) = bench.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="Mine", MetricName=bench.name, StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1),
        Period=3600, Statistics=["Maximum"],
    )["Datapoints"]  # fmt: skip
    assert point["Maximum"] == 3.0


def test_a_container_is_told_its_region_by_a_name_that_boto3_does_not_know(bench: Bench) -> None:
    """As SageMaker does; a job that relies on boto3 to know must fail here as it would there."""
    script = "import os, sys\nsys.exit('AWS_DEFAULT_REGION' in os.environ or 'AWS_REGION' not in os.environ)\n"
    assert bench.finished(bench.job(script, bench.monitor_role()))["ProcessingJobStatus"] == "Completed"


@pytest.mark.parametrize(("isolated", "status"), [(True, "Failed"), (False, "Completed")])
def test_network_isolation_leaves_no_way_to_aws(bench: Bench, isolated: bool, status: str) -> None:
    script = "import boto3, os\nboto3.client('sts', os.environ['AWS_REGION']).get_caller_identity()\n"
    config = {"EnableNetworkIsolation": isolated, "EnableInterContainerTrafficEncryption": True}
    description = bench.finished(bench.job(script, bench.monitor_role(), NetworkConfig=config))
    assert description["ProcessingJobStatus"] == status, description
    assert description["NetworkConfig"] == config
