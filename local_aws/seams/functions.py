"""Lambda: asynchronous invocations, dead letters, logs and imports."""

import contextvars
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import ministack.core.lambda_runtime as _lambda_runtime
from ministack.core.responses import (
    request_scope,
)
from ministack.services import cloudwatch_logs as _logs
from ministack.services import eventbridge as _eventbridge
from ministack.services import lambda_svc as _lambda
from ministack.services import sns as _sns

from local_aws.forking import ForkServer


def run_asynchronously(during: Callable[[], AbstractContextManager[None]]) -> None:
    """Run asynchronous invocations as ministack does, inside of `during()`, which is entered before they are answered.

    Attempts, pauses between them and the way of a failure are those of `invoke_async_with_retry`.
    """

    def invoke(function: dict[str, Any], event: Any) -> None:
        under_way = during()
        under_way.__enter__()
        arguments = (run, function, event, under_way)
        threading.Thread(target=contextvars.copy_context().run, args=arguments, daemon=True).start()

    def run(function: dict[str, Any], event: Any, under_way: AbstractContextManager[None]) -> None:
        try:
            config = function.get("config") or function
            with request_scope(*_lambda._account_region_from_function_config(config)):
                _attempt_invocation(function, config, event)
        finally:
            under_way.__exit__(None, None, None)

    _lambda.invoke_async_with_retry = invoke


def _attempt_invocation(function: dict[str, Any], config: dict[str, Any], event: Any) -> None:
    settings = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
    attempts = 1 + int(settings.get("MaximumRetryAttempts", 2))
    on_failure = (settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    on_failure = on_failure or (config.get("DeadLetterConfig") or {}).get("TargetArn")
    started, result = time.monotonic(), {}
    for attempt in range(attempts):
        if attempt:
            pause = _lambda._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2 ** (attempt - 1)
            pause = min(pause, _lambda._LAMBDA_ASYNC_RETRY_MAX_SECONDS)
            if time.monotonic() - started + pause > int(settings.get("MaximumEventAgeInSeconds", 21600)):
                break
            time.sleep(pause)
        result = _lambda._execute_function(function, event)
        if not result.get("error"):
            return
    if on_failure:
        _lambda._route_async_failure(on_failure, config.get("FunctionName", "unknown"), event, result)


def replace_dead_letters(send: Callable[[str, dict[str, str], Any, str], None]) -> None:
    """Call `send(queue or topic ARN, function credentials, event, error message)` for a function's dead letters.

    ministack puts the record of an on-failure destination there, as AWS does only for destinations.
    """
    original = _lambda._route_async_failure

    def route(target_arn: str, function_name: str, event: Any, result: dict[str, Any]) -> None:
        config = _lambda._functions.get(function_name, {}).get("config", {})
        if (config.get("DeadLetterConfig") or {}).get("TargetArn") != target_arn:
            original(target_arn, function_name, event, result)
            return
        answer = result.get("body")
        error = answer.get("errorMessage", "") if isinstance(answer, dict) else ""
        send(target_arn, _lambda_runtime.execution_credentials(config), event, str(error))

    _lambda._route_async_failure = route


def deliver_to_functions(may_invoke: Callable[[str, str, str], bool]) -> None:
    """Make SNS and EventBridge invoke functions asynchronously, as AWS does: permission, retries, dead-letter queue.

    ministack runs the function once and drops its failure. `may_invoke(function ARN, calling service, source ARN)`.
    """
    rule_arn: contextvars.ContextVar[str] = contextvars.ContextVar("rule_arn", default="")

    def invoke(function_arn: str, service: str, source_arn: str, event: Any) -> None:
        function, config, _ = _lambda._get_func_record_for_ref(function_arn)
        if function and config and may_invoke(function_arn, service, source_arn):
            _lambda.invoke_async_with_retry(_lambda._execution_record_for_config(function, config), event)

    def from_sns(endpoint: str, envelope: str, topic_arn: str, subscription_arn: str, *_rest: Any) -> None:
        record = {
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription_arn,
            "EventSource": "aws:sns",
            "Sns": json.loads(envelope),
        }
        invoke(endpoint, "sns.amazonaws.com", topic_arn, {"Records": [record]})

    def from_rule(function_arn: str, payload: str) -> None:
        invoke(function_arn, "events.amazonaws.com", rule_arn.get(), json.loads(payload))

    original = _eventbridge._invoke_target

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any) -> Any:
        token = rule_arn.set(rule.get("Arn", ""))
        try:
            return original(target, event, rule, *rest)
        finally:
            rule_arn.reset(token)

    _sns._deliver_to_lambda = from_sns
    _eventbridge._dispatch_to_lambda = from_rule
    _eventbridge._invoke_target = invoke_target


def record_function_errors(failed: Callable[[str, str], None]) -> None:
    """Call `failed(function's name, error)` whenever an invocation ends in one."""
    original = _lambda._execute_function_dispatch

    def execute(function: dict[str, Any], config: dict[str, Any], *rest: Any) -> dict[str, Any]:
        result: dict[str, Any] = original(function, config, *rest)
        if result.get("error"):
            answer = result.get("body")
            said = answer.get("errorMessage") if isinstance(answer, dict) else answer
            failed(str(config.get("FunctionName")), str(said))
        return result

    _lambda._execute_function_dispatch = execute


def let_invocations_end() -> None:
    """Let an invocation that is under way go on to its end while its function is changed or deleted, as AWS does.

    ministack kills its process, and the invocation ends in an error, which a retry hides.
    """
    kill, release, invalidate = _lambda_runtime.kill_workers, _lambda.release_worker, _lambda.invalidate_worker
    changes: contextvars.ContextVar[bool] = contextvars.ContextVar("changes", default=False)
    leaving: set[Any] = set()

    def let_go(*function: Any, **which: Any) -> None:
        token = changes.set(True)
        try:
            invalidate(*function, **which)
        finally:
            changes.reset(token)

    def kill_idle(workers: list[Any]) -> None:
        busy: set[Any] = set()
        if changes.get():  # one that is over its time is killed at once
            with _lambda_runtime._lock:
                busy = {worker for worker in workers if worker.in_use}
                leaving.update(busy)
        kill([worker for worker in workers if worker not in busy])

    def release_or_kill(worker: Any) -> None:
        with _lambda_runtime._lock:
            is_leaving = worker in leaving
            leaving.discard(worker)
        release(worker)
        if is_leaving:
            kill([worker])

    _lambda_runtime.kill_workers, _lambda.release_worker = kill_idle, release_or_kill
    _lambda.invalidate_worker = let_go


def guard_function_logs(may_write: Callable[[dict[str, str], str, bool], bool]) -> None:
    """Write a function's log only if `may_write(function credentials, log group, whether the group exists)`.

    ministack writes it whatever the function's role may do.
    """
    original = _lambda._emit_lambda_logs

    def emit(function: dict[str, Any], *rest: Any, **more: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
        if may_write(_lambda_runtime.execution_credentials(config), group, group in _logs._log_groups):
            original(function, *rest, **more)

    _lambda._emit_lambda_logs = emit


_WORKER_IMPORTS = Path(__file__).parents[1] / "worker_imports.py"
# Has a sitecustomize.py, with which the same holds for processes that a function starts.
_WORKER_SITE = Path(__file__).parents[1] / "worker_site"
# What ministack's worker imports for every function, and a function that makes a client.
_PYTHON = ForkServer(
    (
        *("boto3", "boto3.s3.inject", "botocore.handlers", "s3transfer.subscribers"),
        *("importlib.util", "platform", "sysconfig"),
    ),
    guard=_WORKER_IMPORTS,
    preparation=Path(__file__).parents[1] / "sdk_files.py",
)


def restrict_function_imports() -> None:
    """Let functions import, of what is installed here, only what the Lambda runtime has: see worker_imports.py."""
    original = _lambda_runtime._detect_runtime_binary
    # Before the standard library: Debian and Ubuntu have a sitecustomize.py in theirs.
    at = 'sys.path.index(sysconfig.get_paths()["stdlib"])'
    guard = f"{_WORKER_IMPORTS.read_text()}\nsys.path.insert({at}, {str(_WORKER_SITE)!r})\n"

    def detect(runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        return (binary, guard + script) if runtime.startswith("python") else (binary, script)

    _lambda_runtime._detect_runtime_binary = detect


class _Starting:
    """Stands in for `subprocess` where ministack starts workers."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    @staticmethod
    def Popen(command: list[str], **options: Any) -> Any:  # noqa: N802 - subprocess's name
        """Start a worker: as a fork, if it is Python's."""
        if command[0] != sys.executable:
            return subprocess.Popen(command, **options)  # noqa: S603 - ministack's command
        layers = [Path(layer) for layer in options["env"].get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep) if layer]
        packages = [path for layer in layers for path in layer.glob("python/lib/*/site-packages")]
        folders = [options["cwd"], *layers, *(layer / "python" for layer in layers), *packages]
        streams = {name: options[name] for name in ("stdin", "stdout", "stderr")}
        return _PYTHON.start(
            command, env=options["env"], cwd=options["cwd"], imports_from=[str(folder) for folder in folders], **streams
        )


def fork_workers() -> None:
    """Start functions' workers in Python as forks: see `local_aws.forking`."""
    _lambda_runtime.subprocess = _Starting()


def function_policy(function_arn: str) -> Mapping[str, Any] | None:
    """A function's resource policy, or None."""
    found = _lambda.function_policy_for_arn(function_arn)
    return found[0] if found else None
