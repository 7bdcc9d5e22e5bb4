"""From a Model Monitor schedule to the stack configuration that gives the same monitoring with `engine: open`.

Reads schedules and their definitions from an account, changes nothing there. What has no counterpart, or another one
than before, is listed as a difference rather than left out in silence.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from contract.monitor_kinds import BATCH, DATA_QUALITY, KINDS
from drift_tools.endpoint.batch_schedules import batch_arguments, place_of
from drift_tools.endpoint.migrated_kinds import MIGRATED, ON_BY_DEFAULT, of_batches, offsets
from drift_tools.endpoint.monitoring_schedules import KIND_OF, Schedule, read_document, read_schedule
from drift_tools.errors import InputError

PROJECT: Final = "model-monitoring"
# Variables that the open engine's jobs set themselves, or that say nothing to them.
_OWN_VARIABLES: Final = frozenset({"publish_cloudwatch_metrics"})
# In the names of AWS's own images of Model Monitor.
_OWN_IMAGES: Final = ("/sagemaker-model-monitor-analyzer", "/sagemaker-clarify-processing")
_SHORTEST_RUN: Final = 60  # seconds, of the stack's arguments
_SUMMARY_WIDTH: Final = 120
_MOST_OTHERS: Final = 9  # variants, of the stack's arguments


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


def migrate(names: Sequence[str], sagemaker: Any, read_file: Callable[[str], Any] = read_document) -> Migration:
    """Read the schedules `names` (of one endpoint) with a SageMaker client, and write their configuration.

    `read_file` gives the JSON document at an S3 URI: a definition of Clarify's kinds only names what it looks at.

    Raises
    ------
    InputError
        If a schedule does not exist or cannot be read, or belongs to another endpoint, or watches other transform
        jobs, than the first of its sort.
    """
    schedules = [read_schedule(name, sagemaker, read_file) for name in names]
    for number, other in enumerate(schedules):
        _check_beside(other, schedules[:number])
    return configuration(schedules)


def _check_beside(other: Schedule, earlier: Sequence[Schedule]) -> None:
    """Refuse a schedule that does not fit into a stack with those before it."""
    for first in earlier:
        if other.is_batch == first.is_batch and _watched(other) != _watched(first):
            raise InputError(
                f"{other.name}: watches {_watched(other)}, and {first.name} watches {_watched(first)}: migrate the "
                "schedules of one endpoint at a time"
            )
        if _argument(other) == _argument(first):
            raise InputError(f"{other.name}: is a {other.kind} schedule as {first.name} is: a stack has one of a kind")


def _watched(schedule: Schedule) -> str:
    return place_of(schedule.source) if schedule.is_batch else str(schedule.endpoint["EndpointName"])


def _argument(schedule: Schedule) -> str:
    """The argument of a stack that it becomes."""
    kind = KIND_OF[schedule.kind]
    return KINDS[BATCH].argument if schedule.is_batch and kind.name == DATA_QUALITY else kind.argument


def configuration(schedules: Sequence[Schedule]) -> Migration:
    """The configuration of one endpoint's schedules, and how it differs. Pure."""
    differences = list(_ALWAYS)
    of_endpoint = [schedule for schedule in schedules if not schedule.is_batch]
    batches = [schedule for schedule in schedules if schedule.is_batch]
    # Of batches the open engine measures the quality of data.
    is_open = all(_argument(schedule) == KINDS[BATCH].argument for schedule in batches)
    first = (of_endpoint or batches)[0]
    monitoring: dict[str, Any] = {"endpoint": {"existing": _existing(first.endpoint, differences)}}
    for schedule in schedules:
        monitoring[_argument(schedule)] = _monitor(schedule, differences)
        monitoring |= MIGRATED[schedule.kind].of_stack(schedule, differences)
    if batches:
        monitoring[KINDS[BATCH].argument] = _batch(batches, monitoring, differences, is_open=is_open)
    if batches and not of_endpoint:
        differences.append(
            "There is no endpoint: endpoint.existing.name is only what results and metrics are filed under."
        )
    for argument in ON_BY_DEFAULT:
        monitoring.setdefault(argument, {"enabled": False})
    instances = max(schedule.job["cluster"].get("InstanceCount", 1) for schedule in schedules)
    if instances > 1 and is_open:
        monitoring["open_engine"] = {"instance_count": instances}
        if len({schedule.job["cluster"].get("InstanceCount", 1) for schedule in schedules}) > 1:
            differences.append(f"The schedules had different numbers of instances; all jobs get {instances}.")
    network = _network(schedules, differences)
    if network:
        monitoring["network"] = network
    key = _key(schedules, differences)
    if key:
        monitoring["kms_key_arn"] = key
    tags = {name: value for schedule in schedules for name, value in schedule.tags.items()}
    if tags:
        monitoring["tags"] = tags
    engine = "open" if is_open else "model-monitor"
    return Migration({"config": {f"{PROJECT}:engine": engine, f"{PROJECT}:monitoring": monitoring}}, tuple(differences))


def _batch(
    batches: Sequence[Schedule], monitoring: Mapping[str, Any], differences: list[str], *, is_open: bool
) -> dict[str, Any]:
    """The argument `batch`: what it becomes of its own schedule, and where batches lie."""
    argument = KINDS[BATCH].argument
    found: dict[str, Any] = dict(monitoring.get(argument, {}))
    own = next((schedule for schedule in batches if _argument(schedule) == argument), None)
    source = own or batches[0]
    found |= batch_arguments(source.source, source.transforms, differences, is_open=is_open)
    if own is not None:
        found |= of_batches(own, differences)
    others = [_argument(schedule) for schedule in batches if schedule is not own]
    if others:
        found["monitors"] = others
        differences.append(
            f"The open engine measures no {', '.join(others)} of batches: the stack keeps Model Monitor for "
            "them, in an account that has it."
        )
    elif found.pop("schedule_expression", None) is not None:
        differences.append(
            "A batch is looked at when its transform job has ended; set batch.schedule_expression to how often one is "
            "due, to be told when none comes."
        )
    if found.pop("record_preprocessor", None) is not None:
        differences.append(
            "What transform jobs write goes through no preprocessor here: write the rows as they are meant."
        )
    return found


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
    key = _key_arn(capture.get("KmsKeyId") or "", endpoint, "endpoint.existing.kms_key_arn", differences)
    if key:
        found["kms_key_arn"] = key
    shadows = [variant["VariantName"] for variant in endpoint.get("ShadowProductionVariants") or []]
    others, left = [*variants[1:], *shadows][:_MOST_OTHERS], [*variants[1:], *shadows][_MOST_OTHERS:]
    if others:
        found["other_variants"] = others
        differences.append(
            f"{variants[0]} and {', '.join(others)} are looked at together, as Model Monitor did; "
            "data_quality.segments: [variant] tells them apart."
            + (f" Not looked at: {', '.join(left)}." if left else "")
        )
    return found


def _monitor(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    cluster, app = schedule.job["cluster"], schedule.job["app"]
    found: dict[str, Any] = {}
    found |= MIGRATED[schedule.kind].of_monitor(schedule, differences)
    _about(schedule, differences)
    if not schedule.expression or schedule.expression == "NOW":
        differences.append(
            f"{schedule.name} has no expression ({schedule.expression or 'AWS chose the hour'}); the default is taken."
        )
    else:
        found |= _expression(schedule, differences)
    found |= _attributes(schedule, differences)
    found |= {"instance_type": cluster["InstanceType"], "volume_size_in_gb": cluster["VolumeSizeInGB"]}
    if "MaxRuntimeInSeconds" in schedule.job["stopping"]:
        found["max_runtime_in_seconds"] = max(schedule.job["stopping"]["MaxRuntimeInSeconds"], _SHORTEST_RUN)
    _scripts(schedule, found, differences)
    variables = sorted(set(app.get("Environment") or {}) - _OWN_VARIABLES)
    if variables:
        differences.append(f"{schedule.name} sets variables that are not carried over: {', '.join(variables)}.")
    return found


def _attributes(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    """Where the monitor finds what in a captured record, and its window."""
    source = schedule.source
    found: dict[str, Any] = {}
    if KIND_OF[schedule.kind].needs_labels:
        for key, argument in (
            ("InferenceAttribute", "inference_attribute"),
            ("ProbabilityAttribute", "probability_attribute"),
            ("ProbabilityThresholdAttribute", "probability_threshold"),
        ):
            if source.get(key) is not None:
                found[argument] = source[key]
        found |= offsets(schedule, differences)
        labels = (schedule.job["input"].get("GroundTruthS3Input") or {}).get("S3Uri")
        differences.append(
            f"Labels were read from {labels}; write them to ground-truth/ in the stack's bucket from now on, under the "
            "same yyyy/mm/dd/hh."
        )
    if source.get("ExcludeFeaturesAttribute") and _argument(schedule) != KINDS[BATCH].argument:
        differences.append(
            f"{schedule.name} left the columns {source['ExcludeFeaturesAttribute']} out of the run; now they are "
            "described and judged. With engine: open, data_quality.exclude_features leaves them out as before. To go "
            "without the judgement with Model Monitor, give each of them (a number is the position among the "
            'baseline\'s features, from 0) "monitoring_config_overrides": {"evaluate_constraints": "Disabled"} in '
            "constraints.json."
        )
    return found


def _about(schedule: Schedule, differences: list[str]) -> None:
    """What a schedule was that no argument says."""
    if schedule.is_stopped:
        argument = _argument(schedule)
        differences.append(
            f"{schedule.name} is stopped; the stack's monitor runs as soon as it is deployed: set {argument}.enabled: "
            "false until it should."
        )
    image = schedule.job["app"]["ImageUri"]
    if not any(own in image for own in _OWN_IMAGES):
        differences.append(
            f"{schedule.name} runs an image of its own, {image}; what that checks beyond Model Monitor's own checks "
            "has no counterpart."
        )


def _expression(schedule: Schedule, differences: list[str]) -> dict[str, str]:
    match = re.fullmatch(r"cron\(0 \d+/(\d+) \? \* \* \*\)", schedule.expression)
    if match is None or (int(match[1]) and 24 % int(match[1]) == 0):
        return {"schedule_expression": schedule.expression}
    differences.append(
        f"{schedule.name} runs every {match[1]} hours ({schedule.expression}); the open engine's windows join only "
        "where the hours between two runs divide 24: the default is taken, choose one of 1, 2, 3, 4, 6, 8, 12 and 24."
    )
    return {}


def _scripts(schedule: Schedule, found: dict[str, Any], differences: list[str]) -> None:
    app = schedule.job["app"]
    before, after = app.get("RecordPreprocessorSourceUri"), app.get("PostAnalyticsProcessorSourceUri")
    if before:
        local = f"preprocessors/{before.rsplit('/', 1)[-1]}"
        found["record_preprocessor"] = local
        differences.append(f"Copy the preprocessor beside the project: aws s3 cp {before} {local}")
    if after:
        differences.append(f"The script {after} that ran after each analysis has no counterpart in the stack.")


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
    return _key_arn(next(iter(keys), ""), schedules[0].endpoint, "kms_key_arn", differences)


def _key_arn(key: str, endpoint: Mapping[str, Any], argument: str, differences: list[str]) -> str | None:
    """The ARN of a key that is named by it or by its id; None, and said, of one that is named by an alias."""
    if not key or ":key/" in key:
        return key or None
    if key.startswith("alias/") or ":alias/" in key:
        differences.append(
            f"The KMS key {key} is named by an alias; a stack needs its ARN: set {argument} to what aws kms "
            f"describe-key --key-id {key} --query KeyMetadata.Arn says."
        )
        return None
    # An id alone is one of the endpoint's own account and region.
    partition, _, region, account = endpoint["EndpointArn"].split(":")[1:5]
    return f"arn:{partition}:kms:{region}:{account}:key/{key}"
