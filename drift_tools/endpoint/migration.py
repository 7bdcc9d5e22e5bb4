"""From a Model Monitor schedule to the stack configuration that gives the same monitoring with `engine: open`.

Reads schedules and their definitions from an account, changes nothing there. What has no counterpart, or another one
than before, is listed as a difference rather than left out in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from drift_tools.aws import one_line
from drift_tools.errors import InputError

PROJECT: Final = "model-monitoring"
_DATA_QUALITY, _MODEL_QUALITY = "DataQuality", "ModelQuality"
_ARGUMENTS: Final = {_DATA_QUALITY: "data_quality", _MODEL_QUALITY: "model_quality"}
# Variables that the open engine's jobs set themselves, or that say nothing to them.
_OWN_VARIABLES: Final = frozenset({"publish_cloudwatch_metrics"})
_SUMMARY_WIDTH: Final = 120


@dataclass(frozen=True, slots=True)
class Schedule:
    """A monitoring schedule as AWS describes it, with its definition's parts under one name for both kinds.

    `job` is the definition: `app`, `baseline`, `input`, `output`, `cluster`, `network`, `stopping`, each AWS's object.
    """

    name: str
    kind: str
    expression: str
    job: Mapping[str, Mapping[str, Any]]
    endpoint: Mapping[str, Any]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Migration:
    """`configuration`: a stack's configuration file, as an object. `differences`: sentences for people."""

    configuration: Mapping[str, Any]
    differences: tuple[str, ...]

    def to_yaml(self) -> str:
        """A `Pulumi.<stack>.yaml`, with the differences as comments above it."""
        lines = [f"# {line}" for difference in self.differences for line in _folded(f"- {difference}")]
        head = ["# The same monitoring with the open engine. What differs from what it was read from:", *lines]
        body: str = yaml.safe_dump(dict(self.configuration), sort_keys=False, width=_SUMMARY_WIDTH)
        return "\n".join(head) + "\n" + body


def _folded(text: str) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) + 1 > _SUMMARY_WIDTH - 4:
            lines.append(line)
            line = "  " + word
        else:
            line = f"{line} {word}".strip() if not line.startswith("  ") else f"{line} {word}"
    return [*lines, line]


def migrate(names: Sequence[str], sagemaker: Any) -> Migration:
    """Read the schedules `names` (of one endpoint) with a SageMaker client, and write their configuration.

    Raises
    ------
    InputError
        If a schedule does not exist or cannot be read, is of a kind that the open engine does not have (bias,
        explainability, batch transform), or belongs to another endpoint than the first.
    """
    schedules = [read_schedule(name, sagemaker) for name in names]
    first = schedules[0]
    for other in schedules[1:]:
        if other.endpoint["EndpointName"] != first.endpoint["EndpointName"]:
            raise InputError(
                f"{other.name}: watches {other.endpoint['EndpointName']}, and {first.name} watches "
                f"{first.endpoint['EndpointName']}: migrate the schedules of one endpoint at a time"
            )
        if other.kind == first.kind:
            raise InputError(f"{other.name}: is a {other.kind} schedule as {first.name} is: a stack has one of a kind")
    return configuration(schedules)


def read_schedule(name: str, sagemaker: Any) -> Schedule:
    """A schedule with its definition and its endpoint; InputError as `migrate` raises it."""
    try:
        described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
        config = described["MonitoringScheduleConfig"]
        kind = described.get("MonitoringType") or config.get("MonitoringType") or _DATA_QUALITY
        if kind not in _ARGUMENTS:
            raise InputError(
                f"{name}: is a {kind} schedule: the open engine monitors {_DATA_QUALITY} and {_MODEL_QUALITY}"
            )
        job = _job(kind, config, sagemaker)
        endpoint = _endpoint(name, job, sagemaker)
        tags = sagemaker.list_tags(ResourceArn=described["MonitoringScheduleArn"])["Tags"]
    except (ClientError, BotoCoreError) as error:
        raise InputError(f"{name}: cannot be read ({one_line(error)}): check name, region and permissions") from error
    return Schedule(
        name,
        kind,
        (config.get("ScheduleConfig") or {}).get("ScheduleExpression", ""),
        job,
        endpoint,
        {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")},
    )


def _job(kind: str, config: Mapping[str, Any], sagemaker: Any) -> dict[str, Mapping[str, Any]]:
    """The definition's parts, whether it is inline in the schedule or a resource of its own."""
    inline = config.get("MonitoringJobDefinition")
    if inline is not None:
        inputs = inline["MonitoringInputs"][0]
        return {
            "app": inline["MonitoringAppSpecification"] | {"Environment": inline.get("Environment") or {}},
            "baseline": inline.get("BaselineConfig") or {},
            "input": inputs,
            "output": inline["MonitoringOutputConfig"],
            "cluster": inline["MonitoringResources"]["ClusterConfig"],
            "network": inline.get("NetworkConfig") or {},
            "stopping": inline.get("StoppingCondition") or {},
        }
    definition_name = config["MonitoringJobDefinitionName"]
    if kind == _DATA_QUALITY:
        found = sagemaker.describe_data_quality_job_definition(JobDefinitionName=definition_name)
    else:
        found = sagemaker.describe_model_quality_job_definition(JobDefinitionName=definition_name)
    return {
        "app": found[f"{kind}AppSpecification"],
        "baseline": found.get(f"{kind}BaselineConfig") or {},
        "input": found[f"{kind}JobInput"],
        "output": found[f"{kind}JobOutputConfig"],
        "cluster": found["JobResources"]["ClusterConfig"],
        "network": found.get("NetworkConfig") or {},
        "stopping": found.get("StoppingCondition") or {},
    }


def _endpoint(name: str, job: Mapping[str, Mapping[str, Any]], sagemaker: Any) -> Mapping[str, Any]:
    endpoint_input = job["input"].get("EndpointInput")
    if endpoint_input is None:
        raise InputError(f"{name}: watches batch transform jobs: the open engine monitors endpoints")
    endpoint: Mapping[str, Any] = sagemaker.describe_endpoint(EndpointName=endpoint_input["EndpointName"])
    if not (endpoint.get("DataCaptureConfig") or {}).get("EnableCapture"):
        raise InputError(
            f"{name}: its endpoint {endpoint['EndpointName']} captures nothing: turn data capture on, then migrate"
        )
    return endpoint


def configuration(schedules: Sequence[Schedule]) -> Migration:
    """The configuration of one endpoint's schedules, and how it differs. Pure."""
    differences = list(_ALWAYS)
    monitoring: dict[str, Any] = {"endpoint": {"existing": _existing(schedules[0].endpoint, differences)}}
    for schedule in schedules:
        monitoring[_ARGUMENTS[schedule.kind]] = _monitor(schedule, differences)
        if schedule.kind == _DATA_QUALITY:
            monitoring["baseline"] = {"existing": _baseline(schedule, differences)}
    if all(schedule.kind != _DATA_QUALITY for schedule in schedules):
        monitoring["data_quality"] = {"enabled": False}
    network = _network(schedules, differences)
    if network:
        monitoring["network"] = network
    key = _key(schedules, differences)
    if key:
        monitoring["kms_key_arn"] = key
    tags = {name: value for schedule in schedules for name, value in schedule.tags.items()}
    if tags:
        monitoring["tags"] = tags
    return Migration({"config": {f"{PROJECT}:engine": "open", f"{PROJECT}:monitoring": monitoring}}, tuple(differences))


_ALWAYS: Final = (
    "Results are written to the stack's own bucket, below monitoring-results/; earlier ones stay where they are.",
    "Metrics keep their names and dimensions and change their namespaces, aws/sagemaker/Endpoints/… to "
    "ModelMonitoring/Endpoints/…: change that in dashboards and alarms of your own.",
    "Jobs run under a role that the stack makes, not under the schedule's.",
    "The schedule itself goes on: delete it (aws sagemaker delete-monitoring-schedule) once the new one has run, or "
    "both report.",
)


def _existing(endpoint: Mapping[str, Any], differences: list[str]) -> dict[str, Any]:
    capture = endpoint["DataCaptureConfig"]
    variants = [variant["VariantName"] for variant in endpoint.get("ProductionVariants") or []]
    found: dict[str, Any] = {
        "name": endpoint["EndpointName"],
        "capture_uri": capture["DestinationS3Uri"].rstrip("/"),
    }
    if variants:
        found["variant_name"] = variants[0]
    if capture.get("KmsKeyId"):
        found["kms_key_arn"] = capture["KmsKeyId"]
    others = [*variants[1:], *(variant["VariantName"] for variant in endpoint.get("ShadowProductionVariants") or [])]
    if others:
        differences.append(
            f"Model Monitor looked at all variants together; now at {variants[0]} alone, without {', '.join(others)}."
        )
    return found


def _monitor(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    cluster, app = schedule.job["cluster"], schedule.job["app"]
    found: dict[str, Any] = {}
    if schedule.kind == _MODEL_QUALITY:
        found["problem_type"] = app["ProblemType"]
        constraints = (schedule.job["baseline"].get("ConstraintsResource") or {}).get("S3Uri")
        if constraints:
            found["baseline"] = {"existing": {"constraints_uri": constraints}}
    if not schedule.expression or schedule.expression == "NOW":
        differences.append(
            f"{schedule.name} has no expression ({schedule.expression or 'AWS chose the hour'}); the default is taken."
        )
    else:
        found["schedule_expression"] = schedule.expression
    found |= _attributes(schedule, differences)
    found |= {"instance_type": cluster["InstanceType"], "volume_size_in_gb": cluster["VolumeSizeInGB"]}
    if cluster.get("InstanceCount", 1) > 1:
        found["instance_count"] = cluster["InstanceCount"]
    if "MaxRuntimeInSeconds" in schedule.job["stopping"]:
        found["max_runtime_in_seconds"] = schedule.job["stopping"]["MaxRuntimeInSeconds"]
    _scripts(schedule, found, differences)
    variables = sorted(set(app.get("Environment") or {}) - _OWN_VARIABLES)
    if variables:
        differences.append(f"{schedule.name} sets variables that are not carried over: {', '.join(variables)}.")
    return found


def _attributes(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    """Where the monitor finds what in a captured record, and its window."""
    source = schedule.job["input"]["EndpointInput"]
    found: dict[str, Any] = {}
    if schedule.kind == _MODEL_QUALITY:
        for key, argument in (
            ("InferenceAttribute", "inference_attribute"),
            ("ProbabilityAttribute", "probability_attribute"),
            ("ProbabilityThresholdAttribute", "probability_threshold"),
            ("StartTimeOffset", "start_time_offset"),
            ("EndTimeOffset", "end_time_offset"),
        ):
            if source.get(key) is not None:
                found[argument] = source[key]
        labels = (schedule.job["input"].get("GroundTruthS3Input") or {}).get("S3Uri")
        differences.append(
            f"Labels were read from {labels}; write them to ground-truth/ in the stack's bucket from now on, under the "
            "same yyyy/mm/dd/hh."
        )
    if source.get("ExcludeFeaturesAttribute"):
        excluded = [name.strip() for name in source["ExcludeFeaturesAttribute"].split(",") if name.strip()]
        found["thresholds"] = {"ignored_features": excluded}
        differences.append(
            f"{schedule.name} left the columns {', '.join(excluded)} out of the run; now they are described and not "
            "judged."
        )
    return found


def _scripts(schedule: Schedule, found: dict[str, Any], differences: list[str]) -> None:
    app = schedule.job["app"]
    before, after = app.get("RecordPreprocessorSourceUri"), app.get("PostAnalyticsProcessorSourceUri")
    if before:
        local = f"preprocessors/{before.rsplit('/', 1)[-1]}"
        found["record_preprocessor"] = local
        differences.append(f"Copy the preprocessor beside the project: aws s3 cp {before} {local}")
    if after:
        differences.append(f"The script {after} that ran after each analysis has no counterpart in the stack.")


def _baseline(schedule: Schedule, differences: list[str]) -> dict[str, str]:
    baseline = schedule.job["baseline"]
    statistics = (baseline.get("StatisticsResource") or {}).get("S3Uri")
    constraints = (baseline.get("ConstraintsResource") or {}).get("S3Uri")
    if not constraints or not statistics:
        absent = " and ".join(
            name for name, uri in (("statistics.json", statistics), ("constraints.json", constraints)) if not uri
        )
        differences.append(
            f"{schedule.name} names no {absent}: give baseline.data, or baseline.existing with the URI of a baseline "
            "job's results"
            + (f" ({baseline['BaseliningJobName']} has made one)." if baseline.get("BaseliningJobName") else ".")
        )
    differences.append(
        "PSI, KS and the verdict are computed from the sketches in the baseline's statistics.json; with baseline.data "
        "(the rows themselves) they are exact."
    )
    found = {"statistics_uri": statistics, "constraints_uri": constraints}
    return {name: uri for name, uri in found.items() if uri}


def _network(schedules: Sequence[Schedule], differences: list[str]) -> dict[str, Any]:
    first = schedules[0].job["network"]
    if any(schedule.job["network"] != first for schedule in schedules[1:]):
        differences.append(f"The schedules had different networks; that of {schedules[0].name} is taken for all.")
    found: dict[str, Any] = {}
    vpc = first.get("VpcConfig") or {}
    if vpc:
        found |= {"subnet_ids": list(vpc["Subnets"]), "security_group_ids": list(vpc["SecurityGroupIds"])}
    if first.get("EnableInterContainerTrafficEncryption"):
        found["encrypt_inter_container_traffic"] = True
    if first.get("EnableNetworkIsolation"):
        differences.append(
            "The jobs were isolated from every network; the open engine's jobs publish their metrics themselves and "
            "need CloudWatch: give them a VPC with an endpoint for it."
        )
    return found


def _key(schedules: Sequence[Schedule], differences: list[str]) -> str | None:
    """The one KMS key of volumes and results, if there is one."""
    keys = {
        key
        for schedule in schedules
        for key in (schedule.job["cluster"].get("VolumeKmsKeyId"), schedule.job["output"].get("KmsKeyId"))
        if key
    }
    if len(keys) > 1:
        differences.append(
            f"Several KMS keys were in use ({', '.join(sorted(keys))}); a stack has one: set kms_key_arn."
        )
        return None
    key = next(iter(keys), None)
    if key is not None and not key.startswith("arn:"):
        differences.append(f"The KMS key {key} is named without its ARN; a stack needs kms_key_arn.")
        return None
    return key
