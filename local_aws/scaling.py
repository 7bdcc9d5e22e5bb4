"""Application Auto Scaling: scalable targets and policies as moto keeps them: checked and listed; nothing scales.

The alarms with which AWS carries a target-tracking policy out are not made here.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from local_aws import seams
from local_aws.sagemaker.store import Document, Scope

_VARIANT = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")


class Scaling:
    """Answers requests to Application Auto Scaling. `variants(endpoint document)` are the names of its variants."""

    def __init__(
        self, find_endpoint: Callable[[Scope, str], Document | None], variants: Callable[[Document], list[str]]
    ) -> None:
        self._find_endpoint = find_endpoint
        self._variants = variants

    @cached_property
    def _moto(self) -> seams.MotoScaling:
        """Made with the first request: few stacks scale."""
        return seams.MotoScaling()

    async def handle(
        self, _method: str, _path: str, headers: dict[str, str], body: bytes, _query: seams.Query
    ) -> seams.Response:
        """One request."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        parameters = json.loads(body or b"{}")
        refused = self._refusal(operation, parameters)
        status, answer = refused or self._moto.call(operation, parameters)
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()

    def _refusal(self, operation: str, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """A target on an endpoint or a variant that does not exist is refused."""
        if operation != "RegisterScalableTarget" or parameters.get("ServiceNamespace") != "sagemaker":
            return None
        match = _VARIANT.fullmatch(parameters.get("ResourceId", ""))
        scope = Scope(seams.get_account_id(), seams.get_region())
        endpoint = self._find_endpoint(scope, match["endpoint"]) if match else None
        if match and endpoint and match["variant"] in self._variants(endpoint):
            return None
        message = f"No sagemaker resource {parameters.get('ResourceId')!r}: give endpoint/NAME/variant/VARIANT of one."
        return 400, {"__type": "ValidationException", "message": message}
