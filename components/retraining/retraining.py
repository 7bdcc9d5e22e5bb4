"""Retraining: state machine, registry, and the two functions that start it and take its steps."""

import json
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.args import CommonSettings, NetworkSettings, RetrainingSettings
from components.functions import MonitoringFunction, monitoring_function
from components.iam import look_up_context, service_role
from components.retraining import policies
from components.retraining.listening import execution_pattern, hear, hear_alarms, make_schedules, package_pattern
from components.retraining.pipeline import hyperparameter
from components.retraining.state_machine import MachineSettings, state_machine_definition
from components.retraining.surroundings import Ground, Surroundings
from components.retraining.training import make_pipeline
from components.storage import object_tags
from contract import bucket_layout
from contract import retraining as names

POLL_SECONDS: Final = 30
# Cleaning up waits for an endpoint that is being updated, for ten minutes.
STEP_SECONDS: Final = 840
START_SECONDS: Final = 120


class Retraining(pulumi.ComponentResource):
    """From drift to a better model: trained, compared, approved, deployed with a way back, followed by the monitors.

    Pulumi owns what the endpoint was declared with; which model it serves belongs to the state machine from the first
    retraining on, so that a deployment neither sees a difference nor takes a model back.
    """

    state_machine_arn: pulumi.Output[str]
    start_function_name: pulumi.Output[str]
    model_package_group_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        settings: RetrainingSettings,
        around: Surroundings,
        *,
        network: NetworkSettings,
        common: CommonSettings,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("model-monitoring:index:Retraining", name, {}, opts)
        place = look_up_context(self)
        ground = self._ground = Ground(
            parent=self, stem=name, settings=settings, around=around, network=network, common=common, place=place
        )
        self._name_stem = f"{name}-endpoint"
        group = aws.sagemaker.ModelPackageGroup(
            f"{name}-models",
            model_package_group_name=f"{name}-models",
            model_package_group_description=f"Models that were retrained for the endpoint of {name}",
            tags=common.tags,
            opts=ground.fixed_name,
        )
        self.model_package_group_name = group.model_package_group_name
        pipeline = make_pipeline(ground)
        # The function for the steps answers the machine's tokens and is called by it: its name is known to both.
        self._machine_arn = place.apply(lambda place: place.arn("states", f"stateMachine:{name}-retraining"))
        alarm = self._errors_alarm()
        settings_key = self._function_settings(alarm)
        self.steps = self._steps(settings_key, pipeline.pipeline_name)
        machine = self._machine(pipeline.pipeline_name)
        self.state_machine_arn = machine.arn
        self.start = self._start(settings_key)
        self.start_function_name = self.start.function.name
        hear(ground, "package", package_pattern(f"{name}-models"), self.steps.function)
        hear(ground, "execution", self._machine_arn.apply(execution_pattern), self.steps.function)
        hear_alarms(ground, self.start.function)
        make_schedules(ground, self.start.function)
        self._remove_with_the_stack(group)
        self._refuse_what_would_not_reach_the_endpoint()
        self.dead_letter_queues = {
            "start-retraining": self.start.dead_letter_queue_name,
            "retraining-step": self.steps.dead_letter_queue_name,
        }
        self.register_outputs(
            {
                "state_machine_arn": self.state_machine_arn,
                "start_function_name": self.start_function_name,
                "model_package_group_name": self.model_package_group_name,
            }
        )

    def _errors_alarm(self) -> aws.cloudwatch.MetricAlarm:
        """What brings the old model back: answers 5XX. It rings for nobody; a rollback is told of by the machine."""
        ground = self._ground
        return aws.cloudwatch.MetricAlarm(
            f"{ground.stem}-endpoint-errors",
            alarm_description=(
                f"The endpoint of {ground.stem} answers with errors: a new model that is being deployed is taken back"
            ),
            namespace="AWS/SageMaker",
            metric_name="Invocation5XXErrors",
            dimensions={"EndpointName": ground.around.endpoint_name, "VariantName": ground.around.variant_name},
            statistic="Sum",
            period=60,
            evaluation_periods=1,
            threshold=ground.settings.most_errors,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            tags=ground.common.tags,
            opts=ground.child,
        )

    def _function_settings(self, alarm: aws.cloudwatch.MetricAlarm) -> pulumi.Output[str]:
        """What both functions are told, in an object: an environment is too small for it. Returns the key."""
        ground = self._ground
        given, around = ground.settings, ground.around
        key = f"{names.CODE_FOLDER}/functions.json"

        def written(found: dict[str, Any]) -> str:
            config = {
                **given.deployment_config,
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": found["alarm"]}]},
            }
            document = {
                "bucket": found["bucket"],
                "endpoint_name": found["endpoint"],
                "name_stem": self._name_stem,
                "job_stem": ground.stem,
                "group_name": f"{ground.stem}-models",
                "pipeline_name": f"{ground.stem}-retraining",
                "ground_truth_prefix": bucket_layout.GROUND_TRUTH,
                "metric_namespace": around.metric_namespace,
                "cool_down_hours": given.cool_down_hours,
                "least_new_labels": given.least_new_labels,
                "approval_hours": given.approval_hours,
                "deployment_config": config,
                "rules": found["rules"],
                "quality_floor": found["floor"],
                "baselines": found["baselines"],
                "hyperparameters": {name: hyperparameter(name) for name in given.training.hyperparameters},
                "tags": found["tags"],
            }
            return json.dumps(document, sort_keys=True)

        content = pulumi.Output.all(
            bucket=around.bucket_name,
            endpoint=around.endpoint_name,
            alarm=alarm.name,
            tags=dict(ground.common.tags),
            floor=around.quality_floor,
            baselines=dict(around.baselines),
            rules=[
                {
                    "alarm": rule.alarm_name,
                    "kind": rule.kind,
                    "schedule": rule.schedule,
                    "runs": rule.runs,
                    "threshold": rule.threshold,
                    "metric": rule.metric,
                    "hours_between_runs": rule.hours_between_runs,
                }
                for rule in around.triggers
            ],
        ).apply(written)
        stored = aws.s3.BucketObjectv2(
            f"{ground.stem}-retraining-functions",
            bucket=around.bucket_name,
            key=key,
            content=content,
            content_type="application/json",
            tags=object_tags(ground.common.tags),
            # Under one key whatever it says: not as files under a key by content, which stay.
            opts=ground.fixed_name,
        )
        return stored.key

    def _steps(self, settings_key: pulumi.Output[str], pipeline_name: pulumi.Output[str]) -> MonitoringFunction:
        ground, around = self._ground, self._ground.around

        def policy(context: Any, log_group_arn: Any, dead_letter_arn: Any) -> pulumi.Output[dict[str, Any]]:
            return pulumi.Output.all(
                context=context,
                bucket=around.bucket_name,
                endpoint_name=around.endpoint_name,
                pipeline_name=pipeline_name,
                machine_arn=self._machine_arn,
                model_role_arn=around.model_role_arn,
                topic_arn=around.notification_topic_arn,
                log_group_arn=log_group_arn,
                dead_letter_arn=dead_letter_arn,
            ).apply(
                lambda found: policies.step_policy(
                    found.pop("context"), name_stem=self._name_stem, group_name=f"{ground.stem}-models", **found
                )
            )

        return monitoring_function(
            f"{ground.stem}-retraining-step",
            parent=self,
            folder="retraining_step",
            description=f"Takes the steps of a retraining of {ground.stem}",
            timeout=STEP_SECONDS,
            memory_size=256,
            environment={
                "BUCKET_NAME": around.bucket_name,
                "SETTINGS_KEY": settings_key,
                "NOTIFICATION_TOPIC_ARN": around.notification_topic_arn,
                **({"RUNBOOK_URL": around.runbook_url} if around.runbook_url is not None else {}),
            },
            policy=policy,
            common=ground.common,
            asynchronous=True,
        )

    def _machine(self, pipeline_name: pulumi.Output[str]) -> "aws.sfn.StateMachine":
        ground = self._ground
        around, given, name = ground.around, ground.settings, ground.stem
        logs = aws.cloudwatch.LogGroup(
            f"{name}-retraining-machine-logs",
            # The prefix with which log delivery needs no policy of its own a group.
            name=f"/aws/vendedlogs/states/{name}-retraining",
            retention_in_days=ground.common.log_retention_in_days,
            kms_key_id=ground.common.kms_key_arn,
            tags=ground.common.tags,
            opts=ground.fixed_name,
        )
        role = service_role(
            f"{name}-machine-role",
            parent=self,
            description=f"The retraining machine of {name}",
            trust=policies.states_trust,
            policy=pulumi.Output.all(
                context=ground.place,
                pipeline_name=pipeline_name,
                endpoint_name=around.endpoint_name,
                step_function_arn=self.steps.function.arn,
                monitor_role_arn=around.job_role_arn,
            ).apply(
                lambda found: policies.machine_policy(
                    found.pop("context"), name_stem=self._name_stem, job_stem=name, **found
                )
            ),
            common=ground.common,
        )

        def written(found: dict[str, Any]) -> str:
            machine = MachineSettings(
                poll_seconds=POLL_SECONDS,
                approval_seconds=given.approval_hours * 3600,
                auto_approve=given.auto_approve,
                timeout_seconds=given.timeout_in_hours * 3600,
                **found,
            )
            return json.dumps(state_machine_definition(machine), sort_keys=True)

        definition = pulumi.Output.all(
            pipeline_name=pipeline_name,
            endpoint_name=around.endpoint_name,
            step_function_name=self.steps.function.name,
        ).apply(written)
        return aws.sfn.StateMachine(
            f"{name}-retraining-machine",
            name=f"{name}-retraining",
            type="STANDARD",
            role_arn=role.arn,
            definition=definition,
            logging_configuration=aws.sfn.StateMachineLoggingConfigurationArgs(
                level="ERROR",
                include_execution_data=False,
                log_destination=logs.arn.apply(lambda arn: f"{arn}:*"),
            ),
            tracing_configuration=aws.sfn.StateMachineTracingConfigurationArgs(enabled=True),
            tags=ground.common.tags,
            opts=ground.fixed_name,
        )

    def _start(self, settings_key: pulumi.Output[str]) -> MonitoringFunction:
        ground, around = self._ground, self._ground.around

        def policy(context: Any, log_group_arn: Any, dead_letter_arn: Any) -> pulumi.Output[dict[str, Any]]:
            return pulumi.Output.all(
                context=context,
                bucket=around.bucket_name,
                endpoint_name=around.endpoint_name,
                machine_arn=self._machine_arn,
                log_group_arn=log_group_arn,
                dead_letter_arn=dead_letter_arn,
            ).apply(
                lambda found: policies.start_policy(
                    found.pop("context"), metric_namespace=around.metric_namespace, **found
                )
            )

        return monitoring_function(
            f"{ground.stem}-start-retraining",
            parent=self,
            folder="start_retraining",
            description=f"Starts a retraining of {ground.stem}, or says why not",
            timeout=START_SECONDS,
            memory_size=256,
            environment={
                "BUCKET_NAME": around.bucket_name,
                "SETTINGS_KEY": settings_key,
                "STATE_MACHINE_ARN": self._machine_arn,
            },
            policy=policy,
            common=ground.common,
            asynchronous=True,
        )

    def _remove_with_the_stack(self, group: aws.sagemaker.ModelPackageGroup) -> None:
        """Before the group, and before what the function needs, all that only retraining has made is removed."""
        ground = self._ground
        aws.lambda_.Invocation(
            f"{ground.stem}-retraining-removed",
            function_name=self.steps.function.name,
            input=group.model_package_group_name.apply(lambda name: json.dumps({"group": name})),
            lifecycle_scope="CRUD",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
        )

    def _refuse_what_would_not_reach_the_endpoint(self) -> None:
        """Ask the function whenever the endpoint is declared otherwise: it fails, and with it the deployment."""
        ground = self._ground
        aws.lambda_.Invocation(
            f"{ground.stem}-endpoint-declared",
            function_name=self.steps.function.name,
            input=ground.around.declared.apply(
                lambda found: json.dumps({"step": "declared", "declared": found}, sort_keys=True)
            ),
            opts=ground.child,
        )
