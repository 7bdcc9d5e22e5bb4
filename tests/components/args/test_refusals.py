"""Arguments are refused before anything is registered, in one line that names argument, value and fix."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import ModelMonitoringStack, MonitoringStorage
from components.args import (
    ArgumentError,
    DataQualitySettings,
    EndpointSettings,
    ModelQualitySettings,
    StackSettings,
    common_settings,
)
from tests.components.conftest import MakeArgs
from tests.components.mocked_runtime import run_program
from tests.components.refusals import refused


def test_smallest_stack(model_archive: Path, baseline_csv: Path) -> None:
    settings = StackSettings.from_args(
        "churn",
        {
            "endpoint": {"model": pulumi.FileAsset(str(model_archive))},
            "baseline": {"data": pulumi.FileAsset(str(baseline_csv))},
        },
    )
    assert settings.engine == "open"
    assert settings.retain_data is True
    assert settings.of(ModelQualitySettings) is None
    assert (quality := settings.of(DataQualitySettings)) is not None
    assert quality.schedule.text == "cron(0 * ? * * *)"
    assert settings.common.log_retention_in_days == 30
    assert isinstance(settings.endpoint, EndpointSettings)
    assert settings.endpoint.sampling_percentage == 100
    assert settings.endpoint.model_data == model_archive.read_bytes()


def test_what_is_required(make_args: MakeArgs) -> None:
    assert refused(make_args, baseline=None).startswith("baseline is missing: give data, or captures")


@pytest.mark.parametrize("engine", ["model-monitor", "open", "both"])
def test_engines(make_args: MakeArgs, engine: str) -> None:
    assert StackSettings.from_args("churn", make_args(engine=engine)).engine == engine


def test_unknown_engine(make_args: MakeArgs) -> None:
    assert refused(make_args, engine="clarify") == "engine is 'clarify': must be one of model-monitor, open, both"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modle_quality": {}}, "modle_quality is not an argument: did you mean 'model_quality'?"),
        ({"storage": {"capture_data_days": 3}}, "storage.capture_data_days is not an argument: did you mean"),
        ({"alerting": {"slack": "x"}}, "alerting.slack is not an argument: there are emails, subscriptions"),
        ({"data_quality": []}, "data_quality is []: give a dictionary with enabled"),
        ({"storage": {"captured_data_days": 0}}, "storage.captured_data_days is 0: must be from 1 to 36500"),
        ({"storage": {"captured_data_days": 1.5}}, "storage.captured_data_days is 1.5: must be a whole number"),
        ({"storage": {"captured_data_days": True}}, "storage.captured_data_days is True: must be a whole number"),
        ({"storage": {"captured_data_days": float("nan")}}, "storage.captured_data_days is nan: must be a whole"),
        ({"storage": {"captured_data_days": "a month"}}, "storage.captured_data_days is 'a month': must be a whole"),
        ({"retain_data": "yes"}, "retain_data is 'yes': must be true or false"),
        ({"log_retention_in_days": 8}, "log_retention_in_days is 8: CloudWatch takes 1, 3, 5, 7, 14, 30"),
        ({"alerting": {"emails": "a@b.com"}}, "alerting.emails is 'a@b.com': must be a list of addresses"),
        ({"alerting": {"emails": ["nobody"]}}, "alerting.emails has 'nobody': write an address such as team@example"),
        ({"alerting": {"violations_threshold": 0}}, "alerting.violations_threshold is 0: must be from 1 to"),
        ({"tags": {"aws:x": "1"}}, "tags has the name 'aws:x': 1 to 128 characters that do not start with aws:"),
        ({"tags": {"cost": [3]}}, "tags.cost is [3]: must be text of at most 256 characters"),
        ({"tags": {f"t{number}": "" for number in range(51)}}, "tags has 51 entries: AWS takes at most 50"),
        ({"tags": ["a"]}, "tags is ['a']: give a dictionary"),
        ({"permissions_boundary_arn": "boundary"}, "permissions_boundary_arn is 'boundary': give the ARN"),
        ({"data_quality": {"schedule_expression": "rate(1 hour)"}}, "data_quality.schedule_expression is 'rate(1"),
        ({"data_quality": {"schedule_expression": "cron(0 24 ? * * *)"}}, "data_quality.schedule_expression is 'cron"),
        ({"data_quality": {"schedule_expression": "cron(0 * * * ? *)"}}, "data_quality.schedule_expression is 'cron"),
        ({"data_quality": {"max_runtime_in_seconds": 3601}}, "data_quality.max_runtime_in_seconds is 3601: must be"),
        ({"data_quality": {"instance_type": "m5.xlarge"}}, "data_quality.instance_type is 'm5.xlarge': must"),
        ({"model_quality": {}}, "model_quality.problem_type is None: must be one of BinaryClassification"),
        ({"model_quality": {"problem_type": "binary"}}, "model_quality.problem_type is 'binary': must be one of"),
        ({"model_quality": {"problem_type": "BinaryClassification", "positive_label": "fraud"}},
         "model_quality.positive_label is given and engine is model-monitor: Model Monitor has no such setting; set "
         "engine to open, or remove it"),
        ({"engine": "open", "model_quality": {"problem_type": "Regression", "positive_label": "1"}},
         "model_quality.positive_label is given and problem_type is Regression: only a BinaryClassification has a"),
        ({"engine": "open", "model_quality": {"problem_type": "BinaryClassification", "positive_label": []}},
         "model_quality.positive_label is []: must be the name of a class, in at most 256 characters"),
        ({"engine": "both", "model_quality": {"problem_type": "BinaryClassification", "positive_label": "x" * 257}},
         "model_quality.positive_label is 'xxx"),
    ],
)  # fmt: skip
def test_refusals(make_args: MakeArgs, changes: dict[str, Any], message: str) -> None:
    assert refused(make_args, **changes).startswith(message)


@pytest.mark.parametrize("engine", ["open", "both"])
def test_a_positive_label(make_args: MakeArgs, engine: str) -> None:
    named: dict[str, Any] = {"problem_type": "BinaryClassification", "positive_label": "fraud"}
    settings = StackSettings.from_args("churn", make_args(engine=engine, model_quality=named))
    assert (quality := settings.of(ModelQualitySettings)) is not None
    assert quality.positive_label == "fraud"
    del named["positive_label"]
    assert ModelQualitySettings.from_args(named).positive_label is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ({"sampling_percentage": 0}, "endpoint.sampling_percentage is 0: must be from 1 to 100"),
        ({"instance_count": 0}, "endpoint.instance_count is 0: must be from 1 to 100"),
        ({"variant_name": "all traffic"}, "endpoint.variant_name is 'all traffic': must be letters"),
        ({"image_tag": "1.9 0"}, "endpoint.image_tag is '1.9 0': must be a tag"),
        ({"csv_content_types": []}, "endpoint.csv_content_types has 0 entries: AWS takes 1 to 10"),
        ({"csv_content_types": "text/csv"}, "endpoint.csv_content_types is 'text/csv': must be a list"),
        (
            {"csv_content_types": ["text/csv; charset=utf-8"]},
            "endpoint.csv_content_types has 'text/csv; charset=utf-8': write a type such as text/csv, without param",
        ),
        ({"network_isolation": 1}, "endpoint.network_isolation is 1: must be true or false"),
    ],
)
def test_refusals_of_the_endpoint(
    make_args: MakeArgs, model_archive: Path, endpoint: dict[str, Any], message: str
) -> None:
    model = pulumi.FileAsset(str(model_archive))
    assert refused(make_args, endpoint={"model": model, **endpoint}).startswith(message)


def test_outputs_are_taken_as_they_are() -> None:
    late: Any = object.__new__(pulumi.Output)
    settings = common_settings({"tags": {"team": late}, "permissions_boundary_arn": late})
    assert settings.tags["team"] is late
    assert settings.permissions_boundary_arn is late


def test_nothing_is_registered_when_an_argument_is_refused(make_args: MakeArgs) -> None:
    def program() -> list[str]:
        with pytest.raises(ArgumentError, match="engine is 'clarify'"):
            ModelMonitoringStack("churn", make_args(engine="clarify"))
        with pytest.raises(ArgumentError, match="component's name is 'Churn'"):
            MonitoringStorage("Churn", {})
        with pytest.raises(ArgumentError, match=r"retention\.captured_days is not an argument"):
            MonitoringStorage("churn", {"retention": {"captured_days": 1}})  # type: ignore[typeddict-unknown-key]
        return []

    assert run_program(program).resources == []


KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
URIS = {"statistics_uri": "s3://bucket/a/statistics.json", "constraints_uri": "s3://bucket/a/constraints.json"}
FEATURES = '{"features": [{"name": "age"}]}'


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # An endpoint is made or taken, never both.
        ({"endpoint": {"existing": {"name": "a", "capture_uri": "s3://bucket"}, "instance_type": "ml.m5.large"}},
         "endpoint.instance_type is given with endpoint.existing: an endpoint that exists is taken as it is; remove"),
        ({"endpoint": {"existing": {"name": "a"}}}, "endpoint.existing.capture_uri is None: must be DestinationS3Uri"),
        ({"endpoint": {"existing": {"capture_uri": "s3://bucket"}}}, "endpoint.existing.name is None: must be the na"),
        ({"endpoint": {"existing": {"name": "a_b", "capture_uri": "s3://bucket"}}}, "endpoint.existing.name is 'a_b'"),
        ({"endpoint": {"existing": {"name": "a", "capture_uri": "bucket/x"}}},
         "endpoint.existing.capture_uri is 'bucket/x': must be DestinationS3Uri"),
        ({"endpoint": {"existing": {"name": "a", "capture_uri": "s3://bucket", "capture_url": "x"}}},
         "endpoint.existing.capture_url is not an argument: did you mean 'capture_uri'?"),
        ({"endpoint": {"existing": "fraud"}}, "endpoint.existing is 'fraud': give a dictionary with name, capture_uri"),
        ({"endpoint": {}}, "endpoint.model is None: must be a pulumi.FileAsset"),
        ({"endpoint": {"image_uri": "churn:7"}}, "endpoint.image_uri is 'churn:7': must be an image in ECR"),
        ({"endpoint": {"image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1", "image_tag": "1"}},
         "endpoint.image_tag is given with endpoint.image_uri: remove one of the two"),
        ({"endpoint": {"image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1", "environment": {"A": [1]}}},
         "endpoint.environment.A is [1]: must be text"),
        # A baseline comes in one way.
        ({"baseline": {}}, "baseline has none of data, captures, existing, statistics: give data"),
        ({"baseline": {"existing": URIS, "data": pulumi.StringAsset("a\n1\n")}},
         "baseline.data is given with baseline.existing: remove one of the two"),
        ({"baseline": {"existing": URIS, "attempt": 2}}, "baseline.attempt is given without baseline.data: remove it"),
        ({"baseline": {"existing": {"statistics_uri": "s3://bucket/a"}}},
         "baseline.existing.constraints_uri is None: must be the URI of a file"),
        ({"baseline": {"existing": {**URIS, "statistics_uri": "s3://bucket/folder/"}}},
         "baseline.existing.statistics_uri is 's3://bucket/folder/': must be the URI of a file"),
        ({"baseline": {"constraints": pulumi.StringAsset(FEATURES)}},
         "baseline.constraints is given without baseline.statistics: remove it, or give both"),
        ({"baseline": {"statistics": pulumi.StringAsset(FEATURES), "constraints": pulumi.StringAsset("{")}},
         "baseline.constraints is not JSON"),
        ({"baseline": {"statistics": pulumi.StringAsset("[]"), "constraints": pulumi.StringAsset(FEATURES)}},
         "baseline.statistics is a JSON list, not an object"),
        ({"baseline": {"statistics": pulumi.StringAsset("{}"), "constraints": pulumi.StringAsset(FEATURES)}},
         "baseline.statistics has no list of features"),
        # Monitors.
        ({"data_quality": {"enabled": False}, "model_quality": None, "baseline": None},
         "data_quality.enabled is False and there is no model_quality or bias or attribution or batch or custom: one "
         "monitor must be on"),
        ({"data_quality": {"enabled": False}}, "baseline is given and data_quality.enabled is False: remove one"),
        ({"data_quality": {"thresholds": {"comparison_threshold": 0.2}}},
         "data_quality.thresholds is given without the baseline's files: make them with `python -m drift_too"),
        ({"data_quality": {"thresholds": {"comparison_threshold": 2}}},
         "data_quality.thresholds.comparison_threshold is 2: must be a number from 0.0 to 1.0"),
        ({"data_quality": {"thresholds": {"comparison_method": "KS"}}},
         "data_quality.thresholds.comparison_method is 'KS': must be one of Robust, Simple"),
        ({"data_quality": {"record_preprocessor": pulumi.StringAsset("def preprocess_handler(:\n")}},
         "data_quality.record_preprocessor is not Python in line 1"),
        ({"data_quality": {"record_preprocessor": pulumi.StringAsset("x = 1\n")}},
         "data_quality.record_preprocessor has no preprocess_handler: the monitor calls"),
        ({"model_quality": {"problem_type": "Regression", "thresholds": {"f1": 0.5}}},
         "model_quality.thresholds.f1 is not an argument: there are mae, mse, rmse, r2"),
        ({"model_quality": {"problem_type": "Regression", "thresholds": {"r2": 0.5},
                            "baseline": {"existing": {"constraints_uri": "s3://bucket/a/c.json"}}}},
         "model_quality.thresholds is given with a baseline that is not a file: remove the baseline"),
        ({"model_quality": {"problem_type": "Regression", "baseline": {"constraints": pulumi.StringAsset(FEATURES)}}},
         "model_quality.baseline.constraints has no regression_constraints: give the constraints.json"),
        ({"model_quality": {"problem_type": "Regression", "baseline": {}}},
         "model_quality.baseline has none of data, existing, constraints"),
        # Network and key.
        ({"network": {"subnet_ids": ["subnet-0a"]}}, "network.security_group_ids is missing: a VPC needs both"),
        ({"network": {"subnet_ids": ["0a"], "security_group_ids": ["sg-0"]}}, "network.subnet_ids has '0a': write IDs"),
        ({"network": {"subnet_ids": "subnet-0a"}}, "network.subnet_ids is 'subnet-0a': must be a list"),
        ({"network": {"subnet_ids": ["subnet-0a"], "security_group_ids": [f"sg-{n}" for n in range(6)]}},
         "network.security_group_ids has 6 entries: AWS takes 1 to 5"),
        ({"network": {"isolated": True}}, "network.isolated is not an argument: did you mean 'isolation'?"),
        ({"kms_key_arn": "alias/data"}, "kms_key_arn is 'alias/data': must be the ARN of a KMS key"),
        ({"kms_key_arn": KEY.replace("key/", "alias/")}, "kms_key_arn is 'arn:aws:kms:us-east-1:123456789012:alias/"),
        ({"protect": "yes"}, "protect is 'yes': must be true or false"),
    ],
)  # fmt: skip
def test_refusals_of_combinations(make_args: MakeArgs, changes: dict[str, Any], message: str) -> None:
    assert refused(make_args, **changes).startswith(message)


@pytest.mark.parametrize(
    ("autoscaling", "message"),
    [
        ({}, "endpoint.autoscaling.max_capacity is missing: give the most instances"),
        ({"max_capacity": 1, "min_capacity": 2}, "endpoint.autoscaling.max_capacity is 1: must be from 2 to 1000"),
        (
            {"max_capacity": 8, "min_capacity": 4},
            "endpoint.autoscaling goes from 4 to 8 and instance_count is 2: it must",
        ),
        ({"max_capacity": 4, "target": 1}, "endpoint.autoscaling.target is not an argument: there are max_capacity"),
    ],
)
def test_refusals_of_autoscaling(
    make_args: MakeArgs, model_archive: Path, autoscaling: dict[str, Any], message: str
) -> None:
    model = pulumi.FileAsset(str(model_archive))
    endpoint = {"model": model, "instance_type": "ml.m5.large", "instance_count": 2, "autoscaling": autoscaling}
    assert refused(make_args, endpoint=endpoint).startswith(message)


def test_burstable_instances_do_not_scale(make_args: MakeArgs, model_archive: Path) -> None:
    endpoint = {"model": pulumi.FileAsset(str(model_archive)), "autoscaling": {"max_capacity": 2}}
    message = refused(make_args, endpoint=endpoint)
    assert message == ("endpoint.autoscaling is given for ml.t2.medium: SageMaker does not scale burstable instances")


def test_trainium_is_not_burstable(make_args: MakeArgs, model_archive: Path) -> None:
    model = pulumi.FileAsset(str(model_archive))
    endpoint = {"model": model, "instance_type": "ml.trn1.2xlarge", "autoscaling": {"max_capacity": 2}}
    settings = StackSettings.from_args("churn", make_args(endpoint=endpoint)).endpoint
    assert isinstance(settings, EndpointSettings)
    assert settings.autoscaling is not None
    assert (settings.autoscaling.min_capacity, settings.autoscaling.max_capacity) == (1, 2)
