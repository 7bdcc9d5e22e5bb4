"""Clarify's two kinds of schedules: definitions as AWS takes them, executions, and what those publish."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import local_aws
from tests.local_aws.bench import pull, statement
from tests.local_aws.schedules.clarify import ACCOUNTS, CLARIFY, REGISTRY, analysis_of_bias
from tests.local_aws.schedules.monitored import CLUSTER, Monitored

PROJECT = Path(__file__).resolve().parents[3]
FEATURES = ["feature_1", "feature_2", "feature_3"]
NAMESPACES = ("aws/sagemaker/Endpoints/bias-metrics", "aws/sagemaker/Endpoints/explainability-metrics")
ROWS = 200
Values = np.ndarray[Any, Any]


class Clarified(Monitored):
    """A bench with the sample model behind its endpoint, and Clarify's definitions."""

    def endpoint(self, config: str | None = None) -> str:
        artifact = PROJECT / "model/artifact"
        files = {name: (artifact / name).read_text() for name in ("model.json", "code/inference.py")}
        self.model_name = self.model(files)
        return super().endpoint(config or self.config(self.model_name))

    def clarify_role(self) -> str:
        publish = {"StringEquals": {"cloudwatch:namespace": list(NAMESPACES)}}
        return self.role(
            "clarify",
            # Everything but the model's archive: an endpoint's model is read by the endpoint.
            statement(
                "s3:GetObject",
                [
                    f"arn:aws:s3:::{self.bucket}/{folder}/*"
                    for folder in ("captured-data", "ground-truth", "baseline", "monitoring-results")
                ],
            ),
            statement("s3:ListBucket", f"arn:aws:s3:::{self.bucket}"),
            statement("s3:PutObject", f"arn:aws:s3:::{self.bucket}/monitoring-results/*"),
            statement("cloudwatch:PutMetricData", "*", publish),
            *pull(),
        )

    def define(self, kind: str, config: dict[str, Any], analysis: dict[str, Any], attributes: dict[str, str]) -> str:
        source: dict[str, Any] = {
            "EndpointInput": {
                "EndpointName": self.endpoint_name,
                "LocalPath": "/opt/ml/processing/input/endpoint",
                **attributes,
            }
        }
        if kind == "ModelBias":
            source["GroundTruthS3Input"] = {"S3Uri": f"s3://{self.bucket}/ground-truth"}
        request = {
            "JobDefinitionName": f"{self.name}-{kind}",
            f"{kind}AppSpecification": {
                "ImageUri": CLARIFY,
                "ConfigUri": self.put("baseline/analysis_config.json", json.dumps(config)),
                "Environment": {"publish_cloudwatch_metrics": "Enabled"},
            },
            f"{kind}BaselineConfig": {
                "ConstraintsResource": {"S3Uri": self.put("baseline/analysis.json", json.dumps(analysis))}
            },
            f"{kind}JobInput": source,
            f"{kind}JobOutputConfig": self.output(),
            "JobResources": CLUSTER,
            "RoleArn": self.clarify_role(),
            "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        }
        words = "model_bias" if kind == "ModelBias" else "model_explainability"
        getattr(self.sagemaker, f"create_{words}_job_definition")(**request)
        return str(request["JobDefinitionName"])

    def hour_of_captures(self, hour: int, values: Values, predictions: Values) -> None:
        """An hour's captures and labels, so many hours after the bench's own."""
        moment = self.hour + timedelta(hours=hour)
        lines, labels = [], []
        truths = np.random.default_rng(hour).random(len(values)) < 0.5
        for index, (row, prediction, truth) in enumerate(zip(values.tolist(), predictions, truths, strict=True)):
            sides = {"endpointInput": ",".join(map(repr, row)), "endpointOutput": f"{int(prediction)},0.5"}
            data = {side: {"data": text, "encoding": "CSV"} for side, text in sides.items()}
            identity = {"eventId": f"{hour}-{index}", "inferenceTime": f"{moment:%Y-%m-%dT%H}:15:00Z"}
            lines.append(json.dumps({"captureData": data, "eventMetadata": identity, "eventVersion": "0"}))
            label = {"data": str(int(truth)), "encoding": "CSV"}
            labels.append(json.dumps({"groundTruthData": label, "eventMetadata": {"eventId": f"{hour}-{index}"}}))
        place = f"{moment:%Y/%m/%d/%H}"
        self.put(f"captured-data/{self.endpoint_name}/Primary/{place}/00-00-000-a.jsonl", "\n".join(lines) + "\n")
        self.put(f"ground-truth/{place}/a.jsonl", "\n".join(labels) + "\n")


@pytest.fixture
def clarified(emptied_cloud: local_aws.LocalAws) -> Clarified:
    return Clarified(emptied_cloud)


def test_bias(clarified: Clarified) -> None:
    """A merge job, then Clarify's: an hour as the baseline says, and one in which the model turned against a group."""
    config = {
        "headers": [*FEATURES, "label"],
        "label": "label",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "feature_3", "value_or_threshold": [0.5]}],
    }
    definition = clarified.define("ModelBias", config, analysis_of_bias(DPPL=0.0), {"InferenceAttribute": "0"})
    schedule = clarified.schedule(definition, "ModelBias")
    random = np.random.default_rng(0)
    values = random.random((ROWS, 3))
    clarified.hour_of_captures(0, values, random.random(ROWS) < 0.5)
    clarified.hour_of_captures(1, values, values[:, 2] < 0.5)
    clarified.until(61)
    clarified.until(121)
    drifted, quiet = clarified.executions(schedule)
    assert [quiet["MonitoringExecutionStatus"], drifted["MonitoringExecutionStatus"]] == [
        "Completed", "CompletedWithViolations"], quiet  # fmt: skip
    [job] = [
        clarified.sagemaker.describe_processing_job(ProcessingJobName=drifted["ProcessingJobArn"].rpartition("/")[2])
    ]
    assert job["ProcessingJobName"].startswith("model-bias-monitoring-")
    assert job["AppSpecification"] == {"ImageUri": CLARIFY}
    hour = clarified.hour + timedelta(hours=2)
    folder = f"monitoring-results/{clarified.endpoint_name}/{schedule}/{hour:%Y/%m/%d/%H}"
    [violation] = json.loads(clarified.get(f"{folder}/constraint_violations.json"))["violations"]
    assert (violation["metric_name"], violation["facet"]) == ("DPPL", "feature_3")
    assert violation["description"].startswith("Metric value 1.0 doesn't meet the baseline constraint requirement 0.0")
    assert f"{folder}/analysis.json" in clarified.keys(folder)
    metrics = clarified.cloud.client("cloudwatch").list_metrics(Namespace=NAMESPACES[0])["Metrics"]
    names = {metric["MetricName"] for metric in metrics}
    assert {"bias_metric_DPPL", "bias_metric_DPL", "bias_metric_CI"} <= names
    merges = clarified.sagemaker.list_processing_jobs(NameContains="groundtruth-merge")["ProcessingJobSummaries"]
    merge = clarified.sagemaker.describe_processing_job(ProcessingJobName=merges[0]["ProcessingJobName"])
    merger = f"{ACCOUNTS['sagemaker-model-monitor-analyzer']['us-east-1']}.{REGISTRY}"
    assert merge["AppSpecification"]["ImageUri"] == f"{merger}/sagemaker-model-monitor-groundtruth-merger"


def test_attribution(clarified: Clarified) -> None:
    """The model's archive is asked in the job, though its role may not read it: an endpoint's role may."""
    config = {
        "headers": FEATURES,
        "methods": {"shap": {"agg_method": "mean_abs"}},
        "predictor": {"model_name": clarified.model_name, "instance_type": "ml.m5.xlarge"},
    }
    shap = {"global_shap_values": {"feature_1": 0.2, "feature_2": 0.15, "feature_3": 0.11}, "expected_value": 0.6}
    analysis = {"version": "1.0", "explanations": {"kernel_shap": {"label0": shap}}}
    definition = clarified.define("ModelExplainability", config, analysis, {"InferenceAttribute": "1"})
    schedule = clarified.schedule(definition, "ModelExplainability")
    values = np.random.default_rng(0).random((ROWS, 3))
    clarified.hour_of_captures(0, values, values[:, 0] > 0.5)
    still = np.column_stack([np.full(ROWS, 0.5), np.full(ROWS, 0.5), values[:, 2]])
    clarified.hour_of_captures(1, still, values[:, 0] > 0.5)
    clarified.until(61)
    clarified.until(121)
    drifted, quiet = clarified.executions(schedule)
    assert [quiet["MonitoringExecutionStatus"], drifted["MonitoringExecutionStatus"]] == [
        "Completed", "CompletedWithViolations"], quiet  # fmt: skip
    hour = clarified.hour + timedelta(hours=2)
    folder = f"monitoring-results/{clarified.endpoint_name}/{schedule}/{hour:%Y/%m/%d/%H}"
    [violation] = json.loads(clarified.get(f"{folder}/constraint_violations.json"))["violations"]
    assert violation["constraint_check_type"] == "feature_attribution_drift_check"
    metrics = clarified.cloud.client("cloudwatch").list_metrics(Namespace=NAMESPACES[1])["Metrics"]
    assert {"feature_feature_1", "ExpectedValue"} <= {metric["MetricName"] for metric in metrics}
    assert len(clarified.sagemaker.list_endpoints(NameContains=clarified.name)["Endpoints"]) == 1
