"""Processing jobs: a real process, its inputs, outputs, message, log and events."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.bench import ANALYZER, SKLEARN, Bench, processing_input, processing_output, wait_until

LOOK_AROUND = """
import json, os, pathlib, sys
root = pathlib.Path(os.environ["where"]).parents[1]
print("arguments", sys.argv[1:])
found = {
    "data": sorted(str(p.relative_to(root)) for p in (root / "processing").rglob("*") if p.is_file()),
    "config": json.loads((root / "config/processingjobconfig.json").read_text())["ProcessingJobName"],
    "hosts": json.loads((root / "config/resourceconfig.json").read_text()),
    "mine": os.environ["mine"],
    "arguments": sys.argv[1:],
}
(root / "processing/output/deep").mkdir()
(root / "processing/output/deep/found.json").write_text(json.dumps(found))
(root / "output/message").write_text("all seen")
"""
SLEEP = "import time\nprint('begun', flush=True)\ntime.sleep(60)\n"


def test_a_job_sees_its_inputs_and_leaves_its_outputs(bench: Bench) -> None:
    bench.put("data/a.csv", "1")
    bench.put("data/more/b.csv", "2")
    single = bench.put("baseline/statistics.json", "{}")
    code = bench.put("code/look.py", LOOK_AROUND)
    job = bench.job(
        "",
        bench.monitor_role(),
        AppSpecification={
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/look.py"],
            "ContainerArguments": ["--out", "/opt/ml/processing/output", "not/opt/ml/this"],
        },
        Environment={"mine": "yes", "where": "/opt/ml/processing/output"},
        ProcessingInputs=[
            processing_input("data", f"s3://{bench.bucket}/data", "/opt/ml/processing/input"),
            processing_input("one", single, "/opt/ml/processing/baseline"),
            processing_input("code", code, "/opt/ml/processing/code"),
        ],
        ProcessingOutputConfig=processing_output(f"s3://{bench.bucket}/monitoring-results/run"),
    )
    description = bench.finished(job)
    assert description["ProcessingJobStatus"] == "Completed"
    assert description["ExitMessage"] == "all seen"
    assert description["Environment"]["where"] == "/opt/ml/processing/output"
    assert description["ProcessingStartTime"] <= description["ProcessingEndTime"]
    found = json.loads(bench.get("monitoring-results/run/deep/found.json"))
    output = found["arguments"][1]
    assert output.endswith("/ml/processing/output")
    assert found["arguments"] == ["--out", output, "not/opt/ml/this"]
    assert found["config"] == job
    assert found["hosts"] == {"current_host": "algo-1", "hosts": ["algo-1"]}
    assert found["data"] == [
        f"processing/{name}" for name in ("baseline/statistics.json", "code/look.py", "input/a.csv", "input/more/b.csv")
    ]
    logs = bench.cloud.client("logs")
    (stream,) = logs.describe_log_streams(logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=f"{job}/")[
        "logStreams"
    ]
    (event,) = logs.get_log_events(logGroupName="/aws/sagemaker/ProcessingJobs", logStreamName=stream["logStreamName"])[
        "events"
    ]
    assert event["message"].startswith("arguments ['--out'")


@pytest.mark.parametrize(
    ("script", "changes", "reason"),
    [
        ("raise SystemExit(3)", {}, "AlgorithmError: See job logs for more information, exit code: 3"),
        (
            "open('ml/output/message', 'w').write('no such column')\nraise SystemExit(1)",
            {},
            "AlgorithmError: no such column, exit code: 1",
        ),
        (
            "",
            {"ProcessingInputs": [processing_input("x", "s3://{bucket}/none", "/opt/ml/processing/x")]},
            "No S3 objects found under",
        ),
        (
            "",
            {"ProcessingInputs": [processing_input("x", "s3://{bucket}/code", "/opt/ml/x")]},
            "does not begin with /opt/ml/processing/",
        ),
        ("", {"AppSpecification": {"ImageUri": SKLEARN}}, "needs a ContainerEntrypoint"),
        (
            "",
            {"AppSpecification": {"ImageUri": ANALYZER.replace("analyzer", "other")}},
            "nothing here stands for the image",
        ),
        ("", {"AppSpecification": {"ImageUri": "python:3"}}, "is not an image in ECR"),
    ],
)
def test_failures_say_why(bench: Bench, script: str, changes: dict[str, Any], reason: str) -> None:
    changes = json.loads(json.dumps(changes).replace("{bucket}", bench.bucket))
    description = bench.finished(bench.job(script, bench.monitor_role(), **changes))
    assert description["ProcessingJobStatus"] == "Failed"
    assert reason in description["FailureReason"]
    (told,) = [line for line in bench.cloud.failures() if description["ProcessingJobName"] in line]
    assert told.startswith(f"processing job {description['ProcessingJobName']}: ")


@pytest.mark.parametrize(("mode", "uploaded"), [("EndOfJob", False), ("Continuous", True)])
def test_outputs_of_a_failed_job(bench: Bench, mode: str, uploaded: bool) -> None:
    script = "open('ml/processing/output/part', 'w').write('x')\nraise SystemExit(1)"
    output = processing_output(f"s3://{bench.bucket}/monitoring-results/run", mode)
    assert (
        bench.finished(bench.job(script, bench.monitor_role(), ProcessingOutputConfig=output))["ProcessingJobStatus"]
        == "Failed"
    )
    assert (bench.keys("monitoring-results/") == ["monitoring-results/run/part"]) is uploaded


def test_a_job_can_be_stopped_and_then_deleted(bench: Bench) -> None:
    job = bench.job(SLEEP, bench.monitor_role())
    wait_until(lambda: "ProcessingStartTime" in bench.sagemaker.describe_processing_job(ProcessingJobName=job))
    with pytest.raises(bench.sagemaker.exceptions.ResourceInUse):
        bench.sagemaker.delete_processing_job(ProcessingJobName=job)
    bench.sagemaker.stop_processing_job(ProcessingJobName=job)
    assert bench.finished(job)["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="is in status Stopped"):
        bench.sagemaker.stop_processing_job(ProcessingJobName=job)
    bench.sagemaker.delete_processing_job(ProcessingJobName=job)
    with pytest.raises(ClientError, match="Could not find requested job"):
        bench.sagemaker.describe_processing_job(ProcessingJobName=job)


def test_a_job_that_takes_too_long_is_stopped(bench: Bench) -> None:
    description = bench.finished(bench.job(SLEEP, bench.monitor_role(), StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert description["ProcessingJobStatus"] == "Stopped"
    assert description["FailureReason"] == "Job exceeded its MaxRuntimeInSeconds of 1"


def test_names_are_unique_and_jobs_are_listed_newest_first(bench: Bench) -> None:
    role = bench.monitor_role()
    jobs = [bench.job("", role) for _ in range(3)]
    for job in jobs:
        bench.finished(job)
    with pytest.raises(bench.sagemaker.exceptions.ResourceInUse, match="Job name must be unique"):
        bench.sagemaker.create_processing_job(
            ProcessingJobName=jobs[0],
            AppSpecification={"ImageUri": SKLEARN},
            RoleArn=role,
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
            },
        )
    pages = bench.sagemaker.get_paginator("list_processing_jobs").paginate(
        NameContains=f"{bench.name}-", PaginationConfig={"PageSize": 2}
    )
    listed = [job["ProcessingJobName"] for page in pages for job in page["ProcessingJobSummaries"]]
    assert listed == jobs[::-1]
    assert (
        bench.sagemaker.list_processing_jobs(NameContains=f"{bench.name}-", StatusEquals="Failed")[
            "ProcessingJobSummaries"
        ]
        == []
    )


def test_events_come_twice_and_say_what_describe_says(bench: Bench) -> None:
    sqs, events = bench.cloud.client("sqs"), bench.cloud.client("events")
    queue = sqs.create_queue(QueueName=bench.name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern: dict[str, Any] = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Processing Job State Change"]}
    pattern |= {"detail": {"ProcessingJobName": [{"prefix": f"{bench.name}-"}], "ProcessingJobStatus": ["Completed"]}}
    events.put_rule(Name=bench.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bench.name, Targets=[{"Id": "1", "Arn": arn}])
    job = bench.job("", bench.monitor_role())
    bench.finished(job)
    received: list[dict[str, Any]] = []

    def both() -> bool:
        received.extend(
            json.loads(m["Body"])
            for m in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        )
        return len(received) == 2

    wait_until(both)
    assert {event["detail"]["ProcessingJobName"] for event in received} == {job}
    assert all("ExitMessage" not in event["detail"] for event in received)
    moment = received[0]["time"]
    assert moment.startswith(bench.cloud.clock.now().strftime("%Y-"))
