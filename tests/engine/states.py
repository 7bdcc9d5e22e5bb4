"""States of earlier versions, and an embedded AWS that has what they say there is."""

import gzip
import json
from pathlib import Path
from typing import Any

from pulumi import AssetArchive, FileAsset, StringAsset

from components.archives import write_model_archive
from local_aws.apply.catalogue import resource_type
from local_aws.apply.providers import configured
from local_aws.apply.resource_types import Request
from local_aws.launcher import LocalAws
from local_aws.provider.wire import comparable, handler_values
from tests.engine.lab import PROJECT

STATES = Path(__file__).with_name("states")
# The invocation of a function is nothing that exists, and the functions of these states have no code.
NOTHING_IN_AWS = ("aws:lambda/invocation:Invocation",)


def load(version: str, stack: str) -> dict[str, Any]:
    """What `pulumi stack export` said."""
    state: dict[str, Any] = json.loads(gzip.decompress((STATES / version / f"{stack}.json.gz").read_bytes()))
    return state


def settings(version: str, stack: str) -> str:
    """The stack's settings file."""
    return (STATES / version / f"{stack}.yaml").read_text()


def build(state: dict[str, Any], cloud: LocalAws, scratch: Path) -> dict[str, Any]:
    """Make what a state says there is. Returns the state with what AWS made of it: ids and ARNs.

    States have no contents of files: functions get an empty one, the model today's, other objects their own name.
    """
    where = configured("aws", {}, cloud)
    replaced: dict[str, str] = {}
    for resource in state["deployment"]["resources"]:
        token = resource["type"]
        if not resource.get("custom") or token.startswith("pulumi:") or token in NOTHING_IN_AWS:
            continue
        text = json.dumps(resource)
        for old, new in replaced.items():
            text = text.replace(old, new)
        resource.update(json.loads(text))
        inputs = handler_values(comparable(resource["inputs"]), PROJECT)
        _add_contents(inputs, scratch)
        # The models of these states wanted a download at their start, which isolation withholds.
        inputs.pop("enableNetworkIsolation", None)
        request = Request(token, resource["urn"].rsplit("::", 1)[1], inputs, where.api, where.account_id)
        created = resource_type(token).create(request)
        if created.id != resource["id"]:  # a subscription's ARN, which others may refer to
            replaced[resource["id"]] = created.id
            resource["id"] = created.id
        resource["outputs"].update(json.loads(json.dumps(created.outputs, default=str)))
    return state


def _add_contents(inputs: dict[str, Any], scratch: Path) -> None:
    if "code" in inputs:
        inputs["code"] = AssetArchive({"handler.py": StringAsset("def handler(event, context): return {}")})
    if str(inputs.get("key", "")).endswith("model.tar.gz"):
        inputs["source"] = FileAsset(str(write_model_archive(PROJECT / "model" / "artifact", scratch)))
    elif "source" in inputs:
        inputs["source"] = StringAsset(inputs["key"])
