"""Limits of what functions, the fleet, roll-outs and the embedded AWS take: beyond each somebody is told."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import local_aws
from contract import retraining as names
from deployment.errors import UnusableError
from drift_tools.__main__ import main
from drift_tools.cli.commands import fleet as fleet_command
from drift_tools.errors import InputError
from drift_tools.fleet import open_store, read_fleet, reading
from drift_tools.report.fleet.page import _report
from drift_tools.stream import MOST_FEATURES, StreamBaseline
from functions.common.s3_objects import UnreadableError
from functions.fleet_watch import handler as fleet_watch
from functions.retraining_step import ending
from functions.start_retraining import handler as start
from functions.stream_drift import baselines, shared_state
from tests.fleet.overviews import overview
from tests.fleet.plans import plan_of
from tests.fleet.runs import drift_document, leave
from tests.lambda_functions.retraining.services import World, alarm
from tests.lambda_functions.stream_drift.stream_world import STATE
from tests.lambda_functions.stream_drift.stream_world import World as StreamWorld

NOW = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.mark.limit("models on the fleet's page, days, findings in a report")
def test_too_many_models_and_days_are_refused_and_findings_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for endpoint in ("one", "two", "three"):
        drifted: dict[str, Any] = {"drift.json": drift_document(["amount"], "2026-02-02T13:00:00Z")}
        found = [
            {"feature_name": f"f{number:02}", "constraint_check_type": "baseline_drift_check", "description": "moved"}
            for number in range(25)
        ]
        drifted["constraint_violations.json"] = {"violations": found}
        leave(tmp_path, endpoint, "data-quality", "2026/02/02/13", drifted)
    report = _report(overview(tmp_path).models[0], {})
    assert [line[1] for line in report["g"]] == [f"f{number:02}" for number in range(20)]
    monkeypatch.setattr(reading, "MOST_MODELS", 2)
    with pytest.raises(InputError, match="3 models: one page has room for 2: choose a --team, or fewer places"):
        read_fleet([open_store(str(tmp_path))], until=NOW, days=5)
    assert main(["fleet", str(tmp_path), "--days", "367"]) == 2
    assert "--days 367: give 1 to 366" in capsys.readouterr().err
    assert fleet_command._MOST_DAYS == 366


@pytest.mark.limit("metrics that the fleet's watch reads")
def test_metrics_beyond_the_watch_are_an_error_in_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class CloudWatch:
        def get_paginator(self, operation: str) -> Any:
            return Pages(operation)

    class Pages:
        def __init__(self, operation: str) -> None:
            self.operation = operation

        def paginate(self, **request: Any) -> Any:
            if self.operation == "get_metric_data":
                return [{"MetricDataResults": [
                    {"Id": query["Id"], "Timestamps": [NOW], "Values": [0.0]} for query in request["MetricDataQueries"]
                ]}]  # fmt: skip
            return [{"Metrics": [metric(request.get("MetricName", "JobFailures"), number) for number in range(3)]}]

    monkeypatch.setattr(fleet_watch, "MOST_METRICS", 2)
    counts = fleet_watch.count(CloudWatch(), NOW, linked=False, silent_hours=26)
    (said,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (said["level"], said["message"]) == ("ERROR", "more metrics than are looked at: the rest is not counted")
    assert (said["metrics"] > said["most"], said["most"], len(counts.models) <= 2) == (True, 2, True)


def metric(name: str, number: int) -> dict[str, Any]:
    dimensions = [{"Name": "Endpoint", "Value": f"e{number}"}, {"Name": "MonitoringSchedule", "Value": f"s{number}"}]
    return {"Namespace": f"ModelMonitoring/stack{number}", "MetricName": name, "Dimensions": dimensions}


@pytest.mark.limit("targets of a roll-out")
def test_too_many_targets_are_refused(tmp_path: Path) -> None:
    def document(number: int) -> dict[str, Any]:
        targets = [{"name": f"t{at}", "account": "111111111111", "region": "eu-west-1"} for at in range(number)]
        return {"program": "program", "config": {"name": "fleet"}, "waves": [{"name": "all", "targets": targets}]}

    assert len(plan_of(tmp_path, document(500)).targets) == 500
    with pytest.raises(UnusableError, match="501 targets: 500 at the most in one file"):
        plan_of(tmp_path, document(501))


@pytest.mark.limit("features of a stream")
def test_a_baseline_of_too_many_features_is_refused() -> None:
    features = [
        {
            "name": f"f{number}",
            "inferred_type": "String",
            "string_statistics": {
                "common": {"num_present": 9, "num_missing": 0},
                "distinct_count": 1.0,
                "distribution": {"categorical": {"buckets": [{"value": "a", "count": 9}]}},
            },
        }
        for number in range(MOST_FEATURES + 1)
    ]
    document = {"version": 0.0, "dataset": {"item_count": 9}, "features": features}
    with pytest.raises(InputError, match="the baseline has 2,001 features and a stream's state holds 2,000"):
        StreamBaseline.of_statistics(document)
    document["features"] = features[:-1]
    assert len(StreamBaseline.of_statistics(document).features) == MOST_FEATURES


@pytest.mark.limit("a stream's baseline, and its shared state")
@pytest.mark.parametrize("module", [baselines, shared_state])
def test_files_of_a_stream_that_are_too_large_are_said(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StreamWorld()
    for window in range(4):
        stream.window(window, stream.batch(20))
    assert STATE in stream.s3.objects
    stream.function = stream.fresh()
    monkeypatch.setattr(module, "_MOST_BYTES", 5)
    with pytest.raises(UnreadableError, match="is larger than 0 MB, too large to read here"):
        stream.window(4, stream.batch(20))


@pytest.mark.limit("model packages that a retraining looks at")
def test_packages_that_are_not_looked_at_are_a_warning_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    asked: list[dict[str, Any]] = []

    def packages(**request: Any) -> dict[str, Any]:
        asked.append(request)
        return {"ModelPackageSummaryList": [], "NextToken": "more"}

    monkeypatch.setattr(world.sagemaker, "list_model_packages", packages)
    services = type("Services", (), {"sagemaker": world.sagemaker})()
    ending.remove_orphans("churn-config-1", {"group_name": "churn", "name_stem": "churn"}, services)
    (said,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (said["level"], said["looked_at"], asked[0]["MaxResults"]) == ("WARNING", 100, 100)
    assert "older packages are not looked at" in said["message"]


@pytest.mark.limit("labels that the guard counts")
def test_labels_beyond_what_is_counted_are_enough_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    world.s3.put("ground-truth/2026/11/23/10/a.jsonl", b"1\n")
    world.s3.put("ground-truth/2026/11/23/11/a.jsonl", b"1\n")
    assert world.start(alarm())["reason"].startswith(names.TOO_FEW_LABELS)
    monkeypatch.setattr(start, "_MOST_LABEL_BYTES", 1)
    capsys.readouterr()
    assert world.start(alarm())["started"] is not None
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["message"][:35], line["counted"]) for line in said if "counted" in line] == [
        ("not all new labels were counted: th", 1)
    ]


@pytest.mark.limit("a request to the embedded AWS")
def test_requests_that_are_too_large_are_413() -> None:
    with local_aws.start() as cloud:
        s3, runtime = cloud.client("s3"), cloud.client("sagemaker-runtime")
        s3.create_bucket(Bucket="large")
        s3.put_object(Bucket="large", Key="fits", Body=b"x" * (1 << 20))
        with pytest.raises(ClientError) as refused:
            runtime.invoke_endpoint(EndpointName="none", Body=b"x" * (25 * 1024 * 1024 + 1))
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
        with pytest.raises(ClientError) as refused:
            s3.put_object(Bucket="large", Key="does-not", Body=b"x" * (256 * 1024 * 1024 + 1))
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
