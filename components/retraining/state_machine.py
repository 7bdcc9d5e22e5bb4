"""The state machine of a retraining, as data: Amazon States Language in, nothing created.

Every task that fails ends in one state that cleans up and tells people, and the execution fails; a model that is
refused, rejected or not answered for is no failure. What is stopped from outside is cleaned up by the same function,
which hears of it through EventBridge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

State = dict[str, Any]
_SAGEMAKER: Final = "arn:aws:states:::aws-sdk:sagemaker"
_LAMBDA: Final = "arn:aws:states:::lambda:invoke"
# Retried where AWS was busy for a moment. Step Functions calls an error as Java's SDK calls its class for
# it. There is none for SageMaker's throttling and its own failures: they have the name for all the rest, the first of
# the two from `aws-sdk:` tasks, the second from `.sync` ones. What is wrong for good fails by it too, a minute later.
_RETRY: Final = [
    {
        "ErrorEquals": [
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
            "SageMaker.SageMakerException",
            "SageMaker.AmazonSageMakerException",
        ],
        "IntervalSeconds": 5,
        "MaxAttempts": 4,
        "BackoffRate": 2.0,
    }
]
_HANDED_ON: Final = {
    "execution.$": "$$.Execution.Id",
    "started.$": "$$.Execution.StartTime",
    "trigger.$": "$.trigger",
    "run_uri.$": "$.run_uri",
    "champion.$": "$.champion",
}
# What each step answers, as functions/retraining_step has it.
_ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "outcome": ("accepted", "summary", "package"),
    "approve": ("status", "by", "note"),
    "expire": ("status", "by", "note"),
    "prepare": ("config", "update", "baselines"),
    "point": ("monitored_by",),
}


@dataclass(frozen=True, kw_only=True)
class MachineSettings:
    """What differs between two stacks."""

    pipeline_name: str
    endpoint_name: str
    step_function_name: str
    poll_seconds: int
    approval_seconds: int
    auto_approve: bool
    timeout_seconds: int


def state_machine_definition(settings: MachineSettings) -> dict[str, Any]:
    """The definition; its input is what functions/start_retraining writes."""
    step = partial(_step, settings)
    states: dict[str, State] = {
        "Train": _train(settings),
        "WaitForPipeline": {"Type": "Wait", "Seconds": settings.poll_seconds, "Next": "DescribePipeline"},
        "DescribePipeline": _task(
            f"{_SAGEMAKER}:describePipelineExecution",
            {"PipelineExecutionArn.$": "$.pipeline.PipelineExecutionArn"},
            result="$.pipeline_state",
            following="PipelineEnded",
        ),
        "PipelineEnded": _choice(
            "$.pipeline_state.PipelineExecutionStatus",
            {"Succeeded": "Outcome", "Executing": "WaitForPipeline", "Stopping": "WaitForPipeline"},
            default="PipelineFailed",
        ),
        "PipelineFailed": {
            "Type": "Pass",
            "Parameters": {
                "Error": "PipelineFailed",
                "Cause.$": "States.JsonToString($.pipeline_state)",
            },
            "ResultPath": "$.error",
            "Next": "Failed",
        },
        "Outcome": step(
            "outcome",
            {"run_uri.$": "$.run_uri", "pipeline_execution.$": "$.pipeline.PipelineExecutionArn"},
            result="$.candidate",
            following="IsBetter",
        ),
        "IsBetter": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.candidate.accepted", "BooleanEquals": True, "Next": "Approval"}],
            "Default": "Refused",
        },
        "Approval": _approval(settings),
        "Expire": step("expire", {"package.$": "$.candidate.package"}, result="$.approval", following="Expired"),
        "IsApproved": _choice("$.approval.status", {"Approved": "Prepare"}, default="Rejected"),
        "Prepare": step(
            "prepare",
            {**_HANDED_ON, "package.$": "$.candidate.package"},
            result="$.deployment",
            following="UpdateEndpoint",
        ),
        # Not sagemaker:updateEndpoint: that one takes no DeploymentConfig.
        "UpdateEndpoint": _task(
            f"{_SAGEMAKER}:updateEndpoint",
            {
                "EndpointName.$": "$.deployment.update.EndpointName",
                "EndpointConfigName.$": "$.deployment.update.EndpointConfigName",
                "DeploymentConfig.$": "$.deployment.update.DeploymentConfig",
            },
            result="$.update",
            following="WaitForEndpoint",
        ),
        "WaitForEndpoint": {"Type": "Wait", "Seconds": settings.poll_seconds, "Next": "DescribeEndpoint"},
        "DescribeEndpoint": _task(
            f"{_SAGEMAKER}:describeEndpoint",
            {"EndpointName": settings.endpoint_name},
            result="$.endpoint",
            following="IsSettled",
        ),
        "IsSettled": _choice("$.endpoint.EndpointStatus", {"InService": "IsDeployed"}, default="IsChanging"),
        "IsChanging": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.endpoint.EndpointStatus", "StringEquals": status, "Next": "WaitForEndpoint"}
                for status in ("Updating", "RollingBack", "SystemUpdating")
            ],
            "Default": "RolledBack",
        },
        "IsDeployed": {
            "Type": "Choice",
            "Choices": [
                {
                    "Variable": "$.endpoint.EndpointConfigName",
                    "StringEqualsPath": "$.deployment.config",
                    "Next": "MakeBaselines",
                }
            ],
            "Default": "RolledBack",
        },
        "MakeBaselines": _baselines(),
        "PointMonitors": step(
            "point",
            {"execution.$": "$$.Execution.Id", "package.$": "$.candidate.package", "config.$": "$.deployment.config"},
            result="$.monitors",
            following="Deployed",
        ),
        "Deployed": _ending(settings, "deployed", {**_CANDIDATE, **_APPROVAL, "config.$": "$.deployment.config"}),
        "Refused": _ending(settings, "refused", {"reason.$": "$.candidate.summary"}),
        "Rejected": _ending(settings, "rejected", {**_CANDIDATE, **_APPROVAL}),
        "Expired": _ending(settings, "expired", {**_CANDIDATE, **_APPROVAL}),
        "RolledBack": _ending(
            settings,
            "rolled back",
            {**_CANDIDATE, **_APPROVAL, "endpoint.$": "$.endpoint"},
            following="RollbackFailure",
        ),
        "Failed": _ending(settings, "failed", {"error.$": "$.error"}, following="Failure"),
        "Done": {"Type": "Succeed"},
        "RollbackFailure": {
            "Type": "Fail",
            "Error": "RolledBack",
            "Cause": "An alarm rang while the new model was deployed; the old one serves.",
        },
        "Failure": {"Type": "Fail", "Error": "RetrainingFailed", "Cause": "See the notification and the last states."},
    }
    if settings.auto_approve:  # nobody is waited for
        del states["Expire"], states["Expired"]
    return {
        "Comment": "Retrain a model, compare it, ask for approval, deploy it with a way back, let the monitors follow.",
        "StartAt": "Train",
        "TimeoutSeconds": settings.timeout_seconds,
        "States": states,
    }


_CANDIDATE: Final = {"package.$": "$.candidate.package"}
_APPROVAL: Final = {"approval.$": "$.approval"}


def _train(settings: MachineSettings) -> State:
    return _task(
        f"{_SAGEMAKER}:startPipelineExecution",
        {
            "PipelineName": settings.pipeline_name,
            # By this name it is found when a run is stopped.
            "PipelineExecutionDisplayName.$": "$$.Execution.Name",
            "ClientRequestToken.$": "$.token",
            "PipelineParameters.$": "$.parameters",
        },
        result="$.pipeline",
        following="WaitForPipeline",
    )


def _approval(settings: MachineSettings) -> State:
    """A person's answer, or the stack's own where nobody is asked."""
    if settings.auto_approve:
        return _step(
            settings, "approve", {"package.$": "$.candidate.package"}, result="$.approval", following="IsApproved"
        )
    state = _task(
        f"{_LAMBDA}.waitForTaskToken",
        {
            "FunctionName": settings.step_function_name,
            "Payload": {
                "step": "ask",
                "token.$": "$$.Task.Token",
                "execution.$": "$$.Execution.Id",
                "package.$": "$.candidate.package",
                "run_uri.$": "$.run_uri",
                "trigger.$": "$.trigger",
            },
        },
        result="$.approval",
        following="IsApproved",
    )
    expired = {"ErrorEquals": ["States.Timeout"], "ResultPath": "$.expired", "Next": "Expire"}
    return {**state, "TimeoutSeconds": settings.approval_seconds, "Catch": [expired, *state["Catch"]]}


def _baselines() -> State:
    """One job for each monitor; what each is called with, the step before has written."""
    return {
        "Type": "Map",
        "ItemsPath": "$.deployment.baselines",
        "MaxConcurrency": 2,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "MakeBaseline",
            "States": {
                "MakeBaseline": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
                    "Retry": _RETRY,
                    "End": True,
                }
            },
        },
        "ResultPath": None,
        "Catch": _catch(),
        "Next": "PointMonitors",
    }


def _step(settings: MachineSettings, name: str, payload: Mapping[str, Any], *, result: str, following: str) -> State:
    """A call of the function for the steps; its answer is put at `result`."""
    state = _task(
        _LAMBDA,
        {"FunctionName": settings.step_function_name, "Payload": {"step": name, **payload}},
        result=result,
        following=following,
    )
    # lambda:invoke wraps the function's answer; what the next states read of it is taken out by name.
    return {**state, "ResultSelector": {f"{key}.$": f"$.Payload.{key}" for key in _ANSWERS[name]}}


def _ending(settings: MachineSettings, outcome: str, more: Mapping[str, Any], *, following: str = "Done") -> State:
    payload = {"step": "finish", "outcome": outcome, "at.$": "$$.State.EnteredTime", **_HANDED_ON, **more}
    # What fails here is told of by EventBridge, to the same function: there is no catch.
    return {
        "Type": "Task",
        "Resource": _LAMBDA,
        "Parameters": {"FunctionName": settings.step_function_name, "Payload": payload},
        "ResultPath": "$.ending",
        "Retry": _RETRY,
        "Next": following,
    }


def _task(resource: str, parameters: Mapping[str, Any], *, result: str, following: str) -> State:
    return {
        "Type": "Task",
        "Resource": resource,
        "Parameters": dict(parameters),
        "ResultPath": result,
        "Retry": _RETRY,
        "Catch": _catch(),
        "Next": following,
    }


def _catch() -> list[State]:
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}]


def _choice(variable: str, cases: Mapping[str, str], *, default: str) -> State:
    choices = [{"Variable": variable, "StringEquals": value, "Next": name} for value, name in cases.items()]
    return {"Type": "Choice", "Choices": choices, "Default": default}
