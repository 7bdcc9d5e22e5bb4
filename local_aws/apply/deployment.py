"""What a deployment created, and its destruction in the order that AWS needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.apply.calls import Api
from local_aws.apply.errors import ApplyError, DestroyError
from local_aws.apply.resource_types import Existing, ResourceType


@dataclass(frozen=True)
class Event:
    """One step, as a progress display wants it.

    ``action`` is creating, created, failed, deleting, deleted or retained. ``index`` counts the resources begun so
    far, from 1; ``total`` is known for a destroy only, since a program tells its resources one by one.
    """

    action: str
    type: str
    name: str
    index: int
    total: int | None = None


OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class Resource:
    """One registered resource; components and providers have no object in AWS.

    ``parent`` and ``dependencies`` are URNs; ``dependencies`` are what the engine would see: ``depends_on`` and
    every resource whose output is an input here. ``inputs`` and ``outputs`` are plain values in camelCase.
    """

    urn: str
    type: str
    name: str
    id: str | None
    parent: str | None = None
    custom: bool = True
    dependencies: tuple[str, ...] = ()
    deleted_with: str | None = None
    protect: bool = False
    retain_on_delete: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    kind: ResourceType | None = field(default=None, repr=False)
    api: Api | None = field(default=None, repr=False)

    @property
    def physical(self) -> bool:
        """Whether something in AWS stands for it."""
        return self.kind is not None


@dataclass(frozen=True)
class Destroyed:
    """The result of a destroy: resources by what became of them, and the seconds that it took."""

    deleted: tuple[Resource, ...]
    retained: tuple[Resource, ...]
    protected: tuple[Resource, ...]
    seconds: float


@dataclass
class Deployment:
    """A program as it was applied.

    ``outputs`` are the stack's exports as plain values (secrets too; ``secret_outputs`` names them), ``resources``
    everything that was registered, in creation order, ``seconds`` the time that it took.
    """

    project: str
    stack: str
    outputs: dict[str, Any] = field(default_factory=dict)
    secret_outputs: frozenset[str] = frozenset()
    resources: list[Resource] = field(default_factory=list)
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, resource: Resource) -> None:
        """Record a resource that now exists. Called from several threads."""
        with self._lock:
            self.resources.append(resource)

    @property
    def created(self) -> int:
        """How many resources stand in AWS: neither components nor providers."""
        return sum(resource.physical for resource in self.resources)

    def destroy(self, on_event: OnEvent | None = None, *, exclude_protected: bool = False) -> Destroyed:
        """Delete everything, dependents first, and wait until what takes time is gone.

        A resource with ``retain_on_delete`` stays and is reported as retained; one with ``deleted_with`` goes with
        that other one if it is deleted here. A protected resource makes the whole destroy an error before anything
        is touched, as with ``pulumi destroy``; with ``exclude_protected`` it stays, and with it all that it depends
        on.

        If something cannot be deleted, what does not stand in its way is deleted all the same, and DestroyError
        names every failure; ``resources`` then has what is left, so that destroy can be called again.
        """
        started = time.monotonic()
        kept = self._protected(exclude_protected)
        run = _Destruction(self, kept, on_event or (lambda _event: None))
        run.all()
        protected = [resource for resource in self.resources if resource.urn in kept]
        # What Pulumi leaves alone it no longer knows, except for the protected, which stay in its state.
        self.resources = [*protected, *run.left]
        if run.failures:
            raise DestroyError("; ".join(f"{item.type} {item.name!r}: {error}" for item, error in run.failures))
        return Destroyed(tuple(run.deleted), tuple(run.retained), tuple(protected), time.monotonic() - started)

    def _protected(self, exclude: bool) -> set[str]:
        """URNs of the protected resources and of everything that they need."""
        named = [resource for resource in self.resources if resource.protect]
        if named and not exclude:
            names = ", ".join(f"{resource.type} {resource.name!r}" for resource in named)
            raise DestroyError(
                f"nothing was deleted, since these are protected: {names}; unprotect them or exclude_protected=True"
            )
        by_urn = {resource.urn: resource for resource in self.resources}
        kept: set[str] = set()
        waiting = [resource.urn for resource in named]
        while waiting:
            urn = waiting.pop()
            if urn in by_urn and urn not in kept:
                kept.add(urn)
                needs = by_urn[urn]
                waiting += [*needs.dependencies, *([needs.parent] if needs.parent else [])]
        return kept


class _Destruction:
    """One run through the resources of a deployment, last created first."""

    def __init__(self, deployment: Deployment, kept: set[str], notify: OnEvent) -> None:
        # A resource is created after everything that it depends on and after its parent, so the reverse is
        # a safe order.
        self.queue = [resource for resource in reversed(deployment.resources) if resource.urn not in kept]
        self.going = {resource.urn for resource in self.queue if resource.physical and not resource.retain_on_delete}
        self.notify = notify
        self.total = sum(resource.physical for resource in self.queue)
        self.deleted: list[Resource] = []
        self.retained: list[Resource] = []
        self.left: list[Resource] = []
        self.failures: list[tuple[Resource, ApplyError]] = []

    def all(self) -> None:
        blocked: set[str] = set()
        index = 0
        for resource in self.queue:
            if not resource.physical:
                if resource.urn in blocked:
                    self.left.insert(0, resource)
                continue
            index += 1
            if resource.urn in blocked or not self._one(resource, index):
                self.left.insert(0, resource)
                blocked |= {*resource.dependencies, *([resource.parent] if resource.parent else [])}

    def _one(self, resource: Resource, index: int) -> bool:
        if resource.retain_on_delete:
            self.retained.append(resource)
            self._tell("retained", resource, index)
            return True
        self._tell("deleting", resource, index)
        if resource.deleted_with not in self.going:
            try:
                self._delete(resource)
            except ApplyError as error:
                self.failures.append((resource, error))
                self._tell("failed", resource, index)
                return False
        self.deleted.append(resource)
        self._tell("deleted", resource, index)
        return True

    @staticmethod
    def _delete(resource: Resource) -> None:
        if resource.kind is None or resource.api is None or resource.id is None:
            raise ApplyError("has nothing in AWS to delete")
        resource.kind.delete(
            Existing(resource.type, resource.name, resource.id, resource.inputs, resource.outputs, resource.api)
        )

    def _tell(self, action: str, resource: Resource, index: int) -> None:
        self.notify(Event(action, resource.type, resource.name, index, self.total))


class DeployError(ApplyError):
    """A deployment stopped half-way. ``partial`` has what was created until then; ``partial.destroy()`` removes it."""

    def __init__(self, message: str, partial: Deployment) -> None:
        self.partial = partial
        super().__init__(message)
