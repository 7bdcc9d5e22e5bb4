"""The stream: what is declared of it, for a created and an adopted endpoint, and that it is off by default."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components import ArgumentError, ModelMonitoringStack
from components.args import StackSettings
from contract import metrics
from tests.components.conftest import KEY, MakeArgs
from tests.components.mocked_runtime import Run, run_program
from tests.components.resource_types import ALARM

LAYER = pulumi.AssetArchive({"python/numpy/__init__.py": pulumi.StringAsset("")})
STREAM, MAPPING = "aws:kinesis/stream:Stream", "aws:lambda/eventSourceMapping:EventSourceMapping"
ADOPTED = {"existing": {"name": "theirs", "capture_uri": "s3://captures/theirs"}}


@pytest.fixture(scope="module")
def make(make_args: MakeArgs) -> Callable[..., Run]:
    def made(real_time: Any, **changes: Any) -> Run:
        args = make_args(engine="open", real_time={"layer": LAYER, **real_time}, **changes)
        return run_program(lambda: ModelMonitoringStack("churn", args), stack="test")

    return made


@pytest.fixture(scope="module")
def streamed(make: Callable[..., Run]) -> Run:
    """With an endpoint of the stack's own, and nothing but the defaults."""
    return make({})


def of(run: Run, kind: str, name: str) -> Any:
    return run.one(kind, name).inputs


def test_it_is_off_by_default_and_changes_nothing_then(run_variant: Callable[..., Run]) -> None:
    run = run_variant("open")
    assert run.of_type(STREAM) == run.of_type(MAPPING) == []
    variables = of(run, "aws:lambda/function:Function", "churn-alarm-responder")["environment"]["variables"]
    assert "STREAM_PREFIX" not in variables


@pytest.mark.parametrize("changes", [{}, {"endpoint": ADOPTED}], ids=["created", "adopted"])
def test_the_stream_and_its_mapping(make: Callable[..., Run], streamed: Run, changes: Any) -> None:
    run = make({}, **changes) if changes else streamed
    stream = of(run, STREAM, "churn-requests")
    assert stream["streamModeDetails"] == {"streamMode": "ON_DEMAND"}
    assert (stream["encryptionType"], stream["kmsKeyId"]) == ("KMS", "alias/aws/kinesis")
    mapping = of(run, MAPPING, "churn-stream-drift-reads")
    expected = {
        "tumblingWindowInSeconds": 5,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "bisectBatchOnFunctionError": True,
        "maximumRetryAttempts": 3,
        "maximumRecordAgeInSeconds": 3600,
        "startingPosition": "TRIM_HORIZON",
    }
    assert {name: mapping[name] for name in expected} == expected
    assert "churn-stream-drift-dead-letters" in mapping["destinationConfig"]["onFailure"]["destinationArn"]
    function = of(run, "aws:lambda/function:Function", "churn-stream-drift")
    assert (function["architectures"], function["runtime"]) == (["arm64"], "python3.13")
    uris = function["environment"]["variables"]["BASELINE_URIS"].split()
    assert [uri.rsplit("/", 1)[1] for uri in uris] == ["stream.json", "statistics.json"]
    responder = of(run, "aws:lambda/function:Function", "churn-alarm-responder")["environment"]["variables"]
    assert responder["STREAM_PREFIX"] == "stream-state"


def test_a_key_of_ones_own_encrypts_the_stream(make: Callable[..., Run]) -> None:
    run = make({}, kms_key_arn=KEY)
    assert of(run, STREAM, "churn-requests")["kmsKeyId"] == KEY


def test_the_role_may_read_its_stream_and_nothing_else_of_kinesis(streamed: Run) -> None:
    policy = json.loads(of(streamed, "aws:iam/rolePolicy:RolePolicy", "churn-stream-drift-role-policy")["policy"])
    allowed = {action: s["Resource"] for s in policy["Statement"] for action in s["Action"]}
    assert {action for action in allowed if action.startswith("kinesis:")} == {
        f"kinesis:{name}"
        for name in ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
    }
    [stream] = allowed["kinesis:GetRecords"]
    assert "churn-requests" in stream
    assert [action for action, resources in allowed.items() if resources == ["*"]] == ["cloudwatch:PutMetricData"]
    assert all(resource.endswith("/stream-state/*") for resource in allowed["s3:PutObject"])


def test_it_rings_for_drift_for_lag_for_silence_and_for_what_was_given_up(make: Callable[..., Run]) -> None:
    run = make({"silent_minutes": 30})
    drift = of(run, ALARM, "churn-stream-drift")
    assert (drift["metricName"], drift["period"], drift["treatMissingData"]) == (
        metrics.DRIFTING_FEATURES,
        10,
        "ignore",
    )
    assert drift["alarmDescription"].endswith("Severity: critical")
    behind = of(run, ALARM, "churn-stream-behind")
    assert (behind["namespace"], behind["metricName"], behind["threshold"]) == ("AWS/Lambda", "IteratorAge", 60_000)
    silent = of(run, ALARM, "churn-stream-silent")
    assert (silent["metricName"], silent["evaluationPeriods"]) == (metrics.STREAM_RECORDS, 6)
    assert silent["treatMissingData"] == "missing"
    assert silent["insufficientDataActions"] == silent["alarmActions"]
    given_up = of(run, ALARM, "churn-stream-drift-dead-letters")
    assert given_up["namespace"] == "AWS/SQS"
    body = of(run, "aws:cloudwatch/dashboard:Dashboard", "churn-dashboard")["dashboardBody"]
    titles = [widget["properties"].get("title", "") for widget in json.loads(body)["widgets"]]
    assert len([title for title in titles if title.startswith("Stream: ")]) == 3


def test_the_budget_is_shared_with_the_monitors(make_args: MakeArgs) -> None:
    def share(**changes: Any) -> tuple[float, bool]:
        found = StackSettings.from_args("churn", make_args(**changes))
        return found.stream_false_alarms_per_year, found.stream_shares_budget

    layer = {"layer": LAYER}
    both_monitors = {"engine": "open", "open_engine": {"false_alarms_per_year": 3}}
    assert share(real_time=layer, **both_monitors) == (1.0, True)
    assert share(real_time={**layer, "false_alarms_per_year": 0.2}, **both_monitors) == (0.2, False)
    assert share(real_time=layer, engine="model-monitor", open_engine=None) == (1.0, True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "real_time.layer is None: give a pulumi.FileArchive with numpy"),
        ({"layer": LAYER, "window_in_seconds": 901}, "real_time.window_in_seconds is 901: must be from 1 to 900"),
        ({"layer": LAYER, "silent_minutes": 7}, "real_time.silent_minutes is 7: must be a multiple of 5"),
        ({"layer": LAYER, "windows": 7}, "real_time.windows is not an argument"),
        (True, "real_time is True: give a dictionary"),
    ],
)
def test_what_cannot_be_is_refused(make_args: MakeArgs, given: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        StackSettings.from_args("churn", make_args(engine="open", real_time=given))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_without_the_data_quality_monitor_there_is_no_baseline_for_it(make_args: MakeArgs) -> None:
    args = make_args(engine="open", real_time={"layer": LAYER}, data_quality={"enabled": False}, baseline=None)
    with pytest.raises(ArgumentError, match=r"real_time is given and data_quality\.enabled is False"):
        StackSettings.from_args("churn", args)
