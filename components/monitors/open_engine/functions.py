"""The functions of the open engine: one that starts runs, and one that is a run, of a small window."""

from collections.abc import Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.args import CommonSettings, SmallWindowsSettings
from components.functions import MonitoringFunction, function_layer, monitoring_function
from components.iam import AwsContext, Outside, PolicyDocument
from components.monitors.open_engine.args import OpenMonitorsArgs
from components.monitors.open_engine.batches import Clock
from components.monitors.open_engine.policies import start_policy, window_policy
from contract import bucket_layout

# Of the function that starts runs. A day of one file a second is ninety pages of a listing and the names in it, held
# several times over: as listed, in the record, in the manifest. Nobody waits for it.
START_MEMORY_MB: Final = 1024
START_SECONDS: Final = 300
# Of the function for small windows: Lambda gives processors by memory, and a whole one from 1,769 MB on.
WINDOW_MEMORY_MB: Final = 2048
WINDOW_SECONDS: Final = 300


def window_function(
    stem: str,
    settings: SmallWindowsSettings,
    args: OpenMonitorsArgs,
    *,
    kinds: Sequence[str],
    has_scripts: bool,
    result_tables: pulumi.Input[str] | None,
    common: CommonSettings,
    dead_letters: aws.sqs.Queue,
    parent: pulumi.Resource,
) -> MonitoringFunction:
    """Make the function that runs the monitors on small windows, and its layer; `args` say what it may read."""

    def policy(
        context: pulumi.Output[AwsContext], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
    ) -> pulumi.Output[PolicyDocument]:
        return pulumi.Output.all(
            context=context,
            bucket=args["bucket_name"],
            logs=log_group_arn,
            dead=dead_letter_arn,
            outside=_outside(args),
            compare=args.get("compare_function_arn"),
            tables=result_tables,
        ).apply(
            lambda found: window_policy(
                found["context"],
                bucket=found["bucket"],
                metric_namespace=args["metric_namespace"],
                log_group_arn=found["logs"],
                dead_letter_arn=found["dead"],
                kinds=kinds,
                scripts=has_scripts,
                outside=Outside(**found["outside"]),
                compare_function_arn=found["compare"],
                result_tables=found["tables"],
            )
        )

    environment: dict[str, pulumi.Input[str]] = {
        "METRIC_NAMESPACE": args["metric_namespace"],
        "BUCKET_NAME": args["bucket_name"],
        "STATE_PREFIX": bucket_layout.MONITOR_STATE,
        "FAILURES_PREFIX": bucket_layout.FAILURE_NOTES,
        **({"EFFECT_METRIC": "true"} if args.get("publishes_effect") else {}),
    }
    compare = args.get("compare_function_name")
    if compare is not None:
        environment["COMPARE_FUNCTION"] = compare
    layer = function_layer(
        f"{stem}-numpy-scipy",
        parent,
        description="numpy and scipy, for the monitor of small windows",
        code=settings.layer,
    )
    return monitoring_function(
        f"{stem}-monitor-window",
        parent=parent,
        folder="monitor_window",
        description=f"Runs the monitors of {stem} on small windows",
        timeout=WINDOW_SECONDS,
        memory_size=WINDOW_MEMORY_MB,
        environment=environment,
        policy=policy,
        common=common,
        asynchronous=True,
        dead_letters=dead_letters,
        with_monitor=True,
        layers=[layer.arn],
    )


def start_function(
    stem: str,
    args: OpenMonitorsArgs,
    windows: MonitoringFunction | None,
    *,
    kinds: Sequence[str],
    common: CommonSettings,
    dead_letters: aws.sqs.Queue,
    parent: pulumi.Resource,
    batch_plan_uri: pulumi.Output[str] | None = None,
    is_partitioned: bool = False,
    looks: Clock | None = None,
) -> MonitoringFunction:
    """Make the function that starts runs; `windows` is the one that it hands small windows to, `batch_plan_uri` where
    the plan of batches lies. `is_partitioned`, `looks`: see `start_policy`.
    """

    def policy(
        context: pulumi.Output[AwsContext], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
    ) -> pulumi.Output[PolicyDocument]:
        return pulumi.Output.all(
            context=context,
            bucket=args["bucket_name"],
            role=args["job_role_arn"],
            logs=log_group_arn,
            dead=dead_letter_arn,
            capture_uri=_outside(args)["capture_uri"],
            windows=windows.function.arn if windows else None,
            batch_plan=batch_plan_uri,
            batches=list(args.get("batch_uris") or []),
            looks=[looks.group_name, looks.role_arn] if looks else None,
        ).apply(
            lambda found: start_policy(
                found["context"],
                bucket=found["bucket"],
                job_stem=stem,
                job_role_arn=found["role"],
                metric_namespace=args["metric_namespace"],
                log_group_arn=found["logs"],
                dead_letter_arn=found["dead"],
                kinds=kinds,
                capture_uri=found["capture_uri"],
                window_function_arn=found["windows"],
                batch_plan_uri=found["batch_plan"],
                batch_uris=found["batches"],
                is_partitioned=is_partitioned,
                looks=tuple(found["looks"]) if found["looks"] else None,
                retrained=args.get("retrained", False),
            )
        )

    return monitoring_function(
        f"{stem}-start-monitor",
        parent=parent,
        folder="start_monitor",
        description=f"Starts the monitoring runs of {stem}",
        timeout=START_SECONDS,
        memory_size=START_MEMORY_MB,
        environment={
            "METRIC_NAMESPACE": args["metric_namespace"],
            "BUCKET_NAME": args["bucket_name"],
            "FAILURES_PREFIX": bucket_layout.FAILURE_NOTES,
            **({"BATCH_PLAN": batch_plan_uri} if batch_plan_uri is not None else {}),
        },
        policy=policy,
        common=common,
        asynchronous=True,
        dead_letters=dead_letters,
    )


def _outside(args: OpenMonitorsArgs) -> pulumi.Output[dict[str, Any]]:
    """What is read outside of the stack's own bucket."""
    captures = args.get("captures_outside", False)
    return pulumi.Output.all(
        capture_uri=args["capture_uri"] if captures else None,
        kms_key_arn=args.get("captures_kms_key_arn") if captures else None,
        file_uris=list(args.get("files_outside") or []),
    )
