"""Who may do what in the open engine. Pure builders, as those in `identity`."""

from typing import Final

from components import naming
from components.iam import (
    NO_VPC,
    NOTHING_OUTSIDE,
    Outside,
    Place,
    PolicyDocument,
    Statement,
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
    read_outside,
    sagemaker_logs,
    trust,
    write_objects,
)
from contract import bucket_layout, metrics, monitor_kinds

_SMALL_WINDOWS: Final = f"{bucket_layout.MONITOR_STATE}/{bucket_layout.SMALL_WINDOWS_FOLDER}"
_WINDOWS: Final = f"{bucket_layout.MONITOR_STATE}/{bucket_layout.WINDOWS_FOLDER}"
_SHARDS: Final = f"{bucket_layout.MONITOR_STATE}/{bucket_layout.SHARDS_FOLDER}"
_READ_BY_RUNS: Final = (
    bucket_layout.BASELINE_DATA,
    bucket_layout.CAPTURED_DATA,
    bucket_layout.GROUND_TRUTH,
    bucket_layout.JOB_CODE,
    bucket_layout.MONITOR_STATE,
)


def scheduler_trust(place: Place) -> PolicyDocument:
    """EventBridge Scheduler may assume the role, for schedules of this account only (against the confused deputy)."""
    return trust("scheduler.amazonaws.com", {"StringEquals": {"aws:SourceAccount": place.account_id}})


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
    place: Place,
    *,
    bucket: str,
    job_stem: str,
    job_role_arn: str,
    metric_namespace: str,
    log_group_arn: str,
    dead_letter_arn: str,
    capture_uri: str | None = None,
    window_function_arn: str | None = None,
) -> PolicyDocument:
    """The function that starts runs: see what there is, remember what was taken, start these jobs under that role, and
    say why one could not be started.

    It lists captures and reads none. `capture_uri` is where they are if not in the stack's bucket.
    """
    statements = [
        *function_basics(log_group_arn, dead_letter_arn),
        list_prefixes(
            place, bucket, [bucket_layout.CAPTURED_DATA, bucket_layout.GROUND_TRUTH, bucket_layout.MONITOR_STATE]
        ),
        read_objects(place, bucket, [bucket_layout.MONITOR_STATE]),
        write_objects(place, bucket, [bucket_layout.MONITOR_STATE, bucket_layout.FAILURE_NOTES]),
        allow(
            "StartRuns",
            ["sagemaker:AddTags", "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob"],
            [
                place.arn("sagemaker", f"processing-job/{job_stem}-{kind}-*")
                for kind in sorted(found.short for found in monitor_kinds.KINDS.values())
            ],
        ),
        allow(
            "GiveThemTheirRole",
            ["iam:PassRole"],
            [job_role_arn],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        publish_metrics([metric_namespace]),
    ]
    if capture_uri:
        statements += [item for item in read_outside(place, Outside(capture_uri=capture_uri)) if _lists(item)]
    if window_function_arn:
        statements.append(allow("HandSmallWindowsOn", ["lambda:InvokeFunction"], [window_function_arn]))
    return policy_document(*statements)


def _lists(statement: Statement) -> bool:
    return bool(statement["Action"] == ["s3:ListBucket"])


def run_statements(
    place: Place,
    *,
    bucket: str,
    scripts: bool = False,
    baselines: bool = False,
    shares: bool = False,
    outside: Outside = NOTHING_OUTSIDE,
) -> list[Statement]:
    """What a run itself needs, wherever it runs: read what it compares, write what it found, publish its metrics.

    `baselines`: it makes baselines too; `shares`: several instances hand their shares over to the one that merges them.
    """
    read = [*_READ_BY_RUNS, *([bucket_layout.MONITORING_SCRIPTS] if scripts else [])]
    written = [
        *([bucket_layout.BASELINE_RESULTS] if baselines else []),
        bucket_layout.MONITORING_RESULTS,
        _WINDOWS,
        *([_SHARDS] if shares else []),
    ]
    return [
        list_prefixes(place, bucket, read),
        read_objects(place, bucket, read),
        write_objects(place, bucket, written),
        publish_metrics([metrics.OPEN_DATA_METRICS, metrics.OPEN_MODEL_METRICS]),
        *read_outside(place, outside),
    ]


def run_policy(
    place: Place,
    *,
    bucket: str,
    image_uri: str,
    scripts: bool = False,
    baselines: bool = False,
    shares: bool = False,
    outside: Outside = NOTHING_OUTSIDE,
    vpc: Vpc = NO_VPC,
    kms_key_arn: str | None = None,
) -> PolicyDocument:
    """The processing jobs: a run, in AWS's scikit-learn image; `baselines`: the baseline jobs too; `shares`: runs on
    several instances.
    """
    return policy_document(
        *run_statements(place, bucket=bucket, scripts=scripts, baselines=baselines, shares=shares, outside=outside),
        sagemaker_logs(place, naming.PROCESSING_LOG_GROUP),
        *pull_images(place, [image_uri]),
        *network_interfaces(place, vpc),
        *key_of_instances(kms_key_arn),
    )


def window_policy(
    place: Place,
    *,
    bucket: str,
    metric_namespace: str,
    log_group_arn: str,
    dead_letter_arn: str,
    scripts: bool = False,
    outside: Outside = NOTHING_OUTSIDE,
    compare_function_arn: str | None = None,
) -> PolicyDocument:
    """The function for small windows: a run, its marker, and what the end of a job would have published."""
    statements = [
        *run_statements(place, bucket=bucket, scripts=scripts, outside=outside),
        *function_basics(log_group_arn, dead_letter_arn),
        allow(
            "KeepMarkersAndFailures",
            ["s3:PutObject"],
            [
                place.bucket_arn(bucket, _SMALL_WINDOWS, "*"),
                place.bucket_arn(bucket, bucket_layout.FAILURE_NOTES, "*"),
            ],
        ),
    ]
    # The run's metrics and those of its end, in one statement: their Sids would clash.
    statements = [item for item in statements if item["Sid"] != "PublishMetrics"]
    statements.append(publish_metrics([metrics.OPEN_DATA_METRICS, metrics.OPEN_MODEL_METRICS, metric_namespace]))
    if compare_function_arn:
        statements.append(allow("TellTheOtherEngine", ["lambda:InvokeFunction"], [compare_function_arn]))
    return policy_document(*statements)


def compare_policy(
    place: Place, *, bucket: str, metric_namespace: str, log_group_arn: str, dead_letter_arn: str
) -> PolicyDocument:
    """The function that holds two engines' verdicts against each other: it reads what both found, and its own notes of
    which engine has finished which window.
    """
    return policy_document(
        *function_basics(log_group_arn, dead_letter_arn),
        # Every job of the region: Model Monitor names its own jobs; whose one is stands in its description.
        allow("ReadJobs", ["sagemaker:DescribeProcessingJob"], [place.arn("sagemaker", "processing-job/*")]),
        list_prefixes(place, bucket, [bucket_layout.MONITORING_RESULTS, bucket_layout.ENGINE_AGREEMENT]),
        read_objects(place, bucket, [bucket_layout.MONITORING_RESULTS, bucket_layout.ENGINE_AGREEMENT]),
        write_objects(place, bucket, [bucket_layout.ENGINE_AGREEMENT]),
        publish_metrics([metric_namespace]),
    )
