"""Application Auto Scaling: scalable targets and policies. They are kept, not carried out: nothing scales here."""

from __future__ import annotations

from local_aws.apply.reading import differences
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    keys,
    put_again,
)
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


def _read_target(existing: Existing) -> Found | None:
    asked = {
        "serviceNamespace": existing.inputs["serviceNamespace"],
        "resourceIds": [existing.inputs["resourceId"]],
        "scalableDimension": existing.inputs["scalableDimension"],
    }
    answer = existing.api(SERVICE, "DescribeScalableTargets", **to_api(SERVICE, "DescribeScalableTargets", asked))
    if not answer["ScalableTargets"]:
        return None
    names = "minCapacity maxCapacity"
    target = answer["ScalableTargets"][0]
    return Found(differences(target, existing, names, service=SERVICE, operation="RegisterScalableTarget"))


def _read_policy(existing: Existing) -> Found | None:
    asked = {
        "serviceNamespace": existing.inputs["serviceNamespace"],
        "policyNames": [existing.id],
        "resourceId": existing.inputs["resourceId"],
    }
    answer = existing.api(SERVICE, "DescribeScalingPolicies", **to_api(SERVICE, "DescribeScalingPolicies", asked))
    if not answer["ScalingPolicies"]:
        return None
    names = "policyType targetTrackingScalingPolicyConfiguration stepScalingPolicyConfiguration"
    policy = answer["ScalingPolicies"][0]
    return Found(differences(policy, existing, names, service=SERVICE, operation="PutScalingPolicy"))


TYPES = (
    ResourceType(
        kind="aws:appautoscaling/target:Target",
        inputs=keys("minCapacity maxCapacity roleArn suspendedState tags " + " ".join(IDENTITY)),
        create=_register,
        delete=_deregister,
        read=_read_target,
        update=put_again(_register),
    ),
    ResourceType(
        kind="aws:appautoscaling/policy:Policy",
        inputs=keys(f"name {POLICY_INPUTS}"),
        create=_put_policy,
        delete=_delete_policy,
        read=_read_policy,
        update=put_again(_put_policy),
        auto_name=AutoName(256),
    ),
)
