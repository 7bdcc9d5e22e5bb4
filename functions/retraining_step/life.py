"""What deployments of the stack ask: whether they reach the endpoint, and what goes with the stack."""

from collections.abc import Mapping
from typing import Any

from contract.retraining import DECLARED
from functions.common.retraining_state import State
from functions.retraining_step.ending import remove_orphans, stop_pipeline
from functions.retraining_step.services import Services


class DoesNotReachEndpointError(RuntimeError):
    """A deployment changes what it leaves alone while retraining is on."""


def declared(event: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Keep what the endpoint was first declared with; fail, and with it the deployment, if it is declared otherwise."""
    state, given = State(services.s3, settings["bucket"]), dict(event["declared"])
    before = state.declared()
    if before is None:
        state.write(DECLARED, given)
        return {"declared": "noted"}
    changed = sorted(part for part in {*before, *given} if before.get(part) != given.get(part))
    if changed:
        raise DoesNotReachEndpointError(
            f"endpoint: {', '.join(changed)} changed, and would not reach {settings['endpoint_name']}, whose model "
            "belongs to retraining: take the change back, or take retraining out of the stack and give the model that "
            "is to serve as endpoint.model"
        )
    return {"declared": "as before"}


def on_destroy(step: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """What Pulumi does not know of goes with the stack: a group with packages in it cannot be deleted,
    nor a pipeline that is under way.
    """
    if step["action"] != "delete":
        return {"destroy": "later"}
    stop_pipeline(settings, services)
    remove_orphans("", settings, services, everything=True)
    packages = services.sagemaker.list_model_packages(ModelPackageGroupName=settings["group_name"], MaxResults=100)
    for package in packages["ModelPackageSummaryList"]:
        services.sagemaker.delete_model_package(ModelPackageName=package["ModelPackageArn"])
    services.s3.delete_object(Bucket=settings["bucket"], Key=DECLARED)  # what comes next begins anew
    return {"destroy": "done"}
