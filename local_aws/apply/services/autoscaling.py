"""Application Auto Scaling: scalable targets and policies. They are kept, not carried out: nothing scales here."""

from __future__ import annotations

from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys
from local_aws.apply.shapes import to_api

IDENTITY = ("serviceNamespace", "resourceId", "scalableDimension")
POLICY_INPUTS = (
    "policyType serviceNamespace resourceId scalableDimension targetTrackingScalingPolicyConfiguration"
    " stepScalingPolicyConfiguration"
)
SERVICE = "application-autoscaling"


def _register(request: Request) -> Created:
    settings = {
        **request.pick(*IDENTITY, "minCapacity", "maxCapacity", "roleArn", "suspendedState"),
        "tags": request.tags or None,
    }
    answer = request.api(SERVICE, "RegisterScalableTarget", **to_api(SERVICE, "RegisterScalableTarget", settings))
    outputs = {"arn": answer.get("ScalableTargetARN", ""), "tagsAll": request.tags}
    return Created(request.inputs["resourceId"], outputs)


def _deregister(existing: Existing) -> None:
    identity = {name: existing.inputs[name] for name in IDENTITY}
    existing.api(SERVICE, "DeregisterScalableTarget", **to_api(SERVICE, "DeregisterScalableTarget", identity))


def _put_policy(request: Request) -> Created:
    name = request.inputs["name"]
    settings = {"policyName": name, **request.pick(*POLICY_INPUTS.split())}
    answer = request.api(SERVICE, "PutScalingPolicy", **to_api(SERVICE, "PutScalingPolicy", settings))
    return Created(name, {"name": name, "arn": answer["PolicyARN"], "alarmArns": []})


def _delete_policy(existing: Existing) -> None:
    identity = {"policyName": existing.id, **{name: existing.inputs[name] for name in IDENTITY}}
    existing.api(SERVICE, "DeleteScalingPolicy", **to_api(SERVICE, "DeleteScalingPolicy", identity))


TYPES = (
    ResourceType(
        kind="aws:appautoscaling/target:Target",
        inputs=keys("minCapacity maxCapacity roleArn suspendedState tags " + " ".join(IDENTITY)),
        create=_register,
        delete=_deregister,
    ),
    ResourceType(
        kind="aws:appautoscaling/policy:Policy",
        inputs=keys(f"name {POLICY_INPUTS}"),
        create=_put_policy,
        delete=_delete_policy,
        auto_name=AutoName(256),
    ),
)
