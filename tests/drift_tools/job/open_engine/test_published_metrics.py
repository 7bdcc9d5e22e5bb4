"""What a run publishes: metrics beside Model Monitor's names, and what CloudWatch does not take."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from drift_tools.job import Job
from drift_tools.job import cloudwatch as job_metrics
from drift_tools.job.settings import MetricSettings
from tests.drift_tools.open_box import NAMES, NAMESPACE, Box, captured, rows


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
