"""What a kind of alarm is to the responder: one module that looks, and says what it saw."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.notification import MessageContext, Notification

_FactsT = TypeVar("_FactsT")


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the facts behind an alarm are; prefixes without slashes at either end."""

    s3: Any
    bucket: str
    results_prefix: str
    state_prefix: str
    baseline_statistics_uri: str | None = None
    monitor_state_prefix: str | None = None
    """Where the open engine's runs are recorded; None without that engine."""
    agreement_prefix: str | None = None
    """Where the comparisons of two engines are kept; None with one."""
    stream_prefix: str | None = None
    """Where the stream's findings are kept; None without a stream."""
    lag: timedelta = timedelta()
    """How far behind its runs the windows of the alarm's schedule are."""
    window: timedelta | None = None
    """How long they are; None where nobody said it."""


@dataclass(frozen=True)
class AlarmKind(Generic[_FactsT]):
    """One kind: `look` finds out, and never raises for what it cannot read; `notification` puts it into words."""

    look: Callable[[Alarm, Sources], _FactsT]
    notification: Callable[[Alarm, _FactsT, MessageContext], Notification]

    def answer(self, alarm: Alarm, sources: Sources, context: MessageContext) -> Notification:
        """The notification of an alarm of this kind."""
        return self.notification(alarm, self.look(alarm, sources), context)
