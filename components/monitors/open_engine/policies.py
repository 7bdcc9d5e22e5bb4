"""Who may do what in the open engine. Pure builders, as those in `identity`."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from components import naming
from components.args import ACCOUNT
from components.iam import (
    NOTHING_OUTSIDE,
    AwsContext,
    Outside,
    PolicyDocument,
    Statement,
    allow,
    function_basics,
    key_of_instances,
    list_batches,
    list_prefixes,
    network_interfaces,
    policy_document,
    publish_metrics,
    pull_images,
    read_batches,
    read_objects,
    read_outside,
    sagemaker_logs,
    trust,
    write_objects,
)
from components.monitors.policies import OWN_DATA_ALONE, JobReach
from contract import bucket_layout, retraining
from contract.monitor_kinds import KINDS

# How much of a stack's name the names of looks begin with (functions/start_monitor/partitions.py).
LOOK_STEM: Final = 40
_SMALL_WINDOWS: Final = f"{bucket_layout.MONITOR_STATE}/{bucket_layout.SMALL_WINDOWS_FOLDER}"
_SHARDS: Final = f"{bucket_layout.MONITOR_STATE}/{bucket_layout.SHARDS_FOLDER}"
_READ_BY_RUNS: Final = (
    bucket_layout.BASELINE_DATA,
    bucket_layout.CAPTURED_DATA,
    bucket_layout.GROUND_TRUTH,
    bucket_layout.JOB_CODE,
    bucket_layout.MONITOR_STATE,
    bucket_layout.MONITOR_WINDOWS,
)


def scheduler_trust(context: AwsContext) -> PolicyDocument:
    """EventBridge Scheduler may assume the role, for schedules of this account only (against the confused deputy)."""
    return trust("scheduler.amazonaws.com", {"StringEquals": {"aws:SourceAccount": context.account_id}})


def scheduler_policy(
    *, start_function_arn: str, dead_letter_arn: str, kms_key_arn: str | None = None
) -> PolicyDocument:
    """The schedules: start a run; keep what could not be delivered."""
    statements = [
        allow("StartRuns", ["lambda:InvokeFunction"], [start_function_arn]),
        allow("KeepDeadLetters", ["sqs:SendMessage"], [dead_letter_arn]),
    ]
    if kms_key_arn:
        statements.append(allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [kms_key_arn]))
    return policy_document(*statements)


def start_policy(
    context: AwsContext,
    *,
    bucket: str,
    job_stem: str,
    job_role_arn: str,
    metric_namespace: str,
    log_group_arn: str,
    dead_letter_arn: str,
    kinds: Iterable[str] = KINDS,
    capture_uri: str | None = None,
    window_function_arn: str | None = None,
    batch_plan_uri: str | None = None,
    batch_uris: Sequence[str] = (),
    is_partitioned: bool = False,
    looks: tuple[str, str] | None = None,
    retrained: bool = False,
) -> PolicyDocument:
    """The function that starts runs: see what there is, and whether the baseline is; remember what was taken, start
    these jobs under that role, and say why one could not be started. `kinds`: of monitors that are on.

    It lists captures and reads none. `capture_uri` is where they are if not in the stack's bucket. `is_partitioned`:
    batches are partitions, not transform jobs; `looks`: the group and the role of schedules with which it plans looks
    at them. `retrained`: it looks what to compare with since the last retraining.
    """
    followed = [retraining.STATE_FOLDER] if retrained else []
    statements = [
        *function_basics(log_group_arn, dead_letter_arn),
        list_prefixes(
            context,
            bucket,
            [
                bucket_layout.CAPTURED_DATA,
                bucket_layout.GROUND_TRUTH,
                bucket_layout.MONITOR_STATE,
                bucket_layout.BASELINE_RESULTS,
                *followed,
            ],
        ),
        read_objects(context, bucket, [bucket_layout.MONITOR_STATE, *followed]),
        write_objects(context, bucket, [bucket_layout.MONITOR_STATE, bucket_layout.FAILURE_NOTES]),
        allow(
            "StartRuns",
            ["sagemaker:AddTags", "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob"],
            [
                context.arn("sagemaker", f"processing-job/{job_stem}-{kind}-*")
                for kind in sorted(KINDS[kind].short for kind in kinds)
            ],
        ),
        allow(
            "PassJobRole",
            ["iam:PassRole"],
            [job_role_arn],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        publish_metrics([metric_namespace]),
    ]
    if capture_uri:
        statements += [item for item in read_outside(context, Outside(capture_uri=capture_uri)) if _lists(item)]
    if batch_plan_uri:
        statements += [
            allow("ReadBatchPlan", ["s3:GetObject"], [context.bucket_arn(*naming.s3_parts(batch_plan_uri))]),
            list_batches(context, batch_uris),
        ]
        if not is_partitioned:
            statements += _see_transform_jobs(context)
    if looks:
        statements += _plan_looks(context, job_stem, *looks)
    if window_function_arn:
        statements.append(allow("InvokeWindowFunction", ["lambda:InvokeFunction"], [window_function_arn]))
    return policy_document(*statements)


def _see_transform_jobs(context: AwsContext) -> list[Statement]:
    """Jobs are named by whoever starts them, and only the job itself says where it writes."""
    return [
        allow("DescribeBatches", ["sagemaker:DescribeTransformJob"], [context.arn("sagemaker", "transform-job/*")]),
        allow("ListBatchesThatEnded", ["sagemaker:ListTransformJobs"], ["*"]),  # the action knows no resources
    ]


def _plan_looks(context: AwsContext, job_stem: str, group: str, role_arn: str) -> list[Statement]:
    """Schedules of one time, of this stack's group and under the role that its schedules have."""
    return [
        allow(
            "PlanLooks",
            ["scheduler:CreateSchedule"],
            [context.arn("scheduler", f"schedule/{group}/{job_stem[:LOOK_STEM]}-*")],
        ),
        allow(
            "PassScheduleRole",
            ["iam:PassRole"],
            [role_arn],
            {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        ),
    ]


def _lists(statement: Statement) -> bool:
    return bool(statement["Action"] == ["s3:ListBucket"])


def run_statements(
    context: AwsContext,
    *,
    bucket: str,
    kinds: Iterable[str] = KINDS,
    asks_model: bool = False,
    scripts: bool = False,
    baselines: bool = False,
    shares: bool = False,
    outside: Outside = NOTHING_OUTSIDE,
    result_tables: str | None = None,
    batch_uris: Sequence[str] = (),
) -> list[Statement]:
    """What a run itself needs, wherever it runs: read what it compares, write what it found, publish its metrics.

    `kinds`: of monitors that are on; `asks_model`: one of them reads the deployed model's archive; `baselines`: it
    makes baselines too; `shares`: several instances hand their shares over to the one that merges them;
    `result_tables`: where the lines for SQL go, None for the stack's own bucket.
    """
    read = [
        *_READ_BY_RUNS,
        *([bucket_layout.MODEL_ARTIFACTS] if asks_model else []),
        *([bucket_layout.MONITORING_SCRIPTS] if scripts else []),
    ]
    written = [
        *([bucket_layout.BASELINE_RESULTS] if baselines else []),
        bucket_layout.MONITORING_RESULTS,
        bucket_layout.MONITOR_WINDOWS,
        *([_SHARDS] if shares else []),
        *([] if result_tables else [bucket_layout.RESULT_TABLES]),
    ]
    elsewhere = [naming.s3_parts(result_tables)] if result_tables else []
    return [
        list_prefixes(context, bucket, read),
        read_objects(context, bucket, read),
        write_objects(context, bucket, written),
        publish_metrics([KINDS[kind].metric_namespace for kind in kinds]),
        *(
            allow("WriteResultTables", ["s3:PutObject"], [context.bucket_arn(place, prefix, "*")])
            for place, prefix in elsewhere
        ),
        *read_outside(context, outside),
        *read_batches(context, batch_uris),
    ]


def tables_place(context: AwsContext, bucket: str, given: str | None) -> str:
    """Where a stack's lines for SQL go: its own bucket, that of the account's fleet, or what was given."""
    if given == ACCOUNT:
        bucket, given = naming.fleet_bucket(context.account_id, context.region), None
    return given or naming.s3_uri(bucket, bucket_layout.RESULT_TABLES)


def tables_elsewhere(context: AwsContext, bucket: str, given: str | None) -> str | None:
    """The same where it is not in the stack's own bucket; else None."""
    return None if given is None else tables_place(context, bucket, given)


def run_policy(
    context: AwsContext,
    *,
    bucket: str,
    image_uri: str,
    reach: JobReach = OWN_DATA_ALONE,
    asks_model: bool = False,
    baselines: bool = False,
    shares: bool = False,
    result_tables: str | None = None,
) -> PolicyDocument:
    """The processing jobs: a run, in AWS's scikit-learn image; `baselines`: the baseline jobs too; `shares`: runs on
    several instances.
    """
    return policy_document(
        *run_statements(
            context,
            bucket=bucket,
            kinds=reach.kinds,
            asks_model=asks_model,
            scripts=reach.scripts,
            baselines=baselines,
            shares=shares,
            outside=reach.outside,
            result_tables=tables_elsewhere(context, bucket, result_tables),
            batch_uris=reach.batch_uris,
        ),
        sagemaker_logs(context, naming.PROCESSING_LOG_GROUP),
        *pull_images(context, [image_uri]),
        *network_interfaces(context, reach.vpc),
        *key_of_instances(reach.kms_key_arn),
    )


def window_policy(
    context: AwsContext,
    *,
    bucket: str,
    metric_namespace: str,
    log_group_arn: str,
    dead_letter_arn: str,
    kinds: Collection[str] = tuple(KINDS),
    scripts: bool = False,
    outside: Outside = NOTHING_OUTSIDE,
    compare_function_arn: str | None = None,
    result_tables: str | None = None,
) -> PolicyDocument:
    """The function for small windows: a run, its marker, and what the end of a job would have published."""
    statements = [
        *run_statements(
            context,
            bucket=bucket,
            kinds=kinds,
            scripts=scripts,
            outside=outside,
            result_tables=tables_elsewhere(context, bucket, result_tables),
        ),
        *function_basics(log_group_arn, dead_letter_arn),
        allow(
            "KeepMarkersAndFailures",
            ["s3:PutObject"],
            [
                context.bucket_arn(bucket, _SMALL_WINDOWS, "*"),
                context.bucket_arn(bucket, bucket_layout.FAILURE_NOTES, "*"),
            ],
        ),
    ]
    # The run's metrics and those of its end, in one statement: their Sids would clash.
    statements = [item for item in statements if item["Sid"] != "PublishMetrics"]
    statements.append(publish_metrics([*(KINDS[kind].metric_namespace for kind in kinds), metric_namespace]))
    if compare_function_arn:
        statements.append(allow("InvokeComparison", ["lambda:InvokeFunction"], [compare_function_arn]))
    return policy_document(*statements)
