"""Retraining: state machine, pipeline, registry, and the two functions that start it and take its steps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import CommonSettings, NetworkSettings, RetrainingSettings
from components.functions import MonitoringFunction, monitoring_function
from components.iam import Vpc, look_up_context, sagemaker_trust, service_role
from components.jobs import Machine, network_config
from components.retraining import policies
from components.retraining.declared import Declared
from components.retraining.pipeline import Places, Training, hyperparameter, pipeline_definition
from components.retraining.state_machine import MachineSettings, state_machine_definition
from components.storage import content_object, object_tags
from contract import bucket_layout
from contract import retraining as names

POLL_SECONDS: Final = 30
# Cleaning up waits for an endpoint that is being updated, for ten minutes.
STEP_SECONDS: Final = 840
START_SECONDS: Final = 120
_RETRIES: Final = 3
_SCHEDULED: Final = "<aws.scheduler.scheduled-time>"  # EventBridge Scheduler fills it in


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """An alarm that asks for a retraining, and whose runs are counted."""

    alarm_name: pulumi.Input[str]
    kind: str
    schedule: pulumi.Input[str]
    runs: int
    threshold: int
    """Violations in each of the runs."""
    hours_between_runs: int


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a stack has that retraining works with."""

    bucket_name: pulumi.Output[str]
    endpoint_name: pulumi.Output[str]
    variant_name: str
    model_role_arn: pulumi.Output[str]
    job_role_arn: pulumi.Output[str]
    """Of the monitors' jobs, under which baselines are made."""
    image_uri: pulumi.Output[str]
    code_uri: pulumi.Output[str]
    statistics_uri: pulumi.Input[str]
    metric_namespace: str
    alarm_topic_arn: pulumi.Output[str]
    notification_topic_arn: pulumi.Output[str]
    triggers: Sequence[Trigger]
    quality_floor: Mapping[str, pulumi.Input[Any]] | None
    baselines: Mapping[str, pulumi.Input[Mapping[str, Any]]]
    """By kind the request of its baseline job, with `{data}` and `{results}` where they go."""
    problem_type: str
    positive_label: str | None
    declared: pulumi.Output[Declared]


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
        self._stem, self._settings, self._around = name, settings, around
        self._network, self._common = network, common
        self._place = look_up_context(self)
        self._name_stem = f"{name}-endpoint"
        group = aws.sagemaker.ModelPackageGroup(
            f"{name}-models",
            model_package_group_name=f"{name}-models",
            model_package_group_description=f"Models that were retrained for the endpoint of {name}",
            tags=common.tags,
            opts=self._fixed_name,
        )
        self.model_package_group_name = group.model_package_group_name
        pipeline = self._pipeline()
        # The function for the steps answers the machine's tokens and is called by it: its name is known to both.
        self._machine_arn = self._place.apply(lambda place: place.arn("states", f"stateMachine:{name}-retraining"))
        alarm = self._errors_alarm()
        settings_key = self._function_settings(alarm)
        self.steps = self._steps(settings_key, pipeline.pipeline_name)
        machine = self._machine(pipeline.pipeline_name)
        self.state_machine_arn = machine.arn
        self.start = self._start(settings_key)
        self.start_function_name = self.start.function.name
        self._hear("package", _package_pattern(f"{name}-models"), self.steps.function)
        self._hear("execution", self._machine_arn.apply(_execution_pattern), self.steps.function)
        self._hear_alarms()
        self._schedules()
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

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    @property
    def _fixed_name(self) -> pulumi.ResourceOptions:
        """Of what has a name of ours, which may come again when a deployment that failed is reverted."""
        return pulumi.ResourceOptions(parent=self, delete_before_replace=True)

    def _pipeline(self) -> aws.sagemaker.Pipeline:
        around, name = self._around, self._stem
        source = content_object(
            f"{name}-training-source",
            bucket=around.bucket_name,
            key=f"{names.CODE_FOLDER}/{naming.content_hash(self._settings.source_content)}/source.tar.gz",
            source=self._settings.source,
            tags=self._common.tags,
            parent=self,
        )
        document = json.dumps(
            {
                **self._settings.job_settings,
                "problem_type": around.problem_type,
                **({"positive_label": around.positive_label} if around.positive_label else {}),
            },
            sort_keys=True,
        )
        settings = content_object(
            f"{name}-retraining-settings",
            bucket=around.bucket_name,
            key=f"{names.CODE_FOLDER}/{naming.content_hash(document)}/settings.json",
            content=document,
            content_type="application/json",
            tags=self._common.tags,
            parent=self,
        )
        job_role = self._job_role()
        role = service_role(
            f"{name}-pipeline-role",
            parent=self,
            description=f"The retraining pipeline of {name}",
            trust=sagemaker_trust,
            policy=pulumi.Output.all(self._place, around.bucket_name, job_role).apply(
                lambda found: policies.pipeline_policy(
                    found[0], bucket=found[1], job_role_arn=found[2], group_name=f"{name}-models"
                )
            ),
            common=self._common,
        )
        return aws.sagemaker.Pipeline(
            f"{name}-retraining",
            pipeline_name=f"{name}-retraining",
            pipeline_display_name=f"{name}-retraining",
            pipeline_description=f"Trains and compares a model for the endpoint of {name}",
            role_arn=role.arn,
            pipeline_definition=self._definition(source, settings, job_role),
            tags=self._common.tags,
            opts=self._fixed_name,
        )

    def _definition(
        self, source: pulumi.Output[str], settings: pulumi.Output[str], job_role: pulumi.Output[str]
    ) -> pulumi.Output[str]:
        given, around = self._settings, self._around

        def written(found: dict[str, Any]) -> str:
            bucket = found["bucket"]
            machine = Machine(
                image_uri=found["image"],
                instance_type=given.instance_type,
                volume_size_in_gb=given.volume_size_in_gb,
                max_runtime_in_seconds=given.max_runtime_in_seconds,
                role_arn=found["role"],
                tags=found["tags"],
                kms_key_arn=found["key"],
                network=found["network"],
            )
            captured = f"{bucket_layout.CAPTURED_DATA}/{found['endpoint']}/{around.variant_name}"
            places = Places(
                code=found["code"],
                settings=found["settings"],
                captured=naming.s3_uri(bucket, captured),
                ground_truth=naming.s3_uri(bucket, bucket_layout.GROUND_TRUTH),
                results=naming.s3_uri(bucket, bucket_layout.MONITORING_RESULTS, found["endpoint"]),
                statistics=found["statistics"],
            )
            training = Training(
                source_uri=found["source"],
                program=given.program,
                instance_type=given.instance_type,
                volume_size_in_gb=given.volume_size_in_gb,
                max_runtime_in_seconds=given.max_runtime_in_seconds,
                output_uri=naming.s3_uri(bucket, names.MODELS_FOLDER),
                image_uri=found["image"],
                role_arn=found["role"],
                hyperparameters=given.hyperparameters,
                kms_key_arn=found["key"],
                network=found["network"],
                tags=found["tags"],
            )
            definition = pipeline_definition(machine, places, training, group_name=f"{self._stem}-models")
            return json.dumps(definition, sort_keys=True)

        return pulumi.Output.all(
            bucket=around.bucket_name,
            endpoint=around.endpoint_name,
            image=around.image_uri,
            code=around.code_uri,
            statistics=around.statistics_uri,
            source=source,
            settings=settings,
            role=job_role,
            tags=dict(self._common.tags),
            key=self._common.kms_key_arn,
            network=network_config(self._network),
        ).apply(written)

    def _job_role(self) -> pulumi.Output[str]:
        around = self._around
        return service_role(
            f"{self._stem}-retraining-role",
            parent=self,
            description=f"The training and evaluation jobs of {self._stem}",
            trust=sagemaker_trust,
            policy=pulumi.Output.all(
                place=self._place,
                bucket=around.bucket_name,
                image=around.image_uri,
                subnets=list(self._network.subnet_ids),
                groups=list(self._network.security_group_ids),
                key=self._common.kms_key_arn,
            ).apply(
                lambda found: policies.job_policy(
                    found["place"],
                    bucket=found["bucket"],
                    image_uri=found["image"],
                    vpc=Vpc(subnet_ids=found["subnets"], security_group_ids=found["groups"]),
                    kms_key_arn=found["key"],
                )
            ),
            common=self._common,
        ).arn

    def _errors_alarm(self) -> aws.cloudwatch.MetricAlarm:
        """What brings the old model back: answers 5XX. It rings for nobody; a rollback is told of by the machine."""
        return aws.cloudwatch.MetricAlarm(
            f"{self._stem}-endpoint-errors",
            alarm_description=(
                f"The endpoint of {self._stem} answers with errors: a new model that is being deployed is taken back"
            ),
            namespace="AWS/SageMaker",
            metric_name="Invocation5XXErrors",
            dimensions={"EndpointName": self._around.endpoint_name, "VariantName": self._around.variant_name},
            statistic="Sum",
            period=60,
            evaluation_periods=1,
            threshold=self._settings.most_errors,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            tags=self._common.tags,
            opts=self._child,
        )

    def _function_settings(self, alarm: aws.cloudwatch.MetricAlarm) -> pulumi.Output[str]:
        """What both functions are told, in an object: an environment is too small for it. Returns the key."""
        given, around = self._settings, self._around
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
                "job_stem": self._stem,
                "group_name": f"{self._stem}-models",
                "ground_truth_prefix": bucket_layout.GROUND_TRUTH,
                "metric_namespace": around.metric_namespace,
                "cool_down_hours": given.cool_down_hours,
                "least_new_labels": given.least_new_labels,
                "approval_hours": given.approval_hours,
                "deployment_config": config,
                "rules": found["rules"],
                "quality_floor": found["floor"],
                "baselines": found["baselines"],
                "hyperparameters": {name: hyperparameter(name) for name in given.hyperparameters},
                "tags": found["tags"],
            }
            return json.dumps(document, sort_keys=True)

        content = pulumi.Output.all(
            bucket=around.bucket_name,
            endpoint=around.endpoint_name,
            alarm=alarm.name,
            tags=dict(self._common.tags),
            floor=around.quality_floor,
            baselines=dict(around.baselines),
            rules=[
                {
                    "alarm": rule.alarm_name,
                    "kind": rule.kind,
                    "schedule": rule.schedule,
                    "runs": rule.runs,
                    "threshold": rule.threshold,
                    "hours_between_runs": rule.hours_between_runs,
                }
                for rule in around.triggers
            ],
        ).apply(written)
        stored = aws.s3.BucketObjectv2(
            f"{self._stem}-retraining-functions",
            bucket=around.bucket_name,
            key=key,
            content=content,
            content_type="application/json",
            tags=object_tags(self._common.tags),
            # Under one key whatever it says: not as files under a key by content, which stay.
            opts=self._fixed_name,
        )
        return stored.key

    def _steps(self, settings_key: pulumi.Output[str], pipeline_name: pulumi.Output[str]) -> MonitoringFunction:
        around = self._around

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
                    found.pop("context"), name_stem=self._name_stem, group_name=f"{self._stem}-models", **found
                )
            )

        return monitoring_function(
            f"{self._stem}-retraining-step",
            parent=self,
            folder="retraining_step",
            description=f"Takes the steps of a retraining of {self._stem}",
            timeout=STEP_SECONDS,
            memory_size=256,
            environment={
                "BUCKET_NAME": around.bucket_name,
                "SETTINGS_KEY": settings_key,
                "NOTIFICATION_TOPIC_ARN": around.notification_topic_arn,
            },
            policy=policy,
            common=self._common,
            asynchronous=True,
        )

    def _machine(self, pipeline_name: pulumi.Output[str]) -> "aws.sfn.StateMachine":
        around, given, name = self._around, self._settings, self._stem
        logs = aws.cloudwatch.LogGroup(
            f"{name}-retraining-machine-logs",
            # The prefix with which log delivery needs no policy of its own a group.
            name=f"/aws/vendedlogs/states/{name}-retraining",
            retention_in_days=self._common.log_retention_in_days,
            kms_key_id=self._common.kms_key_arn,
            tags=self._common.tags,
            opts=self._fixed_name,
        )
        role = service_role(
            f"{name}-machine-role",
            parent=self,
            description=f"The retraining machine of {name}",
            trust=policies.states_trust,
            policy=pulumi.Output.all(
                context=self._place,
                pipeline_name=pipeline_name,
                endpoint_name=around.endpoint_name,
                step_function_arn=self.steps.function.arn,
                monitor_role_arn=around.job_role_arn,
            ).apply(
                lambda found: policies.machine_policy(
                    found.pop("context"), name_stem=self._name_stem, job_stem=name, **found
                )
            ),
            common=self._common,
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
            tags=self._common.tags,
            opts=self._fixed_name,
        )

    def _start(self, settings_key: pulumi.Output[str]) -> MonitoringFunction:
        around = self._around

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
            f"{self._stem}-start-retraining",
            parent=self,
            folder="start_retraining",
            description=f"Starts a retraining of {self._stem}, or says why not",
            timeout=START_SECONDS,
            memory_size=256,
            environment={
                "BUCKET_NAME": around.bucket_name,
                "SETTINGS_KEY": settings_key,
                "STATE_MACHINE_ARN": self._machine_arn,
            },
            policy=policy,
            common=self._common,
            asynchronous=True,
        )

    def _hear(self, what: str, pattern: pulumi.Input[str], function: aws.lambda_.Function) -> None:
        """Let the function hear of events of the default bus."""
        rule = aws.cloudwatch.EventRule(
            f"{self._stem}-retraining-{what}",
            description=f"Retraining of {self._stem}: a {what} changed",
            event_pattern=pattern,
            tags=self._common.tags,
            opts=self._child,
        )
        permission = aws.lambda_.Permission(
            f"{self._stem}-retraining-{what}-invoke",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            f"{self._stem}-retraining-{what}-target",
            rule=rule.name,
            arn=function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )

    def _hear_alarms(self) -> None:
        """Every alarm of the stack goes to the function, which knows by rule which ask for a retraining."""
        if not self._around.triggers:
            return
        permission = aws.lambda_.Permission(
            f"{self._stem}-retraining-alarms-invoke",
            action="lambda:InvokeFunction",
            function=self.start.function.name,
            principal="sns.amazonaws.com",
            source_arn=self._around.alarm_topic_arn,
            opts=self._child,
        )
        aws.sns.TopicSubscription(
            f"{self._stem}-retraining-alarms",
            topic=self._around.alarm_topic_arn,
            protocol="lambda",
            endpoint=self.start.function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )

    def _schedules(self) -> None:
        # An alarm tells once, when it begins; whether its violations have lasted since has to be asked again.
        is_checked = self._around.triggers or self._settings.quality_floor
        wanted = {
            "calendar": (self._settings.schedule, {"by": "schedule", "at": _SCHEDULED}),
            "check": ("rate(1 hour)" if is_checked else None, {"by": "check", "at": _SCHEDULED}),
        }
        if not any(expression for expression, _ in wanted.values()):
            return
        role = service_role(
            f"{self._stem}-retraining-timer",
            parent=self,
            description=f"The schedules of retraining of {self._stem}",
            trust=policies.scheduler_trust,
            policy=self.start.function.arn.apply(policies.scheduler_policy),
            common=self._common,
        )
        for what, (expression, event) in wanted.items():
            if expression:
                aws.scheduler.Schedule(
                    f"{self._stem}-retraining-{what}",
                    description=f"Asks for a retraining of {self._stem}",
                    schedule_expression=expression,
                    schedule_expression_timezone="UTC",
                    flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
                    kms_key_arn=self._common.kms_key_arn,
                    target=aws.scheduler.ScheduleTargetArgs(
                        arn=self.start.function.arn,
                        role_arn=role.arn,
                        input=json.dumps(event),
                        retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(maximum_retry_attempts=_RETRIES),
                    ),
                    # As the other schedules: a name of its own must be free when it comes again.
                    opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
                )

    def _remove_with_the_stack(self, group: aws.sagemaker.ModelPackageGroup) -> None:
        """Before the group, and before what the function needs, all that only retraining has made is removed."""
        aws.lambda_.Invocation(
            f"{self._stem}-retraining-removed",
            function_name=self.steps.function.name,
            input=group.model_package_group_name.apply(lambda name: json.dumps({"group": name})),
            lifecycle_scope="CRUD",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
        )

    def _refuse_what_would_not_reach_the_endpoint(self) -> None:
        """Ask the function whenever the endpoint is declared otherwise: it fails, and with it the deployment."""
        aws.lambda_.Invocation(
            f"{self._stem}-endpoint-declared",
            function_name=self.steps.function.name,
            input=self._around.declared.apply(
                lambda found: json.dumps({"step": "declared", "declared": found}, sort_keys=True)
            ),
            opts=self._child,
        )


def _package_pattern(group_name: str) -> str:
    return json.dumps(
        {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            "detail": {
                "ModelPackageGroupName": [group_name],
                "ModelApprovalStatus": ["Approved", "Rejected"],
            },
        },
        sort_keys=True,
    )


def _execution_pattern(machine_arn: str) -> str:
    return json.dumps(
        {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [machine_arn], "status": ["ABORTED", "FAILED", "TIMED_OUT"]},
        },
        sort_keys=True,
    )
