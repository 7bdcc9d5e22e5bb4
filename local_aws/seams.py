"""Every place where ministack or moto is rebound or entered; nothing else in this package touches their internals.

Both are pinned exactly, and tests/local_aws/test_seams.py has a contract test for each function here, which fails
loudly when a new version of either has moved what is used. Import this module only after the environment of
`local_aws.server` is in place: ministack reads it at import.
"""

import contextvars
import json
import secrets
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import ministack.app as _gateway
import ministack.core.iam_actions as _iam_actions
import ministack.core.iam_evaluator as _iam
import ministack.core.lambda_runtime as _lambda_runtime
import ministack.core.router as _router
import moto.sagemaker.models as _moto_models
from ministack.core.responses import (
    get_account_id,
    get_region,
    request_scope,
    set_request_account_id,
    set_request_region,
)
from ministack.services import cloudwatch as _cloudwatch
from ministack.services import cloudwatch_logs as _logs
from ministack.services import eventbridge as _eventbridge
from ministack.services import iam as _iam_service
from ministack.services import kms as _kms
from ministack.services import lambda_svc as _lambda
from ministack.services import s3 as _s3
from ministack.services import scheduler as _scheduler
from ministack.services import sns as _sns
from ministack.services import sqs as _sqs
from ministack.services import sts as _sts
from moto.core.parse import PROTOCOL_PARSERS as _PARSERS
from moto.core.request import Request as _MotoRequest
from moto.core.routing import get_service_router as _service_router
from moto.core.utils import get_service_model as _moto_service_model
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import Client

from local_aws.clock import CalendarModule, TimeModule, VirtualClock
from local_aws.validation import service_model

Response = tuple[int, dict[str, str], bytes]
Query = dict[str, list[str]]
Handler = Callable[[str, str, dict[str, str], bytes, Query], Awaitable[Response]]
Denied = Callable[[str, str, str], None]

__all__ = ["Handler", "MotoSageMaker", "Response", "asgi_app", "get_account_id", "get_region", "request_scope"]

asgi_app = _gateway.app
_WORKER_IMPORTS = Path(__file__).with_name("worker_imports.py")

# ------------------------------------------------------------------------------------------------ the gateway

# ministack's names of services, where they differ from botocore's.
_BOTOCORE_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions"}


def serve_sagemaker(handler: Handler, resource_arn: Callable[[str, Mapping[str, Any]], str]) -> None:
    """Route everything that targets or is signed for SageMaker to `handler`.

    Under IAM enforcement an action is authorised on `resource_arn(operation, parameters)`.
    """
    _gateway.SERVICE_HANDLERS["sagemaker"] = handler
    _router.SERVICE_PATTERNS["sagemaker"] = {
        "target_prefixes": ["SageMaker."],
        "host_patterns": [r"sagemaker\."],
        "credential_scope": "sagemaker",
    }
    _iam_actions.SERVICE_TO_IAM_NAMESPACE["sagemaker"] = "sagemaker"
    original = _iam_actions.extract_resource_arn

    def extract(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:
        if service != "sagemaker":
            return str(original(service, method, path, headers, body, *rest))
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        return resource_arn(operation, _json_object(body))

    _iam_actions.extract_resource_arn = extract


def serve_scaling(handler: Handler) -> None:
    """Route everything that is signed for Application Auto Scaling to `handler`."""
    name = "application-autoscaling"
    _gateway.SERVICE_HANDLERS[name] = handler
    _router.SERVICE_PATTERNS[name] = {
        "target_prefixes": ["AnyScaleFrontendService."],
        "host_patterns": [rf"{name}\."],
        "credential_scope": name,
    }
    _iam_actions.SERVICE_TO_IAM_NAMESPACE[name] = name


def answer_cloudwatch(operations: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]) -> None:
    """Answer operations of CloudWatch that ministack lacks, in the JSON protocol, which botocore speaks.

    An operation takes parameters and returns members; an exception with `code`, `message` and `status` is its error.
    """
    original = _gateway.SERVICE_HANDLERS["monitoring"]

    async def handler(method: str, path: str, headers: dict[str, str], body: bytes, query: Query) -> Response:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation not in operations:
            answer: Response = await original(method, path, headers, body, query)
            return answer
        try:
            result = operations[operation](_json_object(_gateway._decompress_request_body(body, headers)))
        except Exception as error:
            if not hasattr(error, "code"):
                raise
            failed: Response = _cloudwatch._error(error.code, str(error), getattr(error, "status", 400), use_json=True)
            return failed
        plain = json.dumps(result, default=lambda value: value.timestamp())
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, plain.encode()

    _gateway.SERVICE_HANDLERS["monitoring"] = handler


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def observe_requests(
    observer: Callable[[str, str, dict[str, Any]], None], unread: Callable[[str, str, str], None]
) -> None:
    """Call `observer(botocore service, operation, parameters)` for every request to a service, before it is served.

    `unread(service, method, path)` is told of a request that cannot be read (an unknown operation, a malformed body).
    """
    original = _gateway._dispatch_service_request

    async def dispatch(  # noqa: PLR0917 - ministack's signature
        method: str, path: str, headers: dict[str, str], body: bytes, query: Query, request_id: str
    ) -> Response:
        routing = _gateway._routing_params(method, path, headers, body, query)
        service = _router.detect_service(method, path, headers, routing)
        service = _BOTOCORE_NAMES.get(service, service)
        # Clients compress large bodies; S3's are data and stay as they are.
        plain = body if service == "s3" else _gateway._decompress_request_body(body, dict(headers))
        parsed = read_request(service, method, path, headers, plain, query)
        if parsed is not None:
            observer(service, *parsed)
        else:
            unread(service, method, path)
        answer: Response = await original(method, path, headers, body, query, request_id)
        return answer

    _gateway._dispatch_service_request = dispatch


def read_request(  # noqa: PLR0917 - the parts of a request as ministack hands them on
    service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Query
) -> tuple[str, dict[str, Any]] | None:
    """The operation and parameters of a request by botocore's model of the service; None if they cannot be told."""
    try:
        model = service_model(service)
        target = headers.get("x-amz-target", "")
        if target:
            return target.rpartition(".")[2], _json_object(body)
        request = _MotoRequest.from_primitives(
            method, f"http://127.0.0.1{quote(path, safe='/:')}?{urlencode(query, doseq=True)}", headers, body
        )
        if "rest" in model.protocol:
            operation, uri = _service_router(service).match(request)
        else:
            operation, uri = _moto_service_model(service).operation_model(request.values["Action"]), {}
        parameters = _PARSERS[model.protocol](operation, map_type=dict).parse(
            {
                "method": method,
                "values": request.values,
                "headers": request.headers,
                "body": body,
                "url_path": path,
                "url_params": uri,
            }
        )
    except Exception:
        return None
    return operation.name, parameters


# ------------------------------------------------------------------------------------------------ time


def put_on_clock(clock: VirtualClock) -> None:
    """What services say of time goes by the virtual clock.

    These are metrics, alarms and their history, schedules, the `time` of events, messages of SNS and S3's LastModified.
    """
    _cloudwatch.time = TimeModule(clock)
    # What SNS hands to a queue is visible by the queue's time, which is real.
    _sns.time = CalendarModule(clock)
    _s3.now_iso = lambda: f"{clock.now():%Y-%m-%dT%H:%M:%S.000Z}"
    _scheduler._now = clock.time
    _eventbridge._now_ts = clock.time


# ------------------------------------------------------------------------------------------------ CloudWatch


def replace_alarm_evaluation(evaluate: Callable[[dict[str, Any]], None]) -> None:
    """Call `evaluate(alarm)` where ministack would evaluate an alarm itself: when metrics or the alarm are put."""
    _cloudwatch._evaluate_alarm = evaluate


def keep_metric_queries(problem: Callable[[Mapping[str, Any]], str | None]) -> None:
    """Keep the Metrics of an alarm, which ministack drops; `problem(request)` refuses queries with a sentence."""
    original = _cloudwatch._put_metric_alarm

    def put(params: Any, data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Response:
        queries = data.get("Metrics")
        refused = problem(data) if queries else None
        if refused:
            error: Response = _cloudwatch._error("ValidationError", refused, 400, use_json=is_json, use_cbor=is_cbor)
            return error
        answer: Response = original(params, data, is_cbor, is_json)
        if queries:
            alarm = _cloudwatch._alarms[data["AlarmName"]]
            # The alarm has the form that CloudWatch describes it in: without what belongs to a single metric.
            alarm.update(Metrics=queries, Statistic=None, Dimensions=[])
            _cloudwatch._evaluate_alarm(alarm)
        return answer

    _cloudwatch._put_metric_alarm = put


def metric_points(namespace: str, name: str, dimensions: Mapping[str, str]) -> list[dict[str, Any]]:
    """The stored points of exactly this metric, in the current account and region."""
    points: list[dict[str, Any]] = _cloudwatch._metrics.get(
        (namespace, name, _cloudwatch._dims_key(dict(dimensions))), []
    )
    return points


def point_statistics(points: list[dict[str, Any]], statistic: str) -> float | None:
    """A statistic (`Maximum`, `Sum`, …, `p99`) over points; None if there is none."""
    statistics = _cloudwatch._calc_stats(points)
    if not statistics:
        return None
    value = _cloudwatch._stat_value(statistics, statistic, points)
    return None if value is None else float(value)


def alarms_everywhere() -> list[tuple[str, str, dict[str, Any]]]:
    """Every metric alarm as (account, region, alarm)."""
    return [(account, region, alarm) for (account, region, _), alarm in list(_cloudwatch._alarms._data.items())]


def replace_alarm_actions(act: Callable[[dict[str, Any], str, str, str], None]) -> None:
    """Call `act(alarm, old state, new state, reason)` on every transition, where ministack would tell SNS itself."""
    _cloudwatch._dispatch_alarm_actions = act


def change_alarm_state(alarm: dict[str, Any], state: str, reason: str, reason_data: str) -> None:
    """Set an alarm's state as CloudWatch does on a transition: history, actions, composite alarms above it."""
    old = alarm["StateValue"]
    now = int(_cloudwatch.time.time())
    alarm.update(StateValue=state, StateReason=reason, StateReasonData=reason_data)
    alarm.update(StateUpdatedTimestamp=now, StateTransitionedTimestamp=now)
    _cloudwatch._record_history(alarm["AlarmName"], old, state, reason, reason_data=reason_data)
    _cloudwatch._dispatch_alarm_actions(alarm, old, state, reason)
    _cloudwatch._evaluate_parent_alarms(alarm)


def record_metric(
    namespace: str, name: str, dimensions: Mapping[str, str], unit: str, statistics: Mapping[str, float]
) -> None:
    """Store a statistic set (SampleCount, Sum, Minimum, Maximum) as AWS's services publish their own metrics."""
    _cloudwatch._store_datum(
        namespace, name, dict(dimensions), _cloudwatch.time.time(), unit, None, None, None, dict(statistics)
    )


# ------------------------------------------------------------------------------------------ EventBridge Scheduler


def stop_own_scheduler() -> None:
    """Keep ministack from firing schedules of EventBridge Scheduler: it would on real time, and without their role."""
    _scheduler.start_scheduler = lambda: None


def schedules_everywhere() -> list[tuple[str, str, dict[str, Any]]]:
    """Every schedule of EventBridge Scheduler as (account, region, schedule)."""
    return [(account, region, item) for (account, region, _), item in list(_scheduler._schedules._data.items())]


def forget_schedule(account: str, region: str, schedule: Mapping[str, Any]) -> None:
    """Delete a schedule that has completed."""
    _scheduler._schedules._data.pop((account, region, f"{schedule['GroupName']}/{schedule['Name']}"), None)


def moment(value: Any) -> datetime | None:
    """A time as ministack keeps it (seconds or ISO 8601) in UTC; None for None."""
    seconds = _scheduler._to_epoch(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def next_cron_time(expression: str, after: datetime) -> datetime | None:
    """The first time after the minute of `after` (both without a zone) that a `cron(…)` of six fields matches."""
    fields = _eventbridge._parse_cron_fields(expression)
    if fields is None:
        raise ValueError("a cron expression has six fields, one of day-of-month and day-of-week being ?")
    found = _eventbridge._cron_next_fire(fields, after.replace(tzinfo=UTC))
    return None if found is None else found.replace(tzinfo=None)


# --------------------------------------------------------------------------------------- EventBridge, SNS, Lambda


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


def keep_posts_on_loopback(post_kept_back: Callable[[str], None]) -> None:
    """Let SNS post to HTTP endpoints on loopback only; `post_kept_back(endpoint)` is told of every other.

    ministack posts to whatever endpoint was subscribed; nothing of this AWS may leave the machine.
    """
    original = _sns._http_post_sync

    def post(endpoint: str, *rest: Any) -> Any:
        if urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1"):
            return original(endpoint, *rest)
        post_kept_back(endpoint)
        raise ConnectionError(f"{endpoint} is not on this machine: nothing was posted")

    _sns._http_post_sync = post


def return_subscription_arns() -> None:
    """Answer Subscribe with ReturnSubscriptionArn with the ARN of a subscription that waits for its confirmation."""
    original = _sns._subscribe

    def subscribe(parameters: Any) -> Response:
        answer: Response = original(parameters)
        wanted = _sns._p(parameters, "ReturnSubscriptionArn") == "true"
        topic = _sns._topic_by_arn_any_scope(_sns._p(parameters, "TopicArn"))
        if not wanted or topic is None:
            return answer
        protocol, endpoint = _sns._p(parameters, "Protocol"), _sns._p(parameters, "Endpoint")
        mine = (item for item in topic["subscriptions"] if (item["protocol"], item["endpoint"]) == (protocol, endpoint))
        arn = next((item["arn"] for item in mine), "pending confirmation")
        return answer[0], answer[1], answer[2].replace(b"pending confirmation", arn.encode())

    _sns._subscribe = subscribe


def publish(topic_arn: str, subject: str, message: str) -> None:
    """Deliver a message to a topic's subscribers, as a service that may publish does."""
    _sns._fanout(topic_arn, str(uuid.uuid4()), message, subject)


def topic_encryption_key(topic_arn: str) -> str:
    """The KmsMasterKeyId of a topic; empty if it has none."""
    topic = _sns._topic_by_arn_any_scope(topic_arn)
    return str((topic or {}).get("attributes", {}).get("KmsMasterKeyId") or "")


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


def send_aws_event(entry: Mapping[str, Any]) -> None:
    """Put an event whose source begins with `aws.`, in the current account and region."""
    _eventbridge._put_events({"Entries": [dict(entry)]}, allow_aws_source=True)


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


def restrict_function_imports() -> None:
    """Let functions import, of what is installed here, only what the Lambda runtime has: see worker_imports.py."""
    original = _lambda_runtime._detect_runtime_binary
    guard = _WORKER_IMPORTS.read_text() + "\n"

    def detect(runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        return (binary, guard + script) if runtime.startswith("python") else (binary, script)

    _lambda_runtime._detect_runtime_binary = detect


# ------------------------------------------------------------------------------------------------ IAM


@dataclass(frozen=True)
class Refusal:
    """Why IAM refuses: the principal, and whether a policy says so explicitly."""

    principal: str
    explicit: bool


def record_denials(denied: Denied) -> None:
    """Call `denied(principal, action, resource)` whenever a request is refused by IAM policies."""
    original = _iam.enforce

    def enforce(access_key: str, action: str, service: str, region: str, **rest: Any) -> Any:
        result = original(access_key, action, service, region, **rest)
        if isinstance(result, _iam.EvalResult):
            denied(result.principal_arn, action, rest.get("resource_arn", "*"))
        return result

    _iam.enforce = enforce


def record_uses(used: Denied) -> None:
    """Call `used(principal, action, resource)` whenever the policies of an assumed role let it do something.

    What only a resource's own policy allows is no use of the role's.
    """
    original = _iam.evaluate

    def evaluate(context: Any, policies: Any, *limits: Any) -> Any:
        result = original(context, policies, *limits)
        if result.decision == "Allow" and context.principal_type == "AssumedRole":
            used(context.principal_arn, context.action, context.resource_arn)
        return result

    _iam.evaluate = evaluate


def count_loopback_as_secure_transport() -> None:
    """`aws:SecureTransport` is true: nothing that travels on loopback can be read on the way.

    Without it a policy that asks for TLS, as every bucket should have one, would lock everybody out of a server that
    has no certificate that clients trust.
    """
    original = _gateway.pin_request_origin
    _gateway.pin_request_origin = lambda source_ip, _secure: original(source_ip, True)


def supply_metric_namespace() -> None:
    """Give policies the `cloudwatch:namespace` of a PutMetricData request, which ministack leaves out."""
    original = _iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        found = dict(original(service, action, body, parameters))
        if action == "cloudwatch:PutMetricData":
            form = parameters.get("Namespace", [""])
            found["cloudwatch:namespace"] = _json_object(body).get("Namespace") or (
                form if isinstance(form, str) else form[0]
            )
        return found

    _iam_actions.request_tag_context = context


def refusal(access_key: str, action: str, resource: str, context: Mapping[str, Any]) -> Refusal | None:
    """Why the holder of an access key may not do `action` on `resource`; None if it may."""
    principal = _iam.resolve_principal(access_key, get_account_id())
    if isinstance(principal, _iam.AuthError):
        return Refusal(access_key, explicit=False)
    if principal.policies is None:
        return None
    evaluation = _iam.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={name.lower(): value for name, value in context.items()},
        principal_keys=principal.keys,
    )
    result = _iam.evaluate(evaluation, principal.policies, *principal.limits)
    return None if result.decision == "Allow" else Refusal(principal.arn, explicit=result.decision == "Deny")


def service_is_allowed(
    policy: str | Mapping[str, Any] | None, service: str, action: str, resource: str, context: Mapping[str, Any]
) -> bool:
    """Whether a resource or trust policy lets an AWS service (`sns.amazonaws.com`) do `action` on `resource`."""
    document = json.loads(policy) if isinstance(policy, str) and policy else policy
    if not isinstance(document, Mapping):
        return False
    statements = document.get("Statement", [])
    evaluation = _iam.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=str(context.get("aws:SourceAccount", "")),
        action=action,
        resource_arn=resource,
        region=get_region(),
        secure_transport=True,  # services talk to each other inside AWS
        service_context={name.lower(): value for name, value in context.items()},
    )
    named = [
        # A trust policy has no Resource: it is the role's own.
        {"Resource": "*", **statement}
        for statement in ([statements] if isinstance(statements, Mapping) else statements)
        if _iam._service_principal_matches(statement.get("Principal"), service) or _anyone(statement.get("Principal"))
    ]
    parsed = [_iam.parse_policy_document({"Version": "2012-10-17", "Statement": named})]
    return bool(_iam.evaluate(evaluation, parsed).decision == "Allow")


def _anyone(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and principal.get("AWS") in ("*", ["*"]))


def find_role(role_arn: str) -> Mapping[str, Any] | None:
    """The IAM role of an ARN, or None."""
    account = role_arn.split(":")[4]
    role: Mapping[str, Any] | None = _iam_service._roles.get_scoped(account, None, role_arn.rsplit("/", 1)[-1])
    return role


def open_role_session(role_arn: str, session_name: str) -> dict[str, str]:
    """Credentials of a service that has assumed a role, as environment variables."""
    account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    access_key = "ASIA" + secrets.token_hex(8).upper()
    secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(60)
    _sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session_name[:64]}",
            "UserId": f"{(find_role(role_arn) or {}).get('RoleId', role)}:{session_name[:64]}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def close_role_session(access_key: str) -> None:
    """Forget a session."""
    _sts._sessions.pop(access_key, None)


def key_arn(reference: str) -> str:
    """The ARN of a key given by ID, ARN or alias; empty for AWS's own keys and for what is no key here."""
    key = _kms._resolve_key(reference)
    return str(key["Arn"]) if key else ""


def key_policy(reference: str) -> str:
    """A key's policy; empty if there is no such key."""
    return str((_kms._resolve_key(reference) or {}).get("Policy") or "")


def refuse_key_use(service: str, action: str, key: str, headers: dict[str, str]) -> Response | None:
    """The answer of `service` to a caller who may not do `action` with a key; None if they may."""
    access_key = access_key_of(headers)
    result = _iam.enforce(access_key, action, "kms", get_region(), resource_arn=key)
    if not isinstance(result, _iam.EvalResult):
        return None
    answer: Response = _iam_actions.access_denied_response(
        service, action, result.principal_arn, str(uuid.uuid4()), headers=headers
    )
    return answer


_KMS_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"


def bucket_key(bucket: str) -> str:
    """The KMS key of a bucket's default encryption; empty if it has none."""
    return str(_s3._bucket_default_sse_headers(bucket).get(_KMS_HEADER, ""))


def object_key(bucket: str, key: str) -> str:
    """The KMS key that an object is encrypted with; empty if it is none."""
    record = ((_s3._buckets.get(bucket) or {}).get("objects") or {}).get(key) or {}
    parts = (part for part in record.values() if isinstance(part, dict) and _KMS_HEADER in part)
    own = next((part[_KMS_HEADER] for part in parts), "")
    return str(own or (bucket_key(bucket) if record else ""))


def queue_key(url: str) -> str:
    """The KMS key of a queue; empty if it has none."""
    account, name = _sqs._queue_ref_from_urlish(url)
    arn = f"arn:aws:sqs:{get_region()}:{account or get_account_id()}:{name}"
    queue = _sqs._queue_by_arn(arn) or {}
    return str(queue.get("attributes", {}).get("KmsMasterKeyId") or "")


def function_policy(function_arn: str) -> Mapping[str, Any] | None:
    """A function's resource policy, or None."""
    found = _lambda.function_policy_for_arn(function_arn)
    return found[0] if found else None


def topic_policy(topic_arn: str) -> str | None:
    """A topic's policy as JSON text; empty for the default one, None if there is no such topic."""
    found = _sns.topic_policy_for_arn(topic_arn)
    return found[0] if found else None


def check_after_authentication(service: str, check: Callable[[str, dict[str, str], Any], Response | None]) -> None:
    """Run `check(operation, headers, parameters)` on requests of a service that IAM let through; an answer refuses."""
    original = _gateway.SERVICE_HANDLERS[service]

    async def handler(method: str, path: str, headers: dict[str, str], body: bytes, query: Query) -> Response:
        parsed = read_request(_BOTOCORE_NAMES.get(service, service), method, path, headers, body, query)
        refused = check(parsed[0], headers, parsed[1]) if parsed else None
        if refused is not None:
            return refused
        answer: Response = await original(method, path, headers, body, query)
        return answer

    _gateway.SERVICE_HANDLERS[service] = handler


def access_key_of(headers: Mapping[str, str]) -> str:
    """The access key that signed a request."""
    return str(_router.extract_access_key_id(headers))


def enter_request(scope: Mapping[str, Any], headers: Mapping[str, str], body: bytes) -> None:
    """Set account, region and the signature to check, for a request that ministack does not route."""
    access_key = access_key_of(headers)
    if _gateway.AUTH:
        set_request_account_id(_gateway._request_account_scope(access_key))
    else:
        set_request_account_id(access_key)
    set_request_region(_router.extract_region(headers))
    if _gateway.AUTH:
        _iam.pin_request_origin("127.0.0.1", False)
        raw_path = scope.get("raw_path") or scope["path"].encode()
        _iam.pin_signed_request(scope["method"], raw_path.decode("latin-1"), {}, scope["headers"])
        _iam.pin_signed_body(body)


def authorise(service: str, action: str, resource: str, headers: Mapping[str, str]) -> Response | None:
    """Check the signature and policies for a request entered with `enter_request`; an answer refuses it."""
    refused: Response | None = _gateway._enforce_data_plane(service, action, headers, {}, "", resource_arn=resource)
    return refused


# ------------------------------------------------------------------------------------------------ moto


class MotoApplication:
    """One of moto's services: state and wire format.

    `name` is moto's name of the service, `target` the prefix of its operations, `scope` the name that requests are
    signed for.
    """

    def __init__(self, name: str, target: str, scope: str) -> None:
        self._client = Client(create_backend_app(name))
        self._target, self._scope = target, scope

    def call(self, operation: str, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and JSON answer of one operation, in the account and region of the request being served."""
        region = get_region()
        scope = f"Credential=AKIAMOTO/20260101/{region}/{self._scope}/aws4_request"
        try:
            answer = self._client.open(
                "/",
                method="POST",
                data=json.dumps(parameters).encode(),
                headers={
                    "X-Amz-Target": f"{self._target}.{operation}",
                    "Content-Type": "application/x-amz-json-1.1",
                    "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
                    "x-moto-account-id": get_account_id(),
                },
                base_url=f"http://{self._scope}.{region}.amazonaws.com",
            )
        except NotImplementedError:
            return 400, {"__type": "UnknownOperationException", "message": f"moto has no {self._target} {operation}"}
        return answer.status_code, _json_object(answer.get_data())


class MotoSageMaker(MotoApplication):
    """Moto's SageMaker: models, endpoint configurations, endpoints and job definitions."""

    def __init__(self) -> None:
        # moto knows only the instance types of some years ago; the request was checked by botocore's enum before.
        _moto_models.FakeEndpointConfig.validate_instance_type = lambda _self, _type: None
        super().__init__("sagemaker", "SageMaker", "sagemaker")
