"""Step Functions' tasks under the machine's role, the SageMaker integrations among them, on the virtual clock.

What a task calls goes through the front door with the credentials of a session of the role: IAM, AWS's own models and
the journal see it as they see everybody's requests. Source: Step Functions developer guide, "Integrating services",
"Run a job (.sync)", "Amazon SageMaker AI"; of names of errors "Learning to use AWS service SDK integrations", and
aws/aws-step-functions-data-science-sdk-python, pull request 162.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams
from local_aws.activity import Activity
from local_aws.clock import VirtualClock
from local_aws.identity import Identity
from local_aws.validation import service_model

log = logging.getLogger("local_aws.states")

_PREFIX = "arn:aws:states:::"
_SDK_NAMES = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}
_ERROR_NAMES = {
    "sagemaker": "SageMaker",
    "lambda": "Lambda",
    "sns": "SNS",
    "sqs": "SQS",
    "s3": "S3",
    "events": "Events",
}
_POLL_SECONDS = 0.2
_LOOK_SECONDS = 0.05
_ENDED = ("Completed", "Failed", "Stopped")
# Of a .sync job: what describes it, its name and its status, and the rule by which Step Functions hears of its end.
_JOBS = {
    "createProcessingJob": ("describe_processing_job", "ProcessingJobName", "ProcessingJobStatus", "Processing"),
    "createTrainingJob": ("describe_training_job", "TrainingJobName", "TrainingJobStatus", "Training"),
}


@dataclass
class _Wait:
    """An execution that waits: until when, and what is handed to it when the clock is there."""

    due: float
    woken: bool = False
    number: int = 0


@dataclass
class StateMachines:
    """Runs the tasks of all executions."""

    clock: VirtualClock
    identity: Identity
    activity: Activity
    _waits: dict[int, _Wait] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def connect(self) -> None:
        """Take the place of ministack's own tasks and waits."""
        seams.put_executions_on_clock(self.clock)
        seams.run_executions(self._under_way)
        seams.record_failed_tasks(lambda *said: log.warning("%s: %s: %s", *said))
        seams.call_as_role(self.call, self)
        seams.authorise_answers_on_machines()

    def next_due(self) -> datetime | None:
        """When the next wait is over; None if nothing waits."""
        with self._lock:
            dues = [wait.due for wait in self._waits.values() if not wait.woken]
        return datetime.fromtimestamp(min(dues), UTC) if dues else None

    def wake_due(self) -> int:
        """End the waits whose time has come; their executions are under way again when this returns."""
        now, count = self.clock.time(), 0
        with self._lock:
            for wait in self._waits.values():
                if not wait.woken and wait.due <= now:
                    wait.woken, wait.number, count = True, self.activity.begin(), count + 1
        return count

    @contextmanager
    def _under_way(self, execution: str) -> Iterator[None]:
        self._numbers[execution] = self.activity.begin()
        try:
            yield
        finally:
            self.activity.end(self._numbers.pop(execution))

    def until(self, execution: str, seconds: float, done: Callable[[], bool]) -> bool:
        """Wait on the virtual clock; meanwhile the execution is not under way, so that the clock may go on."""
        wait = _Wait(self.clock.time() + seconds)
        with self._lock:
            self._waits[id(wait)] = wait
        self.activity.end(self._numbers[execution])
        pause = threading.Event()
        while not wait.woken and not done():
            pause.wait(_LOOK_SECONDS)
            if wait.due <= self.clock.time():
                break
        with self._lock:
            del self._waits[id(wait)]
        self._numbers[execution] = wait.number or self.activity.begin()
        return done()

    def call(self, role_arn: str, resource: str, data: Any) -> Any:
        """Do what a task's resource says, as the role."""
        if not self.identity.trusts(role_arn, "states.amazonaws.com"):
            raise seams.TaskFailed("States.TaskFailed", f"the role {role_arn} cannot be assumed by Step Functions")
        session = self.identity.session(role_arn, "states")
        try:
            return self._call(session, resource, data)
        except ClientError as error:
            raise _failure(resource, error) from error
        except BotoCoreError as error:
            raise seams.TaskFailed("States.Runtime", str(error)) from error
        finally:
            seams.close_role_session(session["AWS_ACCESS_KEY_ID"])

    def _call(self, session: Mapping[str, str], resource: str, data: Any) -> Any:
        if not resource.startswith(_PREFIX):
            raise seams.TaskFailed("States.Runtime", f"{resource} is no resource that this AWS calls")
        service, _, action = resource.removeprefix(_PREFIX).removeprefix("aws-sdk:").partition(":")
        action, _, pattern = action.partition(".")
        if service == "lambda" and action == "invoke" and "aws-sdk" not in resource:
            return _invoke(session, data)
        if pattern.startswith("sync"):
            return self._run_job(session, resource, action, data)
        return _plain(_operate(session, service, action, data))

    def _run_job(self, session: Mapping[str, str], resource: str, action: str, data: Any) -> Any:
        """A job and its end; Step Functions hears of it by a rule, for which the role must have the rights."""
        if action not in _JOBS:
            raise seams.TaskFailed("States.Runtime", f"{resource} is not among {', '.join(_JOBS)}")
        describe, name, status, kind = _JOBS[action]
        rule = f"rule/StepFunctionsGetEventsForSageMaker{kind}JobsRule"
        arn = f"arn:aws:events:{seams.get_region()}:{seams.get_account_id()}:{rule}"
        for needed in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
            refused = self.identity.key_refusal(session["AWS_ACCESS_KEY_ID"], needed, arn)
            if refused:
                raise seams.TaskFailed("SageMaker.AccessDeniedException", refused)
        _operate(session, "sagemaker", action, data)
        pause, client = threading.Event(), clients.client("sagemaker", session)
        while True:
            described = _plain(getattr(client, describe)(**{name: data[name]}))
            if described[status] in _ENDED:
                break
            pause.wait(_POLL_SECONDS)
        if described[status] != "Completed":
            raise seams.TaskFailed("States.TaskFailed", json.dumps(described))
        return described


def _invoke(session: Mapping[str, str], data: Mapping[str, Any]) -> Any:
    """lambda:invoke: the function's answer, or its error with the type that the function raised."""
    payload = json.dumps(data.get("Payload", {})).encode()
    client = clients.client("lambda", session)
    answer = client.invoke(FunctionName=data["FunctionName"], Payload=payload)
    body = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        raise seams.TaskFailed(str(body.get("errorType", "Lambda.Unknown")), json.dumps(body))
    return {"StatusCode": answer["StatusCode"], "Payload": body}


def _operate(session: Mapping[str, str], service: str, action: str, data: Any) -> Any:
    name = _SDK_NAMES.get(service, service)
    operation = action[0].upper() + action[1:]
    if operation not in service_model(name).operation_names:
        raise seams.TaskFailed("States.Runtime", f"{service} has no operation {action}")
    client = clients.client(name, session)
    return getattr(client, xform_name(operation))(**(data or {}))


def _failure(resource: str, error: ClientError) -> Exception:
    said = error.response["Error"]
    failure: Exception = seams.TaskFailed(error_name(resource, said.get("Code", "Unknown")), said.get("Message", ""))
    return failure


def error_name(resource: str, code: str) -> str:
    """As what Retry and Catch know an error of a service: Java's class for it.

    Of SageMaker's only four have a class, always with "Exception" at its end; throttling and refusals have not, and
    come as the service's own, which the two SDKs of the integrations call differently.
    """
    service = resource.removeprefix(_PREFIX).removeprefix("aws-sdk:").partition(":")[0]
    prefix = _ERROR_NAMES.get(service, service.capitalize())
    if service != "sagemaker":
        return f"{prefix}.{code}"
    if code in {shape.name for shape in service_model(service).error_shapes}:
        return f"{prefix}.{code.removesuffix('Exception')}Exception"
    return f"{prefix}.SageMakerException" if ":aws-sdk:" in resource else f"{prefix}.AmazonSageMakerException"


def _plain(answer: Any) -> Any:
    """An answer as JSON has it: times as ISO 8601, without what botocore adds."""
    if isinstance(answer, Mapping):
        return {name: _plain(value) for name, value in answer.items() if name != "ResponseMetadata"}
    if isinstance(answer, list):
        return [_plain(value) for value in answer]
    if isinstance(answer, datetime):
        return answer.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return answer
