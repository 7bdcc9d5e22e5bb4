"""The plan of an update, as far as it can be known without an engine.

Two runs on the mocked runtime are compared, resource by resource. Whether a changed property replaces its resource is
not ours to say:
- of native resources the provider tells the engine (`replaceOnChanges` of the registration itself);
- of classic ones it is `createOnlyProperties` of CloudFormation's schema for the same thing at AWS, except for tags,
  which the classic provider changes by an API of their own; where CloudFormation has no such resource, the provider's
  source is quoted.
A replaced resource has another name, so that what refers to it changes too; this is followed to its end.

What is not shown: that AWS accepts the plan, and what the classic provider replaces beyond what AWS cannot change.
"""

import inspect
from collections.abc import Callable
from typing import Any, Final

import pulumi_aws as aws

from local_aws.provider.replacements_sources import CLOUDFORMATION, FORCE_NEW, create_only
from tests.components.mocked_runtime import Registration, Run, comparable

Plan = dict[str, str]

# What AWS knows a resource by, where the program may choose it: two of the same cannot be there at once.
PHYSICAL_NAMES: Final = ("name", "bucket", "jobDefinitionName", "dashboardName")


def properties_of(token: str) -> set[str]:
    """The inputs of a classic resource, as the wire has them."""
    module, _, name = token.removeprefix("aws:").partition("/")
    services: dict[str, Any] = {"lambda": aws.lambda_}
    resource = getattr(services.get(module) or getattr(aws, module), name.split(":")[1])
    names = inspect.signature(resource._internal_init).parameters
    return {"".join(part if not n else part.title() for n, part in enumerate(item.split("_"))) for item in names}


def replacing(item: Registration) -> set[str]:
    """The properties whose change replaces a resource."""
    if item.type.startswith("aws-native:"):
        return {name.split("[")[0] for name in item.request.replaceOnChanges}
    if item.type in FORCE_NEW:
        return set(FORCE_NEW[item.type])
    return set(create_only(CLOUDFORMATION[item.type]).values())


def plan(before: Run, after: Callable[..., Run]) -> tuple[Plan, Run]:
    """What happens to each resource that does not stay as it is, by name; and the last run after the change.

    `after(replaced=…)` runs the changed program, in which replaced resources have other names.
    """
    replaced: set[tuple[str, str]] = set()
    while True:
        run = after(replaced=frozenset(replaced))
        found = _compare(before, run)
        more = {key for key, action in found.items() if action == "replace"} - replaced
        if not more:
            return {name: action for (_, name), action in found.items()}, run
        replaced |= more


def _compare(before: Run, after: Run) -> dict[tuple[str, str], str]:
    old, new = ({item.key: item for item in run.resources if item.request.custom} for run in (before, after))
    found = dict.fromkeys(old.keys() - new.keys(), "delete") | dict.fromkeys(new.keys() - old.keys(), "create")
    for key in old.keys() & new.keys():
        inputs = comparable(old[key].inputs), comparable(new[key].inputs)
        changed = {name for name in inputs[0].keys() | inputs[1].keys() if inputs[0].get(name) != inputs[1].get(name)}
        if changed:
            found[key] = "replace" if changed & replacing(new[key]) else "update"
    return found


def clashes(before: Run, after: Run, planned: Plan) -> set[str]:
    """Replaced resources whose successor has the same name as they still have: AWS would refuse it.

    Pulumi makes the new one first. Names that it chooses itself never clash.
    """
    old, new = ({item.name: item for item in run.resources} for run in (before, after))
    return {
        name
        for name, action in planned.items()
        if action == "replace" and not new[name].request.deleteBeforeReplace
        for key in PHYSICAL_NAMES
        # An object's `bucket` is where it lies, not what it is called.
        if key in new[name].inputs and not new[name].type.endswith(":BucketObjectv2")
        if new[name].inputs[key] == old[name].inputs.get(key)
    }
