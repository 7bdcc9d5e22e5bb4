"""Reading Model Monitor's schedules of an endpoint and writing the open engine's configuration."""

import pytest
import yaml

from components.args import BiasSettings, ExistingBaseline
from drift_tools.endpoint import migrate
from drift_tools.errors import InputError
from tests.drift_tools_cli.migrate.account import (
    CLUSTER,
    CONFIGURATIONS,
    DATA_QUALITY,
    OUTPUT,
    ROLE,
    Account,
    monitoring,
    schedule,
    settings_of,
)


def test_both_schedules_of_an_endpoint(account: Account) -> None:
    assert monitoring(account, "churn-dq", "churn-mq") == {
        "endpoint": {
            "existing": {"name": "churn", "capture_uri": "s3://old/captures", "variant_name": "AllTraffic"},
        },
        "data_quality": {
            "schedule_expression": "cron(0 * ? * * *)",
            "instance_type": "ml.m5.2xlarge",
            "volume_size_in_gb": 50,
            "max_runtime_in_seconds": 1800,
        },
        "baseline": {
            "existing": {
                "statistics_uri": "s3://old/baseline/statistics.json",
                "constraints_uri": "s3://old/baseline/constraints.json",
            }
        },
        "model_quality": {
            "problem_type": "BinaryClassification",
            "baseline": {"existing": {"constraints_uri": "s3://old/quality/constraints.json"}},
            "schedule_expression": "cron(0 * ? * * *)",
            "probability_attribute": "0",
            "probability_threshold": 0.7,
            "start_time_offset": "-P2D",
            "end_time_offset": "-P1D",
            "instance_type": "ml.m5.2xlarge",
            "volume_size_in_gb": 50,
        },
        "open_engine": {"instance_count": 2},
        "tags": {"team": "risk"},
    }


def test_a_definition_inside_the_schedule_gives_the_same(account: Account) -> None:
    apart = monitoring(account, "churn-dq")
    inline = {
        "BaselineConfig": DATA_QUALITY["DataQualityBaselineConfig"],
        "MonitoringInputs": [DATA_QUALITY["DataQualityJobInput"]],
        "MonitoringOutputConfig": OUTPUT,
        "MonitoringResources": {"ClusterConfig": CLUSTER},
        "MonitoringAppSpecification": {"ImageUri": DATA_QUALITY["DataQualityAppSpecification"]["ImageUri"]},
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        "Environment": {"publish_cloudwatch_metrics": "Enabled"},
        "RoleArn": ROLE,
    }
    account.schedules["churn-dq"] = schedule("churn-dq", "DataQuality", MonitoringJobDefinition=inline)
    assert monitoring(account, "churn-dq") == apart


def test_only_model_quality_turns_data_quality_off(account: Account) -> None:
    found = monitoring(account, "churn-mq")
    assert found["data_quality"] == {"enabled": False}
    assert "baseline" not in found


def test_what_differs_is_said(account: Account) -> None:
    specification = account.data_quality["DataQualityAppSpecification"]
    specification["RecordPreprocessorSourceUri"] = "s3://old/scripts/clean.py"
    specification["PostAnalyticsProcessorSourceUri"] = "s3://old/scripts/after.py"
    specification["Environment"]["MY_SETTING"] = "1"
    account.data_quality["NetworkConfig"] = {
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
    }
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    account.data_quality["JobResources"] = {"ClusterConfig": {**CLUSTER, "VolumeKmsKeyId": key}}
    account.data_quality["DataQualityBaselineConfig"] = {"BaseliningJobName": "baseline-1"}
    account.endpoint["ProductionVariants"].append({"VariantName": "Canary"})
    account.endpoint["ShadowProductionVariants"] = [{"VariantName": "shadow"}]
    account.endpoint["DataCaptureConfig"]["KmsKeyId"] = key
    migration = migrate(["churn-dq"], account)
    settings_of(migration)
    said = "\n".join(migration.differences)
    for words in (
        "aws s3 cp s3://old/scripts/clean.py preprocessors/clean.py",
        "s3://old/scripts/after.py that ran after each analysis has no counterpart",
        "MY_SETTING",
        "isolated from every network",
        "AllTraffic and Canary, shadow are looked at together, as Model Monitor did; data_quality.segments: [variant]",
        "names no statistics.json and constraints.json",
        "(baseline-1 has made one)",
        "change their namespaces",
    ):
        assert words in said
    found = migration.configuration["config"]["model-monitoring:monitoring"]
    assert found["network"] == {
        "subnet_ids": ["subnet-1"],
        "security_group_ids": ["sg-1"],
        "encrypt_inter_container_traffic": True,
    }
    assert found["kms_key_arn"] == found["endpoint"]["existing"]["kms_key_arn"] == key
    assert found["data_quality"]["record_preprocessor"] == "preprocessors/clean.py"


def test_the_yaml_is_the_configuration_with_the_differences_as_comments(account: Account) -> None:
    migration = migrate(["churn-dq"], account)
    text = migration.to_yaml()
    assert yaml.safe_load(text) == migration.configuration
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert len(comments) > len(migration.differences)
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["missing"], "missing: cannot be read"),
        (["churn-latency"], "is a Latency schedule"),
        (["churn-dq", "churn-dq"], "a stack has one of a kind"),
    ],
)
def test_what_cannot_be_migrated(names: list[str], said: str, account: Account) -> None:
    with pytest.raises(InputError, match=said):
        migrate(names, account)


def test_a_bias_schedule(account: Account) -> None:
    found = migrate(["churn-bias"], account, CONFIGURATIONS.__getitem__)
    bias = settings_of(found).of(BiasSettings)
    assert bias is not None
    assert dict(bias.facets) == {"feature_1": (1,), "feature_2": ()}
    assert (bias.positive_labels, bias.label, bias.group_variable) == ((1,), "target", "feature_3")
    assert bias.features == ("feature_0", "feature_1", "feature_2", "feature_3")
    assert (bias.inference_attribute, bias.probability_attribute, bias.probability_threshold) == (None, "0", 0.8)
    assert isinstance(bias.baseline, ExistingBaseline)
    assert bias.baseline.constraints_uri == "s3://old/bias/analysis.json"
    assert found.configuration["config"]["model-monitoring:monitoring"]["data_quality"] == {"enabled": False}
    assert any("Labels were read from s3://old/labels" in said for said in found.differences)


def test_an_attribution_schedule_lacks_the_models_archive(account: Account) -> None:
    """Clarify asks a shadow endpoint; where the model's archive is, its definition does not say."""
    found = migrate(["churn-shap"], account, CONFIGURATIONS.__getitem__)
    arguments = found.configuration["config"]["model-monitoring:monitoring"]["attribution"]
    assert arguments["features"] == ["feature_1", "feature_2", "feature_3"]
    assert (arguments["aggregation"], arguments["score"]) == ("mean_sq", 1)
    assert any("give attribution.model_uri" in said for said in found.differences)
    assert any("what shap-baseline has made" in said for said in found.differences)


def test_an_endpoint_that_captures_nothing(account: Account) -> None:
    del account.endpoint["DataCaptureConfig"]
    with pytest.raises(InputError, match="its endpoint churn captures nothing"):
        migrate(["churn-dq"], account)
