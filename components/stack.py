"""ModelMonitoringStack: the parts, put together."""

import pulumi
import pulumi_aws as aws

from components import naming
from components.alerting import CONSTRAINT_VIOLATIONS, JOB_FAILURES, DriftAlerting, DriftAlertingArgs
from components.args import ModelMonitoringStackArgs, StackSettings
from components.baseline import Baseline, BaselineComponentArgs
from components.dashboard import MonitoringDashboard
from components.endpoint import MonitoredEndpoint
from components.identity import look_up_place, monitor_policy, sagemaker_trust, service_role, without_tag
from components.metrics import ProcessingMetrics
from components.monitors import (
    DataQualityMonitor,
    DataQualityMonitorArgs,
    ModelQualityMonitor,
    ModelQualityMonitorArgs,
)
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
    data_quality_schedule_name: pulumi.Output[str]
    model_quality_schedule_name: pulumi.Output[str] | None
    """None without a model-quality monitor."""
    alarm_topic_arn: pulumi.Output[str]
    notification_topic_arn: pulumi.Output[str]
    responder_function_name: pulumi.Output[str]
    constraint_violations_alarm_name: pulumi.Output[str]
    """Of the data-quality schedule."""
    job_failures_alarm_name: pulumi.Output[str]
    """Of the data-quality schedule."""
    dashboard_name: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]
    statistics_uri: pulumi.Output[str]
    constraints_uri: pulumi.Output[str]

    def __init__(self, name: str, args: ModelMonitoringStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = StackSettings.from_args(name, args)
        super().__init__("model-monitoring:index:ModelMonitoringStack", name, {}, opts)
        self._stem, self._args, self._settings = name, args, settings

        self.storage = self._storage()
        self.bucket_name = self.storage.bucket_name
        self.analyzer_image_uri = aws.sagemaker.get_prebuilt_ecr_image_output(
            repository_name="sagemaker-model-monitor-analyzer", opts=pulumi.InvokeOptions(parent=self)
        ).registry_path.apply(without_tag)
        self.monitor_role_arn = self._monitor_role()
        self.endpoint = self._endpoint()
        self.endpoint_name = self.endpoint.endpoint_name

        self.baseline = self._baseline()
        self.statistics_uri = self.baseline.statistics_uri
        self.constraints_uri = self.baseline.constraints_uri
        self.schedules = self._monitors()
        self.data_quality_schedule_name = self.schedules[naming.DATA_QUALITY]
        self.model_quality_schedule_name = self.schedules.get(naming.MODEL_QUALITY)

        self.metric_namespace = naming.metric_namespace(name)
        self.metrics = self._metrics()
        self.alerting = self._alerting()
        self.alarm_topic_arn = self.alerting.alarm_topic_arn
        self.notification_topic_arn = self.alerting.notification_topic_arn
        self.responder_function_name = self.alerting.responder_function_name
        self.constraint_violations_alarm_name = self.alerting.alarm_name(naming.DATA_QUALITY, CONSTRAINT_VIOLATIONS)
        self.job_failures_alarm_name = self.alerting.alarm_name(naming.DATA_QUALITY, JOB_FAILURES)
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

    def _storage(self) -> MonitoringStorage:
        return MonitoringStorage(
            self._stem,
            {
                "retention": self._args.get("storage", {}),
                "retain_data": self._settings.retain_data,
                "tags": self._settings.common.tags,
            },
            self._child,
        )

    def _monitor_role(self) -> pulumi.Output[str]:
        return service_role(
            f"{self._stem}-monitor-role",
            parent=self,
            description=f"The monitoring and baseline jobs of {self._stem}",
            trust=sagemaker_trust,
            policy=pulumi.Output.all(look_up_place(self), self.bucket_name, self.analyzer_image_uri).apply(
                lambda found: monitor_policy(found[0], bucket=found[1], analyzer_image_uri=found[2])
            ),
            common=self._settings.common,
        ).arn

    def _endpoint(self) -> MonitoredEndpoint:
        return MonitoredEndpoint(
            self._stem,
            {
                "endpoint": self._args["endpoint"],
                "bucket_name": self.bucket_name,
                "permissions_boundary_arn": self._settings.common.permissions_boundary_arn,
                "tags": self._settings.common.tags,
            },
            self._child,
        )

    def _baseline(self) -> Baseline:
        baseline = BaselineComponentArgs(
            baseline=self._args["baseline"],
            bucket_name=self.bucket_name,
            endpoint_name=self.endpoint_name,
            analyzer_image_uri=self.analyzer_image_uri,
            monitor_role_arn=self.monitor_role_arn,
            log_retention_in_days=self._settings.common.log_retention_in_days,
            permissions_boundary_arn=self._settings.common.permissions_boundary_arn,
            tags=self._settings.common.tags,
        )
        if self._settings.model_quality and self._settings.model_quality.baseline:
            model_quality = self._args["model_quality"]
            baseline["model_quality"] = {
                "problem_type": model_quality["problem_type"],
                "baseline": model_quality["baseline"],
            }
        return Baseline(self._stem, baseline, self._child)

    def _monitors(self) -> dict[str, pulumi.Output[str]]:
        data_quality = DataQualityMonitorArgs(
            monitor=self._args.get("data_quality", {}),
            endpoint_name=self.endpoint_name,
            bucket_name=self.bucket_name,
            analyzer_image_uri=self.analyzer_image_uri,
            role_arn=self.monitor_role_arn,
            statistics_uri=self.statistics_uri,
            constraints_uri=self.constraints_uri,
            tags=self._settings.common.tags,
        )
        schedules = {
            naming.DATA_QUALITY: DataQualityMonitor(self._stem, data_quality, self._child).schedule_name,
        }
        if self._settings.model_quality:
            model_quality = ModelQualityMonitorArgs(
                monitor=self._args["model_quality"],
                endpoint_name=self.endpoint_name,
                bucket_name=self.bucket_name,
                analyzer_image_uri=self.analyzer_image_uri,
                role_arn=self.monitor_role_arn,
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
            endpoint_name=self.endpoint_name,
            bucket_name=self.bucket_name,
            metric_namespace=self.metric_namespace,
            baseline_statistics={naming.DATA_QUALITY: self.statistics_uri},
            dashboard_url=pulumi.Output.all(region, self.endpoint_name).apply(
                lambda found: naming.dashboard_url(found[0], naming.dashboard_name(found[1]))
            ),
            log_retention_in_days=self._settings.common.log_retention_in_days,
            permissions_boundary_arn=self._settings.common.permissions_boundary_arn,
            tags=self._settings.common.tags,
        )
        return DriftAlerting(self._stem, alerting, self._child)

    def _dashboard(self) -> MonitoringDashboard:
        return MonitoringDashboard(
            self._stem,
            {
                "endpoint_name": self.endpoint_name,
                "variant_name": self._settings.endpoint.variant_name,
                "metric_namespace": self.metric_namespace,
                "schedules": self.schedules,
                "alerting": self._args.get("alerting", {}),
                "alarm_arns": [item.alarm.arn for item in self.alerting.alarms],
                "dead_letter_queue_names": [
                    self.alerting.dead_letter_queue_name,
                    self.metrics.dead_letter_queue_name,
                ],
            },
            self._child,
        )
