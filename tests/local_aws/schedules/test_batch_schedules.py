"""Schedules that watch transform jobs (BatchTransformInput), of all four kinds: the manifests of the window's hours are
what a run looks at, labels are joined by the ids that the jobs wrote, and metrics have no endpoint.
"""

import json
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

import local_aws
from tests.local_aws.bench import ANALYZER, Bench, pull, statement, wait_until
from tests.local_aws.schedules.clarify import CLARIFY, analysis_of_bias
from tests.local_aws.schedules.monitored import CLUSTER, HOURLY

PROJECT = Path(__file__).resolve().parents[3]
FEATURES = ["feature_1", "feature_2", "feature_3"]
NAMESPACES = {
    kind: f"aws/sagemaker/ModelMonitoring/{kind}-metrics" for kind in ("data", "model", "bias", "explainability")
}
ROWS = 200
Values = np.ndarray[Any, Any]


class Scored:
    """A bucket with batches that transform jobs have scored and captured, and definitions that look at them."""

    def __init__(self, cloud: local_aws.LocalAws) -> None:
        self.bench = Bench(cloud)
        self.sagemaker, self.cloud = self.bench.sagemaker, cloud
        now = cloud.clock.now()
        self.hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        cloud.clock.advance_to(self.hour + timedelta(minutes=10))

    def role(self) -> str:
        publish = {"StringEquals": {"cloudwatch:namespace": list(NAMESPACES.values())}}
        bucket = f"arn:aws:s3:::{self.bench.bucket}"
        folders = ("capture", "scores", "ground-truth", "baseline", "monitoring-results")
        return self.bench.role(
            "monitor",
            statement("s3:GetObject", [f"{bucket}/{folder}/*" for folder in folders]),
            statement("s3:ListBucket", bucket),
            statement("s3:PutObject", f"{bucket}/monitoring-results/*"),
            statement("cloudwatch:PutMetricData", "*", publish),
            *pull(),
        )

    def batch(self, hour: int, values: Values, answers: Values) -> None:
        """What a transform job leaves that began so many hours after the bench's own, with its input joined and ids."""
        moment = self.hour + timedelta(hours=hour)
        rows, labels = [], []
        truths = np.random.default_rng(hour).random(len(values)) < 0.5
        for index, (row, answer, truth) in enumerate(zip(values.tolist(), answers, truths, strict=True)):
            given = ["" if math.isnan(value) else repr(value) for value in row]
            cells = [*given, str(int(answer)), "0.5", f"{hour}-{index}", f"{moment:%Y-%m-%dT%H}:15:00Z"]
            rows.append(",".join(cells))
            label = {"data": str(int(truth)), "encoding": "CSV"}
            labels.append(json.dumps({"groundTruthData": label, "eventMetadata": {"eventId": f"{hour}-{index}"}}))
        place = f"{moment:%Y/%m/%d/%H}"
        self.bench.put(f"scores/{hour}/rows.csv.out", "\n".join(rows) + "\n")
        manifest = [{"prefix": f"s3://{self.bench.bucket}/scores/{hour}/"}, "rows.csv.out"]
        self.bench.put(f"capture/output/{place}/0b7bfd33.json", json.dumps(manifest))
        self.bench.put(f"ground-truth/{place}/a.jsonl", "\n".join(labels) + "\n")

    def define(
        self, kind: str, app: dict[str, Any], constraints: Any, attributes: dict[str, Any], baseline: str
    ) -> str:
        source: dict[str, Any] = {
            "BatchTransformInput": {
                "DataCapturedDestinationS3Uri": f"s3://{self.bench.bucket}/capture",
                "DatasetFormat": {"Csv": {"Header": False}},
                "LocalPath": "/opt/ml/processing/input/batch",
                **attributes,
            }
        }
        if kind in ("ModelBias", "ModelQuality"):
            source["GroundTruthS3Input"] = {"S3Uri": f"s3://{self.bench.bucket}/ground-truth"}
        output = {"S3Uri": f"s3://{self.bench.bucket}/monitoring-results", "LocalPath": "/opt/ml/processing/output"}
        name = f"{self.bench.name}-{kind}"
        request = {
            "JobDefinitionName": name,
            f"{kind}AppSpecification": app,
            f"{kind}BaselineConfig": {
                "ConstraintsResource": {"S3Uri": self.bench.put(f"baseline/{baseline}", json.dumps(constraints))}
            },
            f"{kind}JobInput": source,
            f"{kind}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output | {"S3UploadMode": "EndOfJob"}}]},
            "JobResources": CLUSTER,
            "RoleArn": self.role(),
            "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        }
        words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("_")
        getattr(self.sagemaker, f"create_{words}_job_definition")(**request)
        config = {"ScheduleConfig": HOURLY, "MonitoringJobDefinitionName": name, "MonitoringType": kind}
        self.sagemaker.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)
        return name

    def run(self, schedule: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The runs over the first hour and the second."""
        for minutes in (61, 121):
            self.cloud.clock.advance_to(self.hour + timedelta(minutes=minutes))
        found = self.sagemaker.list_monitoring_executions(MonitoringScheduleName=schedule)
        last, first = found["MonitoringExecutionSummaries"]
        return first, last

    def job(self, execution: dict[str, Any]) -> dict[str, Any]:
        name = execution["ProcessingJobArn"].rpartition("/")[2]
        found: dict[str, Any] = self.sagemaker.describe_processing_job(ProcessingJobName=name)
        return found

    def violations(self, schedule: str) -> list[dict[str, Any]]:
        """Of the second run; its place has no endpoint."""
        hour = self.hour + timedelta(hours=2)
        key = f"monitoring-results/{schedule}/{hour:%Y/%m/%d/%H}/constraint_violations.json"
        found: list[dict[str, Any]] = json.loads(self.bench.get(key))["violations"]
        return found

    def metrics(self, kind: str) -> dict[str, set[str]]:
        """Names of what was published, by the names of its dimensions."""
        found: dict[str, set[str]] = {}
        for item in self.cloud.client("cloudwatch").list_metrics(Namespace=NAMESPACES[kind])["Metrics"]:
            found.setdefault(",".join(sorted(d["Name"] for d in item["Dimensions"])), set()).add(item["MetricName"])
        return found


@pytest.fixture
def scored(emptied_cloud: local_aws.LocalAws) -> Scored:
    return Scored(emptied_cloud)


def statuses(*executions: dict[str, Any]) -> list[str]:
    return [item["MonitoringExecutionStatus"] for item in executions]


BOTH = ["Completed", "CompletedWithViolations"]


def test_data_quality(scored: Scored) -> None:
    names = [*FEATURES, "prediction", "probability", "id", "time"]
    features = [{"name": name, "inferred_type": "Fractional", "completeness": 1.0} for name in FEATURES]
    features += [{"name": "prediction", "inferred_type": "Integral", "completeness": 1.0}]
    features += [{"name": "probability", "inferred_type": "Fractional", "completeness": 1.0}]
    features += [{"name": name, "inferred_type": "String", "completeness": 1.0} for name in ("id", "time")]
    assert [item["name"] for item in features] == names
    constraints = {"version": 0.0, "features": features}
    schedule = scored.define("DataQuality", {"ImageUri": ANALYZER}, constraints, {}, "constraints.json")
    values = np.random.default_rng(0).random((ROWS, 3))
    scored.batch(0, values, values[:, 0] > 0.5)
    scored.batch(1, np.where(values < 0.3, np.nan, values), values[:, 0] > 0.5)
    quiet, drifted = scored.run(schedule)
    assert statuses(quiet, drifted) == BOTH, quiet
    assert "EndpointName" not in quiet
    environment = scored.job(drifted)["Environment"]
    assert environment["dataset_format"] == '{"csv": {"header": false}}'
    assert "sagemaker_endpoint_name" not in environment
    [source] = [
        item["S3Input"]
        for item in scored.job(drifted)["ProcessingInputs"]
        if item["InputName"] == "batch_transform_input_1"
    ]
    assert source["S3DataType"] == "ManifestFile"
    found = {(item["feature_name"], item["constraint_check_type"]) for item in scored.violations(schedule)}
    assert {(name, "completeness_check") for name in FEATURES} <= found
    assert set(scored.metrics("data")) == {"MonitoringSchedule"}
    assert "feature_non_null_feature_1" in scored.metrics("data")["MonitoringSchedule"]


def test_model_quality(scored: Scored) -> None:
    constraints = {
        "version": 0.0,
        "binary_classification_constraints": {
            "accuracy": {"threshold": 0.3, "comparison_operator": "LessThanThreshold"},
        },
    }
    app = {"ImageUri": ANALYZER, "ProblemType": "BinaryClassification"}
    schedule = scored.define("ModelQuality", app, constraints, {"InferenceAttribute": "3"}, "constraints.json")
    values = np.random.default_rng(0).random((ROWS, 3))
    for hour, is_right in enumerate((True, False)):
        truths = np.random.default_rng(hour).random(ROWS) < 0.5
        scored.batch(hour, values, truths == is_right)
    quiet, drifted = scored.run(schedule)
    assert statuses(quiet, drifted) == BOTH, quiet
    [violation] = scored.violations(schedule)
    assert violation["metric_name"] == "accuracy"
    assert "accuracy" in scored.metrics("model")["MonitoringSchedule"]


def test_bias(scored: Scored) -> None:
    config = {
        "headers": [*FEATURES, "label"],
        "label": "label",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "feature_3", "value_or_threshold": [0.5]}],
    }
    app = {"ImageUri": CLARIFY, "ConfigUri": scored.bench.put("baseline/analysis_config.json", json.dumps(config))}
    analysis = analysis_of_bias(DPPL=0.0)
    schedule = scored.define("ModelBias", app, analysis, {"InferenceAttribute": "3"}, "analysis.json")
    random = np.random.default_rng(0)
    values = random.random((ROWS, 3))
    scored.batch(0, values, random.random(ROWS) < 0.5)
    scored.batch(1, values, values[:, 2] < 0.5)
    quiet, drifted = scored.run(schedule)
    assert statuses(quiet, drifted) == BOTH, quiet
    [violation] = scored.violations(schedule)
    assert (violation["metric_name"], violation["facet"]) == ("DPPL", "feature_3")
    assert all("Endpoint" not in names.split(",") for names in scored.metrics("bias"))


def test_attribution(scored: Scored) -> None:
    artifact = PROJECT / "model/artifact"
    files = {name: (artifact / name).read_text() for name in ("model.json", "code/inference.py")}
    config = {
        "headers": FEATURES,
        "methods": {"shap": {"agg_method": "mean_abs"}},
        "predictor": {"model_name": scored.bench.model(files), "instance_type": "ml.m5.xlarge"},
    }
    app = {"ImageUri": CLARIFY, "ConfigUri": scored.bench.put("baseline/analysis_config.json", json.dumps(config))}
    shap = {"global_shap_values": {"feature_1": 0.2, "feature_2": 0.15, "feature_3": 0.11}, "expected_value": 0.6}
    analysis = {"version": "1.0", "explanations": {"kernel_shap": {"label0": shap}}}
    schedule = scored.define("ModelExplainability", app, analysis, {"InferenceAttribute": "4"}, "analysis.json")
    values = np.random.default_rng(0).random((ROWS, 3))
    scored.batch(0, values, values[:, 0] > 0.5)
    still = np.column_stack([np.full(ROWS, 0.5), np.full(ROWS, 0.5), values[:, 2]])
    scored.batch(1, still, values[:, 0] > 0.5)
    quiet, drifted = scored.run(schedule)
    assert statuses(quiet, drifted) == BOTH, quiet
    [violation] = scored.violations(schedule)
    assert violation["constraint_check_type"] == "feature_attribution_drift_check"


def test_an_hour_without_a_batch_has_no_data(scored: Scored) -> None:
    constraints = {"version": 0.0, "features": []}
    schedule = scored.define("DataQuality", {"ImageUri": ANALYZER}, constraints, {}, "constraints.json")
    first, second = scored.run(schedule)
    assert statuses(first, second) == ["Failed", "Failed"]
    assert first["FailureReason"] == "Job inputs had no data"
    assert "ProcessingJobArn" not in first


def test_a_format_must_be_one(scored: Scored) -> None:
    with pytest.raises(ClientError, match="exactly one of Csv, Json and Parquet"):
        scored.define(
            "DataQuality",
            {"ImageUri": ANALYZER},
            {"features": []},
            {"DatasetFormat": {"Csv": {}, "Parquet": {}}},
            "constraints.json",
        )


def test_what_a_transform_job_captures_is_what_a_schedule_looks_at(scored: Scored) -> None:
    """From CreateTransformJob to the run, nothing written by hand: JSON Lines, the input joined, no ids."""
    bench = scored.bench
    source = """
import json, os
def model_fn(d): return 2.0
def input_fn(data, content_type): return json.loads(data)
def predict_fn(row, factor): return factor * row["x"]
def output_fn(prediction, accept): return json.dumps(prediction), "application/json"
"""
    role = bench.role(
        "model",
        statement("s3:GetObject", f"arn:aws:s3:::{bench.bucket}/*"),
        statement("s3:PutObject", f"arn:aws:s3:::{bench.bucket}/*"),
        statement("s3:ListBucket", f"arn:aws:s3:::{bench.bucket}"),
        *pull(),
    )
    model = bench.model({"model.json": "{}", "code/inference.py": source}, role=role)
    bench.put("in/rows.jsonl", "".join(f"{json.dumps({'x': value})}\n" for value in range(60)))
    bench.sagemaker.create_transform_job(
        TransformJobName=f"{bench.name}-scoring",
        ModelName=model,
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bench.bucket}/in"}},
            "ContentType": "application/json",
            "SplitType": "Line",
        },
        DataProcessing={"JoinSource": "Input"},
        DataCaptureConfig={"DestinationS3Uri": f"s3://{bench.bucket}/capture"},
        TransformOutput={"S3OutputPath": f"s3://{bench.bucket}/scores", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    named = {"TransformJobName": f"{bench.name}-scoring"}
    wait_until(lambda: bench.sagemaker.describe_transform_job(**named)["TransformJobStatus"] == "Completed")
    ended = bench.sagemaker.describe_transform_job(**named)["TransformEndTime"]
    asked = {"NameContains": bench.name, "StatusEquals": "Completed"}
    for since, listed in ((ended - timedelta(seconds=1), 1), (ended + timedelta(seconds=1), 0)):
        found = bench.sagemaker.list_transform_jobs(**asked, LastModifiedTimeAfter=since)["TransformJobSummaries"]
        assert [item["LastModifiedTime"] for item in found] == [ended] * listed
    feature = {"name": "x", "inferred_type": "Integral", "completeness": 1.0}
    schedule = scored.define(
        "DataQuality",
        {"ImageUri": ANALYZER},
        {"version": 0.0, "features": [feature, {**feature, "name": "SageMakerOutput"}]},
        {"DatasetFormat": {"Json": {"Line": True}}},
        "constraints.json",
    )
    first, _ = scored.run(schedule)
    job = scored.job(first)
    assert job["Environment"]["dataset_format"] == '{"json": {"line": true}}'
    hour = scored.hour + timedelta(hours=1)
    statistics = json.loads(bench.get(f"monitoring-results/{schedule}/{hour:%Y/%m/%d/%H}/statistics.json"))
    counts = {item["name"]: item["numerical_statistics"]["common"]["num_present"] for item in statistics["features"]}
    assert counts == {"x": 60, "SageMakerOutput": 60}
