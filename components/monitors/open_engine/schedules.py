"""The open engine: schedules that start this project's own monitor, in every account.

EventBridge Scheduler → `functions/start_monitor` → a processing job in AWS's scikit-learn image, or for small windows
`functions/monitor_window`. Files, metrics and names are Model Monitor's.

Longer than 400 lines by a little: one component, whose functions, permissions and schedules name each other.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Self

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import (
    ACCOUNT,
    ArgumentError,
    BatchSettings,
    CommonSettings,
    DataQualitySettings,
    ModelQualitySettings,
    NetworkSettings,
    OpenEngineSettings,
    check_component_name,
    common_settings,
)
from components.baselines import BaselineAddresses
from components.functions import dead_letter_queue
from components.iam import bare_role, look_up_context, with_policy
from components.jobs import Files, KindFiles, Machine, network_config
from components.monitors.answers import estimates_errors
from components.monitors.data_quality import DataQuality
from components.monitors.kind import Monitor
from components.monitors.model_quality import ModelQuality
from components.monitors.open_engine.args import OpenMonitorsArgs
from components.monitors.open_engine.batches import Clock, batch_plan, plans_looks, start_on_batch
from components.monitors.open_engine.functions import start_function, window_function
from components.monitors.open_engine.policies import scheduler_policy, scheduler_trust, tables_place
from components.monitors.open_engine.schedule_input import Places, run_request, schedule_input
from components.storage import upload_script
from contract import bucket_layout, retraining
from contract.monitor_kinds import BATCH, DATA_QUALITY, MODEL_QUALITY

# Within so many minutes after its time a run starts: the hour's runs of many stacks need not start in one second.
FLEXIBLE_MINUTES: Final = 5
# A delivery that fails is tried again for six hours; the run's window stays that of the hour it was due in.
DELIVERY_ATTEMPTS: Final = 10
DELIVERY_SECONDS: Final = 6 * 3600
# The rows of a baseline are read whole beside the window, in about twenty times their size (measured, of CSV): 400 MB,
# and a window of 200 MB takes 900. A larger baseline's runs are jobs.
WINDOW_BASELINE_BYTES: Final = 20 * 1024 * 1024


# Whose a model is, for people who look at many.
TEAM_TAG: Final = "Team"


class OpenMonitors(pulumi.ComponentResource):
    """Schedules of the open engine, and the functions behind them."""

    schedule_names: dict[str, pulumi.Output[str]]
    """By kind: `data-quality`, `model-quality`."""
    start_function_name: pulumi.Output[str]
    dead_letters: aws.sqs.Queue
    """Where the schedules' deliveries and the functions' events end that could not be handled."""

    def __init__(self, name: str, args: OpenMonitorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        monitors, baselines = _monitors(args)
        self._build(
            name,
            args,
            monitors=monitors,
            baselines=baselines,
            files={},
            engine=OpenEngineSettings.from_args(args.get("engine") or {}, "engine"),
            network=NetworkSettings.from_args(args.get("network") or {}),
            common=common_settings(args),
            opts=opts,
        )

    @classmethod
    def from_settings(
        cls,
        name: str,
        args: OpenMonitorsArgs,
        opts: pulumi.ResourceOptions,
        *,
        monitors: Sequence[Monitor],
        baselines: Mapping[str, BaselineAddresses],
        files: Mapping[str, KindFiles],
        engine: OpenEngineSettings,
        network: NetworkSettings,
        common: CommonSettings,
    ) -> Self:
        """Make it from settings that are checked already; of `args` only what is no setting is read."""
        made = cls.__new__(cls)
        made._build(
            name,
            args,
            monitors=monitors,
            baselines=baselines,
            files=files,
            engine=engine,
            network=network,
            common=common,
            opts=opts,
        )
        return made

    def _build(
        self,
        name: str,
        args: OpenMonitorsArgs,
        *,
        monitors: Sequence[Monitor],
        baselines: Mapping[str, BaselineAddresses],
        files: Mapping[str, KindFiles],
        engine: OpenEngineSettings,
        network: NetworkSettings,
        common: CommonSettings,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__("model-monitoring:index:OpenMonitors", name, {}, opts)
        self._stem, self._args, self._common = name, args, common
        self._engine, self._network, self._baselines, self._files = engine, network, baselines, files
        self._kinds = [monitor.kind.name for monitor in monitors]
        self._monitors_in_budget = len(monitors) + args.get("others_in_budget", 0)
        self._bucket = pulumi.Output.from_input(args["bucket_name"])
        self._scripts = {monitor.kind.name: self._script(monitor) for monitor in monitors}
        # One queue for all that a run goes through: an alarm costs what it costs, and a letter says itself whose it is.
        self.dead_letters = dead_letter_queue(f"{name}-monitor-runs", self, common, before=f"{name}-schedules")
        self._windows = None
        if engine.small_windows is not None:
            self._windows = window_function(
                name,
                engine.small_windows,
                args,
                kinds=[item.kind.name for item in monitors if not (item.asks_model or item.kind.on_event)],
                has_scripts=any(uri is not None for uri in self._scripts.values())
                or any(monitor.kind.holds_code for monitor in monitors),
                result_tables=engine.result_tables,
                common=common,
                dead_letters=self.dead_letters,
                parent=self,
            )
        group = aws.scheduler.ScheduleGroup(f"{name}-monitors", tags=common.tags, opts=self._child)
        # Before the function: where that plans looks at partitions, it must be told of the role.
        role = bare_role(
            f"{name}-scheduler-role",
            parent=self,
            description=f"The schedules of {name}",
            trust=scheduler_trust,
            common=common,
        )
        looks = Clock(group_name=group.name, role_arn=role.arn, dead_letter_arn=self.dead_letters.arn)
        batches = next((item.settings for item in monitors if isinstance(item.settings, BatchSettings)), None)
        self._start = start_function(
            name,
            args,
            self._windows,
            kinds=self._kinds,
            batch_plan_uri=self._batch_plan(monitors, looks),
            is_partitioned=batches is not None and batches.partitions is not None,
            looks=looks if batches is not None and plans_looks(batches) else None,
            common=common,
            dead_letters=self.dead_letters,
            parent=self,
        )
        clock = replace(looks, role_arn=self._scheduler_role(role))
        self.schedule_names = {
            monitor.kind.name: self._on_batch(monitor.settings, clock)
            if isinstance(monitor.settings, BatchSettings)
            else self._schedule(monitor, clock)
            for monitor in monitors
        }
        self.start_function_name = self._start.function.name
        self.register_outputs({"schedule_names": self.schedule_names, "start_function_name": self.start_function_name})

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _script(self, monitor: Monitor) -> pulumi.Output[str] | None:
        return upload_script(
            monitor.settings.record_preprocessor,
            f"{self._stem}-open-{monitor.kind.name}",
            bucket_name=self._bucket,
            common=self._common,
            parent=self,
        )

    def _scheduler_role(self, role: aws.iam.Role) -> pulumi.Output[str]:
        """Its ARN, known once it may start runs."""
        policy = pulumi.Output.all(self._start.function.arn, self.dead_letters.arn, self._common.kms_key_arn).apply(
            lambda found: scheduler_policy(start_function_arn=found[0], dead_letter_arn=found[1], kms_key_arn=found[2])
        )
        return with_policy(f"{self._stem}-scheduler-role", role, policy, parent=self).arn

    def _schedule(self, monitor: Monitor, clock: Clock) -> pulumi.Output[str]:
        name = self._schedule_name(monitor.kind.name)
        schedule = aws.scheduler.Schedule(
            f"{self._stem}-open-{monitor.kind.name}",
            name=name,
            group_name=clock.group_name,
            description=f"The {monitor.kind.name} monitor of {self._stem}",
            schedule_expression=monitor.settings.schedule.for_event_bridge(self._engine.grace_in_minutes),
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(
                mode="FLEXIBLE", maximum_window_in_minutes=FLEXIBLE_MINUTES
            ),
            kms_key_arn=self._common.kms_key_arn,
            target=aws.scheduler.ScheduleTargetArgs(
                arn=self._start.function.arn,
                role_arn=clock.role_arn,
                input=self._input(monitor, name),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_retry_attempts=DELIVERY_ATTEMPTS, maximum_event_age_in_seconds=DELIVERY_SECONDS
                ),
                dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=self.dead_letters.arn),
            ),
            # Its name may come again, when a deployment that failed is reverted: nothing of that name may be left.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        return schedule.name

    def _batch_plan(self, monitors: Sequence[Monitor], looks: Clock) -> pulumi.Output[str] | None:
        """The address of what a batch's run is; None where batches are not monitored."""
        for monitor in monitors:
            settings = monitor.settings
            if isinstance(settings, BatchSettings):
                facts = self._facts(monitor, self._schedule_name(monitor.kind.name))
                plan = facts.apply(partial(self._plan_of_batches, monitor))
                return batch_plan(
                    self._stem, settings, plan, looks, bucket=self._bucket, common=self._common, parent=self
                )
        return None

    def _plan_of_batches(self, monitor: Monitor, found: dict[str, Any]) -> dict[str, Any]:
        return {
            "endpoint": found["endpoint"],
            "schedule": found["schedule"],
            "results_uri": naming.s3_uri(found["bucket"], bucket_layout.MONITORING_RESULTS),
            "state_uri": naming.s3_uri(found["bucket"], bucket_layout.MONITOR_STATE),
            "job_stem": self._stem,
            "request": self._request(monitor, found),
        }

    def _on_batch(self, settings: BatchSettings, clock: Clock) -> pulumi.Output[str]:
        """A batch's end starts its run; the name is what its metrics have for their schedule."""
        start_on_batch(self._stem, settings, self._start.function, clock, common=self._common, parent=self)
        return self._schedule_name(BATCH)

    def _baseline_of(self, monitor: Monitor) -> BaselineAddresses | None:
        own = self._baselines.get(monitor.kind.name)
        return own if own is not None else self._baselines.get(monitor.kind.baseline_of or monitor.kind.name)

    def _schedule_name(self, kind: str) -> pulumi.Output[str]:
        stem = pulumi.Output.from_input(self._args.get("name_stem") or self._args["endpoint_name"])
        if self._args.get("beside_model_monitor", False):
            return stem.apply(lambda found: naming.open_schedule_name(found, kind))
        return stem.apply(lambda found: naming.schedule_name(found, kind))

    def _largest_small_window(self, monitor: Monitor) -> int:
        """The largest window that a function takes, in bytes; 0 if every window is to be a job."""
        needs_scikit_learn = monitor.asks_model or estimates_errors(monitor.open_environment(self._engine))
        if self._engine.small_windows is None or needs_scikit_learn:  # which the function has not
            return 0
        baseline = self._baseline_of(monitor)
        size = baseline.data_bytes if baseline is not None else 0
        if size <= WINDOW_BASELINE_BYTES or not monitor.open_files(baseline).get("baseline_data"):
            return self._engine.small_windows.max_bytes
        pulumi.log.warn(
            f"every run of the {monitor.kind.name} monitor of {self._stem} is a processing job: its baseline's data "
            f"have {size / 1024**2:.0f} MiB, and the function for small windows can hold "
            f"{WINDOW_BASELINE_BYTES // 1024**2}",
            self,
        )
        return 0

    def _input(self, monitor: Monitor, schedule_name: pulumi.Output[str]) -> pulumi.Output[str]:
        limit = self._largest_small_window(monitor)

        def written(found: dict[str, Any]) -> str:
            bucket = found["bucket"]
            small = {"function_name": found["windows"], "max_bytes": limit} if limit else None
            return json.dumps(
                schedule_input(
                    kind=monitor.kind.name,
                    endpoint=found["endpoint"],
                    schedule=found["schedule"],
                    variants=[self._args.get("variant_name", "Primary"), *self._args.get("other_variants", [])],
                    window=monitor.window,
                    grace_minutes=self._engine.grace_in_minutes,
                    late_hours=self._engine.late_hours,
                    places=Places(
                        captured=found["captured"],
                        results=naming.s3_uri(bucket, bucket_layout.MONITORING_RESULTS),
                        state=naming.s3_uri(bucket, bucket_layout.MONITOR_STATE),
                        ground_truth=naming.s3_uri(bucket, bucket_layout.GROUND_TRUTH),
                        current_baseline=(
                            naming.s3_uri(bucket, retraining.POINTER) if self._args.get("retrained") else None
                        ),
                    ),
                    job_stem=self._stem,
                    small_window=small,
                    request=self._request(monitor, found),
                ),
                sort_keys=True,
            )

        facts = self._facts(monitor, schedule_name)
        windows = self._windows.function.name if self._windows else None
        return pulumi.Output.all(facts, windows).apply(lambda found: written({**found[0], "windows": found[1]}))

    def _facts(self, monitor: Monitor, schedule_name: pulumi.Output[str]) -> pulumi.Output[dict[str, Any]]:
        """What the request of a run is made from, of all that other resources decide."""
        files = self._files.get(monitor.kind.name, KindFiles())
        return pulumi.Output.all(
            bucket=self._bucket,
            endpoint=self._args["endpoint_name"],
            schedule=schedule_name,
            captured=self._args["capture_uri"],
            code=self._args["code_uri"],
            image=self._args["image_uri"],
            role=self._args["job_role_arn"],
            files={
                **monitor.open_files(self._baseline_of(monitor)),
                **{field: self._baselines[kind].data_uri for field, kind in monitor.borrows.items()},
                "preprocessor": self._scripts[monitor.kind.name],
                "analysis_config": files.analysis_config,
                "model": files.model,
            },
            tags=dict(self._common.tags),
            key=self._common.kms_key_arn,
            network=network_config(self._network),
            context=look_up_context(self),
            tables=self._engine.result_tables,
            version=self._engine.model_version,
        )

    def _request(self, monitor: Monitor, found: Mapping[str, Any]) -> dict[str, Any]:
        """The request of a run's job, but for its name and for what changes from run to run."""
        machine = Machine(
            image_uri=found["image"],
            instance_type=monitor.settings.instance_type,
            instance_count=self._engine.instance_count,
            volume_size_in_gb=monitor.settings.volume_size_in_gb,
            max_runtime_in_seconds=monitor.settings.max_runtime_in_seconds,
            role_arn=found["role"],
            tags=found["tags"],
            kms_key_arn=found["key"],
            network=found["network"],
        )
        environment = {
            "publish_cloudwatch_metrics": "Enabled",
            "metric_namespace": monitor.kind.metric_namespace,
            "max_unreadable_share": f"{self._engine.max_unreadable_share:g}",
            **self._judgement(monitor),
            "analysis_type": monitor.kind.analysis_type,
            **monitor.open_environment(self._engine),
            **self._windows_of(monitor, found),
            **self._result_tables(found),
            # SageMaker tells a container AWS_REGION, of which boto3 knows nothing.
            "AWS_DEFAULT_REGION": found["context"].region,
        }
        return run_request(machine, Files(code=found["code"], **found["files"]), environment)

    def _judgement(self, monitor: Monitor) -> dict[str, str]:
        """The variables that say by whose rules a monitor judges, and what it may spend: all of the stack's share one
        budget.
        """
        return {
            "rules": self._engine.rules,
            "false_alarms_per_year": f"{self._engine.false_alarms_per_year:g}",
            "monitors_in_budget": f"{self._monitors_in_budget}",
            "runs_per_year": f"{monitor.settings.schedule.runs_per_year:g}",
        }

    def _windows_of(self, monitor: Monitor, found: Mapping[str, Any]) -> dict[str, str]:
        """Where a monitor that learns keeps what its windows counted, to know how much they differ."""
        if not monitor.learns_windows or not self._engine.learn_windows:
            return {}
        folder = f"{bucket_layout.MONITOR_WINDOWS}/{found['schedule']}"
        where = {"windows_uri": naming.s3_uri(found["bucket"], folder)}
        baseline = self._baseline_of(monitor)
        if baseline is not None and baseline.has_windows:
            where["baseline_windows_uri"] = str(found["files"]["statistics"]).rpartition("/")[0]
        return where

    def _result_tables(self, found: Mapping[str, Any]) -> dict[str, str]:
        """Where a run leaves its lines for SQL, and what they say of the model."""
        context, version, team = found["context"], found["version"], found["tags"].get(TEAM_TAG)
        return {
            "result_tables_uri": tables_place(context, found["bucket"], found["tables"]),
            "account_id": context.account_id,
            "model_variant": self._args.get("variant_name", "Primary"),
            **({"model_version": version} if version else {}),
            # A fleet compares versions; 0.30 USD a metric and month is more than a stack alone needs.
            **({"version_metrics": "Enabled"} if found["tables"] == ACCOUNT else {}),
            **({"team": team} if team else {}),
        }


def _monitors(args: OpenMonitorsArgs) -> tuple[list[Monitor], dict[str, BaselineAddresses]]:
    """The monitors that are given, and their baselines by kind."""
    monitors: list[Monitor] = []
    baselines: dict[str, BaselineAddresses] = {}
    if "data_quality" in args:
        constraints_uri = args.get("constraints_uri")
        if constraints_uri is None:
            raise ArgumentError("constraints_uri is missing: a data-quality monitor needs its baseline's constraints")
        monitors.append(DataQuality(settings=DataQualitySettings.from_args(args["data_quality"])))
        baselines[DATA_QUALITY] = BaselineAddresses(
            statistics_uri=args.get("statistics_uri"),
            constraints_uri=constraints_uri,
            data_uri=args.get("baseline_data_uri"),
            data_bytes=args.get("baseline_data_bytes", 0),
        )
    if "model_quality" in args:
        monitors.append(ModelQuality(settings=ModelQualitySettings.from_args(args["model_quality"])))
        if "model_quality_constraints_uri" in args:
            baselines[MODEL_QUALITY] = BaselineAddresses(
                statistics_uri=None, constraints_uri=args["model_quality_constraints_uri"]
            )
    for monitor in monitors:
        monitor.settings.schedule.check_windows_join(f"{monitor.kind.argument}.schedule_expression")
    return monitors, baselines
