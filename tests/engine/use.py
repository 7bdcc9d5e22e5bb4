"""What a deployed stack uses is there: the files and configurations that its endpoint, schedules and functions name."""

import re
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from contract.bucket_layout import JOB_CODE
from local_aws.launcher import LocalAws

# The job's code, in what a schedule of the open engine hands to its function.
CODE = re.compile(rf"s3://[^\"]*{JOB_CODE}[^\"]*")


def assert_all_that_is_in_use_is_there(cloud: LocalAws) -> None:
    """Follow every reference from what runs to what it needs; what is missing is named."""
    assert [uri for uri in _uris(cloud) if not _is_there(cloud, uri)] == []


def _uris(cloud: LocalAws) -> list[str]:
    sagemaker, schedules = cloud.client("sagemaker"), cloud.client("scheduler")
    found: list[str] = []
    for endpoint in sagemaker.list_endpoints()["Endpoints"]:
        described = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
        assert described["EndpointStatus"] == "InService"
        config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
        for variant in config["ProductionVariants"]:
            model = sagemaker.describe_model(ModelName=variant["ModelName"])
            found.append(model["PrimaryContainer"]["ModelDataUrl"])
    for schedule in sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"]:
        described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule["MonitoringScheduleName"])
        config = described["MonitoringScheduleConfig"]
        data_quality = config["MonitoringType"] == "DataQuality"
        describe = (
            sagemaker.describe_data_quality_job_definition
            if data_quality
            else sagemaker.describe_model_quality_job_definition
        )
        found += _scripts(describe(JobDefinitionName=config["MonitoringJobDefinitionName"]))
    for schedule in schedules.list_schedules()["Schedules"]:
        target = schedules.get_schedule(GroupName=schedule["GroupName"], Name=schedule["Name"])["Target"]
        found += CODE.findall(target["Input"])
    return found


def _scripts(definition: dict[str, Any]) -> list[str]:
    """The preprocessor of a monitor; its statistics and constraints a job of the baseline's may still have to make."""
    specification = next(value for name, value in definition.items() if name.endswith("AppSpecification"))
    uri = specification.get("RecordPreprocessorSourceUri")
    return [uri] if uri else []


def _is_there(cloud: LocalAws, uri: str) -> bool:
    parts = urlsplit(uri)
    s3, key = cloud.client("s3"), parts.path.lstrip("/")
    try:
        s3.head_object(Bucket=parts.netloc, Key=key)
    except ClientError:
        return bool(s3.list_objects_v2(Bucket=parts.netloc, Prefix=key.rstrip("/") + "/").get("Contents"))
    return True
