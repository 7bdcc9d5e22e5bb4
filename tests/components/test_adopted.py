"""What exists already is taken as it is: nothing of it is made, and roles read what they need of it and no more."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components import ModelMonitoringStack
from components.naming import content_hash
from tests.components.conftest import CAPTURES_KEY, MakeArgs
from tests.components.mocked_runtime import Run, run_program
from tests.components.resource_types import DATA_QUALITY, MODEL_QUALITY

STEM = f"churn-{content_hash('fraud')}"


@pytest.fixture(scope="module")
def adopted(run_variant: Callable[..., Run]) -> Run:
    return run_variant("adopted")


def statements(run: Run, role: str) -> dict[str, dict[str, Any]]:
    document = run.document("aws:iam/rolePolicy:RolePolicy", f"churn-{role}-role-policy", "policy")
    return {item["Sid"]: item for item in document["Statement"]}


def test_nothing_of_the_endpoint_is_made(adopted: Run) -> None:
    types = {item.type for item in adopted.resources}
    assert not [item for item in types if "sagemaker/model:" in item or "sagemaker/endpoint" in item]
    assert not [item for item in types if item.startswith("aws:appautoscaling")]
    assert not any(item.name.endswith("model-role") for item in adopted.resources)
    [part] = [item for item in adopted.resources if item.type == "model-monitoring:index:MonitoredEndpoint"]
    urn = "::model-monitoring:index:MonitoredEndpoint::churn"
    assert not [item.name for item in adopted.resources if item.parent.endswith(urn)]
    assert part.name == "churn"


def test_nothing_writes_to_it(adopted: Run) -> None:
    """Every allowed resource outside of the stack is one that is only read."""
    for item in adopted.of_type("aws:iam/rolePolicy:RolePolicy"):
        for statement in json.loads(item.inputs["policy"])["Statement"]:
            outside = [arn for arn in statement["Resource"] if "fraud" in arn]
            if outside:
                assert set(statement["Action"]) <= {"s3:GetObject", "s3:ListBucket"}, statement


def test_the_jobs_read_its_captures_and_nothing_beside_them(adopted: Run) -> None:
    found = statements(adopted, "monitor")
    assert found["ReadCaptures"]["Resource"] == ["arn:aws:s3:::fraud-captures/endpoints/*"]
    assert found["ListCaptures"]["Resource"] == ["arn:aws:s3:::fraud-captures"]
    assert found["ListCaptures"]["Condition"] == {"StringLike": {"s3:prefix": ["endpoints", "endpoints/*"]}}
    assert found["DecryptCaptures"]["Action"] == ["kms:Decrypt"]
    assert found["DecryptCaptures"]["Resource"] == [CAPTURES_KEY]


def test_captures_at_the_top_of_a_bucket(run_stack: Callable[..., Run]) -> None:
    run = run_stack(endpoint={"existing": {"name": "fraud", "capture_uri": "s3://fraud-captures"}})
    found = statements(run, "monitor")
    assert found["ReadCaptures"]["Resource"] == ["arn:aws:s3:::fraud-captures/*"]
    assert found["ListCaptures"]["Condition"] == {"StringLike": {"s3:prefix": ["*"]}}
    assert "DecryptCaptures" not in found


def test_the_monitors_watch_it_under_names_that_are_the_stacks_own(adopted: Run) -> None:
    names = {item.inputs["name"] for item in adopted.of_type("aws:sagemaker/monitoringSchedule:MonitoringSchedule")}
    assert names == {f"{STEM}-data-quality", f"{STEM}-model-quality"}
    endpoint = adopted.one(DATA_QUALITY).inputs["dataQualityJobInput"]["endpointInput"]
    assert endpoint["endpointName"] == "fraud"
    endpoint = adopted.one(MODEL_QUALITY).inputs["modelQualityJobInput"]["endpointInput"]
    assert endpoint["endpointName"] == "fraud"


def test_names_fit_however_long_the_endpoints_is(run_stack: Callable[..., Run]) -> None:
    run = run_stack(endpoint={"existing": {"name": "f" * 63, "capture_uri": "s3://fraud-captures/x"}})
    for item in run.of_type("aws:sagemaker/monitoringSchedule:MonitoringSchedule"):
        assert len(item.inputs["name"]) <= 63


def test_alarms_have_its_dimensions(adopted: Run) -> None:
    dimensions = [item.inputs["dimensions"] for item in adopted.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")]
    watching = [found for found in dimensions if found and "MonitoringSchedule" in found]
    assert {found["Endpoint"] for found in watching} == {"fraud"}
    assert {found["MonitoringSchedule"] for found in watching} >= {f"{STEM}-data-quality", f"{STEM}-model-quality"}


def test_the_dashboard_is_the_stacks_own_and_notifications_link_to_it(adopted: Run) -> None:
    dashboard = adopted.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardName"]
    assert dashboard == f"{STEM}-monitoring-us-east-1"
    function = adopted.one("aws:lambda/function:Function", "churn-alarm-responder").inputs
    assert function["environment"]["variables"]["DASHBOARD_URL"].endswith(f"/{dashboard}")


def test_the_responder_may_read_the_baseline_that_it_quotes(adopted: Run) -> None:
    assert statements(adopted, "alarm-responder")["ReadFiles"]["Resource"] == [
        "arn:aws:s3:::fraud-baseline/v7/statistics.json"
    ]


def test_the_dashboard_shows_its_variant(adopted: Run) -> None:
    assert (
        '"EndpointName", "fraud", "VariantName", "AllTraffic"'
        in adopted.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    )


def test_its_name_may_come_from_another_resource(make_args: MakeArgs) -> None:
    def program() -> None:
        existing = {
            "name": pulumi.Output.from_input("fraud"),
            "capture_uri": pulumi.Output.from_input("s3://fraud-captures/x"),
            "variant_name": "Blue",
        }
        ModelMonitoringStack("churn", make_args(endpoint={"existing": existing}))

    run = run_program(program, stack="test")
    assert run.one(DATA_QUALITY).inputs["dataQualityJobInput"]["endpointInput"]["endpointName"] == "fraud"
    assert statements(run, "monitor")["ReadCaptures"]["Resource"] == ["arn:aws:s3:::fraud-captures/x/*"]


def test_a_baseline_that_exists_is_only_read(adopted: Run) -> None:
    assert adopted.of_type("aws:lambda/invocation:Invocation") == []
    assert not any("start-baseline" in item.name for item in adopted.resources)
    assert adopted.of_type("aws:s3/bucketObjectv2:BucketObjectv2") == []
    baseline = adopted.one(DATA_QUALITY).inputs["dataQualityBaselineConfig"]
    assert baseline == {
        "statisticsResource": {"s3Uri": "s3://fraud-baseline/v7/statistics.json"},
        "constraintsResource": {"s3Uri": "s3://fraud-baseline/v7/constraints.json"},
    }
    assert adopted.one(MODEL_QUALITY).inputs["modelQualityBaselineConfig"] == {
        "constraintsResource": {"s3Uri": "s3://fraud-baseline/v7/quality.json"}
    }
    assert statements(adopted, "monitor")["ReadFiles"]["Resource"] == [
        f"arn:aws:s3:::fraud-baseline/v7/{name}.json" for name in ("statistics", "constraints", "quality")
    ]
    # A job's input is listed before it is fetched, a single file too.
    assert statements(adopted, "monitor")["ListFiles"] == {
        "Sid": "ListFiles",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": ["arn:aws:s3:::fraud-baseline"],
        "Condition": {
            "StringLike": {"s3:prefix": [f"v7/{name}.json" for name in ("statistics", "constraints", "quality")]}
        },
    }
    outputs = next(found for urn, found in adopted.component_outputs.items() if "ModelMonitoringStack::churn" in urn)
    assert outputs["statistics_uri"] == "s3://fraud-baseline/v7/statistics.json"
