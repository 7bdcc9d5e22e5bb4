"""Every part can be used without the stack, and by every Pulumi language."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

import components
from components import (
    Baseline,
    DataQualityMonitor,
    DriftAlerting,
    ModelQualityMonitor,
    MonitoredEndpoint,
    MonitoringDashboard,
    MonitoringStorage,
    ProcessingMetrics,
)
from components.args import ArgumentError
from tests.components.conftest import CONSTRAINTS, KEY, PREPROCESSOR, STATISTICS
from tests.components.mocked_runtime import run_program

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
ROLE = "arn:aws:iam::123456789012:role/own-monitor"
PLACES = {"endpoint_name": "own-endpoint", "bucket_name": "own-bucket"}
JOB = {**PLACES, "analyzer_image_uri": ANALYZER, "role_arn": ROLE}


def args(**values: Any) -> Any:
    """Arguments put together from pieces, which the type checker cannot follow."""
    return values


@pytest.fixture
def parts(model_archive: Path, baseline_csv: Path) -> dict[str, Callable[[], pulumi.ComponentResource]]:
    model, data = pulumi.FileAsset(str(model_archive)), pulumi.FileAsset(str(baseline_csv))
    return {
        "MonitoringStorage": lambda: MonitoringStorage("own", {}),
        "MonitoredEndpoint": lambda: MonitoredEndpoint(
            "own", {"endpoint": {"model": model}, "bucket_name": "own-bucket"}
        ),
        "MonitoredEndpoint that exists": lambda: MonitoredEndpoint(
            "own",
            args(endpoint={"existing": {"name": "own", "capture_uri": "s3://own-captures"}}, bucket_name="own-bucket"),
        ),
        "Baseline of files": lambda: Baseline(
            "own",
            args(
                **PLACES,
                baseline={
                    "statistics": pulumi.StringAsset(json.dumps(STATISTICS)),
                    "constraints": pulumi.StringAsset(json.dumps(CONSTRAINTS)),
                },
                thresholds={"comparison_threshold": 0.3},
                model_quality={"problem_type": "Regression", "thresholds": {"rmse": 2}},
                analyzer_image_uri=ANALYZER,
                monitor_role_arn=ROLE,
            ),
        ),
        "DataQualityMonitor with a script": lambda: DataQualityMonitor(
            "own",
            args(
                **JOB,
                statistics_uri="s3://own-baseline/statistics.json",
                constraints_uri="s3://own-baseline/constraints.json",
                monitor={"record_preprocessor": pulumi.StringAsset(PREPROCESSOR)},
                network={"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0b"]},
                kms_key_arn=KEY,
            ),
        ),
        "Baseline": lambda: Baseline(
            "own",
            args(**PLACES, baseline={"data": data}, analyzer_image_uri=ANALYZER, monitor_role_arn=ROLE),
        ),
        "DataQualityMonitor": lambda: DataQualityMonitor(
            "own", args(**JOB, statistics_uri="s3://x/statistics.json", constraints_uri="s3://x/constraints.json")
        ),
        "ModelQualityMonitor": lambda: ModelQualityMonitor("own", args(**JOB, monitor={"problem_type": "Regression"})),
        "ProcessingMetrics": lambda: ProcessingMetrics("own", args(**PLACES, metric_namespace="Own")),
        "DriftAlerting": lambda: DriftAlerting(
            "own", args(**PLACES, metric_namespace="Own", schedules={"data-quality": "own-schedule"})
        ),
        "MonitoringDashboard": lambda: MonitoringDashboard(
            "own",
            {
                "endpoint_name": "own-endpoint",
                "variant_name": "AllTraffic",
                "metric_namespace": "Own",
                "schedules": {"data-quality": "own-schedule"},
                "alarm_arns": [],
            },
        ),
    }


@pytest.mark.parametrize(
    ("part", "resources"),
    [
        ("MonitoringStorage", 7),
        ("MonitoredEndpoint", 11),
        ("MonitoredEndpoint that exists", 0),
        ("Baseline", 6),
        ("Baseline of files", 3),
        ("DataQualityMonitor", 2),
        ("DataQualityMonitor with a script", 3),
        ("ModelQualityMonitor", 2),
        ("ProcessingMetrics", 9),
        ("DriftAlerting", 14),
        ("MonitoringDashboard", 1),
    ],
)
def test_alone(parts: dict[str, Callable[[], pulumi.ComponentResource]], part: str, resources: int) -> None:
    run = run_program(parts[part])
    children = [item for item in run.resources if item.request.custom]
    assert len(children) == resources
    assert all(item.parent.endswith(f"model-monitoring:index:{part.split(maxsplit=1)[0]}::own") for item in children)


def test_an_alarm_that_is_not_there() -> None:
    def program() -> None:
        found = args(**PLACES, metric_namespace="Own", schedules={})
        with pytest.raises(KeyError, match="no alarm on JobFailures of data-quality"):
            DriftAlerting("own", found).alarm_name("data-quality", "JobFailures")

    run_program(program)


def test_schedules_of_unknown_kind() -> None:
    found = args(**PLACES, metric_namespace="Own", schedules={"latency": "x"})
    with pytest.raises(
        ArgumentError, match="schedules has 'latency': kinds are data-quality, model-quality, bias, attribution"
    ):
        DriftAlerting("own", found)


def component_classes() -> list[type[pulumi.ComponentResource]]:
    found = [getattr(components, name) for name in components.__all__]
    return [item for item in found if isinstance(item, type) and issubclass(item, pulumi.ComponentResource)]


def test_pulumi_can_read_every_component_and_argument() -> None:
    """What `pulumi package add` would do first: make a schema from the annotations."""
    result = Analyzer("model-monitoring").analyze(component_classes())
    definitions = result["component_definitions"]
    assert set(definitions) == {item.__name__ for item in component_classes()}
    assert {"ModelMonitoringStack", "MonitoringStorage", "MonitoredEndpoint", "Baseline"} <= set(definitions)
    stack = definitions["ModelMonitoringStack"]
    assert {"engine", "endpoint", "baseline", "dataQuality", "modelQuality", "retainData"} <= set(stack.inputs)
    assert {"bucketName", "constraintViolationsAlarmName", "dashboardUrl"} <= set(stack.outputs)
    assert {name for name, definition in stack.inputs.items() if not definition.optional} == set()


def test_every_argument_of_the_stack_is_described() -> None:
    result = Analyzer("model-monitoring").analyze(component_classes())
    groups = {name: definition.properties for name, definition in result["type_definitions"].items()}
    assert {
        "EndpointArgs",
        "ExistingEndpointArgs",
        "AutoscalingArgs",
        "BaselineArgs",
        "ExistingBaselineArgs",
        "ModelQualityBaselineArgs",
        "ExistingQualityBaselineArgs",
        "DataQualityArgs",
        "DataQualityThresholdsArgs",
        "ModelQualityArgs",
        "NetworkArgs",
        "AlertingArgs",
        "StorageArgs",
    } <= set(groups)
    undescribed = {
        f"{group}.{name}"
        for group, properties in {
            **groups,
            "stack": result["component_definitions"]["ModelMonitoringStack"].inputs,
        }.items()
        for name, definition in properties.items()
        if not definition.description
    }
    # No attribute in Python may be called so, and only attributes can be described: CapturesArgs itself says it.
    assert undescribed == {"CapturesArgs.from"}
