"""What each part of a retraining may do."""

from typing import Any

from components import naming
from components.iam import (
    AwsContext,
    PolicyDocument,
    Vpc,
    allow,
    function_basics,
    key_of_instances,
    list_prefixes,
    network_interfaces,
    policy_document,
    publish_metrics,
    pull_images,
    read_objects,
    sagemaker_logs,
    see_rollback_alarm,
    trust,
    write_objects,
)
from contract import bucket_layout
from contract import retraining as names

_TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
_PIPELINE_JOBS = ("processing-job", "training-job")


def states_trust(context: AwsContext) -> PolicyDocument:
    """Step Functions may assume the role, for state machines of this account."""
    return trust("states.amazonaws.com", {"StringEquals": {"aws:SourceAccount": context.account_id}})


def scheduler_trust(context: AwsContext) -> PolicyDocument:
    """EventBridge Scheduler may assume the role, for schedules of this account."""
    return trust("scheduler.amazonaws.com", {"StringEquals": {"aws:SourceAccount": context.account_id}})


def scheduler_policy(function_arn: str, kms_key_arn: str | None = None) -> PolicyDocument:
    """The schedules: invoke the function that starts retrainings; read what a schedule with this key has for input."""
    return policy_document(
        allow("StartRetraining", ["lambda:InvokeFunction"], [function_arn]),
        *([allow("ReadInput", ["kms:Decrypt"], [kms_key_arn])] if kms_key_arn else []),
    )


def job_policy(
    context: AwsContext, *, bucket: str, image_uri: str, vpc: Vpc, kms_key_arn: str | None
) -> PolicyDocument:
    """The jobs: read captures, labels, results, the baseline and both models; write runs and retrained models."""
    read = [
        bucket_layout.CAPTURED_DATA,
        bucket_layout.GROUND_TRUTH,
        bucket_layout.MONITORING_RESULTS,
        bucket_layout.BASELINE_DATA,
        bucket_layout.MODEL_ARTIFACTS,
        names.MODELS_FOLDER,
        bucket_layout.JOB_CODE,
        names.CODE_FOLDER,
        names.RUNS_FOLDER,
    ]
    return policy_document(
        list_prefixes(context, bucket, read),
        read_objects(context, bucket, read),
        # Not where deployed models lie: whoever trains must not replace what serves.
        write_objects(context, bucket, [names.RUNS_FOLDER, names.MODELS_FOLDER]),
        _logs(context),
        *pull_images(context, [image_uri]),
        *network_interfaces(context, vpc),
        *key_of_instances(kms_key_arn),
    )


def _logs(context: AwsContext) -> dict[str, Any]:
    processing, training = (sagemaker_logs(context, group) for group in (naming.PROCESSING_LOG_GROUP, _TRAINING_LOGS))
    return {**processing, "Resource": [*processing["Resource"], *training["Resource"]]}


def pipeline_policy(context: AwsContext, *, bucket: str, job_role_arn: str, group_name: str) -> PolicyDocument:
    """The pipeline: run its own jobs under the jobs' role, read the decision, register versions of one group."""
    return policy_document(
        allow(
            "RunJobs",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateProcessingJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:StopProcessingJob",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopTrainingJob",
            ],
            [context.arn("sagemaker", f"{kind}/pipelines-*") for kind in _PIPELINE_JOBS],
        ),
        _pass_role("PassJobRole", job_role_arn),
        allow(
            "RegisterModels",
            ["sagemaker:CreateModelPackage"],
            [
                context.arn("sagemaker", f"model-package-group/{group_name}"),
                context.arn("sagemaker", f"model-package/{group_name}/*"),
            ],
        ),
        list_prefixes(context, bucket, [names.RUNS_FOLDER]),
        read_objects(context, bucket, [names.RUNS_FOLDER]),
    )


def machine_policy(
    context: AwsContext,
    *,
    pipeline_name: str,
    endpoint_name: str,
    name_stem: str,
    step_function_arn: str,
    job_stem: str,
    monitor_role_arn: str,
) -> PolicyDocument:
    """The state machine: run one pipeline, call one function, update one endpoint, make its baselines; log, trace."""
    pipeline = context.arn("sagemaker", f"pipeline/{pipeline_name}")
    return policy_document(
        allow(
            "RunPipeline",
            ["sagemaker:StartPipelineExecution", "sagemaker:DescribePipelineExecution"],
            [pipeline, f"{pipeline}/execution/*"],
        ),
        allow("CallSteps", ["lambda:InvokeFunction"], [step_function_arn]),
        allow(
            "UpdateEndpoint",
            ["sagemaker:UpdateEndpoint", "sagemaker:DescribeEndpoint"],
            [
                context.arn("sagemaker", f"endpoint/{endpoint_name}"),
                context.arn("sagemaker", f"endpoint-config/{name_stem}-retrained-*"),
            ],
        ),
        allow(
            "MakeBaselines",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateProcessingJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:StopProcessingJob",
            ],
            [context.arn("sagemaker", f"processing-job/{job_stem}-r*")],
        ),
        see_rollback_alarm(context, job_stem),
        _pass_role("PassMonitorRole", monitor_role_arn),
        # By which Step Functions hears of the end of a job that it waits for (.sync).
        allow(
            "HearOfJobs",
            ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
            [context.arn("events", "rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule")],
        ),
        # "*": see ANY_RESOURCE.
        allow(
            "DeliverLogs",
            [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            ["*"],
        ),
        # "*": see ANY_RESOURCE.
        allow(
            "Trace",
            [
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            ["*"],
        ),
    )


def start_policy(
    context: AwsContext,
    *,
    bucket: str,
    endpoint_name: str,
    machine_arn: str,
    metric_namespace: str,
    log_group_arn: str,
    dead_letter_arn: str,
) -> PolicyDocument:
    """The function that starts retrainings: look whether one may start, hold the lock, start this state machine."""
    execution = machine_arn.replace(":stateMachine:", ":execution:")
    return policy_document(
        *function_basics(log_group_arn, dead_letter_arn),
        list_prefixes(context, bucket, [bucket_layout.GROUND_TRUTH, names.STATE_FOLDER]),
        read_objects(context, bucket, [bucket_layout.GROUND_TRUTH, names.STATE_FOLDER, names.CODE_FOLDER]),
        write_objects(context, bucket, [names.STATE_FOLDER]),
        allow("ReleaseLock", ["s3:DeleteObject"], [context.bucket_arn(bucket, names.LOCK)]),
        allow("StartMachine", ["states:StartExecution"], [machine_arn]),
        allow("SeeMachine", ["states:DescribeExecution"], [f"{execution}:*"]),
        allow(
            "SeeWhatServes",
            ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"],
            _what_serves(context, endpoint_name),
        ),
        # "*": see ANY_RESOURCE.
        allow("SeeCandidates", ["sagemaker:ListModelPackages", "cloudwatch:GetMetricStatistics"], ["*"]),
        publish_metrics([metric_namespace]),
    )


def _what_serves(context: AwsContext, endpoint_name: str) -> list[str]:
    """Pulumi ends the names of an endpoint, its configuration and its model with characters of its own."""
    stem = endpoint_name.rpartition("-endpoint-")[0] or endpoint_name
    return [
        context.arn("sagemaker", f"endpoint/{endpoint_name}"),
        context.arn("sagemaker", f"endpoint-config/{stem}-*"),
        context.arn("sagemaker", f"model/{stem}-*"),
    ]


def step_policy(
    context: AwsContext,
    *,
    bucket: str,
    endpoint_name: str,
    name_stem: str,
    group_name: str,
    pipeline_name: str,
    machine_arn: str,
    model_role_arn: str,
    topic_arn: str,
    log_group_arn: str,
    dead_letter_arn: str,
) -> PolicyDocument:
    """The function for the steps: read the comparison, ask, make and remove candidates' models, tell people."""
    retrained = [context.arn("sagemaker", f"{kind}/{name_stem}-retrained-*") for kind in ("endpoint-config", "model")]
    pipeline = context.arn("sagemaker", f"pipeline/{pipeline_name}")
    return policy_document(
        *function_basics(log_group_arn, dead_letter_arn),
        list_prefixes(context, bucket, [names.STATE_FOLDER, names.DECISIONS]),
        read_objects(context, bucket, [names.PREFIX]),
        write_objects(
            context,
            bucket,
            [names.STATE_FOLDER, names.DECISIONS, f"{bucket_layout.BASELINE_DATA}/*/{names.BASELINES}*"],
        ),
        allow(
            "ForgetState",
            ["s3:DeleteObject"],
            [context.bucket_arn(bucket, prefix, "*") for prefix in (names.STATE_FOLDER, names.DECISIONS)],
        ),
        allow(
            "SeeAndStopPipeline",
            [
                "sagemaker:ListPipelineExecutions",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:StopPipelineExecution",
            ],
            [pipeline, f"{pipeline}/execution/*"],
        ),
        allow(
            "AnswerForModels",
            ["sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage", "sagemaker:DeleteModelPackage"],
            [context.arn("sagemaker", f"model-package/{group_name}/*")],
        ),
        # "*": see ANY_RESOURCE.
        allow("SeeCandidates", ["sagemaker:ListModelPackages"], ["*"]),
        allow("LetMachineGoOn", ["states:SendTaskSuccess"], [machine_arn]),
        allow(
            "SeeWhetherItRuns",
            ["states:DescribeExecution"],
            [f"{machine_arn.replace(':stateMachine:', ':execution:')}:*"],
        ),
        allow(
            "SeeWhatServes",
            ["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"],
            _what_serves(context, endpoint_name)[1:],
        ),
        allow(
            "MakeCandidates",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateModel",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:DeleteModel",
                "sagemaker:DeleteEndpointConfig",
            ],
            retrained,
        ),
        allow(
            "BringBack",
            ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpoint"],
            _what_serves(context, endpoint_name)[:2],
        ),
        _pass_role("PassModelRole", model_role_arn),
        allow("TellPeople", ["sns:Publish"], [topic_arn]),
    )


def _pass_role(sid: str, role_arn: str) -> dict[str, Any]:
    condition = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    return allow(sid, ["iam:PassRole"], [role_arn], condition)
