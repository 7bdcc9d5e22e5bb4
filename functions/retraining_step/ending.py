"""How a retraining ends: one message, one record, nothing half done, and the lock given back.

Whatever went wrong, the old model serves afterwards: an update under way is waited for, and one that came through is
taken back unless the monitors follow it already.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from functions.common.json_logging import log
from functions.common.retraining_state import State
from functions.retraining_step.approval import answer_of, reject
from functions.retraining_step.candidates import comparison_lines
from functions.retraining_step.deployment import names_of
from functions.retraining_step.services import Services, gone, tell

DEPLOYED, REFUSED, REJECTED, EXPIRED, ROLLED_BACK, FAILED = (
    "deployed", "refused", "rejected", "expired", "rolled back", "failed",
)  # fmt: skip
_HEADLINES: Final = {
    DEPLOYED: "the new model serves",
    REFUSED: "the new model is refused: it is not better",
    REJECTED: "the new model was rejected",
    EXPIRED: "nobody approved the new model in time",
    ROLLED_BACK: "the new model was rolled back",
    FAILED: "the retraining failed",
}
_OLD_SERVES: Final = "The old model serves."
_BROUGHT_BACK: Final = "The endpoint was brought back to the old model."
_NEW_SERVES: Final = "The new model serves."
_SETTLE_SECONDS: Final = 10.0
_SETTLE_TIMES: Final = 60
_PACKAGES: Final = 100


def finish(event: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """End an execution: clean up, write down what happened, tell people once, and let the next one start."""
    execution, outcome = event["execution"], event["outcome"]
    package, approval = event.get("package") or "", event.get("approval") or {}
    state = State(services.s3, settings["bucket"])
    serves = _NEW_SERVES
    if outcome == DEPLOYED:
        remove_orphans(event["config"], settings, services)
    else:
        serves = clean_up(event, settings, services)
    if serves == _NEW_SERVES and outcome != DEPLOYED:  # ended between the monitors' pointer and its own last state
        outcome, package = DEPLOYED, state.pointer()["package"]
        approval = answer_of(package, services)
    record = {
        "execution": execution,
        "outcome": outcome,
        "trigger": event.get("trigger", ""),
        "reason": _reason(event),
        "package": package,
        "run_uri": event.get("run_uri", ""),
        "approval": approval,
        "ended": event.get("at") or services.now().isoformat(),
    }
    if state.decide(execution, record):
        try:
            tell(
                services,
                settings,
                f"{settings['endpoint_name']}: {_HEADLINES[outcome]}",
                _lines(record, serves, settings, services),
            )
        except Exception:
            state.undecide(execution)
            raise
    last = {
        "ended": record["ended"],
        "outcome": outcome,
        "execution": execution,
        "labels_until": event.get("started", record["ended"]),
    }
    state.write_last(last)
    state.release_lock(execution)
    return {"outcome": outcome, "reason": record["reason"]}


def execution_ended(detail: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """An execution that was stopped or ran out of time could not clean up after itself; nor could one whose last step
    failed. One that did is left alone: the next may be under way by now, and its candidate is none to clean up.
    """
    if State(services.s3, settings["bucket"]).decided(detail["executionArn"]):
        return {"ignored": "it has cleaned up after itself"}
    given = json.loads(detail.get("input") or "{}")
    event = {
        "execution": detail["executionArn"],
        "outcome": FAILED,
        "trigger": given.get("trigger", ""),
        "run_uri": given.get("run_uri", ""),
        "champion": given.get("champion"),
        "error": {"Error": detail["status"], "Cause": detail.get("cause") or "the execution was stopped"},
    }
    return finish(event, settings, services)


def clean_up(event: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> str:
    """Reject what still waits, and let the old model serve unless the monitors follow the new one; which one serves."""
    state, sagemaker = State(services.s3, settings["bucket"]), services.sagemaker
    stop_pipeline(settings, services, event["execution"].rsplit(":", 1)[-1])
    pending = sagemaker.list_model_packages(
        ModelPackageGroupName=settings["group_name"], ModelApprovalStatus="PendingManualApproval"
    )["ModelPackageSummaryList"]
    for package in pending:
        state.stop_waiting(package["ModelPackageArn"])
        reject(package["ModelPackageArn"], f"the retraining ended: {_reason(event)}", services)
    if not event.get("champion"):
        return _OLD_SERVES
    before = event["champion"]["config"]
    current, serves = _settled(settings, services)["EndpointConfigName"], _OLD_SERVES
    if current != before and _is_monitored(current, settings, services):
        serves = _NEW_SERVES
    elif current != before:
        sagemaker.update_endpoint(EndpointName=settings["endpoint_name"], EndpointConfigName=before)
        current, serves = _settled(settings, services)["EndpointConfigName"], _BROUGHT_BACK
    remove_orphans(current, settings, services)
    return serves


def stop_pipeline(settings: Mapping[str, Any], services: Services, name: str | None = None) -> None:
    """Stop what trains for a run that is over: it would register a candidate that nobody waits for. None: all of it."""
    sagemaker = services.sagemaker
    for _ in range(_SETTLE_TIMES):
        newest = sagemaker.list_pipeline_executions(
            PipelineName=settings["pipeline_name"], SortBy="CreationTime", SortOrder="Descending"
        )["PipelineExecutionSummaries"]
        ours = [each for each in newest if name is None or each.get("PipelineExecutionDisplayName") == name]
        under_way = [each for each in ours if each["PipelineExecutionStatus"] in ("Executing", "Stopping")]
        if not under_way:
            return
        for each in under_way:
            if each["PipelineExecutionStatus"] == "Executing":
                arn = each["PipelineExecutionArn"]
                token = hashlib.sha256(arn.encode()).hexdigest()[:40]
                sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=token)
        services.sleep(_SETTLE_SECONDS)
    raise RuntimeError(f"pipeline {settings['pipeline_name']} does not stop")


def _settled(settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """The endpoint once it is not changing; RuntimeError, for Lambda's retry, if that takes longer than this may."""
    for _ in range(_SETTLE_TIMES):
        found: dict[str, Any] = services.sagemaker.describe_endpoint(EndpointName=settings["endpoint_name"])
        if found["EndpointStatus"] not in ("Updating", "RollingBack", "SystemUpdating"):
            return found
        services.sleep(_SETTLE_SECONDS)
    raise RuntimeError(f"endpoint {settings['endpoint_name']} is still {found['EndpointStatus']}")


def _is_monitored(config: str, settings: Mapping[str, Any], services: Services) -> bool:
    """Whether the monitors follow this configuration: then it is deployed, whatever failed afterwards."""
    return bool(State(services.s3, settings["bucket"]).pointer().get("config") == config)


def remove_orphans(current: str, settings: Mapping[str, Any], services: Services, *, everything: bool = False) -> None:
    """Remove the configurations and models of candidates that do not serve."""
    packages = services.sagemaker.list_model_packages(
        ModelPackageGroupName=settings["group_name"], MaxResults=_PACKAGES
    )
    if packages.get("NextToken"):
        log("WARNING", "older packages are not looked at: what they left stays", looked_at=_PACKAGES)
    for package in packages["ModelPackageSummaryList"]:
        name = names_of(package["ModelPackageArn"], settings)
        if name == current and not everything:
            continue
        gone(partial(services.sagemaker.delete_endpoint_config, EndpointConfigName=name))
        gone(partial(services.sagemaker.delete_model, ModelName=name))


def _reason(event: Mapping[str, Any]) -> str:
    """Why it ended so, in one line."""
    error = event.get("error") or {}
    if error:
        return f"{error.get('Error', 'error')}: {' '.join(str(error.get('Cause', '')).split())}"[:1000]
    endpoint = event.get("endpoint")
    if endpoint:  # SageMaker does not always say why
        taken_back = f"the endpoint is {endpoint['EndpointStatus']} with {endpoint.get('EndpointConfigName')}"
        return str(endpoint.get("FailureReason") or taken_back)[:1000]
    return str(event.get("reason") or (event.get("approval") or {}).get("note") or "")[:1000]


def _lines(record: Mapping[str, Any], serves: str, settings: Mapping[str, Any], services: Services) -> list[str]:
    approval = record["approval"]
    lines = [f"{settings['endpoint_name']}: {_HEADLINES[record['outcome']]}."]
    lines += [f"Trained because of: {record['trigger']}"] if record["trigger"] else []
    lines += [f"Why: {record['reason']}"] if record["reason"] else []
    lines += (
        [f"Approved by: {approval['by']} ({approval.get('note') or 'without a note'})"] if approval.get("by") else []
    )
    if serves != _NEW_SERVES:
        lines.append(serves)
    if record["run_uri"]:
        lines += ["", *comparison_lines(record["run_uri"], services)]
    return [
        *lines,
        "",
        f"Execution: {record['execution']}",
        f"At: {datetime.fromisoformat(record['ended']):%Y-%m-%d %H:%M:%S} UTC",
    ]
