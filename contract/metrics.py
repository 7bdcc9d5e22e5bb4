"""Metrics in CloudWatch: who publishes them and who alarms on them use these names."""

from typing import Final, TypeVar

_T = TypeVar("_T")

# Of every schedule, in the stack's own namespace.
CONSTRAINT_VIOLATIONS: Final = "ConstraintViolations"
"""How many violations a run found; 0 of a clean one."""
LARGEST_EFFECT: Final = "LargestEffect"
"""The largest effect among them, in multiples of what is material: 1 is just at a limit; 0 of a clean run."""
JOB_FAILURES: Final = "JobFailures"
"""1 of a run that failed, 0 of one that did not."""
HOURS_SILENT: Final = "HoursSilent"
"""For how many hours nothing was heard of a schedule's runs, published in every hour."""
# Of the open engine's schedules.
NO_DATA: Final = "NoData"
"""1 of a window without captures; nothing of one with some."""
LOST_WINDOWS: Final = "LostWindows"
"""How many windows a run had to give up: their jobs failed twice."""
LEFT_OUT_FILES: Final = "LeftOutFiles"
"""How many files of captures and labels a run had to leave out: odd keys, and captures that were written again after a
run had taken them; nothing of a run without any."""
AGREEMENT: Final = "Agreement"
"""Share of features with the same verdict of both engines, 0 to 1."""

# Of a stream; its "schedule" is the stream's monitor.
DRIFTING_FEATURES: Final = "DriftingFeatures"
"""How many features of a stream have changed and not come back, published with every window."""
STREAM_RECORDS: Final = "StreamRecords"
"""The records of a window, the unreadable ones too."""
UNREADABLE_RECORDS: Final = "UnreadableRecords"
"""Those of them that could not be counted: not in the capture format, or in other columns than the baseline's."""

LABEL_COVERAGE: Final = "label_coverage"
"""Of the open engine's model quality: the share of the window's predictions that have a label, 0 to 1; with the
dimension `LabelAge` of those of an age, such as `6h-24h`."""

GROWING_FEATURES: Final = "growing_features"
"""Of the open engine: how many features, or metrics of quality, are known to move and are not yet material; nothing of
a run without any. In the namespace of what the monitor measures."""
WINDOWS_TO_LEARN: Final = "windows_to_learn"
"""Of the open engine: how many windows a monitor still has to see; nothing once it has learnt. In the same place."""

# Of a fleet's models by what is served, in the namespace of what the monitor measures; with the dimensions Endpoint,
# VARIANT and VERSION.
VERSION_FINDINGS: Final = "version_findings"
"""How many findings a run of this version had."""
VERSION_DRIFTED_SHARE: Final = "version_drifted_share"
"""Of the features that a run of this version compared, the share that drifted, 0 to 1."""
VERSION_QUALITY: Final = ("f1", "r2", "accuracy", "auc")
"""Metrics of quality that are published by version too: the better the higher."""
VARIANT: Final = "Variant"
VERSION: Final = "Version"

# SQS's own, in AWS/SQS. Alarms on it are answered by a function of their own and not by the responder.
DEAD_LETTERS: Final = "ApproximateNumberOfMessagesVisible"

# The dimensions of them all.
ENDPOINT: Final = "Endpoint"
MONITORING_SCHEDULE: Final = "MonitoringSchedule"

# Metrics per feature and of the model's quality. Names and dimensions are Model Monitor's. The namespaces cannot be:
# those that begin with AWS/ are reserved, and whether AWS takes its own lower-case aws/ from a customer is documented
# nowhere.
OPEN_DATA_METRICS: Final = "ModelMonitoring/Endpoints/data-metrics"
OPEN_MODEL_METRICS: Final = "ModelMonitoring/Endpoints/model-metrics"
MODEL_MONITOR_DATA_METRICS: Final = "aws/sagemaker/Endpoints/data-metrics"
MODEL_MONITOR_MODEL_METRICS: Final = "aws/sagemaker/Endpoints/model-metrics"


# What every namespace of a stack begins with, and no other of the account: how a fleet finds its models.
STACK_NAMESPACES: Final = "ModelMonitoring/"


def stack_namespace(component_name: str) -> str:
    """The namespace of one stack's own metrics."""
    return f"{STACK_NAMESPACES}{component_name}"


def of_schedule(endpoint: _T, schedule: _T) -> dict[str, _T]:
    """The dimensions of a schedule's metrics."""
    return {ENDPOINT: endpoint, MONITORING_SCHEDULE: schedule}


# Of all models of a fleet, in a namespace of their own: what alarms can listen to, since they take no search.
FLEET_NAMESPACE: Final = f"{STACK_NAMESPACES}Fleet"
FLEET: Final = "Fleet"
"""Their dimension: the fleet's name."""
MODELS: Final = "Models"
"""How many models published something in the last days; published in every hour."""
DRIFTING_MODELS: Final = "DriftingModels"
"""Of these, how many had violations in the last run of a monitor."""
DRIFTING_SHARE: Final = "DriftingShare"
"""The same as a share, 0 to 1."""
SILENT_MODELS: Final = "SilentModels"
"""Models of a monitor of which nothing was heard for longer than the fleet allows."""
FAILING_MODELS: Final = "FailingModels"
"""Models of a monitor whose last run failed."""
