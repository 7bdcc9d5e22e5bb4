"""ModelMonitoringStack: the parts, put together.

Longer than 400 lines: one part after the other, a method each, called in `__init__` in the order in which they are
made; what is handed from part to part is seen here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi

from components import naming
from components.alerting import (
    DeadLetterAlarms,
    DriftAlerting,
    DriftAlertingArgs,
    MonitorHealth,
    MonitorHealthArgs,
    MonitorWatch,
)
from components.archives import sample_model
from components.args import (
    BOTH,
    CRITICAL,
    MODEL_MONITOR,
    OPEN,
    WARNING,
    BatchSettings,
    EndpointSettings,
    ExistingEndpointSettings,
    ModelMonitoringStackArgs,
    ModelQualitySettings,
    OpenEngineSettings,
    RetrainingSettings,
    StackSettings,
)
from components.baselines import Baseline, BaselineAddresses, BaselineComponentArgs
from components.dashboard import MonitoringDashboard, MonitoringDashboardArgs
from components.endpoint import MonitoredEndpoint, MonitoredEndpointArgs
from components.functions import ProcessingMetrics
from components.iam import (
    look_up_context,
)
from components.jobs import KindFiles
from components.monitors import (
    EngineComparison,
    OpenMonitors,
    OpenMonitorsArgs,
    Site,
    monitors_of,
)
from components.real_time import RealTime, RealTimeComponentArgs
from components.retraining import Retraining, Surroundings, declared
from components.stack.engine_jobs import EngineJob, EngineJobs
from components.stack.triggers import quality_floor_of, triggers_of
from components.storage import MonitoringStorage, upload_analysis_config
from contract import metrics
from contract.monitor_kinds import BATCH, DATA_QUALITY, KINDS, MODEL_QUALITY


class ModelMonitoringStack(pulumi.ComponentResource):
    """A SageMaker endpoint that is watched: bucket, endpoint with data capture, baseline, monitors, alarms, dashboard.

    Deploying starts the baseline jobs and does not wait for them; the first scheduled run comes with the next full
    hour.

    Raises
    ------
    components.args.ArgumentError
        Before the first resource is registered: which argument, which value, and the fix.
    """

    bucket_name: pulumi.Output[str]
    endpoint_name: pulumi.Output[str]
    endpoint_config_name: pulumi.Output[str] | None
    """What the endpoint is to run; None for an endpoint that exists already."""
    schedule_names: pulumi.Output[Mapping[str, str]]
    """Of the monitors that are on, by kind."""
    data_quality_schedule_name: pulumi.Output[str] | None
    """The same of data quality, under the name that it had first; None without such a monitor."""
    model_quality_schedule_name: pulumi.Output[str] | None
    """The same of model quality; None without such a monitor."""
    alarm_topic_arn: pulumi.Output[str]
    notification_topic_arn: pulumi.Output[str]
    responder_function_name: pulumi.Output[str]
    constraint_violations_alarm_name: pulumi.Output[str]
    """Of the data-quality schedule; without one, of the model-quality schedule."""
    job_failures_alarm_name: pulumi.Output[str]
    """Of the data-quality schedule; without one, of the model-quality schedule."""
    dashboard_name: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]
    stream_name: pulumi.Output[str] | None
    """Of the Kinesis stream that requests and answers are put into; None without `real_time`."""
    statistics_uri: pulumi.Output[str] | None
    """Of the data-quality baseline; None without a data-quality monitor."""
    constraints_uri: pulumi.Output[str] | None

    def __init__(self, name: str, args: ModelMonitoringStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = StackSettings.from_args(name, args)
        self.monitors = monitors_of(settings)
        super().__init__("model-monitoring:index:ModelMonitoringStack", name, {}, opts)
        self._stem, self._settings = name, settings

        self.storage = self._storage()
        self.bucket_name = self.storage.bucket_name
        self.metric_namespace = metrics.stack_namespace(name)
        self.endpoint = self._endpoint()
        self.endpoint_name = self.endpoint.endpoint_name
        self.endpoint_config_name = self.endpoint.configuration_name
        jobs = self._engine_jobs()
        self.model_monitor = jobs.of_model_monitor() if settings.engine in {MODEL_MONITOR, BOTH} else None
        self.open_engine = jobs.of_open_engine() if settings.engine in {OPEN, BOTH} else None

        self.kind_files = self._kind_files()
        self.baseline = self._baseline()
        self.statistics_uri = self.baseline.statistics_uri
        self.constraints_uri = self.baseline.constraints_uri
        model_monitor = self._model_monitor_schedules(self.model_monitor) if self.model_monitor else {}
        self.comparison = self._comparison(model_monitor) if settings.engine == BOTH else None
        self.open_monitors = None
        if self.open_engine and settings.open_engine:
            self.open_monitors = self._open_monitors(self.open_engine, settings.open_engine)
        self.open_schedules = self.open_monitors.schedule_names if self.open_monitors else {}
        # With both engines people are told of what Model Monitor finds, and of where the two contradict each other.
        self.schedules = model_monitor or self.open_schedules
        self.schedule_names = pulumi.Output.all(**self.schedules)
        self.data_quality_schedule_name = self.schedules.get(DATA_QUALITY)
        self.model_quality_schedule_name = self.schedules.get(MODEL_QUALITY)

        self.metrics = self._metrics()
        self.alerting = self._alerting()
        self.alarm_topic_arn = self.alerting.alarm_topic_arn
        self.notification_topic_arn = self.alerting.notification_topic_arn
        self.responder_function_name = self.alerting.responder_function_name
        first = next(iter(self.monitors))
        self.constraint_violations_alarm_name = self.alerting.alarm_name(first, metrics.CONSTRAINT_VIOLATIONS)
        self.job_failures_alarm_name = self.alerting.alarm_name(first, metrics.JOB_FAILURES)
        self.real_time = self._real_time()
        self.stream_name = self.real_time.stream_name if self.real_time else None
        self.retraining = self._retraining(settings.retraining) if settings.retraining else None
        self.health = self._health()
        self.watch = self._watch(model_monitor)
        self.dead_letters = self._dead_letters()
        self.dashboard = self._dashboard()
        self.dashboard_name = self.dashboard.dashboard_name
        self.dashboard_url = self.dashboard.dashboard_url
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, pulumi.Output[Any] | None]:
        """What other programs and people rely on, by name."""
        return {
            "bucket_name": self.bucket_name,
            "endpoint_name": self.endpoint_name,
            "endpoint_config_name": self.endpoint_config_name,
            "schedule_names": self.schedule_names,
            "data_quality_schedule_name": self.data_quality_schedule_name,
            "model_quality_schedule_name": self.model_quality_schedule_name,
            "alarm_topic_arn": self.alarm_topic_arn,
            "notification_topic_arn": self.notification_topic_arn,
            "responder_function_name": self.responder_function_name,
            "constraint_violations_alarm_name": self.constraint_violations_alarm_name,
            "job_failures_alarm_name": self.job_failures_alarm_name,
            "dashboard_name": self.dashboard_name,
            "dashboard_url": self.dashboard_url,
            "statistics_uri": self.statistics_uri,
            "constraints_uri": self.constraints_uri,
            **({"stream_name": self.stream_name} if self.real_time else {}),
            **(
                {
                    "retraining_function_name": self.retraining.start_function_name,
                    "retraining_state_machine_arn": self.retraining.state_machine_arn,
                    "model_package_group_name": self.retraining.model_package_group_name,
                }
                if self.retraining
                else {}
            ),
        }

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _sample_endpoint(self) -> EndpointSettings:
        pulumi.log.warn(
            f"endpoint is not given: {self._stem} serves the project's sample model, which knows only the columns of "
            "the sample data; give endpoint.model, or endpoint.existing with name and capture_uri",
            resource=self,
        )
        return EndpointSettings.from_args({"model": sample_model()})

    def _storage(self) -> MonitoringStorage:
        return MonitoringStorage.from_settings(
            self._stem,
            {"retain_data": self._settings.retain_data, "protect": self._settings.protect},
            self._child,
            retention=self._settings.storage,
            common=self._settings.common,
        )

    def _engine_jobs(self) -> EngineJobs:
        return EngineJobs(
            parent=self,
            stem=self._stem,
            settings=self._settings,
            monitors=self.monitors,
            bucket_name=self.bucket_name,
            capture_uri=self.endpoint.capture_uri,
        )

    def _endpoint(self) -> MonitoredEndpoint:
        settings = self._settings.endpoint or self._sample_endpoint()
        if isinstance(settings, EndpointSettings):
            self._declared = declared(settings, self._settings.network, self._settings.common)
        args = MonitoredEndpointArgs(endpoint={}, bucket_name=self.bucket_name, protect=self._settings.protect)
        if self._settings.retraining:
            args["retrained"] = True
        return MonitoredEndpoint.from_settings(
            self._stem,
            args,
            self._child,
            settings=settings,
            network=self._settings.network,
            common=self._settings.common,
        )

    def _kind_files(self) -> dict[str, KindFiles]:
        """What the jobs of each kind read beside data and baseline, uploaded."""
        return {
            kind: KindFiles(
                analysis_config=upload_analysis_config(
                    monitor.analysis_config(self.endpoint.model_name if self.model_monitor else None),
                    f"{self._stem}-{kind}",
                    bucket_name=self.bucket_name,
                    common=self._settings.common,
                    parent=self,
                    holds_code=monitor.kind.holds_code,
                ),
                model=monitor.model_uri(self.endpoint.model_uri),
            )
            for kind, monitor in self.monitors.items()
        }

    def _baseline(self) -> Baseline:
        settings = self._settings
        # Model Monitor's analyzer where there is one: what it finds is compared with what it suggested.
        job = self.model_monitor or self.open_engine
        if job is None:
            raise LookupError(f"no engine is called {settings.engine}")
        args = BaselineComponentArgs(
            bucket_name=self.bucket_name,
            endpoint_name=self.endpoint_name,
            name_stem=self.endpoint.name_stem,
            analyzer_image_uri=job.image_uri,
            monitor_role_arn=job.role_arn,
            capture_uri=self.endpoint.capture_uri,
            variant_name=self.endpoint.variant_name,
        )
        if job.code_uri is not None:
            args["code_uri"] = job.code_uri
        sources = {kind: monitor.baseline() for kind, monitor in self.monitors.items()}
        return Baseline.from_settings(
            self._stem,
            args,
            self._child,
            sources={kind: source for kind, source in sources.items() if source is not None},
            files=self.kind_files,
            job=settings.baseline_job,
            network=settings.network,
            common=settings.common,
        )

    def _model_monitor_schedules(self, job: EngineJob) -> dict[str, pulumi.Output[str]]:
        """The schedules' names by kind."""
        site = Site(
            name=self._stem,
            endpoint_name=self.endpoint_name,
            name_stem=self.endpoint.name_stem,
            bucket_name=self.bucket_name,
            images=job.images,
            role_arn=job.role_arn,
            files=self.kind_files,
            model_name=self.endpoint.model_name,
            network=self._settings.network,
            common=self._settings.common,
            batch=self._settings.of(BatchSettings),
        )
        return {
            kind: monitor.with_model_monitor(site, self._baseline_addresses(kind), self._child)
            for kind, monitor in self.monitors.items()
        }

    def _baseline_addresses(self, kind: str) -> BaselineAddresses | None:
        own = self.baseline.addresses.get(kind)
        return own if own is not None else self.baseline.addresses.get(KINDS[kind].baseline_of or kind)

    def _open_monitors(self, job: EngineJob, engine: OpenEngineSettings) -> OpenMonitors:
        settings = self._settings
        adopted = settings.endpoint if isinstance(settings.endpoint, ExistingEndpointSettings) else None
        args = OpenMonitorsArgs(
            endpoint_name=self.endpoint_name,
            name_stem=self.endpoint.name_stem,
            beside_model_monitor=settings.engine == BOTH,
            variant_name=self.endpoint.variant_name,
            bucket_name=self.bucket_name,
            capture_uri=self.endpoint.capture_uri,
            captures_outside=adopted is not None,
            captures_kms_key_arn=adopted.kms_key_arn if adopted else None,
            code_uri=job.code_uri or "",
            image_uri=job.image_uri,
            job_role_arn=job.role_arn,
            metric_namespace=self.metric_namespace,
            files_outside=settings.files_outside,
            others_in_budget=int(settings.stream_shares_budget),
            publishes_effect=settings.alerting.asks_for_effect,
            batch_uris=settings.batch_uris,
            other_variants=list(adopted.other_variants) if adopted else [],
        )
        if settings.retraining:
            args["retrained"] = True
        if self.comparison:
            args["compare_function_name"] = self.comparison.function_name
            args["compare_function_arn"] = self.comparison.function_arn
        return OpenMonitors.from_settings(
            self._stem,
            args,
            self._child,
            monitors=list(self.monitors.values()),
            baselines=self.baseline.addresses,
            files=self.kind_files,
            engine=replace(engine, model_version=engine.model_version or self._served_model()),
            network=settings.network,
            common=settings.common,
        )

    def _served_model(self) -> pulumi.Output[str] | None:
        """What the results call the version: the model's own name, which is another one for each model; known when the
        endpoint runs it. None of an endpoint that exists already.
        """
        name = self.endpoint.model_name
        return None if name is None else pulumi.Output.all(self.endpoint_name, name).apply(lambda found: str(found[1]))

    def _comparison(self, model_monitor: Mapping[str, pulumi.Output[str]]) -> EngineComparison:
        settings = self._settings
        stem = pulumi.Output.from_input(self.endpoint.name_stem)
        return EngineComparison(
            self._stem,
            {
                "endpoint_name": self.endpoint_name,
                "bucket_name": self.bucket_name,
                "metric_namespace": self.metric_namespace,
                "model_monitor_schedules": model_monitor,
                # By their names and not from the schedules: the function for small windows is told of this one.
                "open_schedules": {kind: _open_schedule_name(stem, kind) for kind in model_monitor},
                **settings.common.to_args(),
            },
            self._child,
        )

    def _health(self) -> MonitorHealth:
        engine = self._settings.open_engine
        health = MonitorHealthArgs(
            schedules=self._ringing(self.open_schedules or self.schedules),
            beside=self.schedules if self.comparison else {},
            hours_between_runs=self._settings.hours_between_runs,
            endpoint_name=self.endpoint_name,
            metric_namespace=self.metric_namespace,
            alarm_topic_arn=self.alerting.alarm_topic_arn,
            alarm_on_no_data=bool(engine and engine.alarm_on_no_data),
            alarm_on_job_failures=self.comparison is not None,
            tags=self._settings.common.tags,
        )
        if engine and self.comparison:
            health["least_agreement"] = engine.least_agreement
            health["disagreeing_runs"] = engine.disagreeing_runs
        return MonitorHealth(self._stem, health, self._child)

    def _ringing(self, schedules: Mapping[str, pulumi.Output[str]]) -> dict[str, pulumi.Output[str]]:
        """The schedules of which silence is news."""
        return {kind: name for kind, name in schedules.items() if self.monitors[kind].settings.rings_when_silent}

    def _watch(self, model_monitor: Mapping[str, pulumi.Output[str]]) -> MonitorWatch:
        return MonitorWatch(
            self._stem,
            {
                "model_monitor_schedules": model_monitor,
                "open_schedules": self._ringing(self.open_schedules),
                "endpoint_name": self.endpoint_name,
                "bucket_name": self.bucket_name,
                "metric_namespace": self.metric_namespace,
                "metrics_function_name": self.metrics.function_name,
                "metrics_function_arn": self.metrics.function_arn,
                "dead_letters": self.open_monitors.dead_letters if self.open_monitors else None,
                **self._settings.common.to_args(),
            },
            self._child,
        )

    def _dead_letter_queues(self) -> dict[str, pulumi.Output[str]]:
        """Names of the queues, by whose letters they hold."""
        return {
            "alarm-responder": self.alerting.dead_letter_queue_name,
            "processing-metrics": self.metrics.dead_letter_queue_name,
            # With the open engine the watch's letters are among those of the runs.
            "monitor-runs" if self.open_monitors else "monitor-watch": self.watch.dead_letter_queue_name,
            **({"compare-engines": self.comparison.dead_letter_queue_name} if self.comparison else {}),
            **({"stream-drift": self.real_time.dead_letter_queue_name} if self.real_time else {}),
            **(self.retraining.dead_letter_queues if self.retraining else {}),
        }

    def _dead_letters(self) -> DeadLetterAlarms:
        return DeadLetterAlarms(
            self._stem,
            {
                "queues": self._dead_letter_queues(),
                "alarm_topic_arn": self.alarm_topic_arn,
                "notification_topic_arn": self.notification_topic_arn,
                "runbook_url": self._settings.alerting.runbook_url,
                **self._settings.common.to_args(),
            },
            self._child,
        )

    def _metrics(self) -> ProcessingMetrics:
        return ProcessingMetrics(
            self._stem,
            {
                "endpoint_name": self.endpoint_name,
                "bucket_name": self.bucket_name,
                "metric_namespace": self.metric_namespace,
                "publishes_effect": self._settings.alerting.asks_for_effect,
                **self._settings.common.to_args(),
            },
            self._child,
        )

    def _alerting(self) -> DriftAlerting:
        region = look_up_context(self).apply(lambda place: place.region)
        quoted = {
            kind: self.monitors[kind].quoted_statistics(baseline) for kind, baseline in self.baseline.addresses.items()
        }
        args = DriftAlertingArgs(
            schedules=self.schedules,
            hours_between_runs=self._settings.hours_between_runs,
            hours_behind=self._settings.hours_behind,
            window_hours=self._settings.window_hours,
            endpoint_name=self.endpoint_name,
            bucket_name=self.bucket_name,
            metric_namespace=self.metric_namespace,
            baseline_statistics={kind: uri for kind, uri in quoted.items() if uri is not None},
            open_engine=self.open_engine is not None,
            compares_engines=self.comparison is not None,
            watches_stream=self._settings.real_time is not None,
            dashboard_url=pulumi.Output.all(region, self.endpoint.name_stem).apply(
                lambda found: naming.dashboard_url(found[0], naming.dashboard_name(found[1], found[0]))
            ),
        )
        if self.comparison:
            args["open_schedules"] = self.open_schedules
        return DriftAlerting.from_settings(
            self._stem, args, self._child, settings=self._settings.alerting, common=self._settings.common
        )

    def _real_time(self) -> RealTime | None:
        settings = self._settings
        if settings.real_time is None or self.statistics_uri is None:
            return None
        return RealTime.from_settings(
            self._stem,
            RealTimeComponentArgs(
                endpoint_name=self.endpoint_name,
                name_stem=self.endpoint.name_stem,
                bucket_name=self.bucket_name,
                metric_namespace=self.metric_namespace,
                statistics_uri=self.statistics_uri,
                alarm_topic_arn=self.alarm_topic_arn,
                false_alarms_per_year=settings.stream_false_alarms_per_year,
            ),
            self._child,
            settings=settings.real_time,
            common=settings.common,
        )

    def _retraining(self, retraining: RetrainingSettings) -> Retraining:
        settings, job, quality = self._settings, self.open_engine, self._settings.of(ModelQualitySettings)
        if job is None or job.code_uri is None or quality is None or self.endpoint.model_role_arn is None:
            raise LookupError("retraining stands on the open engine, labels and an endpoint of its own")
        around = Surroundings(
            bucket_name=self.bucket_name,
            endpoint_name=self.endpoint_name,
            variant_name=self.endpoint.variant_name,
            model_role_arn=self.endpoint.model_role_arn,
            job_role_arn=job.role_arn,
            image_uri=job.image_uri,
            code_uri=job.code_uri,
            statistics_uri=self.statistics_uri or "",
            metric_namespace=self.metric_namespace,
            alarm_topic_arn=self.alarm_topic_arn,
            notification_topic_arn=self.notification_topic_arn,
            triggers=triggers_of(retraining, self.alerting.alarms, self.schedules, settings.hours_between_runs),
            quality_floor=quality_floor_of(retraining, self.schedules, settings.hours_between_runs),
            # What is compared with a declared reference, as bias is, stays compared with that.
            baselines={kind: self.baseline.templates[kind] for kind in (DATA_QUALITY, MODEL_QUALITY)},
            problem_type=quality.problem_type,
            positive_label=quality.positive_label,
            declared=self._declared,
            runbook_url=self._settings.alerting.runbook_url,
        )
        return Retraining(
            self._stem, retraining, around, network=settings.network, common=settings.common, opts=self._child
        )

    def _looks_at_batches(self) -> tuple[str, ...]:
        """The kinds that look at batches, and not at the endpoint."""
        batch = self._settings.of(BatchSettings)
        return (BATCH, *batch.monitors) if batch else ()

    def _dashboard(self) -> MonitoringDashboard:
        stream = self.real_time
        args: MonitoringDashboardArgs = {
            "endpoint_name": self.endpoint_name,
            "name_stem": self.endpoint.name_stem,
            "variant_name": self.endpoint.variant_name,
            "metric_namespace": self.metric_namespace,
            "schedules": self.schedules,
            "alarm_arns": [
                *self.alerting.alarm_arns(WARNING),
                *self.health.alarm_arns,
                *(stream.alarms.warnings if stream else []),
            ],
            "critical_alarm_arns": [
                *([stream.alarms.drift.arn] if stream else []),
                *self.alerting.alarm_arns(CRITICAL),
                *self.dead_letters.alarm_arns,
            ],
            "dead_letter_queue_names": list(self._dead_letter_queues().values()),
            "open_schedules": self.open_schedules,
            "compares_engines": self.comparison is not None,
            "estimates_quality": any(monitor.borrows for monitor in self.monitors.values()),
        }
        if stream:
            args["stream_monitor"], args["stream_function"] = stream.monitor_name, stream.function_name
        return MonitoringDashboard.from_settings(
            self._stem,
            args,
            self._child,
            alerting=self._settings.alerting,
            namespaces=({} if self.model_monitor else {kind: KINDS[kind].metric_namespace for kind in self.monitors}),
            of_batches=self._looks_at_batches() if self.model_monitor else (),
        )


def _open_schedule_name(stem: pulumi.Output[str], kind: str) -> pulumi.Output[str]:
    return stem.apply(lambda found: naming.open_schedule_name(found, kind))
