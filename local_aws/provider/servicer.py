"""The engine's protocol for providers (``pulumirpc.ResourceProvider``), answered by ``operations``."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as protocol

from local_aws.apply.calls import Cloud
from local_aws.apply.errors import ApplyError, UnsupportedError
from local_aws.apply.providers import Provider, configured
from local_aws.apply.values import plain, redacted, secret_texts
from local_aws.provider import operations
from local_aws.provider.schema import schema
from local_aws.provider.wire import UNKNOWN, own_inputs, to_dict, to_struct

DIFF = protocol.DiffResponse
KINDS = {"add": "ADD", "delete": "DELETE", "update": "UPDATE"}
INSTANCES = 256  # an engine has a connection for each provider resource; those of the oldest engines are forgotten


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One package. The engine has a connection of its own for each provider resource, which is how they are told apart.

    ``before`` is called with the method and the URN before a resource is touched; an ApplyError of it is the step's
    failure.
    """

    def __init__(self, package: str, cloud: Cloud, directory: Path) -> None:
        self.package = package
        self.before: Callable[[str, str], None] = lambda _method, _urn: None
        self._cloud, self._directory = cloud, directory
        self._configured: OrderedDict[str, Provider] = OrderedDict()
        self._lock = threading.Lock()

    # ------------------------------------------------------------------ the provider itself

    def Attach(self, request: Any, context: Any) -> Any:
        """The engine has found us by PULUMI_DEBUG_PROVIDERS."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """The version of the SDK: the engine warns of a provider that is older than its program wants."""
        return plugin_pb2.PluginInfo(version=_version(self.package))

    def Handshake(self, request: Any, context: Any) -> Any:
        """Secrets come in their envelopes, so that they can be kept out of error messages."""
        return protocol.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    def GetSchema(self, request: Any, context: Any) -> Any:
        """The types that are carried out here, for programs in YAML; the whole schema is the real providers'."""
        return protocol.GetSchemaResponse(schema=json.dumps(schema(self.package, _version(self.package))))

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """The configuration as it is: whether it can be carried out, `Configure` says."""
        return protocol.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """What of the configuration has changed; nothing of it replaces a resource."""
        changes = operations.changed_inputs(to_dict(request.old_inputs), to_dict(request.news))
        changes.pop("version", None)
        return DIFF(changes=DIFF.DIFF_SOME if changes else DIFF.DIFF_NONE, diffs=list(changes))

    def Configure(self, request: Any, context: Any) -> Any:
        """Remember where the resources of this connection go; what is not known before an `up` is left to it."""
        given = {key: value for key, value in plain(to_dict(request.args)).items() if value != UNKNOWN}
        with self._explained(context, to_dict(request.args)):
            provider = replace(configured(self.package, given, self._cloud), directory=self._directory)
        with self._lock:
            self._configured[context.peer()] = provider
            while len(self._configured) > INSTANCES:
                self._configured.popitem(last=False)
        return protocol.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> Any:
        """Steps under way end by themselves within seconds."""
        return empty_pb2.Empty()

    # ------------------------------------------------------------------ one resource

    def Check(self, request: Any, context: Any) -> Any:
        """Complete and check the inputs of a resource."""
        with self._explained(context, to_dict(request.news)):
            checked = operations.check(request.urn, to_dict(request.olds), to_dict(request.news))
        failures = [protocol.CheckFailure(property=key, reason=reason) for key, reason in checked.failures]
        return protocol.CheckResponse(inputs=to_struct(checked.inputs), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        """Compare a resource with what is wanted."""
        old, new = to_dict(request.old_inputs), to_dict(request.news)
        with self._explained(context, new):
            where = self._configured.get(context.peer())
            found = operations.diff(request.urn, where, to_dict(request.olds), old, new)
        detailed = {
            key: protocol.PropertyDiff(
                kind=protocol.PropertyDiff.Kind.Value(KINDS[change] + ("_REPLACE" if key in found.replacing else "")),
                inputDiff=True,
            )
            for key, change in found.changes.items()
        }
        return DIFF(
            changes=DIFF.DIFF_SOME if detailed else DIFF.DIFF_NONE,
            diffs=list(detailed),
            replaces=sorted(found.replacing),
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=found.delete_first,
        )

    def Create(self, request: Any, context: Any) -> Any:
        """Create a resource, or say what is known of it before."""
        inputs = to_dict(request.properties)
        if request.preview:
            return protocol.CreateResponse(properties=to_struct(own_inputs(inputs)))
        with self._explained(context, inputs):
            self.before("create", request.urn)
            try:
                identifier, state = operations.create(request.urn, self._where(context), inputs)
            except operations.PartlyCreatedError as error:
                reason = redacted(str(error), secret_texts(inputs))
                _partly_created(context, error, reason, request.properties)
        return protocol.CreateResponse(id=identifier, properties=to_struct(state))

    def Read(self, request: Any, context: Any) -> Any:
        """A resource as AWS has it: at a refresh, an import or a look-up."""
        state, inputs = to_dict(request.properties), to_dict(request.inputs)
        with self._explained(context, state):
            self.before("read", request.urn)
            found = operations.read(request.urn, self._where(context), request.id, state, inputs)
        if found is None:
            return protocol.ReadResponse()
        return protocol.ReadResponse(id=request.id, properties=to_struct(found[0]), inputs=to_struct(found[1]))

    def Update(self, request: Any, context: Any) -> Any:
        """Change a resource, or say what is known of it after that."""
        state, old, new = to_dict(request.olds), to_dict(request.old_inputs), to_dict(request.news)
        with self._explained(context, [old, new]):
            if request.preview:
                return protocol.UpdateResponse(properties=to_struct(operations.previewed(request.urn, state, old, new)))
            self.before("update", request.urn)
            result = operations.update(request.urn, self._where(context), request.id, state=state, old=old, new=new)
        return protocol.UpdateResponse(properties=to_struct(result))

    def Delete(self, request: Any, context: Any) -> Any:
        """Delete a resource."""
        state, inputs = to_dict(request.properties), to_dict(request.old_inputs)
        with self._explained(context, state):
            self.before("delete", request.urn)
            operations.delete(request.urn, self._where(context), request.id, state, inputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        """Answer a provider function."""
        with self._explained(context, to_dict(request.args)):
            answer = operations.invoke(request.tok, self._where(context), request.args)
        return protocol.InvokeResponse(**{"return": to_struct(answer)})

    def _where(self, context: Any) -> Provider:
        try:
            return self._configured[context.peer()]
        except KeyError:
            raise ApplyError("this connection was never configured, or is too old: run the command again") from None

    def _explained(self, context: Any, secrets: Any) -> _Explained:
        return _Explained(context, secrets)


def _version(package: str) -> str:
    return metadata.version(f"pulumi-{package}")


class _Explained:
    """An error of ours becomes the call's one line, without secrets; gRPC would say `Exception calling application`."""

    def __init__(self, context: Any, values: Any) -> None:
        self._context, self._values = context, values

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, _trace: Any) -> None:
        if isinstance(error, ApplyError):
            code = grpc.StatusCode.UNIMPLEMENTED if isinstance(error, UnsupportedError) else grpc.StatusCode.UNKNOWN
            self._context.abort(code, redacted(str(error), secret_texts(self._values)))


def _partly_created(context: Any, error: operations.PartlyCreatedError, reason: str, inputs: Any) -> NoReturn:
    state = to_struct(error.state)
    detail = protocol.ErrorResourceInitFailed(id=error.identifier, properties=state, inputs=inputs, reasons=[reason])
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, reason)
    raise AssertionError("abort raises")
