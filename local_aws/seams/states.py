"""Step Functions: who a task acts as, what it calls, and how long it waits."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

import ministack.core.iam_actions as _iam_actions
from ministack.services import stepfunctions as _states

from local_aws.clock import VirtualClock, iso
from local_aws.seams.requests import json_object

Invoke = Callable[[str, Any], Any]
TaskFailed = _states._ExecutionError
"""Raised with `error` and `cause` by what a task calls; Retry and Catch match the first."""


class Waiting(Protocol):
    """Who lets an execution wait."""

    def until(self, execution: str, seconds: float, done: Callable[[], bool]) -> bool:
        """Wait until `done()`, at most so many seconds of the virtual clock; whether it was done."""


_role: ContextVar[str] = ContextVar("role", default="")
_execution: ContextVar[str] = ContextVar("execution", default="")
_machines_of_tokens: dict[str, str] = {}


def put_executions_on_clock(clock: VirtualClock) -> None:
    """What Step Functions says of time goes by the virtual clock."""
    _states.now_iso = lambda: iso(clock.now())


def run_executions(under_way: Callable[[str], Any]) -> None:
    """Run each execution inside of `under_way(its ARN)`; one that was aborted stays aborted, and its thread ends."""
    original, fail = _states._run_execution, _states._fail_execution

    def run(execution_arn: str) -> None:
        token = _execution.set(execution_arn)
        try:
            with under_way(execution_arn):
                original(execution_arn)
        finally:
            _execution.reset(token)

    def failed(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    _states._run_execution, _states._fail_execution = run, failed


def record_failed_tasks(failed: Callable[[str, str, str], None]) -> None:
    """Call `failed(execution's ARN, error, cause)` for every task, each of its tries, and execution that fails."""
    original = _states._add_event

    def add(execution: dict[str, Any], kind: str, details: dict[str, Any] | None = None) -> Any:
        event = original(execution, kind, details)
        if kind in ("TaskFailed", "ExecutionFailed"):
            said = (details or {})[f"{kind[0].lower()}{kind[1:]}EventDetails"]
            failed(str(execution["executionArn"]), str(said["error"]), str(said["cause"]))
        return event

    _states._add_event = add


def authorise_answers_on_machines() -> None:
    """Who answers a task's token needs the right on the state machine that waits, as policies for AWS name it.

    ministack finds no resource in such a request, and lets only those in who may answer on everything ("*").
    Source: Service Authorization Reference, AWS Step Functions, SendTaskSuccess: resource type statemachine.
    """
    original = _iam_actions.extract_resource_arn

    def extract(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:
        machine = _machines_of_tokens.get(str(json_object(body).get("taskToken"))) if service == "states" else None
        return machine or str(original(service, method, path, headers, body, *rest))

    _iam_actions.extract_resource_arn = extract


def call_as_role(call: Callable[[str, str, Any], Any], waiting: Waiting) -> None:
    """Replace what tasks do: `call(role ARN, resource, input)` for every one; waits are `waiting`'s.

    ministack calls services in process, whatever the machine's role may do, and waits in real time.
    """
    task = _states._execute_task

    def execute_task(state: Any, raw: Any, execution: dict[str, Any], context: Any) -> Any:
        role = _states._state_machines[execution["stateMachineArn"]]["roleArn"]
        token = _role.set(role)
        try:
            return task(state, raw, execution, context)
        finally:
            _role.reset(token)

    def invoke(resource: str, data: Any) -> Any:
        return call(_role.get(), resource, data)

    def with_callback(resource: str, data: Any, token: str, state: dict[str, Any]) -> Any:
        info: dict[str, Any] = {"event": _Flag(), "result": None, "error": None, "heartbeat": None}
        _states._task_tokens[token] = info
        # It stays known when nobody waits any more: that is another answer than a refusal.
        _machines_of_tokens[token] = _states._executions[_execution.get()]["stateMachineArn"]
        try:
            call(_role.get(), resource.replace(".waitForTaskToken", ""), data)
            _wait_for_token(info, state, waiting)
        finally:
            _states._task_tokens.pop(token, None)
        if info["error"]:
            raise TaskFailed(info["error"]["Error"], info["error"]["Cause"])
        return json.loads(info["result"] or "{}")

    def sleep(seconds: float) -> None:
        waiting.until(_execution.get(), seconds, lambda: _is_over(_execution.get()))
        _end_if_aborted()

    _states._execute_task = execute_task
    _states._invoke_resource = invoke
    _states._invoke_with_callback = with_callback
    _states._scaled_sleep = sleep


class _Flag:
    """Stands in the place of a threading.Event: the wait for it is on the virtual clock."""

    def __init__(self) -> None:
        self.is_set = False

    def set(self) -> None:
        self.is_set = True


def _wait_for_token(info: dict[str, Any], state: dict[str, Any], waiting: Waiting) -> None:
    """Wait for the token's answer; States.Timeout at the end of its time, States.HeartbeatTimeout without a sign."""
    left, beat = float(state.get("TimeoutSeconds", 99999999)), state.get("HeartbeatSeconds")
    arn = _execution.get()
    while True:
        before, pause = info["heartbeat"], min(left, float(beat)) if beat else left
        waiting.until(arn, pause, lambda: info["event"].is_set or _is_over(arn))
        _end_if_aborted()
        if info["event"].is_set:
            return
        left -= pause
        if left <= 0:
            raise TaskFailed("States.Timeout", "")
        if info["heartbeat"] == before:
            raise TaskFailed("States.HeartbeatTimeout", "")


def _is_over(arn: str) -> bool:
    execution = _states._executions.get(arn)
    return execution is None or execution["status"] != "RUNNING"


def _end_if_aborted() -> None:
    if _is_over(_execution.get()):
        raise TaskFailed("States.Aborted", "the execution was stopped")
