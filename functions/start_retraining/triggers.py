"""What asks for a retraining: an alarm, a schedule, a person; and whether what an alarm says has lasted.

An alarm that goes on makes one transition, at its first run, and the guard may have said no to it. So a check asks
every hour whether a rule's violations have lasted, whatever the alarm did.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contract import retraining as names
from contract.metrics import CONSTRAINT_VIOLATIONS, of_schedule
from functions.common.event_fields import BadEventError, mapping

_HOUR = 3600


@dataclass(frozen=True)
class Trigger:
    """Who asks: `by` is `alarm`, `schedule`, `check`, `quality` or `hand`.

    `alarm`: its name. `parameters`: the pipeline's. `at`: when it asked, where it says so: an event may come late, and
    what it speaks of is older then.
    """

    by: str
    text: str
    alarm: str = ""
    at: datetime | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_trigger(event: Any) -> Trigger | None:
    """Read an event; None for an alarm that ends. BadEventError for what is none of the three."""
    fields = mapping(event, "the event")
    records = fields.get("Records")
    if isinstance(records, list):
        if len(records) != 1:
            raise BadEventError(f"the event has {len(records)} records: SNS delivers one")
        message = json.loads(mapping(records[0], "the record")["Sns"]["Message"])
        if message.get("NewStateValue") != "ALARM":
            return None
        name = str(message["AlarmName"])
        return Trigger("alarm", f"alarm {name}", alarm=name, at=_moment(message.get("StateChangeTime")))
    if fields.get("by") == "schedule":
        return Trigger("schedule", "schedule", at=_moment(fields.get("at")))
    if fields.get("by") == "check":
        return Trigger("check", "check", at=_moment(fields.get("at")))
    if fields.get("by") == "hand":
        reason = str(fields.get("reason") or "no reason given")
        given = mapping(fields.get("parameters") or {}, "parameters")
        # With another champion the gate would compare with a model that does not serve.
        if own := sorted(set(given) & set(names.OWN_PARAMETERS)):
            raise BadEventError(f"parameters.{own[0]} is set by the retraining itself: leave it out")
        return Trigger("hand", f"by hand: {reason}", parameters={str(key): str(value) for key, value in given.items()})
    raise BadEventError("the event is neither an alarm nor has `by` schedule, check or hand")


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def lasting(
    trigger: Trigger, settings: Mapping[str, Any], cloudwatch: Any, now: datetime, since: datetime | None = None
) -> tuple[str, str] | None:
    """Why a trigger does not count, as reason and detail; None if it does.

    `since`: what was published before the last retraining ended has been answered by it.
    """
    if trigger.by == "quality":
        return _quality(settings, cloudwatch, now, since)
    if trigger.by != "alarm":
        return None
    rule = next((rule for rule in settings["rules"] if rule["alarm"] == trigger.alarm), None)
    if rule is None:
        return (names.NOT_A_TRIGGER, trigger.alarm)
    violated = violated_runs(rule, settings, cloudwatch, now, since)
    needed = int(rule["runs"])
    if violated < needed:
        return (names.NOT_LASTING, f"{violated} of the {needed} last runs of {rule['kind']} had violations")
    return None


def checked(
    settings: Mapping[str, Any], cloudwatch: Any, now: datetime, since: datetime | None = None
) -> Trigger | str:
    """What the check finds: the first rule that has lasted, or the quality floor; otherwise why there is none."""
    triggers = [
        Trigger("alarm", f"alarm {rule['alarm']}: {rule['runs']} runs in a row", alarm=rule["alarm"], at=now)
        for rule in settings["rules"]
    ]
    if settings.get("quality_floor"):
        triggers.append(Trigger("quality", "quality floor", at=now))
    found = []
    for trigger in triggers:
        problem = lasting(trigger, settings, cloudwatch, now, since)
        if problem is None:
            return trigger
        found.append(problem[1])
    return "; ".join(found) or "no rule and no quality floor is set"


def violated_runs(
    rule: Mapping[str, Any], settings: Mapping[str, Any], cloudwatch: Any, now: datetime, since: datetime | None = None
) -> int:
    """How many of the last runs, without a gap, had what the rule's severity asks for."""
    runs, hours = int(rule["runs"]), int(rule["hours_between_runs"])
    begin = now - timedelta(hours=hours * (runs + 1))
    points = cloudwatch.get_metric_statistics(
        Namespace=settings["metric_namespace"],
        MetricName=rule.get("metric", CONSTRAINT_VIOLATIONS),
        Dimensions=[
            {"Name": name, "Value": value}
            for name, value in of_schedule(settings["endpoint_name"], rule["schedule"]).items()
        ],
        StartTime=begin if since is None else max(begin, min(since, now)),
        EndTime=now + timedelta(hours=1),
        Period=_period(hours),
        Statistics=["Maximum"],
    )["Datapoints"]
    count = 0
    for point in sorted(points, key=lambda each: each["Timestamp"], reverse=True):
        if point["Maximum"] < float(rule["threshold"]):
            break
        count += 1
    return count


def _period(hours: int) -> int:
    """A quarter of the time between two runs: a late and a punctual one stay two, and AWS answers 1,440 at most."""
    return hours * _HOUR // 4 if hours < 4 else hours // 4 * _HOUR


def _quality(
    settings: Mapping[str, Any], cloudwatch: Any, now: datetime, since: datetime | None
) -> tuple[str, str] | None:
    floor = settings.get("quality_floor")
    if not floor:
        return (names.NOT_A_TRIGGER, "no quality floor is set")
    begin = now - timedelta(hours=2 * int(floor["hours_between_runs"]))
    points = cloudwatch.get_metric_statistics(
        Namespace=floor["namespace"],
        MetricName=floor["metric"],
        Dimensions=[
            {"Name": name, "Value": value}
            for name, value in of_schedule(settings["endpoint_name"], floor["schedule"]).items()
        ],
        StartTime=begin if since is None else max(begin, min(since, now)),
        EndTime=now + timedelta(hours=1),
        Period=_HOUR,
        Statistics=["Average"],
    )["Datapoints"]
    if not points:
        return (names.NOT_LASTING, f"nothing was published of {floor['metric']}")
    latest = max(points, key=lambda each: each["Timestamp"])["Average"]
    if latest >= float(floor["floor"]):
        return (names.NOT_LASTING, f"{floor['metric']} is {latest:g}, the floor {floor['floor']:g}")
    return None
