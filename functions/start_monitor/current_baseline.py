"""What a run compares with: whether its baseline is there, and since a retraining that of the model that serves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contract.bucket_layout import BASELINE_RESULTS
from functions.common.s3_objects import list_keys, read_json_or_none, split_uri
from functions.start_monitor.plan import Plan


def missing_baseline(plan: Plan, s3: Any) -> str | None:
    """The first file of the run's baseline that its job has not written yet; None if they are all there.

    A processing job fails before its program starts where an input has no object: what a deployment's own baseline job
    will write is looked for here. A baseline that was given may lie where this function may not look.
    """
    place = f"s3://{split_uri(plan.state_uri)[0]}/{BASELINE_RESULTS}/"
    uris = [str(item.get("S3Input", {}).get("S3Uri", "")) for item in plan.request.get("ProcessingInputs", [])]
    there: dict[str, frozenset[str]] = {}
    for uri in (uri for uri in uris if uri.startswith(place)):
        bucket, key = split_uri(uri)
        folder = key.rpartition("/")[0] + "/"  # one job's results: a few files, listed once
        if folder not in there:
            there[folder] = frozenset(list_keys(s3, bucket, folder))
        if key not in there[folder]:
            return uri
    return None


def followed(plan: Plan, s3: Any) -> Plan:
    """The plan with the inputs that the last retraining has put in the place of the declared ones.

    Without a retraining so far there is no such object, and the plan stays as it is. Windows of another model's answers
    are none to learn from: their counts go to a folder of their own. Results are told to be of the package that serves.
    """
    if plan.current_baseline_uri is None:
        return plan
    bucket, key = split_uri(plan.current_baseline_uri)
    found = read_json_or_none(s3, bucket, key)
    if found is None:
        return plan
    pointer, _ = found
    uris = pointer["inputs"].get(plan.kind)
    request = _request(plan.request, uris, str(pointer["version"])) if uris else plan.request
    package = str(pointer["package"]).rpartition(":model-package/")[2]
    return replace(
        plan, request={**request, "Environment": {**request.get("Environment", {}), "model_version": package}}
    )


def _request(request: Mapping[str, Any], uris: Mapping[str, str], version: str) -> dict[str, Any]:
    inputs = []
    for item in request.get("ProcessingInputs", []):
        uri = uris.get(item["InputName"])
        inputs.append({**item, "S3Input": {**item["S3Input"], "S3Uri": uri}} if uri else item)
    environment = dict(request.get("Environment", {}))
    if "windows_uri" in environment:
        environment["windows_uri"] = f"{environment['windows_uri']}-retrained-{version}"
    return {**request, "ProcessingInputs": inputs, "Environment": environment}
