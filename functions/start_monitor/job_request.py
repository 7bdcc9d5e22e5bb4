"""The CreateProcessingJob request of a run: the plan's, with the run's window, files and place for results."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from contract.bucket_layout import SHARDS_FOLDER, hour_folder
from contract.processing_job import CAPTURED_PATH, GROUND_TRUTH_PATH, OUTPUT_PATH, outputs
from functions.common.aws_clients import error_code
from functions.common.iam_patience import patiently
from functions.start_monitor.plan import Plan
from functions.start_monitor.run_ledger import Run
from functions.start_monitor.s3_inputs import manifest_input
from functions.start_monitor.time_window import iso

DATASET_FORMAT = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
_ENVIRONMENT_VALUE = 256
# A captured file lies under the hour in which it was begun, and is filled for some minutes more. Each is given to one
# run only: what it has of the next hour counts in that run or nowhere.
FILLED_AFTER_THE_HOUR = timedelta(minutes=5)


def job_name(plan: Plan) -> str:
    """The same for every delivery of a window, and no other's: SageMaker never forgets a name.

    A stack that was destroyed and made again within the hour has another bucket, hence the hash.
    """
    place = hashlib.sha256(f"{plan.results_uri}\n{plan.schedule}".encode()).hexdigest()[:6]
    return f"{plan.job_stem}-{plan.short_kind}-{plan.window.end:%Y%m%d%H%M}-{place}"


def results_uri(plan: Plan) -> str:
    """Where the results of the window go: as Model Monitor has it, by the hour of the window's end."""
    return f"{plan.results_uri}/{plan.endpoint}/{plan.schedule}/{hour_folder(plan.window.end)}"


def processing_job_request(plan: Plan, run: Run, *, captured: str, ground_truth: str | None) -> dict[str, Any]:
    """The whole request; `captured` and `ground_truth` are URIs of manifests."""
    request = dict(plan.request)
    inputs = [*request.get("ProcessingInputs", []), manifest_input("captured", captured, CAPTURED_PATH, _spread(plan))]
    if ground_truth is not None:
        # Every instance needs every label: which one a record's label is on is not known before it is read.
        inputs.append(manifest_input("ground_truth", ground_truth, GROUND_TRUTH_PATH, "FullyReplicated"))
    return {
        **request,
        "ProcessingJobName": run.job_name,
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {
            **request.get("ProcessingOutputConfig", {}),
            "Outputs": outputs(results_uri(plan)),
        },
        "Environment": {**request.get("Environment", {}), **_environment(plan, run, labelled=ground_truth is not None)},
    }


def _environment(plan: Plan, run: Run, *, labelled: bool) -> dict[str, str]:
    environment = {
        "dataset_format": DATASET_FORMAT,
        "dataset_source": CAPTURED_PATH,
        "output_path": OUTPUT_PATH,
        "start_time": iso(plan.window.start),
        "end_time": iso(plan.window.end),
        # Until when records count; the window, which names the results, ends where it does.
        "records_until": iso(plan.window.end + FILLED_AFTER_THE_HOUR),
        "metric_time": iso(plan.window.start),
        "due_time": iso(plan.due),
        "sagemaker_endpoint_name": plan.endpoint,
        "sagemaker_monitoring_schedule_name": plan.schedule,
    }
    if labelled:
        environment["ground_truth_source"] = GROUND_TRUTH_PATH
    if run.late_from is not None:
        environment["late_from"] = run.late_from
    if _instances(plan) > 1:
        # Where the instances hand their shares over to the one that merges them.
        environment["shards_uri"] = f"{plan.state_uri}/{SHARDS_FOLDER}/{job_name(plan)}"
    if run.left_out:
        environment["left_out"] = run.left_out[:_ENVIRONMENT_VALUE]
    if run.excluded_variants:
        environment["excluded_variants"] = ",".join(run.excluded_variants)[:_ENVIRONMENT_VALUE]
    return environment


def _instances(plan: Plan) -> int:
    cluster = plan.request.get("ProcessingResources", {}).get("ClusterConfig", {})
    return int(cluster.get("InstanceCount", 1))


def _spread(plan: Plan) -> str:
    return "ShardedByS3Key" if _instances(plan) > 1 else "FullyReplicated"


def small_window_event(request: Mapping[str, Any]) -> bytes:
    """What the function for small windows is invoked with: the very job that it stands in for."""
    return json.dumps({"job": request}).encode()


class JobConflictError(RuntimeError):
    """A job of the run's name exists and is another one."""


def create_job(sagemaker: Any, request: Mapping[str, Any]) -> bool:
    """Create the job; False if an earlier delivery has. JobConflictError if the name is another job's."""
    try:
        # A first run may be due seconds after its deployment, before AWS sees the job's role.
        patiently(lambda: sagemaker.create_processing_job(**request))
    except ClientError as error:
        if error_code(error) not in ("ResourceInUse", "ResourceInUseException"):
            raise
        existing = sagemaker.describe_processing_job(ProcessingJobName=request["ProcessingJobName"])
        if _output(existing) != _output(request):
            raise JobConflictError(
                f"processing job {request['ProcessingJobName']} exists already and writes to {_output(existing)}, "
                f"not to {_output(request)}: give the stack another name"
            ) from error
        return False
    return True


def _output(job: Mapping[str, Any]) -> str:
    outputs = job["ProcessingOutputConfig"]["Outputs"]
    return str(outputs[0]["S3Output"]["S3Uri"]) if outputs else ""
