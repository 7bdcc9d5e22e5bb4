"""Keys, schedules, windows, columns and problems in every form that SageMaker takes."""

import pytest

from components.args import DataQualitySettings, ExistingEndpointSettings, ModelQualitySettings
from drift_tools.endpoint import migrate
from tests.drift_tools_cli.migrate.account import CLUSTER, KEY, Account, settings_of


def test_a_binary_model_of_probabilities_alone_has_no_prediction(account: Account) -> None:
    quality = settings_of(migrate(["churn-mq"], account)).of(ModelQualitySettings)
    assert quality is not None
    assert (quality.inference_attribute, quality.probability_attribute, quality.probability_threshold) == (
        None, "0", 0.7)  # fmt: skip


def test_a_binary_model_of_labels_alone_has_no_probability(account: Account) -> None:
    source = account.model_quality["ModelQualityJobInput"]["EndpointInput"]
    del source["ProbabilityAttribute"], source["ProbabilityThresholdAttribute"]
    source["InferenceAttribute"] = "prediction"
    quality = settings_of(migrate(["churn-mq"], account)).of(ModelQualitySettings)
    assert quality is not None
    assert (quality.inference_attribute, quality.probability_attribute, quality.probability_threshold) == (
        "prediction", None, None)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (KEY, KEY),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", KEY),
        ("alias/mine", None),
        ("arn:aws:kms:eu-west-1:123456789012:alias/mine", None),
    ],
)
def test_keys_in_every_form(account: Account, given: str, expected: str | None) -> None:
    account.endpoint["DataCaptureConfig"]["KmsKeyId"] = given
    account.data_quality["JobResources"] = {"ClusterConfig": {**CLUSTER, "VolumeKmsKeyId": given}}
    found = migrate(["churn-dq"], account)
    settings = settings_of(found)
    assert isinstance(settings.endpoint, ExistingEndpointSettings)
    assert settings.endpoint.kms_key_arn == settings.common.kms_key_arn == expected
    said = [text for text in found.differences if "describe-key" in text]
    assert len(said) == (0 if expected else 2)
    assert all(f"The KMS key {given} is named by an alias" in text for text in said)


@pytest.mark.parametrize(
    ("expression", "hours", "is_said"),
    [
        ("cron(0 * ? * * *)", 1, False),
        ("cron(0 14 ? * * *)", 24, False),
        ("cron(0 17/12 ? * * *)", 12, False),
        ("cron(0 0/5 ? * * *)", 1, True),
        ("cron(0 3/24 ? * * *)", 24, False),
        ("NOW", 1, True),
        (None, 1, True),
    ],
)
def test_schedules_in_every_form(account: Account, expression: str | None, hours: int, is_said: bool) -> None:
    config = account.schedules["churn-dq"]["MonitoringScheduleConfig"]
    if expression is None:
        del config["ScheduleConfig"]
    else:
        config["ScheduleConfig"] = {"ScheduleExpression": expression}
    found = migrate(["churn-dq"], account)
    quality = settings_of(found).of(DataQualitySettings)
    assert quality is not None
    assert quality.schedule.period_hours == hours
    assert is_said == any("churn-dq" in text and "the default is taken" in text for text in found.differences)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("-P8D", "-P1D", ("-P8D", "-P1D")),
        ("-PT26H", "-PT2H30M", ("-PT26H", "-PT2H30M")),
        ("-P2W", "-P1W", ("-P14D", "-P7D")),
        ("-P1M", "-P1D", None),
        ("P8D", "-P1D", None),
        ("-P1Y", None, None),
        ("-P1D", "-P3D", None),
        ("-P1D", "-P1D", None),
    ],
)
def test_windows_in_every_form(account: Account, start: str, end: str | None, expected: tuple[str, str] | None) -> None:
    source = account.model_quality["ModelQualityJobInput"]["EndpointInput"]
    source["StartTimeOffset"] = start
    del source["EndTimeOffset"]
    if end is not None:
        source["EndTimeOffset"] = end
    found = migrate(["churn-mq"], account)
    quality = settings_of(found).of(ModelQualitySettings)
    assert quality is not None
    assert (quality.start_time_offset, quality.end_time_offset) == (expected or ("-P1D", "-PT0H"))
    said = [text for text in found.differences if "which the stack does not take" in text]
    assert len(said) == (0 if expected else 1)
    assert all(start in text for text in said)


@pytest.mark.parametrize("excluded", ["amount,code", "0,3"])
def test_columns_that_were_left_out_are_said(account: Account, excluded: str) -> None:
    account.data_quality["DataQualityJobInput"]["EndpointInput"]["ExcludeFeaturesAttribute"] = excluded
    found = migrate(["churn-dq"], account)
    settings_of(found)
    (said,) = (text for text in found.differences if "left the columns" in text)
    assert f"churn-dq left the columns {excluded} out of the run" in said
    assert '"monitoring_config_overrides": {"evaluate_constraints": "Disabled"}' in said


def test_an_image_of_ones_own_and_a_stopped_schedule_are_said(account: Account) -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"
    account.data_quality["DataQualityAppSpecification"]["ImageUri"] = image
    account.schedules["churn-dq"]["MonitoringScheduleStatus"] = "Stopped"
    found = migrate(["churn-dq", "churn-mq"], account)
    settings_of(found)
    said = "\n".join(found.differences)
    assert f"churn-dq runs an image of its own, {image}; what that checks" in said
    assert "churn-dq is stopped; the stack's monitor runs as soon as it is deployed: set data_quality.enabled" in said
    assert "churn-mq runs an image" not in said
    assert "churn-mq is stopped" not in said
    assert "The schedules had different numbers of instances; all jobs get 2." in said


@pytest.mark.parametrize("problem_type", ["Regression", "MulticlassClassification", "BinaryClassification"])
@pytest.mark.parametrize("baseline", [True, False])
def test_every_problem_is_taken_by_the_stack(account: Account, problem_type: str, baseline: bool) -> None:
    account.model_quality["ModelQualityAppSpecification"]["ProblemType"] = problem_type
    source = account.model_quality["ModelQualityJobInput"]["EndpointInput"]
    source |= {"InferenceAttribute": "predictions[0].label"}
    source.pop("ProbabilityAttribute")
    source.pop("ProbabilityThresholdAttribute")
    if not baseline:
        account.model_quality["ModelQualityBaselineConfig"] = {"BaseliningJobName": "b"}
    quality = settings_of(migrate(["churn-mq"], account)).of(ModelQualitySettings)
    assert quality is not None
    assert (quality.problem_type, quality.inference_attribute) == (problem_type, "predictions[0].label")
    assert (quality.baseline is not None) == baseline
