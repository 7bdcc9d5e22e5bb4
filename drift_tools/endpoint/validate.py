"""The recipe's validation steps on a deployed stack: does the chain work, from capture to notification.

The stack is known by its outputs alone (`pulumi stack output --json`). Each step is one question to AWS and one
`Check`; a step that fails does not keep the next from being asked.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from contract.monitor_kinds import KINDS
from drift_tools.aws import aws_client, join, one_line
from drift_tools.errors import InputError

# Prefixes of the bucket, as the stack lays it out.
CAPTURED_DATA = "captured-data"
MONITORING_RESULTS = "monitoring-results"
REQUIRED_OUTPUTS = (
    "bucket_name",
    "endpoint_name",
    "notification_topic_arn",
    "responder_function_name",
    "constraint_violations_alarm_name",
    "job_failures_alarm_name",
)


@dataclass(frozen=True)
class Check:
    """One step: its name, whether it went well, and what was seen (or what is wrong and how to fix it)."""

    name: str
    ok: bool
    detail: str


def read_outputs(file: str | Path) -> dict[str, str]:
    """Read the file that `pulumi stack output --json` wrote. Raises InputError where a name that is needed is
    missing.
    """
    path = Path(file)
    fix = "write it with: pulumi stack output --json > " + str(path)
    try:
        outputs = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {fix}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text; {fix}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: is no JSON ({error.msg}); {fix}") from error
    if not isinstance(outputs, dict):
        raise InputError(f"{path}: is no JSON object of outputs; {fix}")
    checked = {name: value for name, value in outputs.items() if isinstance(value, str) and value}
    checked |= {_schedule_output(kind): name for kind, name in schedules_of(outputs).items()}
    missing = [name for name in REQUIRED_OUTPUTS if name not in checked]
    if not missing and not schedules_of(outputs):
        missing = ["schedule_names"]
    if missing:
        raise InputError(f"{path}: lacks the output {missing[0]}; deploy the stack with `pulumi up`, then {fix}")
    return checked


def schedules_of(outputs: Mapping[str, Any]) -> dict[str, str]:
    """The names of a stack's schedules by kind: from its one output for all, or from one for each."""
    given = outputs.get("schedule_names")
    named = given if isinstance(given, Mapping) else {}
    found = {kind: named.get(kind) or outputs.get(_schedule_output(kind)) for kind in KINDS}
    return {kind: name for kind, name in found.items() if isinstance(name, str) and name}


def _schedule_output(kind: str) -> str:
    return f"{KINDS[kind].argument}_schedule_name"


def impatient_client(service: str) -> Any:
    """A client that tells within seconds that AWS cannot be reached."""
    return aws_client(service, connect_timeout=5, retries={"total_max_attempts": 2})


def validate_stack(
    outputs: Mapping[str, Any],
    *,
    clients: Callable[[str], Any] = impatient_client,
    publish: bool = True,
    on_check: Callable[[Check], None] | None = None,
) -> list[Check]:
    """Ask every step of the stack with these outputs, in the order in which data pass through it.

    `clients` makes the boto3 client of a service by name. `publish=False` leaves the test message out, which people
    would receive. `on_check` is called with each check as it is known. Raises InputError if AWS cannot be asked at all:
    no credentials, or no connection at the first step.
    """
    checks: list[Check] = []
    for name, ask in _steps(outputs, clients, publish=publish):
        try:
            check = _asked(name, ask)
        except (NoCredentialsError, EndpointConnectionError) as error:
            if not checks:
                raise InputError(
                    f"AWS cannot be asked: {one_line(error)}; check the credentials, the region and AWS_ENDPOINT_URL"
                ) from error
            check = _failed(name, error)
        checks.append(check)
        if on_check:
            on_check(check)
    return checks


Answered = tuple[bool, str]


def _asked(name: str, ask: Callable[[], Answered]) -> Check:
    try:
        return Check(name, *ask())
    except (NoCredentialsError, EndpointConnectionError):
        raise  # perhaps of no step: see validate_stack
    except (BotoCoreError, ClientError) as error:
        return _failed(name, error)


def _failed(name: str, error: Exception) -> Check:
    return Check(
        name, ok=False, detail=f"{one_line(error)}; check that the stack is deployed and that you may ask for this"
    )


def _steps(
    outputs: Mapping[str, Any], clients: Callable[[str], Any], *, publish: bool
) -> Iterator[tuple[str, Callable[[], Answered]]]:
    sagemaker, s3, cloudwatch = clients("sagemaker"), clients("s3"), clients("cloudwatch")
    bucket, endpoint, schedules = outputs["bucket_name"], outputs["endpoint_name"], schedules_of(outputs)
    yield "Endpoint", lambda: _endpoint(sagemaker, endpoint, outputs.get("endpoint_config_name"))
    for kind, schedule in schedules.items():
        if KINDS[kind].on_event:
            continue  # what starts its runs is no schedule
        yield f"{kind.capitalize()} schedule", partial(_schedule, clients, schedule)
    yield "Captured data in S3", lambda: _captures(s3, bucket, endpoint)
    for schedule in [*schedules.values()][:1]:
        yield "Monitoring results in S3", partial(_results, s3, bucket, endpoint, schedule)
    yield (
        "Constraint-violations alarm",
        lambda: _alarm(cloudwatch, outputs["constraint_violations_alarm_name"], breach_is_fault=False),
    )
    yield "Job-failures alarm", lambda: _alarm(cloudwatch, outputs["job_failures_alarm_name"], breach_is_fault=True)
    if publish:
        yield (
            "Test message to the notification topic",
            lambda: _publish(clients("sns"), outputs["notification_topic_arn"], endpoint),
        )
    yield "Responder invoked directly", lambda: _responder(clients("lambda"), outputs["responder_function_name"])


def _endpoint(sagemaker: Any, name: str, deployed: str | None) -> Answered:
    """`deployed` is the configuration that it is to run; None of an endpoint that is not the stack's own."""
    found = sagemaker.describe_endpoint(EndpointName=name)
    capture = found.get("DataCaptureConfig") or {}
    capturing = bool(capture.get("EnableCapture")) and capture.get("CaptureStatus", "Started") == "Started"
    status = found["EndpointStatus"]
    if status != "InService":
        return False, f"{name} is {status}: {found.get('FailureReason', 'wait until it is InService, then ask again')}"
    if found.get("FailureReason"):
        # SageMaker took its last update back: it serves, and not what was deployed.
        running = found.get("EndpointConfigName", "its old configuration")
        return False, f"{name} is InService with {running}, its last update failed: {found['FailureReason']}"
    if deployed and found.get("EndpointConfigName") != deployed:
        return False, f"{name} runs {found.get('EndpointConfigName')} and {deployed} was deployed; deploy again"
    if not capturing:
        return False, f"{name} is InService, but captures nothing; turn data capture on in its configuration"
    return True, f"{name} is InService and captures {capture.get('CurrentSamplingPercentage', 100)} % of its requests"


def _schedule(clients: Callable[[str], Any], name: str) -> Answered:
    """Model Monitor's schedule of that name; if there is none, the open engine's."""
    try:
        found = clients("sagemaker").describe_monitoring_schedule(MonitoringScheduleName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"ResourceNotFound", "ResourceNotFoundException"}:
            raise
        return _open_schedule(clients("scheduler"), name)
    status = found["MonitoringScheduleStatus"]
    last = found.get("LastMonitoringExecutionSummary")
    if status in {"Failed", "Stopped"}:
        return False, f"{name} is {status}: {found.get('FailureReason', 'start it again, or deploy the stack again')}"
    if last is None:
        return True, f"{name} is {status}; nothing has run yet"
    ran = f"last run {last['ScheduledTime']:%Y-%m-%d %H:%M} UTC: {last['MonitoringExecutionStatus']}"
    reason = f" ({one_line(ValueError(last['FailureReason']))})" if last.get("FailureReason") else ""
    # An hour without requests is reported as a failed execution; it is no fault of the stack.
    no_data = "no data" in last.get("FailureReason", "").lower()
    return last["MonitoringExecutionStatus"] != "Failed" or no_data, f"{name} is {status}; {ran}{reason}"


def _open_schedule(scheduler: Any, name: str) -> Answered:
    pages = scheduler.get_paginator("list_schedules").paginate(NamePrefix=name)
    found = next((item for page in pages for item in page["Schedules"] if item["Name"] == name), None)
    if found is None:
        return False, f"{name} is neither a schedule of Model Monitor nor of EventBridge Scheduler; deploy the stack"
    if found["State"] != "ENABLED":
        return False, f"{name} is {found['State']} in EventBridge Scheduler; enable it, or deploy the stack again"
    return True, f"{name} is {found['State']} in EventBridge Scheduler (open engine)"


def _captures(s3: Any, bucket: str, endpoint: str) -> Answered:
    prefix = join(CAPTURED_DATA, endpoint) + "/"
    hour = _newest_folder(s3, bucket, prefix, depth=5)  # variant/yyyy/mm/dd/hh
    if hour is None:
        return False, f"nothing under s3://{bucket}/{prefix}; send a request, wait two minutes, and ask again"
    return True, f"{_files(s3, bucket, hour)} in the newest hour, s3://{bucket}/{hour}"


def _results(s3: Any, bucket: str, endpoint: str, schedule: str) -> Answered:
    prefix = join(MONITORING_RESULTS, endpoint, schedule) + "/"
    hour = _newest_folder(s3, bucket, prefix, depth=4)  # yyyy/mm/dd/hh
    if hour is None:
        return (
            False,
            f"nothing under s3://{bucket}/{prefix}; the first run comes after the next full hour with requests",
        )
    return True, f"{_files(s3, bucket, hour)} of the newest run, s3://{bucket}/{hour}"


def _newest_folder(s3: Any, bucket: str, prefix: str, *, depth: int) -> str | None:
    """The last folder, by name, `depth` levels below the prefix: few requests however many files there are. Years and
    hours sort by name.

    With several variants it is the newest hour of the last variant; the stack has one.
    """
    for _ in range(depth):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        folders = [folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", ())]
        if not folders:
            return None
        prefix = max(folders)
    return prefix


def _files(s3: Any, bucket: str, prefix: str) -> str:
    page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
    number = len(page.get("Contents", ()))
    return f"{number}{'+' if page.get('IsTruncated') else ''} file{'' if number == 1 else 's'}"


def _alarm(cloudwatch: Any, name: str, *, breach_is_fault: bool) -> Answered:
    """An alarm of violations in ALARM means that the chain works; one of failed jobs means that it does not."""
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not found:
        return False, f"there is no alarm {name}; deploy the stack again"
    alarm = found[0]
    state = alarm["StateValue"]
    if not alarm.get("ActionsEnabled", True) or not alarm.get("AlarmActions"):
        return False, f"{name} is {state}, but would tell nobody; enable its actions, or deploy the stack again"
    since = alarm.get("StateUpdatedTimestamp")
    detail = f"{name} is {state}" + (f" since {since:%Y-%m-%d %H:%M} UTC" if since else "")
    if state == "ALARM" and breach_is_fault:
        return False, f"{detail}; the monitor's own log group says why its job failed"
    return True, detail


def _publish(sns: Any, topic: str, endpoint: str) -> Answered:
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic).get("Subscriptions", [])
    sns.publish(
        TopicArn=topic,
        Subject=f"Test: monitoring of {endpoint}"[:100],
        Message=f"This is a test of the notifications about the endpoint {endpoint}. Nothing has happened to it.",
    )
    pending = sum(subscription["SubscriptionArn"] == "PendingConfirmation" for subscription in subscriptions)
    confirmed = len(subscriptions) - pending
    detail = f"published; {confirmed} subscriber{'' if confirmed == 1 else 's'}"
    return True, detail + (f", {pending} of them yet to confirm by e-mail" if pending else "") + (
        "" if subscriptions else ": nobody will read it"
    )


def _responder(functions: Any, name: str) -> Answered:
    answer = functions.invoke(FunctionName=name, Payload=json.dumps({"test": True}).encode())
    body = answer["Payload"].read().decode("utf-8", "replace")
    if "FunctionError" in answer:
        return False, f"{name} failed: {' '.join(body.split())[:200]}; its log group has the trace"
    try:
        replied = json.loads(body)
    except json.JSONDecodeError:
        replied = None
    if not isinstance(replied, dict) or replied.get("ok") is not True:
        return (
            False,
            f"{name} answered {' '.join(body.split())[:200]}; it should answer ok: check its role and its BUCKET_NAME",
        )
    return True, f"{name} answered ok; it can read the results"


def all_ok(checks: Sequence[Check]) -> bool:
    """Whether every step went well."""
    return all(check.ok for check in checks)
