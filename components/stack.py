"""ModelMonitoringStack: the parts, put together."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components import naming
from components.alarms import CONSTRAINT_VIOLATIONS, JOB_FAILURES
from components.alerting import DriftAlerting, DriftAlertingArgs
from components.args import EndpointArgs, ExistingEndpointSettings, ModelMonitoringStackArgs, StackSettings
from components.args.severities import CRITICAL, WARNING
from components.baseline import Baseline, BaselineComponentArgs
from components.dashboard import MonitoringDashboard
from components.endpoint import MonitoredEndpoint
from components.identity import (
    Outside,
    Vpc,
    look_up_place,
    monitor_policy,
    sagemaker_trust,
    service_role,
    without_tag,
)
from components.metrics import ProcessingMetrics
from components.monitors import (
    DataQualityMonitor,
    DataQualityMonitorArgs,
    ModelQualityMonitor,
    ModelQualityMonitorArgs,
)
from components.packaging import sample_model
from components.storage import MonitoringStorage


class ModelMonitoringStack(pulumi.ComponentResource):
    """A SageMaker endpoint that is watched: bucket, endpoint with data capture, baseline, monitors, alarms, dashboard.

    Deploying starts the baseline jobs and does not wait for them; the first scheduled run comes with the next full
    hour.

    Raises
    ------
    components.args.ArgumentError
        Before the first resource is registered: which argument, which value, and the mend.
    """

    bucket_name: pulumi.Output[str]
    endpoint_name: pulumi.Output[str]
    data_quality_schedule_name: pulumi.Output[str] | None
    """None without a data-quality monitor."""
    model_quality_schedule_name: pulumi.Output[str] | None
    """None without a model-quality monitor."""
    alarm_topic_arn: pulumi.Output[str]
    notification_topic_arn: pulumi.Output[str]
    responder_function_name: pulumi.Output[str]
    constraint_violations_alarm_name: pulumi.Output[str]
    """Of the data-quality schedule; without one, of the model-quality schedule."""
    job_failures_alarm_name: pulumi.Output[str]
    """Of the data-quality schedule; without one, of the model-quality schedule."""
    dashboard_name: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]
    statistics_uri: pulumi.Output[str] | None
    """Of the data-quality baseline; None without a data-quality monitor."""
    constraints_uri: pulumi.Output[str] | None

    def __init__(self, name: str, args: ModelMonitoringStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = StackSettings.from_args(name, args)
        super().__init__("model-monitoring:index:ModelMonitoringStack", name, {}, opts)
        self._stem, self._args, self._settings = name, args, settings
        self._endpoint_args = self._args.get("endpoint") or self._sample_endpoint()

        self.storage = self._storage()
        self.bucket_name = self.storage.bucket_name
        self.analyzer_image_uri = aws.sagemaker.get_prebuilt_ecr_image_output(
            repository_name="sagemaker-model-monitor-analyzer", opts=pulumi.InvokeOptions(parent=self)
        ).registry_path.apply(without_tag)
        self.endpoint = self._endpoint()
        self.endpoint_name = self.endpoint.endpoint_name
        self.monitor_role_arn = self._monitor_role()

        self.baseline = self._baseline()
        self.statistics_uri = self.baseline.statistics_uri
        self.constraints_uri = self.baseline.constraints_uri
        self.schedules = self._monitors()
        self.data_quality_schedule_name = self.schedules.get(naming.DATA_QUALITY)
        self.model_quality_schedule_name = self.schedules.get(naming.MODEL_QUALITY)

        self.metric_namespace = naming.metric_namespace(name)
        self.metrics = self._metrics()
        self.alerting = self._alerting()
        self.alarm_topic_arn = self.alerting.alarm_topic_arn
        self.notification_topic_arn = self.alerting.notification_topic_arn
        self.responder_function_name = self.alerting.responder_function_name
        first = naming.DATA_QUALITY if settings.data_quality else naming.MODEL_QUALITY
        self.constraint_violations_alarm_name = self.alerting.alarm_name(first, CONSTRAINT_VIOLATIONS)
        self.job_failures_alarm_name = self.alerting.alarm_name(first, JOB_FAILURES)
        self.dashboard = self._dashboard()
        self.dashboard_name = self.dashboard.dashboard_name
        self.dashboard_url = self.dashboard.dashboard_url
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, pulumi.Output[str] | None]:
        """What other programs and people rely on, by name."""
        return {
            "bucket_name": self.bucket_name,
            "endpoint_name": self.endpoint_name,
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
        }

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _sample_endpoint(self) -> EndpointArgs:
        pulumi.log.warn(
            f"endpoint is not given: {self._stem} serves the project's sample model, which knows only the columns of "
            "the sample data; give endpoint.model, or endpoint.existing with name and capture_uri",
            resource=self,
        )
        return {"model": sample_model()}

    def _storage(self) -> MonitoringStorage:
        return MonitoringStorage(
            self._stem,
            {
                "retention": self._args.get("storage", {}),
                "retain_data": self._settings.retain_data,
                "protect": self._settings.protect,
                "kms_key_arn": self._settings.common.kms_key_arn,
                "tags": self._settings.common.tags,
            },
            self._child,
        )

    def _monitor_role(self) -> pulumi.Output[str]:
        settings = self._settings
        adopted = settings.endpoint if isinstance(settings.endpoint, ExistingEndpointSettings) else None

        def document(found: dict[str, Any]) -> dict[str, Any]:
            return monitor_policy(
                found["place"],
                bucket=found["bucket"],
                analyzer_image_uri=found["image"],
                scripts=settings.has_scripts,
                outside=Outside(
                    capture_uri=found["capture_uri"],
                    file_uris=found["files"],
                    kms_key_arn=found["captures_key"],
                ),
                vpc=Vpc(subnet_ids=found["subnets"], security_group_ids=found["groups"]),
                kms_key_arn=found["key"],
            )

        return service_role(
            f"{self._stem}-monitor-role",
            parent=self,
            description=f"The monitoring and baseline jobs of {self._stem}",
            trust=sagemaker_trust,
            policy=pulumi.Output.all(
                place=look_up_place(self),
                bucket=self.bucket_name,
                image=self.analyzer_image_uri,
                capture_uri=self.endpoint.capture_uri if adopted else None,
                captures_key=adopted.kms_key_arn if adopted else None,
                files=settings.files_outside,
                subnets=list(settings.network.subnet_ids),
                groups=list(settings.network.security_group_ids),
                key=settings.common.kms_key_arn,
            ).apply(document),
            common=settings.common,
        ).arn

    def _endpoint(self) -> MonitoredEndpoint:
        return MonitoredEndpoint(
            self._stem,
            {
                "endpoint": self._endpoint_args,
                "bucket_name": self.bucket_name,
                "network": self._args.get("network", {}),
                "protect": self._settings.protect,
                "kms_key_arn": self._settings.common.kms_key_arn,
                "permissions_boundary_arn": self._settings.common.permissions_boundary_arn,
                "tags": self._settings.common.tags,
            },
            self._child,
        )

    def _baseline(self) -> Baseline:
        settings = self._settings
        baseline = BaselineComponentArgs(
            bucket_name=self.bucket_name,
            endpoint_name=self.endpoint_name,
            name_stem=self.endpoint.name_stem,
            analyzer_image_uri=self.analyzer_image_uri,
            monitor_role_arn=self.monitor_role_arn,
            network=self._args.get("network", {}),
            log_retention_in_days=settings.common.log_retention_in_days,
            kms_key_arn=settings.common.kms_key_arn,
            permissions_boundary_arn=settings.common.permissions_boundary_arn,
            tags=settings.common.tags,
        )
        if settings.data_quality:
            baseline["baseline"] = self._args["baseline"]
            if settings.data_quality.thresholds:
                baseline["thresholds"] = self._args["data_quality"]["thresholds"]
        if settings.model_quality and (settings.model_quality.baseline or settings.model_quality.thresholds):
            given = self._args["model_quality"]
            baseline["model_quality"] = {"problem_type": given["problem_type"]}
            if settings.model_quality.baseline:
                baseline["model_quality"]["baseline"] = given["baseline"]
            if settings.model_quality.thresholds:
                baseline["model_quality"]["thresholds"] = given["thresholds"]
        return Baseline(self._stem, baseline, self._child)

    def _monitors(self) -> dict[str, pulumi.Output[str]]:
        """The schedules' names by kind. Which component makes a schedule is the engine's to say."""
        schedules = {}
        if self._settings.data_quality and self.statistics_uri and self.constraints_uri:
            data_quality = DataQualityMonitorArgs(
                monitor=self._args.get("data_quality", {}),
                endpoint_name=self.endpoint_name,
                name_stem=self.endpoint.name_stem,
                bucket_name=self.bucket_name,
                analyzer_image_uri=self.analyzer_image_uri,
                role_arn=self.monitor_role_arn,
                statistics_uri=self.statistics_uri,
                constraints_uri=self.constraints_uri,
                network=self._args.get("network", {}),
                kms_key_arn=self._settings.common.kms_key_arn,
                tags=self._settings.common.tags,
            )
            schedules[naming.DATA_QUALITY] = DataQualityMonitor(self._stem, data_quality, self._child).schedule_name
        if self._settings.model_quality:
            model_quality = ModelQualityMonitorArgs(
                monitor=self._args["model_quality"],
                endpoint_name=self.endpoint_name,
                name_stem=self.endpoint.name_stem,
                bucket_name=self.bucket_name,
                analyzer_image_uri=self.analyzer_image_uri,
                role_arn=self.monitor_role_arn,
                network=self._args.get("network", {}),
                kms_key_arn=self._settings.common.kms_key_arn,
                tags=self._settings.common.tags,
            )
            if self.baseline.model_quality_constraints_uri is not None:
                model_quality["constraints_uri"] = self.baseline.model_quality_constraints_uri
            schedules[naming.MODEL_QUALITY] = ModelQualityMonitor(self._stem, model_quality, self._child).schedule_name
        return schedules

    def _metrics(self) -> ProcessingMetrics:
        return ProcessingMetrics(
            self._stem,
            {
                "endpoint_name": self.endpoint_name,
                "bucket_name": self.bucket_name,
                "metric_namespace": self.metric_namespace,
                "log_retention_in_days": self._settings.common.log_retention_in_days,
                "kms_key_arn": self._settings.common.kms_key_arn,
                "permissions_boundary_arn": self._settings.common.permissions_boundary_arn,
                "tags": self._settings.common.tags,
            },
            self._child,
        )

    def _alerting(self) -> DriftAlerting:
        region = look_up_place(self).apply(lambda place: place.region)
        alerting = DriftAlertingArgs(
            alerting=self._args.get("alerting", {}),
            schedules=self.schedules,
            hours_between_runs=self._settings.hours_between_runs,
            endpoint_name=self.endpoint_name,
            bucket_name=self.bucket_name,
            metric_namespace=self.metric_namespace,
            baseline_statistics={naming.DATA_QUALITY: self.statistics_uri} if self.statistics_uri else {},
            dashboard_url=pulumi.Output.all(region, self.endpoint.name_stem).apply(
                lambda found: naming.dashboard_url(found[0], naming.dashboard_name(found[1]))
            ),
            log_retention_in_days=self._settings.common.log_retention_in_days,
            permissions_boundary_arn=self._settings.common.permissions_boundary_arn,
            kms_key_arn=self._settings.common.kms_key_arn,
            tags=self._settings.common.tags,
        )
        return DriftAlerting(self._stem, alerting, self._child)

    def _dashboard(self) -> MonitoringDashboard:
        return MonitoringDashboard(
            self._stem,
            {
                "endpoint_name": self.endpoint_name,
                "name_stem": self.endpoint.name_stem,
                "variant_name": self.endpoint.variant_name,
                "metric_namespace": self.metric_namespace,
                "schedules": self.schedules,
                "alerting": self._args.get("alerting", {}),
                "alarm_arns": self.alerting.alarm_arns(WARNING),
                "critical_alarm_arns": self.alerting.alarm_arns(CRITICAL),
                "dead_letter_queue_names": [
                    self.alerting.dead_letter_queue_name,
                    self.metrics.dead_letter_queue_name,
                ],
            },
            self._child,
        )
