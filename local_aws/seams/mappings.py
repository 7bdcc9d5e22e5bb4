"""Lambda's mappings of Kinesis streams: kept whole, checked at the door, and polled by whoever takes that over."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import ministack.core.lambda_runtime as _lambda_runtime
from ministack.core.responses import error_response_json, request_scope
from ministack.services import lambda_svc as _lambda

# What ministack drops of a request.
_KEPT = ("TumblingWindowInSeconds", "StartingPositionTimestamp")
# CreateEventSourceMapping, API reference: what a stream's mapping has where nothing is said.
_DEFAULTS: dict[str, Any] = {
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "TumblingWindowInSeconds": 0,
    "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "ParallelizationFactor": 1,
    "DestinationConfig": {"OnFailure": {}},
    "FunctionResponseTypes": [],
}

MADE = "_made"
"""Of a mapping: when it was made, in seconds since 1970."""

THROTTLED = "throttled"
"""How an invocation failed that did not begin: it is tried again, and costs no attempt."""

Mapped = dict[str, Any]


def take_over_stream_mappings(
    problem: Callable[[Mapping[str, Any], str], str | None], clock: Callable[[], float]
) -> None:
    """Keep all settings of a Kinesis stream's mapping, and leave its polling to the caller.

    `problem(settings, role ARN of the function)` has the sentence with which a mapping is refused, or None. An update
    is asked for as the mapping would be afterwards. `clock` tells when it was made, from where LATEST reads.
    """
    create, update, told = _lambda._create_esm, _lambda._update_esm, _lambda._esm_response

    def refused(settings: Mapping[str, Any], function: str) -> Any:
        _, config, _ = _lambda._get_func_record_for_ref(function)
        role = str((config or {}).get("Role", ""))
        sentence = problem(settings, role)
        return error_response_json("InvalidParameterValueException", sentence, 400) if sentence else None

    def create_mapping(data: dict[str, Any]) -> Any:
        if ":kinesis:" not in str(data.get("EventSourceArn", "")):
            return create(data)
        settings = {**_DEFAULTS, **{name: value for name, value in data.items() if value is not None}}
        error = refused(settings, str(data.get("FunctionName", "")))
        if error:
            return error
        answer = create(settings)
        if answer[0] != 202:
            return answer
        mapping = _lambda._esms[json.loads(answer[2])["UUID"]]
        mapping.update({name: settings[name] for name in _KEPT if name in settings})
        mapping[MADE] = clock()
        return _lambda.json_response(_lambda._esm_response(mapping), 202)

    def update_mapping(mapping_id: str, data: dict[str, Any]) -> Any:
        mapping = _lambda._esms.get(mapping_id)
        if mapping is None or ":kinesis:" not in mapping["EventSourceArn"]:
            return update(mapping_id, data)
        error = refused({**mapping, **data}, str(data.get("FunctionName") or mapping["FunctionArn"]))
        if error:
            return error
        answer = update(mapping_id, data)
        if answer[0] >= 300:
            return answer
        mapping.update({name: data[name] for name in _KEPT if name in data})
        return _lambda.json_response(_lambda._esm_response(mapping), 202)

    def response(mapping: Mapped) -> Mapped:
        return {name: value for name, value in told(mapping).items() if name != MADE}

    _lambda._create_esm, _lambda._update_esm, _lambda._esm_response = create_mapping, update_mapping, response
    _lambda._poll_kinesis = lambda: False


def stream_mappings() -> list[Mapped]:
    """All mappings of Kinesis streams, whosever they are, as Lambda keeps them: live, to be written to."""
    return [one for _, _, one in _lambda._iter_all_esms() if ":kinesis:" in one.get("EventSourceArn", "")]


def function_credentials(mapping: Mapped) -> dict[str, str] | None:
    """The credentials of the role that a mapping reads and reports under; None if its function is gone."""
    record, _ = _function(mapping)
    return None if record is None else dict(_lambda_runtime.execution_credentials(record["config"]))


def mapped_role(mapping: Mapped) -> str:
    """The ARN of the role that a mapping's function has; empty if it is gone."""
    _, config = _function(mapping)
    return str((config or {}).get("Role", ""))


def _function(mapping: Mapped) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    found: tuple[dict[str, Any] | None, dict[str, Any] | None] = _lambda._get_func_record_for_qualifier(
        mapping["FunctionName"], mapping.get("Qualifier")
    )
    return found


def matching_records(records: list[dict[str, Any]], mapping: Mapped) -> list[dict[str, Any]]:
    """Pick the records that the mapping's filters let through."""
    found: list[dict[str, Any]] = _lambda._apply_filter_criteria(records, mapping)
    return found


def invoke_mapped(mapping: Mapped, event: Mapping[str, Any]) -> tuple[Any, str]:
    """Run a mapping's function: what it returned, and how it failed ("" if it did not)."""
    account, region = mapping["FunctionArn"].split(":")[4], mapping["FunctionArn"].split(":")[3]
    with request_scope(account, region):
        record, config = _function(mapping)
        if record is None:
            return None, "the function is gone"
        result = _lambda._execute_function(_lambda._execution_record_for_config(record, config), event)
    if result.get("throttle"):
        return None, THROTTLED
    if result.get("error"):
        body = result.get("body")
        return None, str(body.get("errorMessage", body) if isinstance(body, Mapping) else body) or "Unhandled"
    return result.get("body"), ""
