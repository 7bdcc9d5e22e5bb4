"""CloudWatch's alarm mute rules: kept here, because ministack has none; `Alarms` asks whether an alarm is muted.

Source: API reference, PutAlarmMuteRule: five-field cron (`*`, `-`, `,` and English names) or `at(yyyy-MM-ddThh:mm)` in
a time zone; durations from PT1M to P15D; at most 100 alarms. User guide, "Alarm mute rules": alarms go on changing
their state; an action that was muted is done at the end of the window if the alarm is still in the state that asked for
it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local_aws import seams
from local_aws.clock import VirtualClock
from local_aws.sagemaker.cron import CronError, parse_offset
from local_aws.sagemaker.errors import AwsError
from local_aws.scheduler.expressions import Expression, ExpressionError, parse

_LONGEST = timedelta(days=15)
_FIELDS = 5


@dataclass(frozen=True)
class MuteRule:
    """A rule as it was put, with what follows from it."""

    account: str
    region: str
    request: Mapping[str, Any]
    changed: datetime
    starts: tuple[Expression, ...]
    duration: timedelta

    @property
    def name(self) -> str:
        """The rule's name."""
        return str(self.request["Name"])

    @property
    def arn(self) -> str:
        """The rule's ARN."""
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm-mute-rule:{self.name}"

    @property
    def alarms(self) -> list[str]:
        """The names of the alarms that it mutes."""
        return list((self.request.get("MuteTargets") or {}).get("AlarmNames", []))

    def window(self, moment: datetime) -> tuple[datetime, datetime] | None:
        """The window that `moment` is in, from its start to its end; None if it is in none."""
        expires = seams.moment(self.request.get("ExpireDate"))
        begins = seams.moment(self.request.get("StartDate"))
        if (begins and moment < begins) or (expires and moment >= expires):
            return None
        for start in (expression.next_after(moment - self.duration) for expression in self.starts):
            if start is not None and start <= moment:
                end = start + self.duration
                return start, min(end, expires) if expires else end
        return None

    def status(self, moment: datetime) -> str:
        """SCHEDULED, ACTIVE or EXPIRED."""
        expires = seams.moment(self.request.get("ExpireDate"))
        if self.window(moment):
            return "ACTIVE"
        coming = any(expression.next_after(moment) for expression in self.starts)
        return "SCHEDULED" if coming and not (expires and moment >= expires) else "EXPIRED"


class MuteRules:
    """The mute rules of all accounts and regions."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._rules: dict[tuple[str, str, str], MuteRule] = {}

    def operations(self) -> dict[str, Any]:
        """The operations by name: from parameters to the answer."""
        return {
            "PutAlarmMuteRule": self._put,
            "GetAlarmMuteRule": self._get,
            "ListAlarmMuteRules": self._list,
            "DeleteAlarmMuteRule": self._delete,
        }

    def muted(self, alarm: str) -> bool:
        """Whether an alarm of the current account and region is muted now."""
        now = self._clock.now()
        return any(alarm in rule.alarms and rule.window(now) for rule in self._mine())

    def next_end(self, after: datetime) -> datetime | None:
        """When the first of the windows that are open at `after` ends: what was muted may be done then."""
        windows = [rule.window(after) for rule in list(self._rules.values())]
        return min((window[1] for window in windows if window), default=None)

    def _mine(self) -> list[MuteRule]:
        scope = (seams.get_account_id(), seams.get_region())
        return [rule for rule in list(self._rules.values()) if (rule.account, rule.region) == scope]

    def _put(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        schedule = parameters["Rule"]["Schedule"]
        now = self._clock.now()
        try:
            starts = _starts(schedule["Expression"], schedule.get("Timezone") or "UTC", now)
            duration = parse_offset(schedule["Duration"])
        except (ExpressionError, CronError) as error:
            raise AwsError("ValidationException", str(error)) from error
        if not timedelta(minutes=1) <= duration <= _LONGEST:
            raise AwsError("ValidationException", f"Duration {schedule['Duration']} is not between PT1M and P15D.")
        rule = MuteRule(seams.get_account_id(), seams.get_region(), dict(parameters), now, starts, duration)
        self._rules[rule.account, rule.region, rule.name] = rule
        return {"AlarmMuteRuleName": rule.name}

    def _get(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        key = (seams.get_account_id(), seams.get_region(), parameters["AlarmMuteRuleName"])
        if key not in self._rules:
            raise AwsError("ResourceNotFoundException", f"Alarm mute rule {key[2]} does not exist", 404)
        rule = self._rules[key]
        kept = ("Name", "Description", "Rule", "MuteTargets", "StartDate", "ExpireDate")
        answer = {name: rule.request[name] for name in kept if rule.request.get(name) is not None}
        return answer | self._state(rule)

    def _list(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        wanted, statuses = parameters.get("AlarmName"), parameters.get("Statuses")
        found = [rule for rule in self._mine() if not wanted or wanted in rule.alarms]
        summaries = [self._state(rule) for rule in sorted(found, key=lambda rule: rule.name)]
        return {"AlarmMuteRuleSummaries": [item for item in summaries if not statuses or item["Status"] in statuses]}

    def _delete(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._rules.pop((seams.get_account_id(), seams.get_region(), parameters["AlarmMuteRuleName"]), None)
        return {}

    def _state(self, rule: MuteRule) -> dict[str, Any]:
        status = rule.status(self._clock.now())
        return {"AlarmMuteRuleArn": rule.arn, "Status": status, "LastUpdatedTimestamp": rule.changed}


def _starts(text: str, zone: str, now: datetime) -> tuple[Expression, ...]:
    """When windows begin. Five fields become the six of the other services, where one of the days must be `?`."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)  # a window may have begun before the rule was put
    if match := re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d)\)", text):
        return (parse(f"at({match[1]}:00)", zone, epoch, seams.next_cron_time),)
    match = re.fullmatch(r"cron\((.+)\)", text)
    fields = match[1].split() if match else []
    if len(fields) != _FIELDS or "?" in text or "/" in text:
        raise ExpressionError(
            f"Invalid expression {text}: write cron(Minutes Hours Day-of-month Month Day-of-week) or "
            "at(yyyy-MM-ddThh:mm)."
        )
    minute, hour, day, month, weekday = fields
    weekday = re.sub(r"\d+", lambda number: str(int(number[0]) + 1), weekday)  # Sunday is 0 here and 1 there
    forms = [f"cron({minute} {hour} {day} {month} ? *)"] if day != "*" or weekday == "*" else []
    forms += [f"cron({minute} {hour} ? {month} {weekday} *)"] if weekday != "*" else []
    return tuple(parse(form, zone, now, seams.next_cron_time) for form in forms)
