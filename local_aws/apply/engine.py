"""The engine's part, as far as applying once needs it: registrations come in, boto3 calls go out.

``Recorder`` sees each registration as the Pulumi engine would (parents, dependencies, protection, provider) and
``Applier``, the Mocks subclass below it, carries it out. Registrations arrive on several threads at once.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import json
import threading
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

from local_aws.apply.calls import Api, Cloud, Credentials, clients_of
from local_aws.apply.deployment import Deployment, Event, OnEvent, Resource
from local_aws.apply.errors import ApplyError, UnsupportedError
from local_aws.apply.lookups import LOOKUPS, Lookup
from local_aws.apply.resource_types import Created, Request, ResourceType, keys
from local_aws.apply.services import TYPES
from local_aws.apply.settings import Settings

PROVIDER = "pulumi:providers:"
NATIVE = "aws-native:"
STACK = "pulumi:pulumi:Stack"
DOCUMENTS = frozenset({"policy", "assumeRolePolicy"})
# Provider inputs that change nothing here: they only spare real providers look-ups, or say how to log and retry.
PROVIDER_IGNORED = keys(
    "skipCredentialsValidation skipMetadataApiCheck skipRegionValidation skipRequestingAccountId maxRetries retryMode"
    " version httpProxy insecure s3UsePathStyle stsRegion useDualstackEndpoint useFipsEndpoint"
)


@dataclasses.dataclass(frozen=True)
class Provider:
    """Where a provider's resources go: account and region, and the tags that it puts on them."""

    api: Api
    account_id: str
    default_tags: Mapping[str, str]


class InterruptedDeploymentError(ApplyError):
    """The deployment was asked to stop; what was under way has ended."""


class Applier(Mocks):
    """Carries out registrations and provider functions against the embedded AWS."""

    def __init__(self, settings: Settings, cloud: Cloud, deployment: Deployment, on_event: OnEvent | None) -> None:
        self._clients = clients_of(cloud)
        self._cloud = cloud
        self._deployment = deployment
        self._on_event = on_event
        self._begun = 0
        self._event_lock = threading.Lock()
        self._registration = threading.local()
        self._urns: set[str] = set()
        self._providers: dict[str, Provider] = {}
        self._default = self._provider("aws", _provider_config(settings))
        self.failure: BaseException | None = None

    def stop(self, reason: BaseException) -> None:
        """Let nothing new begin. The first reason is kept."""
        if self.failure is None:
            self.failure = reason

    def register(self, registration: Any, urn: str, proceed: Callable[[], Any]) -> Any:
        """Carry out one registration: ``proceed`` is the monitor's part; it calls ``new_resource`` on this thread."""
        if self.failure is not None:
            raise InterruptedDeploymentError("stopped, since the deployment has failed")
        try:
            with self._event_lock:
                if urn in self._urns:
                    raise ApplyError(
                        f"two resources have the type and name {registration.type} {registration.name!r} ({urn})"
                    )
                self._urns.add(urn)
            self._registration.current = (registration, urn)
            return proceed()
        except Exception as error:
            self.stop(error)
            raise

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Create one resource. Returns its identifier and the state that the program reads: inputs and real outputs."""
        registration, urn = self._registration.current
        inputs = {key: _document(key, value) for key, value in plain(args.inputs).items()}
        base = Resource(
            urn=urn,
            type=args.typ,
            name=args.name,
            id=None,
            parent=registration.parent or None,
            custom=bool(args.custom),
            dependencies=tuple(registration.dependencies),
            deleted_with=registration.deletedWith or None,
            protect=registration.protect,
            retain_on_delete=registration.retainOnDelete,
            inputs=inputs,
        )
        if args.resource_id:
            raise UnsupportedError(
                f"{args.typ} {args.name!r}: importing what already exists ({args.resource_id}) is not carried out here"
            )
        if not args.custom:
            self._deployment.add(base)
            return None, {}
        if args.typ.startswith(PROVIDER):
            self._providers[f"{urn}::{args.name}"] = self._provider(args.typ.removeprefix(PROVIDER), inputs)
            self._deployment.add(dataclasses.replace(base, id=args.name))
            return args.name, args.inputs
        try:
            created, inputs = self._create(base, args.provider or "", inputs)
        except ApplyError as error:
            self._tell("failed", base)
            raise ApplyError(f"{base.type} {base.name!r}: {_redacted(str(error), args.inputs)}") from error
        state = {**inputs, **created.outputs}
        # What went in as a secret comes out as one.
        secret = {key: args.inputs[key] for key in args.inputs if rpc.is_rpc_secret(args.inputs[key])}
        return created.id, {**state, **secret}

    def call(self, args: MockCallArgs) -> dict[str, Any]:  # type: ignore[override]  # failures are raised, not returned
        """Answer one provider function."""
        lookup = LOOKUPS.get(args.token)
        try:
            if lookup is None:
                raise UnsupportedError(
                    f"the provider function {args.token} is not known: add it to LOOKUPS in local_aws/apply/lookups.py"
                )
            provider = self._provider_of(args.provider)
            return lookup(Lookup(args.token, plain(args.args), provider.api))
        except Exception as error:
            self.stop(error)
            raise

    def _create(
        self, base: Resource, provider_reference: str, inputs: dict[str, Any]
    ) -> tuple[Created, dict[str, Any]]:
        kind = _resource_type(base.type)
        unknown = sorted(key for key, value in inputs.items() if value is not None and key not in kind.inputs)
        if unknown:
            raise UnsupportedError(
                f"the inputs {', '.join(unknown)} are not carried out here: add them to the type's handler under"
                " local_aws/apply/services"
            )
        provider = self._provider_of(provider_reference)
        if inputs.get("region"):
            provider = dataclasses.replace(provider, api=dataclasses.replace(provider.api, region=inputs["region"]))
        if kind.auto_name and not inputs.get(kind.auto_name.property):
            inputs = {**inputs, kind.auto_name.property: kind.auto_name.apply(base.name, inputs)}
        request = Request(base.type, base.name, inputs, provider.api, provider.account_id, provider.default_tags)
        self._tell("creating", base)
        try:
            created = kind.create(request)
        except BaseException:
            if request.kept is not None:
                self._add(base, kind, request.kept, inputs, provider.api)
            raise
        self._add(base, kind, created, inputs, provider.api)
        self._tell("created", base)
        return created, inputs

    def _add(self, base: Resource, kind: ResourceType, created: Created, inputs: Mapping[str, Any], api: Api) -> None:
        self._deployment.add(
            dataclasses.replace(base, id=created.id, inputs=inputs, outputs=created.outputs, kind=kind, api=api)
        )

    def _provider_of(self, reference: str) -> Provider:
        """The provider that a request names as ``urn::id``; if it names none, the one of the stack's configuration."""
        if not reference:
            return self._default
        if reference not in self._providers:
            raise ApplyError(f"provider {reference} was not registered")
        return self._providers[reference]

    def _provider(self, package: str, config: Mapping[str, Any]) -> Provider:
        if package not in {"aws", "aws-native"}:
            raise UnsupportedError(f"provider {package!r} is not known; aws and aws-native are")
        known = {"region", "accessKey", "secretKey", "token", "assumeRoles", "defaultTags", "allowedAccountIds"}
        config = {key: _decoded(value) for key, value in config.items() if value is not None}
        if unknown := sorted(set(config) - known - PROVIDER_IGNORED):
            raise UnsupportedError(f"provider {package}: {', '.join(unknown)} is not carried out here")
        credentials = None
        if "accessKey" in config:
            credentials = Credentials(config["accessKey"], config["secretKey"], config.get("token"))
        api = Api(self._clients, config.get("region") or self._cloud.region, credentials)
        for role in config.get("assumeRoles") or []:
            answer = api(
                "sts",
                "AssumeRole",
                RoleArn=role["roleArn"],
                RoleSessionName=role.get("sessionName") or "pulumi",
                ExternalId=role.get("externalId"),
            )["Credentials"]
            session = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
            api = dataclasses.replace(api, credentials=session)
        account = self._cloud.account_id if api.credentials is None else api("sts", "GetCallerIdentity")["Account"]
        allowed = config.get("allowedAccountIds")
        if allowed and account not in allowed:
            raise ApplyError(f"provider {package}: account {account} is not one of the allowed {', '.join(allowed)}")
        return Provider(api, account, (config.get("defaultTags") or {}).get("tags") or {})

    def _tell(self, action: str, resource: Resource) -> None:
        with self._event_lock:
            if action == "creating":
                self._begun += 1
            if self._on_event is not None:
                self._on_event(Event(action, resource.type, resource.name, self._begun))


class Recorder(MockMonitor):
    """The resource monitor that the program talks to; it hands each request to the Applier."""

    def __init__(self, applier: Applier) -> None:
        super().__init__(applier)
        self._applier = applier
        self.stack_outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the engine's protocol names it
        """One registration."""
        if request.type == STACK:
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]  # as are all of pulumi's mocks
        urn = self.make_urn(request.parent, request.type, request.name)
        base = super().RegisterResource
        return self._applier.register(request, urn, lambda: base(request))  # type: ignore[no-untyped-call]

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """``.get()``: refused, since nothing here reads a resource back."""
        error = UnsupportedError(
            f"{request.type} {request.name!r}: reading what already exists ({request.id}) is not carried out here"
        )
        self._applier.stop(error)
        raise error

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Outputs of a component; those of the stack are its exports."""
        if f"::{STACK}::" in request.urn:
            self.stack_outputs = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def plain(value: Any) -> Any:
    """A value without the envelopes of secrets, at any depth."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, pulumi.AssetArchive):
        return value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


@functools.cache
def _native() -> ModuleType:
    """The module of the native types, imported when a program has one: the schema library takes a second or two."""
    return importlib.import_module("local_aws.apply.native")


def _resource_type(token: str) -> ResourceType:
    if token.startswith(NATIVE):
        kind: ResourceType = _native().resource_type(token)
        return kind
    if token not in TYPES:
        raise UnsupportedError(
            "this resource type is not known: add a create and a delete function to the module of its service under"
            " local_aws/apply/services"
        )
    return TYPES[token]


def _redacted(message: str, inputs: Any) -> str:
    """An error message without the texts of the inputs' secrets, which AWS and its models like to quote."""
    if rpc.is_rpc_secret(inputs):
        for text in _texts(plain(inputs)):
            message = message.replace(text, "[secret]")
        return message
    for item in inputs.values() if isinstance(inputs, dict) else inputs if isinstance(inputs, list) else ():
        message = _redacted(message, item)
    return message


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) and value else []


def _document(key: str, value: Any) -> Any:
    """A policy as text: a program may give it as an object, but AWS takes and the provider returns text."""
    return json.dumps(value) if key in DOCUMENTS and isinstance(value, Mapping) else value


def _decoded(value: Any) -> Any:
    """Inputs of a provider that are no plain strings arrive as JSON text."""
    if (isinstance(value, str) and value[:1] in {"{", "["}) or value in {"true", "false"}:
        return json.loads(value)
    return value


def _provider_config(settings: Settings) -> dict[str, Any]:
    """The default provider's inputs, from the ``aws:`` keys of the stack's configuration."""
    return {key.removeprefix("aws:"): value for key, value in settings.config.items() if key.startswith("aws:")}
