"""Starts a retraining, or says why not: on an alarm that lasts, on a schedule, or by hand.

An hourly check asks again for what has lasted since, or was refused when the alarm rang.

One run at a time: the lock is a conditional write, so of two alarms at once one starts. Every "no" is logged with its
reason and counted. Permissions and environment variables: functions/README.md.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from contract import retraining as names
from contract.monitor_kinds import DATA_QUALITY
from functions.common.aws_clients import client, error_code
from functions.common.environment import required
from functions.common.json_logging import log
from functions.common.retraining_state import State
from functions.common.s3_objects import list_objects, read_json
from functions.start_retraining.triggers import Trigger, checked, lasting, read_trigger

_RUNNING = "RUNNING"
# Between taking the lock and the execution that it names lie some milliseconds.
_GRACE = timedelta(minutes=5)
_MOST_LABEL_BYTES = 64 * 1024 * 1024


class NotStarted(Exception):  # noqa: N818 - an answer, not a fault
    """A reason of the contract's, and what is known beside it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True)
class Services:
    """What is asked, and the time."""

    s3: Any
    sagemaker: Any
    states: Any
    cloudwatch: Any
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def process(event: Any, settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """One request for a retraining; the answer says what came of it."""
    trigger = read_trigger(event)
    if trigger is None:
        return {"started": None, "reason": "not an alarm that begins"}
    if trigger.by == "check":
        asked = trigger.at or services.now()
        found = checked(settings, services.cloudwatch, asked, _answered(State(services.s3, settings["bucket"]).last()))
        if isinstance(found, str):  # nobody asked, so nobody is refused
            return {"started": None, "reason": found}
        trigger = found
    try:
        execution = _start(trigger, settings, services)
    except NotStarted as no:
        _count(services, settings, names.NOT_STARTED, no.reason)
        return {"started": None, "reason": str(no), "trigger": trigger.text}
    _count(services, settings, names.STARTED, trigger.by)
    return {"started": execution, "trigger": trigger.text}


def _start(trigger: Trigger, settings: Mapping[str, Any], services: Services) -> str:
    state = State(services.s3, settings["bucket"])
    asked = trigger.at or services.now()
    last = state.last()
    problem = lasting(trigger, settings, services.cloudwatch, asked, _answered(last))
    if problem:
        raise NotStarted(*problem)
    held = _check_running(state, services)
    _check_waiting(settings, services)
    if trigger.by != "hand":  # a person has decided
        _check_cool_down(last, settings, asked)
        _check_labels(last, settings, services)
    champion = _champion(settings, services)
    now = services.now()
    digest = hashlib.sha256(json.dumps([trigger.text, now.isoformat()]).encode()).hexdigest()[:8]
    name = f"{now:%Y%m%dT%H%M%S}-{digest}"
    execution = str(settings["state_machine_arn"]).replace(":stateMachine:", ":execution:") + f":{name}"
    lock = {"execution": execution, "at": now.isoformat(), "trigger": trigger.text}
    if not state.take_lock(lock, instead_of=held):
        raise NotStarted(names.RUNNING, "another request was faster")
    try:
        services.states.start_execution(
            stateMachineArn=settings["state_machine_arn"],
            name=name,
            input=json.dumps(_input(trigger, settings, champion, name, state)),
        )
    except Exception:
        state.release_lock(execution)
        raise
    return execution


def _answered(last: Mapping[str, Any]) -> datetime | None:
    """When the last retraining ended."""
    return datetime.fromisoformat(last["ended"]) if last else None


def _input(
    trigger: Trigger, settings: Mapping[str, Any], champion: Mapping[str, str], name: str, state: State
) -> dict[str, Any]:
    run_uri = f"s3://{settings['bucket']}/{names.RUNS_FOLDER}/{name}"
    parameters = {
        names.RUN_URI: run_uri,
        names.CHAMPION_URI: champion["model_data"],
        names.REASON_PARAMETER: trigger.text[:1024],
        **_statistics(state),
        **{parameter: str(value) for parameter, value in trigger.parameters.items()},
    }
    return {
        "trigger": trigger.text,
        "by": trigger.by,
        "run_uri": run_uri,
        "champion": dict(champion),
        # What a ClientRequestToken must have: 32 characters at least.
        "token": hashlib.sha256(run_uri.encode()).hexdigest()[:40],
        "parameters": [{"Name": key, "Value": value} for key, value in sorted(parameters.items())],
    }


def _statistics(state: State) -> dict[str, str]:
    """The ranges that records are held against: the declared baseline's, or since a deployment the new one's."""
    pointer = state.pointer()
    uri = pointer.get("inputs", {}).get(DATA_QUALITY, {}).get("baseline_statistics")
    return {names.STATISTICS_URI: uri} if uri else {}


def _check_running(state: State, services: Services) -> str | None:
    """Refuse while one runs; the version of a lock whose execution is over, which may be replaced."""
    held = state.running()
    if held is None:
        return None
    content, version = held
    try:
        status = services.states.describe_execution(executionArn=content["execution"])["status"]
    except ClientError as error:
        if error_code(error) != "ExecutionDoesNotExist":
            raise
        began = datetime.fromisoformat(content["at"])
        status = _RUNNING if services.now() - began < _GRACE else "never started"
    if status == _RUNNING:
        raise NotStarted(names.RUNNING, content["execution"])
    log("WARNING", "the lock of an execution that is over", execution=content["execution"], status=status)
    return version


def _check_waiting(settings: Mapping[str, Any], services: Services) -> None:
    found = services.sagemaker.list_model_packages(
        ModelPackageGroupName=settings["group_name"], ModelApprovalStatus="PendingManualApproval", MaxResults=1
    )["ModelPackageSummaryList"]
    if found:
        raise NotStarted(names.WAITS, found[0]["ModelPackageArn"])


def _check_cool_down(last: Mapping[str, Any], settings: Mapping[str, Any], now: datetime) -> None:
    hours = float(settings["cool_down_hours"])
    if last and now - datetime.fromisoformat(last["ended"]) < timedelta(hours=hours):
        raise NotStarted(names.COOL_DOWN, f"the last one ended at {last['ended']}, {hours:g} h must pass")


def _check_labels(last: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> None:
    """Labels that were written since the last run was started, one a line; counted only until there are enough."""
    needed = int(settings["least_new_labels"])
    since = datetime.fromisoformat(last["labels_until"]) if last.get("labels_until") else None
    found, read = 0, 0
    for item in reversed(list(list_objects(services.s3, settings["bucket"], f"{settings['ground_truth_prefix']}/"))):
        if found >= needed:
            return
        if read > _MOST_LABEL_BYTES:
            log("INFO", "not all new labels were counted: there are enough by their size", counted=found, bytes=read)
            return
        answer = services.s3.get_object(Bucket=settings["bucket"], Key=item.key)
        if since is not None and answer["LastModified"] <= since:
            continue
        read += item.size
        found += sum(1 for line in answer["Body"].iter_lines() if line.strip())
    if found < needed:
        raise NotStarted(names.TOO_FEW_LABELS, f"{found} since the last run, {needed} are needed")


def _champion(settings: Mapping[str, Any], services: Services) -> dict[str, str]:
    """What serves now."""
    endpoint = services.sagemaker.describe_endpoint(EndpointName=settings["endpoint_name"])
    config = services.sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = config["ProductionVariants"][0]["ModelName"]
    container = services.sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    return {
        "endpoint": settings["endpoint_name"],
        "config": endpoint["EndpointConfigName"],
        "model": model,
        "model_data": container["ModelDataUrl"],
    }


def _count(services: Services, settings: Mapping[str, Any], metric: str, reason: str) -> None:
    dimensions = [
        {"Name": "Endpoint", "Value": settings["endpoint_name"]},
        {"Name": names.REASON, "Value": reason[:255]},
    ]
    services.cloudwatch.put_metric_data(
        Namespace=settings["metric_namespace"],
        MetricData=[{"MetricName": metric, "Dimensions": dimensions, "Value": 1.0, "Unit": "Count"}],
    )


def handler(event: Any, _context: Any) -> dict[str, Any]:
    """Lambda's entry."""
    services = Services(*(client(name) for name in ("s3", "sagemaker", "stepfunctions", "cloudwatch")))
    bucket = required(os.environ, "BUCKET_NAME")
    settings = read_json(services.s3, bucket, required(os.environ, "SETTINGS_KEY"))
    settings = {**settings, "state_machine_arn": required(os.environ, "STATE_MACHINE_ARN")}
    answer = process(event, settings, services)
    log("INFO", "retraining", **answer)
    return answer
