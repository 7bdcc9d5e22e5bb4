"""The data plane: InvokeEndpoint, kept off every slower path because a demo calls it thousands of times."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from local_aws import seams
from local_aws.sagemaker.hosting.endpoints import Endpoints, Invocation, error
from local_aws.sagemaker.store import Document, Scope

_PATH = re.compile(r"/endpoints/(?P<name>[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62})/invocations")
_BODY_LIMIT = 25 * 1024 * 1024  # quota of a real-time endpoint's payload


class Runtime:
    """Answers requests under `/endpoints/`."""

    def __init__(self, endpoints: Endpoints, find: Callable[[Scope, str], Document | None]) -> None:
        self._endpoints = endpoints
        self._find = find

    async def handle(self, scope: Mapping[str, Any], body: bytes) -> Invocation:
        """Authorise and answer one invocation."""
        match = _PATH.fullmatch(scope["path"])
        if match is None or scope["method"] != "POST":
            return error(
                "ValidationError", f"{scope['method']} {scope['path']} is not supported here; only InvokeEndpoint is"
            )
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        seams.enter_request(scope, headers, body)
        place = Scope(seams.get_account_id(), seams.get_region())
        refused = seams.authorise(
            "sagemaker", "sagemaker:InvokeEndpoint", place.arn("endpoint", match["name"]), headers
        )
        if refused is not None:
            return Invocation(*refused)
        if len(body) > _BODY_LIMIT:
            return error("ValidationError", f"the body of {len(body)} bytes is over the limit of {_BODY_LIMIT}", 413)
        endpoint = self._find(place, match["name"])
        if endpoint is None:
            return error("ValidationError", f"Endpoint {match['name']} of account {place.account_id} not found.")
        return await self._endpoints.invoke(endpoint, headers, body)
