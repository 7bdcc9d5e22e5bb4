"""The front door: what is routed, observed, read and refused on its way to a service."""

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote, urlencode

import ministack.app as _gateway
import ministack.core.iam_actions as _iam_actions
import ministack.core.iam_evaluator as _iam
import ministack.core.responses as _responses
import ministack.core.router as _router
from botocore.exceptions import UnknownServiceError
from ministack.core.responses import (
    set_request_account_id,
    set_request_region,
)
from moto.core.parse import PROTOCOL_PARSERS as _PARSERS
from moto.core.request import Request as _MotoRequest
from moto.core.routing import SmithyRule as _SmithyRule
from moto.core.routing import get_service_router as _service_router
from moto.core.utils import get_service_model as _moto_service_model

from local_aws.validation import models, service_model

Response = tuple[int, dict[str, str], bytes]
Query = dict[str, list[str]]
Handler = Callable[[str, str, dict[str, str], bytes, Query], Awaitable[Response]]
asgi_app = _gateway.app
# The request that is being served, as it was read when it came: service, method, path, body, query, what they say.
_READ: ContextVar[tuple[Any, ...]] = ContextVar("read", default=(None,))
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
        return resource_arn(operation, json_object(body))

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


def read_models_once() -> None:
    """Have ministack take the models of services from where requests are read by them.

    It would make a session of botocore's for each service that answers, and read each file anew that it asks what a
    request may do: eight and five milliseconds a service.
    """

    @functools.cache
    def model(service: str) -> Any:
        try:
            return service_model(_responses._BOTOCORE_NAME.get(service, service))
        except UnknownServiceError:
            return None

    def document(service: str) -> Any:
        try:
            return models().get_component("data_loader").load_service_model(service, "service-2")
        except UnknownServiceError:
            return {}

    _responses._service_model = model
    _iam_actions._load_botocore_model = document


def match_paths_only() -> None:
    """Leave out of moto's routes what makes a path of a route: two functions each to compile, and nobody calls them."""

    def no_path(_route: Any, **_parts: Any) -> tuple[str, str]:
        raise NotImplementedError

    rule: Any = _SmithyRule
    rule._compile_builder = lambda *_: no_path


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
        token = _READ.set((service, method, path, plain, query, parsed))
        try:
            answer: Response = await original(method, path, headers, body, query, request_id)
        finally:
            _READ.reset(token)
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
            return target.rpartition(".")[2], json_object(body)
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


def check_after_authentication(service: str, check: Callable[[str, dict[str, str], Any], Response | None]) -> None:
    """Run `check(operation, headers, parameters)` on requests of a service that IAM let through; an answer refuses."""
    original = _gateway.SERVICE_HANDLERS[service]

    async def handler(method: str, path: str, headers: dict[str, str], body: bytes, query: Query) -> Response:
        *request, parsed = _READ.get()
        if request != [_BOTOCORE_NAMES.get(service, service), method, path, body, query]:
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


def json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
