"""Every place where ministack or moto is rebound or entered; nothing else in this package touches their internals.

Both are pinned exactly, and tests/local_aws/test_seams.py has one contract test for each function here, which fails
loudly when a new version of either has moved what is used. Import this module only after the environment of
`local_aws.server` is in place: ministack reads it at import.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import ministack.app as _gateway
import ministack.core.iam_actions as _iam_actions
import ministack.core.router as _router
from ministack.core.responses import get_account_id, get_region, request_scope
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import Client

from local_aws.clock import TimeModule, VirtualClock

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Response]]

asgi_app = _gateway.app

__all__ = ["MotoSageMaker", "Handler", "Response", "asgi_app", "get_account_id", "get_region", "request_scope"]


def serve_sagemaker(handler: Handler) -> None:
    """Route `SageMaker.*` targets and everything signed for `sagemaker` to `handler`, under IAM enforcement."""
    _gateway.SERVICE_HANDLERS["sagemaker"] = handler
    _router.SERVICE_PATTERNS["sagemaker"] = {
        "target_prefixes": ["SageMaker."],
        "host_patterns": [r"sagemaker\."],
        "credential_scope": "sagemaker",
    }
    _iam_actions.SERVICE_TO_IAM_NAMESPACE["sagemaker"] = "sagemaker"


def put_on_clock(clock: VirtualClock) -> None:
    """Metrics, alarms and their history, and the `time` of events, go by the virtual clock."""
    from ministack.services import cloudwatch, eventbridge  # noqa: PLC0415 - each takes a while; first use pays

    cloudwatch.time = TimeModule(clock)
    eventbridge._now_ts = clock.time


class MotoSageMaker:
    """moto's SageMaker: state and wire format of models, endpoint configurations, endpoints, job definitions, …"""

    def __init__(self) -> None:
        self._client = Client(create_backend_app("sagemaker"))

    def call(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one JSON 1.1 request, in the account and region of the request being served."""
        forwarded = {k: v for k, v in headers.items() if k.lower() not in ("host", "content-length")}
        forwarded["x-moto-account-id"] = get_account_id()
        answer = self._client.open(
            "/", method="POST", data=body, headers=forwarded, base_url=f"http://sagemaker.{get_region()}.amazonaws.com"
        )
        return answer.status_code, dict(answer.headers), answer.get_data()


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run blocking work in a thread that sees the request's account and region."""
    return await asyncio.to_thread(function, *arguments)
