"""The open engine: schedules that start this project's own monitor, in every account.

EventBridge Scheduler → `functions/start_monitor` → a processing job in AWS's scikit-learn image, or for small windows
`functions/monitor_window`. Files, metrics and names are Model Monitor's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import (
    ArgumentError,
    DataQualityArgs,
    DataQualitySettings,
    ModelQualityArgs,
    ModelQualitySettings,
    NetworkArgs,
    NetworkSettings,
    OpenEngineArgs,
    OpenEngineSettings,
    SmallWindowsSettings,
    check_component_name,
    common_settings,
)
from components.baselines import network_config
from components.functions import MonitoringFunction, dead_letter_queue, monitoring_function
from components.iam import Outside, Place, PolicyDocument, look_up_place, service_role
from components.jobs import (
    Files,
    Machine,
    Places,
    has_local_storage,
    job_request,
    schedule_input,
)
from components.monitors.model_monitor.data_quality import upload_script
from components.monitors.open_engine.policies import (
    scheduler_policy,
    scheduler_trust,
    start_policy,
    window_policy,
)
from contract import bucket_layout, metrics
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY

# Within so many minutes after its time a run starts: the hour's runs of many stacks need not start in one second.
FLEXIBLE_MINUTES: Final = 5
# A delivery that fails is tried again for six hours; the run's window stays that of the hour it was due in.
DELIVERY_ATTEMPTS: Final = 10
DELIVERY_SECONDS: Final = 6 * 3600
# Of the function that starts runs. A day of one file a second is ninety pages of a listing and the names in it, held
# several times over: as listed, in the record, in the manifest. Nobody waits for it.
START_MEMORY_MB: Final = 1024
START_SECONDS: Final = 300
# Of the function for small windows: Lambda gives processors by memory, and a whole one from 1,769 MB on.
WINDOW_MEMORY_MB: Final = 2048
WINDOW_SECONDS: Final = 300
# The rows of a baseline are read whole beside the window, in about twenty times their size (measured, of CSV): 400 MB,
# and a window of 200 MB takes 900. A larger baseline's runs are jobs.
WINDOW_BASELINE_BYTES: Final = 20 * 1024 * 1024


class OpenMonitorsArgs(TypedDict):
    """Monitors of an endpoint that captures its traffic, run by the open engine."""

    engine: NotRequired[OpenEngineArgs]
    """How runs are started and on what."""
    data_quality: NotRequired[DataQualityArgs]
    """The data-quality monitor. Without it there is none; it needs `constraints_uri`."""
    model_quality: NotRequired[ModelQualityArgs]
    """The model-quality monitor. Without it there is none."""
    endpoint_name: pulumi.Input[str]
    name_stem: NotRequired[pulumi.Input[str]]
    """What the schedules are named after. Default the endpoint's name."""
    beside_model_monitor: NotRequired[bool]
    """Model Monitor has the schedules of the usual names; these are called `…-open`. Default false."""
    variant_name: NotRequired[str]
    """The production variant whose captures are looked at. Default `Primary`."""
    bucket_name: pulumi.Input[str]
    """Results, labels, the monitor's code and its state are in it."""
    capture_uri: pulumi.Input[str]
    """Where captures begin; below it endpoint, variant and hour."""
    captures_outside: NotRequired[bool]
    """The captures are in another bucket, which the jobs may then read. Default false."""
    captures_kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key of captures in another bucket."""
    code_uri: pulumi.Input[str]
    """The monitor's own code in the bucket."""
    image_uri: pulumi.Input[str]
    """AWS's scikit-learn image."""
    job_role_arn: pulumi.Input[str]
    """The role that the jobs run under."""
    metric_namespace: str
    """Where `Runs`, `NoData` and, of small windows, `ConstraintViolations` and `JobFailures` are published."""
    statistics_uri: NotRequired[pulumi.Input[str]]
    """The data-quality baseline's `statistics.json`."""
    constraints_uri: NotRequired[pulumi.Input[str]]
    """The data-quality baseline's `constraints.json`."""
    baseline_data_uri: NotRequired[pulumi.Input[str]]
    """The rows of the baseline, for exact measures. Default none: they are computed from its sketches."""
    baseline_data_bytes: NotRequired[int]
    """How large they are. Of more than 20 MiB the function for small windows is not used. Default unknown: it is."""
    model_quality_constraints_uri: NotRequired[pulumi.Input[str]]
    """The model-quality baseline's `constraints.json`."""
    files_outside: NotRequired[list[pulumi.Input[str]]]
    """Baseline files in other buckets, which the function for small windows may then read. Default none."""
    compare_function_name: NotRequired[pulumi.Input[str]]
    """The function that holds both engines against each other."""
    compare_function_arn: NotRequired[pulumi.Input[str]]
    """Its ARN."""
    network: NotRequired[NetworkArgs]
    """The network of the jobs."""
    log_retention_in_days: NotRequired[int]
    """Of the functions' log groups. Default 30."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for the jobs' volumes and results, the functions and the schedules."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds every role."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


@dataclass(frozen=True, kw_only=True)
class _Monitor:
    """One monitor, ready to be scheduled; `files` by the fields of `Files`, but for the code."""

    kind: str
    settings: DataQualitySettings | ModelQualitySettings
    window: tuple[str, str]
    environment: Mapping[str, str]
    files: Mapping[str, pulumi.Input[str] | None]


class OpenMonitors(pulumi.ComponentResource):
    """Schedules of the open engine, and the functions behind them."""

    schedule_names: dict[str, pulumi.Output[str]]
    """By kind: `data-quality`, `model-quality`."""
    start_function_name: pulumi.Output[str]
    dead_letter_queues: dict[str, pulumi.Output[str]]
    """Names of the queues where deliveries and events end that could not be handled, by whose they are."""

    def __init__(self, name: str, args: OpenMonitorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        self._engine = OpenEngineSettings.from_args(args.get("engine") or {}, "engine")
        self._network = NetworkSettings.from_args(args.get("network") or {})
        data_quality = args.get("data_quality")
        if data_quality is not None and args.get("constraints_uri") is None:
            raise ArgumentError("constraints_uri is missing: a data-quality monitor needs its baseline's constraints")
        quality = args.get("model_quality")
        settings = {
            DATA_QUALITY: DataQualitySettings.from_args(data_quality) if data_quality is not None else None,
            MODEL_QUALITY: ModelQualitySettings.from_args(quality) if quality is not None else None,
        }
        for kind, found in settings.items():
            if found is not None:
                found.schedule.check_windows_join(f"{kind.replace('-', '_')}.schedule_expression")
        common = common_settings(
            tags=args.get("tags"),
            permissions_boundary_arn=args.get("permissions_boundary_arn"),
            log_retention_in_days=args.get("log_retention_in_days"),
            kms_key_arn=args.get("kms_key_arn"),
        )
        super().__init__("model-monitoring:index:OpenMonitors", name, {}, opts)
        self._stem, self._args, self._common = name, args, common
        self._monitors = sum(found is not None for found in settings.values())
        self._bucket = pulumi.Output.from_input(args["bucket_name"])
        scripts = {kind: self._script(kind, found) for kind, found in settings.items() if found is not None}
        self._has_scripts = any(uri is not None for uri in scripts.values())

        self._windows = self._window_function(self._engine.small_windows) if self._engine.small_windows else None
        self._start = self._start_function()
        self._undelivered = dead_letter_queue(f"{name}-schedules", self, common)
        role_arn = self._scheduler_role()
        group = aws.scheduler.ScheduleGroup(f"{name}-monitors", tags=common.tags, opts=self._child)
        monitors = []
        if isinstance(found := settings[DATA_QUALITY], DataQualitySettings):
            monitors.append(self._data_quality(found, scripts[DATA_QUALITY]))
        if isinstance(other := settings[MODEL_QUALITY], ModelQualitySettings):
            monitors.append(self._model_quality(other, scripts[MODEL_QUALITY]))
        self.schedule_names = {monitor.kind: self._schedule(monitor, group.name, role_arn) for monitor in monitors}
        self.start_function_name = self._start.function.name
        self.dead_letter_queues = {
            "schedules": self._undelivered.name,
            "start-monitor": self._start.dead_letter_queue_name,
            **({"monitor-window": self._windows.dead_letter_queue_name} if self._windows else {}),
        }
        self.register_outputs({"schedule_names": self.schedule_names, "start_function_name": self.start_function_name})

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _script(self, kind: str, settings: DataQualitySettings | ModelQualitySettings) -> pulumi.Output[str] | None:
        return upload_script(
            settings.record_preprocessor,
            f"{self._stem}-open-{kind}",
            bucket_name=self._bucket,
            common=self._common,
            parent=self,
        )

    def _judgement(self, settings: DataQualitySettings | ModelQualitySettings) -> dict[str, str]:
        """By whose rules a monitor judges, and what it may spend: all of the stack's share one budget."""
        return {
            "rules": self._engine.rules,
            "false_alarms_per_year": f"{self._engine.false_alarms_per_year:g}",
            "monitors_in_budget": f"{self._monitors}",
            "runs_per_year": f"{settings.schedule.runs_per_year:g}",
        }

    def _data_quality(self, settings: DataQualitySettings, script: pulumi.Output[str] | None) -> _Monitor:
        return _Monitor(
            kind=DATA_QUALITY,
            settings=settings,
            window=(f"-PT{settings.schedule.period_hours}H", "-PT0H"),
            environment={
                "publish_cloudwatch_metrics": "Enabled",
                "feature_metrics": self._engine.feature_metrics,
                "metric_namespace": metrics.OPEN_DATA_METRICS,
                "max_unreadable_share": f"{self._engine.max_unreadable_share:g}",
                **self._judgement(settings),
                **({"season": self._engine.season} if self._engine.learn_windows else {}),
            },
            files={
                "constraints": self._args.get("constraints_uri"),
                "statistics": self._args.get("statistics_uri"),
                "baseline_data": self._args.get("baseline_data_uri"),
                "preprocessor": script,
            },
        )

    def _model_quality(self, settings: ModelQualitySettings, script: pulumi.Output[str] | None) -> _Monitor:
        environment = {
            "publish_cloudwatch_metrics": "Enabled",
            "metric_namespace": metrics.OPEN_MODEL_METRICS,
            "max_unreadable_share": f"{self._engine.max_unreadable_share:g}",
            "analysis_type": "MODEL_QUALITY",
            "problem_type": settings.problem_type,
            **self._judgement(settings),
        }
        if settings.inference_attribute is not None:
            environment["inference_attribute"] = settings.inference_attribute
        if settings.probability_attribute is not None:
            environment["probability_attribute"] = settings.probability_attribute
        if settings.probability_threshold is not None:
            environment["probability_threshold_attribute"] = f"{settings.probability_threshold:g}"
        if settings.positive_label is not None:
            environment["positive_label"] = settings.positive_label
        return _Monitor(
            kind=MODEL_QUALITY,
            settings=settings,
            window=(settings.start_time_offset, settings.end_time_offset),
            environment=environment,
            files={"constraints": self._args.get("model_quality_constraints_uri"), "preprocessor": script},
        )

    # ---- functions

    @property
    def _outside(self) -> pulumi.Output[dict[str, Any]]:
        captures = self._args.get("captures_outside", False)
        return pulumi.Output.all(
            capture_uri=self._args["capture_uri"] if captures else None,
            kms_key_arn=self._args.get("captures_kms_key_arn") if captures else None,
            file_uris=list(self._args.get("files_outside") or []),
        )

    def _window_function(self, settings: SmallWindowsSettings) -> MonitoringFunction:
        def policy(
            place: pulumi.Output[Place], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
        ) -> pulumi.Output[PolicyDocument]:
            return pulumi.Output.all(
                place=place,
                bucket=self._bucket,
                logs=log_group_arn,
                dead=dead_letter_arn,
                outside=self._outside,
                compare=self._args.get("compare_function_arn"),
            ).apply(
                lambda found: window_policy(
                    found["place"],
                    bucket=found["bucket"],
                    metric_namespace=self._args["metric_namespace"],
                    log_group_arn=found["logs"],
                    dead_letter_arn=found["dead"],
                    scripts=self._has_scripts,
                    outside=Outside(**found["outside"]),
                    compare_function_arn=found["compare"],
                )
            )

        environment: dict[str, pulumi.Input[str]] = {
            "METRIC_NAMESPACE": self._args["metric_namespace"],
            "BUCKET_NAME": self._bucket,
            "STATE_PREFIX": bucket_layout.MONITOR_STATE,
            "FAILURES_PREFIX": bucket_layout.FAILURE_NOTES,
        }
        compare = self._args.get("compare_function_name")
        if compare is not None:
            environment["COMPARE_FUNCTION"] = compare
        layer = aws.lambda_.LayerVersion(
            f"{self._stem}-numpy-scipy",
            layer_name=f"{self._stem}-numpy-scipy",
            description="numpy and scipy, for the monitor of small windows",
            code=settings.layer,
            compatible_runtimes=["python3.13"],
            compatible_architectures=["arm64"],
            opts=self._child,
        )
        return monitoring_function(
            f"{self._stem}-monitor-window",
            parent=self,
            folder="monitor_window",
            description=f"Runs the monitors of {self._stem} on small windows",
            timeout=WINDOW_SECONDS,
            memory_size=WINDOW_MEMORY_MB,
            environment=environment,
            policy=policy,
            common=self._common,
            asynchronous=True,
            with_monitor=True,
            layers=[layer.arn],
        )

    def _start_function(self) -> MonitoringFunction:
        def policy(
            place: pulumi.Output[Place], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
        ) -> pulumi.Output[PolicyDocument]:
            return pulumi.Output.all(
                place=place,
                bucket=self._bucket,
                role=self._args["job_role_arn"],
                logs=log_group_arn,
                dead=dead_letter_arn,
                capture_uri=self._outside["capture_uri"],
                windows=self._windows.function.arn if self._windows else None,
            ).apply(
                lambda found: start_policy(
                    found["place"],
                    bucket=found["bucket"],
                    job_stem=self._stem,
                    job_role_arn=found["role"],
                    metric_namespace=self._args["metric_namespace"],
                    log_group_arn=found["logs"],
                    dead_letter_arn=found["dead"],
                    capture_uri=found["capture_uri"],
                    window_function_arn=found["windows"],
                )
            )

        return monitoring_function(
            f"{self._stem}-start-monitor",
            parent=self,
            folder="start_monitor",
            description=f"Starts the monitoring runs of {self._stem}",
            timeout=START_SECONDS,
            memory_size=START_MEMORY_MB,
            environment={
                "METRIC_NAMESPACE": self._args["metric_namespace"],
                "BUCKET_NAME": self._bucket,
                "FAILURES_PREFIX": bucket_layout.FAILURE_NOTES,
            },
            policy=policy,
            common=self._common,
            asynchronous=True,
        )

    # ---- schedules

    def _scheduler_role(self) -> pulumi.Output[str]:
        return service_role(
            f"{self._stem}-scheduler-role",
            parent=self,
            description=f"The schedules of {self._stem}",
            trust=scheduler_trust,
            policy=pulumi.Output.all(self._start.function.arn, self._undelivered.arn, self._common.kms_key_arn).apply(
                lambda found: scheduler_policy(
                    start_function_arn=found[0], dead_letter_arn=found[1], kms_key_arn=found[2]
                )
            ),
            common=self._common,
        ).arn

    def _schedule(
        self, monitor: _Monitor, group_name: pulumi.Output[str], role_arn: pulumi.Output[str]
    ) -> pulumi.Output[str]:
        name = self._schedule_name(monitor.kind)
        schedule = aws.scheduler.Schedule(
            f"{self._stem}-open-{monitor.kind}",
            name=name,
            group_name=group_name,
            description=f"The {monitor.kind} monitor of {self._stem}",
            schedule_expression=monitor.settings.schedule.for_event_bridge(self._engine.grace_in_minutes),
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(
                mode="FLEXIBLE", maximum_window_in_minutes=FLEXIBLE_MINUTES
            ),
            kms_key_arn=self._common.kms_key_arn,
            target=aws.scheduler.ScheduleTargetArgs(
                arn=self._start.function.arn,
                role_arn=role_arn,
                input=self._input(monitor, name),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_retry_attempts=DELIVERY_ATTEMPTS, maximum_event_age_in_seconds=DELIVERY_SECONDS
                ),
                dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=self._undelivered.arn),
            ),
            # Its name may come again, when a deployment that failed is reverted: nothing of that name may be left.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        return schedule.name

    def _schedule_name(self, kind: str) -> pulumi.Output[str]:
        stem = pulumi.Output.from_input(self._args.get("name_stem") or self._args["endpoint_name"])
        if self._args.get("beside_model_monitor", False):
            return stem.apply(lambda found: naming.open_schedule_name(found, kind))
        return stem.apply(lambda found: naming.schedule_name(found, kind))

    def _largest_small_window(self, monitor: _Monitor) -> int:
        """In bytes; 0 if every window is to be a job."""
        if self._engine.small_windows is None:
            return 0
        size = self._args.get("baseline_data_bytes", 0)
        if monitor.files.get("baseline_data") is None or size <= WINDOW_BASELINE_BYTES:
            return self._engine.small_windows.max_bytes
        pulumi.log.warn(
            f"every run of the {monitor.kind} monitor of {self._stem} is a processing job: its baseline's data have "
            f"{size / 1024**2:.0f} MiB, and the function for small windows can hold {WINDOW_BASELINE_BYTES // 1024**2}",
            self,
        )
        return 0

    def _input(self, monitor: _Monitor, schedule_name: pulumi.Output[str]) -> pulumi.Output[str]:
        limit = self._largest_small_window(monitor)

        def written(found: dict[str, Any]) -> str:
            bucket = found["bucket"]
            small = {"function_name": found["windows"], "max_bytes": limit} if limit else None
            return json.dumps(
                schedule_input(
                    kind=monitor.kind,
                    endpoint=found["endpoint"],
                    schedule=found["schedule"],
                    variants=[self._args.get("variant_name", "Primary")],
                    window=monitor.window,
                    grace_minutes=self._engine.grace_in_minutes,
                    late_hours=self._engine.late_hours,
                    places=Places(
                        captured=found["captured"],
                        results=naming.s3_uri(bucket, bucket_layout.MONITORING_RESULTS),
                        state=naming.s3_uri(bucket, bucket_layout.MONITOR_STATE),
                        ground_truth=naming.s3_uri(bucket, bucket_layout.GROUND_TRUTH),
                    ),
                    job_stem=self._stem,
                    small_window=small,
                    request=self._request(monitor, found),
                ),
                sort_keys=True,
            )

        return pulumi.Output.all(
            bucket=self._bucket,
            endpoint=self._args["endpoint_name"],
            schedule=schedule_name,
            captured=self._args["capture_uri"],
            windows=self._windows.function.name if self._windows else None,
            code=self._args["code_uri"],
            image=self._args["image_uri"],
            role=self._args["job_role_arn"],
            files=dict(monitor.files),
            tags=dict(self._common.tags),
            key=self._common.kms_key_arn,
            network=network_config(self._network),
            region=look_up_place(self).region,
        ).apply(written)

    def _request(self, monitor: _Monitor, found: Mapping[str, Any]) -> dict[str, Any]:
        settings = monitor.settings
        return job_request(
            Machine(
                image_uri=found["image"],
                instance_type=settings.instance_type,
                instance_count=self._engine.instance_count,
                volume_size_in_gb=settings.volume_size_in_gb,
                max_runtime_in_seconds=settings.max_runtime_in_seconds,
                volume_kms_key_arn=None if has_local_storage(settings.instance_type) else found["key"],
                output_kms_key_arn=found["key"],
                network=found["network"],
            ),
            Files(code=found["code"], **found["files"]),
            # SageMaker tells a container AWS_REGION, of which boto3 knows nothing.
            environment={
                **monitor.environment,
                **self._windows_of(monitor, found),
                "AWS_DEFAULT_REGION": found["region"],
            },
            role_arn=found["role"],
            tags=found["tags"],
        )

    def _windows_of(self, monitor: _Monitor, found: Mapping[str, Any]) -> dict[str, str]:
        """Where a data-quality monitor keeps what its windows counted, to learn how much they differ."""
        if monitor.kind != DATA_QUALITY or not self._engine.learn_windows:
            return {}
        folder = f"{bucket_layout.MONITOR_STATE}/{bucket_layout.WINDOWS_FOLDER}/{found['schedule']}"
        return {"windows_uri": naming.s3_uri(found["bucket"], folder)}
