"""What a user writes (the `*Args` TypedDicts) and what the components read (the frozen `*Settings`).

Every argument dictionary is turned into its settings at once, before the first resource is registered. What is wrong
is said in one line: which argument, which value, and the fix. A key that is not an argument is an error, so that a
misspelt one is never silently ignored.

Values that may come from another resource (names, ARNs, tags, addresses) are `pulumi.Input`; what decides which
resources exist or what they are called is plain. Whole numbers are accepted as `3.0` too: Pulumi's wire format has no
integers.

Never `from __future__ import annotations` here: Pulumi reads these annotations to make the component's schema.
"""

from components.args.alerting import AlertingArgs, AlertingSettings, email_addresses
from components.args.baseline import (
    AnyBaseline,
    AnyQualityBaseline,
    BaselineArgs,
    BaselineFiles,
    BaselineJobSettings,
    BaselineSettings,
    CapturesArgs,
    CapturesSettings,
    ExistingBaseline,
    ExistingBaselineArgs,
    ExistingQualityBaselineArgs,
    ModelQualityBaselineArgs,
    ModelQualityBaselineSettings,
    baseline_settings,
    file_for_quality_thresholds,
    files_for_thresholds,
    quality_baseline_settings,
)
from components.args.bounds import check_data_quality_definition
from components.args.common import LOG_RETENTION_DAYS, CommonSettings, check_component_name, common_settings
from components.args.endpoint import (
    AutoscalingArgs,
    AutoscalingSettings,
    EndpointArgs,
    EndpointSettings,
    ExistingEndpointArgs,
    ExistingEndpointSettings,
    endpoint_settings,
)
from components.args.engines import BOTH, ENGINES, MODEL_MONITOR, OPEN
from components.args.kinds import KIND_ARGUMENTS, KindArguments
from components.args.kinds.attribution import AttributionArgs, AttributionData, AttributionSettings
from components.args.kinds.batch import BatchArgs, BatchSettings, PartitionsArgs, PartitionsSettings
from components.args.kinds.bias import BiasArgs, BiasData, BiasSettings
from components.args.kinds.custom import CustomArgs, CustomSettings
from components.args.kinds.model_quality import ModelQualityArgs, ModelQualitySettings, quality_thresholds
from components.args.monitors import (
    DataQualityArgs,
    DataQualitySettings,
    DataQualityThresholds,
    DataQualityThresholdsArgs,
    MonitorSettings,
)
from components.args.network import NetworkArgs, NetworkSettings
from components.args.open_engine import (
    ACCOUNT,
    OpenEngineArgs,
    OpenEngineSettings,
    SmallWindowsArgs,
    SmallWindowsSettings,
)
from components.args.reader import ArgumentError, Reader, Script, argument_names, as_text
from components.args.real_time import RealTimeArgs, RealTimeSettings
from components.args.retraining import AlarmRule, RetrainingArgs, RetrainingSettings
from components.args.schedules import DAILY_AT_SIX, HOURLY, ScheduleExpression
from components.args.severities import CRITICAL, WARNING, Threshold, described
from components.args.stack import ModelMonitoringStackArgs, StackSettings
from components.args.storage import StorageArgs, StorageSettings
from components.args.subscriptions import Subscription

__all__ = [
    "ACCOUNT",
    "BOTH",
    "CRITICAL",
    "DAILY_AT_SIX",
    "ENGINES",
    "HOURLY",
    "KIND_ARGUMENTS",
    "LOG_RETENTION_DAYS",
    "MODEL_MONITOR",
    "OPEN",
    "WARNING",
    "AlarmRule",
    "AlertingArgs",
    "AlertingSettings",
    "AnyBaseline",
    "AnyQualityBaseline",
    "ArgumentError",
    "AttributionArgs",
    "AttributionData",
    "AttributionSettings",
    "AutoscalingArgs",
    "AutoscalingSettings",
    "BaselineArgs",
    "BaselineFiles",
    "BaselineJobSettings",
    "BaselineSettings",
    "BatchArgs",
    "BatchSettings",
    "BiasArgs",
    "BiasData",
    "BiasSettings",
    "CapturesArgs",
    "CapturesSettings",
    "CommonSettings",
    "CustomArgs",
    "CustomSettings",
    "DataQualityArgs",
    "DataQualitySettings",
    "DataQualityThresholds",
    "DataQualityThresholdsArgs",
    "EndpointArgs",
    "EndpointSettings",
    "ExistingBaseline",
    "ExistingBaselineArgs",
    "ExistingEndpointArgs",
    "ExistingEndpointSettings",
    "ExistingQualityBaselineArgs",
    "KindArguments",
    "ModelMonitoringStackArgs",
    "ModelQualityArgs",
    "ModelQualityBaselineArgs",
    "ModelQualityBaselineSettings",
    "ModelQualitySettings",
    "MonitorSettings",
    "NetworkArgs",
    "NetworkSettings",
    "OpenEngineArgs",
    "OpenEngineSettings",
    "PartitionsArgs",
    "PartitionsSettings",
    "Reader",
    "RealTimeArgs",
    "RealTimeSettings",
    "RetrainingArgs",
    "RetrainingSettings",
    "ScheduleExpression",
    "Script",
    "SmallWindowsArgs",
    "SmallWindowsSettings",
    "StackSettings",
    "StorageArgs",
    "StorageSettings",
    "Subscription",
    "Threshold",
    "argument_names",
    "as_text",
    "baseline_settings",
    "check_component_name",
    "check_data_quality_definition",
    "common_settings",
    "described",
    "email_addresses",
    "endpoint_settings",
    "file_for_quality_thresholds",
    "files_for_thresholds",
    "quality_baseline_settings",
    "quality_thresholds",
]
