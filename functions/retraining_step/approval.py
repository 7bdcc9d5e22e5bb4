"""The gate: a person's yes or no to a model package, which lets the state machine go on."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from functions.common.aws_clients import error_code
from functions.common.json_logging import log
from functions.common.retraining_state import State
from functions.retraining_step.candidates import comparison_lines
from functions.retraining_step.services import Services, tell

_ANSWERS = ("Approved", "Rejected")
_ANSWERED = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


def ask(event: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Keep the task token, and ask people. Who has answered before is heard, too."""
    package = event["package"]
    waiting = {"token": event["token"], "execution": event["execution"], "run_uri": event["run_uri"]}
    State(services.s3, settings["bucket"]).wait_for(package, waiting)
    found = services.sagemaker.describe_model_package(ModelPackageName=package)
    if found["ModelApprovalStatus"] in _ANSWERS:
        return _answer(package, settings, services)
    endpoint = settings["endpoint_name"]
    lines = [
        f"{endpoint}: a new model is better than the running one and waits for your approval.",
        f"It was trained because of: {event['trigger']}",
        "",
        *comparison_lines(event["run_uri"], services),
        "",
        f"Without an answer within {settings['approval_hours']:g} h nothing is deployed. To answer, one of:",
        f"  python -m drift_tools approve {package}",
        f"  python -m drift_tools reject {package}",
    ]
    tell(services, settings, f"{endpoint}: a new model waits for approval", lines)
    return {"asked": package}


def package_changed(detail: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Let the execution go on that waits for this package; of other changes nothing follows."""
    package = str(detail["ModelPackageArn"])
    if detail.get("ModelApprovalStatus") not in _ANSWERS:
        return {"ignored": detail.get("ModelApprovalStatus")}
    return _answer(package, settings, services)


def _answer(package: str, settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    state = State(services.s3, settings["bucket"])
    waiting = state.waiting(package)
    if waiting is None:
        return {"ignored": "nothing waits for it"}
    answer = answer_of(package, services)
    try:
        services.states.send_task_success(taskToken=waiting["token"], output=json.dumps(answer))
    except ClientError as error:
        if error_code(error) not in _ANSWERED:
            raise
        log("WARNING", "nobody waits for this answer any more", package=package)
    state.stop_waiting(package)
    return {"answered": answer}


def answer_of(package: str, services: Services) -> dict[str, Any]:
    """What was answered, and by whom: an event does not say that, the package itself does."""
    found = services.sagemaker.describe_model_package(ModelPackageName=package)
    return {
        "status": found["ModelApprovalStatus"],
        "by": found.get("LastModifiedBy", {}).get("IamIdentity", {}).get("Arn", "unknown"),
        "note": found.get("ApprovalDescription", ""),
    }


def approve_by_itself(event: Mapping[str, Any], _settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """auto_approve: for stacks in which nobody is asked."""
    note = "approved by auto_approve: nobody was asked"
    services.sagemaker.update_model_package(
        ModelPackageArn=event["package"], ModelApprovalStatus="Approved", ApprovalDescription=note
    )
    return {"status": "Approved", "by": "auto_approve", "note": note}


def expire(event: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Nobody answered in time. An answer that came with the last second counts."""
    package = event["package"]
    State(services.s3, settings["bucket"]).stop_waiting(package)
    reject(package, f"expired: no answer within {settings['approval_hours']:g} h", services)
    return {"status": "Expired", "by": "", "note": "no answer in time"}


def reject(package: str, why: str, services: Services) -> None:
    """Reject a package."""
    services.sagemaker.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus="Rejected", ApprovalDescription=why[:1024]
    )
