"""What both scenarios do: an hour of traffic, from the first request to the result, and the alarm that may follow."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from drift_tools.endpoint import Request
from examples.demo.console import Steps
from examples.demo.mailbox import Mailbox, Message
from examples.demo.monitored import Monitored
from examples.demo.page import Alarm, Event, Notification, Window
from examples.demo.waiting import wait_until

_OVER: Final = "[OK]"


class Loop:
    """A stack, its inbox and the record of what happened when."""

    def __init__(self, stack: Monitored, mailbox: Mailbox, steps: Steps) -> None:
        self.stack = stack
        self.steps = steps
        self._mailbox = mailbox
        self.events: list[Event] = []

    def note(self, what: str, *, key: bool = False, at: datetime | None = None) -> None:
        """Write down that something happened: now, or at a time of the stack's clock."""
        self.events.append(Event(at or self.stack.cloud.clock.now(), self.steps.seconds, what, key))

    def began(self, label: str) -> datetime:
        """When the first request of an hour was sent, by the stack's clock."""
        return next(event.time for event in self.events if event.what == first_request(label))

    def timeline(self, first: str) -> tuple[Event, ...]:
        """What happened from `first` on; seconds count from there."""
        start = next(at for at, event in enumerate(self.events) if event.what == first)
        began = self.events[start].seconds
        return tuple(Event(e.time, e.seconds - began, e.what, e.key) for e in self.events[start:])

    def hour(
        self,
        label: str,
        requests: Sequence[Request],
        *,
        fault: str | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Window:
        """One hour: its traffic, the data-quality execution over it, and the local measures. Two steps.

        `meanwhile` is done when the last request is answered, before the hour ends.
        """
        with self.steps.step(f"{label}: {len(requests):,} requests, one row each") as step:
            start = self.stack.begin_hour()
            self.note(first_request(label), key=fault is not None)
            self.stack.send(requests, len(requests), step.progress)
            self.note(f"last request of {label}")
        meanwhile()
        with self.steps.step(f"{label}: the hour ends, the data-quality schedule executes") as step:
            execution = self.stack.end_hour(start)
            self.note(f"execution over {label} ended: {execution.status}")
            self.settle()
            window = self.stack.window(label, requests, start, execution, fault)
            drifted = window.drifted_features
            step.result = (
                f"{window.status}, {len(window.violations)} violations; "
                f"measured here: {len(drifted)} of {self.stack.features} columns drifted"
                + (f" ({_few(drifted)})" if drifted else "")
            )
        return window

    def settle(self) -> None:
        """Wait until every alarm that has rung so far is answered, so that its notification is seen in its hour.

        Answered by a message, or by the responder's word that people have been told of the same before.
        """

        def answered() -> bool | None:
            sent = [json.loads(message.body) for message in self.alarms_sent()]
            rung = [alarm["AlarmName"] for alarm in sent if alarm["NewStateValue"] == "ALARM"]
            return len(self.rings()) >= len(rung) or self.stack.answered_alarms(set(rung)) >= len(rung) or None

        wait_until("the notification of an alarm that rang", answered)

    def wait_for_alarm(self) -> Alarm:
        """Wait until the alarm rings and its notification is there."""
        name, told = self.stack.outputs["constraint_violations_alarm_name"], self.messages()
        wait_until(f"the alarm {name}", lambda: self.stack.alarm(name)["StateValue"] == "ALARM" or None)
        self.note("the alarm rings", key=True)
        wait_until("the notification", lambda: self.messages() or None)
        if not told:
            self.note("the notification arrives", key=True)
        return Alarm(name, self.stack.alarm(name)["StateValue"])

    def messages(self) -> list[Message]:
        """What people have received so far."""
        return self._mailbox.messages(self.stack.outputs["notification_topic_arn"])

    def rings(self) -> list[Message]:
        """Those that tell of something new, and not of the end of an alarm."""
        return [message for message in self.messages() if not message.subject.startswith(_OVER)]

    def notifications(self) -> tuple[Notification, ...]:
        """The same, for the page."""
        return tuple(Notification(m.subject, m.body, m.time) for m in self.messages())

    def alarms_sent(self) -> list[Message]:
        """What the alarms have sent to the responder so far."""
        return self._mailbox.messages(self.stack.outputs["alarm_topic_arn"])


def first_request(label: str) -> str:
    return f"first request of {label}"


def _few(names: Sequence[str], limit: int = 4) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
