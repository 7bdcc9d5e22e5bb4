"""Fails a deployment whose endpoint does not run what was deployed.

SageMaker takes an update back that does not start (a model that fails its health check, no capacity): the endpoint is
`InService` again, with its old configuration, and only a FailureReason says so. The provider waits for `InService` and
compares nothing, so that Pulumi would go on and delete the old configuration, model and archive: those that serve.
Deletions come after everything else, and only if nothing failed; so it is enough that this function fails.

Needs `sagemaker:DescribeEndpoint` on the endpoint.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.common.aws_clients import client
from functions.common.event_fields import mapping, text
from functions.common.iam_patience import patiently
from functions.common.json_logging import log

# Less than the function's own time limit by a minute for IAM. The provider has waited before; this is for the rest.
WAIT_SECONDS, POLL_SECONDS = 180.0, 5.0
_UNDER_WAY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


class EndpointNotUpdatedError(RuntimeError):
    """The endpoint runs another configuration than the one that was deployed, or none."""


@dataclass(frozen=True)
class Clock:
    """Time as the function sees it, in seconds; a test gives its own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def check(sagemaker: Any, event: Any, clock: Clock | None = None) -> dict[str, Any]:
    """Wait until the endpoint has settled, and compare what it runs with `configuration` of the event.

    Raises EndpointNotUpdatedError, in one line with what to do.
    """
    clock = clock or Clock()
    fields = mapping(event, "the event")
    name, wanted = text(fields, "endpoint", "the event"), text(fields, "configuration", "the event")
    state = _settled(sagemaker, name, clock)
    status, running = state["EndpointStatus"], state.get("EndpointConfigName")
    if status == "InService" and running == wanted:
        return {"endpoint": name, "configuration": running, "status": status}
    reason = " ".join(str(state.get("FailureReason") or "no reason given").split()).rstrip(".")
    if status == "InService":
        raise EndpointNotUpdatedError(
            f"endpoint {name} was not updated and serves on with {running}, SageMaker took {wanted} back ({reason}): "
            "fix the model or take the change back, then deploy with pulumi up --refresh"
        )
    raise EndpointNotUpdatedError(f"endpoint {name} is {status} after its update to {wanted} ({reason})")


def _settled(sagemaker: Any, name: str, clock: Clock) -> Mapping[str, Any]:
    until = clock.now() + WAIT_SECONDS
    while True:
        state: Mapping[str, Any] = patiently(lambda: sagemaker.describe_endpoint(EndpointName=name), sleep=clock.sleep)
        if state["EndpointStatus"] not in _UNDER_WAY or clock.now() >= until:
            return state
        clock.sleep(POLL_SECONDS)


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    """Lambda's entry."""
    try:
        result = check(client("sagemaker"), event)
    except EndpointNotUpdatedError as error:
        log("ERROR", "the endpoint does not run what was deployed", reason=str(error))
        raise
    log("INFO", "the endpoint runs what was deployed", **result)
    return result
