"""What the open engine's schedule delivers, and what comes of it."""

from typing import Any

from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker
from tests.lambda_functions.functions import load

MODULES = load("start_monitor")
NAMESPACE = "ModelMonitoring/churn"
ENVIRONMENT = {
    "METRIC_NAMESPACE": NAMESPACE,
    "BUCKET_NAME": "churn-data",
    "FAILURES_PREFIX": "responder-state/job-failures",
    "AWS_LAMBDA_LOG_GROUP_NAME": "churn-start-monitor-logs-1a2b3c4",
}
SETTINGS = MODULES.handler.Settings.read(ENVIRONMENT)
CAPTURED = "captured-data/churn-endpoint/Primary"
STATE = "monitor-state/churn-endpoint/churn-endpoint-data-quality"
REQUEST: dict[str, Any] = {
    "ProcessingInputs": [
        {
            "InputName": "code",
            "S3Input": {
                "S3Uri": "s3://churn-data/job-code/abc/drift_tools.zip",
                "LocalPath": "/opt/ml/processing/input/code",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
    ],
    "ProcessingResources": {
        "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
    },
    "AppSpecification": {
        "ImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3",
        "ContainerEntrypoint": ["python3", "-m", "drift_tools.monitor"],
    },
    "Environment": {"publish_cloudwatch_metrics": "Enabled"},
    "RoleArn": "arn:aws:iam::123456789012:role/churn-monitor",
}
EVENT: dict[str, Any] = {
    "scheduled_time": "2026-11-23T10:20:00Z",
    "plan": {
        "kind": "data-quality",
        "endpoint": "churn-endpoint",
        "schedule": "churn-endpoint-data-quality",
        "variants": ["Primary"],
        "start_offset": "-PT1H",
        "end_offset": "-PT0H",
        "late_hours": 3,
        "captured_uri": "s3://churn-data/captured-data",
        "ground_truth_uri": None,
        "results_uri": "s3://churn-data/monitoring-results",
        "state_uri": "s3://churn-data/monitor-state",
        "job_stem": "churn",
        "small_window": None,
        "request": REQUEST,
    },
}
QUALITY = {
    "kind": "model-quality",
    "schedule": "churn-endpoint-model-quality",
    "ground_truth_uri": "s3://churn-data/ground-truth",
}
"""What the plan of a model-quality monitor has in its place."""


def published(cloudwatch: FakeCloudWatch) -> list[dict[str, float]]:
    return [
        {datum["MetricName"]: datum["Value"] for datum in request["MetricData"]}
        for request in cloudwatch.requests("PutMetricData")
    ]


def files_of_jobs(s3: FakeS3, sagemaker: FakeSageMaker) -> list[str]:
    """What the jobs that were created have got, of all manifests."""
    manifests = [
        source["S3Uri"].removeprefix("s3://churn-data/")
        for job in sagemaker.jobs.values()
        for source in (item["S3Input"] for item in job["ProcessingInputs"])
        if source["S3DataType"] == "ManifestFile"
    ]
    return sorted(key for manifest in manifests for key in s3.json(manifest)[1:])
