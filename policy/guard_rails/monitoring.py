"""What must be there to find out: captures, logs that are kept and end, alarms that tell somebody."""

from collections.abc import Iterator
from typing import Final

from .rule import Level, Properties, Rule, Severity, as_list, group, groups

ENDPOINT_CONFIGURATIONS: Final = (
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws-native:sagemaker:EndpointConfig",
)
MODELS: Final = ("aws:sagemaker/model:Model", "aws-native:sagemaker:Model")
LOG_GROUPS: Final = ("aws:cloudwatch/logGroup:LogGroup", "aws-native:logs:LogGroup")
FUNCTIONS: Final = ("aws:lambda/function:Function", "aws-native:lambda:Function")
ALARMS: Final = (
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "aws-native:cloudwatch:Alarm",
    "aws-native:cloudwatch:CompositeAlarm",
)


def data_capture(resource_type: str, properties: Properties) -> list[str]:
    """An endpoint without captures cannot be monitored, and nobody can say later what it answered."""
    if resource_type not in ENDPOINT_CONFIGURATIONS:
        return []
    capture = group(properties, "dataCaptureConfig")
    if capture.get("enableCapture") is not True:
        return ["requests and answers are not captured: set enable_capture in data_capture_config"]
    found = []
    if not capture.get("initialSamplingPercentage"):
        found.append("initial_sampling_percentage is 0: capture at least 1 percent")
    modes = {str(option.get("captureMode")) for option in groups(capture, "captureOptions")}
    if "InputAndOutput" not in modes:
        found += [f"{mode} is not captured: add it" for mode in ("Input", "Output") if mode not in modes]
    return found


def network_isolation(resource_type: str, properties: Properties) -> list[str]:
    """A model that has no network can send nobody what it sees."""
    if resource_type not in MODELS or properties.get("enableNetworkIsolation") is True:
        return []
    return ["the model's container has a network: set enable_network_isolation, unless it loads packages at its start"]


def traffic_encrypted(resource_type: str, properties: Properties) -> list[str]:
    """Machines of one job talk to each other: over TLS."""
    if not resource_type.endswith("JobDefinition"):
        return []
    clusters = [group(group(properties, "jobResources"), "clusterConfig")]
    several = any((cluster.get("instanceCount") or 1) > 1 for cluster in clusters)
    if not several or group(properties, "networkConfig").get("enableInterContainerTrafficEncryption") is True:
        return []
    return ["the job's instances talk in the clear: set enable_inter_container_traffic_encryption"]


def log_retention(resource_type: str, properties: Properties) -> list[str]:
    """Logs end some day. Zero is CloudWatch's word for never."""
    if resource_type not in LOG_GROUPS or properties.get("retentionInDays"):
        return []
    return ["logs are kept for ever: set retention_in_days"]


def own_log_group(resource_type: str, properties: Properties) -> list[str]:
    """A function without a group of its own gets one from Lambda: without end, and beyond the stack's reach."""
    if resource_type not in FUNCTIONS or group(properties, "loggingConfig").get("logGroup"):
        return []
    return ["the function's logs go to a group that Lambda makes: set logging_config.log_group"]


def alarm_actions(resource_type: str, properties: Properties) -> list[str]:
    """An alarm that tells nobody is a light in an empty room."""
    if resource_type not in ALARMS:
        return []
    if properties.get("actionsEnabled") is False:
        return ["its actions are switched off: remove actions_enabled, and use a mute rule for quiet hours"]
    return [] if as_list(properties.get("alarmActions")) else ["nobody is told: set alarm_actions"]


def _rules() -> Iterator[Rule]:
    yield Rule(
        name="endpoints-capture-data",
        title="Endpoints capture data",
        description="A SageMaker endpoint captures requests and answers.",
        fix="Set data_capture_config with enable_capture, Input and Output, and a percentage above 0.",
        level=Level.MANDATORY,
        severity=Severity.HIGH,
        check=data_capture,
    )
    yield Rule(
        name="models-isolated",
        title="Models have no network",
        description="A SageMaker model's container runs without a network.",
        fix="Set enable_network_isolation; bake the packages into the archive or the image.",
        level=Level.ADVISORY,
        severity=Severity.MEDIUM,
        check=network_isolation,
    )
    yield Rule(
        name="jobs-encrypt-traffic",
        title="Jobs encrypt their traffic",
        description="Monitoring jobs on several instances encrypt what passes between them.",
        fix="Set enable_inter_container_traffic_encryption in network_config.",
        level=Level.MANDATORY,
        severity=Severity.MEDIUM,
        check=traffic_encrypted,
    )
    yield Rule(
        name="logs-end",
        title="Logs end",
        description="A log group has a retention.",
        fix="Set retention_in_days.",
        level=Level.MANDATORY,
        severity=Severity.MEDIUM,
        check=log_retention,
    )
    yield Rule(
        name="functions-own-their-logs",
        title="Functions own their logs",
        description="A Lambda function writes to a log group of the stack.",
        fix="Make a LogGroup and name it in logging_config.",
        level=Level.MANDATORY,
        severity=Severity.LOW,
        check=own_log_group,
    )
    yield Rule(
        name="alarms-tell-somebody",
        title="Alarms tell somebody",
        description="An alarm has an action.",
        fix="Give the ARN of a topic in alarm_actions.",
        level=Level.MANDATORY,
        severity=Severity.MEDIUM,
        check=alarm_actions,
    )


RULES: Final = tuple(_rules())
