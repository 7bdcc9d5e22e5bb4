"""The engine's events, as what they mean for one operation: which steps run, which are done, what was said."""

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pulumi.automation import EngineEvent, OpType, StepEventMetadata

# The engine marks colours in its messages: `<{%fg 1%}>error<{%reset%}>`.
_COLOUR: Final = re.compile(r"<\{%[^%]*%\}>")
_INTERRUPTED: Final = re.compile(r"\* (urn:.+), interrupted while (\w+)")
_DELETIONS: Final = frozenset({OpType.DELETE, OpType.DELETE_REPLACED})
_UNCHANGED: Final = frozenset({OpType.SAME, OpType.READ, OpType.REFRESH, OpType.REMOVE_PENDING_REPLACE})


@dataclass(frozen=True)
class Step:
    """One thing that is done to one resource."""

    urn: str
    operation: OpType
    began: float
    kept: bool = False
    """Whether Pulumi only forgets the resource (`retain_on_delete`): AWS has it as before."""

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]

    @property
    def type(self) -> str:
        """`aws:s3/bucket:Bucket`, without its parents."""
        return self.urn.rsplit("::", 2)[-2].rsplit("$", 1)[-1] if self.urn.count("::") >= 2 else ""


@dataclass
class Progress:
    """Keeps what the events say, and tells a listener of each step that ends and each message.

    The SDK calls `__call__` from threads of its own, one event after the other. It must not raise: the SDK would
    drop the event with a warning.
    """

    on_step: Callable[[Step, float | None], None] = lambda _step, _seconds: None
    """A step and the seconds that it took; None if it failed."""
    on_message: Callable[[str, str, str], None] = lambda _severity, _resource, _text: None
    """Severity (info, warning, error), the resource's name or an empty text, and the message."""
    clock: Callable[[], float] = time.monotonic
    running: dict[str, Step] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    """Number of resources by operation, from the engine's summary."""

    def reset(self) -> None:
        """Forget the last operation."""
        self.running.clear()
        self.errors.clear()
        self.changes.clear()

    def __call__(self, event: EngineEvent) -> None:
        if event.resource_pre_event:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._end(event.res_outputs_event.metadata, failed=False)
        elif event.res_op_failed_event:
            self._end(event.res_op_failed_event.metadata, failed=True)
        elif event.diagnostic_event and not event.diagnostic_event.ephemeral:
            diagnostic = event.diagnostic_event
            self._say(diagnostic.severity, diagnostic.urn or "", diagnostic.message)
        elif event.policy_event:
            policy = event.policy_event
            severity = "error" if policy.enforcement_level == "mandatory" else "warning"
            self._say(severity, policy.resource_urn or "", f"{policy.policy_name}: {policy.message}")
        elif event.summary_event:
            self.changes = Counter(
                {OpType(kind).value: number for kind, number in event.summary_event.resource_changes.items() if number}
            )

    def _begin(self, metadata: StepEventMetadata) -> None:
        if _worth_showing(metadata):
            self.running[metadata.urn] = Step(metadata.urn, metadata.op, self.clock(), kept=_is_kept(metadata))

    def _end(self, metadata: StepEventMetadata, *, failed: bool) -> None:
        begun = self.running.pop(metadata.urn, None)
        if begun or (failed and metadata.urn):
            step = begun or Step(metadata.urn, metadata.op, self.clock())
            self.on_step(step, None if failed else self.clock() - step.began)

    def _say(self, severity: str, urn: str, message: str) -> None:
        text = _COLOUR.sub("", message).strip()
        if not text or severity == "debug":
            return
        text = _pending(text) or text
        if severity == "error":
            self.errors.append(text)
        self.on_message(severity.removesuffix("#err"), urn.rsplit("::", 1)[-1] if urn else "", text)


def _pending(text: str) -> str | None:
    """The engine's page on what an interrupted operation left, as a line; it has a fix for somebody at a terminal."""
    if "pending operations from previous deployment" not in text:
        return None
    found = [f"{urn.rsplit('::', 1)[-1]} ({what})" for urn, what in _INTERRUPTED.findall(text)]
    return (
        f"an operation was interrupted, and what became of this is not known: {', '.join(dict.fromkeys(found))}: "
        "delete what AWS has of creations, which are made anew, and then: automation.py refresh --clear-pending-creates"
    )


def _is_kept(metadata: StepEventMetadata) -> bool:
    return metadata.op in _DELETIONS and bool(metadata.old and metadata.old.retain_on_delete)


def _worth_showing(metadata: StepEventMetadata) -> bool:
    """What changes something that a provider keeps; components only group what does."""
    state = metadata.new or metadata.old
    return metadata.op not in _UNCHANGED and bool(state and state.custom) and "pulumi:providers:" not in metadata.type
