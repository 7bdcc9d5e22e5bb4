"""The steps of a retraining that are more than one call, and the answer to an approval.

The state machine and deployments call it with `step`; EventBridge with the state change of a model package, and with
the end of an execution that could not clean up after itself. Permissions and environment variables:
functions/README.md.
"""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from functions.common.aws_clients import client
from functions.common.environment import required
from functions.common.event_fields import BadEventError, mapping
from functions.common.iam_patience import patiently
from functions.common.json_logging import log
from functions.retraining_step import approval, candidates, deployment, ending, life
from functions.retraining_step.services import Services

Step = Callable[[Mapping[str, Any], Mapping[str, Any], Services], dict[str, Any]]
STEPS: Final[Mapping[str, Step]] = {
    "outcome": candidates.outcome,
    "ask": approval.ask,
    "approve": approval.approve_by_itself,
    "expire": approval.expire,
    "prepare": deployment.prepare,
    "point": deployment.point_monitors,
    "finish": ending.finish,
    "declared": life.declared,
}
_PACKAGE_CHANGED: Final = "SageMaker Model Package State Change"
_EXECUTION_CHANGED: Final = "Step Functions Execution Status Change"


def process(event: Any, settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """One call."""
    fields = mapping(event, "the event")
    if fields.get("detail-type") == _PACKAGE_CHANGED:
        return approval.package_changed(fields["detail"], settings, services)
    if fields.get("detail-type") == _EXECUTION_CHANGED:
        return ending.execution_ended(fields["detail"], settings, services)
    if mapping(fields.get("tf") or {}, "tf").get("action"):
        return life.on_destroy(fields["tf"], settings, services)
    step = STEPS.get(str(fields.get("step")))
    if step is None:
        raise BadEventError(f"step is {fields.get('step')!r}: there are {', '.join(STEPS)}")
    return step(fields, settings, services)


def handler(event: Any, _context: Any) -> dict[str, Any]:
    """Lambda's entry."""
    services = Services(*(client(name) for name in ("s3", "sagemaker", "stepfunctions", "sns")))
    bucket = required(os.environ, "BUCKET_NAME")
    key = required(os.environ, "SETTINGS_KEY")
    # A deployment asks seconds after it has written the rights.
    found = patiently(lambda: services.s3.get_object(Bucket=bucket, Key=key))
    settings = json.loads(found["Body"].read())
    settings = {**settings, "notification_topic_arn": required(os.environ, "NOTIFICATION_TOPIC_ARN")}
    answer = process(event, settings, services)
    log("INFO", "retraining step", step=event.get("step") or event.get("detail-type"), answer=json.dumps(answer)[:2000])
    return answer
