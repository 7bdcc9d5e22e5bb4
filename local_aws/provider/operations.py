"""What a provider does with one resource, in terms of properties; ``servicer`` brings it into the engine's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.runtime import rpc

from local_aws.apply.catalogue import automatic_name, resource_type, unknown_inputs
from local_aws.apply.errors import ApplyError, RequestError, UnsupportedError
from local_aws.apply.lookups import LOOKUPS, Lookup
from local_aws.apply.providers import Provider
from local_aws.apply.reading import is_missing
from local_aws.apply.resource_types import Existing, Request, ResourceType
from local_aws.apply.values import DOCUMENTS, document, plain
from local_aws.provider.replacements import replaces
from local_aws.provider.wire import DEFAULTS, comparable, handler_values, name_of, own_inputs, token_of

Properties = dict[str, Any]
TAGS, ALL_TAGS = "tags", "tagsAll"


@dataclass(frozen=True)
class Checked:
    """Whole inputs, or why they are refused: (input, reason)."""

    inputs: Properties
    failures: list[tuple[str, str]]


@dataclass(frozen=True)
class Difference:
    """What changed, by input: added, deleted or updated, and whether that replaces the resource."""

    changes: Mapping[str, str]
    replacing: frozenset[str]
    delete_first: bool


class PartlyCreatedError(ApplyError):
    """It exists, and something after its creation failed: the engine records it and says so."""

    def __init__(self, identifier: str, state: Properties, reason: str) -> None:
        super().__init__(reason)
        self.identifier, self.state = identifier, state


def check(urn: str, olds: Properties, news: Properties) -> Checked:
    """Complete the inputs of a resource: a policy is text, a name that Pulumi gave once stays."""
    kind = _type(urn)
    failures = [(key, "is not carried out by the embedded AWS") for key in unknown_inputs(kind, own_inputs(news))]
    whole = {key: document(key, value) if key in DOCUMENTS else value for key, value in news.items()}
    given: list[str] = []
    auto = kind.auto_name
    if auto and not plain(whole.get(auto.property)):
        given.append(auto.property)
        if auto.property in olds.get(DEFAULTS, []):
            whole[auto.property] = olds[auto.property]
        else:
            try:
                whole |= automatic_name(kind, name_of(urn), plain(own_inputs(whole)))
            except ApplyError as error:
                failures.append((auto.property, str(error)))
    return Checked({**whole, DEFAULTS: given}, failures)


def diff(urn: str, where: Provider | None, state: Properties, old: Properties, new: Properties) -> Difference:
    """Compare the inputs of the last deployment with new ones.

    Tags that the provider adds to all resources count as the resource's own.
    """
    changes = changed_inputs(old, new)
    kind = _type(urn)
    if where is not None and TAGS in kind.inputs and plain(state.get(ALL_TAGS)) is not None:
        wanted = {**where.default_tags, **(plain(new.get(TAGS)) or {})}
        if comparable(state[ALL_TAGS]) != wanted and TAGS not in changes:
            changes[TAGS] = "update"
    replacing = replaces(token_of(urn), set(changes))
    # As pulumi-terraform-bridge: a name of one's own that stays makes the successor clash with what is still there.
    auto = kind.auto_name
    own_name = auto is not None and auto.property not in new.get(DEFAULTS, []) and auto.property not in replacing
    return Difference(changes, frozenset(replacing), bool(replacing) and own_name)


def changed_inputs(old: Properties, new: Properties) -> dict[str, str]:
    """Inputs that are not what they were, with what happened to each: add, delete or update."""
    found = {}
    for key in sorted({*old, *new} - {DEFAULTS}):
        before, after = comparable(old.get(key)), comparable(new.get(key))
        if before != after:
            found[key] = "add" if before is None else "delete" if after is None else "update"
    return found


def create(urn: str, where: Provider, inputs: Properties) -> tuple[str, Properties]:
    """Create a resource. Returns its identifier and state; what went in as a secret comes out as one."""
    request = _request(urn, where, inputs)
    try:
        created = _type(urn).create(request)
    except ApplyError as error:
        if request.kept is None:
            raise
        state = {**own_inputs(inputs), **request.kept.outputs}
        raise PartlyCreatedError(request.kept.id, state, str(error)) from error
    return created.id, {**own_inputs(inputs), **_beyond(created.outputs, inputs)}


def update(
    urn: str, where: Provider, identifier: str, *, state: Properties, old: Properties, new: Properties
) -> Properties:
    """Bring a resource to new inputs. Returns its state."""
    changed = set(changed_inputs(old, new))
    if TAGS in _type(urn).inputs and plain(state.get(ALL_TAGS)) != {
        **where.default_tags,
        **(plain(new.get(TAGS)) or {}),
    }:
        changed.add(TAGS)
    existing = _existing(urn, where, identifier, state, old)
    outputs = _type(urn).update(existing, _request(urn, where, new), frozenset(changed))
    computed = {key: value for key, value in state.items() if key not in old}
    return {**computed, **own_inputs(new), **_beyond(outputs, new)}


def previewed(urn: str, state: Properties, old: Properties, new: Properties) -> Properties:
    """The state after an update, as far as it is known before: without what the update computes anew."""
    stale = _type(urn).stale
    kept = {key: value for key, value in state.items() if key not in old and key not in stale}
    return {**kept, **own_inputs(new)}


def read(
    urn: str, where: Provider, identifier: str, state: Properties, inputs: Properties
) -> tuple[Properties, Properties] | None:
    """A resource's state and inputs as AWS has them; None if it is gone.

    Without a state the resource is one that the engine imports or looks up. Raises UnsupportedError for a type whose
    identifier alone does not tell it.
    """
    kind = _type(urn)
    if not state and not kind.importable:
        raise UnsupportedError(
            f"a {token_of(urn)} that exists cannot be imported or looked up here; bucket, endpoint, role and topic can"
        )
    found = kind.read(_existing(urn, where, identifier, state, inputs))
    if found is None:
        return None
    if not state:
        whole = {**found.inputs, DEFAULTS: []}
        return {**found.inputs, **found.outputs}, whole
    changed = {key: value for key, value in found.inputs.items() if value is not None}
    gone = found.inputs.keys() - changed.keys()
    inputs = {key: value for key, value in {**inputs, **changed}.items() if key not in gone}
    state = {**state, **_beyond(found.outputs, inputs), **changed}
    if TAGS in changed and ALL_TAGS not in found.outputs:
        state[ALL_TAGS] = changed[TAGS]
    return {key: value for key, value in state.items() if key not in gone}, inputs


def delete(urn: str, where: Provider, identifier: str, state: Properties, inputs: Properties) -> None:
    """Delete a resource; one that is gone already is no error, as with every provider."""
    try:
        _type(urn).delete(_existing(urn, where, identifier, state, inputs or state))
    except RequestError as error:
        if not is_missing(error):
            raise


def invoke(token: str, where: Provider, arguments: Any) -> Properties:
    """Answer a provider function."""
    if token not in LOOKUPS:
        raise UnsupportedError(
            f"the provider function {token} is not known: add it to LOOKUPS in local_aws/apply/lookups.py"
        )
    return LOOKUPS[token](Lookup(token, plain(rpc.deserialize_properties(arguments)), where.api))


def _type(urn: str) -> ResourceType:
    token = token_of(urn)
    try:
        return resource_type(token)
    except UnsupportedError as error:
        raise UnsupportedError(f"{token}: {error}") from error


def _request(urn: str, where: Provider, raw: Properties) -> Request:
    inputs = handler_values(raw, where.directory)
    where = where.in_region(inputs.get("region"))
    return Request(token_of(urn), name_of(urn), inputs, where.api, where.account_id, where.default_tags)


def _existing(urn: str, where: Provider, identifier: str, state: Properties, inputs: Properties) -> Existing:
    values, outputs = (handler_values(comparable(raw), where.directory) for raw in (inputs, state))
    # Not the output `region`, which says where a bucket is: the input, which says whom to ask.
    api = where.in_region(values.get("region")).api
    return Existing(token_of(urn), name_of(urn), identifier, values, outputs, api)


def _beyond(outputs: Mapping[str, Any], inputs: Properties) -> Properties:
    """Outputs, except those that repeat an input which is a secret: that keeps its envelope."""
    return {key: value for key, value in outputs.items() if not (key in inputs and rpc.is_rpc_secret(inputs[key]))}
