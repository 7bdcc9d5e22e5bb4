"""CloudWatch: metrics, alarms, and operations that ministack lacks."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import ministack.app as _gateway
from ministack.services import cloudwatch as _cloudwatch

from local_aws.seams.requests import Query, Response, json_object

_LOOK_FOR_OLD_SECONDS = 3600.0


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
            result = operations[operation](json_object(_gateway._decompress_request_body(body, headers)))
        except Exception as error:
            if not hasattr(error, "code"):
                raise
            failed: Response = _cloudwatch._error(error.code, str(error), getattr(error, "status", 400), use_json=True)
            return failed
        plain = json.dumps(result, default=lambda value: value.timestamp())
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, plain.encode()

    _gateway.SERVICE_HANDLERS["monitoring"] = handler


def forget_old_points_seldom() -> None:
    """Look for points of more than two weeks once an hour of the clock: ministack does so at every request."""
    original, due = _cloudwatch._evict_old_metrics, 0.0

    def evict() -> None:
        nonlocal due
        now = _cloudwatch.time.time()
        if now >= due:
            due = now + _LOOK_FOR_OLD_SECONDS
            original()

    _cloudwatch._evict_old_metrics = evict


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


def alarm_state(name: str) -> str:
    """The state of an alarm of the current account and region, composite or not; empty if there is none."""
    alarm = _cloudwatch._alarms.get(name) or _cloudwatch._composite_alarms.get(name) or {}
    return str(alarm.get("StateValue", ""))


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
