"""Inputs in Pulumi's spelling become requests in AWS's."""

import pytest

from local_aws.apply import UnsupportedError
from local_aws.apply.shapes import camel, input_shape, to_api
from local_aws.validation import problems


def test_case_number_lists_pairs_and_floats_are_undone() -> None:
    request = to_api(
        "sagemaker",
        "CreateDataQualityJobDefinition",
        {
            "name": "churn",
            "roleArn": None,
            "jobResources": {"clusterConfig": {"instanceCount": 1.0, "volumeSizeInGb": 20.0}},
            "dataQualityJobOutputConfig": {"monitoringOutputs": {"s3Output": {"s3Uri": "s3://b/p"}}},
            "tags": {"b": "2", "a": "1"},
        },
        renames={"name": "JobDefinitionName"},
    )
    assert request == {
        "JobDefinitionName": "churn",
        "JobResources": {"ClusterConfig": {"InstanceCount": 1, "VolumeSizeInGB": 20}},
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://b/p"}}]},
        "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
    }


def test_plural_inputs_of_singular_members_and_lists_of_one_for_structures() -> None:
    request = to_api(
        "sagemaker",
        "CreateMonitoringSchedule",
        {
            "monitoringScheduleConfig": {
                "monitoringJobDefinition": {
                    "baseline": {"baseliningJobName": "b"},
                    "stoppingConditions": [{"maxRuntimeInSeconds": 60.0}],
                    "monitoringAppSpecification": {"containerEntrypoints": ["python"]},
                    "environment": {"someKey": "1"},
                }
            }
        },
        renames={"MonitoringJobDefinition.baseline": "BaselineConfig"},
    )
    assert request["MonitoringScheduleConfig"]["MonitoringJobDefinition"] == {
        "BaselineConfig": {"BaseliningJobName": "b"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "MonitoringAppSpecification": {"ContainerEntrypoint": ["python"]},
        "Environment": {"someKey": "1"},
    }


def test_a_structure_that_looks_like_a_pair_is_left_alone() -> None:
    request = to_api(
        "s3",
        "PutBucketLifecycleConfiguration",
        {"bucket": "b", "lifecycleConfiguration": {"rules": [{"filter": {"tag": {"key": "k", "value": "v"}}}]}},
    )
    assert request["LifecycleConfiguration"]["Rules"][0]["Filter"] == {"Tag": {"Key": "k", "Value": "v"}}


def test_a_misspelt_nested_input_is_refused_with_its_place_and_the_likely_name() -> None:
    inputs = {"primaryContainer": {"image": "i", "modelDataUri": "s3://b/m"}}
    expected = r"^sagemaker CreateModel\.primaryContainer has no member 'modelDataUri'; did you mean 'modelDataUrl'\?$"
    with pytest.raises(UnsupportedError, match=expected):
        to_api("sagemaker", "CreateModel", inputs)


def test_what_no_rule_fits_is_left_for_the_models_to_refuse() -> None:
    request = to_api("sagemaker", "CreateModel", {"modelName": "no_underscores", "primaryContainer": "text"})
    found = problems(input_shape("sagemaker", "CreateModel"), request)
    assert len(found) == 2
    assert "regular expression pattern" in found[0]


@pytest.mark.parametrize(
    ("property_name", "expected"),
    [
        ("JobDefinitionName", "jobDefinitionName"),
        ("S3Uri", "s3Uri"),
        ("VolumeSizeInGB", "volumeSizeInGb"),
        ("EnableSSMAccess", "enableSsmAccess"),
        ("RoleARN", "roleArn"),
        ("EFSFileSystem", "efsFileSystem"),
        ("Tags", "tags"),
    ],
)
def test_cloudformation_names_in_the_spelling_of_aws_native(property_name: str, expected: str) -> None:
    assert camel(property_name) == expected
