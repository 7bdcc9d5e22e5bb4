"""Lambda: functions, permissions, asynchronous settings and invocations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.apply.assets import archive_bytes
from local_aws.apply.calls import wait_until
from local_aws.apply.errors import ApplyError
from local_aws.apply.reading import answer_or_none, differences
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    by_arn,
    keys,
    put_again,
    tagger,
    with_tags,
)
from local_aws.apply.shapes import to_api

FUNCTION_INPUTS = (
    "role runtime handler description timeout memorySize architectures environment deadLetterConfig loggingConfig"
    " tracingConfig"
    " ephemeralStorage layers vpcConfig kmsKeyArn publish packageType snapStart"
)
# The provider's own defaults, which a program may read back.
DEFAULTS = {"timeout": 3, "memorySize": 128, "packageType": "Zip", "architectures": ["x86_64"], "publish": False}


def _code(request: Request) -> dict[str, Any]:
    if (code := request.inputs.get("code")) is not None:
        return {"zipFile": archive_bytes(code)}
    stored = request.pick("s3Bucket", "s3Key", "s3ObjectVersion")
    if not stored:
        raise ApplyError("a function needs code, or s3_bucket and s3_key")
    return stored


def _create_function(request: Request) -> Created:
    name = request.inputs["name"]
    settings = {
        "functionName": name,
        **request.pick(*FUNCTION_INPUTS.split()),
        "code": _code(request),
        "tags": request.tags or None,
    }
    answer = request.api("lambda", "CreateFunction", **to_api("lambda", "CreateFunction", settings))
    request.keep(name)
    reserved = request.inputs.get("reservedConcurrentExecutions")
    if reserved is not None and reserved >= 0:  # -1 is the provider's word for "not reserved"
        request.api("lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=reserved)
    _wait_until_active(request, name)
    arn, region = answer["FunctionArn"], request.api.region
    qualified = f"{arn}:{answer.get('Version', '$LATEST')}"
    invoke = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions"
    return Created(
        name,
        {
            **{key: value for key, value in DEFAULTS.items() if request.inputs.get(key) is None},
            "name": name,
            "arn": arn,
            "qualifiedArn": qualified,
            "invokeArn": f"{invoke}/{arn}/invocations",
            "qualifiedInvokeArn": f"{invoke}/{qualified}/invocations",
            "version": answer.get("Version", "$LATEST"),
            "lastModified": answer.get("LastModified", ""),
            "codeSha256": answer.get("CodeSha256", ""),
            "sourceCodeHash": answer.get("CodeSha256", ""),
            "sourceCodeSize": answer.get("CodeSize", 0),
            "tagsAll": request.tags,
        },
    )


CODE = frozenset({"code", "sourceCodeHash", "s3Bucket", "s3Key", "s3ObjectVersion"})
# What UpdateFunctionConfiguration takes; the rest of the inputs replaces the function or is changed otherwise.
CHANGEABLE = frozenset(FUNCTION_INPUTS.split()) - {"architectures", "publish", "packageType"}
# What takes back a setting that is no longer declared.
CLEARED: dict[str, Any] = {
    "description": "",
    "environment": {"variables": {}},
    "deadLetterConfig": {"targetArn": ""},
    "kmsKeyArn": "",
    "layers": [],
    "timeout": DEFAULTS["timeout"],
    "memorySize": DEFAULTS["memorySize"],
    "vpcConfig": {"subnetIds": [], "securityGroupIds": []},
}


def _update_function(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    name, api, outputs = existing.id, request.api, {}
    if changed & CODE or "architectures" in changed:
        body = {"functionName": name, **_code(request), **request.pick("architectures")}
        answer = api("lambda", "UpdateFunctionCode", **to_api("lambda", "UpdateFunctionCode", body))
        outputs = {"codeSha256": answer["CodeSha256"], "sourceCodeHash": answer["CodeSha256"]}
        outputs |= {"sourceCodeSize": answer.get("CodeSize", 0)}
        _wait_until_active(request, name)
    if changed & CHANGEABLE:
        removed = {key: CLEARED[key] for key in changed & CLEARED.keys() if request.inputs.get(key) is None}
        body = {"functionName": name, **request.pick(*CHANGEABLE), **removed}
        api("lambda", "UpdateFunctionConfiguration", **to_api("lambda", "UpdateFunctionConfiguration", body))
        _wait_until_active(request, name)
    if "reservedConcurrentExecutions" in changed:
        limit = request.inputs.get("reservedConcurrentExecutions")
        if limit is not None and limit >= 0:
            api("lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=limit)
        else:
            api("lambda", "DeleteFunctionConcurrency", FunctionName=name)
    modified = api("lambda", "GetFunctionConfiguration", FunctionName=name).get("LastModified", "")
    return {**outputs, "lastModified": modified}


def _read_function(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "lambda", "GetFunctionConfiguration", FunctionName=existing.id)
    if answer is None:
        return None
    names = "role runtime handler description timeout memorySize environment deadLetterConfig kmsKeyArn"
    changed = differences(answer, existing, names, service="lambda", operation="CreateFunction")
    if existing.inputs.get("reservedConcurrentExecutions") is not None:
        limit = existing.api("lambda", "GetFunctionConcurrency", FunctionName=existing.id)
        limit = limit.get("ReservedConcurrentExecutions", -1)
        if limit != existing.inputs["reservedConcurrentExecutions"]:
            changed["reservedConcurrentExecutions"] = limit
    return Found(changed, {"codeSha256": answer["CodeSha256"]})


def _wait_until_active(request: Request, name: str) -> None:
    def active() -> bool:
        state = request.api("lambda", "GetFunctionConfiguration", FunctionName=name)
        if state.get("State") == "Failed":
            raise ApplyError(f"function {name} failed to start: {state.get('StateReason')}")
        return bool(state.get("State", "Active") == "Active")

    wait_until(active, f"the start of function {name}")


def _delete_function(existing: Existing) -> None:
    existing.api("lambda", "DeleteFunction", FunctionName=existing.id)


def _create_permission(request: Request) -> Created:
    settings = {
        **request.pick(
            "statementId",
            "action",
            "principal",
            "sourceArn",
            "sourceAccount",
            "eventSourceToken",
            "principalOrgId",
            "qualifier",
            "functionUrlAuthType",
        ),
        "functionName": request.inputs["function"],
    }
    request.api("lambda", "AddPermission", **to_api("lambda", "AddPermission", settings))
    return Created(request.inputs["statementId"])


def _read_permission(existing: Existing) -> Found | None:
    who = {"FunctionName": existing.inputs["function"], "Qualifier": existing.inputs.get("qualifier")}
    answer = answer_or_none(existing.api, "lambda", "GetPolicy", **who)
    statements = json.loads(answer["Policy"])["Statement"] if answer else []
    return Found() if any(item.get("Sid") == existing.id for item in statements) else None


def _delete_permission(existing: Existing) -> None:
    existing.api(
        "lambda",
        "RemovePermission",
        FunctionName=existing.inputs["function"],
        StatementId=existing.id,
        Qualifier=existing.inputs.get("qualifier"),
    )


def _put_event_config(request: Request) -> Created:
    settings = request.pick(
        "functionName", "qualifier", "maximumEventAgeInSeconds", "maximumRetryAttempts", "destinationConfig"
    )
    request.api("lambda", "PutFunctionEventInvokeConfig", **to_api("lambda", "PutFunctionEventInvokeConfig", settings))
    return Created(":".join(str(settings[name]) for name in ("functionName", "qualifier") if name in settings))


def _read_event_config(existing: Existing) -> Found | None:
    who = {"FunctionName": existing.inputs["functionName"], "Qualifier": existing.inputs.get("qualifier")}
    answer = answer_or_none(existing.api, "lambda", "GetFunctionEventInvokeConfig", **who)
    if answer is None:
        return None
    names = "maximumEventAgeInSeconds maximumRetryAttempts destinationConfig"
    return Found(differences(answer, existing, names, service="lambda", operation="PutFunctionEventInvokeConfig"))


def _delete_event_config(existing: Existing) -> None:
    existing.api(
        "lambda",
        "DeleteFunctionEventInvokeConfig",
        FunctionName=existing.inputs["functionName"],
        Qualifier=existing.inputs.get("qualifier"),
    )


def _payload(inputs: Any, action: str) -> bytes:
    """The input of an invocation; with the CRUD life cycle the provider adds its own key with the step."""
    if inputs.get("lifecycleScope") != "CRUD":
        return str(inputs["input"]).encode()
    key = inputs.get("terraformKey") or "tf"
    return json.dumps({**json.loads(inputs["input"]), key: {"action": action, "prev_input": None}}).encode()


def _invoke(api: Any, inputs: Any, action: str) -> str:
    answer = api(
        "lambda",
        "Invoke",
        FunctionName=inputs["functionName"],
        Qualifier=inputs.get("qualifier"),
        InvocationType="RequestResponse",
        Payload=_payload(inputs, action),
    )
    result: str = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise ApplyError(f"function {inputs['functionName']} failed ({answer['FunctionError']}): {result[:2000]}")
    return result


def _create_invocation(request: Request) -> Created:
    result = _invoke(request.api, request.inputs, "create")
    return Created(f"{request.inputs['functionName']}_{request.name}", {"result": result})


def _delete_invocation(existing: Existing) -> None:
    if existing.inputs.get("lifecycleScope") == "CRUD":
        _invoke(existing.api, existing.inputs, "delete")


TYPES = (
    ResourceType(
        kind="aws:lambda/function:Function",
        # sourceCodeHash only tells the provider when to update; skipDestroy keeps published versions, of
        # which there are none.
        inputs=keys(
            "name code s3Bucket s3Key s3ObjectVersion reservedConcurrentExecutions tags sourceCodeHash "
            + FUNCTION_INPUTS
        ),
        create=_create_function,
        delete=_delete_function,
        read=_read_function,
        update=with_tags(tagger("lambda", "TagResource", "UntagResource", by_arn("Resource")), rest=_update_function),
        stale=frozenset({"codeSha256", "lastModified", "sourceCodeHash", "sourceCodeSize"}),
        auto_name=AutoName(64),
    ),
    ResourceType(
        kind="aws:lambda/permission:Permission",
        inputs=keys(
            "function statementId action principal sourceArn sourceAccount eventSourceToken principalOrgId qualifier"
            " functionUrlAuthType"
        ),
        create=_create_permission,
        delete=_delete_permission,
        read=_read_permission,
        auto_name=AutoName(100, property="statementId"),
    ),
    ResourceType(
        kind="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        inputs=keys("functionName qualifier maximumEventAgeInSeconds maximumRetryAttempts destinationConfig"),
        create=_put_event_config,
        delete=_delete_event_config,
        read=_read_event_config,
        update=put_again(_put_event_config),
    ),
    ResourceType(
        kind="aws:lambda/invocation:Invocation",
        # triggers only say when to invoke again.
        inputs=keys("functionName input qualifier lifecycleScope terraformKey triggers"),
        create=_create_invocation,
        delete=_delete_invocation,
    ),
)
