"""What the demo has to tell: plain, frozen values that its page is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from drift_tools.comparison import Comparison, CrossCheck
from drift_tools.endpoint import Check
from drift_tools.report import Section


@dataclass(frozen=True)
class Window:
    """What one execution of the monitor saw.

    `label` says in a few words what the window is ("2016", "anomalous traffic"); `status` is the execution's
    (`Completed`, `CompletedWithViolations`, `Failed`); `comparison` is the local one of the same rows with the
    baseline, None where there were no rows. `violations` are the entries of the run's constraint_violations.json.
    `fault` is what was put into the feed on purpose, if anything; `cross_check` holds `violations` against
    `comparison`.
    """

    label: str
    status: str
    rows: int
    violations: tuple[Mapping[str, str], ...] = ()
    comparison: Comparison | None = None
    start: datetime | None = None
    end: datetime | None = None
    fault: str | None = None
    cross_check: CrossCheck | None = None
    estimated: Mapping[str, Any] | None = None
    """What the run says of the model's quality before labels; None where it estimates nothing."""

    @property
    def drifted_features(self) -> list[str]:
        """What the local measures call drifted."""
        return list(self.comparison.drifted_features) if self.comparison else []


@dataclass(frozen=True)
class Alarm:
    """A CloudWatch alarm and its state (`OK`, `ALARM`, `INSUFFICIENT_DATA`)."""

    name: str
    state: str


@dataclass(frozen=True)
class Notification:
    """A message as people received it."""

    subject: str
    body: str
    time: datetime


@dataclass(frozen=True)
class Event:
    """Something that happened. `time` is the stack's clock, `seconds` real time since any
    fixed moment, which may be the start of the demo.
    """

    time: datetime
    seconds: float
    what: str
    key: bool = False


@dataclass(frozen=True)
class Streamed:
    """What a stream did beside the hourly monitor: records counted and lost, seconds from the first anomalous record's
    own time to the notification, and how many notifications the break cost, both ways together.
    """

    records: int
    lost: int
    delay_seconds: float
    notifications: int


@dataclass(frozen=True)
class Estimate:
    """One metric of a period as it was estimated before labels came, and as they then measured it; `doubt`: why the
    estimate was not to be trusted, `measured` None where no labels came.
    """

    metric: str
    value: float
    low: float
    high: float
    measured: float | None
    doubt: str = ""


@dataclass(frozen=True)
class Scenario:
    """One part of the demo, told from its story to who was notified.

    `windows` are in the order of time. `timeline` runs from the first anomalous request to the notification.
    `model_quality` has the metrics by year (or other period), each by name; `quality_drawn` names the metrics to draw
    (at most four).
    """

    name: str
    story: str
    windows: tuple[Window, ...]
    alarm: Alarm
    notifications: tuple[Notification, ...] = ()
    timeline: tuple[Event, ...] = ()
    model_quality: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    streamed: Streamed | None = None
    """None of a scenario without a stream."""
    estimated_quality: Mapping[str, Estimate] = field(default_factory=dict)
    quality_drawn: tuple[str, ...] = ("accuracy", "recall", "precision", "auc")
    sections: tuple[Section, ...] = ()
    """What other kinds of monitors have to show."""
    kinds: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs, by kind."""


@dataclass(frozen=True)
class DemoPage:
    """The whole page. `seconds` is how long the demo took, set-up not counted."""

    scenarios: tuple[Scenario, ...]
    checks: tuple[Check, ...]
    resources_created: int
    resources_left: int
    seconds: float
    made: datetime
    engine: str = "Model Monitor"
    """Who ran the monitoring jobs."""
