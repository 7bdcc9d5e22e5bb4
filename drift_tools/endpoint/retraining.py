"""Asks for a retraining, and answers for the model that came of it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from drift_tools.aws import aws_client, one_line
from drift_tools.errors import InputError

MOST_NOTE: Final = 1024
_APPROVED, _REJECTED, _PENDING = "Approved", "Rejected", "PendingManualApproval"


def retrain(function: str, *, reason: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Ask a stack's function to start a retraining; its answer: `started`, or `reason` why not.

    Parameters
    ----------
    function:
        The stack's output `retraining_function_name`.
    reason:
        Why, for the record and the notification.
    parameters:
        Of the pipeline, such as a hyperparameter's other value.

    Raises
    ------
    InputError
        If Lambda refuses, or the function fails.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 is optional

    event = {"by": "hand", "reason": reason, "parameters": dict(parameters or {})}
    try:
        answer = aws_client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"--function {function}: {one_line(error)}") from error
    found = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        said = found.get("errorMessage") if isinstance(found, dict) else found
        raise InputError(f"--function {function}: it failed: {said}; its log has more")
    if not isinstance(found, dict) or "started" not in found:
        raise InputError(f"--function {function}: this is no function that starts retrainings; see the stack's outputs")
    return found


def approve(package: str, *, note: str = "") -> str:
    """Approve a model package; the state machine that waits for it goes on. Returns the package's ARN."""
    return _answer(package, _APPROVED, note)


def reject(package: str, *, note: str = "") -> str:
    """Reject a model package; nothing is deployed. Returns the package's ARN."""
    return _answer(package, _REJECTED, note)


def _answer(package: str, status: str, note: str) -> str:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 is optional

    if ":model-package/" not in package:
        raise InputError(f"{package!r} is no model package's ARN: copy it from the notification")
    if len(note) > MOST_NOTE:
        raise InputError(f"--note: has {len(note)} characters: give at most {MOST_NOTE}")
    sagemaker = aws_client("sagemaker")
    try:
        found = sagemaker.describe_model_package(ModelPackageName=package)
        if found["ModelApprovalStatus"] != _PENDING:
            raise InputError(f"{package} is {found['ModelApprovalStatus']} already: there is nothing to answer")
        answer = {"ModelPackageArn": package, "ModelApprovalStatus": status}
        sagemaker.update_model_package(**answer, **({"ApprovalDescription": note} if note else {}))
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"{package}: {one_line(error)}") from error
    return package
