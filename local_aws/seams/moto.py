"""moto: services as state and wire format."""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import moto.sagemaker.models as _moto_models
from ministack.core.responses import (
    get_account_id,
    get_region,
)
from moto.core.request import Request
from moto.sagemaker.responses import SageMakerResponse

from local_aws.seams.requests import json_object


class MotoApplication:
    """One of moto's services: state and wire format.

    `dispatch` answers its requests; `target` is the prefix of its operations, `scope` the name that requests are signed
    for. moto's own server would call it through Flask.
    """

    def __init__(self, dispatch: Callable[[Request], Any], target: str, scope: str) -> None:
        self._dispatch, self._target, self._scope = dispatch, target, scope

    def call(self, operation: str, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and JSON answer of one operation, in the account and region of the request being served."""
        region = get_region()
        scope = f"Credential=AKIAMOTO/20260101/{region}/{self._scope}/aws4_request"
        request = Request.from_primitives(
            "POST",
            f"http://{self._scope}.{region}.amazonaws.com/",
            {
                "X-Amz-Target": f"{self._target}.{operation}",
                "Content-Type": "application/x-amz-json-1.1",
                "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
                "x-moto-account-id": get_account_id(),
            },
            json.dumps(parameters).encode(),
        )
        try:
            status, _, body = self._dispatch(request)
        except NotImplementedError:
            return 400, {"__type": "UnknownOperationException", "message": f"moto has no {self._target} {operation}"}
        return status, json_object(body)


class MotoSageMaker(MotoApplication):
    """Moto's SageMaker: models, endpoint configurations, endpoints and job definitions."""

    def __init__(self) -> None:
        # moto knows only the instance types of some years ago; the request was checked by botocore's enum before.
        _moto_models.FakeEndpointConfig.validate_instance_type = lambda _self, _type: None
        super().__init__(SageMakerResponse.dispatch, "SageMaker", "sagemaker")


class MotoScaling(MotoApplication):
    """Moto's Application Auto Scaling: scalable targets and policies."""

    def __init__(self) -> None:
        # It asks moto's ECS, which nothing else here does, whether a service is there: none is. ECS loads EC2, with all
        # its images and types of instances: as long as all other imports of a start.
        ecs: Any = ModuleType("moto.ecs")
        ecs.ecs_backends = defaultdict(lambda: defaultdict(_NoServices))
        sys.modules.setdefault("moto.ecs", ecs)
        from moto.applicationautoscaling.responses import (  # noqa: PLC0415 - see above
            ApplicationAutoScalingResponse,
        )

        super().__init__(ApplicationAutoScalingResponse.dispatch, "AnyScaleFrontendService", "application-autoscaling")


class _NoServices:
    """ECS of an account that has none."""

    def describe_services(self, *_asked: Any) -> tuple[list[Any], list[Any]]:
        return [], []
