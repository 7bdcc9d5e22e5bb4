"""The engine's part, as far as applying once needs it: registrations come in, boto3 calls go out.

``Recorder`` sees each registration as the Pulumi engine would (parents, dependencies, protection, provider) and
``Applier``, the Mocks subclass below it, carries it out. Registrations arrive on several threads at once.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

from local_aws.apply import providers
from local_aws.apply.calls import Api, Cloud
from local_aws.apply.catalogue import automatic_name, resource_type, unknown_inputs
from local_aws.apply.deployment import Deployment, Event, OnEvent, Resource
from local_aws.apply.errors import ApplyError, UnsupportedError
from local_aws.apply.lookups import LOOKUPS, Lookup
from local_aws.apply.providers import Provider
from local_aws.apply.resource_types import Created, Request, ResourceType
from local_aws.apply.settings import Settings
from local_aws.apply.values import handler_inputs, plain, redacted, secret_texts

PROVIDER = "pulumi:providers:"
STACK = "pulumi:pulumi:Stack"


class InterruptedDeploymentError(ApplyError):
    """The deployment was asked to stop; what was under way has ended."""


class Applier(Mocks):
    """Carries out registrations and provider functions against the embedded AWS."""

    def __init__(self, settings: Settings, cloud: Cloud, deployment: Deployment, on_event: OnEvent | None) -> None:
        self._cloud = cloud
        self._deployment = deployment
        self._on_event = on_event
        self._begun = 0
        self._event_lock = threading.Lock()
        self._registration = threading.local()
        self._urns: set[str] = set()
        self._providers: dict[str, Provider] = {}
        self._default = providers.configured("aws", _provider_config(settings), cloud)
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
        inputs = handler_inputs(args.inputs)
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
            self._providers[f"{urn}::{args.name}"] = providers.configured(
                args.typ.removeprefix(PROVIDER), inputs, self._cloud
            )
            self._deployment.add(dataclasses.replace(base, id=args.name))
            return args.name, args.inputs
        try:
            created, inputs = self._create(base, args.provider or "", inputs)
        except ApplyError as error:
            self._tell("failed", base)
            raise ApplyError(f"{base.type} {base.name!r}: {redacted(str(error), secret_texts(args.inputs))}") from error
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
        kind = resource_type(base.type)
        if unknown := unknown_inputs(kind, inputs):
            raise UnsupportedError(
                f"the inputs {', '.join(unknown)} are not carried out here: add them to the type's handler under"
                " local_aws/apply/services"
            )
        provider = self._provider_of(provider_reference).in_region(inputs.get("region"))
        inputs = {**inputs, **automatic_name(kind, base.name, inputs)}
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


def _provider_config(settings: Settings) -> dict[str, Any]:
    """The default provider's inputs, from the ``aws:`` keys of the stack's configuration."""
    return {key.removeprefix("aws:"): value for key, value in settings.config.items() if key.startswith("aws:")}
